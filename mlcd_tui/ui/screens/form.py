"""Asks for a few lines of text at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static


def _fine(_: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Asked:
    """One line that is asked for."""

    label: str
    initial: str = ""
    hint: str = ""
    check: Callable[[str], str] = _fine
    """What is wrong with an answer, in one sentence; empty when nothing is."""


class FormScreen(ModalScreen[tuple[str, ...] | None]):
    """A question with several inputs; enter in the last one answers, esc gives up (None)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("down", "app.focus_next", "Next", show=False),
        Binding("up", "app.focus_previous", "Before", show=False),
    ]
    DEFAULT_CSS = """
    FormScreen .label { color: $tone-dim; }
    FormScreen Input { background: $background; margin-bottom: 1; }
    FormScreen.-short Input { margin-bottom: 0; }
    """
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]  # noqa: RUF012 - Textual's own form

    def __init__(self, title: str, question: str, fields: Sequence[Asked], *, at: int = 0) -> None:
        """Ask; `at` is the field that one begins in."""
        super().__init__(classes="dialog")
        self._title = title
        self._question = question
        self._fields = tuple(fields)
        self._at = at

    def compose(self) -> ComposeResult:
        """Question, inputs with their labels, complaint."""
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content(self._title)  # content is never read as markup
            dialog.border_subtitle = Content("enter goes on   up, down: another line   esc cancels")
            yield Static(Content(self._question), id="question")
            for place, asked in enumerate(self._fields):
                yield Static(Content(asked.label), classes="label")
                yield Input(asked.initial, placeholder=asked.hint, id=f"field-{place}", select_on_focus=False)
            yield Static(id="complaint")

    def on_mount(self) -> None:
        """Begin where something is missing."""
        self.query_one(f"#field-{self._at}", Input).focus()

    def _answers(self) -> tuple[str, ...]:
        return tuple(self.query_one(f"#field-{place}", Input).value.strip() for place in range(len(self._fields)))

    @on(Input.Changed)
    def _typed(self) -> None:
        self.query_one("#complaint", Static).update(Content(""))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        answers = self._answers()
        here = int((event.input.id or "field-0").removeprefix("field-"))
        for place, (asked, answer) in enumerate(zip(self._fields, answers, strict=True)):
            complaint = asked.check(answer)
            if complaint:
                self.query_one("#complaint", Static).update(Content(complaint if place <= here else ""))
                self.query_one(f"#field-{place}", Input).focus()
                return
        if here < len(self._fields) - 1 and not answers[here + 1]:
            self.query_one(f"#field-{here + 1}", Input).focus()
        else:
            self.dismiss(answers)
