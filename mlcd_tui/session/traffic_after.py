"""Watches what a switch did to the answers, for a while, and offers the way back. It never acts by itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mlcd_tui.config.metrics_settings import MetricsSettings
from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.intent import WAYS_BACK, Intent
from mlcd_tui.domain.plan import Outcome, Result
from mlcd_tui.domain.post_switch import (
    SWITCHES,
    RollbackOffer,
    SwitchWatch,
    WatchState,
    offered,
    paired,
    serving,
    since_switch,
    took_over,
)
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.significance import judge
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.traffic import Significance, TrafficTarget
from mlcd_tui.session.evidence import CARRIES_TRAFFIC
from mlcd_tui.session.tasks import begin, tell_all
from mlcd_tui.session.traffic_caution import cautious
from mlcd_tui.session.traffic_kept import Switch
from mlcd_tui.session.traffic_ways import Ways, hints

if TYPE_CHECKING:
    from mlcd_tui.metrics.counters import Counts
    from mlcd_tui.metrics.reader import Counted, Reader

_STEP = 15.0
_SETTLE = 20.0
_SHORTEST = 1.0
_SILENT = 60.0
"""Seconds without an answer after which that is said of the version, and not of how young its answers are."""
_YOUNG = f"settling: answers count {_SETTLE:g} s after they were given, and there are none yet that old"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Before:
    """What served when an act was proposed."""

    intent: Intent
    detail: RolloutDetail


@dataclass(slots=True)
class _Watched:
    """One switch that is watched here."""

    switch: Switch
    settings: MetricsSettings
    newest: SwitchWatch
    place: str
    """The cluster that it was made in."""
    old: Counted | None = None
    """The old version's counts before it; None: not read yet."""
    seen: bool = False
    """Another version was seen to serve."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class AfterSwitch:
    """The switches that were made here lately, and the offers that came of them."""

    def __init__(self, ways: Ways, reader: Callable[[MetricsSettings], Awaitable[Reader]]) -> None:
        self._ways = ways
        self._reader = reader
        self._before: dict[RolloutRef, _Before] = {}
        self._watched: dict[RolloutRef, _Watched] = {}
        self._listeners: list[Callable[[RollbackOffer], None]] = []
        self.seconds: float | None = None
        """How long a switch is watched; None: as the settings say."""
        self.standing: dict[RolloutRef, RollbackOffer] = {}
        """The offers that nobody took or declined."""

    def remember(self, intent: Intent, detail: RolloutDetail) -> None:
        """What served at the time of a proposal."""
        self._before[intent.ref] = _Before(intent, detail)

    def begin(self, outcome: Outcome) -> None:
        """An act has ended: where it may have brought another version to serve, that one is watched.

        A way back that was seen to be done ends the watch of the switch before. One that was not, and an act that
        surely changed nothing, leave it: should what served before serve again, the watch will see it.
        """
        ref, verb = outcome.intent.ref, outcome.intent.verb
        if not outcome.may_have_changed or (verb not in CARRIES_TRAFFIC and verb not in WAYS_BACK):
            return
        if verb in WAYS_BACK:
            if outcome.result is Result.DONE:
                self.decline(ref)
            return
        before, settings = self._before.get(ref), self._ways.settings()
        seconds = settings.watch_after if self.seconds is None else self.seconds
        old = serving(before.detail.targets) if before is not None and before.intent.verb == verb else None
        if outcome.result is not Result.DONE and ref in self._watched and old is None:
            return
        self.decline(ref)
        if before is None or old is None or not settings.address or seconds <= 0:
            return
        now = self._ways.clock()
        switch = Switch(
            ref,
            verb,
            old,
            hints(before.detail),
            now - timedelta(seconds=outcome.seconds),
            now + timedelta(seconds=seconds),
            now if outcome.result is Result.DONE and verb in SWITCHES else None,
        )
        self._start(switch, settings)

    def resume(self) -> None:
        """Go on watching the switches that were made lately in this cluster, by a program that has ended since."""
        kept, place, settings = self._ways.kept, self._ways.place(), self._ways.settings()
        if kept is None or not place or not settings.address:
            return
        for switch in kept.lately(place, self._ways.clock()):
            if switch.ref not in self._watched:
                self._start(switch, settings)

    def subscribe(self, listener: Callable[[RollbackOffer], None]) -> Callable[[], None]:
        """Hear of offers; returns how to stop. Whoever hears them has lately made switches watched again."""
        self._listeners.append(listener)
        for offer in tuple(self.standing.values()):
            listener(offer)
        self.resume()

        def stop() -> None:
            with suppress(ValueError):
                self._listeners.remove(listener)

        return stop

    def connected(self) -> None:
        """There is a cluster, maybe another one than before."""
        if self._listeners:
            self.resume()

    def newest(self, ref: RolloutRef) -> SwitchWatch | None:
        """The newest look at a switch that is watched; None: none is."""
        watched = self._watched.get(ref)
        return watched.newest if watched is not None else None

    async def follow(self, ref: RolloutRef, listener: Callable[[SwitchWatch], None]) -> SwitchWatch | None:
        """Hear of each look until it is worse, or the time is over: the last look; None: nothing is watched."""
        watched = self._watched.get(ref)
        while watched is not None:
            if watched.newest.ended or watched.newest.state in {WatchState.WORSE, WatchState.BACK}:
                return watched.newest
            await watched.changed.wait()
            watched.changed.clear()
            listener(watched.newest)
        return None

    def decline(self, ref: RolloutRef) -> None:
        """Say nothing more of the last switch."""
        self.standing.pop(ref, None)
        if (watched := self._watched.pop(ref, None)) is not None:
            self._drop(watched)
            if watched.task is not None:
                watched.task.cancel()
            self._tell(watched, replace(watched.newest, offer=None, ended=True))

    async def stop(self) -> None:
        """End every watch; what is kept of it is there for the next program."""
        tasks = tuple(watched.task for watched in self._watched.values() if watched.task is not None)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._watched.clear()
        self.standing.clear()
        self._before.clear()

    # --- inside -------------------------------------------------------------------------------------------

    def _start(self, switch: Switch, settings: MetricsSettings) -> None:
        state = WatchState.WAITING if switch.done is None else WatchState.WATCHED
        first = SwitchWatch(switch.ref, state, switch.until)
        watched = _Watched(switch, settings, first, self._ways.place())
        self._watched[switch.ref] = watched
        self._keep(watched)
        work = self._watch(watched)
        watched.task = begin(work, f"watch {switch.ref} after its switch", lambda _sentence: None)

    def _keep(self, watched: _Watched) -> None:
        """For the next program: as long as the settings say, should this one be asked to watch for less."""
        if self._ways.kept is not None and watched.place:
            switch = watched.switch
            usual = switch.begun + timedelta(seconds=watched.settings.watch_after)
            self._ways.kept.keep(watched.place, replace(switch, until=max(switch.until, usual)))

    def _drop(self, watched: _Watched) -> None:
        if self._ways.kept is not None and watched.place:
            self._ways.kept.drop(watched.place, watched.switch.ref)

    async def _watch(self, watched: _Watched) -> None:
        """Look until the time is over. What cannot be asked now is asked again, and what went wrong is told."""
        until = watched.switch.until
        while (left := (until - self._ways.clock()).total_seconds()) > 0:
            await self._ways.pause(min(watched.settings.refresh, max(left, _SHORTEST)))
            try:
                watch = await self._look(watched)
            except Problem as problem:
                watch = replace(watched.newest, problem=clean(problem))
            except Exception as fault:  # a fault of ours must not end the watch in silence  # noqa: BLE001
                _log.exception("watching %s failed", watched.switch.ref)
                told = f"mlcd-tui failed at judging the answers ({type(fault).__name__}); it tries again"
                watch = replace(watched.newest, problem=clean(told))
            self._tell(watched, watch)
            if watch.state is WatchState.BACK:
                self.standing.pop(watched.switch.ref, None)
                self._drop(watched)
                break
        self._tell(watched, replace(watched.newest, ended=True))

    def _tell(self, watched: _Watched, watch: SwitchWatch) -> None:
        first = watch.offer is not None and watched.newest.offer is None
        watched.newest = watch
        watched.changed.set()
        if first and watch.offer is not None:
            self.standing[watch.ref] = watch.offer
            tell_all(self._listeners, watch.offer)

    async def _look(self, watched: _Watched) -> SwitchWatch:
        """One look. Raises `Problem`."""
        newest, switch = watched.newest, watched.switch
        detail = await self._ways.detail(switch.ref)
        if not took_over(switch.verb, (switch.old,), detail.targets):
            gone = watched.seen and serving(detail.targets) is not None
            return SwitchWatch(switch.ref, WatchState.BACK if gone else WatchState.WAITING, switch.until)
        watched.seen = True
        if switch.done is None:
            watched.switch = switch = replace(switch, done=self._ways.clock())
            self._keep(watched)
        if newest.offer is not None:
            return replace(newest, problem=clean(""))  # it was said once, and stands while this version serves
        if watched.old is None:
            watched.old = await self._counted(watched, switch.old, switch.hints, switch.before, switch.begun)
        verdicts = await self._verdicts(watched, detail)
        offer = self._offer(verdicts, detail, switch)
        state = WatchState.WATCHED if offer is None else WatchState.WORSE
        return SwitchWatch(switch.ref, state, switch.until, since_switch(verdicts), offer)

    async def _counted(
        self, watched: _Watched, target: TrafficTarget, hints: tuple[str, ...], window: float, end: datetime
    ) -> Counted:
        """One version's counts in a window before `end`. Raises `Problem`."""
        reader = await self._reader(watched.settings)
        now = self._ways.clock().timestamp()
        look = await reader.look((target,), hints, now, window, end=end.timestamp(), step=_STEP)
        return look.versions[0]

    async def _verdicts(self, watched: _Watched, detail: RolloutDetail) -> list[Significance]:
        """The new version's answers since the switch beside the old one's before it. Raises `Problem`."""
        from mlcd_tui.session.traffic_trials import rules_of

        old, target = watched.old, serving(detail.targets)
        assert old is not None
        start, end = _stretches(watched.switch.done, self._ways.clock() - timedelta(seconds=_SETTLE))
        window = end - start
        if window < _STEP or target is None:
            return [replace(judge((), rules_of(watched.settings, None)["errors"]), sentence=clean(_YOUNG))]
        new = await self._counted(watched, target, hints(detail), window, datetime.fromtimestamp(end, UTC))
        bound = new.slow_bound_ms if new.slow_bound_ms == old.slow_bound_ms else None
        rules = rules_of(watched.settings, bound)
        told = [(rules["errors"], old.failed, new.failed)]
        if "slow" in rules:
            told.append((rules["slow"], old.slow, new.slow))
        planned = int((watched.switch.until.timestamp() - start) // _STEP)
        found = [
            judge(paired(_zipped(old.requests, was), _zipped(new.requests, is_), planned), rule)
            for rule, was, is_ in told
            if was is not None and is_ is not None
        ]
        told_of = [one if one.candidate[1] and one.serving[1] else _untold(one, old, window) for one in found]
        return list(cautious(told_of, (), new))

    def _offer(self, verdicts: list[Significance], detail: RolloutDetail, switch: Switch) -> RollbackOffer | None:
        target = serving(detail.targets)
        version = str(target.version) if target is not None and target.version else str(detail.rollout.version)
        return offered(
            switch.ref,
            verdicts,
            detail.rollout.abilities,
            version=version,
            switched=switch.done or switch.begun,
            now=self._ways.clock(),
        )


def _stretches(done: datetime | None, until: datetime) -> tuple[float, float]:
    """Where the whole stretches since the switch begin and end (seconds since the epoch).

    They begin at the same moment at every look: what is judged may only grow, or a stretch would be held against
    another one of before each time.
    """
    end = until.timestamp() // _STEP * _STEP
    return (-(-done.timestamp() // _STEP) * _STEP if done is not None else end), end


def _zipped(requests: Counts, bad: Counts) -> list[tuple[int | None, int | None]]:
    return list(zip(requests, bad, strict=True))


def _untold(verdict: Significance, old: Counted, window: float) -> Significance:
    """A verdict on nothing, with the reason why there is nothing."""
    if not any(old.requests):
        told = "no answer of the time before it is known: there is nothing to hold these against"
    else:
        told = _YOUNG if window < _SILENT else "the new version has answered nothing since"
    return replace(verdict, sentence=clean(told))
