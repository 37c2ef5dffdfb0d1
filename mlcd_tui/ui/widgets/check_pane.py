"""The Checks tab of an opened rollout: what speaks of the image that runs as candidate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from mlcd_tui.domain.check_ports import RolloutChecks
from mlcd_tui.domain.checks import CheckResult, CheckRun
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.ui.viewmodels.check_result import finding_lines, nothing_lines, ordered
from mlcd_tui.ui.viewmodels.check_tab import before, check_row, shown_side, tab_head
from mlcd_tui.ui.viewmodels.check_tab import nothing_lines as none_recorded
from mlcd_tui.ui.viewmodels.glyphs import UNICODE, Glyphs
from mlcd_tui.ui.viewmodels.package_tab import meant
from mlcd_tui.ui.viewmodels.package_words import BLANK
from mlcd_tui.ui.viewmodels.spans import Line, Span, cells, wrap
from mlcd_tui.ui.viewmodels.tones import Tone
from mlcd_tui.ui.widgets.line_view import LinesView, RowList

_MOST_FINDINGS = 20
_NAME = 18


class CheckPane(Vertical):
    """Digest and evidence above, the checks, and below what the one under the cursor found."""

    DEFAULT_CSS = """
    CheckPane #spoken { height: auto; max-height: 40%; margin-bottom: 1; }
    CheckPane #judged { height: auto; max-height: 40%; margin-bottom: 1; }
    """
    run_key = "x"
    """Of running checks, as it is now; told where nothing is recorded."""

    @dataclass
    class Wanted(Message):
        """The checks of these images are asked for."""

        detail: RolloutDetail

    @dataclass
    class Opened(Message):
        """A check was chosen."""

        result: CheckResult
        run: CheckRun
        before: CheckRun | None

    def compose(self) -> ComposeResult:
        """What speaks of it, the checks, what they found."""
        yield LinesView(id="spoken")
        yield RowList(id="judged")
        yield LinesView(id="told-findings")

    def on_mount(self) -> None:
        """Nothing was asked yet."""
        self._asked = False
        self._versions: object = None
        self._checks: RolloutChecks | None = None
        self._problem = ""
        self._glyphs = UNICODE
        self._now: datetime | None = None
        for name in ("#spoken", "#judged"):
            self.query_one(name).display = False
        self.query_one("#spoken").can_focus = False

    def show(self, detail: RolloutDetail, now: datetime, glyphs: Glyphs) -> None:
        """Show what is known of the versions of this detail; ask when they are others."""
        first = self._now is None
        self._glyphs, self._now = glyphs, now
        versions = meant(detail)
        if versions != self._versions:
            self._versions, self._checks, self._asked = versions, None, False
        if not self._asked:
            self._asked, self._problem = True, ""
            self.post_message(self.Wanted(detail))
            self._draw()
        elif first or self._checks is not None:
            self.query_one("#spoken", LinesView).rebuild()  # ages move on

    def ask_again(self) -> None:
        """Somebody may have run what was missing: the next picture asks anew."""
        self._asked = False

    def take(self, checks: RolloutChecks) -> None:
        """They were looked for."""
        self._checks, self._problem = checks, ""
        self._draw()

    def fail(self, sentence: str) -> None:
        """They could not be looked for."""
        self._problem = sentence
        self._draw()

    # Drawing ------------------------------------------------------------------------------------------------------

    @property
    def _results(self) -> tuple[CheckResult, ...]:
        side = shown_side(self._checks)[1] if self._checks is not None else None
        return side.results if side is not None else ()

    def _run_of(self, result: CheckResult) -> CheckRun | None:
        """The run whose word a result is: newer runs may have had other checks only."""
        side = shown_side(self._checks)[1] if self._checks is not None else None
        if side is None:
            return None
        words = (one.evidence for one in side.standings if one.result.name == result.name)
        evidence = next((word for word in words if word is not None), side.evidence)
        return evidence.run if evidence is not None else None

    @property
    def _before(self) -> CheckRun | None:
        return before(self._checks) if self._checks is not None else None

    @property
    def chosen(self) -> CheckResult | None:
        """The check under the cursor."""
        key = self.query_one("#judged", RowList).key
        return next((result for result in self._results if result.name == key), None)

    def _draw(self) -> None:
        results, rows = self._results, self.query_one("#judged", RowList)
        spoken = self.query_one("#spoken", LinesView)
        spoken.display = self._checks is not None
        had_focus = self.query_one("#told-findings").has_focus
        rows.display = bool(results)
        if self._checks is not None:
            spoken.show(self._head)
        if results:
            old, glyphs = self._before, self._glyphs
            wide = min(max(cells(result.name) for result in results), _NAME)
            rows.show_rows(
                [result.name for result in results],
                lambda room: [check_row(result, old, room, glyphs, wide) for result in results],
            )
            rows.styles.height = len(results)
            if had_focus:
                rows.focus()
        self.query_one("#told-findings", LinesView).show(self._lines)

    def _head(self, room: int) -> Sequence[Line]:
        if self._checks is None or self._now is None:
            return ()
        lines = tab_head(self._checks, self._now, room, self._glyphs)
        self.query_one("#spoken").styles.height = max(len(lines), 1)
        return lines

    def _lines(self, room: int) -> Sequence[Line]:
        if self._problem:
            return wrap((Span(self._problem, Tone.BROKEN),), room)
        if self._checks is None:
            return ((Span(f"reading the checks of the images that run{self._glyphs.ellipsis}", Tone.DIM),),)
        result = self.chosen
        if result is None:
            return none_recorded(self._checks, self.run_key, room)
        lines: list[Line] = []
        for finding in ordered(result)[:_MOST_FINDINGS]:
            lines.extend((*finding_lines(finding, room, self._glyphs), BLANK))
        left = len(result.report.findings) - _MOST_FINDINGS
        if left > 0:
            lines.append((Span(f"… {left} more", Tone.DIM),))
        return lines or nothing_lines(result)

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        event.stop()
        self.query_one("#told-findings", LinesView).rebuild()

    @on(RowList.Chosen)
    def _chosen(self, event: RowList.Chosen) -> None:
        event.stop()
        result = self.chosen
        run = self._run_of(result) if result is not None else None
        if result is not None and run is not None:
            self.post_message(self.Opened(result, run, self._before))

    def copied(self) -> str:
        """The digest that the tab is about."""
        side = shown_side(self._checks)[1] if self._checks is not None else None
        return side.digest if side is not None else ""

    def focus_first(self) -> None:
        """Keys go to the list, or to the text while there is none."""
        rows = self.query_one("#judged", RowList)
        (rows if rows.display else self.query_one("#told-findings", LinesView)).focus()
