"""A table that fits any width: empty columns are left out, wide ones give way, what is cut is told by hover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto

from mlcd_tui.ui.viewmodels.spans import Line, Span, cells, fit, wrap
from mlcd_tui.ui.viewmodels.tones import Tone

_GAP = 2
_LEAST = 8
_FIRST = 12
"""Cells that the first column, which names the row, keeps longest."""
_SHARE = 0.6
"""Share of the room that the first column may take before it gives way to others."""


class Notes(Enum):
    """What becomes of notes in the last column where they do not fit whole."""

    CUT = auto()
    """They are cut as all other cells: the last column is none of notes."""
    BELOW = auto()
    """They stand below their rows, as does in full what had to be cut."""
    WARNINGS_BELOW = auto()
    """Those that warn stand below their rows, the others are left out."""


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[Span]],
    room: int,
    *,
    indent: int = 2,
    titled: bool = True,
    notes: Notes = Notes.CUT,
) -> tuple[Line, ...]:
    """Lines of a table.

    Args:
        heads: titles of the columns; one that no row fills is left out.
        rows: cells of each row, as many as there are titles.
        room: columns of the screen.
        indent: blanks in front.
        titled: whether the titles are shown.
        notes: whether the last column is of notes, which give way before all others.
    """
    used = [place for place in range(len(heads)) if any(row[place].text for row in rows)]
    wide = {place: max(cells(row[place].text) for row in rows) for place in used}
    if titled:
        wide = {place: max(high, cells(heads[place])) for place, high in wide.items()}
    note = len(heads) - 1
    below = notes is not Notes.CUT and note in wide and _total(wide) > room - indent
    if below:
        wide.pop(note)
    widths = _shrunk(wide, room - indent)
    lines: list[Line] = []
    if titled and rows:
        lines.append(_line([Span(heads[place], Tone.DIM) for place in widths], list(widths.values()), indent))
    for row in rows:
        lines.append(_line([row[place] for place in widths], list(widths.values()), indent))
        if notes is Notes.BELOW:  # nothing is lost to those who have no mouse
            cut = (row[place] for place, most in widths.items() if cells(row[place].text) > most)
            lines.extend(part for span in cut for part in wrap((Span(" " * (indent + 2)), span), room, indent + 2))
        if below and row[note].text and (notes is Notes.BELOW or row[note].tone == Tone.WAITS):
            lines.extend(wrap((Span(" " * (indent + 2)), row[note]), room, indent + 2))
    return tuple(lines)


def _total(widths: Mapping[int, int]) -> int:
    return sum(widths.values()) + _GAP * (len(widths) - 1)


def _shrunk(wide: Mapping[int, int], room: int) -> dict[int, int]:
    """Widths that fit: the widest column gives way cell by cell; the last one goes where all are at their least.

    The first column names the rows, so up to a share of the room the others give way before it does.
    """
    widths = dict(wide)
    keeps = max(int(room * _SHARE), _FIRST)
    while widths and _total(widths) > room:
        first = next(iter(widths))
        able = {place: w for place, w in widths.items() if w > (keeps if place == first else _LEAST)}
        if able:
            widest = max(able, key=lambda place: able[place])
            others = [w for place, w in able.items() if place != widest]
            floor = max(max(others, default=0) - 1, keeps if widest == first else _LEAST)
            widths[widest] = max(widths[widest] - (_total(widths) - room), min(floor, widths[widest] - 1))
        elif keeps > _FIRST:
            keeps = max(min(keeps, widths[first]) - 1, _FIRST)
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
