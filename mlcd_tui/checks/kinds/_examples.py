"""A valid input made from a schema, always the same one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mlcd_tui.checks.kinds._schemas import objection, resolved

_DEEPEST = 12
_MOST_ITEMS = 1_000
_MOST_STEPS = 5_000
"""Schemas that refer to many others each would grow without end."""
_FORMATS = {
    "date-time": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "time": "03:04:05Z",
    "duration": "P1D",
    "uuid": "12345678-1234-4234-8234-123456789abc",
    "email": "someone@example.com",
    "uri": "http://example.com/",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "hostname": "example.com",
    "byte": "YQ==",
}
_TEXTS = ("a", "A", "0", "abc", "ABC", "Abc", "123", "a1", "A1", "a-b", "a_b", "a b", "0.0", "1.0.0", "2026-01-02", "")


class NoExampleError(Exception):
    """None could be made."""


def example(schema: Any, root: Mapping[str, Any]) -> Any:
    """A value that the schema allows.

    Raises:
        NoExampleError: none was found; that does not mean that there is none.
    """
    value = _Maker(root).of(schema, 0)
    if objection(value, schema, root) != "":
        raise NoExampleError
    return value


class _Maker:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._steps = 0

    def of(self, schema: Any, depth: int) -> Any:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise NoExampleError
        schema = resolved(schema, self._root)
        if schema is True or schema == {}:
            return {}
        if not isinstance(schema, dict) or depth > _DEEPEST:
            raise NoExampleError
        for key in ("const", "default", "example"):
            if key in schema and objection(schema[key], schema, self._root) == "":
                return schema[key]
        for key in ("examples", "enum"):
            for value in schema[key] if isinstance(schema.get(key), list) else ():
                if objection(value, schema, self._root) == "":
                    return value
        if isinstance(schema.get("allOf"), list):
            return self.of(self._merged(schema), depth + 1)
        for key in ("anyOf", "oneOf"):
            if isinstance(schema.get(key), list):
                return self._any(schema[key], schema, depth)
        return self._typed(schema, depth)

    def _merged(self, schema: dict[str, Any]) -> dict[str, Any]:
        """One schema of all parts: properties and required ones together, of other keywords the last."""
        made = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema["allOf"][:50]:
            inner = resolved(part, self._root)
            if not isinstance(inner, dict):
                continue
            properties = {**_map(made.get("properties")), **_map(inner.get("properties"))}
            required = [*_list(made.get("required")), *_list(inner.get("required"))]
            made = {**made, **inner, **({"properties": properties} if properties else {})}
            if required:
                made["required"] = required
        return made

    def _any(self, parts: list[Any], schema: dict[str, Any], depth: int) -> Any:
        """The first that works; null only when nothing else does."""
        outer = {key: value for key, value in schema.items() if key not in {"anyOf", "oneOf"}}
        ranked = sorted(parts[:50], key=lambda part: isinstance(part, dict) and part.get("type") == "null")
        for part in ranked:
            try:
                inner = resolved(part, self._root)
                return self.of({**outer, **inner} if isinstance(inner, dict) else inner, depth + 1)
            except NoExampleError:
                continue
        raise NoExampleError

    def _typed(self, schema: dict[str, Any], depth: int) -> Any:
        kinds = schema.get("type")
        kinds = [kinds] if isinstance(kinds, str) else [one for one in _list(kinds) if isinstance(one, str)]
        kind = next((one for one in kinds if one != "null"), "null" if kinds else "")
        if kind == "object" or (not kind and "properties" in schema):
            return self._object(schema, depth)
        if kind == "array" or (not kind and "items" in schema):
            return self._array(schema, depth)
        if kind in {"integer", "number"}:
            return _number(schema, whole=kind == "integer")
        if kind == "string":
            return self._string(schema)
        return {"boolean": True, "null": None}.get(kind, {})

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        """What is required; where nothing is, everything, so that the server has something to work on."""
        properties = _map(schema.get("properties"))
        required = [name for name in _list(schema.get("required")) if isinstance(name, str)]
        made: dict[str, Any] = {}
        for name in (required or list(properties))[:_MOST_ITEMS]:
            try:
                made[name] = self.of(properties.get(name, True), depth + 1)
            except NoExampleError:
                if name in required:
                    raise
        return made

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        first = [self.of(one, depth + 1) for one in _list(schema.get("prefixItems"))[:_MOST_ITEMS]]
        least = schema.get("minItems")
        count = min(max(least if isinstance(least, int) else 1, len(first)), _MOST_ITEMS)
        if "items" not in schema or count == len(first):
            return first + [0] * (count - len(first) if isinstance(least, int) else 0)
        most = schema.get("maxItems")
        if isinstance(most, int) and most < count:
            return first[:most]
        return first + [self.of(schema["items"], depth + 1)] * (count - len(first))

    def _string(self, schema: dict[str, Any]) -> str:
        told = _FORMATS.get(str(schema.get("format")))
        least, most = schema.get("minLength"), schema.get("maxLength")
        length = min(least, 10_000) if isinstance(least, int) else 0
        candidates = [told] if told else [text + "a" * (length - len(text)) for text in _TEXTS]
        for text in candidates:
            fits = not isinstance(most, int) or len(text) <= most
            plain = {"type": "string", **({"pattern": schema["pattern"]} if "pattern" in schema else {})}
            if fits and objection(text, plain, {}) == "":
                return text
        raise NoExampleError


def _number(schema: dict[str, Any], *, whole: bool) -> float:
    """1 where it may be, else what lies nearest to the lower or the upper bound."""
    step = _bound(schema, "multipleOf") or (1 if whole else None)
    lowest, highest = _bound(schema, "minimum"), _bound(schema, "maximum")
    above, below = _bound(schema, "exclusiveMinimum"), _bound(schema, "exclusiveMaximum")
    gap = step or 0.5
    if above is not None and below is not None and not whole:
        gap = min(gap, (below - above) / 2)
    low = max((one for one in (lowest, None if above is None else above + gap) if one is not None), default=None)
    high = min((one for one in (highest, None if below is None else below - gap) if one is not None), default=None)
    value: float = 1
    if low is not None and value < low:
        value = low
    if high is not None and value > high:
        value = high
    if step:
        value = (math.ceil(value / step) if low is not None and value == low else math.floor(value / step)) * step
    return int(value) if whole else float(value)


def _bound(schema: dict[str, Any], key: str) -> float | None:
    value = schema.get(key)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
    return value if usable else None


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
