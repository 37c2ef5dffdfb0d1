"""What is counted of each field, and what it says beside the noise floor.

Where production agrees with itself, a difference is a difference. Where it does not, the shadow is held against that
noise: the idea and the half of the noise that is let pass (a relative difference of 20 %) are Diffy's, whose rule
knows no chance; the tests around it are exact. Were shadow and production one model, its answer and production's second
one could change places in every pair without anybody noticing. So, of pairs that tell them apart:

- out of tolerance in one arm only: each arm as often (McNemar, exact);
- farther from production's answer: each arm as often (sign test), and shifted up or down: as often (sign test);
- farther than production ever was from itself: k such pairs come with a chance of 2^-k, whatever the distribution.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mlcd_tui.domain.comparison.distances import Distances, Twins
from mlcd_tui.domain.comparison.intervals import clopper_pearson, excess_high, mcnemar, share
from mlcd_tui.domain.comparison.report import FieldDrift, FieldJudgement, Share
from mlcd_tui.domain.text import clean

ALPHA = 0.025
"""Chance of a false alarm among all noisy fields; as much again is spent on those where production agrees."""
_LOOKS = 4
_LEANING = 0.2
"""Of the pairs of a noisy field, by how much more one side has to lead before a shift counts: 60 to 40."""
_OWN_NOISE = 0.5
"""Share of production's own noise that is let pass on top of it."""
_BLIND = 0.5
"""A field without numbers in which production disagrees with itself this often says nothing."""
_COVERED = 0.999


@dataclass(slots=True)
class FieldCount:
    """One field over all pairs."""

    path: str
    name: str = ""
    """Of the tensor."""
    off: int = 0
    """Pairs in which the shadow is off."""
    noisy: int = 0
    """Pairs in which production's second answer is."""
    shadow_only: int = 0
    again_only: int = 0
    breaks: int = 0
    breaks_noisy: int = 0
    breaks_shadow_only: int = 0
    breaks_again_only: int = 0
    numbers: bool = False
    shadow: Distances = field(default_factory=Distances)
    again: Distances = field(default_factory=Distances)
    twins: Twins = field(default_factory=Twins)

    def count(self, *, off: bool, noisy: bool | None, broken: bool, broken_noisy: bool) -> None:
        """One pair in which something of it is off; `noisy` is None without a second answer of production."""
        self.off += off
        self.breaks += broken
        if noisy is None:
            return
        self.noisy += noisy
        self.shadow_only += off and not noisy
        self.again_only += noisy and not off
        self.breaks_noisy += broken_noisy
        self.breaks_shadow_only += broken and not broken_noisy
        self.breaks_again_only += broken_noisy and not broken


@dataclass(frozen=True, slots=True)
class Base:
    """What all fields are judged by."""

    pairs: int
    twice: int
    """Pairs with a second answer of production."""
    limit: float
    noisy_fields: int


@dataclass(frozen=True, slots=True)
class Judged:
    """What a field comes to."""

    judgement: FieldJudgement
    why: str


def judged(one: FieldCount, base: Base) -> Judged:
    """What the pairs say of a field."""
    if not one.noisy:
        return _quiet(one, base)
    alpha = ALPHA / (_LOOKS * max(base.noisy_fields, 1))
    if one.breaks_shadow_only and mcnemar(one.breaks_shadow_only, one.breaks_again_only) <= alpha:
        why = f"breaks the schema in {one.breaks:,} pairs, in production's second answers in {one.breaks_noisy:,}"
        return Judged(FieldJudgement.BROKEN, why)
    looks = [_oftener(one, base, alpha)]
    if one.numbers:
        looks += [_beyond(one, base, alpha), *_leaning(one, base, alpha)]
    for wanted in (FieldJudgement.DIFFERENT, FieldJudgement.UNDECIDED):
        if found := next((look for look in looks if look.judgement is wanted), None):
            return found
    rate = one.noisy / base.twice
    if not one.numbers and rate >= _BLIND:
        return Judged(FieldJudgement.BLIND, f"production differs from itself in {rate:.0%} of its answers")
    return looks[0]


def _quiet(one: FieldCount, base: Base) -> Judged:
    told = f"{one.off:,} of {base.pairs:,}"
    if base.twice:
        told += ", production never differs from itself"
    if one.breaks:
        return Judged(FieldJudgement.BROKEN, f"breaks the schema in {one.breaks:,} of {base.pairs:,}")
    low, high = clopper_pearson(one.off, base.pairs)
    if low > base.limit:
        return Judged(FieldJudgement.DIFFERENT, told)
    settled = high <= base.limit or not one.off
    return Judged(FieldJudgement.WITHIN if settled else FieldJudgement.UNDECIDED, told)


def _oftener(one: FieldCount, base: Base, alpha: float) -> Judged:
    """McNemar's exact test, and Diffy's measure."""
    excess = (one.shadow_only - one.again_only) / base.twice
    margin = max(base.limit, _OWN_NOISE * one.noisy / base.twice)
    shadow = one.shadow_only + (one.noisy - one.again_only)
    told = f"{shadow:,} of {base.twice:,}, production differs from itself in {one.noisy:,}"
    if excess <= margin:
        shown = excess_high(one.shadow_only, one.again_only, base.twice) <= margin
        return Judged(FieldJudgement.NOISE if shown else FieldJudgement.UNDECIDED, told)
    sure = mcnemar(one.shadow_only, one.again_only) <= alpha
    return Judged(FieldJudgement.DIFFERENT if sure else FieldJudgement.UNDECIDED, told)


def _beyond(one: FieldCount, base: Base, alpha: float) -> Judged:
    """Farther than production ever was from itself."""
    count = one.shadow.beyond(one.again)
    told = f"{count:,} of {base.twice:,} are farther off than production ever is from itself ({one.again.worst:.3g})"
    if count / base.twice <= base.limit or not count:
        return Judged(FieldJudgement.NOISE, told)
    sure = count >= 1074 or 2.0**-count <= alpha
    if sure and clopper_pearson(count, base.twice)[0] > base.limit:
        return Judged(FieldJudgement.DIFFERENT, told)
    return Judged(FieldJudgement.UNDECIDED if sure else FieldJudgement.NOISE, told)


def _leaning(one: FieldCount, base: Base, alpha: float) -> tuple[Judged, ...]:
    """Sign tests on which of the two is farther from production's answer, and which is larger."""
    twins = one.twins
    found = []
    for more, less, word in (
        (twins.farther, twins.nearer, "farther from production than production from itself"),
        (twins.above, twins.below, "larger than production's second answer"),
        (twins.below, twins.above, "smaller than production's second answer"),
    ):
        # of two directions of the same shift each gets half of the look
        level = alpha if word.startswith("farther") else alpha / 2
        if (more - less) / base.twice > _LEANING and mcnemar(more, less) <= level:
            found.append(Judged(FieldJudgement.DIFFERENT, f"{more:,} of {more + less:,} are {word}"))
    return tuple(found)


def drift(one: FieldCount, base: Base) -> FieldDrift:
    """A field as the report tells it."""
    result = judged(one, base)
    noise: Share | None = share(one.noisy, base.twice) if base.twice else None
    return FieldDrift(
        path=clean(one.path),
        differs=share(one.off, base.pairs),
        noise=noise,
        mean_shift=one.shadow.total / base.pairs if one.numbers and base.pairs else None,
        worst=one.shadow.worst if one.numbers else None,
        name=clean(one.name, limit=200),
        breaks=one.breaks,
        judgement=result.judgement,
        why=clean(result.why),
        proposed_atol=one.again.covering(_COVERED, base.twice) if one.noisy and one.numbers else None,
    )
