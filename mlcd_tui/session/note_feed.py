"""Says of every rollout with a new version on its way whether its schema still fits and how its checks stand.

Those at rest cost nothing. A fleet of thousands may be under way at once: as many as a screen shows are looked at at
once, in the fleet's own order, the others one after the other, so that neither the screen nor the API server is kept
busy by this. Which images run is asked of the cluster only when it may have changed.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from mlcd_tui.domain.check_note import CheckNote, CheckWord, check_note
from mlcd_tui.domain.errors import Missing, Problem
from mlcd_tui.domain.fleet import Fleet, attention_key
from mlcd_tui.domain.package_ports import RolloutPackages, SchemaNote
from mlcd_tui.domain.ports import Engine
from mlcd_tui.domain.refs import DEPLOYMENTS, PODS, REPLICA_SETS, SERVICES, Resource, RolloutRef
from mlcd_tui.domain.rollout import Rollout
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.verdict import Verdict
from mlcd_tui.session.hidden import own_up
from mlcd_tui.session.note_words import Words
from mlcd_tui.session.pace import Allowance, Pace
from mlcd_tui.session.package_evidence import note_sentence
from mlcd_tui.session.running_images import RunningImage, running_images
from mlcd_tui.session.tasks import begin

if TYPE_CHECKING:
    from mlcd_tui.domain.check_ports import ImageChecks
    from mlcd_tui.session.check_desk import Checks
    from mlcd_tui.session.check_memory import Touched
    from mlcd_tui.session.connection import Connection
    from mlcd_tui.session.package_desk import Desk

INTERVAL = 0.4
"""Seconds between two looks at which rollouts are under way."""
PICTURES = 0.2
"""Seconds between two sets of notes at least: each is compared with the one before."""
AT_ONCE = 2
_BREATH = 0.02
"""Seconds between looks at least: an act of the operator's needs the same connections and the same core."""
_BURST = 48
"""So many rollouts may be asked for one after the other: more rows than a screen has."""
_A_SECOND = 0.3
"""So many more every second: each costs some requests and 7 ms of a core; one whose images are known costs 0.1 ms."""
_CHANGES = 4
"""A row whose new version has no digest yet is looked at at each of so many changes, then in its turn."""
_KINDS = (REPLICA_SETS, PODS, DEPLOYMENTS)
"""What tells which images run; analyses and events do not."""
_AGAIN = (3.0, 6.0, 15.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds until a rollout without a verdict is looked at again; a package may come from elsewhere than the cluster."""
_SHARE = 2.0
"""Of a large fleet one is looked at again every so many seconds."""
_UNWATCHED = 60.0
"""Seconds until a word is looked at again that may change unseen: no watch, an alias, a tag, a problem."""
_AGED = 300.0
"""Seconds until a word on checks is looked at again: evidence grows old, and a registry tells of nothing."""
_IMAGES = 900.0
"""Seconds for which it is known which images a version runs, where their digests are known."""

Images = tuple[RunningImage | None, RunningImage | None]
Tell = Callable[[Mapping[RolloutRef, SchemaNote], Mapping[RolloutRef, CheckNote]], None]

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Known:
    row: Rollout
    version: tuple[str, int, str]
    rank: tuple[int, str, str]
    due: float = 0.0
    looks: int = 0
    digests: frozenset[str] = field(default=frozenset())
    images: Images = (None, None)
    images_until: float = 0.0
    pulling: bool = False
    """The new version's digest is not known yet: its pods will tell it any moment."""
    urgent: bool = False
    """Something happened to it: it does not wait behind those that are only due."""

    @property
    def order(self) -> tuple[bool, int, tuple[int, str, str]]:
        """The first of those that are due is looked at first."""
        return not self.urgent, self.looks, self.rank

    def knows_images(self, now: float) -> bool:
        """Whether the cluster need not be asked which images run."""
        return not self.pulling and now < self.images_until

    def hurry(self) -> None:
        """Look at it now."""
        self.due, self.urgent = 0.0, True


class NoteFeed:
    """Notes of one context and namespace, from `start` to `stop`.

    Args:
        connection: to the cluster.
        engines: by name.
        packages: finds the packages.
        checks: finds the evidence.
        tell: hears the notes, on schemas and on checks, soon after one changed.
        clock: the server's time.
    """

    def __init__(
        self,
        connection: Connection,
        engines: Mapping[str, Engine],
        packages: Desk,
        checks: Checks,
        tell: Tell,
        clock: Callable[[], datetime],
    ) -> None:
        self._connection = connection
        self._engines = engines
        self._packages = packages
        self._evidence = checks
        self._tell = tell
        self._clock = clock
        self._known: dict[RolloutRef, _Known] = {}
        self._schemas: Words[SchemaNote] = Words()
        self._checks: Words[CheckNote] = Words()
        self._rows: tuple[Rollout, ...] = ()
        self._allowance = Allowance(_BURST, _A_SECOND)
        self._pace = Pace(self._scan, INTERVAL)
        self._pictures = Pace(self._publish, PICTURES)
        self._wake = asyncio.Event()
        self._stop_listening: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None

    def start(self, namespace: str, subscribe: Callable[[Callable[[Fleet], None]], Callable[[], None]]) -> None:
        """Begin to listen to fleets."""
        self._task = begin(self._run(namespace), "notes on rollouts under way", self._fault)
        self._stop_listening.append(subscribe(self.consider))

    async def stop(self) -> None:
        """End everything."""
        for stop in self._stop_listening:
            stop()
        self._pace.stop()
        self._pictures.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # --- what happens -------------------------------------------------------------------------------------

    def consider(self, fleet: Fleet) -> None:
        """Take in a new fleet; one whose rows are the same costs nothing."""
        if fleet.complete and fleet.rows is not self._rows:
            self._rows = fleet.rows
            self._pace.ask()

    def _scan(self) -> None:
        under_way = {row.ref: row for row in self._rows if row.in_flight}
        for ref in [ref for ref in self._known if ref not in under_way]:
            del self._known[ref]
            self._forget_words(ref)
        for ref, row in under_way.items():
            known = self._known.get(ref)
            if known is not None and known.row is row:
                continue
            version = (row.uid, row.revision, str(row.version))
            if known is None or known.version != version:
                self._known[ref] = _Known(row, version, attention_key(row))
                self._forget_words(ref)
                self._wake.set()
                continue
            known.row, known.rank = row, attention_key(row)
            if known.pulling and known.looks < _CHANGES:
                known.hurry()
                self._wake.set()

    def _forget_words(self, ref: RolloutRef) -> None:
        if self._schemas.drop(ref) | self._checks.drop(ref):
            self._pictures.ask()

    def _published(self, packages: frozenset[tuple[str, str]]) -> None:
        """Packages were published, replaced or removed."""
        if self._packages.side is not None:
            self._packages.side.search.forget(packages)
        self._hurry(lambda ref, known: any((ref.namespace, digest) in packages for digest in known.digests))

    def _proven(self, touched: frozenset[Touched]) -> None:
        """Evidence was published, replaced, removed, or kept here: of these images, or of any."""
        if not touched:  # in its turn
            for known in self._known.values():
                known.due = 0.0
            self._wake.set()
            return
        from mlcd_tui.checks.evidence.cluster import label_value

        digests = {(each.namespace, each.digest) for each in touched}
        labels = {(each.namespace, each.label) for each in touched}

        def concerned(ref: RolloutRef, known: _Known) -> bool:
            image = known.images[0]
            if image is None:
                return False
            label = label_value(image.image)
            return any((place, image.digest) in digests or (place, label) in labels for place in (ref.namespace, ""))

        self._hurry(concerned)

    def _hurry(self, concerned: Callable[[RolloutRef, _Known], bool]) -> None:
        for ref, known in self._known.items():
            if concerned(ref, known):
                known.looks = 0
                known.hurry()
                self._wake.set()

    # --- looking ------------------------------------------------------------------------------------------

    async def _run(self, namespace: str) -> None:
        while not self._known:  # nothing is imported or watched before there is a reason
            await self._wake.wait()
            self._wake.clear()
        side = await self._packages.cluster()
        side.published.watch(namespace, self._published, self._fault)
        await asyncio.to_thread(_import_checks)
        self._stop_listening.append(self._evidence.hear(self._proven))
        while True:
            self._wake.clear()
            now = time.monotonic()
            some, waits = self._next(now)
            if some:
                await asyncio.gather(*(self._look(known) for known in some))
                await asyncio.sleep(max(_BREATH, time.monotonic() - now))  # half of the time is for the others
            else:
                await self._rest(1 / _A_SECOND if waits else math.inf)

    def _next(self, now: float) -> tuple[list[_Known], bool]:
        """Whom to look at now, and whether somebody waits for the allowance."""
        due = [known for known in self._known.values() if known.due <= now]
        cheap = [known for known in due if known.knows_images(now)]
        dear = [known for known in due if not known.knows_images(now)] if len(cheap) < len(due) else []
        taken = self._allowance.take(min(len(dear), AT_ONCE), now)
        first = heapq.nsmallest(taken, dear, key=lambda known: known.order)
        return [*first, *heapq.nsmallest(AT_ONCE, cheap, key=lambda known: known.order)], bool(dear)

    async def _rest(self, most: float) -> None:
        """Until something happens or is due."""
        now = time.monotonic()
        next_due = min((known.due for known in self._known.values() if known.due > now), default=math.inf)
        wait = min(most, max(0.05, next_due - now))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), None if math.isinf(wait) else wait)

    async def _look(self, known: _Known) -> None:
        row, ref = known.row, known.row.ref
        known.urgent, known.due = False, math.inf  # what happens meanwhile makes it due again
        try:
            candidate, serving = await self._images(known)
        except Problem as problem:
            schema, check, wait = _unknown(clean(problem)), _untold(clean(problem)), None
        except Exception as error:  # noqa: BLE001 - one absurd rollout must not cost the others their notes
            why = _mishap(ref, error)
            schema, check, wait = _unknown(why), _untold(why), None
        else:
            (schema, wait), (check, later) = await asyncio.gather(
                self._schema(known, candidate, serving), self._check(ref, candidate)
            )
            wait = wait if wait is None else min(wait, later)
        if self._known.get(ref) is not known:  # another version came, or it is over
            return
        if wait is None:
            moved = known.pulling and known.row is not row and known.looks < _CHANGES  # while it was looked at
            wait = INTERVAL if moved else again(known.looks, len(self._known))
        known.due, known.looks = min(known.due, time.monotonic() + wait), known.looks + 1
        if self._schemas.say(ref, schema) | self._checks.say(ref, check):
            self._pictures.ask()

    async def _schema(
        self, known: _Known, candidate: RunningImage | None, serving: RunningImage | None
    ) -> tuple[SchemaNote, float | None]:
        """The word on the schema, and seconds for which it is good; None: there is no verdict yet."""
        ref = known.row.ref
        try:
            packages = await self._packages.of(candidate, serving)
        except Problem as problem:
            return _unknown(clean(problem)), None
        except Exception as error:  # noqa: BLE001 - as above
            return _unknown(_mishap(ref, error)), None
        known.digests = _digests(packages)
        note = SchemaNote(packages.verdict, clean(note_sentence(packages)))
        if packages.diff is None:
            return note, None
        # what is published anew is told of by the watch, where there is one
        lasting = all(side is None or side.lasting for side in (packages.candidate, packages.serving))
        return note, math.inf if lasting else _UNWATCHED

    async def _check(self, ref: RolloutRef, candidate: RunningImage | None) -> tuple[CheckNote, float]:
        """The word on the checks, and seconds for which it is good."""
        image: ImageChecks | None = None
        try:
            image = await self._evidence.of(candidate, str(ref))
            note = check_note(image)
        except Problem as problem:
            note = _untold(clean(problem))
        except Exception as error:  # noqa: BLE001 - as above
            note = _untold(_mishap(ref, error))
        sure = image is not None and not image.problem and self._evidence.knows(ref.namespace)
        return note, max(_AGED if sure else _UNWATCHED, len(self._known) * _SHARE)

    async def _images(self, known: _Known) -> Images:
        """Which images run, asked of the cluster only where it may have changed."""
        now, ref = time.monotonic(), known.row.ref
        if not known.knows_images(now):
            engine = self._engines[ref.engine]
            objects, hidden = await self._connection.look(engine, ref, only=_telling(engine))
            detail = engine.observe(ref, objects, self._clock())
            if detail is None:
                raise Missing(f"{ref} does not exist any more.")
            known.images = running_images(own_up(detail, hidden))
            known.pulling = known.images[0] is not None and not known.images[0].digest
            known.images_until = now + max(_IMAGES, 3 * len(self._known) * _SHARE)
        return known.images

    # --- telling ------------------------------------------------------------------------------------------

    def _publish(self) -> None:
        self._tell(self._schemas.shown(), self._checks.shown())

    def _fault(self, sentence: Clean) -> None:
        for ref in self._known:
            self._schemas.say(ref, _unknown(sentence))
            self._checks.say(ref, _untold(sentence))
        self._publish()


