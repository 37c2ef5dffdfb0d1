"""A table that fits any width: empty columns are left out, wide ones give way, what is cut is told by hover."""

from __future__ import annotations

from collections.abc import Sequence

from mlcd_tui.ui.viewmodels.spans import Line, Span, cells, fit
from mlcd_tui.ui.viewmodels.tones import Tone

_GAP = 2
_LEAST = 8
_FIRST = 12
"""Cells that the first column, which names the row, keeps longest."""


def table(
    heads: Sequence[str], rows: Sequence[Sequence[Span]], room: int, *, indent: int = 2, titled: bool = True
) -> tuple[Line, ...]:
    """Lines of a table.

    Args:
        heads: titles of the columns; one that no row fills is left out.
        rows: cells of each row, as many as there are titles.
        room: columns of the screen.
        indent: blanks in front.
        titled: whether the titles are shown.
    """
    used = [place for place in range(len(heads)) if any(row[place].text for row in rows)]
    wide = {place: max(cells(row[place].text) for row in rows) for place in used}
    if titled:
        wide = {place: max(high, cells(heads[place])) for place, high in wide.items()}
    widths = _shrunk(wide, room - indent)
    lines: list[Line] = []
    if titled and rows:
        lines.append(_line([Span(heads[place], Tone.DIM) for place in widths], list(widths.values()), indent))
    lines.extend(_line([row[place] for place in widths], list(widths.values()), indent) for row in rows)
    return tuple(lines)


def _shrunk(wide: dict[int, int], room: int) -> dict[int, int]:
    """Widths that fit: the widest column gives way cell by cell; the last one goes where all are at their least."""
    widths = dict(wide)
    while widths and sum(widths.values()) + _GAP * (len(widths) - 1) > room:
        first = next(iter(widths))
        over = sum(widths.values()) + _GAP * (len(widths) - 1) - room
        able = {place: w for place, w in widths.items() if w > (_FIRST if place == first else _LEAST)}
        if able:
            widest = max(able, key=lambda place: able[place])
            others = [w for place, w in able.items() if place != widest]
            floor = max(max(others, default=0) - 1, _FIRST if widest == first else _LEAST)
            widths[widest] = max(widths[widest] - over, min(floor, widths[widest] - 1))
        elif len(widths) > 1:
            widths.pop(next(reversed(widths)))
        else:
            widths[first] = max(room, 1)
            break
    return widths


def _line(row: Sequence[Span], widths: Sequence[int], indent: int) -> Line:
    line: list[Span] = [Span(" " * indent)]
    for place, (span, width) in enumerate(zip(row, widths, strict=True)):
        text = fit(span.text, width)
        told = span.told or (span.text if text != span.text else "")
        line.append(Span(text, span.tone, told))
        if place < len(widths) - 1:
            line.append(Span(" " * (width - cells(text) + _GAP)))
    return tuple(line)
