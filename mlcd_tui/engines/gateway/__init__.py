"""Gateway API: an HTTPRoute that divides live traffic between two versions, or copies it to the new one."""

from __future__ import annotations

from mlcd_tui.domain.ports import Engine
from mlcd_tui.engines.gateway.engine import GatewayEngine

ENGINE: Engine = GatewayEngine()
