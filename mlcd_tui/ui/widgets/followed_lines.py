"""Lines that grow at their end: followed, until one scrolls back to read."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from mlcd_tui.ui.widgets.line_view import LinesView


class FollowedLines(LinesView):
    """Keeps the place where one reads, unless it follows."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.following = True
        self._filter = ""

    @dataclass
    class Followed(Message):
        """It follows, or no longer."""

        following: bool

    def follow(self, following: bool) -> None:  # noqa: FBT001 - the one thing it is about
        """Stay at the end, or stay where one reads."""
        if following:
            self.scroll_end(animate=False)
        if following != self.following:
            self.following = following
            self.post_message(self.Followed(following))

    def on_mouse_scroll_up(self) -> None:
        """Who scrolls back wants to read, not to follow."""
        self.follow(False)

    def action_cursor_up(self) -> None:
        """A line up."""
        self.follow(False)
        super().action_cursor_up()

    def action_page_up(self) -> None:
        """A page up."""
        self.follow(False)
        super().action_page_up()

    def action_cursor_top(self) -> None:
        """To the first line kept."""
        self.follow(False)
        super().action_cursor_top()

    def action_cursor_bottom(self) -> None:
        """To the end, and stay there."""
        self.follow(True)

    def filter(self, text: str) -> None:
        """Show only lines with this text, in whatever case."""
        self._filter = text.casefold()
        self.rebuild()
        self._needle = self._filter

    def rebuild(self) -> None:
        """Lay out all kept lines anew."""
        raise NotImplementedError
