"""A screen whose list is narrowed by a line of text above it, and that leads back to the fleet."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Static

from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.viewmodels.spans import Span
from mlcd_tui.ui.viewmodels.tones import Tone
from mlcd_tui.ui.widgets.paint import content


class FilteredScreen(BaseScreen):
    """Keeps the filter: shown on demand, hidden when it is empty and left."""

    LIST: ClassVar[str] = "#entries"
    """Selector of what the filter narrows; it gets the keys back."""
    FILTER_HINT: ClassVar[str] = ""

    def compose_filter(self) -> ComposeResult:
        """The line, out of sight until it is asked for."""
        with Horizontal(id="filter-line") as line:
            line.display = False
            yield Static(content((Span("/ ", Tone.WAITS),)), id="slash")
            yield Input(placeholder=self.FILTER_HINT, id="filter", select_on_focus=False)

    @property
    def filter_text(self) -> str:
        """What the list must have."""
        return self.query_one("#filter", Input).value

    def refilter(self) -> None:
        """Show what fits the filter now."""
        raise NotImplementedError

    def step_back(self) -> None:
        """What esc does when there is no filter to clear."""
        self.action_back()

    def action_filter(self) -> None:
        """Ask what the list must have."""
        self.query_one("#filter-line").display = True
        box = self.query_one("#filter", Input)
        self.set_focus(box)  # at once: what is typed next is text, not keys
        box.action_select_all()

    @on(Input.Changed, "#filter")
    def _filter_changed(self) -> None:
        self.refilter()

    @on(Input.Submitted, "#filter")
    def _filter_left(self) -> None:
        if not self.filter_text.strip():
            self.query_one("#filter-line").display = False
        self.query_one(self.LIST).focus()

    def action_escape(self) -> None:
        """Clear the filter, then back."""
        box = self.query_one("#filter", Input)
        if box.value or box.has_focus:
            box.value = ""
            self.query_one("#filter-line").display = False
            self.query_one(self.LIST).focus()
        else:
            self.step_back()

    def action_back(self) -> None:
        """To the fleet."""
        self.app.switch_mode("fleet")
