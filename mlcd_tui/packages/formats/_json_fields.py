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
_MOST_IN_ALL = 20_000
_DEEPEST = 8
_MOST_CHOICES = 100
_MOST_REQUIRED = 10_000
_MOST_WALKED = 1_000_000
"""Values looked at for references in one document; a part that is kept counts as `_PART`."""
_PART = 20
_Steps = tuple[str, ...]
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
_DRAWN = (
    *("type", "format", "dtype", "contentEncoding", "properties", "required", "items", "additionalProperties"),
    *("enum", "const", "default", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("description", "nullable", "$ref", *_COMBINED),
)


@dataclass(slots=True)
class Budget:
    """Fields that may still be drawn of all schemas of one document."""

    left: int = _MOST_IN_ALL


def json_schema(
    document: object,
    *,
    dialect: str,
    root: Mapping[str, Any] | None = None,
    extras: Extras = Extras.UNKNOWN,
    budget: Budget | None = None,
) -> Schema:
    """One side of a signature from a JSON Schema; what is no schema is not recorded.

    Args:
        document: the schema.
        dialect: `openapi-3.0`, `draft-7` or `2020-12`.
        root: what `#/…` references point into, where it is not the document.
        extras: what becomes of inputs that it does not name, where `additionalProperties` does not say.
        budget: shared by the schemas of a document; once it is spent no more fields are drawn.
    """
    if not isinstance(document, Mapping | bool):
        return Schema()
    budget = budget or Budget()
    drawer = _Drawer(root or (document if isinstance(document, Mapping) else {}), min(_MOST_FIELDS, budget.left))
    resolved, _ = drawer.resolved(document, ())
    if resolved.get("additionalProperties") is False:
        extras = Extras.REJECT
    fields = drawer.top(document) if budget.left > 0 else ()
    budget.left -= drawer.drawn
    return Schema(
        kind=SchemaKind.JSON,
        fields=fields,
        extras=extras,
        document=document,
        root=root or {},
        dialect=dialect,
    )


class References:
    """What the schemas of one document refer to, so that each is kept with that and not with the whole document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._within: dict[_Steps, frozenset[_Steps]] = {}
        self._left = _MOST_WALKED

    def beside(self, schema: object) -> Mapping[str, Any]:
        """The parts that references lead to; the whole document where finding them would take too long."""
        kept: dict[str, Any] = {}
        seen = set(self._pointers(schema))
        waiting = list(seen)
        while waiting and self._left > 0:
            steps = waiting.pop()
            self._left -= _PART
            if steps not in self._within:
                self._within[steps] = self._pointers(_at(self._document, steps))
            _keep(kept, self._document, steps)
            further = self._within[steps] - seen
            seen |= further
            waiting.extend(further)
        return kept if self._left > 0 else self._document

    def _pointers(self, schema: object) -> frozenset[_Steps]:
        """All local references in a value."""
        found: set[_Steps] = set()
        waiting = [schema]
        while waiting and self._left > 0:
            value = waiting.pop()
            self._left -= 1
            if isinstance(value, list):
                waiting.extend(value)
            elif isinstance(value, Mapping):
                waiting.extend(value.values())
                if isinstance(pointer := value.get("$ref"), str) and (steps := _steps(pointer)):
                    found.add(steps)
        return frozenset(found)


def _at(document: Any, steps: _Steps) -> Any:
    for step in steps:
        document = document.get(step) if isinstance(document, Mapping) else None
    return document


def _keep(kept: dict[str, Any], document: Any, steps: _Steps) -> None:
    """Copies what lies at the end of the steps, unless it is kept as a part of something larger."""
    for step in steps[:-1]:
        document = document.get(step) if isinstance(document, Mapping) else None
        inner = kept.setdefault(step, {})
        if inner is document or not isinstance(inner, dict):
            return
        kept = inner
    if isinstance(document, Mapping) and steps[-1] in document:
        kept[steps[-1]] = document[steps[-1]]


def _steps(pointer: str) -> _Steps:
    """Of a reference into the same document; none for any other."""
    if not pointer.startswith("#/"):
        return ()
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer[2:].split("/"))


@dataclass(slots=True)
class _Drawer:
    """Draws fields until there are enough."""

    root: Mapping[str, Any]
    most: int
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
        return _at(self.root, steps) if steps or pointer == "#" else None  # nothing is ever fetched

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
        required = (
            {name for name in stated[:_MOST_REQUIRED] if isinstance(name, str)} if isinstance(stated, list) else set()
        )
        ordered = sorted(properties.items(), key=_order)
        return tuple(
            self.field(str(name), item, seen, depth, required=name in required)
            for name, item in ordered[: max(self.most - self.drawn, 0)]
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
        if depth >= _DEEPEST or self.drawn >= self.most:
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
    """The schema without its null, and whether it had one; of its keywords those that are drawn."""
    schema = {key: schema[key] for key in _DRAWN if key in schema}
    types = schema.get("type")
    if isinstance(types, list):
        others = [one for one in types if one != "null"]
        return {**schema, "type": others[0] if len(others) == 1 else others}, "null" in types
    for word in ("anyOf", "oneOf"):
        branches = schema.get(word)
        if isinstance(branches, list):
            branches = branches[:_MOST_CHOICES]
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
