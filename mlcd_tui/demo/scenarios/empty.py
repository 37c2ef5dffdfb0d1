"""Nothing but namespaces and nodes, and pods that are ready almost at once: for tests."""

from __future__ import annotations

from mlcd_tui.demo.scenarios._build import ground
from mlcd_tui.demo.store import Store


def start(store: Store) -> None:
    """Fills the store."""
    store.start_seconds = (0.03, 0.06)
    store.stop_seconds = 0.1
    ground(store, ())


SCENARIO = start
