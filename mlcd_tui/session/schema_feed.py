"""Says of every rollout with a new version on its way whether its schema still fits; those at rest cost nothing.

A fleet of thousands may be under way at once: as many as a screen shows are looked at at once, in the fleet's own
order, the others one a second, so that neither the screen nor the API server is kept busy by this.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from mlcd_tui.domain.errors import Missing, Problem
from mlcd_tui.domain.fleet import Fleet, attention_key
from mlcd_tui.domain.package_ports import RolloutPackages, SchemaNote
from mlcd_tui.domain.ports import Engine
from mlcd_tui.domain.refs import DEPLOYMENTS, PODS, REPLICA_SETS, RolloutRef
from mlcd_tui.domain.rollout import Rollout
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.verdict import Verdict
from mlcd_tui.session.hidden import own_up
from mlcd_tui.session.pace import Pace
from mlcd_tui.session.package_evidence import note_sentence
from mlcd_tui.session.tasks import begin

if TYPE_CHECKING:
    from mlcd_tui.session.connection import Connection
    from mlcd_tui.session.package_desk import Desk

INTERVAL = 0.4
"""Seconds between two looks at which rollouts are under way."""
AT_ONCE = 4
_BURST = 48
"""So many looks may follow each other: more rows than a screen has."""
_A_SECOND = 1.0
"""So many more every second: each costs some requests and 7 ms of a core."""
_CHANGES = 4
"""A row whose new version has no digest yet is looked at at each of so many changes, then in its turn."""
_KINDS = (REPLICA_SETS, PODS, DEPLOYMENTS)
"""What tells which images run; analyses and events do not."""
_AGAIN = (3.0, 6.0, 15.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds until a rollout without a verdict is looked at again; a package may come from elsewhere than the cluster."""
_SHARE = 2.0
"""Of a large fleet without packages one is looked at again every so many seconds, once all have been a few times."""
_UNWATCHED = 60.0
"""Seconds until a verdict is looked at again whose packages may be replaced unseen: no watch, an alias, a tag."""

Notes = Mapping[RolloutRef, SchemaNote]

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Known:
    row: Rollout
    version: tuple[str, int, str]
    note: SchemaNote | None = None
    due: float = 0.0
    looks: int = 0
    digests: frozenset[str] = field(default=frozenset())
    pulling: bool = False
    """The new version's digest is not known yet: its pods will tell it any moment."""
    urgent: bool = False
    """Something happened to it: it does not wait behind those that are only due."""


@dataclass(slots=True)
class _Allowance:
    """What looks may cost: some at once, then a few every second."""

    left: float = _BURST
    at: float = 0.0

    def take(self, wanted: int, now: float) -> int:
        """How many of so many looks may be made now."""
        self.left = min(_BURST, self.left + (now - self.at) * _A_SECOND) if self.at else self.left
        self.at = now
        taken = min(wanted, int(self.left))
        self.left -= taken
        return taken


