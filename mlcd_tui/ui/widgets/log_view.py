"""A log that grows: bounded, appended in batches, filtered without reading it again."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from textual.geometry import Size

from mlcd_tui.domain.ports import LogLine
from mlcd_tui.ui.viewmodels.logs import log_line
from mlcd_tui.ui.viewmodels.spans import Line, width, wrap
from mlcd_tui.ui.widgets.followed_lines import FollowedLines

MOST_LINES = 5_000


class LogView(FollowedLines):
    """The last lines of a log."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.kept: deque[LogLine] = deque(maxlen=MOST_LINES)
        self.stamps = False
        self.wrapped = False
        self._painted: list[Line] = []
        self._wide = 0

    def clear(self) -> None:
        """Forget all lines."""
        self.kept.clear()
        self.rebuild()

    def append(self, batch: Sequence[LogLine]) -> None:
        """Add lines; the oldest go where there are too many."""
        self.kept.extend(batch)
        new = [painted for line in batch if self._wanted(line) for painted in self._paint(line)]
        if not new:
            return
        self._painted.extend(new)
        excess = len(self._painted) - MOST_LINES
        if excess > 0:
            del self._painted[:excess]
        self._wide = max(self._wide, *map(width, new))
        self._lay_out()
        if excess > 0 and not self.following:
            self.scroll_to(y=max(self.scroll_offset.y - excess, 0), animate=False)

    def rebuild(self) -> None:
        """Paint all kept lines anew."""
        self._painted = [painted for line in self.kept if self._wanted(line) for painted in self._paint(line)]
        del self._painted[:-MOST_LINES]
        self._wide = max(map(width, self._painted), default=0)
        self._lay_out()

    def _lay_out(self) -> None:
        self.lines = self._painted
        self.virtual_size = Size(0 if self.wrapped else self._wide, len(self._painted))
        if self.following:
            self.scroll_end(animate=False)
        self.refresh()

    def _wanted(self, line: LogLine) -> bool:
        return not self._filter or self._filter in line.text.casefold()

    def _paint(self, line: LogLine) -> tuple[Line, ...]:
        painted = log_line(line, stamps=self.stamps)
        room = self.scrollable_content_region.width
        return wrap(painted, room, 13 if self.stamps else 2) if self.wrapped and room > 0 else (painted,)
