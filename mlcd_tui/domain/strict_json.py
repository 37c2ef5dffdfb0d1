"""JSON that two readers cannot take for two different things."""

from __future__ import annotations

import json
from typing import Any


def strict_json(data: bytes) -> Any:
    """The value, with no key twice in one object and no number that JSON does not have.

    Raises:
        ValueError: it is none; one that is nested too deeply is a RecursionError.
    """
    return json.loads(data, parse_constant=_no_number, object_pairs_hook=_keys_once)


def _keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of a key that comes twice another reader may take the other value."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key comes twice in one object")
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")
