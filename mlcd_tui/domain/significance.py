"""Whether a candidate answers worse than what serves: from counts alone, sound however often somebody looks.

Two questions, two tests, one input: blocks of counts (one per scrape or step), in their order.

*Worse?* A safe test of two proportions (Turner, Ly, Grünwald: "Generic E-Variables for Exact Sequential k-Sample Tests
that allow for Optional Stopping", 2021-2024): before each block the shares are guessed from the past alone, and the
block is bet on the guess against one common share. Were the versions equal (or the candidate better), the product
of the bets would be a supermartingale from 1, so by Ville's inequality it ever reaches 1/alpha with probability alpha
at most: it may be looked at after each block.

*Not worse?* Non-inferiority by a margin, at planned looks only: the first at `needed` requests of the candidate, each
further at twice as many. Look k takes Newcombe's hybrid score interval (Statistics in Medicine 17, 1998, method 10) at
the level 1 - alpha / 2^k, so that all looks together err on the wrong side with probability alpha at most.

Between the two stands `NOT_ENOUGH`: silence is never good news. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from statistics import NormalDist

from mlcd_tui.domain.text import clean
from mlcd_tui.domain.traffic import Judgement, Significance

ALPHA = 0.05
"""How often equal versions may ever be called worse, and a version worse by the margin ever not worse."""
POWER = 0.8
"""How often the first planned look shall be enough for equal versions."""
_PRIOR = 0.18
"""Added to failures and to successes of the past: the choice of Turner, Ly and Grünwald that grows fastest."""
_PLAN_FROM = 100
"""Requests of what serves that the planned look is reckoned from."""
_LEAST = 50
"""Fewer requests of either are never enough, whatever the margin."""
_MOST_LOOKS = 40
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Block:
    """Counts of one stretch of time, fixed before its outcomes were seen."""

    candidate_failed: int
    candidate: int
    serving_failed: int
    serving: int

    @property
    def empty(self) -> bool:
        """Whether nobody asked anything."""
        return self.candidate <= 0 and self.serving <= 0


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of a comparison."""

    what: str
    """`error rate`, `requests above 250 ms`."""
    margin: float = 0.01
    """A share that is higher by less than this is let pass."""
    alpha: float = ALPHA


@dataclass(frozen=True, slots=True)
class EProcess:
    """The sequential test; `after` makes the next one from a block."""

    log_e: float = 0.0
    log_best: float = 0.0
    """The highest so far: once 1/alpha was reached the verdict stands."""
    failed: int = 0
    total: int = 0
    serving_failed: int = 0
    serving_total: int = 0

    def after(self, block: Block) -> EProcess:
        """The test with one more block."""
        log_e = self.log_e + self._bet(block)
        return EProcess(
            log_e,
            max(self.log_best, log_e),
            self.failed + block.candidate_failed,
            self.total + block.candidate,
            self.serving_failed + block.serving_failed,
            self.serving_total + block.serving,
        )

    def _bet(self, block: Block) -> float:
        """The logarithm of this block's factor, with guesses of the past alone."""
        candidate = (self.failed + _PRIOR) / (self.total + 2 * _PRIOR)
        serving = (self.serving_failed + _PRIOR) / (self.serving_total + 2 * _PRIOR)
        if candidate <= serving or not block.candidate or not block.serving:
            return 0.0
        pooled = (block.candidate * candidate + block.serving * serving) / (block.candidate + block.serving)
        return (
            block.candidate_failed * math.log(candidate / pooled)
            + (block.candidate - block.candidate_failed) * math.log((1 - candidate) / (1 - pooled))
            + block.serving_failed * math.log(serving / pooled)
            + (block.serving - block.serving_failed) * math.log((1 - serving) / (1 - pooled))
        )

    @property
    def candidate(self) -> tuple[int, int]:
        """Failed and all of the candidate."""
        return self.failed, self.total

    @property
    def serving(self) -> tuple[int, int]:
        """Failed and all of what serves."""
        return self.serving_failed, self.serving_total

    @property
    def evidence(self) -> float:
        """The highest e-value so far."""
        return math.exp(min(self.log_best, 700.0))


