"""A line chart of a few lines, drawn in braille dots, with the limit as a dashed line."""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mlcd_tui.ui.viewmodels.spans import Line, Span
from mlcd_tui.ui.viewmodels.tones import Tone

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_DASH = "┄"
_ABSURD = 1e300
_FLAT = 1e-12  # of the largest value: less cannot be told apart


def number(value: float) -> str:
    """A number short enough for an axis."""
    return f"{value:.3g}"


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart."""

    points: Sequence[tuple[float, float | None]]
    """Places in time (seconds, ascending) and values; None and what is not finite is a gap."""
    tone: Tone


def chart(
    values: Sequence[float], *, width: int, height: int, threshold: float | None = None, ascii_only: bool = False
) -> tuple[Line, ...]:
    """The values in time as `height` lines of `width` columns; empty where nothing finite is to be drawn.

    The newest value is at the right. The scale holds the threshold too, so that its distance can be seen.
    """
    points = tuple(enumerate([value for value in values if _drawable(value)][-max(width, 1) * 2 :]))
    return overlay((Series(points, Tone.NEW),), width=width, height=height, threshold=threshold, ascii_only=ascii_only)


def overlay(
    lines: Sequence[Series],
    *,
    width: int,
    height: int,
    threshold: float | None = None,
    say: Callable[[float], str] = number,
    ascii_only: bool = False,
) -> tuple[Line, ...]:
    """Several lines on one scale and one time, so that they can be compared; where two meet, the later one is seen.

    Args:
        lines: what is drawn, the one that matters last.
        width: columns; fewer than 12 give nothing.
        height: lines of text; fewer than 2 give nothing.
        threshold: drawn as a dashed line where it is finite, and held by the scale.
        say: words for the two ends of the scale.
        ascii_only: without braille dots.
    """
    kept = [
        Series([(x, y if y is not None and _drawable(y) else None) for x, y in line.points], line.tone)
        for line in lines
    ]
    known = [y for line in kept for _, y in line.points if y is not None]
    if not known or width < 12 or height < 2:
        return ()
    limit = threshold if threshold is not None and _drawable(threshold) else None
    low, high = _range(known, limit)
    labels = [say(high), *[""] * (height - 2), say(low)]
    gutter = max(map(len, labels)) + 1
    frame = _Frame(
        min(x for line in kept for x, _ in line.points), max(x for line in kept for x, _ in line.points), low, high
    )
    plotted = [(line.tone, _plot(line.points, frame, width - gutter, height)) for line in kept]
    dashes = None if limit is None else height - 1 - min(int((limit - low) / (high - low) * height), height - 1)
    drawn: list[Line] = []
    for row in range(height):
        empty = Span(" ") if row != dashes else Span("-" if ascii_only else _DASH, Tone.BROKEN)
        cells = [
            _cell([(tone, codes[row][column]) for tone, codes in plotted], empty, ascii_only=ascii_only)
            for column in range(width - gutter)
        ]
        drawn.append(_joined([Span(labels[row].rjust(gutter - 1) + " ", Tone.DIM), *cells]))
    return tuple(drawn)


def _drawable(value: float) -> bool:
    return math.isfinite(value) and abs(value) < _ABSURD


def _range(points: Sequence[float], limit: float | None) -> tuple[float, float]:
    everything = [*points, *([limit] if limit is not None else [])]
    low, high = min(everything), max(everything)
    if low > 0 and low < high / 2:
        low = 0.0
    span = high - low
    if span <= max(abs(low), abs(high), _FLAT) * _FLAT:
        return low - (abs(low) or 1.0) * 0.1, high + (abs(high) or 1.0) * 0.1
    return low, high + span * 0.05


@dataclass(frozen=True, slots=True)
class _Frame:
    """The corners of a chart."""

    first: float
    last: float
    low: float
    high: float


def _plot(points: Sequence[tuple[float, float | None]], frame: _Frame, room: int, height: int) -> list[list[int]]:
    """Braille codes, row by row; neighbouring points are joined by a line of dots, gaps are left open."""
    cells = [[0] * room for _ in range(height)]
    columns, rows = room * 2, height * 4
    across = (columns - 1) / (frame.last - frame.first) if frame.last > frame.first else 0.0
    up = (rows - 1) / (frame.high - frame.low)
    spots = [None if y is None else (round((x - frame.first) * across), round((y - frame.low) * up)) for x, y in points]
    if len(spots) == 1 and spots[0] is not None:
        spots.append((columns - 1, spots[0][1]))
    for here, there in itertools.pairwise((*spots, None)):
        if here is None:
            continue
        (x, y), (x2, y2) = here, there or here
        stride = max(abs(x2 - x), abs(y2 - y), 1)
        for part in range(stride + 1):
            column = round(x + (x2 - x) * part / stride)
            row = rows - 1 - round(y + (y2 - y) * part / stride)
            cells[row // 4][column // 2] |= _DOTS[row % 4][column % 2]
    return cells


def _cell(layers: Sequence[tuple[Tone, int]], empty: Span, *, ascii_only: bool) -> Span:
    """One place of the chart: the dots of all lines in the tone of the last that passes here."""
    seen = [(tone, code) for tone, code in layers if code]
    if not seen:
        return empty
    return Span(
        "*" if ascii_only else chr(0x2800 + functools.reduce(operator.or_, (code for _, code in seen))), seen[-1][0]
    )


def _joined(spans: Sequence[Span]) -> Line:
    """Neighbours of one tone as one span."""
    line: list[Span] = []
    for span in spans:
        if line and line[-1].tone == span.tone:
            line[-1] = Span(line[-1].text + span.text, span.tone)
        else:
            line.append(span)
    return tuple(line)
