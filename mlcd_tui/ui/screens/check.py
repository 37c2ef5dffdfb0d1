"""One check of a run in full: how it ended, its findings, and each with its source or what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from mlcd_tui.domain.checks import CheckResult, CheckRun, Finding, new_and_fixed
from mlcd_tui.domain.text import clean
from mlcd_tui.ui.actions import Where, bindings
from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.screens.check_asking import USUAL_PLAN, ask_acceptance
from mlcd_tui.ui.screens.check_log import CheckLogScreen
from mlcd_tui.ui.screens.listed import ListedScreen
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

_MOST_ROWS = 5_000


class CheckScreen(ListedScreen[Finding]):
    """The findings in a list, the worst first; the one under the cursor in full below."""

    WHERE = Where.CHECK
    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.CHECK)
    HELP = "`tab` goes between the findings and the one in full. `c` copies file and line."
    DEFAULT_CSS = """
    CheckScreen #head { max-height: 40%; }
    CheckScreen #items { max-height: 45%; }
    """

    def __init__(self, result: CheckResult, run: CheckRun, before: CheckRun | None = None, *, plan: str = "") -> None:
        """Show a check.

        Args:
            result: how it ended, as it counts now.
            run: the run that it belongs to.
            before: what the serving version's run found; None: it is not known.
            plan: path of the plan, where it is known.
        """
        old = before.result(result.name) if before is not None else None
        self._new = new_and_fixed(old, result)[0] if old is not None else frozenset[str]()
        super().__init__(ordered(result, self._new)[:_MOST_ROWS], where_empty="#item")
        self.result, self.run, self.before = result, run, before
        self._plan = plan

    def on_mount(self) -> None:
        """The head needs no keys."""
        self.query_one("#head").can_focus = False

    def head_lines(self, room: int) -> Sequence[Line]:
        """How it ended."""
        lines = head_lines(self.result, self.run, self.before, room, self.host.glyphs)
        cut = self.result.report.truncated
        return (*lines, (Span(f"{cut} further findings were not kept.", Tone.DIM),)) if cut else lines

    def row_lines(self, room: int) -> list[Line]:
        """The findings."""
        wide, glyphs = place_width(self.items, room), self.host.glyphs
        return [finding_row(one, room, glyphs, new=one.fingerprint in self._new, wide=wide) for one in self.items]

    def item_lines(self, item: Finding | None, room: int) -> Sequence[Line]:
        """A finding with its source, or with what was expected."""
        if item is None:
            return nothing_lines(self.result)
        return finding_lines(item, room, self.host.glyphs, new=item.fingerprint in self._new)

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


def accept(screen: BaseScreen, result: CheckResult, run: CheckRun, plan: str, case: str = "") -> None:
    """Ask for the reason why what was received is right, or say why nothing can be accepted."""
    if acceptable(result):
        ask_acceptance(screen, run, plan or screen.host.memory.checks[1] or USUAL_PLAN, result, case)
    else:
        sentence = f"{result.name} has nothing to accept: only answers and contracts that differ are."
        screen.notify(sentence, title="Not possible now", severity="warning", markup=False)
