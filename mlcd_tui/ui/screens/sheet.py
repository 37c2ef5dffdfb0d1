"""A long text in parts: a bar of them above, keys that lead to each, search, and the sources behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from mlcd_tui.domain.errors import Problem
from mlcd_tui.ui.actions import Where, bindings
from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.viewmodels.package_words import BLANK, Part
from mlcd_tui.ui.viewmodels.spans import Line, Span
from mlcd_tui.ui.viewmodels.tones import Tone, bold
from mlcd_tui.ui.widgets.paint import content
from mlcd_tui.ui.widgets.reader import Reader
from mlcd_tui.ui.widgets.tab_bar import Tab, TabBar

_MOST_PARTS = 9


class SheetScreen(BaseScreen):
    """Reads something once and shows it in parts; `raw` shows the documents that it was read from."""

    WHERE = Where.PACKAGE
    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.PACKAGE)
    AUTO_FOCUS = "#text"
    HELP = "The digits go to a part, `y` shows the documents as they were read."
    DEFAULT_CSS = """
    SheetScreen TabBar { margin: 1 1 1 1; }
    SheetScreen #told { height: auto; margin: 0 1 1 2; display: none; }
    SheetScreen #told.-told { display: block; }
    SheetScreen Reader { margin: 0 1 0 2; }
    SheetScreen.-short TabBar { margin: 0 1; }
    """

    def __init__(self, what: str) -> None:
        super().__init__()
        self._what = what
        self._raw = False
        self._tops: tuple[int, ...] = ()
        self._tabs: tuple[Tab, ...] = ()

    def compose_body(self) -> ComposeResult:
        """Bar of parts, one sentence where there is one, text."""
        yield TabBar(())
        yield Static("", id="told", markup=False)
        yield Reader()

    def on_mount(self) -> None:
        """Begin to read; nothing waits for it. The bar follows the text."""
        self.watch(self.query_one(Reader).view, "scroll_y", self._mark, init=False)
        self.read()

    # What subclasses say --------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Get what is shown. Raises `Problem`."""
        raise NotImplementedError

    @property
    def loaded(self) -> bool:
        """Whether there is something to show."""
        raise NotImplementedError

    def parts(self, room: int) -> Sequence[Part]:
        """The parts for a width."""
        raise NotImplementedError

    def raw_parts(self, room: int) -> Sequence[Part]:
        """The documents for a width."""
        raise NotImplementedError

    # Showing --------------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Read it, or read it again."""
        self._tell("" if self.loaded else f"reading {self._what}{self.host.glyphs.ellipsis}")
        self.run_worker(self._fill(), group="read", exclusive=True, exit_on_error=False)

    def reconnected(self) -> None:
        """Whatever was missing may be there now."""
        self.read()

    async def _fill(self) -> None:
        try:
            await self.load()
        except Problem as problem:
            self._tell(f"{problem}", Tone.BROKEN)
            return
        except Exception:
            self._tell(f"{self._what} could not be read.", Tone.BROKEN)
            raise  # the app tells why and writes it down
        self._tell("")
        self.show_parts()
        self.refresh_header()

    def _tell(self, words: str, tone: Tone = Tone.DIM) -> None:
        told = self.query_one("#told", Static)
        told.set_class(bool(words), "-told")
        told.update(content((Span(words, tone),)))

    def show_parts(self) -> None:
        """Show the text as it is now."""
        self.query_one(Reader).show(self._lines)
        self._mark()

    def _lines(self, room: int) -> Sequence[Line]:
        if not self.loaded:
            return ()
        shown = self.raw_parts(room) if self._raw else self.parts(room)
        lines: list[Line] = []
        tops: list[int] = []
        for part in shown:
            lines.extend((BLANK, BLANK) if lines else ())
            tops.append(len(lines))
            lines.extend(part.lines)
        self._tops = tuple(tops)
        named = enumerate(shown[:_MOST_PARTS], start=1)
        tabs = tuple(Tab(part.name, str(number), part.title, part.short) for number, part in named)
        if tabs != self._tabs:
            self._tabs = tabs
            self.query_one(TabBar).show(tabs)
            self.call_after_refresh(self._mark)
        return lines

    def _mark(self) -> None:
        """Mark the part that stands at the top."""
        if not self._tabs:
            return
        top = round(self.query_one(Reader).view.scroll_y)
        above = [place for place, start in enumerate(self._tops[:_MOST_PARTS]) if start <= top + 1]
        self.query_one(TabBar).present = self._tabs[above[-1] if above else 0].name

    # Keys -----------------------------------------------------------------------------------------------------

    def action_part(self, number: int) -> None:
        """To a part."""
        if number <= min(len(self._tops), _MOST_PARTS):
            view = self.query_one(Reader).view
            view.scroll_to(y=self._tops[number - 1], animate=False, force=True)
            self.query_one(Reader).focus_text()
            self.query_one(TabBar).present = self._tabs[number - 1].name

    @on(TabBar.Picked)
    def _picked(self, event: TabBar.Picked) -> None:
        names = [tab.name for tab in self._tabs]
        self.action_part(names.index(event.name) + 1)

    def action_raw(self) -> None:
        """The documents as they were read, or what was made of them."""
        self._raw = not self._raw
        self.query_one(Reader).view.scroll_home(animate=False)
        self.show_parts()
        self.refresh_header()

    def action_search(self) -> None:
        """Ask what to search for."""
        self.query_one(Reader).search()

    def action_escape(self) -> None:
        """End the search, then back to the package, then back."""
        reader = self.query_one(Reader)
        if reader.searching:
            reader.end_search()
        elif self._raw:
            self.action_raw()
        else:
            super().action_escape()

    def shown_text(self) -> str:
        """The text."""
        return self.query_one(Reader).view.text() + "\n" if self.loaded else ""

    def crumbs(self) -> Line:
        """What is shown, and whether it is the documents."""
        raw = (Span(" documents", bold(Tone.WAITS)),) if self._raw else ()
        return (Span(self._what, Tone.BRIGHT), *raw)