def again(looks: int, under_way: int) -> float:
    """Seconds until a rollout without a verdict is looked at again, after so many looks and in such a fleet."""
    return max(_AGAIN[min(looks, len(_AGAIN) - 1)], (under_way - _BURST) * _SHARE)


def _telling(engine: Engine) -> tuple[Resource, ...]:
    """The kinds that tell which images run: an engine that joins several finds its versions by Services, too."""
    watched = tuple(watch.resource for watch in engine.watches)
    return _KINDS if len(watched) == 1 else (*_KINDS, SERVICES, *watched)


def _unknown(sentence: Clean) -> SchemaNote:
    return SchemaNote(Verdict.UNKNOWN, sentence)


def _untold(sentence: Clean) -> CheckNote:
    return CheckNote(CheckWord.UNKNOWN, sentence=sentence)


def _mishap(ref: RolloutRef, error: Exception) -> Clean:
    _log.error("a note on %s could not be made", ref, exc_info=error)
    return clean(f"mlcd-tui failed at this rollout ({type(error).__name__}); see its log")


def _digests(packages: RolloutPackages) -> frozenset[str]:
    found = (packages.candidate, packages.serving)
    return frozenset(each.digest for each in found if each is not None and each.digest)


def _import_checks() -> None:
    """In a thread: it takes several frames."""
    from mlcd_tui.session import check_desk, check_side, check_watch

    del check_desk, check_side, check_watch
