"""The browser of model packages: places at the left, what lies there at the right, arriving as it is read."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Static

from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.package import PackageEntry
from mlcd_tui.domain.package_ports import Place
from mlcd_tui.domain.text import clean
from mlcd_tui.ui.actions import Where, bindings
from mlcd_tui.ui.screens.filtered import FilteredScreen
from mlcd_tui.ui.screens.package import PackageDiffScreen, PackageScreen
from mlcd_tui.ui.screens.picker import Choice, PickerScreen
from mlcd_tui.ui.screens.prompt import PromptScreen
from mlcd_tui.ui.viewmodels.package_list import (
    SORTS,
    Widths,
    chosen,
    count_line,
    entry_row,
    head_row,
    nothing_lines,
    place_row,
)
from mlcd_tui.ui.viewmodels.spans import Line, Span, plain, wrap
from mlcd_tui.ui.viewmodels.tones import Tone
from mlcd_tui.ui.widgets.line_view import LinesView, RowList
from mlcd_tui.ui.widgets.paint import content

_STYLES = Path(__file__).parents[1] / "styles"
_NARROW = 100  # columns; below, places stand above the packages
_MOST_PLACES = 5
_FLUSH = 0.1  # seconds
_EACH = 1 / 30_000  # seconds longer between two flushes for each row that has to be laid out anew


class PackagesScreen(FilteredScreen):
    """Browses packages; nothing is read in full before it is opened."""

    WHERE = Where.PACKAGES
    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.PACKAGES)
    CSS_PATH = [_STYLES / "screens" / "fleet.tcss", _STYLES / "screens" / "packages.tcss"]  # noqa: RUF012 - Textual's own form
    AUTO_FOCUS = "#entries"
    FILTER_HINT = "a name, an author, a tag"
    HELP = "`tab` goes between places and packages. `space` marks what serves, then the candidate; `v` compares."

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[str, Place] = {}
        self._entries: dict[str, PackageEntry] = {}
        self._shown: list[PackageEntry] = []
        self._marked: list[str] = []
        self._sort = "place"
        self._place = ""
        self._state = ""
        self._problem = ""
        self._timer: Timer | None = None
        self._turn = 0
        self._look: object = None
        self._lines: dict[str, tuple[PackageEntry, int | None, Line]] = {}

    def compose_body(self) -> ComposeResult:
        """Counts, filter, places, entries."""
        with Horizontal(id="summary"):
            yield Static(id="counts")
        yield from self.compose_filter()
        with Horizontal(id="browser"):
            yield RowList(id="places")
            with Vertical(id="listing"):
                yield Static(id="heads")
                yield RowList(id="entries")
                yield LinesView(id="nothing")

    def on_mount(self) -> None:
        """List the first place."""
        self._list_places()

    def _list_places(self) -> None:
        self._places = {place.address: place for place in self.host.session.packages.places()}
        rows, known = self.query_one("#places", RowList), list(self._places.values())
        rows.show_rows(list(self._places), lambda room: [place_row(place, room) for place in known])
        rows.display = len(known) > 1
        self._fit_places()
        self._go_to(self._place if self._place in self._places else next(iter(self._places), ""))

    def on_resize(self) -> None:
        """Above the packages, places take no more lines than there are of them."""
        self._fit_places()

    def _fit_places(self) -> None:
        high = min(max(len(self._places), 1), _MOST_PLACES) if self.size.width < _NARROW else None
        self.query_one("#places").styles.max_height = high

    # Reading --------------------------------------------------------------------------------------------------

    def _go_to(self, address: str) -> None:
        """List what lies at a place."""
        self._place, self._problem = address, ""
        self._turn += 1
        self._entries.clear()
        self._state = f"reading {clean(address)}" if address else ""
        self.refresh_header()
        self._show()
        if address:
            self.run_worker(self._read(address, self._turn), group="list", exclusive=True, exit_on_error=False)

    async def _read(self, address: str, turn: int) -> None:
        try:
            async for entry in self.host.session.packages.list(address):
                self._entries[entry.address] = entry
                if self._timer is None:
                    self._timer = self.set_timer(_FLUSH + len(self._entries) * _EACH, self._flush)
        except Problem as problem:
            self._problem = str(problem)
        except Exception:
            self._problem = f"{clean(address)} could not be listed."
            raise  # the app tells why and writes it down
        finally:
            if turn == self._turn:  # else another place, or this one anew, is being read already
                self._state = ""
                self._flush()

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self.is_mounted:
            self._show()

    def reconnected(self) -> None:
        """Places of the cluster may be others now."""
        self._list_places()

    def action_read_again(self) -> None:
        """Read the list again."""
        self._list_places()

    # Showing --------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        text = self.filter_text
        self._shown = chosen(list(self._entries.values()), text, self._sort)
        rows, nothing = self.query_one("#entries", RowList), self.query_one("#nothing", LinesView)
        rows.display = self.query_one("#heads").display = bool(self._shown)
        nothing.display = not self._shown
        if self._shown:
            rows.show_rows([entry.address for entry in self._shown], self._rows)
        else:
            nothing.show(partial(self._nothing, text))
        self._count()

    def _rows(self, room: int) -> list[Line]:
        """Thousands may be listed and more arrive ten times a second, so a row is only laid out once."""
        # of all, not of those shown: columns do not jump while a filter is typed, and no row is laid out anew
        widths, now = Widths.of(list(self._entries.values()), room), self.host.now()
        look = (widths, room, now.replace(second=0, microsecond=0))
        if look != self._look:
            self._look = look
            self._lines.clear()
            self.query_one("#heads", Static).update(content((Span(" "), *head_row(widths, room))))
        marks = {address: place + 1 for place, address in enumerate(self._marked)}
        for entry in self._shown:
            kept = self._lines.get(entry.address)
            if kept is None or kept[0] is not entry or kept[1] != marks.get(entry.address):
                line = entry_row(entry, marks, widths, now, room)
                self._lines[entry.address] = (entry, marks.get(entry.address), line)
        return [self._lines[entry.address][2] for entry in self._shown]

    def _nothing(self, text: str, room: int) -> tuple[Line, ...]:
        if self._problem:
            lines: tuple[Line, ...] = ((Span(self._problem, Tone.BROKEN),),)
        elif self._state:
            lines = ((Span(f"{self._state}{self.host.glyphs.ellipsis}", Tone.DIM),),)
        else:
            lines = nothing_lines(len(self._entries), text, clean(self._place), self.key_of("packages.address"))
        return tuple(part for line in lines for part in wrap(line, room))

    def _count(self) -> None:
        names = [self._called(address) for address in self._marked]
        line = count_line(len(self._shown), len(self._entries), self._state, names, self.host.glyphs)
        if self._problem and self._shown:
            line = (*line, Span(f"   {self._problem}", Tone.BROKEN))
        self.query_one("#counts", Static).update(content(line))

    def _called(self, address: str) -> str:
        entry = self._entries.get(address)
        return f"{entry.name} {entry.version}".strip() if entry is not None else clean(address)

    def crumbs(self) -> Line:
        """The place."""
        place = self._places.get(self._place)
        where = (place.title or clean(place.address)) if place is not None else ""
        return (Span("packages", Tone.TEXT), Span(f" {self.host.glyphs.dot} {where}" if where else "", Tone.DIM))

    # Keys -----------------------------------------------------------------------------------------------------

    @on(RowList.Moved, "#places")
    @on(RowList.Chosen, "#places")
    def _place_chosen(self, event: RowList.Moved | RowList.Chosen) -> None:
        if event.key and event.key != self._place:
            self._go_to(event.key)
        if isinstance(event, RowList.Chosen):
            self.query_one("#entries", RowList).focus()

    @on(RowList.Chosen, "#entries")
    def _entry_chosen(self) -> None:
        self.action_open()

    @property
    def _under_cursor(self) -> str:
        return self.query_one("#entries", RowList).key if self._shown else ""

    def action_open(self) -> None:
        """Open the package under the cursor."""
        address = self._under_cursor
        if address:
            self.app.push_screen(PackageScreen(self._called(address), address=address))

    def action_address(self) -> None:
        """Open a package by its address."""
        places = [place.address for place in self._places.values()]
        known = f" Places that are known: {', '.join(map(clean, places[:4]))}." if places else ""
        question = f"A folder, file, URL, image or model, such as oci:registry/repo:tag or mlflow:churn/7.{known}"

        def opened(address: str | None) -> None:
            if address and address.strip():
                self.app.push_screen(PackageScreen.of(address.strip()))

        self.app.push_screen(PromptScreen("Open a package", question), opened)

    def action_mark(self) -> None:
        """Mark the package under the cursor, or take its mark away; a third mark replaces the first."""
        address = self._under_cursor
        if not address:
            return
        if address in self._marked:
            self._marked.remove(address)
        else:
            self._marked = [*self._marked[-1:], address]
        self._show()

    def action_compare(self) -> None:
        """Compare the marked ones; with one mark, it serves and the one under the cursor is the candidate."""
        pair = list(self._marked)
        if len(pair) == 1 and self._under_cursor and self._under_cursor not in pair:
            pair.append(self._under_cursor)
        if len(pair) < 2:
            key = self.key_of("packages.mark")
            sentence = f"Mark what serves now with {key}, then put the cursor on the candidate."
            self.notify(sentence, title="Not possible now", severity="warning", markup=False)
            return
        serving, candidate = pair
        desk = self.host.session.packages
        what = f"{self._called(serving)} → {self._called(candidate)}"
        self.app.push_screen(PackageDiffScreen(what, lambda: desk.compare(serving, candidate)))

    def action_sort(self) -> None:
        """Choose an order."""

        def ordered(sort: str | None) -> None:
            if sort is not None:
                self._sort = sort
                self._show()

        choices = [Choice(name, title) for name, (title, _) in SORTS.items()]
        self.app.push_screen(PickerScreen("Sort by", choices, current=self._sort), ordered)

    def refilter(self) -> None:
        """What entries must have."""
        self._show()

    def step_back(self) -> None:
        """Take the marks away, then back."""
        if self._marked:
            self._marked = []
            self._show()
        else:
            self.action_back()

    def copied_text(self) -> str:
        """The address under the cursor."""
        return clean(self._under_cursor)

    def shown_text(self) -> str:
        """The list as it is shown."""
        return "".join(f"{plain(line).rstrip()}\n" for line in self.query_one("#entries", RowList).lines)
