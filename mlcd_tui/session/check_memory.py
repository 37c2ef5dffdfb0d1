"""Evidence that was found, remembered until something is known to have changed: an opened tab asks again and again."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from mlcd_tui.domain.checks import Evidence

WATCHED = 60.0
"""Seconds for which an answer is good where the watch tells of what is published; registries tell of nothing."""
UNWATCHED = 5.0
"""Seconds for which it is good where nobody tells, or not everybody answered."""
_MOST_KEPT = 256

Stamp = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Evidence, newest first, and why there may be more."""

    evidence: tuple[Evidence, ...] = ()
    problems: tuple[str, ...] = ()
    digests: frozenset[str] = frozenset()
    """By all of these it was looked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for."""

    namespace: str
    digest: str
    image: str


@dataclass(frozen=True, slots=True)
class Touched:
    """Evidence that was published, replaced or removed, or kept here."""

    namespace: str
    """Empty: wherever the image runs."""
    digest: str
    label: str
    """Of the image's name."""


@dataclass(slots=True)
class _Kept:
    found: Found
    label: str
    stamp: Stamp
    until: float


@dataclass(slots=True)
class Memory:
    """What was found for each image of one cluster."""

    _kept: OrderedDict[Asked, _Kept] = field(default_factory=OrderedDict)
    _under_way: dict[tuple[Asked, Stamp, int], asyncio.Task[Found]] = field(default_factory=dict)
    _generation: int = 0
    """Another one whenever something changed: what was begun before is not remembered."""

    async def get(
        self, asked: Asked, label: str, stamp: Stamp, look: Callable[[], Awaitable[Found]], *, watched: bool
    ) -> Found:
        """What is known, or what `look` finds; who asks at the same time waits for the same answer.

        Args:
            asked: what is looked for.
            label: of the image, as the cluster's evidence carries it.
            stamp: of what this machine has.
            look: looks for it.
            watched: whether the watch tells of what is published.
        """
        kept = self._kept.get(asked)
        if kept is not None and kept.stamp == stamp and time.monotonic() < kept.until:
            self._kept.move_to_end(asked)
            return kept.found
        key = (asked, stamp, self._generation)
        task = self._under_way.get(key)
        if task is None:

            async def work() -> Found:
                found = await look()
                if key[2] == self._generation:
                    lasting = watched and not found.problems
                    until = time.monotonic() + (WATCHED if lasting else UNWATCHED)
                    self._keep(asked, _Kept(found, label, stamp, until))
                return found

            task = self._under_way[key] = asyncio.create_task(work(), name=f"evidence of {asked.digest}")
            task.add_done_callback(lambda _task: self._under_way.pop(key, None))
        # who asked may lose patience; the answer is still worth having
        return await asyncio.shield(task)

    def _keep(self, asked: Asked, kept: _Kept) -> None:
        self._kept[asked] = kept
        self._kept.move_to_end(asked)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    def forget(self, touched: Collection[Touched]) -> None:
        """Forget what was found for these images, and for others of their name: it may have been of these."""
        digests = {(each.namespace, each.digest) for each in touched}
        labels = {(each.namespace, each.label) for each in touched}
        self._generation += 1
        for asked, kept in list(self._kept.items()):
            space = asked.namespace
            if (space, kept.label) in labels or any((space, digest) in digests for digest in kept.found.digests):
                del self._kept[asked]

    def clear(self) -> None:
        """Forget everything."""
        self._generation += 1
        self._kept.clear()

    async def stop(self) -> None:
        """End what is being looked for."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
