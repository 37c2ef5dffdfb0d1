"""Verdicts on live traffic: the counts of each look, fed once into the trials of the two versions they are of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from mlcd_tui.config.metrics_settings import MetricsSettings
from mlcd_tui.domain.significance import Block, Rules, Trial
from mlcd_tui.domain.text import clean
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

    def judge(
        self, candidate: Counted, serving: Counted, now: float, begun: datetime | None = None
    ) -> tuple[Significance, ...]:
        """The verdicts, with what is new in this look; of what was before `begun` nothing is counted."""
        whose = identity(candidate, serving)
        if whose != self._identity or self._alarm_is_old(now):
            self._begin(whose, candidate, begun)
        self._feed(candidate, serving, now)
        rate = _rate(candidate)
        at, since = datetime.fromtimestamp(now, UTC), datetime.fromtimestamp(self._since, UTC)
        told = tuple(trial.verdict(rate=rate, now=at, since=since) for trial in self._trials.values())
        return tuple(_settling(one, candidate, serving, self._fed) for one in told)

    def _alarm_is_old(self, now: float) -> bool:
        """An alarm outlives its numbers on the screen by nothing: then the comparison begins anew."""
        return self._alarmed is not None and now - self._alarmed > self.window

    def _begin(self, whose: tuple[object, ...], candidate: Counted, begun: datetime | None) -> None:
        bound = candidate.slow_bound_ms if whose[-1] is not None else None
        self._trials = {name: Trial(rules) for name, rules in rules_of(self.settings, bound).items()}
        self._identity, self._alarmed = whose, None
        first = candidate.moments[0] if candidate.moments else 0.0
        self._fed = self._since = max(first, begun.timestamp()) if begun is not None else first

    def _feed(self, candidate: Counted, serving: Counted, now: float) -> None:
        """Stretches that ended some time ago, each once; where one version's are not known, none of the other's."""
        for index, end in enumerate(candidate.moments[1:]):
            if candidate.moments[index] < self._since or end <= self._fed or end > now - _SETTLE:
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


def _settling(verdict: Significance, candidate: Counted, serving: Counted, fed: float) -> Significance:
    """A verdict on nothing says whether nothing was answered, or only nothing that is old enough to count."""
    if verdict.candidate[1] and verdict.serving[1]:
        return verdict
    who, silent = ("the candidate", candidate) if not verdict.candidate[1] else ("what serves", serving)
    young = sum(count or 0 for end, count in zip(silent.moments[1:], silent.requests, strict=False) if end > fed)
    if young:
        told = f"settling: {young:,} answers of {who} are too young, they count {_SETTLE:g} s after they were given"
    else:
        told = f"no answer of {who} is known yet; one counts {_SETTLE:g} s after it was given"
    return replace(verdict, sentence=clean(told))


def _rate(candidate: Counted) -> float:
    """Requests a second of the newest minutes."""
    newest = [point.value for point in candidate.traffic.rate[-8:] if point.value is not None]
    return sum(newest) / len(newest) if newest else 0.0
