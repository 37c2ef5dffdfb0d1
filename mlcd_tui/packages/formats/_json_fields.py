"""The fields of a JSON Schema, for the eye: the schema itself stays beside them and decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlcd_tui.domain.schema import Extras, Field, Schema, SchemaKind
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.reading.fields import literal

_MOST_FIELDS = 2_000
"""Fields drawn of one schema: references that refer to many others each grow without end."""
_DEEPEST = 8
_MOST_CHOICES = 100
_TYPES = {
    "boolean": "bool",
    "integer": "int64",
    "number": "float64",
    "string": "string",
    "array": "array",
    "object": "object",
}
_FORMATS = {
    "date-time": "datetime",
    "binary": "bytes",
    "byte": "bytes",
    "int32": "int32",
    "int64": "int64",
    "float": "float32",
    "double": "float64",
}
_COMBINED = ("anyOf", "oneOf", "allOf", "not", "if")


def json_schema(
    document: object, *, dialect: str, root: Mapping[str, Any] | None = None, extras: Extras = Extras.UNKNOWN
) -> Schema:
    """One side of a signature from a JSON Schema; what is no schema is not recorded.

    Args:
        document: the schema.
        dialect: `openapi-3.0`, `draft-7` or `2020-12`.
        root: what `#/…` references point into, where it is not the document.
        extras: what becomes of inputs that it does not name, where `additionalProperties` does not say.
    """
    if not isinstance(document, Mapping | bool):
        return Schema()
    drawer = _Drawer(root or (document if isinstance(document, Mapping) else {}))
    resolved, _ = drawer.resolved(document, ())
    if resolved.get("additionalProperties") is False:
        extras = Extras.REJECT
    return Schema(
        kind=SchemaKind.JSON,
        fields=drawer.top(document),
        extras=extras,
        document=document,
        root=root or {},
        dialect=dialect,
    )


def reachable(schema: object, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parts of a document that a schema's references lead to: what must be kept beside the schema."""
    kept: dict[str, Any] = {}
    waiting, seen = [schema], set[tuple[str, ...]]()
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, Mapping):
            pointer = value.get("$ref")
            waiting.extend(value.values())
            steps = _steps(pointer) if isinstance(pointer, str) else ()
            if steps and steps not in seen:
                seen.add(steps)
                waiting.append(_keep(kept, document, steps))
    return kept


def _keep(kept: dict[str, Any], document: Any, steps: tuple[str, ...]) -> Any:
    """Copies what lies at the end of the steps; the value there, None where they lead nowhere or it is kept already."""
    for step in steps[:-1]:
        document = document.get(step) if isinstance(document, Mapping) else None
        inner = kept.setdefault(step, {})
        if inner is document or not isinstance(inner, dict):
            return None
        kept = inner
    if not isinstance(document, Mapping) or steps[-1] not in document:
        return None
    kept[steps[-1]] = document[steps[-1]]
    return document[steps[-1]]


def _steps(pointer: str) -> tuple[str, ...]:
    """Of a reference into the same document; none for any other."""
    if not pointer.startswith("#/"):
        return ()
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer[2:].split("/"))


