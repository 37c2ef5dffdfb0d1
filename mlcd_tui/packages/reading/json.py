"""JSON with its limits checked before anything is decoded."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.reading.encoding import decode

DEPTH = 64
"""Most objects and arrays within each other."""
NODES = 400_000
"""Most commas, objects and arrays: decoded, a value takes up to fifty times its bytes."""

# Possessive, with an optional closing quote: each string is passed once, also where it never ends.
_SHAPE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]|,', re.DOTALL)
_LONGEST_NUMBER = 40


def load_json(data: bytes, where: str, *, limit: int = 4 << 20) -> Any:
    """A JSON document as plain values.

    `NaN`, `Infinity`, numbers too large for a float and integers of more than 40 digits come as their text.

    Raises:
        Unreadable: too large or deep, damaged, duplicate keys, not UTF-8.
    """
    return load_json_text(decode(data, where, limit=limit), where)


def load_json_text(text: str, where: str) -> Any:
    """The same for JSON that lies within another document as text (MLflow signatures); `where` names the field."""
    _measure(text, where)

    def unique(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) != len(items):
            seen: set[str] = set()
            twice = next(key for key, _ in items if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise Unreadable(f"{clean(where)} cannot be used: the key {clean(twice, limit=80)} appears twice.")
        return found

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=str, parse_int=_int, parse_float=_float)
    except json.JSONDecodeError as error:
        why = f"{error.msg[:1].lower()}{error.msg[1:]}"
        raise Unreadable(f"{clean(where)} is not valid JSON in line {error.lineno}: {clean(why)}.") from error
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{clean(where)} is not valid JSON: {clean(error, limit=200)}.") from error


def _measure(text: str, where: str) -> None:
    depth = nodes = 0
    for match in _SHAPE.finditer(text):
        mark = text[match.start()]
        if mark == '"':
            continue
        if mark in "[{":
            depth += 1
            if depth > DEPTH:
                raise Unreadable(f"{clean(where)} cannot be used: nesting is deeper than {DEPTH}.")
        elif mark != ",":
            depth -= 1
            continue
        nodes += 1
        if nodes > NODES:
            raise Unreadable(f"{clean(where)} cannot be used: it has more than {NODES:,} values.")


def _int(text: str) -> int | str:
    return int(text) if len(text) <= _LONGEST_NUMBER else text


def _float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text
