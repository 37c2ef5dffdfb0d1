"""Plain Deployments: rolling updates, and blue/green by the selector of a Service between two of them."""

from __future__ import annotations

from mlcd_tui.domain.ports import Engine
from mlcd_tui.engines.deployment.engine import DeploymentEngine

ENGINE: Engine = DeploymentEngine()
