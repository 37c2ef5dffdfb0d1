"""Ways to break a document, and what must hold of whatever a format makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from hypothesis import strategies as st

from mlcd_tui.domain.text import clean

_RAW = {"document", "root"}


@st.composite
def broken(draw: st.DrawFn, good: bytes) -> bytes:
    """A real document with pieces cut, flipped, doubled or put in; or any bytes at all."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["cut", "flip", "insert", "double", "remove", "any"])):
            case "cut":
                del data[at:]
            case "flip" if at < len(data):
                data[at] ^= draw(st.integers(1, 255))
            case "insert":
                data[at:at] = draw(st.sampled_from(_NASTY) | st.binary(min_size=1, max_size=12))
            case "double":
                data[at:at] = data[max(0, at - draw(st.integers(1, 60))) : at]
            case "remove":
                del data[at : at + draw(st.integers(1, 20))]
            case "any":
                data = bytearray(draw(st.binary(max_size=120)))
            case _:
                pass
    return bytes(data)


_NASTY = [
    b"\xff" * 10,
    b"\x80" * 40,
    b"[" * 200,
    b"{" * 200,
    b'"' * 7,
    b"\x00",
    b"-99999999999999999999",
    b"1e999",
    b"NaN",
    b"null",
    b"true",
    b"\x1b[31m",
    b"\xe2\x80\xae",
    b"&a ",
    b"*a",
    b"<<: ",
    b"\n  - ",
    b'": {"',
]


def texts(value: Any) -> Iterator[str]:
    """Every text within a value, but for raw JSON Schema documents."""
    if isinstance(value, str):
        if not isinstance(value, Enum):
            yield value
    elif is_dataclass(value):
        for one in fields(value):
            if one.name not in _RAW:
                yield from texts(getattr(value, one.name))
    elif isinstance(value, tuple | list | frozenset):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(key)
            yield from texts(item)
    else:
        assert value is None or isinstance(value, int | float | bool | datetime | Enum), type(value)


def unclean(value: Any) -> list[str]:
    """Texts that could reach the terminal as they are and must not."""
    return [text for text in texts(value) if clean(text, limit=1 << 20) != text]
