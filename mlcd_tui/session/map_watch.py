"""A watch on the ConfigMaps that carry a label, without their contents: who publishes something is heard at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from mlcd_tui.cluster.client import Client
from mlcd_tui.cluster.watch import Batch, Reflector
from mlcd_tui.domain.fleet import Freshness, Link
from mlcd_tui.domain.refs import CONFIG_MAPS, JSON
from mlcd_tui.domain.text import Clean
from mlcd_tui.session.tasks import begin


class MapWatch:
    """The ConfigMaps with one label, from `start` to `stop`.

    Args:
        client: of the cluster.
        label: that they carry.
        heard: called with each change: the ConfigMap, and whether it is gone (or is now another).
        settled: called after all changes that came together.
    """

    def __init__(
        self, client: Client, label: str, heard: Callable[[JSON, bool], None], settled: Callable[[], None]
    ) -> None:
        self._client = client
        self._label = label
        self._heard = heard
        self._settled = settled
        self._namespace = ""
        self._reflector: Reflector[Any] | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, namespace: str, on_fault: Callable[[Clean], None]) -> None:
        """Begin to watch a namespace ('' is all). Where that may not be, nothing is heard, and `knows` says so."""
        self._namespace = namespace
        self._reflector = Reflector(
            self._client,
            CONFIG_MAPS,
            namespace=namespace,
            label_selector=self._label,
            metadata_only=True,
            on_batch=self._on_batch,
            on_freshness=_asked_when_needed,
        )
        self._task = begin(self._reflector.run(), f"watch ConfigMaps with {self._label}", on_fault)

    async def stop(self) -> None:
        """End the watch."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def knows(self, namespace: str) -> bool:
        """Whether all that is published in a namespace is told of at this moment."""
        reflector = self._reflector
        if reflector is None or self._task is None or self._namespace not in {"", namespace}:
            return False
        return reflector.complete and reflector.freshness.link is Link.LIVE

    def _on_batch(self, batch: Batch[Any]) -> None:
        for raw, gone in _changes(batch):
            self._heard(raw, gone)
        self._settled()


def _changes(batch: Batch[Any]) -> Iterator[tuple[JSON, bool]]:
    for delta in batch.deltas:
        for raw, gone in ((delta.old, True), (delta.new, False)):
            if isinstance(raw, dict):
                yield raw, gone


def _asked_when_needed(_freshness: Freshness) -> None:
    """Where the watch does not live, ConfigMaps are asked for one by one."""
