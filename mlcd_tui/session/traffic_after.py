"""Watches what a switch did to the answers, for a while, and offers the way back. It never acts by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mlcd_tui.config.metrics_settings import MetricsSettings
from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.intent import WAYS_BACK, Intent
from mlcd_tui.domain.plan import Outcome, Result
from mlcd_tui.domain.post_switch import SWITCHES, RollbackOffer, offered, paired, serving, took_over
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.significance import judge
from mlcd_tui.domain.traffic import Significance, TrafficTarget
from mlcd_tui.session.evidence import CARRIES_TRAFFIC
from mlcd_tui.session.tasks import begin

if TYPE_CHECKING:
    from mlcd_tui.metrics.reader import Counted, Reader
    from mlcd_tui.session.traffic_desk import Ways

_STEP = 15.0
_SETTLE = 20.0


@dataclass(frozen=True, slots=True)
class _Before:
    """What served when an act was proposed."""

    intent: Intent
    detail: RolloutDetail


@dataclass(frozen=True, slots=True)
class _Switch:
    """An act after which another version serves."""

    before: _Before
    begun: datetime
    """The last moment at which the old version surely served."""
    until: datetime
    """When nobody watches any more."""
    done: datetime | None = None
    """Since when the new version surely serves; None: it was not seen to yet."""


class AfterSwitch:
    """The switches that were made here lately, and the offers that came of them."""

    def __init__(self, ways: Ways, reader: Callable[[MetricsSettings], Awaitable[Reader]]) -> None:
        self._ways = ways
        self._reader = reader
        self._before: dict[RolloutRef, _Before] = {}
        self._tasks: dict[RolloutRef, asyncio.Task[None]] = {}
        self._listeners: list[Callable[[RollbackOffer], None]] = []
        self.standing: dict[RolloutRef, RollbackOffer] = {}
        """The offers that nobody took or declined."""

    def remember(self, intent: Intent, detail: RolloutDetail) -> None:
        """What served at the time of a proposal."""
        self._before[intent.ref] = _Before(intent, detail)

    def begin(self, outcome: Outcome) -> None:
        """An act has ended. A way back, or another act, ends the watch of the one before."""
        ref, verb = outcome.intent.ref, outcome.intent.verb
        if outcome.result not in {Result.DONE, Result.SENT} or (verb not in CARRIES_TRAFFIC and verb not in WAYS_BACK):
            return
        self.decline(ref)
        before, settings = self._before.get(ref), self._ways.settings()
        usable = settings.address and settings.watch_after > 0 and verb in CARRIES_TRAFFIC
        if not usable or before is None or before.intent.verb != verb or serving(before.detail.targets) is None:
            return
        now = self._ways.clock()
        begun = now - timedelta(seconds=outcome.seconds)
        surely = now if outcome.result is Result.DONE and verb in SWITCHES else None
        switch = _Switch(before, begun, now + timedelta(seconds=settings.watch_after), surely)
        work = self._watch(ref, switch, settings)
        self._tasks[ref] = begin(work, f"watch {ref} after its switch", lambda _sentence: None)

    def subscribe(self, listener: Callable[[RollbackOffer], None]) -> Callable[[], None]:
        """Hear of offers; returns how to stop."""
        self._listeners.append(listener)
        for offer in tuple(self.standing.values()):
            listener(offer)

        def stop() -> None:
            with suppress(ValueError):
                self._listeners.remove(listener)

        return stop

    def decline(self, ref: RolloutRef) -> None:
        """Say nothing more of the last switch."""
        self.standing.pop(ref, None)
        if (task := self._tasks.pop(ref, None)) is not None:
            task.cancel()

    async def stop(self) -> None:
        """End every watch."""
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()
        self.standing.clear()
        self._before.clear()

    async def _watch(self, ref: RolloutRef, switch: _Switch, settings: MetricsSettings) -> None:
        """Look until there is reason to go back, or the time is over. What cannot be asked now is asked again."""
        old: Counted | None = None
        while self._ways.clock() < switch.until:
            await self._ways.pause(settings.refresh)
            with suppress(Problem):
                detail = await self._ways.detail(ref)
                if not took_over(switch.before.intent.verb, switch.before.detail.targets, detail.targets):
                    continue
                if switch.done is None:
                    switch = replace(switch, done=self._ways.clock())
                if old is None:
                    target = serving(switch.before.detail.targets)
                    old = await self._counted(
                        target, switch.before.detail, settings, settings.watch_after, switch.begun
                    )
                verdicts = await self._verdicts(detail, settings, switch, old)
                if self._offer(ref, verdicts, detail, switch):
                    return

    async def _counted(
        self,
        target: TrafficTarget | None,
        detail: RolloutDetail,
        settings: MetricsSettings,
        window: float,
        end: datetime,
    ) -> Counted | None:
        """One version's counts in a window before `end`. Raises `Problem`."""
        from mlcd_tui.session.traffic_desk import hints

        if target is None:
            return None
        reader = await self._reader(settings)
        now = self._ways.clock().timestamp()
        look = await reader.look((target,), hints(detail), now, window, end=end.timestamp(), step=_STEP)
        return look.versions[0]

    async def _verdicts(
        self, detail: RolloutDetail, settings: MetricsSettings, switch: _Switch, old: Counted | None
    ) -> list[Significance]:
        """The new version's answers since the switch beside the old one's before it. Raises `Problem`."""
        from mlcd_tui.session.traffic_trials import rules_of

        end = self._ways.clock() - timedelta(seconds=_SETTLE)
        window = (end - (switch.done or end)).total_seconds() // _STEP * _STEP
        new = await self._counted(serving(detail.targets), detail, settings, window, end) if window >= _STEP else None
        if new is None or old is None:
            return []
        bound = new.slow_bound_ms if new.slow_bound_ms == old.slow_bound_ms else None
        rules = rules_of(settings, bound)
        told = [(rules["errors"], old.failed, new.failed)]
        if "slow" in rules:
            told.append((rules["slow"], old.slow, new.slow))
        return [
            judge(paired(list(zip(old.requests, was, strict=True)), list(zip(new.requests, is_, strict=True))), rule)
            for rule, was, is_ in told
            if was is not None and is_ is not None
        ]

    def _offer(self, ref: RolloutRef, verdicts: list[Significance], detail: RolloutDetail, switch: _Switch) -> bool:
        target = serving(detail.targets)
        version = str(target.version) if target is not None and target.version else str(detail.rollout.version)
        offer = offered(
            ref,
            verdicts,
            detail.rollout.abilities,
            version=version,
            switched=switch.done or switch.begun,
            now=self._ways.clock(),
        )
        if offer is None:
            return False
        self.standing[ref] = offer
        self._tasks.pop(ref, None)
        for listener in tuple(self._listeners):
            listener(offer)
        return True
