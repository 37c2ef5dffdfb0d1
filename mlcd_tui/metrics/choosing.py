"""Which query set is used for a rollout: the one of the settings, or the first that knows its versions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlcd_tui.config.metrics_settings import MetricsSettings, QuerySettings
from mlcd_tui.domain.errors import BadConfig, Missing
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.traffic import TrafficTarget
from mlcd_tui.metrics.client import Prometheus
from mlcd_tui.metrics.queries import QUERY_SETS
from mlcd_tui.metrics.queries._set import Queries, QuerySet, queries_for

CPU = "container_cpu_usage_seconds_total"
MEMORY = "container_memory_working_set_bytes"
_KNOWN_FOR = 600.0  # seconds that a choice and the names of metrics are believed
_UNKNOWN_FOR = 45.0
_RECENT = 900.0


@dataclass(frozen=True, slots=True)
class Choice:
    """A set, and what to ask it for each version."""

    chosen: QuerySet
    queries: tuple[Queries | None, ...]
    """In the order of the targets; None: too little is known of that version for this set."""
    step: float


def own_set(name: str, settings: QuerySettings) -> QuerySet:
    """A set of the settings."""
    return QuerySet(
        title=settings.title or name,
        requests=settings.requests,
        failed=settings.failed,
        latency=settings.latency,
        status=(settings.status,) if settings.status else (),
        failing=settings.failing,
        unit_ms=1_000.0 if settings.unit == "s" else 1.0,
        rank=0,
    )


class Chooser:
    """Finds sets, and remembers what it found for some minutes."""

    def __init__(self, source: Prometheus, settings: MetricsSettings) -> None:
        self._source = source
        self._settings = settings
        self._names: tuple[float, frozenset[str]] | None = None
        self._found: dict[tuple[object, ...], tuple[float, QuerySet]] = {}

    async def choose(self, targets: Sequence[TrafficTarget], hints: Iterable[str], now: float, step: float) -> Choice:
        """The set for these versions.

        Raises:
            Missing: none has numbers of them.
            Problem: Prometheus cannot be asked, or the settings name a set that there is not.
        """
        key = tuple((t.namespace, t.service, t.workload, t.pod_hash) for t in targets)
        remembered = self._found.get(key)
        if remembered is not None and now - remembered[0] < _KNOWN_FOR:
            return _choice(remembered[1], targets, step)
        for candidate in await self._candidates(" ".join(hints).lower(), now):
            choice = _choice(candidate, targets, step)
            if self._settings.set or await self._knows(choice, now):
                self._found[key] = (now, candidate)
                return choice
        raise Missing(
            f"{self._source.title} has no numbers of these versions.",
            advice="Set `set` under [metrics], or write queries of your own under [metrics.queries].",
        )

    async def has(self, name: str, now: float) -> bool:
        """Whether there is a metric of that name. Raises `Problem`."""
        return name in await self._metrics(now)

    async def _candidates(self, hints: str, now: float) -> list[QuerySet]:
        own = {name: own_set(name, given) for name, given in self._settings.queries.items()}
        if wanted := self._settings.set:
            if wanted in own:
                return [own[wanted]]
            if wanted in QUERY_SETS.names():
                return [QUERY_SETS.load(wanted)]
            there_is = ", ".join((*own, *QUERY_SETS.names()))
            raise BadConfig(f"no query set is called {clean(wanted, limit=80)}; there is: {there_is}.")
        names = await self._metrics(now)
        present = [found for found in QUERY_SETS.all() if found.requests in names]
        present.sort(key=lambda found: (not any(word in hints for word in found.hints), found.rank))
        return [*own.values(), *present]

    async def _metrics(self, now: float) -> frozenset[str]:
        known_for = _KNOWN_FOR if self._names is not None and self._names[1] else _UNKNOWN_FOR
        if self._names is None or now - self._names[0] >= known_for:
            asked = sorted({found.requests for found in QUERY_SETS.all()} | {CPU, MEMORY})
            pattern = "|".join(re.escape(name) for name in asked)
            self._names = (now, await self._source.names(pattern, now - _RECENT, now))
        return self._names[1]

    async def _knows(self, choice: Choice, now: float) -> bool:
        """Whether the set has series of at least one of the versions."""
        asked = [queries.requests for queries in choice.queries if queries is not None]
        answers = await asyncio.gather(*(self._source.instant(f"count({query})", now) for query in asked))
        return any(answers)


def _choice(chosen: QuerySet, targets: Sequence[TrafficTarget], step: float) -> Choice:
    step = max(step, 60.0) if chosen.estimated else step
    return Choice(chosen, tuple(queries_for(chosen, target, step) for target in targets), step)
