"""One shadow comparison in full: the verdict, what it is made of, and the worst pairs to open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from mlcd_tui.domain.comparison.report import ComparisonReport, Example
from mlcd_tui.ui.actions import Where, bindings
from mlcd_tui.ui.screens.listed import ListedScreen
from mlcd_tui.ui.viewmodels.comparison_view import example_lines, example_row, report_lines
from mlcd_tui.ui.viewmodels.spans import Line, Span
from mlcd_tui.ui.viewmodels.tones import Tone


class ComparisonScreen(ListedScreen[Example]):
    """The report above, the worst pairs in a list, the one under the cursor in full below."""

    WHERE = Where.READER
    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.READER)
    HELP = "`tab` goes between the report, the worst pairs and the one in full. `c` copies a pair's request id."

    def __init__(self, report: ComparisonReport) -> None:
        super().__init__(report.examples, where_empty="#head")
        self.report = report

    def head_lines(self, room: int) -> Sequence[Line]:
        """The report."""
        return report_lines(self.report, self.host.now(), room, self.host.glyphs)

    def row_lines(self, room: int) -> list[Line]:
        """The worst pairs."""
        return [example_row(one, room) for one in self.items]

    def item_lines(self, item: Example | None, room: int) -> Sequence[Line]:
        """A pair: request, both answers, where they differ."""
        if item is None:
            return ((Span("No pair differs.", Tone.DIM),),)
        return example_lines(item, room, self.host.glyphs)

    def crumbs(self) -> Line:
        """What was compared."""
        return Span(f"{self.report.subject} " if self.report.subject else "", Tone.DIM), Span("comparison", Tone.BRIGHT)

    def copied_text(self) -> str:
        """The request id of the pair, else the verdict."""
        return self.chosen.pair.id if self.chosen is not None else str(self.report.sentence)
