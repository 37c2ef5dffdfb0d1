"""JSON values: equality and kinds as JSON Schema knows them, and short text for the eye."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

KINDS = frozenset({"null", "boolean", "object", "array", "string", "integer", "fraction"})
"""The kinds of values, disjoint: a number is an integer (1.0 too) or a fraction."""
_DEEPEST = 60


def kind_of(value: Any) -> str:
    """Which of `KINDS` a value is; what JSON does not know counts as none of them."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "fraction"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list | tuple):
        return "array"
    return "object" if isinstance(value, Mapping) else "other"


def equal(one: Any, two: Any, depth: int = 0) -> bool:
    """Whether two JSON values are the same: 1 is 1.0 and never true."""
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    if isinstance(one, list | tuple) and isinstance(two, list | tuple):
        return (
            len(one) == len(two)
            and depth < _DEEPEST
            and all(equal(a, b, depth + 1) for a, b in zip(one, two, strict=True))
        )
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        return (
            one.keys() == two.keys()
            and depth < _DEEPEST
            and all(equal(value, two[key], depth + 1) for key, value in one.items())
        )
    return bool(one == two)


def shown(value: Any, limit: int = 60) -> str:
    """A value as short JSON."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=_plain)
    except (ValueError, TypeError, RecursionError):
        text = "…"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)
