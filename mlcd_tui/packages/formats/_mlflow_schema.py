"""MLflow's column and tensor specifications, as they stand in signatures and in datasets of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.schema import Extras, Field, Schema, SchemaKind
from mlcd_tui.domain.text import Clean
from mlcd_tui.packages.reading.dimensions import numpy_dtype, shape_of
from mlcd_tui.packages.reading.fields import Notes, literal
from mlcd_tui.packages.reading.json import load_json_text

_DEPTH = 32
_MOST_FIELDS = 20_000
_COLUMN_TYPES = {
    "boolean": "bool",
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "string": "string",
    "binary": "bytes",
    "datetime": "datetime",
    "array": "array",
    "object": "object",
    "map": "map",
    "any": "any",
}


def side(value: Any, where: str, notes: Notes) -> Schema:
    """Inputs or outputs: a list of column or tensor specifications, mostly as JSON within a text."""
    items = _items(value, where, notes)
    if not items:
        return Schema()
    tensors = any("tensor-spec" in item for item in items)
    fields = tuple(
        _tensor(item, f"{where}[{index}]", notes)
        if "tensor-spec" in item
        else _column(item, f"{where}[{index}]", notes, _DEPTH)
        for index, item in enumerate(items)
    )
    return Schema(
        SchemaKind.TENSORS if tensors else SchemaKind.COLUMNS,
        fields,
        named=all(item.name for item in fields),
        extras=Extras.IGNORE,
    )


def parameters(value: Any, where: str, notes: Notes) -> Schema:
    """What callers may set beside the inputs; every parameter has a default."""
    fields: list[Field] = []
    for index, item in enumerate(_items(value, where, notes)):
        place = f"{where}[{index}]"
        column = _column(item, place, notes, _DEPTH)
        has_default = "default" in item
        fields.append(
            Field(
                column.name,
                column.dtype,
                column.raw,
                shape_of(item.get("shape"), f"{place}.shape", notes),
                required=not has_default,
                has_default=has_default,
                default=literal(item.get("default")),
                children=column.children,
            )
        )
    return Schema(SchemaKind.COLUMNS, tuple(fields), extras=Extras.IGNORE) if fields else Schema()


def inner_json(value: Any, where: str, notes: Notes) -> Any:
    """JSON that is written as text within a document; None, with a warning, where it is none."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        return load_json_text(value, f"{notes.where}: {where}")
    except Unreadable as failure:
        notes.warn(where, f"is not used: {failure.sentence.rstrip('.')}")
        return None


def _items(value: Any, where: str, notes: Notes) -> tuple[Mapping[str, Any], ...]:
    found = inner_json(value, where, notes)
    if isinstance(found, list) and len(found) > _MOST_FIELDS:
        notes.warn(where, f"has {len(found):,} entries, more than the {_MOST_FIELDS:,} that are read; none is used")
        return ()  # a part of a schema would be compared as if it were the whole
    return notes.mappings(found, where, most=_MOST_FIELDS)


def _column(item: Mapping[str, Any], where: str, notes: Notes, depth: int) -> Field:
    raw = notes.text(item.get("type"), f"{where}.type", limit=60)
    dtype = _COLUMN_TYPES.get(raw.lower())
    if dtype is None:
        # Old versions wrote the numpy names of parameters.
        dtype = numpy_dtype(raw)
    if dtype is None:
        notes.warn(f"{where}.type", f"is “{raw}”, which is no type of MLflow's" if raw else "is missing")
    required = notes.boolean(item.get("required"), f"{where}.required")
    return Field(
        notes.text(item.get("name"), f"{where}.name", limit=500),
        dtype or "any",
        raw,
        required=required is not False,
        children=_children(item, dtype or "any", where, notes, depth),
    )


def _children(item: Mapping[str, Any], dtype: str, where: str, notes: Notes, depth: int) -> tuple[Field, ...]:
    if depth == 0:
        notes.warn(where, f"is nested deeper than {_DEPTH}, the rest is left out")
        return ()
    if dtype == "object":
        found: list[Field] = []
        for name, value in notes.mapping(item.get("properties"), f"{where}.properties").items():
            place = f"{where}.properties.{name}"
            inner = notes.mapping(value, place)
            found.append(_column({**inner, "name": name}, place, notes, depth - 1))
        return tuple(found)
    held = {"array": "items", "map": "values"}.get(dtype)
    if held is None or held not in item:
        return ()
    inner = notes.mapping(item[held], f"{where}.{held}")
    return (_column(inner, f"{where}.{held}", notes, depth - 1),)


def _tensor(item: Mapping[str, Any], where: str, notes: Notes) -> Field:
    spec = notes.mapping(item.get("tensor-spec"), f"{where}.tensor-spec")
    raw = notes.text(spec.get("dtype"), f"{where}.tensor-spec.dtype", limit=60)
    dtype = numpy_dtype(raw) if raw else None
    if dtype is None:
        notes.warn(f"{where}.tensor-spec.dtype", f"is “{raw}”, which is not known" if raw else "is missing")
    required = notes.boolean(item.get("required"), f"{where}.required")
    return Field(
        notes.text(item.get("name"), f"{where}.name", limit=500) or Clean(""),
        dtype or "any",
        raw,
        shape_of(spec.get("shape"), f"{where}.tensor-spec.shape", notes),
        required=required is not False,
    )
