"""Help for one screen, made of the action table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

from mlcd_tui.config.keymap import KeyMap
from mlcd_tui.ui import actions
from mlcd_tui.ui.actions import Action, Where
from mlcd_tui.ui.viewmodels.filtering import HINT
from mlcd_tui.ui.viewmodels.glyphs import ASCII, Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, Span, to_ascii
from mlcd_tui.ui.viewmodels.tones import Tone, bold
from mlcd_tui.ui.widgets.paint import text_block

_WIDE = 80
_KEYS = 17
_ARROWS = str.maketrans({"↑": "up", "↓": "down", "←": "left", "→": "right"})


class HelpScreen(ModalScreen[None]):
    """Every key of a screen by groups, with what is remapped as it is now."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss(None)", "Close"),
        Binding("j,down", "scroll(1)", "Down", show=False),
        Binding("k,up", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, where: Where | None, keymap: KeyMap, glyphs: Glyphs, texts: Sequence[str] = ()) -> None:
        """Tell of the keys of a place, if it has any of its own, with what its parts say about themselves in front."""
        super().__init__(classes="dialog")
        self._where, self._keymap, self._glyphs, self._texts = where, keymap, glyphs, tuple(texts)
        self._place = f"Keys: {where.value}" if where is not None else "Help"

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="dialog", classes="tall") as dialog:
            dialog.border_title = Content(self._place)
            dialog.border_subtitle = Content("esc closes")
            yield Static(id="help")

    def on_resize(self) -> None:
        """The names of the actions need a wide screen; the keys do not."""
        room = self.query_one("#dialog").scrollable_content_region.width
        self.query_one("#help", Static).update(text_block(self.lines(room)))

    def lines(self, room: int) -> tuple[Line, ...]:
        """What is told, for a width."""
        where = self._where
        keys = help_lines(where, self._keymap, self._glyphs, room) if where is not None else ()
        lines = (*told(self._texts), *keys)
        return tuple(map(to_ascii, lines)) if self._glyphs is ASCII else lines

    def action_scroll(self, step: int) -> None:
        """Scroll the text."""
        self.query_one(VerticalScroll).scroll_relative(y=step, animate=False)


def texts_of(screen: Screen[Any]) -> list[str]:
    """What a screen, and the widget that has the focus, say about themselves."""
    focused = screen.focused
    around = [focused, *focused.ancestors] if focused is not None else [screen]
    found = [node.HELP for node in around if isinstance(node, Widget) and node.HELP]
    return list(dict.fromkeys(reversed(found)))


def told(texts: Sequence[str]) -> tuple[Line, ...]:
    """Texts as lines with a blank one behind; what stands in backticks is a key."""
    lines: list[Line] = []
    for text in texts:
        parts = enumerate(text.split("`"))
        lines.append(tuple(Span(part, bold(Tone.WAITS) if place % 2 else Tone.TEXT) for place, part in parts))
    return (*lines, ()) if lines else ()


def help_lines(where: Where, keymap: KeyMap, glyphs: Glyphs, room: int = _WIDE) -> tuple[Line, ...]:
    """The keys of a place, by groups, with the names of the actions where there is room for them."""
    there = actions.helped(where)
    lines: list[Line] = []
    for group in actions.GROUPS:
        rows = [
            _row(action, keymap, glyphs, named=room >= _WIDE)
            for action in there
            if action.group == group and _worth(action)
        ]
        if rows:
            lines += [(Span(group, bold(Tone.DIM)),), *rows, ()]
    if where is Where.FLEET:
        lines += [
            (Span(f"{'1…9':<{_KEYS}}", bold(Tone.WAITS)), Span("A recent namespace", Tone.TEXT)),
            (Span("Filter terms: ", Tone.DIM), Span(HINT, Tone.TEXT)),
        ]
    if where is Where.PACKAGE:
        lines += [(Span(f"{'1…9':<{_KEYS}}", bold(Tone.WAITS)), Span("To a part of the text", Tone.TEXT)), ()]
    names = "at the right" if room >= _WIDE else "that a wider screen shows here"
    tail = f"Keys can be changed under [keys] in the settings file, by the names {names}."
    lines.append((Span("A dimmed key is not possible now; pressing it says why.", Tone.DIM),))
    lines.append((Span(f"{tail} ctrl+c twice quits from anywhere.", Tone.DIM),))
    return tuple(lines)


def _worth(action: Action) -> bool:
    return not action.id.startswith(("fleet.namespace.", "package.part.")) or action.id.endswith(".0")


def _keys(action: Action, keymap: KeyMap) -> str:
    """Keys by their names: a drawn space could not be told from an underscore."""
    return " ".join(actions.shown_key(key) for key in keymap.keys.get(action.id, ()))


def _row(action: Action, keymap: KeyMap, glyphs: Glyphs, *, named: bool) -> Line:
    keys = _keys(action, keymap) or glyphs.dash
    if glyphs is ASCII:
        keys = keys.translate(_ARROWS)
    return (
        Span(f"{keys:<{_KEYS}}", bold(Tone.WAITS)),
        Span(f"{action.title:<42}" if named else action.title, Tone.TEXT),
        Span(f" {action.id}" if named else "", Tone.DIM),
    )
