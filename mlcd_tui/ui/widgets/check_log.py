"""The log of a check: laid out by need only, so that a hundred thousand lines a second disturb nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from textual.geometry import Size

from mlcd_tui.domain.ports import LogLine
from mlcd_tui.domain.text import Clean
from mlcd_tui.ui.viewmodels.logs import log_line
from mlcd_tui.ui.viewmodels.spans import Line, cells, to_ascii
from mlcd_tui.ui.widgets.followed_lines import FollowedLines


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


class CheckLogView(FollowedLines):
    """The last lines of a check's log."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._texts: tuple[Clean, ...] = ()
        self._gone = 0

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
            self.scroll_end(animate=False, immediate=True)  # later on would be a second picture of the same
        self.refresh()
