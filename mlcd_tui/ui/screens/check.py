"""One check of a run in full: how it ended, its findings, and each with its source or what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from mlcd_tui.domain.checks import CheckResult, CheckRun, Finding, new_and_fixed
from mlcd_tui.domain.text import clean
from mlcd_tui.ui.actions import Where, bindings
from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.screens.check_asking import USUAL_PLAN, ask_acceptance
from mlcd_tui.ui.screens.check_log import CheckLogScreen
from mlcd_tui.ui.viewmodels.check_board import where
from mlcd_tui.ui.viewmodels.check_result import (
    acceptable,
    case_of,
    finding_lines,
    finding_row,
    head_lines,
    nothing_lines,
    ordered,
    place_width,
)
from mlcd_tui.ui.viewmodels.spans import Line, Span
from mlcd_tui.ui.viewmodels.tones import Tone
from mlcd_tui.ui.widgets.line_view import LinesView, RowList

_MOST_ROWS = 5_000


class CheckScreen(BaseScreen):
    """The findings in a list, the worst first; the one under the cursor in full below."""

    WHERE = Where.CHECK
    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.CHECK)
    AUTO_FOCUS = "#findings"
    HELP = "`tab` goes between the findings and the one in full. `c` copies file and line."
    DEFAULT_CSS = """
    CheckScreen #ended { height: auto; max-height: 40%; margin: 1 1 1 2; }
    CheckScreen #findings { height: auto; max-height: 45%; margin: 0 1 1 1; }
    CheckScreen #finding { margin: 0 1 0 2; }
    CheckScreen.-short #ended { margin: 0 1 0 2; }
    CheckScreen.-short #findings { margin: 0 1; }
    """

    def __init__(self, result: CheckResult, run: CheckRun, before: CheckRun | None = None, *, plan: str = "") -> None:
        """Show a check.

        Args:
            result: how it ended, as it counts now.
            run: the run that it belongs to.
            before: what the serving version's run found; None: it is not known.
            plan: path of the plan, where it is known.
        """
        super().__init__()
        self.result, self.run, self.before = result, run, before
        self._plan = plan
        old = before.result(result.name) if before is not None else None
        self._new = new_and_fixed(old, result)[0] if old is not None else frozenset[str]()
        self._findings = ordered(result, self._new)[:_MOST_ROWS]

    def compose_body(self) -> ComposeResult:
        """How it ended, findings, one finding."""
        yield LinesView(id="ended")
        yield RowList(id="findings")
        yield LinesView(id="finding")

    def on_mount(self) -> None:
        """Show all."""
        self.query_one("#ended").can_focus = False
        rows, findings = self.query_one("#findings", RowList), self._findings
        rows.display = bool(findings)
        rows.styles.height = max(len(findings), 1)
        rows.show_rows([str(place) for place in range(len(findings))], self._rows)
        self.query_one("#ended", LinesView).show(self._head)
        self.query_one("#finding", LinesView).show(self._lines)
        if not findings:
            self.query_one("#finding").focus()

    def _head(self, room: int) -> Sequence[Line]:
        lines = head_lines(self.result, self.run, self.before, room, self.host.glyphs)
        self.query_one("#ended").styles.height = len(lines)
        return lines

    def _rows(self, room: int) -> list[Line]:
        wide, glyphs = place_width(self._findings, room), self.host.glyphs
        return [finding_row(one, room, glyphs, new=one.fingerprint in self._new, wide=wide) for one in self._findings]

    @property
    def chosen(self) -> Finding | None:
        """The finding under the cursor."""
        key = self.query_one("#findings", RowList).key
        return self._findings[int(key)] if key else None

    def _lines(self, room: int) -> Sequence[Line]:
        finding = self.chosen
        if finding is None:
            return nothing_lines(self.result)
        lines = finding_lines(finding, room, self.host.glyphs, new=finding.fingerprint in self._new)
        cut = self.result.report.truncated
        return (*lines, (), (Span(f"{cut} further findings were not kept.", Tone.DIM),)) if cut else lines

    @on(RowList.Moved, "#findings")
    def _moved(self) -> None:
        view = self.query_one("#finding", LinesView)
        view.rebuild()
        view.scroll_home(animate=False)

    @on(RowList.Chosen, "#findings")
    def _chosen(self) -> None:
        self.query_one("#finding").focus()

    def crumbs(self) -> Line:
        """Image and check."""
        return Span(f"{self.run.image.ref} ", Tone.DIM), Span(self.result.name, Tone.BRIGHT)

    # Keys ---------------------------------------------------------------------------------------------------------

    def action_log(self) -> None:
        """The log of the check."""
        self.app.push_screen(CheckLogScreen(self.run.image.ref, self.result.name, run=self.run.id))

    def action_accept(self) -> None:
        """Accept the answer under the cursor, with a reason."""
        accept(self, self.result, self.run, self._plan, case_of(self.chosen) if self.chosen is not None else "")

    def copied_text(self) -> str:
        """File and line of the finding, else the name of the check."""
        finding = self.chosen
        return clean(where(finding)) if finding is not None and where(finding) else self.result.name

    def shown_text(self) -> str:
        """Everything on the screen, all findings in full."""
        glyphs = self.host.glyphs
        parts = [self.query_one("#ended", LinesView).text()]
        for finding in self._findings:
            lines = finding_lines(finding, 110, glyphs, new=finding.fingerprint in self._new)
            parts.append("\n".join("".join(span.text for span in line).rstrip() for line in lines))
        return "\n\n".join(parts) + "\n"


def accept(screen: BaseScreen, result: CheckResult, run: CheckRun, plan: str, case: str = "") -> None:
    """Ask for the reason why what was received is right, or say why nothing can be accepted."""
    if acceptable(result):
        ask_acceptance(screen, run, plan or screen.host.memory.checks[1] or USUAL_PLAN, result, case)
    else:
        sentence = f"{result.name} has nothing to accept: only answers and contracts that differ are."
        screen.notify(sentence, title="Not possible now", severity="warning", markup=False)
