"""Help for one screen, made of the action table."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from mlcd_tui.config.keymap import KeyMap
from mlcd_tui.ui import actions
from mlcd_tui.ui.actions import Action, Where
from mlcd_tui.ui.viewmodels.filtering import HINT
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, Span
from mlcd_tui.ui.viewmodels.tones import Tone, bold
from mlcd_tui.ui.widgets.paint import text_block


class HelpScreen(ModalScreen[None]):
    """Every key of a screen by groups, with what is remapped as it is now."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss(None)", "Close"),
        Binding("j,down", "scroll(1)", "Down", show=False),
        Binding("k,up", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, where: Where, keymap: KeyMap, glyphs: Glyphs) -> None:
        super().__init__(classes="dialog")
        self._text = help_lines(where, keymap, glyphs)
        self._place = where.value

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="dialog", classes="tall") as dialog:
            dialog.border_title = f"Keys: {self._place}"
            dialog.border_subtitle = "esc closes"
            yield Static(text_block(self._text))

    def action_scroll(self, step: int) -> None:
        """Scroll the text."""
        self.query_one(VerticalScroll).scroll_relative(y=step, animate=False)


def help_lines(where: Where, keymap: KeyMap, glyphs: Glyphs) -> tuple[Line, ...]:
    """The keys of a place, by groups."""
    there = (*actions.of(where), *actions.of(Where.LIST))
    lines: list[Line] = []
    for group in actions.GROUPS:
        rows = [_row(action, keymap, glyphs) for action in there if action.group == group and _worth(action)]
        if rows:
            lines += [(Span(group, bold(Tone.DIM)),), *rows, ()]
    if where is Where.FLEET:
        lines += [
            (Span("1…9", bold(Tone.WAITS)), Span("                 a recent namespace", Tone.TEXT)),
            (Span("Filter terms: ", Tone.DIM), Span(HINT, Tone.TEXT)),
        ]
    lines.append((Span("A dimmed key is not possible now; pressing it says why. Keys can be changed under", Tone.DIM),))
    lines.append(
        (Span("[keys] in the settings file, by the names at the right. ctrl+c twice quits from anywhere.", Tone.DIM),)
    )
    return tuple(lines)


def _worth(action: Action) -> bool:
    return not action.id.startswith("fleet.namespace.") or action.id.endswith(".0")


def _keys(action: Action, keymap: KeyMap) -> str:
    """Keys by their names: a drawn space could not be told from an underscore."""
    return " ".join(actions.shown_key(key) for key in keymap.keys.get(action.id, ()))


def _row(action: Action, keymap: KeyMap, glyphs: Glyphs) -> Line:
    return (
        Span(f"{_keys(action, keymap) or glyphs.dash:<20}", bold(Tone.WAITS)),
        Span(f"{action.title:<38}", Tone.TEXT),
        Span(f"  {action.id}", Tone.FAINT),
    )
