"""What a comparison found: how often the answers differ, by how much, and whether that is more than noise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mlcd_tui.domain.comparison.pair import Pair
from mlcd_tui.domain.snapshot import Comparison
from mlcd_tui.domain.text import Clean


class ComparisonVerdict(StrEnum):
    """What the pairs say. Too few pairs are never a pass."""

    EQUAL = "equal within limits"
    DIFFERENT = "different"
    SLOWER = "slower"
    BROKEN = "answers break the schema"
    NOT_ENOUGH = "not enough data"


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `total`, with its 95 % interval (Clopper and Pearson, exact)."""

    count: int
    total: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """0 to 1; 0 of nothing is 0."""
        return self.count / self.total if self.total else 0.0


class FieldJudgement(StrEnum):
    """What the pairs say of one field."""

    WITHIN = "within limits"
    NOISE = "as noisy as production"
    """It differs no more than production from itself."""
    BLIND = "not judged"
    """Production does not agree with itself there, so nothing can be told."""
    UNDECIDED = "not decided"
    DIFFERENT = "different"
    BROKEN = "breaks the schema"


@dataclass(frozen=True, slots=True)
class FieldDrift:
    """How one output of the answers moved, over all pairs."""

    path: Clean
    """As the snapshot comparer writes it: `$.predictions[*].score`."""
    differs: Share
    """Pairs in which it is outside its tolerance."""
    noise: Share | None = None
    """The same, production against itself; None: not measured."""
    mean_shift: float | None = None
    """Mean of shadow minus production; None: no numbers."""
    worst: float | None = None
    """Largest distance; None: no numbers."""
    name: Clean = Clean("")
    """Name of the tensor that the path leads into; empty: the path says it all."""
    breaks: int = 0
    """Pairs in which it breaks the schema: missing, new, of another type or shape."""
    judgement: FieldJudgement = FieldJudgement.WITHIN
    why: Clean = Clean("")
    """What the judgement is made of, in numbers."""
    proposed_atol: float | None = None
    """Tolerance that would cover 999 of 1,000 of production's own differences. Proposed, never applied."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The pairs whose times are farthest apart, whoever was the slower one."""

    ms: float
    """They are apart by that much at least."""
    slower: int
    """Pairs in which the shadow took that much longer."""
    faster: int


@dataclass(frozen=True, slots=True)
class LatencyDelta:
    """Shadow minus production in milliseconds, over pairs that both were timed; ms."""

    pairs: int
    median: float
    low: float
    high: float
    """95 % interval of the median (sign test, exact)."""
    production: tuple[tuple[float, float], ...]
    """Quantile and its milliseconds."""
    shadow: tuple[tuple[float, float], ...]
    slower: int = 0
    """Pairs in which the shadow took longer by more than the limit: a median does not see what happens to a few."""
    faster: int = 0
    """Those in which production did."""
    tails: tuple[Tail, ...] = ()
    """The tenth and the fiftieth part that are farthest apart, where that is farther than the limit."""


@dataclass(frozen=True, slots=True)
class Example:
    """One of the worst pairs, to be opened."""

    pair: Pair
    comparison: Comparison
    why: Clean
    """`score 0.91 → 0.34, tolerance 0.001`."""


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    """The whole result, with what it was measured on."""

    verdict: ComparisonVerdict
    sentence: Clean
    """The verdict with its numbers."""
    pairs: int
    """Compared. Those left out are counted below."""
    mismatch: Share
    noise: Share | None = None
    """Production against itself, by the same rules; None: not measured."""
    schema_breaks: int = 0
    status_differs: int = 0
    failed: int = 0
    """The shadow gave no answer or an error where production answered."""
    unpaired: int = 0
    """Only one side is there."""
    duplicates: int = 0
    truncated: int = 0
    fields: tuple[FieldDrift, ...] = ()
    """The one that differs most often first."""
    latency: LatencyDelta | None = None
    examples: tuple[Example, ...] = ()
    """The worst first, bounded."""
    production_digest: Clean = Clean("")
    shadow_digest: Clean = Clean("")
    source: Clean = Clean("")
    """`replay of 2,000 requests from requests.jsonl`, `recorded pairs from payloads.jsonl`."""
    rules_digest: Clean = Clean("")
    at: datetime | None = None
    complete: bool = True
    """False: cancelled, or the source ended early; what was compared until then is told."""
    excess: Share | None = None
    """Pairs that differ where production agrees with itself, or by more than it ever does from itself: what the
    verdict is made of. Without a noise floor the same as `mismatch`."""
    coverage: float = 1.0
    """Compared pairs as a share of those that should have been there."""
    production_failed: int = 0
    """Production gave no answer or an error: nothing to hold the shadow against."""
    disagreeing: int = 0
    """Answers of one id to different requests: never paired."""
    unrecorded: int = 0
    """Pairs of which only status and time are known."""
    warnings: tuple[Clean, ...] = ()
    """What is worth knowing before the verdict is believed."""
    max_mismatch: float = 0.005
    latency_limit_ms: float | None = None
    """The limit that was applied; None: no pair was timed."""
    needed: int = 0
    """Pairs below which nothing is ever equal."""
    blank: int = 0
    """Pairs in which both refused or answered with nothing: they agree, and say nothing of the outputs."""
    subject: Clean = Clean("")
    """The rollout, `namespace/name`; empty: two addresses or files."""
