"""A fleet is looked up request by request: what each costs beside the wire counts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from mlcd_tui.cluster.client import Client
from tests.cluster.server import THINGS, FaultServer


class Searches:
    """Hears what Python looks for on disk."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Note it, and find nothing."""
        del path, target
        self.names.append(name)
        return None


async def test_a_request_looks_for_no_module_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FaultServer() as server:
        client = Client(server.target(), timeout=5.0)
        try:
            await client.list_all(THINGS)  # what is imported late is imported now
            searches = Searches()
            monkeypatch.setattr(sys, "meta_path", [searches, *sys.meta_path])
            await client.list_all(THINGS)
        finally:
            await client.close()
    assert searches.names == []