def wilson(failed: int, total: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share (Journal of the American Statistical Association 22, 1927)."""
    if total <= 0:
        return 0.0, 1.0
    z = _NORMAL.inv_cdf(0.5 + level / 2)
    share = failed / total
    middle = share + z * z / (2 * total)
    reach = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


def newcombe(candidate: tuple[int, int], serving: tuple[int, int], level: float = 0.95) -> tuple[float, float]:
    """Newcombe's hybrid score interval of the difference of two shares, candidate minus serving."""
    ours, theirs = share_of(candidate), share_of(serving)
    low1, high1 = wilson(*candidate, level)
    low0, high0 = wilson(*serving, level)
    difference = ours - theirs
    return (
        max(-1.0, difference - math.hypot(ours - low1, high0 - theirs)),
        min(1.0, difference + math.hypot(high1 - ours, theirs - low0)),
    )


def share_of(counts: tuple[int, int]) -> float:
    """Failed of all; 0 of none."""
    return counts[0] / counts[1] if counts[1] else 0.0


def planned(serving: tuple[int, int], per_candidate: float, margin: float, alpha: float = ALPHA) -> int:
    """Requests of the candidate after which equal versions are told as such, mostly.

    Args:
        serving: failed and all of what serves, as far as known.
        per_candidate: requests of what serves per request of the candidate.
        margin: what is let pass, above 0.
        alpha: of the interval at the first look.
    """
    z = _NORMAL.inv_cdf(1 - alpha / 2)
    share = (serving[0] + 0.5) / (serving[1] + 1)
    spread = share * (1 - share) * (1 + 1 / max(per_candidate, 0.01))
    wanted = (z + _NORMAL.inv_cdf(POWER)) ** 2 * spread / margin**2
    without_failures = z * z * (1 - margin) / margin * math.sqrt(1 + 1 / max(per_candidate, 0.01))
    return max(_LEAST, math.ceil(wanted), math.ceil(without_failures))


@dataclass(slots=True)
class _Looks:
    """The planned looks of one comparison."""

    first: int | None = None
    """Requests of the candidate at the first look; None: not planned yet."""
    done: int = 0
    passed: bool = False
    """What the newest look said."""

    @property
    def next(self) -> int | None:
        """Requests of the candidate at the next look."""
        return None if self.first is None else self.first * 2**self.done


@dataclass(slots=True)
class Trial:
    """One comparison under way: `feed` it each block once, in the order of time, and ask for the `verdict`."""

    rules: Rules
    process: EProcess = field(default_factory=EProcess)
    _looks: _Looks = field(default_factory=_Looks)

    def feed(self, block: Block) -> None:
        """One more stretch of time."""
        if block.empty:
            return
        self.process = process = self.process.after(block)
        looks, rules = self._looks, self.rules
        if not looks.done and process.serving_total >= _PLAN_FROM and process.total > 0:
            # planned anew until the first look, by what serves alone: where it fails less than it should by chance,
            # the look comes early and is the harder to pass
            looks.first = planned(process.serving, process.serving_total / process.total, rules.margin, rules.alpha)
        while looks.next is not None and process.total >= looks.next and looks.done < _MOST_LOOKS:
            high = newcombe(process.candidate, process.serving, 1 - rules.alpha / 2**looks.done)[1]
            looks.passed = process.serving_total >= _LEAST and high < rules.margin
            looks.done += 1

    @property
    def worse(self) -> bool:
        """Whether the evidence ever reached 1/alpha."""
        return self.process.evidence >= 1 / self.rules.alpha

    def verdict(self, *, rate: float = 0.0, now: datetime | None = None, since: datetime | None = None) -> Significance:
        """What all blocks so far say.

        Args:
            rate: requests of the candidate a second at present, to say when there will be enough; 0: not known.
            now: the present moment; with `rate` it makes `due`.
            since: when the counting began.
        """
        candidate, serving = self.process.candidate, self.process.serving
        effect = share_of(candidate) - share_of(serving) if candidate[1] and serving[1] else None
        low, high = newcombe(candidate, serving) if effect is not None else (None, None)
        needed = self._needed()
        judgement = Judgement.WORSE if self.worse else Judgement.NOT_WORSE if needed is None else Judgement.NOT_ENOUGH
        found = Significance(
            what=clean(self.rules.what),
            judgement=judgement,
            sentence=clean(""),
            effect=effect,
            low=low,
            high=high,
            candidate=candidate,
            serving=serving,
            evidence=self.process.evidence,
            needed=needed,
            since=since,
            due=_due(needed, candidate[1], rate, now),
        )
        return _told(found, self.rules, now, looked=self._looks.done > 0)

    def _needed(self) -> int | None:
        if self.worse or self._looks.passed:
            return None
        if self._looks.next is not None:
            return self._looks.next
        return planned(self.process.serving, 1.0, self.rules.margin, self.rules.alpha)


def judge(blocks: Iterable[Block], rules: Rules, *, rate: float = 0.0, now: datetime | None = None) -> Significance:
    """The verdict on blocks that are all at hand."""
    trial = Trial(rules)
    for block in blocks:
        trial.feed(block)
    return trial.verdict(rate=rate, now=now)


def _due(needed: int | None, have: int, rate: float, now: datetime | None) -> datetime | None:
    if needed is None or rate <= 0 or now is None:
        return None
    seconds = max(needed - have, 0) / rate
    return now + timedelta(seconds=seconds) if seconds < 30 * 86_400 else None


def _told(found: Significance, rules: Rules, now: datetime | None, *, looked: bool) -> Significance:
    head = f"{_counted(found.candidate)} against {_counted(found.serving)}"
    if found.judgement is Judgement.WORSE:
        words = f"{head}: worse by {_points(found.effect)} {_interval(found)}"
    elif found.judgement is Judgement.NOT_WORSE:
        words = f"{head}: not worse by {_points(rules.margin)} or more {_interval(found)}"
    elif not found.candidate[1] or not found.serving[1]:
        silent = "the candidate" if not found.candidate[1] else "what serves"
        words = f"{silent} has answered nothing in this time"
    else:
        more = max((found.needed or 0) - found.candidate[1], 0)
        why = f"it may still be worse by {_points(found.high)}; " if looked and found.high is not None else ""
        words = f"{head}: {why}{more:,} more requests of the candidate are needed{_until(found, now)}"
    return replace(found, sentence=clean(words))


def _counted(counts: tuple[int, int]) -> str:
    return f"{_hundredths(share_of(counts))} % of {counts[1]:,}" if counts[1] else "none of 0"


def _hundredths(share: float) -> str:
    """A share in percent: two digits that count, and no more of them than an eye needs."""
    percent = share * 100
    return f"{percent:.0f}" if abs(percent) >= 10 else f"{round(percent, 3):.2g}"


def _points(value: float | None) -> str:
    told = _hundredths(value or 0.0)
    return f"{told} point" if told == "1" else f"{told} points"


def _interval(found: Significance) -> str:
    if found.low is None or found.high is None:
        return ""
    return f"(95 %: {_hundredths(found.low)} to {_hundredths(found.high)})"


def _until(found: Significance, now: datetime | None) -> str:
    if found.due is None or now is None:
        return ""
    minutes = math.ceil((found.due - now).total_seconds() / 60)
    return f", about {minutes} min at this rate" if minutes < 180 else f", about {round(minutes / 60)} h at this rate"
