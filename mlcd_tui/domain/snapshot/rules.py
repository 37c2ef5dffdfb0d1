"""How exact an answer has to be: for the whole of it, and for its parts by path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from mlcd_tui.domain.snapshot.paths import parse


class NanPolicy(StrEnum):
    """What a NaN means."""

    EQUAL = "equal"
    """NaN where NaN was approved is the same."""
    REJECT = "reject"
    """NaN in an answer always fails, even where it was approved."""
    NULL_IS_NAN = "null_is_nan"
    """As `equal`, and null is another spelling of it: strict encoders write it so."""


class TypePolicy(StrEnum):
    """What it means when 1 became 1.0 or the other way round. Everything else of another type always fails."""

    STRICT = "strict"
    WARN = "warn"
    IGNORE = "ignore"


class Order(StrEnum):
    """How the elements of a list are paired."""

    STRICT = "strict"
    BY_KEY = "by_key"
    """Objects, paired by the value of one of their fields."""
    IGNORE = "ignore"


class TextMode(StrEnum):
    """When two texts are the same."""

    EXACT = "exact"
    WHITESPACE = "whitespace"
    """Runs of white space count as one blank, those at the ends as none."""
    SIMILARITY = "similarity"
    """By the share of common three-character pieces (Dice), at least `minimum`."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """`|answer - approved| <= atol + rtol * |approved|`: the approved value is the measure, never the answer."""

    rtol: float = 0.0
    atol: float = 0.0

    def allowed(self, approved: float) -> float:
        """How far an answer may be from `approved`."""
        return self.atol + self.rtol * abs(approved)


BY_DTYPE: Mapping[str, Tolerance] = MappingProxyType(
    {
        "float16": Tolerance(1e-2, 1e-3),
        "bfloat16": Tolerance(1e-2, 1e-3),
        "float32": Tolerance(1e-5, 1e-6),
        "float64": Tolerance(1e-9, 1e-12),
        "exact": Tolerance(),
    }
)
"""A float32 that went through JSON is already off by 1.5e-8 of itself: less than 1e-6 would only measure encoders."""

OIP_DTYPES: Mapping[str, str] = MappingProxyType(
    {"FP16": "float16", "BF16": "bfloat16", "FP32": "float32", "FP64": "float64"}
)
"""Element types that an answer itself states (Open Inference Protocol), where the plan does not."""


@dataclass(frozen=True, slots=True)
class TextRule:
    """When two texts are the same."""

    mode: TextMode = TextMode.EXACT
    minimum: float = 0.9
    """Of the similarity, 0 to 1."""


@dataclass(frozen=True, slots=True)
class ClassRule:
    """Class probabilities: a list of numbers, an object of label to number, or lists of those.

    Drift beyond the tolerance of numbers is a warning as long as it stays within `max_abs` and `tv`. With neither
    of them the tolerance of numbers alone decides.
    """

    sum_to_1: float | None = 1e-3
    """How far the sum may be from 1; None: scores that need not add up."""
    max_abs: float | None = None
    """Largest change of one probability."""
    tv: float | None = None
    """Largest total variation, `0.5 * Σ|p - q|`."""
    argmax: bool = True
    """The same class has to win."""
    top_k: int = 0
    """The same k classes have to lead, in any order; 0: not asked."""
    tie: float = 1e-6
    """Classes this close to each other may change places."""


@dataclass(frozen=True, slots=True)
class PathRule:
    """What holds for one part of an answer and all below it; None: as around it. Later rules win."""

    path: str
    """`$.outputs[0].data`, `$.items[*].score`, `$..latency`."""
    ignore: bool = False
    tolerance: Tolerance | None = None
    """Holds for integers as well."""
    nan: NanPolicy | None = None
    types: TypePolicy | None = None
    order: Order | None = None
    key: str = ""
    """The field that pairs, with `by_key`."""
    text: TextRule | None = None
    classes: ClassRule | None = None

    def __post_init__(self) -> None:
        """Raises `BadPathError` where the path cannot be understood, so that comparing never does."""
        parse(self.path)


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for a whole answer, and the exceptions."""

    tolerance: Tolerance | None = None
    """Of floating-point numbers; None: by the element type that the answer states, else that of float32. Integers are
    exact unless a path says otherwise."""
    nan: NanPolicy = NanPolicy.EQUAL
    types: TypePolicy = TypePolicy.WARN
    order: Order = Order.STRICT
    key: str = ""
    text: TextRule = field(default_factory=TextRule)
    extra_fields: bool = False
    """Whether an answer may have fields that the approved one has not; they are a warning then."""
    paths: tuple[PathRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds at one place of an answer."""

    tolerance: Tolerance
    nan: NanPolicy
    types: TypePolicy
    order: Order
    key: str
    text: TextRule
    classes: ClassRule | None = None
    ignore: bool = False
    said: bool = False
    """The plan has named the tolerance: it holds before what the answer says of its type."""
    whole: bool = False
    """A path has named it: it holds for integers too."""

    def under(self, rule: PathRule) -> Setting:
        """With a rule laid over it."""
        return replace(
            self,
            tolerance=self.tolerance if rule.tolerance is None else rule.tolerance,
            nan=rule.nan or self.nan,
            types=rule.types or self.types,
            order=rule.order or self.order,
            key=rule.key or self.key,
            text=rule.text or self.text,
            classes=rule.classes or self.classes,
            ignore=self.ignore or rule.ignore,
            said=self.said or rule.tolerance is not None,
            whole=self.whole or rule.tolerance is not None,
        )


def base(rules: Rules) -> Setting:
    """What holds at the root."""
    tolerance = rules.tolerance or BY_DTYPE["float32"]
    said = rules.tolerance is not None
    return Setting(tolerance, rules.nan, rules.types, rules.order, rules.key, rules.text, said=said)
