"""One row of the fleet's table as a strip."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.segment import Segment
from textual.app import App
from textual.strip import Strip

from mlcd_tui.domain.fleet import Fleet, Link, attention
from mlcd_tui.domain.rollout import Rollout
from mlcd_tui.ui.viewmodels.columns import GAP, Placed
from mlcd_tui.ui.viewmodels.fleet import NEEDS_ATTENTION, Options
from mlcd_tui.ui.viewmodels.fleet_view import View
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, Span, crop, pad, plain, width
from mlcd_tui.ui.viewmodels.tones import ATTENTION_TONES, Tone, bold
from mlcd_tui.ui.widgets.paint import segments

MARKS = 3  # mark of attention, star, blank


@dataclass(frozen=True, slots=True)
class Painted:
    """A row as it was painted."""

    row: Rollout
    cells: tuple[Line, ...]
    """Empty: it has to be painted again."""
    strip: Strip
    flashing: frozenset[str] = frozenset()


def titles(app: App[Any], columns: Sequence[Placed], options: Options, glyphs: Glyphs) -> Iterable[Segment]:
    """The row above the others, with the order told by an arrow."""
    line: list[Span] = [Span(" " * MARKS)]
    for placed in columns:
        chosen = placed.column.id == options.sort
        arrow = f" {glyphs.up if options.reverse else glyphs.down}" if chosen else ""
        title = Span(placed.column.title + arrow, Tone.TEXT if chosen else bold(Tone.DIM))
        line += pad(crop((title,), placed.width), placed.width + GAP)
    return segments(app, tuple(line))


def paint(
    app: App[Any],
    row: Rollout,
    before: Painted | None,
    columns: Sequence[Placed],
    view: View,
    marks: Line,
    *,
    stale: bool,
) -> Painted:
    """Paint a row; cells whose text differs from how they were painted `before` flash."""
    cells = tuple(crop(placed.column.cell(row, view, placed.width), placed.width) for placed in columns)
    flashing: frozenset[str] = frozenset()
    if before is not None:
        flashing = before.flashing
        if before.row is not row and before.cells:
            pairs = zip(columns, before.cells, cells, strict=True)
            flashing |= {placed.column.id for placed, old, new in pairs if plain(old) != plain(new)}
    strip = [*segments(app, marks)]
    for placed, cell in zip(columns, cells, strict=True):
        shown = tuple(map(_faded, cell)) if stale else cell
        strip += segments(app, shown, "tone-flash" if placed.column.id in flashing else "")
        strip.append(Segment(" " * (placed.width - width(shown) + GAP)))
    return Painted(row, cells, Strip(strip), flashing)


def marks(row: Rollout, glyphs: Glyphs, *, starred: bool, stale: bool) -> Line:
    """What stands before a row: whether it needs somebody, or may no longer be true, and its star."""
    star = Span(f"{glyphs.star if starred else ' '} ", Tone.WAITS)
    if stale:
        return Span(glyphs.stale, Tone.WAITS), star
    need = attention(row)
    return Span(glyphs.mark if need in NEEDS_ATTENTION else " ", ATTENTION_TONES[need]), star


def _faded(span: Span) -> Span:
    return span if span.tone == Tone.FAINT else Span(span.text, Tone.DIM)


def is_stale(fleet: Fleet) -> bool:
    """Whether the rows may no longer be true."""
    return fleet.freshness.link in {Link.STALE, Link.DOWN, Link.FORBIDDEN}
