"""A screen of log lines with a caption above them, and a line of text below that narrows them."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Static

from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.widgets.followed_lines import FollowedLines


class LogSearchScreen(BaseScreen):
    """Keeps the filter: shown on demand, hidden when it is cleared."""

    CSS_PATH = "../styles/screens/logs.tcss"
    AUTO_FOCUS = "#log"
    LINES: ClassVar[type[FollowedLines]]
    """What shows the lines."""

    def compose_body(self) -> ComposeResult:
        """What is shown and how, the lines, the filter."""
        yield Static("", id="caption", markup=False)
        yield self.LINES(id="log")
        with Horizontal(id="filter"):
            yield Static("/ ", markup=False)
            yield Input(compact=True, id="needle")

    @property
    def _lines(self) -> FollowedLines:
        return self.query_one("#log", FollowedLines)

    def show_caption(self) -> None:
        """Say anew what is shown and how."""
        raise NotImplementedError

    def action_follow(self) -> None:
        """Stay at the end, or stay where one reads."""
        self._lines.follow(not self._lines.following)

    @on(FollowedLines.Followed)
    def _followed(self) -> None:
        self.show_caption()

    def action_filter(self) -> None:
        """Ask for the text that lines must have."""
        self.query_one("#filter").add_class("-open")
        box = self.query_one("#needle", Input)
        self.set_focus(box)  # at once: what is typed next is text, not keys
        box.action_select_all()

    @on(Input.Changed, "#needle")
    def _filtered(self, event: Input.Changed) -> None:
        self._lines.filter(event.value)
        self.show_caption()

    @on(Input.Submitted, "#needle")
    def _settled(self) -> None:
        self._lines.focus()

    def action_escape(self) -> None:
        """Clear the filter, then back."""
        bar = self.query_one("#filter")
        if bar.has_class("-open"):
            bar.remove_class("-open")
            self.query_one("#needle", Input).value = ""
            self._lines.focus()
        else:
            super().action_escape()

    def shown_text(self) -> str:
        """The lines that the filter lets through."""
        return self._lines.text() + "\n"
