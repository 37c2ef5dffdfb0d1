"""Watches for evidence that others publish, without its contents, so that it shows by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from mlcd_tui.checks.evidence.cluster import LABEL
from mlcd_tui.cluster.client import Client
from mlcd_tui.domain.package_ports import DIGEST_ANNOTATION
from mlcd_tui.domain.published import image_digest
from mlcd_tui.domain.refs import JSON
from mlcd_tui.domain.text import Clean
from mlcd_tui.session.check_memory import Touched
from mlcd_tui.session.map_watch import MapWatch

Heard = Callable[[frozenset[Touched]], None]


class EvidenceWatch:
    """The evidence in one namespace ('' is all), from `start` to `stop`."""

    def __init__(self, client: Client, namespace: str, heard: Heard) -> None:
        self._namespace = namespace
        self._heard = heard
        self._watch = MapWatch(client, LABEL, self._take, self._settled)
        self._touched: set[Touched] = set()
        self._digests: Counter[tuple[str, str]] = Counter()
        self._labels: Counter[tuple[str, str]] = Counter()

    def start(self) -> None:
        """Begin to watch; where that may not be, nothing is told, and evidence is asked for now and then."""
        self._watch.start(self._namespace, _unheard)

    async def stop(self) -> None:
        """End the watch."""
        await self._watch.stop()

    def knows(self, namespace: str) -> bool:
        """Whether all that is published in a namespace is told of at this moment."""
        return self._watch.knows(namespace)

    def may_have(self, namespace: str, *, digest: str = "", label: str = "") -> bool:
        """Whether there may be evidence of a digest, or of an image with this label: no, only where all is known."""
        known = self._digests[namespace, digest] if digest else self._labels[namespace, label]
        return known > 0 or not self.knows(namespace)

    def _take(self, raw: JSON, gone: bool) -> None:  # noqa: FBT001 - as the watch tells it
        if not (meta := _table(raw.get("metadata"))):
            return
        digest = image_digest(str(_table(meta.get("annotations")).get(DIGEST_ANNOTATION, "")))
        touched = Touched(str(meta.get("namespace", "")), digest, str(_table(meta.get("labels")).get(LABEL, "")))
        self._touched.add(touched)
        step = -1 if gone else 1
        self._digests[touched.namespace, touched.digest] += step
        self._labels[touched.namespace, touched.label] += step

    def _settled(self) -> None:
        touched, self._touched = frozenset(self._touched), set()
        if touched:
            self._heard(touched)


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _unheard(_sentence: Clean) -> None:
    """Where the watch does not live, `knows` says so, and what was found is good for seconds only."""
