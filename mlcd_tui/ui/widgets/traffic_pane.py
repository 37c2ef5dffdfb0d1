"""The Traffic tab of an opened rollout: shares, copies, live numbers, and the shadow comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from mlcd_tui.domain.comparison.report import ComparisonReport
from mlcd_tui.domain.post_switch import RollbackOffer
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.traffic import TrafficReading
from mlcd_tui.domain.traffic_ports import ComparisonProgress
from mlcd_tui.ui.viewmodels.comparison_view import progress_line, report_row, runs_now
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, Span, wrap
from mlcd_tui.ui.viewmodels.tones import Tone, bold
from mlcd_tui.ui.viewmodels.traffic_tab import offer_lines, traffic_lines
from mlcd_tui.ui.widgets.line_view import LinesView, RowList

_MOST_ROWS = 50


class TrafficPane(Vertical):
    """The numbers above, the comparisons below; `enter` opens one of them."""

    DEFAULT_CSS = """
    TrafficPane #compared { height: auto; max-height: 3; margin-bottom: 0; }
    TrafficPane #comparisons { height: auto; max-height: 25%; }
    TrafficPane #numbers { margin-bottom: 1; }
    """
    mirror_key, compare_key, back_key = "m", "v", "B"
    """As the key map has them; told in the hints."""

    @dataclass
    class Opened(Message):
        """A comparison is asked for in full."""

        report: ComparisonReport

    def compose(self) -> ComposeResult:
        """Numbers, what a comparison under way does, the list."""
        yield LinesView(id="numbers")
        yield LinesView(id="compared")
        yield RowList(id="comparisons")

    def on_mount(self) -> None:
        """Nothing is known yet."""
        self._detail: RolloutDetail | None = None
        self._reading: TrafficReading | None = None
        self._reports: tuple[ComparisonReport, ...] = ()
        self._progress: ComparisonProgress | None = None
        self._offer: RollbackOffer | None = None
        self.query_one("#compared").can_focus = False

    def take(self, reading: TrafficReading) -> None:
        """A new look at the numbers."""
        self._reading = reading
        self._draw()

    def follow(self, progress: ComparisonProgress) -> None:
        """How far a comparison is."""
        self._progress = progress
        self._draw()

    def show(
        self,
        detail: RolloutDetail,
        reports: Sequence[ComparisonReport],
        offer: RollbackOffer | None,
        now: datetime,
        glyphs: Glyphs,
    ) -> None:
        """Show the rollout as it is now, with the comparisons that are kept, and the way back that is offered."""
        self._detail, self._reports, self._offer = detail, tuple(reports[:_MOST_ROWS]), offer
        self._now, self._glyphs = now, glyphs
        self._draw()

    def _draw(self) -> None:
        if self._detail is None:
            return
        self.query_one("#numbers", LinesView).show(self._numbers)
        compared = self.query_one("#compared", LinesView)
        compared.show(self._compared)
        rows, reports = self.query_one("#comparisons", RowList), self._reports
        rows.display = bool(reports)
        rows.styles.height = max(len(reports), 1)
        rows.show_rows([str(place) for place in range(len(reports))], self._rows)

    def _numbers(self, room: int) -> Sequence[Line]:
        assert self._detail is not None
        lines = traffic_lines(self._detail, self._reading, self._now, room, self._glyphs, mirror_key=self.mirror_key)
        if self._offer is None:
            return lines
        return (*offer_lines(self._offer, room, self._glyphs, back_key=self.back_key), *lines)

    def _compared(self, room: int) -> Sequence[Line]:
        lines: list[Line] = [(Span("Shadow comparisons", bold(Tone.DIM)), *self._hint())]
        if self._progress is not None:
            lines.extend(progress_line(self._progress, room, self._glyphs))
        elif not self._reports:
            none = "None is kept: nobody has held the new version's answers against production's."
            lines.extend(wrap((Span(none, Tone.DIM),), room))
        self.query_one("#compared").styles.height = len(lines)
        return lines

    def _hint(self) -> Line:
        under_way = self._progress is not None and not self._progress.ended
        told = " stops it" if under_way else " compares"
        return Span(f"  {self.compare_key}", bold(Tone.WAITS)), Span(told, Tone.DIM)

    def _rows(self, room: int) -> list[Line]:
        assert self._detail is not None
        targets = self._detail.targets
        return [report_row(one, self._now, room, self._glyphs, present=runs_now(one, targets)) for one in self._reports]

    @on(RowList.Chosen, "#comparisons")
    def _chosen(self, event: RowList.Chosen) -> None:
        event.stop()
        key = self.query_one("#comparisons", RowList).key
        if key:
            self.post_message(self.Opened(self._reports[int(key)]))

    def focus_first(self) -> None:
        """Keys go to the list where there is one, else to the numbers."""
        rows = self.query_one("#comparisons", RowList)
        (rows if self._reports else self.query_one("#numbers", LinesView)).focus()
