"""The checks of a run side by side, with a cursor on one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from mlcd_tui.ui.viewmodels.check_board import Cell, board_lines, column_width, side_by_side
from mlcd_tui.ui.viewmodels.glyphs import UNICODE, Glyphs
from mlcd_tui.ui.viewmodels.spans import Line
from mlcd_tui.ui.widgets.line_view import LinesView


class CheckBoard(LinesView):
    """Columns where there is room, rows where there is little; the cursor goes from check to check."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose", "Open", show=False)]

    @dataclass
    class Chosen(Message):
        """A check was chosen by enter or by the mouse."""

        name: str

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.cells: tuple[Cell, ...] = ()
        self.glyphs: Glyphs = UNICODE
        self._at = ""

    @property
    def name_at_cursor(self) -> str:
        """Name of the check under the cursor; empty where there is none."""
        return self.cells[self._place].name if self.cells else ""

    @property
    def _place(self) -> int:
        return next((place for place, cell in enumerate(self.cells) if cell.name == self._at), 0)

    def show_cells(self, cells: Sequence[Cell], glyphs: Glyphs) -> None:
        """Show checks as they are now; the cursor stays on its check."""
        self.cells, self.glyphs = tuple(cells), glyphs
        self.show(self._lay_out)

    def _lay_out(self, room: int) -> tuple[Line, ...]:
        chosen = self._place if self.has_focus else -1
        return board_lines(self.cells, chosen, room, self.size.height, self.glyphs)

    def on_focus(self) -> None:
        """The cursor shows while keys go here."""
        self.rebuild()

    def on_blur(self) -> None:
        """The cursor is gone while keys go elsewhere."""
        self.rebuild()

    def move_to(self, place: int) -> None:
        """Put the cursor on a check."""
        if self.cells:
            self._at = self.cells[max(min(place, len(self.cells) - 1), 0)].name
            self.rebuild()

    def action_choose(self) -> None:
        """Choose the check under the cursor."""
        if self.cells:
            self.post_message(self.Chosen(self.name_at_cursor))

    def action_scroll_left(self) -> None:
        """To the check before."""
        self.move_to(self._place - 1)

    def action_scroll_right(self) -> None:
        """To the next check."""
        self.move_to(self._place + 1)

    def action_cursor_up(self) -> None:
        """To the check before."""
        self.move_to(self._place - 1)

    def action_cursor_down(self) -> None:
        """To the next check."""
        self.move_to(self._place + 1)

    def action_cursor_top(self) -> None:
        """To the first check."""
        self.move_to(0)

    def action_cursor_bottom(self) -> None:
        """To the last check."""
        self.move_to(len(self.cells) - 1)

    def on_click(self, event: events.Click) -> None:
        """The mouse puts the cursor where checks stand side by side; a click on the cursor's check opens it."""
        room = self.scrollable_content_region.width
        if not self.cells or not side_by_side(len(self.cells), room):
            return
        place = min(event.x // column_width(len(self.cells), room), len(self.cells) - 1)
        if place == self._place:
            self.action_choose()
        self.move_to(place)
