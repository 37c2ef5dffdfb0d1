"""The part of a plan that says how snapshots are taken and compared."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from mlcd_tui.checks.plan_model import BesidePlan, Bytes, Part, Seconds, ServingPart
from mlcd_tui.domain.snapshot import (
    BY_DTYPE,
    BadPathError,
    ClassRule,
    NanPolicy,
    Order,
    PathRule,
    Rules,
    TextMode,
    TextRule,
    Tolerance,
    TypePolicy,
)

Method = Literal["GET", "POST", "PUT", "DELETE", "PATCH"]
Route = Annotated[str, StringConstraints(pattern=r"^/[^\s#]*$", max_length=500)]
Headers = dict[
    Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$", max_length=100)],
    Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]*$", max_length=2000)],
]
_Share = Annotated[float, Field(ge=0, le=1)]
_Distance = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _TolerancePart(Part):
    """How far numbers may be off: by a type, or by both `rtol` and `atol`."""

    dtype: Literal["float16", "bfloat16", "float32", "float64", "exact"] | None = None
    """Element type of the model's numbers; stands for a usual pair of `rtol` and `atol`."""
    rtol: _Distance | None = None
    """Allowed distance as a share of the approved value."""
    atol: _Distance | None = None
    """Allowed distance beside it, for values near nothing."""

    @model_validator(mode="after")
    def _whole(self) -> _TolerancePart:
        if (self.rtol is None) != (self.atol is None):
            raise ValueError("write both rtol and atol: a hidden default of either decides too much")
        if self.dtype is not None and self.rtol is not None:
            raise ValueError("write either dtype, or rtol and atol")
        return self

    def tolerance(self) -> Tolerance | None:
        """As the comparison takes it."""
        if self.dtype is not None:
            return BY_DTYPE[self.dtype]
        return None if self.rtol is None or self.atol is None else Tolerance(self.rtol, self.atol)


class TextPart(Part):
    """When two texts are the same."""

    mode: TextMode = TextMode.EXACT
    minimum: _Share = 0.9
    """Of the similarity."""

    def rule(self) -> TextRule:
        """As the comparison takes it."""
        return TextRule(self.mode, self.minimum)


class ClassesPart(Part):
    """Class probabilities; drift within `max_abs` and `tv` is a warning."""

    sum_to_1: _Distance | None = 1e-3
    """How far the sum may be from 1; null: scores that need not add up."""
    max_abs: _Share | None = None
    """Largest change of one probability."""
    tv: _Share | None = None
    """Largest total variation."""
    argmax: bool = True
    """The same class has to win."""
    top_k: Annotated[int, Field(ge=0, le=1000)] = 0
    """The same k classes have to lead, in any order."""
    tie: _Share = 1e-6
    """Classes this close may change places."""

    def rule(self) -> ClassRule:
        """As the comparison takes it."""
        return ClassRule(**self.model_dump())


class PathPart(_TolerancePart):
    """What holds for one part of an answer and all below it."""

    path: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    """`$.outputs[0].data`, `$.items[*].score`, `$..latency_ms`."""
    ignore: bool = False
    nan: NanPolicy | None = None
    types: TypePolicy | None = None
    order: Order | None = None
    key: str = ""
    """The field that pairs elements, with `order: by_key`."""
    text: TextPart | None = None
    classes: ClassesPart | None = None

    @model_validator(mode="after")
    def _understood(self) -> PathPart:
        if self.order is Order.BY_KEY and not self.key:
            raise ValueError("order: by_key needs a key")
        self.rule()
        return self

    def rule(self) -> PathRule:
        """As the comparison takes it."""
        try:
            return PathRule(
                self.path,
                ignore=self.ignore,
                tolerance=self.tolerance(),
                nan=self.nan,
                types=self.types,
                order=self.order,
                key=self.key,
                text=self.text.rule() if self.text else None,
                classes=self.classes.rule() if self.classes else None,
            )
        except BadPathError as error:
            raise ValueError(str(error)) from error


class ComparePart(_TolerancePart):
    """How exact answers have to be."""

    nan: NanPolicy = NanPolicy.EQUAL
    """`equal`: NaN is NaN; `reject`: never; `null_is_nan`: null too."""
    types: TypePolicy = TypePolicy.WARN
    """What it means when 1 became 1.0: `strict`, `warn`, `ignore`."""
    order: Order = Order.STRICT
    """Of list elements: `strict`, `by_key`, `ignore`."""
    key: str = ""
    """The field that pairs elements, with `order: by_key`."""
    text: TextPart = Field(default_factory=TextPart)
    extra_fields: bool = False
    """Whether new fields in an answer are only a warning."""
    ignore: tuple[str, ...] = Field(default=(), max_length=200)
    """Paths that are not compared, such as `$..latency_ms`."""
    paths: tuple[PathPart, ...] = Field(default=(), max_length=200)

    @model_validator(mode="after")
    def _understood(self) -> ComparePart:
        if self.order is Order.BY_KEY and not self.key:
            raise ValueError("order: by_key needs a key")
        self.rules()
        return self

    def rules(self) -> Rules:
        """As the comparison takes them."""
        try:
            ignored = tuple(PathRule(path, ignore=True) for path in self.ignore)
        except BadPathError as error:
            raise ValueError(str(error)) from error
        return Rules(
            tolerance=self.tolerance(),
            nan=self.nan,
            types=self.types,
            order=self.order,
            key=self.key,
            text=self.text.rule(),
            extra_fields=self.extra_fields,
            paths=(*(part.rule() for part in self.paths), *ignored),
        )


class RequestPart(Part):
    """How a case is sent; a case's own `.case.json` overrides it."""

    method: Method = "POST"
    path: Route = "/predict"
    headers: Headers = Field(default_factory=dict)
    status: Annotated[int, Field(ge=100, le=599)] = 200
    """The status that the answer has to have."""


class SnapshotPart(ServingPart):
    """Answers to given inputs, beside the approved ones."""

    kind: Literal["snapshot"]
    cases: BesidePlan
    """Folder of the cases: `<case>.request.json` (or `.bin`) and `<case>.approved.json` (or `.txt`, `.bin`)."""
    request: RequestPart = Field(default_factory=RequestPart)
    repeat: Annotated[int, Field(ge=1, le=100)] = 3
    """How often each input is sent, to learn whether the model agrees with itself."""
    answer_within: Seconds = 10.0
    """Time for one answer."""
    answer_size: Bytes = 16 << 20
    """Most bytes of one answer."""
    min_cases: Annotated[int, Field(ge=1, le=10_000)] = 1
    """Fewer cases than this are an error."""
    compare: ComparePart = Field(default_factory=ComparePart)
