"""Asks for one line of text."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class PromptScreen(ModalScreen[str | None]):
    """A question with an input; enter answers, esc gives up (None)."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(
        self, title: str, question: str, *, initial: str = "", check: Callable[[str], str] = lambda _: ""
    ) -> None:
        """Ask a question.

        Args:
            title: two or three words.
            question: one sentence.
            initial: what stands in the input at first.
            check: what is wrong with an answer, in one sentence; empty when nothing is.
        """
        super().__init__(classes="dialog")
        self._title = title
        self._question = question
        self._initial = initial
        self._check = check

    def compose(self) -> ComposeResult:
        """Question, input, complaint."""
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content(self._title)  # content is never read as markup
            dialog.border_subtitle = Content("enter goes on   esc cancels")
            yield Static(Content(self._question), id="question")
            yield Input(self._initial, id="answer", select_on_focus=False)
            yield Static(id="complaint")

    @on(Input.Changed)
    def _judge(self, event: Input.Changed) -> None:
        self.query_one("#complaint", Static).update(Content(self._check(event.value) if event.value else ""))

    @on(Input.Submitted)
    def _answer(self, event: Input.Submitted) -> None:
        complaint = self._check(event.value)
        if complaint:
            self.query_one("#complaint", Static).update(Content(complaint))
        else:
            self.dismiss(event.value)
