"""JSON values: equality and kinds as JSON Schema knows them, and short text for the eye."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

KINDS = frozenset({"null", "boolean", "object", "array", "string", "integer", "fraction"})
"""The kinds of values, disjoint: a number is an integer (1.0 too) or a fraction."""


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
    return "object" if isinstance(value, dict) else "other"


def canonical(value: Any) -> Any:
    """A value that can be hashed and is equal where JSON values are: 1 is 1.0 and never true."""
    if isinstance(value, bool):
        return ("truth", value)
    if isinstance(value, list | tuple):
        return ("array", tuple(canonical(part) for part in value))
    if isinstance(value, Mapping):
        return ("object", frozenset((key, canonical(part)) for key, part in value.items()))
    return value


def equal(one: Any, two: Any) -> bool:
    """Whether two JSON values are the same."""
    return bool(canonical(one) == canonical(two))


def shown(value: Any, limit: int = 60) -> str:
    """A value as short JSON."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=_plain)
    except (ValueError, TypeError, RecursionError):
        text = "…"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)
