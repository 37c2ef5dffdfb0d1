"""Argo Rollouts: canary and blue/green."""

from __future__ import annotations

from typing import Final

from mlcd_tui.domain.ports import Engine
from mlcd_tui.engines.argo.engine import ArgoRollouts

ENGINE: Final[Engine] = ArgoRollouts()
"""What the registry finds."""
