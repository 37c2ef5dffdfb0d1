"""Picks one of several: contexts, namespaces, themes, columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from mlcd_tui.ui.viewmodels.spans import Span, cells
from mlcd_tui.ui.viewmodels.tones import Tone
from mlcd_tui.ui.widgets.paint import content


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose."""

    key: str
    """The answer."""
    title: str
    hint: str = ""


class PickerScreen(ModalScreen[str | None]):
    """A list with a filter; enter or a click picks, esc gives up (None)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("down", "move(1)", "Down", show=False),
        Binding("up", "move(-1)", "Up", show=False),
    ]

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        *,
        current: str = "",
        preview: Callable[[str], None] | None = None,
    ) -> None:
        """Offer choices.

        Args:
            title: what is chosen.
            choices: in the order shown.
            current: the key that the cursor begins at.
            preview: called with each key that the cursor moves to.
        """
        super().__init__(classes="dialog")
        self._title = title
        self._choices = tuple(choices)
        self._current = current
        self._preview = preview
        self._shown: list[Choice] = []

    def compose(self) -> ComposeResult:
        """Filter, list, and a word when nothing fits."""
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content(self._title)  # content is never read as markup
            yield Input(placeholder="type to filter", id="filter", select_on_focus=False)
            yield OptionList(id="choices")
            yield Static(Content("Nothing matches."), id="complaint")

    def on_mount(self) -> None:
        """Fill the list; the input keeps the focus."""
        self._fill("")
        self.query_one(Input).focus()

    def _fill(self, text: str) -> None:
        wanted = [choice for choice in self._choices if text.lower() in f"{choice.title} {choice.hint}".lower()]
        room = max((cells(choice.title) for choice in self._choices), default=0)
        options = self.query_one(OptionList)
        options.clear_options()
        # Ids of options may not repeat and keys are foreign text, so options are found by their place.
        options.add_options(Option(_prompt(choice, room, self._current)) for choice in wanted)
        self._shown = wanted
        places = [place for place, choice in enumerate(wanted) if choice.key == self._current]
        options.highlighted = (places[0] if places else 0) if wanted else None
        self.query_one("#complaint").display = not wanted

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        self._fill(event.value.strip())

    def action_move(self, step: int) -> None:
        """Move the cursor of the list while the input keeps the focus."""
        options = self.query_one(OptionList)
        if step > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    @on(OptionList.OptionHighlighted)
    def _show(self, event: OptionList.OptionHighlighted) -> None:
        if self._preview is not None and event.option_index < len(self._shown):
            self._preview(self._shown[event.option_index].key)

    @on(Input.Submitted)
    def _submit(self) -> None:
        place = self.query_one(OptionList).highlighted
        if place is not None:
            self.dismiss(self._shown[place].key)

    @on(OptionList.OptionSelected)
    def _pick(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._shown[event.option_index].key)


def _prompt(choice: Choice, room: int, current: str) -> Content:
    here = choice.key == current
    title = Span(choice.title.ljust(room), Tone.BRIGHT if here else Tone.TEXT)
    return content((title, Span(f"  {choice.hint}", Tone.DIM))) if choice.hint else content((title,))


def pick_theme(app: App[Any], names: Sequence[str], use: Callable[[str], None]) -> None:
    """Offer the themes; the cursor shows each as it passes, giving up brings the old one back."""
    before = app.theme

    def preview(name: str) -> None:
        app.theme = name

    def chosen(name: str | None) -> None:
        if name is None:
            app.theme = before
        else:
            use(name)

    choices = [Choice(name, name) for name in names]
    app.push_screen(PickerScreen("Theme", choices, current=before, preview=preview), chosen)
