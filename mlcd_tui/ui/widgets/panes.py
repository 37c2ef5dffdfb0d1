"""The tabs of an opened rollout that hold a list and what belongs to its row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from mlcd_tui.domain.analysis import AnalysisRun
from mlcd_tui.domain.ports import AuditEntry
from mlcd_tui.domain.rollout import Revision, RolloutDetail
from mlcd_tui.domain.text import Clean
from mlcd_tui.ui.viewmodels import history
from mlcd_tui.ui.viewmodels.analysis import run_lines, run_row
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.manifest import manifest
from mlcd_tui.ui.viewmodels.spans import Line, Span
from mlcd_tui.ui.viewmodels.tones import Tone, bold
from mlcd_tui.ui.widgets.line_view import LinesView, RowList
from mlcd_tui.ui.widgets.paint import content
from mlcd_tui.ui.widgets.reader import Reader

_BLANK: Line = ()


class AnalysisPane(Vertical):
    """All runs, and one of them in full."""

    DEFAULT_CSS = """
    AnalysisPane #runs { height: auto; max-height: 30%; margin-bottom: 1; }
    """

    def compose(self) -> ComposeResult:
        """The list above, the run below."""
        yield RowList(id="runs")
        yield LinesView(id="run")

    def show(self, detail: RolloutDetail, now: datetime, glyphs: Glyphs) -> None:
        """Show the runs as they are now."""
        self._runs = {str(run.name): run for run in detail.analysis_runs}
        self._now, self._glyphs = now, glyphs
        rows, runs = self.query_one("#runs", RowList), list(self._runs.values())
        rows.show_rows(list(self._runs), lambda room: [run_row(run, now, room, glyphs) for run in runs])
        rows.styles.height = max(len(runs), 1)
        rows.display = len(runs) > 1
        self._show_run()

    def _show_run(self) -> None:
        self.query_one("#run", LinesView).show(self._lines)

    def _lines(self, room: int) -> Sequence[Line]:
        run = self.chosen
        if run is None:
            text = "No analysis has run for the revisions that the cluster keeps."
            return ((Span(text, Tone.DIM),),)
        return run_lines(run, self._now, room, self._glyphs)

    @property
    def chosen(self) -> AnalysisRun | None:
        """The run under the cursor."""
        runs: dict[str, AnalysisRun] = getattr(self, "_runs", {})
        return runs.get(self.query_one("#runs", RowList).key)

    def choose(self, name: str) -> None:
        """Show the run of this name."""
        self.query_one("#runs", RowList).move_to_key(name)

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        event.stop()
        self._show_run()

    def focus_first(self) -> None:
        """Keys go to the list, or to the text where there is no list."""
        rows = self.query_one("#runs", RowList)
        (rows if rows.display else self.query_one("#run", LinesView)).focus()


class HistoryPane(Vertical):
    """Revisions, what changed between them, what people did, what the cluster tells."""

    DEFAULT_CSS = """
    HistoryPane #revisions { height: auto; max-height: 35%; margin-bottom: 1; }
    """
    compare_key = "v"
    """As the key map has it; told in the hint."""

    def compose(self) -> ComposeResult:
        """The list above, the rest below."""
        yield RowList(id="revisions")
        yield LinesView(id="past")

    def on_mount(self) -> None:
        """Nothing is known yet."""
        self._with_newest = False
        self._revisions: tuple[Revision, ...] = ()
        self._diffs: dict[tuple[int, int, bool], tuple[Line, ...]] = {}

    def show(self, detail: RolloutDetail, entries: Sequence[AuditEntry], now: datetime, glyphs: Glyphs) -> None:
        """Show the past as it is known now."""
        if self._revisions != detail.revisions:
            self._diffs.clear()
        self._revisions, self._detail = detail.revisions, detail
        self._entries, self._now, self._glyphs = tuple(entries), now, glyphs
        rows, revisions = self.query_one("#revisions", RowList), detail.revisions
        keys = [str(revision.number) for revision in revisions]
        rows.show_rows(keys, lambda room: [history.revision_row(one, now, room) for one in revisions])
        rows.styles.height = max(len(keys), 1)
        self.query_one("#past", LinesView).show(self._lines)

    @property
    def chosen(self) -> int | None:
        """Number of the revision under the cursor."""
        key = self.query_one("#revisions", RowList).key
        return int(key) if key else None

    def choose(self, number: str) -> None:
        """Put the cursor on a revision."""
        self.query_one("#revisions", RowList).move_to_key(number)

    def _lines(self, room: int) -> Sequence[Line]:
        return (
            *self._diff(room),
            _BLANK,
            (Span("What people did", bold(Tone.DIM)),),
            *history.audit_lines(self._entries, self._now, room, self._glyphs),
            _BLANK,
            (Span("Events", bold(Tone.DIM)),),
            *history.event_lines(self._detail.events, self._now, room, hidden="events" in self._detail.hidden),
        )

    def _diff(self, room: int) -> tuple[Line, ...]:
        number = self.chosen
        if number is None:
            return ((Span("The cluster keeps no revisions.", Tone.DIM),),)
        key = (number, room, self._with_newest)
        if key not in self._diffs:
            before, after = history.compared(self._revisions, number, with_newest=self._with_newest)
            other = "the one before" if self._with_newest else "the newest"
            hint = (Span(self.compare_key, bold(Tone.WAITS)), Span(f" compares with {other}", Tone.DIM))
            lines = (*history.diff_of(before, after), hint)
            self._diffs[key] = history.cropped(lines, room)
        return self._diffs[key]

    def compare(self) -> None:
        """Compare with the newest revision, or with the one before."""
        self._with_newest = not self._with_newest
        self.query_one("#past", LinesView).rebuild()

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        event.stop()
        self.query_one("#past", LinesView).rebuild()

    def focus_first(self) -> None:
        """Keys go to the list."""
        self.query_one("#revisions", RowList).focus()


class YamlPane(Vertical):
    """The whole object, or what its template changes against the revision before."""

    DEFAULT_CSS = """
    YamlPane #caption { height: 1; margin-bottom: 1; }
    """
    compare_key, search_key = "v", "/"
    """As the key map has them; told in the caption."""

    def compose(self) -> ComposeResult:
        """A caption and the text."""
        yield Static("", id="caption", markup=False)
        yield Reader(id="yaml-text")

    def on_mount(self) -> None:
        """Nothing is known yet."""
        self._compare = False
        self._version: tuple[object, ...] = ()
        self._detail: RolloutDetail | None = None

    def show(self, detail: RolloutDetail) -> None:
        """Show the object; it is only written anew when it changed."""
        self._detail = detail
        version = (detail.rollout.ref, detail.rollout.resource_version, len(detail.revisions), self._compare)
        if version != self._version or not detail.rollout.resource_version:
            self._version = version
            self._write(detail)

    def _write(self, detail: RolloutDetail) -> None:
        if self._compare:
            lines = history.diff_of(*history.previous_template(detail))
            head, other = "Change of the pod template", "whole object"
        else:
            text: tuple[Clean, ...] = manifest(detail.raw)
            lines = history.yaml_lines(text) or ((Span("The object is not known yet.", Tone.DIM),),)
            head = f"Whole object, {len(text)} lines"
            other = "what changed"
        caption = (
            Span(f"{head}   ", Tone.TEXT),
            Span(self.compare_key, bold(Tone.WAITS)),
            Span(f" {other}   ", Tone.DIM),
            Span(self.search_key, bold(Tone.WAITS)),
            Span(" search", Tone.DIM),
        )
        self.query_one("#caption", Static).update(content(caption))
        self.query_one(Reader).show(lambda _: lines)

    def compare(self) -> None:
        """Whole object or difference."""
        self._compare = not self._compare
        if self._detail is not None:
            self.show(self._detail)

    def focus_first(self) -> None:
        """Keys go to the text."""
        self.query_one(Reader).focus_text()
