"""The fleet's table: its cost depends on what is visible and changed, not on how many rows there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from mlcd_tui.domain.fleet import Fleet
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import Rollout
from mlcd_tui.ui.actions import Where, bindings
from mlcd_tui.ui.viewmodels.columns import GAP, Placed, hover, layout
from mlcd_tui.ui.viewmodels.filtering import star_key
from mlcd_tui.ui.viewmodels.fleet import FleetIndex, Options, face
from mlcd_tui.ui.viewmodels.fleet_view import View
from mlcd_tui.ui.viewmodels.glyphs import UNICODE, Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, wrap
from mlcd_tui.ui.viewmodels.tones import Tone
from mlcd_tui.ui.widgets.fleet_row import MARKS, Painted, is_stale, marks, paint, titles
from mlcd_tui.ui.widgets.paint import rich_style, segments

_HEAD = 1  # the row of titles stays while the rest scrolls
_FLASH = 0.8
_CACHED = 400
_WIDE = 160
"""Columns of a screen on which more of them are shown without being asked for."""


class FleetTable(ScrollView, can_focus=True):
    """Rows of a fleet by the Line API. The cursor stays on its rollout, whatever moves around it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.LIST)
    DEFAULT_CSS = """
    FleetTable { height: 1fr; overflow-x: hidden; overflow-y: auto; background: $background; }
    """

    @dataclass
    class Opened(Message):
        """A rollout was asked for by enter or a double click."""

        ref: RolloutRef

    @dataclass
    class Highlighted(Message):
        """The cursor stands on another rollout, or its rollout changed."""

        ref: RolloutRef | None

    @dataclass
    class SortAsked(Message):
        """A title was clicked."""

        column: str

    def __init__(self) -> None:
        super().__init__(id="fleet-table")
        self.index = FleetIndex()
        self.cursor: RolloutRef | None = None
        self.fleet = Fleet()
        self.asked_wide: bool | None = None
        """Whether more columns are shown; None: where there is room for them."""
        self._glyphs = UNICODE
        self._view: View | None = None
        self._columns: tuple[Placed, ...] = ()
        self._line_refs: list[RolloutRef | None] = []
        self._painted: dict[RolloutRef, Painted] = {}
        self._flashing: set[RolloutRef] = set()
        self._flash_timer: Timer | None = None
        self._cursor_line = 0
        self._longest = 0
        self._everywhere: tuple[Rollout, ...] = ()

    # What comes in ------------------------------------------------------------------------------------------

    def take(self, fleet: Fleet, now: datetime, glyphs: Glyphs) -> None:
        """Show a new fleet; only visible lines that differ are painted again."""
        before = self.fleet
        if before.context != fleet.context:
            self._everywhere = ()
        elif before.rows and not before.namespace:
            self._everywhere = before.rows
        self.fleet, self._glyphs = fleet, glyphs
        was_visible = self._line_refs_contain(self.cursor)
        noted = self.index.note(fleet.schemas, fleet.checks)
        delta = self.index.update(fleet.rows)
        engines = tuple((e.name, e.title) for e in fleet.engines)
        view = View(glyphs, now, bool(fleet.namespace), engines, fleet.schemas, fleet.checks)
        stale_changed = is_stale(before) != is_stale(fleet) or before.namespace != fleet.namespace
        same_look = self._view is not None and replace(self._view, now=now) == view
        self._view = view
        if delta.moved or noted.moved:
            # The fleet that makes the picture complete brings rows as well: an untouched cursor stays above those too.
            self._settle(follow=was_visible, arriving=not (before.complete and fleet.complete))
        if stale_changed or not same_look or not len(self.index) or self._longest != self.index.longest:
            self._lay_out()
            return
        for ref in noted.changed & self._painted.keys():
            self._painted[ref] = replace(self._painted[ref], cells=())
        self._refresh_lines(delta.changed | noted.changed)
        if self.cursor in delta.changed:
            self.post_message(self.Highlighted(self.cursor))

    def choose(self, options: Options) -> None:
        """Filter, sort or star otherwise."""
        self.index.choose(options)
        self._settle(follow=True, arriving=not self.fleet.complete)
        self._painted.clear()
        self.refresh()

    @property
    def wide(self) -> bool:
        """Whether columns that are only for wide tables take part."""
        return self.size.width >= _WIDE if self.asked_wide is None else self.asked_wide

    def set_wide(self, wide: bool | None) -> None:  # noqa: FBT001 - mirrors a key that toggles
        """More columns, or fewer; None: where there is room for them."""
        if wide != self.asked_wide:
            self.asked_wide = wide
            self._lay_out()

    def tick(self, now: datetime) -> None:
        """Paint again what time alone has changed, among the visible rows."""
        if self._view is None:
            return
        self._view = replace(self._view, now=now)
        for line, ref in enumerate(self._line_refs):
            painted = self._painted.get(ref) if ref is not None else None
            if painted is not None and any(
                placed.column.ticks and placed.column.cell(painted.row, self._view, placed.width) != cell
                for placed, cell in zip(self._columns, painted.cells, strict=True)
            ):
                self._painted[painted.row.ref] = replace(painted, cells=())
                self._refresh_line(line)

    def counting_down(self) -> bool:
        """Whether a visible row shows a time that changes by the second."""
        rows = (self.index.row(ref) for ref in self._line_refs)
        return any(row is not None and row.waiting.until is not None for row in rows)

    # Cursor -------------------------------------------------------------------------------------------------

    @property
    def selected(self) -> Rollout | None:
        """The row under the cursor, as it is now."""
        return self.index.row(self.cursor)

    def select(self, ref: RolloutRef) -> None:
        """Put the cursor on a rollout."""
        place = self.index.index_of(ref)
        if place is not None:
            self._go(place)

    def _go(self, place: int) -> None:
        if not len(self.index):
            return
        place = min(max(place, 0), len(self.index) - 1)
        old, self.cursor = self.cursor, self.index.ref_at(place)
        self._cursor_line = place
        if not self._reveal(place):
            for line, ref in enumerate(self._line_refs):
                if ref is not None and ref in {old, self.cursor}:
                    self._refresh_line(line)
        self.post_message(self.Highlighted(self.cursor))

    def _reveal(self, place: int) -> bool:
        height = max(self.size.height - _HEAD, 1)
        top = round(self.scroll_y)
        wanted = min(max(top, place - height + 1), place)
        if wanted == top:
            return False
        self.scroll_to(y=wanted, animate=False)
        return True

    def _settle(self, *, follow: bool, arriving: bool) -> None:
        """After rows came, went or moved: extent, and the cursor on its rollout, or where that was."""
        self.virtual_size = Size(self.size.width, len(self.index) + _HEAD)
        place = self.index.index_of(self.cursor)
        if self.cursor is None or (arriving and self._cursor_line == 0):
            place = 0  # while rows are arriving, an untouched cursor stays on the most urgent one
        if place is None:
            place = min(self._cursor_line, max(len(self.index) - 1, 0))
        moved = place - self._cursor_line
        before, self.cursor, self._cursor_line = self.cursor, self.index.ref_at(place), place
        if follow:
            if moved and self.scroll_y > 0:  # what the eye is on stays where it is; at the top, the top stays in view
                self.scroll_to(y=round(self.scroll_y) + moved, animate=False)
            self._reveal(place)
        if before != self.cursor:
            self.post_message(self.Highlighted(self.cursor))

    def action_cursor_down(self) -> None:
        """One row down."""
        self._go(self._cursor_line + 1)

    def action_cursor_up(self) -> None:
        """One row up."""
        self._go(self._cursor_line - 1)

    def action_cursor_top(self) -> None:
        """To the first row."""
        self._go(0)

    def action_cursor_bottom(self) -> None:
        """To the last row."""
        self._go(len(self.index) - 1)

    def action_page_down(self) -> None:
        """A page down."""
        self._go(self._cursor_line + max(self.size.height - _HEAD - 1, 1))

    def action_page_up(self) -> None:
        """A page up."""
        self._go(self._cursor_line - max(self.size.height - _HEAD - 1, 1))

    # Mouse --------------------------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """A title sorts, a row is selected, a second click opens it."""
        if event.y < _HEAD:
            for placed in self._columns:
                if placed.x <= event.x < placed.x + placed.width + GAP:
                    self.post_message(self.SortAsked(placed.column.id))
            return
        place = round(self.scroll_y) + event.y - _HEAD
        if place >= len(self.index):
            return
        self._go(place)
        if event.chain == 2 and self.cursor is not None:
            self.post_message(self.Opened(self.cursor))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """What is cut or relative in a row is told in full beside the pointer."""
        row = self.index.row(self.index.ref_at(round(self.scroll_y) + event.y - _HEAD)) if event.y >= _HEAD else None
        text = ""
        if row is not None and self._view is not None:
            schema, checks = self.index.schemas.get(row.ref), self.index.checks.get(row.ref)
            text = hover(row, self._view.now, schema, checks)
        self.tooltip = Content(text) if text else None

    # Painting -----------------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        """Columns fit the width."""
        self._lay_out()
        self._reveal(self._cursor_line)

    def notify_style_update(self) -> None:
        """Another theme: nothing painted holds."""
        super().notify_style_update()
        self._painted.clear()

    def _lay_out(self) -> None:
        self._longest = self.index.longest
        # One cell is kept for the scroll bar, so that columns do not jump when it comes.
        width = max(self.container_size.width or self.size.width, self.size.width) - 1
        service = self._longest if self._view is None or not self._view.namespaced else self._longest // 2 + 8
        spare_only = self.asked_wide is None
        self._columns = layout(width, wide=self.wide, spare_only=spare_only, service=service, marks=MARKS)
        self._painted.clear()
        self._flashing.clear()
        self.virtual_size = Size(self.size.width, len(self.index) + _HEAD)
        self.refresh()

    def _visible(self) -> list[RolloutRef | None]:
        top = round(self.scroll_y)
        return [self.index.ref_at(top + line) for line in range(max(self.size.height - _HEAD, 0))]

    def _line_refs_contain(self, ref: RolloutRef | None) -> bool:
        return ref is not None and ref in self._line_refs

    def _refresh_lines(self, changed: frozenset[RolloutRef]) -> None:
        before, self._line_refs = self._line_refs, self._visible()
        if len(before) != len(self._line_refs):
            self.refresh()
            return
        for line, (old, new) in enumerate(zip(before, self._line_refs, strict=True)):
            if old != new or new in changed:
                self._refresh_line(line)
        for ref in changed.difference(self._line_refs):
            self._painted.pop(ref, None)

    def _refresh_line(self, line: int) -> None:
        self.refresh(Region(0, line + _HEAD, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """One line of the screen: the titles, a row, or a line of the face that stands for no rows."""
        width = self.size.width
        if y < _HEAD:
            self._line_refs = self._visible()
            strip = (
                Strip(titles(self.app, self._columns, self.index.options, self._glyphs))
                if len(self.index)
                else Strip([])
            )
        elif not len(self.index):
            strip = self._face_line(y - _HEAD)
        else:
            strip = self._row_line(round(self.scroll_y) + y - _HEAD)
        return strip.adjust_cell_length(width).apply_style(self.rich_style)

    def _row_line(self, place: int) -> Strip:
        ref = self.index.ref_at(place)
        row = self.index.row(ref)
        if ref is None or row is None or self._view is None:
            return Strip([])
        painted = self._painted.get(ref)
        if painted is None or painted.row is not row or not painted.cells:
            painted = self._paint(row, painted, self._view)
        if ref != self.cursor:
            return painted.strip
        line = painted.strip.adjust_cell_length(self.size.width)
        if self.app.current_theme.ansi:  # sixteen colours have no quiet background that all tones can be read on
            mark, *rest = line
            return Strip([mark, *(Segment(part.text, Style(reverse=True)) for part in rest)], line.cell_length)
        return line.apply_style(rich_style(self.app, Tone.TEXT, "tone-cursor"))

    def _paint(self, row: Rollout, before: Painted | None, view: View) -> Painted:
        stale = is_stale(self.fleet)
        starred = star_key(row.ref) in self.index.options.starred
        sign = marks(row, self._glyphs, starred=starred, stale=stale)
        painted = paint(self.app, row, before, self._columns, view, sign, stale=stale)
        if len(self._painted) > _CACHED:
            self._painted.clear()
        self._painted[row.ref] = painted
        if painted.flashing:
            self._flash(row.ref)
        return painted

    def _face_line(self, y: int) -> Strip:
        shown = face(self.index, self.fleet, self._glyphs, self._elsewhere())
        if shown is None:
            return Strip([])
        room = max(self.size.width - 6, 10)
        lines: list[Line] = [() for _ in range(min(max((self.size.height - 8) // 3, 0), 4))]
        lines += [*wrap(shown.headline, room), ()]
        lines += [piece for line in shown.advice for piece in wrap(line, room)]
        return Strip([Segment("   "), *segments(self.app, lines[y])]) if y < len(lines) else Strip([])

    def _elsewhere(self) -> list[tuple[str, int]]:
        """Where rollouts were when all namespaces were last shown."""
        return Counter(row.ref.namespace for row in self._everywhere).most_common(5)

    # Flash --------------------------------------------------------------------------------------------------

    def _flash(self, ref: RolloutRef) -> None:
        self._flashing.add(ref)
        if self._flash_timer is None:
            self._flash_timer = self.set_timer(_FLASH, self._end_flash)

    def _end_flash(self) -> None:
        self._flash_timer = None
        ended, self._flashing = self._flashing, set()
        for ended_ref in ended:
            painted = self._painted.get(ended_ref)
            if painted is not None:
                self._painted[ended_ref] = replace(painted, cells=(), flashing=frozenset())
        for line, ref in enumerate(self._line_refs):
            if ref in ended:
                self._refresh_line(line)
