"""A series in one line of text: a thin line of dots, newest at the right, gaps left blank."""

from __future__ import annotations

import math
from collections.abc import Sequence

_ASCII = ".:-=+*#@"
_LEVELS = 4
_LEFT, _RIGHT = (0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08)
"""The braille dots of a column of a cell, from the lowest up (Unicode, block Braille Patterns)."""
_BRAILLE = 0x2800


def sparkline(values: Sequence[float | None], room: int, *, top: float | None = None, ascii_only: bool = False) -> str:
    """The values in at most `room` columns; empty where nothing is known.

    Two values share a column; where there are few they are drawn twice as wide. A line and not bars, for most of what
    is drawn hardly moves, and full bars one above the other are a slab that says nothing.

    Args:
        values: in time, the newest last; None is a gap.
        room: columns.
        top: value of the greatest height, so that two lines beside each other can be compared; None: their own.
        ascii_only: without braille dots: a sign for each value.
    """
    kept = [_finite(value) for value in values[-room * (1 if ascii_only else 2) :]] if room > 0 else []
    known = [value for value in kept if value is not None]
    if not known:
        return ""
    high = max(top if top is not None else max(known), *known)
    if ascii_only:
        return "".join(" " if value is None else _ASCII[_height(value, high, len(_ASCII))] for value in kept)
    levels = [None if value is None else _height(value, high, _LEVELS) for value in kept]
    if len(levels) <= room:
        levels = [level for level in levels for _ in range(2)]
    elif len(levels) % 2:
        levels.insert(0, None)
    cells = (_dot(left, _LEFT) | _dot(right, _RIGHT) for left, right in zip(levels[::2], levels[1::2], strict=True))
    return "".join(chr(_BRAILLE + dots) if dots else " " for dots in cells)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _height(value: float, high: float, heights: int) -> int:
    return 0 if high <= 0 or value <= 0 else min(int(value / high * heights), heights - 1)


def _dot(level: int | None, dots: Sequence[int]) -> int:
    return 0 if level is None else dots[level]
