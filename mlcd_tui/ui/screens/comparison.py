"""One shadow comparison in full: the verdict, what it is made of, and the worst pairs to open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from mlcd_tui.domain.comparison.report import ComparisonReport, Example
from mlcd_tui.ui.actions import Where, bindings
from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.viewmodels.comparison_view import example_lines, example_row, report_lines
from mlcd_tui.ui.viewmodels.spans import Line, Span
from mlcd_tui.ui.viewmodels.tones import Tone
from mlcd_tui.ui.widgets.line_view import LinesView, RowList


class ComparisonScreen(BaseScreen):
    """The report above, the worst pairs in a list, the one under the cursor in full below."""

    WHERE = Where.READER
    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.READER)
    AUTO_FOCUS = "#examples"
    HELP = "`tab` goes between the report, the worst pairs and the one in full. `c` copies a pair's request id."
    DEFAULT_CSS = """
    ComparisonScreen #report { height: auto; max-height: 50%; margin: 1 1 1 2; }
    ComparisonScreen #examples { height: auto; max-height: 20%; margin: 0 1 1 1; }
    ComparisonScreen #example { margin: 0 1 0 2; }
    ComparisonScreen.-short #report { margin: 0 1 0 2; }
    ComparisonScreen.-short #examples { margin: 0 1; }
    """

    def __init__(self, report: ComparisonReport) -> None:
        super().__init__()
        self.report = report

    def compose_body(self) -> ComposeResult:
        """Report, worst pairs, one pair."""
        yield LinesView(id="report")
        yield RowList(id="examples")
        yield LinesView(id="example")

    def on_mount(self) -> None:
        """Show all."""
        rows, examples = self.query_one("#examples", RowList), self.report.examples
        rows.display = bool(examples)
        rows.styles.height = max(len(examples), 1)
        rows.show_rows(
            [str(place) for place in range(len(examples))], lambda room: [example_row(one, room) for one in examples]
        )
        self.query_one("#report", LinesView).show(self._report)
        self.query_one("#example", LinesView).show(self._example)
        if not examples:
            self.query_one("#report").focus()

    def _report(self, room: int) -> Sequence[Line]:
        lines = report_lines(self.report, self.host.now(), room, self.host.glyphs)
        self.query_one("#report").styles.height = len(lines)
        return lines

    @property
    def chosen(self) -> Example | None:
        """The pair under the cursor."""
        key = self.query_one("#examples", RowList).key
        return self.report.examples[int(key)] if key else None

    def _example(self, room: int) -> Sequence[Line]:
        example = self.chosen
        if example is None:
            return ((Span("No pair differs.", Tone.DIM),),)
        return example_lines(example, room, self.host.glyphs)

    @on(RowList.Moved, "#examples")
    def _moved(self) -> None:
        view = self.query_one("#example", LinesView)
        view.rebuild()
        view.scroll_home(animate=False)

    @on(RowList.Chosen, "#examples")
    def _chosen(self) -> None:
        self.query_one("#example").focus()

    def crumbs(self) -> Line:
        """What was compared."""
        return Span(f"{self.report.subject} " if self.report.subject else "", Tone.DIM), Span("comparison", Tone.BRIGHT)

    def copied_text(self) -> str:
        """The request id of the pair, else the verdict."""
        example = self.chosen
        return example.pair.id if example is not None else str(self.report.sentence)

    def shown_text(self) -> str:
        """The report, and all worst pairs in full."""
        now, glyphs = self.host.now(), self.host.glyphs
        parts = [report_lines(self.report, now, 110, glyphs)]
        parts.extend(example_lines(one, 110, glyphs) for one in self.report.examples)
        return "\n\n".join("\n".join("".join(span.text for span in line) for line in part) for part in parts) + "\n"
