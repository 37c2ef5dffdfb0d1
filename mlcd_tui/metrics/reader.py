"""One look at the live traffic of the versions of a rollout."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mlcd_tui.config.metrics_settings import MetricsSettings
from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.traffic import Point, TrafficTarget, VersionTraffic
from mlcd_tui.metrics.answers import Series
from mlcd_tui.metrics.choosing import CPU, MEMORY, Choice, Chooser
from mlcd_tui.metrics.client import Prometheus
from mlcd_tui.metrics.counters import Counts, Key, Scraped, added, grid, increments, scraped, smoothed, total
from mlcd_tui.metrics.histogram import bounds, quantiles, slow, slow_bound
from mlcd_tui.metrics.queries._set import Queries, QuerySet, filled

_LEAST_STEP = 15.0
_POINTS = 60
_SMOOTH = 60.0  # seconds that each point of a curve is the mean of, where steps are shorter
_SAME = "its metrics do not tell it from the other version: they are of both"
_UNKNOWN = "its numbers are told by a field of it that is not known here"


@dataclass(frozen=True, slots=True)
class Counted:
    """One version within the window: the curves, and the counts of each stretch for the statistics."""

    traffic: VersionTraffic
    moments: tuple[float, ...] = ()
    requests: Counts = ()
    """Of each stretch between two moments."""
    failed: Counts | None = None
    slow: Counts | None = None
    slow_bound_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """All versions, in the order asked for."""

    source: Clean
    versions: tuple[Counted, ...]
    step: float


@dataclass(frozen=True, slots=True)
class _Answer:
    """The series of one version."""

    requests: tuple[Series, ...] = ()
    failed: tuple[Series, ...] = ()
    latency: tuple[Series, ...] = ()

    @property
    def all(self) -> tuple[Series, ...]:
        """Each of them."""
        return (*self.requests, *self.failed, *self.latency)


class Reader:
    """Reads from one Prometheus. Made for one event loop; `close` ends its connections."""

    def __init__(self, settings: MetricsSettings) -> None:
        self._settings = settings
        self._source = Prometheus(settings)
        self._chooser = Chooser(self._source, settings)

    @property
    def title(self) -> Clean:
        """For the eye: `Prometheus at host:port`."""
        return self._source.title

    async def close(self) -> None:
        """End every connection."""
        await self._source.close()

    async def look(
        self,
        targets: Sequence[TrafficTarget],
        hints: Iterable[str],
        now: float,
        window: float,
        *,
        end: float | None = None,
        step: float | None = None,
    ) -> Look:
        """The numbers of all versions in the window before `end` (else `now`), at each `step`. Raises `Problem`."""
        if step is None:
            step = max(_LEAST_STEP, math.ceil(window / _POINTS / _LEAST_STEP) * _LEAST_STEP)
        choice = await self._chooser.choose(targets, hints, now, step)
        moments = grid(now if end is None else end, window, choice.step)
        answers = await asyncio.gather(*(self._asked(choice, queries, moments) for queries in choice.queries))
        asked = [queries.requests if queries is not None else "" for queries in choice.queries]
        read = scraped([one for answer in answers for one in answer.all], moments)
        versions = [
            Counted(VersionTraffic(target, problem=clean(_UNKNOWN if queries is None else _SAME)))
            if queries is None or asked.count(queries.requests) > 1
            else self._version(choice, target, answer, moments, read)
            for target, queries, answer in zip(targets, choice.queries, answers, strict=True)
        ]
        resourced = await asyncio.gather(*(self._with_resources(counted, moments, now) for counted in versions))
        return Look(clean(f"{self.title}, {choice.chosen.title}"), tuple(resourced), choice.step)

    async def _asked(self, choice: Choice, queries: Queries | None, moments: tuple[float, ...]) -> _Answer:
        """The series of one version; nothing where there is nothing to ask."""
        asked = (queries.requests, queries.failed, queries.latency) if queries is not None else ("", "", "")
        return _Answer(*await asyncio.gather(*(self._range(query, moments, choice.step) for query in asked)))

    async def _range(self, query: str, moments: tuple[float, ...], step: float) -> tuple[Series, ...]:
        return await self._source.range(query, moments[0], moments[-1], step) if query else ()

    def _version(
        self,
        choice: Choice,
        target: TrafficTarget,
        answer: _Answer,
        moments: tuple[float, ...],
        read: Scraped,
    ) -> Counted:
        def counts(series: tuple[Series, ...], key: Key) -> dict[str, Counts]:
            if choice.chosen.estimated:
                return increments(series, moments, key)
            return added(series, moments, key, known=read)

        by_status = counts(answer.requests, choice.chosen.status_of)
        failed = counts(answer.failed, lambda _: "")
        by_bound = counts(answer.latency, lambda labels: labels.get("le", ""))
        length = len(moments) - 1
        requests = _sum(by_status.values(), length)
        wrong = _failed(choice.chosen, by_status, failed, requests, length)
        counted = Counted(VersionTraffic(target), moments, requests, wrong)
        by_limit = bounds(by_bound, choice.chosen.unit_ms)
        counted = _with_latency(counted, by_limit, self._settings.latency_limit_ms, choice.step)
        return replace(counted, traffic=_curves(counted, choice.step))

    async def _with_resources(self, counted: Counted, moments: tuple[float, ...], now: float) -> Counted:
        """Processor and memory, where the source has them; their absence is nothing to tell."""
        target = counted.traffic.target
        if not target.workload:
            return counted
        step = moments[1] - moments[0]
        pods = '{namespace="{namespace}",pod=~"{pods}",container!="",container!="POD"}'
        asked = {CPU: f"sum(rate({CPU}{pods}[{max(240, round(step * 4))}s]))", MEMORY: f"sum({MEMORY}{pods})"}
        found: dict[str, tuple[Point, ...]] = {}
        for name, query in asked.items():
            try:
                if not await self._chooser.has(name, now):
                    continue
                series = await self._source.range(filled(query, target, step), moments[1], moments[-1], step)
            except Problem:
                continue
            if series:
                found[name] = tuple(Point(at, value) for at, value in series[0].samples)
        traffic = replace(counted.traffic, cpu=found.get(CPU, ()), memory=found.get(MEMORY, ()))
        return replace(counted, traffic=traffic)


def _sum(rows: Iterable[Counts], length: int) -> Counts:
    sums: list[int | None] = [None] * length
    for row in rows:
        for index, count in enumerate(row):
            if count is not None:
                sums[index] = (sums[index] or 0) + count
    return tuple(sums)


def _failed(
    chosen: QuerySet, by_status: Mapping[str, Counts], failed: Mapping[str, Counts], requests: Counts, length: int
) -> Counts | None:
    """Failures of each stretch; None: the source does not tell which requests failed.

    A stretch with requests and no series of failures had none: such a series begins with the first failure.
    """
    if chosen.failed:
        wrong = _sum(failed.values(), length)
    elif any(by_status):
        wrong = _sum((row for status, row in by_status.items() if chosen.is_failure(status)), length)
    else:
        return None
    return tuple(
        None if asked is None else min(asked, count or 0) for asked, count in zip(requests, wrong, strict=True)
    )


def _with_latency(counted: Counted, by_bound: Mapping[float, Counts], limit_ms: float, step: float) -> Counted:
    if not by_bound:
        return counted
    moments = counted.moments[1:]
    curves = quantiles(by_bound, len(moments), max(1, round(_SMOOTH / step)))
    latency = tuple(
        (share, tuple(Point(at, value) for at, value in zip(moments, values, strict=True)))
        for share, values in curves.items()
    )
    counted = replace(counted, traffic=replace(counted.traffic, latency=latency))
    bound = slow_bound(by_bound, limit_ms)
    if bound is None:
        return counted
    return replace(counted, slow=slow(by_bound, bound), slow_bound_ms=bound)


def _curves(counted: Counted, step: float) -> VersionTraffic:
    width = max(1, round(_SMOOTH / step))
    moments = counted.moments[1:]
    asked = smoothed(counted.requests, width)
    rate = tuple(
        Point(at, None if count is None else count / (width * step)) for at, count in zip(moments, asked, strict=True)
    )
    errors: tuple[Point, ...] = ()
    if counted.failed is not None:
        wrong = smoothed(counted.failed, width)
        errors = tuple(
            Point(at, min(1.0, (bad or 0) / count) if count else None)
            for at, count, bad in zip(moments, asked, wrong, strict=True)
        )
    known = any(count is not None for count in counted.requests)
    return replace(
        counted.traffic,
        rate=rate,
        errors=errors,
        requests=total(counted.requests) if known else None,
        failed=total(counted.failed) if known and counted.failed is not None else None,
        slow=total(counted.slow) if known and counted.slow is not None else None,
        problem=_problem(counted, known=known),
    )


def _problem(counted: Counted, *, known: bool) -> Clean:
    if not known:
        return clean("nothing is counted for it in this time: no request reached it, or it is not scraped")
    if counted.failed is None:
        return clean("its failures are not told: the metric has no label with the status")
    return Clean("")
