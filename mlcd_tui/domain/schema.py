"""What goes into a model and what comes out: columns, tensors and JSON Schema in one model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from mlcd_tui.domain.text import Clean

Dim: TypeAlias = int | str | None
"""One dimension of a shape: a fixed size, a symbol (`batch`), or free (None)."""

Literal: TypeAlias = str | int | float | bool | tuple[Any, ...] | Mapping[str, Any] | None
"""A JSON value as a package declares it (defaults, enumerations)."""

_SIGNED = ("int8", "int16", "int32", "int64")
_UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
_FLOATS = ("float8", "float16", "bfloat16", "float32", "float64", "complex64", "complex128")
_OTHERS = ("bool", "string", "bytes", "text", "datetime", "object", "array", "map", "any", "json")
DTYPES = frozenset({*_SIGNED, *_UNSIGNED, *_FLOATS, *_OTHERS})
"""Canonical element types. `text` is a string-or-bytes that the format does not tell apart (OIP `BYTES`); `json` is a
value that a JSON Schema describes."""


class SchemaKind(StrEnum):
    """In which terms a side of the signature is written."""

    NONE = "none"
    """Not recorded: every comparison with it is unknown."""
    COLUMNS = "columns"
    """Named or positional columns of a table."""
    TENSORS = "tensors"
    JSON = "json"
    """A JSON Schema of the whole request, answer or parameter object."""
    MODALITY = "modality"
    """Only the kinds of media (text, image …) are recorded."""


class Extras(StrEnum):
    """What the serving side does with inputs that the schema does not name."""

    IGNORE = "ignore"
    REJECT = "reject"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Field:
    """One input, output or parameter."""

    name: Clean
    """Empty: known by its place only."""
    dtype: str
    """One of `DTYPES`."""
    raw: Clean = Clean("")
    """The type as the format writes it (`long`, `FP32`, `TYPE_STRING`), for the eye."""
    shape: tuple[Dim, ...] | None = None
    """None: rank unknown, or no tensor. (): scalar."""
    required: bool = True
    nullable: bool | None = None
    """Whether null is accepted; None: not stated."""
    has_default: bool = False
    default: Literal = None
    choices: tuple[Literal, ...] | None = None
    """The only values allowed; None: any."""
    minimum: float | None = None
    maximum: float | None = None
    children: tuple[Field, ...] = ()
    """Properties of an object, or the one element type of an array or map."""
    doc: Clean = Clean("")


@dataclass(frozen=True, slots=True)
class Schema:
    """One side of a signature."""

    kind: SchemaKind = SchemaKind.NONE
    fields: tuple[Field, ...] = ()
    """In order. For JSON: the properties of the top-level object, for the eye only; `document` decides."""
    named: bool = True
    """Callers bind by name; False: by position."""
    extras: Extras = Extras.UNKNOWN
    document: Any = None
    """JSON only: the JSON Schema (dict or bool); local references resolve against `root`. Raw: never shown unclean."""
    root: Mapping[str, Any] = field(default_factory=dict)
    """JSON only: the document that `#/…` references point into, where it is not `document` itself (an OpenAPI file)."""
    dialect: str = ""
    """JSON only: `openapi-3.0` (nullable, boolean exclusiveMinimum), `draft-7`, or `2020-12` (also OpenAPI 3.1)."""
    modalities: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One thing that callers may ask of a model: the common case is a single one, `predict`."""

    name: Clean = Clean("predict")
    route: Clean = Clean("")
    inputs: Schema = field(default_factory=Schema)
    outputs: Schema = field(default_factory=Schema)
    params: Schema = field(default_factory=Schema)
    coerce: str = "none"
    """How the serving side casts what is sent: `mlflow` (safe casts only), `json` (numbers by the schema), `none`."""
    max_batch: int | None = None
    """Largest batch; 0: no batching; None: not stated."""
    source: int = 0
    """Index into the package's sources."""

    @property
    def declared(self) -> bool:
        """Whether any input or output is recorded."""
        return self.inputs.kind is not SchemaKind.NONE or self.outputs.kind is not SchemaKind.NONE
