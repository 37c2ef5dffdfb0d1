"""What went wrong in the program itself: one sentence, and where the whole story is written."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from mlcd_tui.ui.viewmodels.spans import Line, Span
from mlcd_tui.ui.viewmodels.tones import Tone
from mlcd_tui.ui.widgets.paint import text_block


class ProblemScreen(ModalScreen[None]):
    """Never a traceback; the rest goes on working behind it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q", "dismiss(None)", "Close")]

    def __init__(self, sentence: str) -> None:
        super().__init__(classes="dialog")
        self._lines: tuple[Line, ...] = (
            (Span(sentence, Tone.BRIGHT),),
            (),
            (Span("The rest keeps working. Please send that file along when you report this.", Tone.DIM),),
        )

    def compose(self) -> ComposeResult:
        """The sentence."""
        with Vertical(id="dialog", classes="trouble") as dialog:
            dialog.border_title = Content("Something went wrong")
            dialog.border_subtitle = Content("esc closes")
            yield Static(text_block(self._lines))
