"""Constraints of JSON Schema in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlcd_tui.domain.compatibility.json_nodes import Node
from mlcd_tui.domain.compatibility.values import canonical, shown
from mlcd_tui.domain.text import clean

RULE_OF = {
    "type": "json-type", "nullable": "json-type", "enum": "json-enum", "minimum": "json-range", "maximum": "json-range",
    "multipleOf": "json-multiple", "minLength": "json-length", "maxLength": "json-length", "minItems": "json-length",
    "maxItems": "json-length", "minProperties": "json-length", "maxProperties": "json-length",
    "pattern": "json-pattern", "format": "json-format", "uniqueItems": "json-unique", "contains": "json-contains",
    "propertyNames": "json-names", "dependentRequired": "json-dependent", "dependentSchemas": "json-dependent",
    "anyOf": "json-alternatives", "oneOf": "json-alternatives", "not": "json-alternatives", "if": "json-alternatives",
    "false": "json-closed", "note": "json-format", "opaque": "json-unreadable",
}  # fmt: skip
"""The rule that a broken constraint comes under."""


def kind_names(kinds: Iterable[str]) -> str:
    """Kinds of values as schemas name them."""
    left = set(kinds)
    if left >= {"integer", "fraction"}:
        left = left - {"integer", "fraction"} | {"number"}
    return " or ".join("number with a fraction" if kind == "fraction" else kind for kind in sorted(left))


def constraint(keyword: str, value: Any) -> str:
    """What a value has to be."""
    if keyword in {"minimum", "maximum"}:
        number, strict = value
        word = {("minimum", False): "at least", ("minimum", True): "more than", ("maximum", False): "at most"}
        return f"{word.get((keyword, strict), 'less than')} {number}"
    if keyword in _COUNTS:
        return _COUNTS[keyword].format(value)
    if keyword == "type":
        return kind_names(value)
    if keyword == "enum":
        listed = ", ".join(shown(one, 30) for one in value[:6])
        return f"one of {listed}{' …' if len(value) > 6 else ''}"
    if keyword == "multipleOf":
        return f"a multiple of {value}"
    if keyword in {"pattern", "format"}:
        return f"text of {keyword} {clean(value, limit=80)}"
    if keyword == "dependentRequired":
        return f"sent with {', '.join(f'`{clean(name, limit=40)}`' for name in value[1])} where it has `{value[0]}`"
    if keyword == "note":
        return f"of {value[0]} {clean(value[1], limit=60)}"
    return _OTHERS.get(keyword, "as the schema says")


_COUNTS = {
    "minLength": "a text of at least {} characters",
    "maxLength": "a text of at most {} characters",
    "minItems": "a list of at least {} elements",
    "maxItems": "a list of at most {} elements",
    "minProperties": "an object of at least {} properties",
    "maxProperties": "an object of at most {} properties",
}
_OTHERS = {
    "nullable": "null or not, as the server reads a nullable list of values without null",
    "uniqueItems": "a list without repeats",
    "contains": "a list with elements that its `contains` asks for",
    "propertyNames": "an object whose names its `propertyNames` allows",
    "dependentSchemas": "as its `dependentSchemas` asks",
    "anyOf": "one of its alternatives",
    "oneOf": "exactly one of its alternatives",
    "not": "none of what its `not` excludes",
    "if": "as its `if` asks",
    "false": "absent",
}


def lost_values(allowed: Iterable[Any], node: Node) -> str:
    """Which of the listed values of a node are left out."""
    others = {canonical(one) for one in allowed}
    gone = [one for one in node.enum or () if canonical(one) not in others]
    return ", ".join(shown(one, 30) for one in gone[:5])
