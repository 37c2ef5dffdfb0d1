"""Flagger: canary, A/B and blue/green with copied traffic, one tick of its controller at a time."""

from __future__ import annotations

from typing import Final

from mlcd_tui.domain.ports import Engine
from mlcd_tui.engines.flagger.engine import FlaggerEngine

ENGINE: Final[Engine] = FlaggerEngine()
"""What the registry finds."""
