"""A series in one line of text: eight heights, newest at the right, gaps left blank."""

from __future__ import annotations

import math
from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII = ".:-=+*#@"


def sparkline(values: Sequence[float | None], room: int, *, top: float | None = None, ascii_only: bool = False) -> str:
    """The values in at most `room` columns; empty where nothing is known.

    Args:
        values: in time, the newest last; None is a gap.
        room: columns.
        top: value of the greatest height, so that two lines beside each other can be compared; None: their own.
        ascii_only: without block letters.
    """
    signs = _ASCII if ascii_only else _BLOCKS
    kept = [_finite(value) for value in values[-room:]] if room > 0 else []
    known = [value for value in kept if value is not None]
    if not known:
        return ""
    high = max(top if top is not None else max(known), *known)
    return "".join(" " if value is None else signs[_height(value, high, len(signs))] for value in kept)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _height(value: float, high: float, heights: int) -> int:
    return 0 if high <= 0 or value <= 0 else min(int(value / high * heights), heights - 1)
