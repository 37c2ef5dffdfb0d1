"""Controllers of the simulated cluster, one module per engine: `CONTROLLER(store)` begins to watch a store.

May import: demo. Never: cluster, engines.
"""

from __future__ import annotations

from collections.abc import Callable

from mlcd_tui.demo.store import Store
from mlcd_tui.registry import Registry

CONTROLLERS: Registry[Callable[[Store], None]] = Registry(
    "mlcd_tui.demo.controllers", "CONTROLLER", "mlcd_tui.demo.controllers"
)
