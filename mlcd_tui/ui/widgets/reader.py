"""A long text with a search line that appears when it is asked for."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from mlcd_tui.ui.actions import Where, bindings
from mlcd_tui.ui.widgets.line_view import Build, LinesView


class Reader(Vertical):
    """LinesView and search: `/` asks, `n` and `N` go from place to place, `esc` ends it."""

    DEFAULT_CSS = """
    Reader { height: 1fr; }
    Reader #search { height: 1; display: none; }
    Reader.-searching #search { display: block; }
    Reader #search Static { width: auto; color: $tone-dim; }
    Reader #search Input { width: 1fr; border: none; height: 1; padding: 0; background: $tone-bar; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.TEXT)

    def compose(self) -> ComposeResult:
        """The text and the search line below it."""
        yield LinesView(id="text")
        with Horizontal(id="search"):
            yield Static("/ ", markup=False)
            yield Input(compact=True, id="needle")
            yield Static("", id="found", markup=False)

    @property
    def view(self) -> LinesView:
        """The text."""
        return self.query_one("#text", LinesView)

    def show(self, build: Build) -> None:
        """Show what `build` makes."""
        self.view.show(build)

    def focus_text(self) -> None:
        """Keys go to the text."""
        self.view.focus()

    @property
    def searching(self) -> bool:
        """Whether something is searched for."""
        return self.has_class("-searching")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While nothing is searched, keys for going from place to place belong to the screen around."""
        del parameters
        return action != "next" or self.searching

    def search(self) -> None:
        """Ask what to search for."""
        self.add_class("-searching")
        box = self.query_one("#needle", Input)
        self.screen.set_focus(box)  # at once: what is typed next is text, not keys
        box.action_select_all()

    def end_search(self) -> None:
        """Forget what was searched for."""
        self.remove_class("-searching")
        self.query_one("#needle", Input).value = ""
        self.view.mark("")
        self.focus_text()

    def action_next(self, direction: int) -> None:
        """To the next place, or the one before."""
        self.view.go(direction)

    @on(Input.Changed, "#needle")
    def _searched(self, event: Input.Changed) -> None:
        event.stop()
        found = self.view.mark(event.value)
        words = f" {found} line{'' if found == 1 else 's'}" if event.value else ""
        self.query_one("#found", Static).update(Content(words))

    @on(Input.Submitted, "#needle")
    def _settled(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_text()
