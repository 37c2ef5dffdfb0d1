"""Stories that the simulated cluster plays, one module each: `SCENARIO(store)` fills a store and keeps it moving.

May import: demo. Never: cluster, engines.
"""

from __future__ import annotations

from collections.abc import Callable

from mlcd_tui.demo.store import Store
from mlcd_tui.registry import Registry

SCENARIOS: Registry[Callable[[Store], None]] = Registry(
    "mlcd_tui.demo.scenarios", "SCENARIO", "mlcd_tui.demo.scenarios"
)
