"""The desk that live traffic is asked at: it looks while somebody looks, and owns up to old numbers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mlcd_tui.config.metrics_settings import MetricsSettings
from mlcd_tui.domain.errors import BadConfig, Problem
from mlcd_tui.domain.gates import Gate, GateState
from mlcd_tui.domain.intent import Intent
from mlcd_tui.domain.plan import Outcome
from mlcd_tui.domain.post_switch import RollbackOffer, SwitchWatch, newcomer, serving
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.traffic import Significance, TrafficReading, TrafficRole
from mlcd_tui.session.evidence import CARRIES_TRAFFIC
from mlcd_tui.session.pod_usage import used
from mlcd_tui.session.tasks import begin, tell_all
from mlcd_tui.session.traffic_caution import cautious
from mlcd_tui.session.traffic_gate import NAME, answers_gate, traffic_gate
from mlcd_tui.session.traffic_ways import Ways, hints

if TYPE_CHECKING:
    from mlcd_tui.domain.comparison.report import ComparisonReport
    from mlcd_tui.domain.traffic_ports import ComparisonProgress, ComparisonRun, ComparisonWish
    from mlcd_tui.metrics.reader import Counted, Reader
    from mlcd_tui.session.traffic_after import AfterSwitch
    from mlcd_tui.session.traffic_trials import Trials

_SLOWEST = 120.0
"""Seconds between two looks at a source that does not answer, at most."""
_GATE_PATIENCE = 4.0
"""Seconds that an approval waits for numbers."""
UNCONFIGURED = "no metrics are configured: set `address` under [metrics] in the settings to Prometheus"

_log = logging.getLogger(__name__)

Listener = Callable[[TrafficReading], None]


@dataclass(slots=True)
class _Followed:
    """One rollout in one window: who listens, and what is known."""

    trials: Trials | None = None
    reading: TrafficReading | None = None
    good: TrafficReading | None = None
    """The newest that worked."""
    targets: tuple[object, ...] = ()
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    listeners: list[Listener] = field(default_factory=list)
    task: asyncio.Task[None] | None = None


class Traffic:
    """Implements `domain.traffic_ports.TrafficDesk`."""

    def __init__(self, ways: Ways) -> None:
        """Nothing is asked or connected yet."""
        self._ways = ways
        self._reader: tuple[MetricsSettings, Reader] | None = None
        self._followed: dict[tuple[RolloutRef, float], _Followed] = {}
        self._after: AfterSwitch | None = None
        self._closing: set[asyncio.Task[None]] = set()

    # --- seeing -------------------------------------------------------------------------------------------

    @property
    def configured(self) -> bool:
        """Whether the settings name a source of numbers in the present context."""
        return bool(self._ways.settings().address)

    def watch(self, ref: RolloutRef, listener: Listener, *, window: float = 0.0) -> Callable[[], Awaitable[None]]:
        """Look again and again while somebody looks. Returns the async closer. Never raises."""
        window = window or self._ways.settings().window
        followed = self._followed.setdefault((ref, window), _Followed())
        followed.listeners.append(listener)
        if followed.reading is not None:
            listener(followed.reading)
        if followed.task is None:
            followed.task = begin(self._follow(ref, window, followed), f"traffic of {ref}", lambda _sentence: None)

        async def close() -> None:
            if listener in followed.listeners:
                followed.listeners.remove(listener)
            if not followed.listeners and followed.task is not None:
                task, followed.task = followed.task, None
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

        return close

    async def look(self, ref: RolloutRef, *, window: float = 0.0) -> TrafficReading:
        """One look; problems are told in it."""
        window = window or self._ways.settings().window
        followed = self._followed.setdefault((ref, window), _Followed())
        return await self._look(ref, window, followed)

    async def _follow(self, ref: RolloutRef, window: float, followed: _Followed) -> None:
        wait = 0.0
        while True:
            await self._ways.pause(wait)
            reading = await self._look(ref, window, followed)
            tell_all(followed.listeners, reading)
            usual = self._ways.settings().refresh
            wait = min(_SLOWEST, max(usual, wait * 2)) if reading.problem else usual

    async def _look(
        self, ref: RolloutRef, window: float, followed: _Followed, detail: RolloutDetail | None = None
    ) -> TrafficReading:
        """One look after another; what fails leaves the old numbers, marked as old."""
        async with followed.lock:
            try:
                reading = await self._read(ref, window, followed, detail)
            except Problem as problem:
                reading = self._unread(followed, window, str(problem))
            except Exception as fault:  # a fault of ours must not end the looking in silence  # noqa: BLE001
                _log.exception("the traffic of %s could not be read", ref)
                told = f"mlcd-tui failed at reading the live traffic ({type(fault).__name__}); it tries again"
                reading = self._unread(followed, window, told)
            if not reading.problem:
                followed.good = reading
            followed.reading = reading
            return reading

    def _unread(self, followed: _Followed, window: float, told: str) -> TrafficReading:
        """What there is to show when a look failed: the old numbers, called old, or none."""
        if followed.good is not None:
            return replace(followed.good, problem=clean(told), stale=True)
        return TrafficReading(self._ways.clock(), window=window, problem=clean(told))

    async def _read(
        self, ref: RolloutRef, window: float, followed: _Followed, detail: RolloutDetail | None
    ) -> TrafficReading:
        settings = self._ways.settings()
        if not settings.address:
            return TrafficReading(self._ways.clock(), window=window, problem=clean(UNCONFIGURED))
        detail = detail if detail is not None else await self._ways.detail(ref)
        if not detail.targets:
            told = "which versions get traffic cannot be told from the objects of this rollout"
            return TrafficReading(self._ways.clock(), window=window, problem=clean(told))
        if followed.targets != detail.targets:
            followed.good = None  # numbers of versions that are gone are no stand-in for those of others
            followed.targets = detail.targets
        now = self._ways.clock()
        reader = await self.reader(settings)
        look = await reader.look(detail.targets, hints(detail), now.timestamp(), window)
        new = next((c for c in look.versions if c.traffic.target is newcomer(detail.targets)), None)
        old = next((c for c in look.versions if c.traffic.target is serving(detail.targets)), None)
        trials = self._trials(followed, settings, window)
        since = detail.mirror.since if detail.mirror and new and new.traffic.target.role is TrafficRole.SHADOW else None
        known = new and old and new.moments and old.moments
        verdicts = trials.judge(new, old, now.timestamp(), since) if known and new and old else ()
        after = self._since_switch(ref)
        return TrafficReading(
            at=now,
            source=look.source,
            window=window,
            versions=await used(self._ways.cluster, [counted.traffic for counted in look.versions]),
            verdicts=cautious(verdicts, after, old),
            since_switch=cautious(after, after, old),
            copied=_copied(look.versions, detail.mirror.since if detail.mirror is not None else None),
        )

    def _trials(self, followed: _Followed, settings: MetricsSettings, window: float) -> Trials:
        from mlcd_tui.session.traffic_trials import Trials

        if followed.trials is None or followed.trials.settings != settings:
            followed.trials = Trials(settings, window)
        return followed.trials

    async def reader(self, settings: MetricsSettings) -> Reader:
        """The reader of these settings, made when there is none; another context has another."""
        if self._reader is not None and self._reader[0] == settings:
            return self._reader[1]
        old = self._reader
        module = await asyncio.to_thread(_reader_module)
        if self._reader is old:
            self._reader = (settings, module(settings))
            if old is not None:
                task = asyncio.create_task(old[1].close())
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)
        assert self._reader is not None
        return self._reader[1]

    # --- deciding -----------------------------------------------------------------------------------------

    async def gates(self, detail: RolloutDetail, intent: Intent) -> tuple[Gate, ...]:
        """Answers and numbers as evidence for an act that brings traffic to a version; none where there are none."""
        self._switches.remember(intent, detail)
        if intent.verb not in CARRIES_TRAFFIC:
            return ()
        return (*await self._answers(detail), *await self._numbers(detail, intent))

    async def _answers(self, detail: RolloutDetail) -> tuple[Gate, ...]:
        """The comparison of answers; where nothing is copied and nobody compared, there is nothing to tell."""
        if self._ways.comparisons is None:
            return ()
        report = await asyncio.to_thread(self._ways.comparisons().newest, detail)
        new = newcomer(detail.targets)
        copied = new is not None and new.role is TrafficRole.SHADOW
        return (answers_gate(report),) if report is not None or copied else ()

    async def _numbers(self, detail: RolloutDetail, intent: Intent) -> tuple[Gate, ...]:
        settings = self._ways.settings()
        if not settings.address:
            return ()
        followed = self._followed.setdefault((intent.ref, settings.window), _Followed())
        known, oldest = followed.reading, self._ways.clock() - timedelta(seconds=settings.refresh)
        if known is not None and followed.targets == detail.targets and not known.stale and known.at > oldest:
            return (traffic_gate(known),)  # somebody watches: the newest is at hand
        try:
            async with asyncio.timeout(_GATE_PATIENCE):
                return (traffic_gate(await self._look(intent.ref, settings.window, followed, detail)),)
        except TimeoutError:
            why = clean(f"there were no numbers within {_GATE_PATIENCE:g} s")
            return (Gate(clean(NAME), GateState.UNKNOWN, why),)

    def acted(self, outcome: Outcome) -> None:
        """An act has ended: where another version serves since, its answers are watched for a while."""
        self._switches.begin(outcome)

    @property
    def _switches(self) -> AfterSwitch:
        if self._after is None:
            from mlcd_tui.session.traffic_after import AfterSwitch

            self._after = AfterSwitch(self._ways, self.reader)
        return self._after

    def _since_switch(self, ref: RolloutRef) -> tuple[Significance, ...]:
        """While a switch is watched, or its offer stands: what serves since against what served before."""
        watch = self._after.newest(ref) if self._after is not None else None
        return watch.verdicts if watch is not None and (not watch.ended or watch.offer is not None) else ()

    def watch_for(self, seconds: float) -> None:
        """Watch each switch from now on for so long, whatever the settings say. Raises `BadConfig`."""
        if not self.configured:
            raise BadConfig(f"a switch cannot be watched: {UNCONFIGURED}.")
        self._switches.seconds = seconds

    async def follow(self, ref: RolloutRef, listener: Callable[[SwitchWatch], None]) -> SwitchWatch | None:
        """Hear of each look at a switch that was made here, until it is worse or its time is over: the last look.

        None: no switch of it is watched.
        """
        return await self._switches.follow(ref, listener)

    def connected(self) -> None:
        """There is a cluster, maybe another one: whoever hears of offers has its switches of lately watched on."""
        if self._after is not None:
            self._after.connected()

    def offers(self, listener: Callable[[RollbackOffer], None]) -> Callable[[], None]:
        """Hear of each version that answers worse after a switch; returns how to stop."""
        return self._switches.subscribe(listener)

    def offer(self, ref: RolloutRef) -> RollbackOffer | None:
        """The offer to go back that stands."""
        return self._switches.standing.get(ref)

    def decline_offer(self, ref: RolloutRef) -> None:
        """The operator keeps the new version."""
        self._switches.decline(ref)

    # --- comparing ----------------------------------------------------------------------------------------

    def compare(self, wish: ComparisonWish, listener: Callable[[ComparisonProgress], None]) -> ComparisonRun:
        """Begin a comparison of answers. Raises `Problem` for a bad wish."""
        if self._ways.comparisons is None:
            raise BadConfig("answers cannot be compared from here.")
        return self._ways.comparisons().compare(wish, listener)

    def comparisons(self, ref: RolloutRef) -> tuple[ComparisonReport, ...]:
        """Kept results, those of the digests that run now first."""
        return self._ways.comparisons().comparisons(ref) if self._ways.comparisons is not None else ()

    async def reset(self) -> None:
        """End every look and connection; what was counted is forgotten, for the context may be another."""
        tasks = [followed.task for followed in self._followed.values() if followed.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._closing, return_exceptions=True)
        self._followed.clear()
        if self._after is not None:
            await self._after.stop()
        if self._reader is not None:
            await self._reader[1].close()
            self._reader = None


def _copied(versions: tuple[Counted, ...], since: datetime | None) -> int | None:
    """What a version counted that gets copies only, since it gets them: before, it may have served."""
    shadow = next((one for one in versions if one.traffic.target.role is TrafficRole.SHADOW), None)
    if shadow is None or since is None or not shadow.moments:
        return shadow.traffic.requests if shadow is not None else None
    begun = since.timestamp()
    told = [asked for at, asked in zip(shadow.moments, shadow.requests, strict=False) if at >= begun]
    return sum(asked for asked in told if asked is not None) if any(asked is not None for asked in told) else None


def _reader_module() -> Callable[[MetricsSettings], Reader]:
    """In a thread: importing what reaches the network takes as long as three frames."""
    from mlcd_tui.metrics.reader import Reader

    return Reader