class SchemaFeed:
    """Notes of one context and namespace, from `start` to `stop`.

    Args:
        connection: to the cluster.
        engines: by name.
        desk: finds the packages.
        tell: hears the notes whenever one changed.
        clock: the server's time.
    """

    def __init__(
        self,
        connection: Connection,
        engines: Mapping[str, Engine],
        desk: Desk,
        tell: Callable[[Notes], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._connection = connection
        self._engines = engines
        self._desk = desk
        self._tell = tell
        self._clock = clock
        self._known: dict[RolloutRef, _Known] = {}
        self._rows: tuple[Rollout, ...] = ()
        self._allowance = _Allowance()
        self._pace = Pace(self._scan, INTERVAL)
        self._wake = asyncio.Event()
        self._stop_listening: Callable[[], None] = lambda: None
        self._task: asyncio.Task[None] | None = None

    def start(self, namespace: str, subscribe: Callable[[Callable[[Fleet], None]], Callable[[], None]]) -> None:
        """Begin to listen to fleets."""
        self._task = begin(self._run(namespace), "schemas of rollouts under way", self._fault)
        self._stop_listening = subscribe(self.consider)

    async def stop(self) -> None:
        """End everything."""
        self._stop_listening()
        self._pace.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def consider(self, fleet: Fleet) -> None:
        """Take in a new fleet; one whose rows are the same costs nothing."""
        if fleet.complete and fleet.rows is not self._rows:
            self._rows = fleet.rows
            self._pace.ask()

    def _scan(self) -> None:
        under_way = {row.ref: row for row in self._rows if row.in_flight}
        over = [ref for ref in self._known if ref not in under_way]
        for ref in over:
            del self._known[ref]
        for ref, row in under_way.items():
            version = (row.uid, row.revision, str(row.version))
            known = self._known.get(ref)
            if known is None or known.version != version:
                self._known[ref] = _Known(row, version)
                self._wake.set()
            elif known.row is not row:
                known.row = row
                if known.pulling and known.looks < _CHANGES:
                    known.due, known.urgent = 0.0, True
                    self._wake.set()
        if over:
            self._publish()

    def _changed(self, packages: frozenset[tuple[str, str]]) -> None:
        """Packages were published, replaced or removed."""
        if self._desk.side is not None:
            self._desk.side.search.forget(packages)
        for ref, known in self._known.items():
            if any((ref.namespace, digest) in packages for digest in known.digests):
                known.due, known.looks, known.urgent = 0.0, 0, True
                self._wake.set()

    async def _run(self, namespace: str) -> None:
        while not self._known:  # nothing is imported or watched before there is a reason
            await self._wake.wait()
            self._wake.clear()
        side = await self._desk.cluster()
        side.published.watch(namespace, self._changed, self._fault)
        while True:
            self._wake.clear()
            now = time.monotonic()
            due = sorted((known for known in self._known.values() if known.due <= now), key=_urgency)
            some = due[: self._allowance.take(min(len(due), AT_ONCE), now)]
            if some:
                await self._look_at(some)
            elif due:  # the allowance is used up: what is urgent comes first in the next turn
                await asyncio.sleep(1 / _A_SECOND)
            else:
                await self._until_due()

    async def _until_due(self) -> None:
        next_due = min((known.due for known in self._known.values()), default=math.inf)
        wait = None if math.isinf(next_due) else max(0.05, next_due - time.monotonic())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), wait)

    async def _look_at(self, some: list[_Known]) -> None:
        for known in some:
            known.urgent = False
        if any(await asyncio.gather(*(self._look(known) for known in some))):
            self._publish()

    async def _look(self, known: _Known) -> bool:
        """Whether the note became another one."""
        before, row, settled, lasting = known.note, known.row, False, False
        ref = row.ref
        try:
            packages = await self._around(ref)
        except Problem as problem:
            known.note = SchemaNote(Verdict.UNKNOWN, clean(problem))
        except Exception as error:  # noqa: BLE001 - one absurd rollout must not cost the others their notes
            _log.exception("the schema of %s could not be told", ref)
            why = f"mlcd-tui failed at this rollout ({type(error).__name__}); see its log"
            known.note = SchemaNote(Verdict.UNKNOWN, clean(why))
        else:
            known.note = SchemaNote(packages.verdict, clean(note_sentence(packages)))
            known.digests = _digests(packages)
            known.pulling = packages.candidate is not None and not packages.candidate.digest
            settled = packages.diff is not None
            lasting = all(side is None or side.lasting for side in (packages.candidate, packages.serving))
        if settled:  # what is published anew is told of by the watch, where there is one
            wait = math.inf if lasting else _UNWATCHED
        else:
            moved = known.pulling and known.row is not row and known.looks < _CHANGES  # while it was looked at
            wait = INTERVAL if moved else again(known.looks, len(self._known))
        known.due, known.looks = time.monotonic() + wait, known.looks + 1
        return known.note != before

    async def _around(self, ref: RolloutRef) -> RolloutPackages:
        engine = self._engines[ref.engine]
        objects, hidden = await self._connection.look(engine, ref, only=_KINDS)
        detail = engine.observe(ref, objects, self._clock())
        if detail is None:
            raise Missing(f"{ref} does not exist any more.")
        return await self._desk.around(own_up(detail, hidden))

    def _publish(self) -> None:
        self._tell({ref: known.note for ref, known in self._known.items() if known.note is not None})

    def _fault(self, sentence: Clean) -> None:
        for known in self._known.values():
            known.note = SchemaNote(Verdict.UNKNOWN, sentence)
        self._publish()


def again(looks: int, under_way: int) -> float:
    """Seconds until a rollout without a verdict is looked at again, after so many looks and in such a fleet."""
    return _AGAIN[looks] if looks < len(_AGAIN) - 1 else max(_AGAIN[-1], under_way * _SHARE)


def _urgency(known: _Known) -> tuple[bool, int, tuple[int, str, str]]:
    return not known.urgent, known.looks, attention_key(known.row)


def _digests(packages: RolloutPackages) -> frozenset[str]:
    found = (packages.candidate, packages.serving)
    return frozenset(each.digest for each in found if each is not None and each.digest)
