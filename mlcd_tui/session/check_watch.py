"""Watches for evidence that others publish, without its contents, so that it shows by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from mlcd_tui.checks.evidence.cluster import LABEL
from mlcd_tui.cluster.client import Client
from mlcd_tui.cluster.watch import Batch, Reflector
from mlcd_tui.domain.fleet import Freshness, Link
from mlcd_tui.domain.package_ports import DIGEST_ANNOTATION
from mlcd_tui.domain.published import image_digest
from mlcd_tui.domain.refs import CONFIG_MAPS
from mlcd_tui.domain.text import Clean
from mlcd_tui.session.check_memory import Touched
from mlcd_tui.session.tasks import begin

Heard = Callable[[frozenset[Touched]], None]


class EvidenceWatch:
    """The evidence in one namespace ('' is all), from `start` to `stop`."""

    def __init__(self, client: Client, namespace: str, heard: Heard) -> None:
        self._namespace = namespace
        self._heard = heard
        self._reflector: Reflector[Any] = Reflector(
            client,
            CONFIG_MAPS,
            namespace=namespace,
            label_selector=LABEL,
            metadata_only=True,
            on_batch=self._on_batch,
            on_freshness=_unheard,
        )
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch; where that may not be, nothing is told, and evidence is asked for now and then."""
        self._task = begin(self._reflector.run(), "watch published evidence of checks", _unheard)

    async def stop(self) -> None:
        """End the watch."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def knows(self, namespace: str) -> bool:
        """Whether all that is published in a namespace is told of at this moment."""
        reflector = self._reflector
        if self._task is None or self._namespace not in {"", namespace}:
            return False
        return reflector.complete and reflector.freshness.link is Link.LIVE

    def _on_batch(self, batch: Batch[Any]) -> None:
        found = (_touched(raw) for delta in batch.deltas for raw in (delta.old, delta.new))
        if touched := frozenset(each for each in found if each is not None):
            self._heard(touched)


def _touched(raw: Any) -> Touched | None:
    if not isinstance(raw, Mapping) or not (meta := _table(raw.get("metadata"))):
        return None
    digest = image_digest(str(_table(meta.get("annotations")).get(DIGEST_ANNOTATION, "")))
    return Touched(str(meta.get("namespace", "")), digest, str(_table(meta.get("labels")).get(LABEL, "")))


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _unheard(_told: Freshness | Clean) -> None:
    """Where the watch does not live, `knows` says so, and what was found is good for seconds only."""
