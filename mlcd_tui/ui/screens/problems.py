"""What went wrong in the program itself: one sentence, and where the whole story is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from mlcd_tui.domain.text import clean
from mlcd_tui.ui.viewmodels.spans import Line, Span
from mlcd_tui.ui.viewmodels.tones import Tone, bold
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


class SettingsProblems(ModalScreen[None]):
    """All that was wrong with the settings, as long as one wants to read it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q", "dismiss(None)", "Close")]

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__(classes="dialog")
        lines = [
            ((Span("! ", bold(Tone.WAITS)), Span(clean(sentence, limit=600), Tone.TEXT)), ()) for sentence in sentences
        ]
        self._lines: tuple[Line, ...] = tuple(line for pair in lines for line in pair)[:-1]

    def compose(self) -> ComposeResult:
        """The sentences."""
        with VerticalScroll(id="dialog") as dialog:
            dialog.border_title = Content("Problems in the settings")
            dialog.border_subtitle = Content("esc closes")
            yield Static(text_block(self._lines or ((Span("There are none.", Tone.TEXT),),)))
