"""The log of a check: laid out by need only, so that a hundred thousand lines a second disturb nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from textual.geometry import Size

from mlcd_tui.domain.ports import LogLine
from mlcd_tui.domain.text import Clean
from mlcd_tui.ui.viewmodels.logs import log_line
from mlcd_tui.ui.viewmodels.spans import Line, cells, to_ascii
from mlcd_tui.ui.widgets.line_view import LinesView


class _Painted(Sequence[Line]):
    """Lines that are painted when they are looked at."""

    def __init__(self, texts: Sequence[Clean], *, plain: bool) -> None:
        self._texts = texts
        self._plain = plain

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> list[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | list[Line]:
        if isinstance(index, slice):
            return [self._paint(text) for text in self._texts[index]]
        return self._paint(self._texts[index])

    def _paint(self, text: Clean) -> Line:
        line = log_line(LogLine(text), stamps=False)
        return to_ascii(line) if self._plain else line


class CheckLogView(LinesView):
    """The last lines of a check's log; keeps the place where one reads, unless it follows."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.following = True
        self._texts: tuple[Clean, ...] = ()
        self._gone = 0
        self._filter = ""

    @property
    def count(self) -> int:
        """Lines that the filter lets through."""
        return len(self.lines)

    def show_log(self, texts: Sequence[Clean], gone: int = 0) -> None:
        """Show a log as it is now; `gone` lines before these are no longer kept."""
        moved, self._gone = gone - self._gone, gone
        self._texts = tuple(texts)
        self._lay_out()
        if moved > 0 and not self.following and not self._filter:
            self.scroll_to(y=max(self.scroll_offset.y - moved, 0), animate=False)

    def filter(self, text: str) -> None:
        """Show only lines with this text, in whatever case."""
        self._filter = text.casefold()
        self._needle = self._filter
        self._lay_out()

    def follow(self, following: bool) -> None:  # noqa: FBT001 - the one thing it is about
        """Stay at the end, or stay where one reads."""
        self.following = following
        if following:
            self.scroll_end(animate=False)

    def rebuild(self) -> None:
        """The width changes nothing: long lines are not broken."""
        self._lay_out()

    def _lay_out(self) -> None:
        shown: Sequence[Clean] = self._texts
        if self._filter:
            shown = [text for text in self._texts if self._filter in text.casefold()]
        self.lines = _Painted(shown, plain=self._plain)
        self.virtual_size = Size(max(map(cells, shown), default=0), len(shown))
        if self.following:
            self.scroll_end(animate=False)
        self.refresh()

    def on_mouse_scroll_up(self) -> None:
        """Who scrolls back wants to read, not to follow."""
        self.following = False

    def action_cursor_up(self) -> None:
        """A line up."""
        self.following = False
        super().action_cursor_up()

    def action_page_up(self) -> None:
        """A page up."""
        self.following = False
        super().action_page_up()

    def action_cursor_top(self) -> None:
        """To the first line kept."""
        self.following = False
        super().action_cursor_top()

    def action_cursor_bottom(self) -> None:
        """To the end, and stay there."""
        self.follow(True)
