"""Screens of text: describe and events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from textual.app import ComposeResult
from textual.widgets import Static

from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import Event
from mlcd_tui.ui.actions import Where, bindings
from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.viewmodels.history import event_lines, yaml_lines
from mlcd_tui.ui.viewmodels.spans import Line, Span, plain, wrap
from mlcd_tui.ui.viewmodels.tones import Tone
from mlcd_tui.ui.widgets.line_view import Build
from mlcd_tui.ui.widgets.paint import content
from mlcd_tui.ui.widgets.reader import Reader

_AGES = 1.0  # seconds between looks at ages
_YOUNG = 61  # seconds; what is older is told in minutes, and looked at every so many looks
_LABEL = 12  # cells of the labels of a description
Load: TypeAlias = Callable[[], Awaitable[Build]]


def describe(screen: BaseScreen, ref: RolloutRef) -> None:
    """Show the object as `kubectl describe` would."""

    async def load() -> Build:
        lines = yaml_lines(await screen.host.session.describe(ref))
        return lambda room: tuple(part for line in lines for part in wrap(line, room, _under(line)))

    screen.app.push_screen(TextScreen("Describe", ref, load))


def _under(line: Line) -> int:
    """Where the rest of a long line goes on: under its value, or a little to the right of where it begins."""
    text = plain(line)
    label = text.partition(":")[0]
    if not text.startswith(" ") and len(label) < _LABEL:
        return _LABEL
    return len(text) - len(text.lstrip(" ")) + 4


class TextScreen(BaseScreen):
    """A text that is read once, with search."""

    WHERE = Where.READER
    BINDINGS = bindings(Where.READER)
    AUTO_FOCUS = "#text"
    DEFAULT_CSS = """
    TextScreen #caption { height: 1; margin: 1 1 1 2; }
    TextScreen Reader { margin: 0 1 0 2; }
    """

    def __init__(self, title: str, ref: RolloutRef, load: Load) -> None:
        super().__init__()
        self._what = title
        self._ref = ref
        self._load = load

    def compose_body(self) -> ComposeResult:
        """A caption and the text."""
        yield Static("", id="caption", markup=False)
        yield Reader()

    def on_mount(self) -> None:
        """Ask for the text."""
        self._caption("loading…")
        self.run_worker(self._fill(), exclusive=True, exit_on_error=False)

    async def _fill(self) -> None:
        try:
            build = await self._load()
        except Problem as problem:
            self._caption(str(problem), Tone.BROKEN)
            return
        self._caption("")
        self.query_one(Reader).show(build)

    def _caption(self, words: str, tone: Tone = Tone.DIM) -> None:
        line = (Span(self._what, Tone.BRIGHT), Span(f"  {words}", tone))
        self.query_one("#caption", Static).update(content(line))

    def crumbs(self) -> Line:
        """Namespace, name and what is shown of it."""
        return (
            Span(f"{self._ref.namespace}/", Tone.DIM),
            Span(self._ref.name, Tone.BRIGHT),
            Span(f" {self._what.lower()}", Tone.TEXT),
        )

    def action_search(self) -> None:
        """Ask what to search for."""
        self.query_one(Reader).search()

    def action_escape(self) -> None:
        """End the search, then back."""
        reader = self.query_one(Reader)
        if reader.searching:
            reader.end_search()
        else:
            super().action_escape()

    def copied_text(self) -> str:
        """Name of the rollout."""
        return self._ref.name

    def shown_text(self) -> str:
        """The text."""
        return self.query_one(Reader).view.text() + "\n"


class EventsScreen(TextScreen):
    """All events of a rollout, and those that come while one reads."""

    def __init__(self, ref: RolloutRef, events: Sequence[Event], *, hidden: bool = False) -> None:
        super().__init__("Events", ref, self._lay_out)
        self._hidden = hidden
        self._events = tuple(events)

    def on_mount(self) -> None:
        """Ages move on."""
        self._looks = 0
        self.set_interval(_AGES, self.host.guarded(self._age))

    async def _lay_out(self) -> Build:
        return lambda room: tuple(event_lines(self._events, self.host.now(), room, hidden=self._hidden))

    def take(self, events: Sequence[Event]) -> None:
        """Show the events as they are now."""
        if tuple(events) != self._events:
            self._events = tuple(events)
            self._again()

    def _age(self) -> None:
        self._looks += 1
        newest = next((event.last for event in self._events if event.last is not None), None)
        young = newest is not None and (self.host.now() - newest).total_seconds() < _YOUNG
        if young or self._looks % 5 == 0:
            self._again()

    def _again(self) -> None:
        if self.is_mounted:
            self.query_one(Reader).view.rebuild()