@dataclass(slots=True)
class _Drawer:
    """Draws fields until there are enough."""

    root: Mapping[str, Any]
    drawn: int = 0

    def resolved(self, schema: object, seen: tuple[str, ...]) -> tuple[Mapping[str, Any], tuple[str, ...]]:
        """The schema behind local references; empty where one leads nowhere or in a circle."""
        while isinstance(schema, Mapping) and isinstance(pointer := schema.get("$ref"), str):
            if pointer in seen or len(seen) > 2 * _DEEPEST:
                return {}, seen
            seen = (*seen, pointer)
            schema = self._target(pointer)
        return (schema if isinstance(schema, Mapping) else {}), seen

    def _target(self, pointer: str) -> object:
        steps = _steps(pointer)
        target: object = self.root if steps or pointer == "#" else None  # nothing is ever fetched
        for step in steps:
            target = target.get(step) if isinstance(target, Mapping) else None
        return target

    def top(self, schema: object) -> tuple[Field, ...]:
        """The properties of an object; what is none is one field without a name."""
        whole = self.field("", schema, (), 0, required=True)
        return whole.children if whole.dtype in ("object", "any") else (whole,)

    def properties(self, schema: object, seen: tuple[str, ...], depth: int) -> tuple[Field, ...]:
        found, seen = self.resolved(schema, seen)
        properties = found.get("properties")
        if not isinstance(properties, Mapping):
            return ()
        stated = found.get("required")
        required = {name for name in stated if isinstance(name, str)} if isinstance(stated, list) else set()
        ordered = sorted(properties.items(), key=_order)
        return tuple(
            self.field(str(name), item, seen, depth, required=name in required)
            for name, item in ordered[: max(_MOST_FIELDS - self.drawn, 0)]
        )

    def field(self, name: str, schema: object, seen: tuple[str, ...], depth: int, *, required: bool) -> Field:
        self.drawn += 1
        found, seen = self.resolved(schema, seen)
        found, nullable = _without_null(found)
        found, seen = self.resolved(found, seen)
        dtype = _dtype(found)
        enum = found.get("enum", [found["const"]] if "const" in found else None)
        return Field(
            name=clean(name),
            dtype=dtype,
            raw=clean(
                " ".join(str(found[key]) for key in ("type", "format", "dtype") if isinstance(found.get(key), str))
            ),
            required=required,
            nullable=nullable,
            has_default="default" in found,
            default=literal(found.get("default")),
            choices=tuple(literal(item) for item in enum[:_MOST_CHOICES]) if isinstance(enum, list) else None,
            minimum=_bound(found, "minimum", "exclusiveMinimum"),
            maximum=_bound(found, "maximum", "exclusiveMaximum"),
            children=self._children(found, dtype, seen, depth + 1),
            doc=clean(found.get("description")) if isinstance(found.get("description"), str) else clean(""),
        )

    def _children(self, found: Mapping[str, Any], dtype: str, seen: tuple[str, ...], depth: int) -> tuple[Field, ...]:
        if depth >= _DEEPEST or self.drawn >= _MOST_FIELDS:
            return ()
        inner = (
            found.get("items") if dtype == "array" else found.get("additionalProperties") if dtype == "map" else None
        )
        if isinstance(inner, Mapping):
            return (self.field("", inner, seen, depth, required=True),)
        return self.properties(found, seen, depth) if dtype == "object" else ()


def _order(item: tuple[str, Any]) -> float:
    """Properties keep their order, but where an order is written into them."""
    order = item[1].get("x-order") if isinstance(item[1], Mapping) else None
    return float(order) if isinstance(order, int | float) and abs(order) < 1e9 else 0.0


def _without_null(schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """The schema without its null, and whether it had one."""
    types = schema.get("type")
    if isinstance(types, list):
        others = [one for one in types if one != "null"]
        return {**schema, "type": others[0] if len(others) == 1 else others}, "null" in types
    for word in ("anyOf", "oneOf"):
        branches = schema.get(word)
        if isinstance(branches, list):
            others = [one for one in branches if not (isinstance(one, Mapping) and one.get("type") == "null")]
            if len(others) < len(branches):
                rest = {key: value for key, value in schema.items() if key != word}
                single = others[0] if len(others) == 1 and isinstance(others[0], Mapping) else {word: others}
                return {**rest, **single}, True
    return schema, schema.get("nullable") is True


def _dtype(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if not isinstance(kind, str):
        if isinstance(schema.get("properties"), Mapping):
            return "object"
        return "json" if kind or any(word in schema for word in (*_COMBINED, "enum", "const", "$ref")) else "any"
    if kind == "string" and schema.get("contentEncoding") == "base64":
        return "bytes"
    if kind in ("string", "integer", "number") and isinstance(form := schema.get("format"), str):
        return _FORMATS.get(form, _TYPES[kind])
    if kind == "object" and "properties" not in schema and isinstance(schema.get("additionalProperties"), Mapping):
        return "map"
    return _TYPES.get(kind, "json")


def _bound(schema: Mapping[str, Any], inclusive: str, exclusive: str) -> float | None:
    for word in (inclusive, exclusive):
        value = schema.get(word)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e308:
            return float(value)
    return None
