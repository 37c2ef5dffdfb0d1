"""From counts to a verdict. Too few pairs are never a pass; what is certain needs no number of pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlcd_tui.domain.comparison.fields import Base, FieldCount, drift
from mlcd_tui.domain.comparison.intervals import excess_high, mcnemar, share
from mlcd_tui.domain.comparison.latency import MOST
from mlcd_tui.domain.comparison.limits import Limits
from mlcd_tui.domain.comparison.report import (
    ComparisonReport,
    ComparisonVerdict,
    FieldDrift,
    FieldJudgement,
    LatencyDelta,
    Share,
    Tail,
)
from mlcd_tui.domain.comparison.wording import latency_words, percent, share_words, slow_words, tail_words
from mlcd_tui.domain.text import Clean, clean

_MOST_FIELDS = 50
_SLOW = 0.01
"""Share of requests that may be slower by more than the limit, beyond those that are faster by as much."""
_SLOW_SHOWN = 0.05
"""What the upper end of that share has to be below, for the shadow to be called as fast."""
_SLOW_ALPHA = 0.025
_SLOW_LOOKS = 3
"""At those that are apart by more than the limit, and at both tails: among ever so many that are apart by chance, the
few that are much slower would not stand out."""
_ORDER = (
    FieldJudgement.BROKEN,
    FieldJudgement.DIFFERENT,
    FieldJudgement.UNDECIDED,
    FieldJudgement.BLIND,
    FieldJudgement.WITHIN,
    FieldJudgement.NOISE,
)


@dataclass(frozen=True, slots=True)
class _Standing:
    """All that a verdict is made of."""

    tally: Tally
    limits: Limits
    fields: tuple[FieldDrift, ...]
    mismatch: Share
    excess: Share
    latency: LatencyDelta | None

    def having(self, judgement: FieldJudgement) -> tuple[FieldDrift, ...]:
        return tuple(one for one in self.fields if one.judgement is judgement)

    @property
    def latency_limit(self) -> float | None:
        if self.latency is None:
            return None
        return self.limits.latency(self.latency.production[0][1])

    @property
    def slower(self) -> bool:
        limit = self.latency_limit
        at_times = self.slower_at_times is not None
        return self.latency is not None and limit is not None and (self.latency.low > limit or at_times)

    @property
    def slower_at_times(self) -> Tail | None:
        """The requests that take longer. Were both as fast, either side would be the slower one as often."""
        latency, limit = self.latency, self.latency_limit
        if latency is None or limit is None:
            return None
        least = _SLOW * _timed(latency)
        for one in (Tail(limit, latency.slower, latency.faster), *latency.tails):
            if one.slower - one.faster > least and mcnemar(one.slower, one.faster) <= _SLOW_ALPHA / _SLOW_LOOKS:
                return one
        return None

    @property
    def times(self) -> str:
        """What is known of how long they take."""
        tail = self.slower_at_times
        if self.latency is None or tail is None:
            return latency_words(self.latency)
        return f"{tail_words(self.latency, tail)}; {latency_words(self.latency)}"


@dataclass(slots=True)
class Tally:
    """Counts over all pairs."""

    offered: int = 0
    pairs: int = 0
    twice: int = 0
    mismatch: int = 0
    noisy: int = 0
    agreed: int = 0
    agrees_with_itself: int = 0
    schema_breaks: int = 0
    status_differs: int = 0
    failed: int = 0
    production_failed: int = 0
    truncated: int = 0
    unrecorded: int = 0
    blank: int = 0
    duplicates: int = 0
    disagreeing: int = 0
    production_alone: int = 0
    shadow_alone: int = 0
    copied: float = 1.0

    @property
    def coverage(self) -> float:
        """Compared pairs as a share of what should have been there."""
        expected = max((self.offered + self.production_alone) * self.copied, self.offered) + self.shadow_alone
        return min(self.pairs / expected, 1.0) if expected else 0.0


def report_of(
    tally: Tally,
    limits: Limits,
    counts: Sequence[FieldCount],
    signatures: Mapping[frozenset[str], int],
    latency: LatencyDelta | None,
) -> ComparisonReport:
    """The report, without its examples and what it was measured on."""
    noisy = frozenset(one.path for one in counts if one.noisy)
    base = Base(tally.pairs, tally.twice, limits.max_mismatch, len(noisy))
    told = [one for one in counts if one.off or one.noisy]
    fields = sorted(
        (drift(one, base) for one in told),
        key=lambda one: (_ORDER.index(one.judgement), -one.differs.count, one.path),
    )
    beyond = sum(count for paths, count in signatures.items() if not paths <= noisy)
    mismatch = share(tally.mismatch, tally.pairs)
    standing = _Standing(tally, limits, tuple(fields), mismatch, share(beyond, tally.pairs), latency)
    verdict, why = _verdict(standing)
    return ComparisonReport(
        verdict=verdict,
        sentence=clean(why),
        pairs=tally.pairs,
        mismatch=mismatch,
        noise=share(tally.noisy, tally.twice) if tally.twice else None,
        schema_breaks=tally.schema_breaks,
        status_differs=tally.status_differs,
        failed=tally.failed,
        unpaired=tally.production_alone + tally.shadow_alone,
        duplicates=tally.duplicates,
        truncated=tally.truncated,
        fields=tuple(fields[:_MOST_FIELDS]),
        latency=latency,
        excess=standing.excess,
        coverage=tally.coverage,
        production_failed=tally.production_failed,
        disagreeing=tally.disagreeing,
        unrecorded=tally.unrecorded,
        blank=tally.blank,
        warnings=_warnings(standing),
        max_mismatch=limits.max_mismatch,
        latency_limit_ms=standing.latency_limit,
        needed=limits.needed,
    )


def _verdict(standing: _Standing) -> tuple[ComparisonVerdict, str]:
    counted = _counted(standing)
    if broken := standing.having(FieldJudgement.BROKEN):
        return ComparisonVerdict.BROKEN, f"{_name(broken[0])} {broken[0].why}{_more(broken)}; {counted}"
    off = standing.having(FieldJudgement.DIFFERENT)
    if off or standing.excess.low > standing.limits.max_mismatch:
        where = f"{_name(off[0])}{_why(off[0])}{_more(off)}; " if off else ""
        slower = f"; slower as well, {standing.times}" if standing.slower else ""
        return ComparisonVerdict.DIFFERENT, f"{where}{counted}{slower}"
    if standing.slower:
        limit = standing.latency_limit
        return ComparisonVerdict.SLOWER, f"{standing.times}, {limit:.3g} ms is let pass; {counted}"
    missing = _missing(standing)
    if missing:
        return ComparisonVerdict.NOT_ENOUGH, f"{'; '.join(missing)}; {counted}"
    timed = latency_words(standing.latency) if standing.latency else "latency was not recorded"
    return ComparisonVerdict.EQUAL, f"{counted}; {timed}"


def _counted(standing: _Standing) -> str:
    tally = standing.tally
    if not tally.pairs:
        return "no pair was compared"
    words = f"{share_words(standing.mismatch)} answers differ"
    if tally.twice:
        words += f", production differs from itself in {tally.noisy:,} of {tally.twice:,}"
    if standing.excess.count != standing.mismatch.count:
        words += f", {share_words(standing.excess)} differ where it never does"
    return f"{words}; {percent(standing.limits.max_mismatch)} is let pass"


def _missing(standing: _Standing) -> list[str]:
    """What keeps the pairs from being called equal."""
    tally, limits = standing.tally, standing.limits
    known = tally.pairs - tally.unrecorded - tally.blank
    found = []
    if tally.blank and not known:
        found.append("both refused every request or answered with nothing: no output was compared")
    elif tally.pairs and not known:
        found.append("no answers were recorded, only status and time")
    elif known < limits.needed:
        found.append(f"{known:,} pairs, at least {limits.needed:,} are needed")
    if tally.pairs and tally.coverage < limits.coverage:
        found.append(f"only {tally.coverage:.1%} of the expected pairs are there, {limits.coverage:.0%} are needed")
    if tally.twice and not tally.agrees_with_itself and known:
        found.append("production never agrees with itself: fix a seed, or compare only what is determined")
    undecided = standing.having(FieldJudgement.UNDECIDED)
    if undecided:
        found.append(f"{_name(undecided[0])} cannot be told yet{_why(undecided[0])}{_more(undecided)}")
    elif standing.excess.high > limits.max_mismatch and known >= limits.needed:
        found.append(f"up to {percent(standing.excess.high)} may differ by these pairs")
    limit = standing.latency_limit
    if standing.latency is not None and limit is not None and standing.latency.high > limit:
        found.append(f"whether it is slower cannot be told yet: {latency_words(standing.latency)}")
    elif standing.latency is not None and limit is not None and _may_be_slow(standing.latency, limits):
        found.append(f"whether some requests are slower cannot be told yet: {slow_words(standing.latency, limit)}")
    return found


def _timed(latency: LatencyDelta) -> int:
    """Pairs that are counted in `slower` and `faster`: a sample where there are very many."""
    return min(latency.pairs, MOST)


def _may_be_slow(latency: LatencyDelta, limits: Limits) -> bool:
    most = max(_SLOW_SHOWN, limits.max_mismatch)  # who lets more answers differ needs fewer pairs
    return excess_high(latency.slower, latency.faster, _timed(latency)) > most


def _warnings(standing: _Standing) -> tuple[Clean, ...]:
    tally = standing.tally
    told = []
    if not tally.twice and tally.mismatch:
        told.append("the noise floor was not measured: differences may be production's own; ask it twice")
    if standing.limits.latency_ms is None and standing.latency is not None:
        told.append("no latency limit was given: a tenth of production's median, at least 5 ms, is let pass")
    told += [f"{_name(one)} is not judged: {one.why}" for one in standing.having(FieldJudgement.BLIND)[:5]]
    told += [
        f"{_name(one)}: production itself moves by up to {one.proposed_atol:.3g}; as a tolerance that would have to be "
        f"written into the rules (atol)"
        for one in standing.having(FieldJudgement.NOISE)[:5]
        if one.proposed_atol
    ]
    if tally.production_failed:
        told.append(f"{tally.production_failed:,} requests were left out: production failed them itself")
    if tally.blank:
        told.append(f"both refused {tally.blank:,} requests or answered them with nothing: no outputs to compare")
    if tally.truncated:
        told.append(f"both answers of {tally.truncated:,} requests are too large to be kept and were not compared")
    if tally.disagreeing:
        told.append(f"{tally.disagreeing:,} answers of one id belong to different requests and were not paired")
    return tuple(clean(one, limit=500) for one in told)


def _name(one: FieldDrift) -> str:
    return f"{one.name} ({one.path})" if one.name else str(one.path)


def _why(one: FieldDrift) -> str:
    """The numbers of a field where they are not those of all answers anyway."""
    return f": {one.why}" if one.noise is not None and one.noise.count else ""


def _more(fields: Sequence[FieldDrift]) -> str:
    more = len(fields) - 1
    return f" (and {more} more {'field' if more == 1 else 'fields'})" if more > 0 else ""
