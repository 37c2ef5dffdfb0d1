"""Verdicts on live traffic: the counts of each look, fed once into the trials of the two versions they are of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mlcd_tui.config.metrics_settings import MetricsSettings
from mlcd_tui.domain.significance import Block, Rules, Trial
from mlcd_tui.domain.traffic import Significance
from mlcd_tui.metrics.reader import Counted

_SETTLE = 20.0
"""Seconds after which no more samples are expected of a moment: scrapes take their time."""


def rules_of(settings: MetricsSettings, bound_ms: float | None) -> dict[str, Rules]:
    """What is compared: errors, and where there is a limit the requests above it."""
    found = {"errors": Rules("error rate", settings.margin)}
    if bound_ms is not None:
        found["slow"] = Rules(f"requests above {bound_ms:g} ms", settings.latency_margin)
    return found


def identity(candidate: Counted, serving: Counted) -> tuple[object, ...]:
    """What two versions are compared: another pod hash, image or bucket is another comparison."""
    sides = (candidate.traffic.target, serving.traffic.target)
    bound = candidate.slow_bound_ms if candidate.slow_bound_ms == serving.slow_bound_ms else None
    named = tuple((t.namespace, t.service, t.workload, t.pod_hash, t.digests, t.role) for t in sides)
    return (*named, bound)


@dataclass(slots=True)
class Trials:
    """The trials of one rollout's two versions, from when somebody first looked at them on."""

    settings: MetricsSettings
    window: float
    _identity: tuple[object, ...] = ()
    _trials: dict[str, Trial] = field(default_factory=dict)
    _fed: float = 0.0
    """The moment up to which everything was fed."""
    _since: float = 0.0
    _alarmed: float | None = None
    """When one of them first said `worse`."""

    def judge(self, candidate: Counted, serving: Counted, now: float) -> tuple[Significance, ...]:
        """The verdicts, with what is new in this look."""
        whose = identity(candidate, serving)
        if whose != self._identity or self._alarm_is_old(now):
            self._begin(whose, candidate)
        self._feed(candidate, serving, now)
        rate = _rate(candidate)
        at, since = datetime.fromtimestamp(now, UTC), datetime.fromtimestamp(self._since, UTC)
        return tuple(trial.verdict(rate=rate, now=at, since=since) for trial in self._trials.values())

    def _alarm_is_old(self, now: float) -> bool:
        """An alarm outlives its numbers on the screen by nothing: then the comparison begins anew."""
        return self._alarmed is not None and now - self._alarmed > self.window

    def _begin(self, whose: tuple[object, ...], candidate: Counted) -> None:
        bound = candidate.slow_bound_ms if whose[-1] is not None else None
        self._trials = {name: Trial(rules) for name, rules in rules_of(self.settings, bound).items()}
        self._identity, self._alarmed = whose, None
        self._fed = self._since = candidate.moments[0] if candidate.moments else 0.0

    def _feed(self, candidate: Counted, serving: Counted, now: float) -> None:
        """Stretches that ended some time ago, each once; where one version's are not known, none of the other's."""
        for index, end in enumerate(candidate.moments[1:]):
            if end <= self._fed or end > now - _SETTLE:
                continue
            self._fed = end
            self._feed_one("errors", _block(candidate, candidate.failed, serving, serving.failed, index))
            self._feed_one("slow", _block(candidate, candidate.slow, serving, serving.slow, index))
            if self._alarmed is None and any(trial.worse for trial in self._trials.values()):
                self._alarmed = now

    def _feed_one(self, name: str, block: Block | None) -> None:
        if block is not None and name in self._trials:
            self._trials[name].feed(block)


def _block(
    candidate: Counted,
    bad: Sequence[int | None] | None,
    serving: Counted,
    serving_bad: Sequence[int | None] | None,
    index: int,
) -> Block | None:
    if bad is None or serving_bad is None:
        return None
    counts = (bad[index], candidate.requests[index], serving_bad[index], serving.requests[index])
    if None in counts:
        return None
    known = [count or 0 for count in counts]
    return Block(min(known[0], known[1]), known[1], min(known[2], known[3]), known[3])


def _rate(candidate: Counted) -> float:
    """Requests a second of the newest minutes."""
    newest = [point.value for point in candidate.traffic.rate[-8:] if point.value is not None]
    return sum(newest) / len(newest) if newest else 0.0
