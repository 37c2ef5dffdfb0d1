"""Checks: run a plan on an image and watch it; the runs that this machine keeps."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from functools import partial
from pathlib import Path
from time import monotonic
from typing import ClassVar, cast

from textual import on
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from mlcd_tui.domain.check_ports import Progress
from mlcd_tui.domain.checks import CheckResult, CheckRun
from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.text import clean
from mlcd_tui.ui.actions import Where, bindings
from mlcd_tui.ui.screens.check import CheckScreen, accept
from mlcd_tui.ui.screens.check_asking import USUAL_PLAN, ask_run
from mlcd_tui.ui.screens.check_log import CheckLogScreen
from mlcd_tui.ui.screens.filtered import FilteredScreen
from mlcd_tui.ui.viewmodels import check_list
from mlcd_tui.ui.viewmodels.check_board import live_cells, progress_line, run_cells
from mlcd_tui.ui.viewmodels.check_live import LiveRun
from mlcd_tui.ui.viewmodels.check_tab import before
from mlcd_tui.ui.viewmodels.check_words import count_line, digest_of
from mlcd_tui.ui.viewmodels.spans import Line, Span, crop, plain
from mlcd_tui.ui.viewmodels.tones import Tone
from mlcd_tui.ui.widgets.check_board import CheckBoard
from mlcd_tui.ui.widgets.line_view import LinesView, RowList
from mlcd_tui.ui.widgets.paint import content

_STYLES = Path(__file__).parents[1] / "styles"
_LIVE = "live"
_FRAME = 0.1  # seconds between two pictures of a run
_TURN = 0.008  # seconds that what comes in may take before others have their turn


class ChecksScreen(FilteredScreen):
    """Runs, one of them with its checks side by side."""

    WHERE = Where.CHECKS
    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.CHECKS)
    CSS_PATH = [_STYLES / "screens" / "fleet.tcss", _STYLES / "screens" / "checks.tcss"]  # noqa: RUF012 - Textual's own form
    AUTO_FOCUS = "#runs"
    LIST = "#runs"
    FILTER_HINT = "an image, a digest, a check, failed"
    HELP = "`tab` goes between the runs and the checks of one. Checks go on while you look at something else."

    def __init__(self) -> None:
        super().__init__()
        self.live: LiveRun | None = None
        self._runs: tuple[CheckRun, ...] = ()
        self._shown: tuple[CheckRun, ...] = ()
        self._before: dict[str, CheckRun] = {}
        self._plans: dict[str, str] = {}
        self._live_before: CheckRun | None = None
        self._state = ""
        self._problem = ""

    def compose_body(self) -> ComposeResult:
        """Counts, filter, runs, the checks of one."""
        with Horizontal(id="summary"):
            yield Static(id="counts")
        yield from self.compose_filter()
        yield RowList(id="runs")
        yield LinesView(id="none")
        yield Static("", id="under", markup=False)
        yield CheckBoard(id="board")

    def on_mount(self) -> None:
        """Read what is kept."""
        self.set_interval(_FRAME, self.host.guarded(self._tick))
        self._show()
        self.action_read_again()

    # Runs that are kept -------------------------------------------------------------------------------------------

    def action_read_again(self) -> None:
        """Read the kept runs again."""
        self._state = "reading"
        self.run_worker(self._read(), group="list", exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        try:
            self._runs = await self.host.session.checks.runs()
            self._problem = ""
        except Problem as problem:
            self._problem = str(problem)
        except Exception:
            self._problem = "The kept runs could not be read."
            raise  # the app tells why and writes it down
        finally:
            self._state = ""
            if self.is_mounted:
                self._show()

    def reconnected(self) -> None:
        """Runs of this machine do not depend on the cluster."""

    # A run that goes on -------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether checks run now."""
        return self.live is not None and not self.live.over

    def action_run(self) -> None:
        """Ask for image and plan, then run."""
        self.ask("")

    def ask(self, image: str, ref: RolloutRef | None = None) -> None:
        """Ask for the plan, and the image where it is not known; `ref` is the rollout that runs it."""
        if self.busy:
            self._say(f"Checks of {clean(self.live.image) if self.live else ''} still run. Wait, or call them off.")
            return
        last_image, last_plan = self.host.memory.checks
        under = self._run_under_cursor
        image = image or (str(under.image.ref) if under is not None else last_image)
        plan = self._plans.get(under.id, last_plan) if under is not None else last_plan
        ask_run(self.app, image, plan or USUAL_PLAN, partial(self._begin, ref))

    def _begin(self, ref: RolloutRef | None, image: str, plan: str) -> None:
        plan = str(Path(plan).expanduser().absolute())  # the next launch may be in another folder
        self.host.memory.check(image, plan)
        self.live, self._live_before = LiveRun(image, plan, self.host.now()), None
        self.host.checking = f"Checks of {clean(image)} still run."
        self.query_one("#runs", RowList).cursor = 0
        self._show()
        self.query_one("#runs", RowList).move_to_key(_LIVE)
        self.query_one(CheckBoard).focus()
        self.run_worker(self._watch(self.live), group="run", exclusive=True, exit_on_error=False)
        if ref is not None:
            self.run_worker(self._look_before(ref, self.live), group="before", exclusive=True, exit_on_error=False)

    async def _look_before(self, ref: RolloutRef, live: LiveRun) -> None:
        """What the serving version's run found; without it, nothing is called new or fixed."""
        session = self.host.session
        try:
            checks = await session.checks.around(await session.detail(ref))
        except Problem:
            return
        found = before(checks)
        if found is not None and live is self.live:
            self._live_before = found
            if live.run is not None:
                self._before[live.run.id] = found
            self._show()

    async def _watch(self, live: LiveRun) -> None:
        told = self.host.session.checks.run(live.image, live.plan, called_off=live.called_off)
        problem = "The checks did not come to their end."
        try:
            # a desk's `run` is a generator: closing it is what calls its containers off
            async with aclosing(cast(AsyncGenerator[Progress, None], told)) as closing:
                await self._listen(live, closing)
            problem = "" if live.run is not None else problem
        except Problem as trouble:
            problem = str(trouble)
        finally:
            gc.unfreeze()
            live.end(problem)
            self.host.checking = ""
            self._ended(live)

    async def _listen(self, live: LiveRun, told: AsyncIterator[Progress]) -> None:
        """Take what comes in, however fast; whoever draws has a turn in between."""
        now, turn = self.host.now(), monotonic()
        async for progress in told:
            if progress.state is not None:
                now = self.host.now()
                # Going through all that lives takes the collector a tenth of a second, in which nothing is drawn, and a
                # log of many lines makes it go often: until the run is over it looks at what came since only.
                gc.freeze()
            live.take(progress, now)
            if monotonic() - turn > _TURN:
                await asyncio.sleep(0)
                turn = monotonic()

    def _ended(self, live: LiveRun) -> None:
        if live.run is not None:
            self._plans[live.run.id] = live.plan
            if self._live_before is not None:
                self._before[live.run.id] = self._live_before
            self._runs = (live.run, *(run for run in self._runs if run.id != live.run.id))
        if not self.is_mounted:
            return
        at_live = self.query_one("#runs", RowList).key == _LIVE
        if live.run is not None and self.live is live:
            self.live = None
        self._show()
        if live.run is not None and at_live:
            self.query_one("#runs", RowList).move_to_key(live.run.id)
        if not self.is_current and live.run is not None:
            text = plain(count_line(live.run.results, self.host.glyphs))
            self.app.notify(f"{text}  {live.run.image.ref}", title="Checks ended", markup=False, timeout=10)

    def action_call_off(self) -> None:
        """Call the check under the cursor off."""
        name = self.query_one(CheckBoard).name_at_cursor if self.query_one(CheckBoard).has_focus else ""
        if not name:
            self._say("Put the cursor on a check that runs (tab).")
        else:
            self._call_off(name)

    def action_call_all_off(self) -> None:
        """Call the whole run off."""
        self._call_off(*(self.live.checks if self.live is not None else ()))

    def _call_off(self, *names: str) -> None:
        if not self.busy or self.live is None or self._key != _LIVE:
            self._say("No checks run now." if not self.busy else "Put the cursor on the run that goes on.")
        elif not self.live.call_off(names):
            self._say("It has ended, or is being called off already.")
        self._draw_board()

    def _say(self, sentence: str) -> None:
        self.notify(sentence, title="Not possible now", severity="warning", markup=False)

    # Showing ------------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        if self.is_current and self.busy:
            self.query_one("#runs", RowList).rebuild()
            if self._key == _LIVE:
                self._draw_board()

    def _show(self) -> None:
        text = self.filter_text
        self._shown = check_list.wanted(self._runs, text)
        keys = [*([_LIVE] if self.live is not None else []), *(run.id for run in self._shown)]
        rows, none = self.query_one("#runs", RowList), self.query_one("#none", LinesView)
        rows.display, none.display = bool(keys), not keys
        rows.show_rows(keys, self._rows)
        rows.styles.height = max(len(keys), 1)
        if keys and self.focused is None:
            rows.focus()  # there was nothing to put the cursor on before
        none.show(lambda _: self._none(text))
        line = check_list.count_of_runs(len(self._shown), len(self._runs), self._state, self.host.glyphs)
        line = (*line, Span(f"   {self._problem}" if self._problem else "", Tone.BROKEN))
        self.query_one("#counts", Static).update(content(line))
        self._draw_board()

    def _none(self, text: str) -> tuple[Line, ...]:
        if self._state:
            return ()
        return check_list.no_runs(len(self._runs), text, self.key_of("checks.run"))

    def _rows(self, room: int) -> list[Line]:
        now, glyphs = self.host.now(), self.host.glyphs
        live = [] if self.live is None else [check_list.live_row(self.live, now, room, glyphs)]
        return [*live, *(check_list.run_row(run, now, room, glyphs) for run in self._shown)]

    @property
    def _key(self) -> str:
        return self.query_one("#runs", RowList).key

    @property
    def _run_under_cursor(self) -> CheckRun | None:
        key = self._key
        return next((run for run in self._shown if run.id == key), None)

    def _draw_board(self) -> None:
        board, under, glyphs = self.query_one(CheckBoard), self.query_one("#under", Static), self.host.glyphs
        run, live = self._run_under_cursor, self.live
        room = max(self.size.width - 6, 10)
        if self._key == _LIVE and live is not None:
            line = (
                (Span(live.problem, Tone.BROKEN),)
                if live.problem
                else progress_line(live, self.host.now(), room, glyphs)
            )
            under.update(content(line))
            board.show_cells(live_cells(live, self.host.now()), glyphs)
        else:
            line = check_list.under_line(run, self.host.now(), glyphs) if run is not None else ()
            under.update(content(crop(line, room)))
            board.show_cells(run_cells(run, self._before.get(run.id)) if run is not None else (), glyphs)

    def crumbs(self) -> Line:
        """Where one is."""
        return (Span("checks", Tone.TEXT),)

    # Keys ---------------------------------------------------------------------------------------------------------

    @on(RowList.Moved, "#runs")
    def _moved(self) -> None:
        self._draw_board()

    @on(RowList.Chosen, "#runs")
    def _run_chosen(self) -> None:
        self.query_one(CheckBoard).focus()

    @on(CheckBoard.Chosen)
    def _check_chosen(self) -> None:
        self.action_open()

    def _result(self) -> tuple[CheckResult, CheckRun] | None:
        """The check under the cursor, where it has ended and its run too."""
        run = self._run_under_cursor
        result = run.result(self.query_one(CheckBoard).name_at_cursor) if run is not None else None
        return (result, run) if result is not None and run is not None else None

    def action_open(self) -> None:
        """Open the check under the cursor: its findings, or its log while it runs."""
        found = self._result()
        if found is not None:
            result, run = found
            self.app.push_screen(CheckScreen(result, run, self._before.get(run.id), plan=self._plans.get(run.id, "")))
        else:
            self.action_log()

    def action_log(self) -> None:
        """The log of the check under the cursor."""
        name, run = self.query_one(CheckBoard).name_at_cursor, self._run_under_cursor
        if self._key == _LIVE and self.live is not None and name in self.live.checks:
            self.app.push_screen(CheckLogScreen(clean(self.live.image), name, live=self.live.checks[name]))
        elif run is not None and name:
            self.app.push_screen(CheckLogScreen(run.image.ref, name, run=run.id))

    def action_accept(self) -> None:
        """Accept what the check under the cursor received, with a reason."""
        found = self._result()
        if found is None:
            self._say("Put the cursor on a snapshot or contract check of a run that has ended (tab).")
        else:
            accept(self, *found, self._plans.get(found[1].id, ""))

    def refilter(self) -> None:
        """What runs must have."""
        self._show()

    def step_back(self) -> None:
        """From the checks to the runs, then back."""
        if self.query_one(CheckBoard).has_focus:
            self.query_one("#runs", RowList).focus()
        else:
            self.action_back()

    def copied_text(self) -> str:
        """The image under the cursor, by its digest where it has one."""
        run = self._run_under_cursor
        if run is not None:
            return digest_of(run.image) or run.image.ref
        return clean(self.live.image) if self.live is not None else ""

    def shown_text(self) -> str:
        """Runs and checks as they are shown."""
        views = (self.query_one("#runs", RowList), self.query_one(CheckBoard))
        return "\n".join(view.text() for view in views) + "\n"


def ask_for(app: App[None], image: str, ref: RolloutRef | None) -> None:
    """Ask by which plan an image is to be checked, where the screen of checks is shown."""
    if isinstance(app.screen, ChecksScreen):
        app.screen.ask(image, ref)
