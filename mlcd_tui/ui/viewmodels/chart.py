"""A line chart of a few lines, drawn in braille dots, with the limit as a dashed line."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from mlcd_tui.ui.viewmodels.spans import Line, Span
from mlcd_tui.ui.viewmodels.tones import Tone

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_DASH = "┄"
_ABSURD = 1e300
_FLAT = 1e-12  # of the largest value: less cannot be told apart


def chart(
    values: Sequence[float], *, width: int, height: int, threshold: float | None = None, ascii_only: bool = False
) -> tuple[Line, ...]:
    """The values in time as `height` lines of `width` columns; empty where nothing finite is to be drawn.

    The newest value is at the right. The scale holds the threshold too, so that its distance can be seen.
    """
    points = [value for value in values if _drawable(value)][-width * 2 :]
    if not points or width < 12 or height < 2:
        return ()
    limit = threshold if threshold is not None and _drawable(threshold) else None
    low, high = _range(points, limit)
    labels = _labels(low, high, height)
    gutter = max(map(len, labels)) + 1
    room = width - gutter
    cells = _plot(points, low, high, room, height)
    dashes = None if limit is None else height - 1 - min(int((limit - low) / (high - low) * height), height - 1)
    lines: list[Line] = []
    for row in range(height):
        spans = [Span(labels[row].rjust(gutter - 1) + " ", Tone.DIM)]
        for code in cells[row]:
            if code:
                spans.append(Span("*" if ascii_only else chr(0x2800 + code), Tone.NEW))
            elif row == dashes:
                spans.append(Span("-" if ascii_only else _DASH, Tone.BROKEN))
            else:
                spans.append(Span(" "))
        lines.append(_joined(spans))
    return tuple(lines)


def _drawable(value: float) -> bool:
    return math.isfinite(value) and abs(value) < _ABSURD


def number(value: float) -> str:
    """A number short enough for an axis."""
    return f"{value:.3g}"


def _range(points: Sequence[float], limit: float | None) -> tuple[float, float]:
    everything = [*points, *([limit] if limit is not None else [])]
    low, high = min(everything), max(everything)
    if low > 0 and low < high / 2:
        low = 0.0
    span = high - low
    if span <= max(abs(low), abs(high), _FLAT) * _FLAT:
        return low - (abs(low) or 1.0) * 0.1, high + (abs(high) or 1.0) * 0.1
    return low, high + span * 0.05


def _labels(low: float, high: float, height: int) -> list[str]:
    return [number(high), *[""] * (height - 2), number(low)]


def _plot(points: Sequence[float], low: float, high: float, room: int, height: int) -> list[list[int]]:
    """Braille codes, row by row; neighbouring points are joined by a line of dots."""
    cells = [[0] * room for _ in range(height)]
    columns, rows = room * 2, height * 4
    scale = (rows - 1) / (high - low)
    last = max(len(points) - 1, 1)
    spots = [(round(i * (columns - 1) / last), round((value - low) * scale)) for i, value in enumerate(points)]
    if len(points) == 1:
        spots.append((columns - 1, spots[0][1]))
    for (x, y), (x2, y2) in itertools.pairwise(spots):
        stride = max(abs(x2 - x), abs(y2 - y), 1)
        for part in range(stride + 1):
            column = round(x + (x2 - x) * part / stride)
            row = rows - 1 - round(y + (y2 - y) * part / stride)
            cells[row // 4][column // 2] |= _DOTS[row % 4][column % 2]
    return cells


def _joined(spans: Sequence[Span]) -> Line:
    """Neighbours of one tone as one span."""
    line: list[Span] = []
    for span in spans:
        if line and line[-1].tone == span.tone:
            line[-1] = Span(line[-1].text + span.text, span.tone)
        else:
            line.append(span)
    return tuple(line)
