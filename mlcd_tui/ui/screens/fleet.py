"""The start screen: every rollout of the cluster, those that need somebody first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Input, Static

from mlcd_tui.domain.fleet import Fleet
from mlcd_tui.domain.rollout import Rollout
from mlcd_tui.domain.text import Clean
from mlcd_tui.ui.actions import Where, bindings
from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.screens.picker import Choice, PickerScreen
from mlcd_tui.ui.viewmodels.columns import BY_ID, COLUMNS, as_text
from mlcd_tui.ui.viewmodels.filtering import HINT, parse
from mlcd_tui.ui.viewmodels.fleet import Options, counts_line, notices
from mlcd_tui.ui.viewmodels.fleet_view import View
from mlcd_tui.ui.viewmodels.spans import Line, Span, crop
from mlcd_tui.ui.viewmodels.tones import Tone
from mlcd_tui.ui.widgets.fleet_table import FleetTable
from mlcd_tui.ui.widgets.paint import content, text_block

_STYLES = Path(__file__).parents[1] / "styles"
_SLOW = 5.0  # seconds between looks at ages that are told in minutes


class FleetScreen(BaseScreen):
    """Counts, filter and the table."""

    WHERE = Where.FLEET
    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.FLEET)
    CSS_PATH = [_STYLES / "screens" / "fleet.tcss"]  # noqa: RUF012 - Textual's own form
    AUTO_FOCUS = "FleetTable"

    def __init__(self) -> None:
        super().__init__()
        self._ticker: Timer | None = None
        self._counts: Line = ()
        self._notices: tuple[Line, ...] = ()
        self._seen_context = ""
        self._seen_namespace = Clean("")

    def compose_body(self) -> ComposeResult:
        """Notices, counts, filter, table."""
        yield Static(id="notices")
        with Horizontal(id="summary"):
            yield Static(id="counts")
            yield Static(content((Span("/ filter", Tone.DIM),)), id="hint")
        with Horizontal(id="filter-line"):
            yield Static(content((Span("/ ", Tone.WAITS),)), id="slash")
            yield Input(placeholder=HINT, id="filter", select_on_focus=False)
            yield Static(id="found")
        yield FleetTable()

    @property
    def table(self) -> FleetTable:
        """The table."""
        return self.query_one(FleetTable)

    def on_mount(self) -> None:
        """Begin with what is remembered."""
        self.query_one("#filter-line").display = False
        self.query_one("#notices").display = False
        self.set_class(self.host.settings.ascii, "-ascii")
        self._tick()

    # What comes in ------------------------------------------------------------------------------------------

    def watch_fleet(self, fleet: Fleet) -> None:
        """Hand the fleet on to whatever shows a part of it."""
        super().watch_fleet(fleet)
        if fleet.context != self._seen_context:
            self._seen_context = fleet.context
            self.recall()
        if fleet.namespace != self._seen_namespace:  # what was looked for there is seldom what is looked for here
            self._seen_namespace = fleet.namespace
            self._clear_filter()
        self.table.take(fleet, self.host.now(), self.host.glyphs)
        self._summarise()

    def on_resize(self) -> None:
        """Counts and notices fit the width."""
        self._summarise()

    def on_key(self, event: events.Key) -> None:
        """From the filter down into the table."""
        if event.key == "down" and self.query_one("#filter", Input).has_focus:
            event.stop()
            self._leave_filter()

    def recall(self) -> None:
        """Order, columns and favourites as they are remembered of this context."""
        remembered = self.host.remembered
        self.table.set_wide(remembered.wide)
        sort = remembered.sort if remembered.sort in BY_ID else "phase"
        self._choose(sort=sort, reverse=remembered.descending, starred=frozenset(remembered.favourites))

    def _summarise(self) -> None:
        width = self.size.width
        counts = counts_line(self.table.index, self.fleet, width - 3)
        if counts != self._counts:
            self._counts = counts
            self.query_one("#counts", Static).update(content(counts))
        lines = tuple(crop(line, width - 3) if self.size.height < 16 else line for line in notices(self.fleet))
        if lines != self._notices:
            self._notices = lines
            box = self.query_one("#notices", Static)
            box.display = bool(lines)
            box.update(text_block(lines))
        options = self.table.index.options
        if options.filter or options.attention_only:
            found = (Span(f"{len(self.table.index)} of {len(self.table.index.rows)}", Tone.DIM),)
            self.query_one("#found", Static).update(content(found))

    def _tick(self) -> None:
        if self.is_current:
            self.table.tick(self.host.now())
        delay = 1.0 if self.table.counting_down() else _SLOW
        self._ticker = self.set_timer(delay, self.host.guarded(self._tick))

    # Choosing rows ------------------------------------------------------------------------------------------

    def _choose(self, **changes: object) -> None:
        options: Options = replace(self.table.index.options, **changes)  # type: ignore[arg-type]
        self.table.choose(options)
        self._summarise()
        state = []
        if options.attention_only:
            state.append("only what needs attention")
        hint = ", ".join(state) or "/ filter"
        self.query_one("#hint", Static).update(content((Span(hint, Tone.WAITS if state else Tone.DIM),)))

    def action_filter(self) -> None:
        """Show the filter line and go there."""
        self.query_one("#filter-line").display = True
        box = self.query_one("#filter", Input)
        self.set_focus(box)  # at once: what is typed next is text, not keys
        box.action_select_all()  # what is typed next takes the place of what was asked before

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        self._choose(filter=parse(event.value, tuple((engine.name, engine.title) for engine in self.fleet.engines)))

    @on(Input.Submitted, "#filter")
    def _filtered(self) -> None:
        self._leave_filter()

    def _leave_filter(self) -> None:
        if not self.query_one("#filter", Input).value.strip():
            self.query_one("#filter-line").display = False
        self.table.focus()

    def _clear_filter(self) -> None:
        box = self.query_one("#filter", Input)
        if box.value:
            box.value = ""
            self._choose(filter=parse(""))  # at once, not with the next message
            self._leave_filter()

    def action_escape(self) -> None:
        """Clear the filter; then show all again."""
        box = self.query_one("#filter", Input)
        if box.value or box.has_focus:
            box.value = ""
            self._leave_filter()
        elif self.table.index.options.attention_only:
            self.action_attention()

    def action_attention(self) -> None:
        """Only what needs attention, or all."""
        self._choose(attention_only=not self.table.index.options.attention_only)

    def action_favourite(self) -> None:
        """Star the selected rollout, or take the star away."""
        if self.table.cursor is not None:
            self.host.memory.star(self.fleet.context, self.table.cursor)
            self._choose(starred=frozenset(self.host.remembered.favourites))

    def action_wide(self) -> None:
        """More columns, or fewer."""
        wide = not self.table.wide
        self.table.set_wide(wide)
        self.host.memory.widen(self.fleet.context, wide=wide)

    # Order --------------------------------------------------------------------------------------------------

    @on(FleetTable.SortAsked)
    def _sort(self, event: FleetTable.SortAsked) -> None:
        self._order(self.table.index.options.with_sort(event.column))

    def _order(self, options: Options) -> None:
        self._choose(sort=options.sort, reverse=options.reverse)
        column = "" if options.sort == "phase" else options.sort
        self.host.memory.sort(self.fleet.context, column, descending=options.reverse)

    def action_sort(self) -> None:
        """Choose a column from a list."""
        options = self.table.index.options
        choices = [Choice(column.id, column.title, _sort_hint(column.id)) for column in COLUMNS]

        def chosen(column: str | None) -> None:
            if column is not None:
                self._order(options.with_sort(column))

        self.app.push_screen(PickerScreen("Sort by", choices, current=options.sort), chosen)

    def action_sort_by(self, step: int) -> None:
        """Sort by the column beside the present one."""
        names = [column.id for column in COLUMNS if self.table.wide or not column.wide]
        present = self.table.index.options.sort
        place = names.index(present) if present in names else 0
        self._order(replace(self.table.index.options, sort=names[(place + step) % len(names)], reverse=False))

    def action_reverse(self) -> None:
        """Turn the order round."""
        options = self.table.index.options
        self._order(replace(options, reverse=not options.reverse))

    # Opening and places -------------------------------------------------------------------------------------

    def action_open(self) -> None:
        """Open the selected rollout."""
        if self.table.cursor is not None:
            self.host.open_rollout(self.table.cursor)

    @on(FleetTable.Opened)
    def _open(self, event: FleetTable.Opened) -> None:
        self.host.open_rollout(event.ref)

    @on(FleetTable.Highlighted)
    def _highlighted(self) -> None:
        self.refresh_keys()

    def selected(self) -> Rollout | None:
        """The row under the cursor."""
        return self.table.selected

    def action_namespace(self, number: int) -> None:
        """All namespaces (0), or one of the recent ones."""
        recent = self.host.remembered.namespaces
        if number == 0:
            self.host.use(namespace="")
        elif number <= len(recent):
            self.host.use(namespace=recent[number - 1])
        else:
            self.notify(f"There is no recent namespace {number} yet; N chooses one.", markup=False)

    def shown_text(self) -> str:
        """The whole table, also what is scrolled out of view."""
        fleet = self.fleet
        engines = tuple((e.name, e.title) for e in fleet.engines)
        view = View(self.host.glyphs, self.host.now(), False, engines, fleet.schemas, fleet.checks)
        return as_text(tuple(self.table.index.shown()), view)


def _sort_hint(column: str) -> str:
    return "needs attention first" if column == "phase" else ""
