"""The dialog before every change: what will happen, on what evidence, the exact request, and afterwards the truth."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from time import monotonic
from typing import Any, ClassVar, cast
from weakref import WeakKeyDictionary

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.plan import Outcome, Refusal, Result
from mlcd_tui.domain.ports import Proposal
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import Rollout
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.ui import actions
from mlcd_tui.ui.screens.base import Host
from mlcd_tui.ui.viewmodels import approval
from mlcd_tui.ui.viewmodels.spans import Line, Span, wrap
from mlcd_tui.ui.viewmodels.tones import Tone
from mlcd_tui.ui.widgets.line_view import LinesView
from mlcd_tui.ui.widgets.paint import text_block

_IN_FLIGHT: WeakKeyDictionary[App[Any], set[RolloutRef]] = WeakKeyDictionary()
_MOST_STATUS = 6
_WIDEST = 120
_SMALL, _SHORT = 60, 20
"""Columns and lines below which the dialog takes all the room there is."""
_SCROLL_BAR = 1


def in_flight(app: App[Any]) -> set[RolloutRef]:
    """Rollouts with an act whose outcome is still awaited: a second act has to wait for the first."""
    return _IN_FLIGHT.setdefault(app, set())


class Stage(Enum):
    """Where the dialog stands."""

    DECIDING = auto()
    ACTING = auto()
    PLANNING = auto()
    ENDED = auto()


class ApprovalScreen(ModalScreen[Outcome | None]):
    """Shows one proposal, confirms or declines it, and stays until the truth has been read."""

    CSS_PATH = "../styles/screens/approval.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (_SHORT, "-tall")]  # noqa: RUF012 - Textual's own form
    AUTO_FOCUS = "#cancel"
    HELP = (
        "Read what will happen (`j` `k` scroll), then `tab` to a button and `enter`. "
        "`esc` leaves without doing anything; once it was sent, it only closes the dialog. "
        "`v` compares the packages where there are two."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("question_mark", "app.help", "Help", show=False),
        Binding("v", "compare", "Packages compared", show=False),
        Binding("up,k", "scroll(-1)", "Up", show=False),
        Binding("down,j", "scroll(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "scroll(-10)", "Page up", show=False),
        Binding("pagedown,ctrl+f", "scroll(10)", "Page down", show=False),
        Binding("left", "app.focus_previous", "Button before", show=False),
        Binding("right", "app.focus_next", "Next button", show=False),
    ]

    def __init__(self, proposal: Proposal) -> None:
        super().__init__()
        self.proposal = proposal
        self.stage = Stage.DECIDING
        self.outcome: Outcome | None = None
        self._progress = Clean("")
        self._began = 0.0
        self._warned = False
        self._told: tuple[Line, ...] | None = None
        self._trouble = ""
        self._planned_in = Clean("")
        self._planned: Rollout | None = None

    @property
    def host(self) -> Host:
        """The app, by what screens may ask of it."""
        return cast(Host, self.app)

    @property
    def _refused(self) -> bool:
        return isinstance(self.proposal.plan, Refusal)

    def compose(self) -> ComposeResult:
        """The text, two inputs, one line of state, the buttons."""
        with Vertical(id="dialog"):
            yield LinesView(id="decision")
            with Horizontal(id="reason-row", classes="field"):
                yield Static("Reason", classes="label", markup=False)
                yield Input(compact=True, id="reason", max_length=500, select_on_focus=False)
            with Horizontal(id="name-row", classes="field"):
                yield Static("Service", classes="label", markup=False)
                yield Input(compact=True, id="name", max_length=300, select_on_focus=False)
            yield Static("", id="status", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Approve", id="approve", compact=True)
                yield Button("Plan again", id="again", compact=True)

    def on_mount(self) -> None:
        """Show the proposal; time goes on once a second."""
        self._planned_in, self._planned = self.host.fleet.context, self._row()
        self.query_one("#decision", LinesView).can_focus = False
        self.set_interval(1.0, self._tick)
        self._show_proposal()

    def on_resize(self) -> None:
        """Lay out for the new size."""
        self.call_after_refresh(self._fit)

    # What is shown --------------------------------------------------------------------------------------------

    def _show_proposal(self) -> None:
        proposal = self.proposal
        dialog = self.query_one("#dialog")
        dialog.border_title = Content("Not possible now" if self._refused else approval.button(proposal))
        way_back = approval.is_way_back(proposal)
        dialog.set_class(self._refused or bool(proposal.denied), "-refused")
        dialog.set_class(way_back, "-way-back")
        self.query_one("#decision", LinesView).show(self._decision)
        self.query_one("#reason", Input).placeholder = approval.reason_hint(proposal)
        self.query_one("#name", Input).placeholder = f"type {proposal.typed_name} to confirm"
        self._refresh_state()

    def _decision(self, room: int) -> Sequence[Line]:
        host = self.host
        moved = approval.changed(self._planned, self._row()) if self.stage is Stage.DECIDING else ""
        tab = host.keymap.keys.get("rollout.tab.package", ())
        return approval.decision_lines(
            self.proposal,
            host.now(),
            room,
            host.glyphs,
            host.fleet.freshness,
            moved,
            actions.shown_key(tab[0], host.glyphs) if tab else "Package",
        )

    def _row(self) -> Rollout | None:
        """The rollout as the fleet has it now."""
        return next((row for row in self.host.fleet.rows if row.ref == self.proposal.intent.ref), None)

    def _moved(self) -> bool:
        return self.stage is Stage.DECIDING and bool(approval.changed(self._planned, self._row()))

    def _refresh_state(self) -> None:
        """Buttons, inputs and the line of state follow the stage."""
        deciding = self.stage is Stage.DECIDING
        possible = deciding and not self._refused and not self.proposal.denied
        self.query_one("#reason-row").display = possible
        self.query_one("#name-row").display = possible and bool(self.proposal.typed_name)
        cancel, approve = self.query_one("#cancel", Button), self.query_one("#approve", Button)
        cancel.label = Content("Cancel" if possible else "Leave it running" if self._acting else "Close")
        approve.label = Content(approval.button(self.proposal))
        approve.display = deciding and not self._refused
        approve.disabled = bool(self._objection())
        again = self.query_one("#again", Button)
        ended = self.stage is Stage.ENDED and self.outcome is not None and approval.again(self.outcome)
        again.display = ended or self._moved()
        cancel.refresh(layout=True)  # a shorter label does not shrink a button by itself
        self._show_status()
        self._fit()

    @property
    def _acting(self) -> bool:
        return self.stage is Stage.ACTING

    def _objection(self) -> str:
        if self.proposal.intent.ref in in_flight(self.app):
            return f"An act on {self.proposal.intent.ref} is still in flight; wait for its outcome."
        if self.host.fleet.context != self._planned_in:
            return f"This was planned for {self._planned_in}; this is {self.host.fleet.context} now. Cancel it."
        reason, name = self.query_one("#reason", Input).value, self.query_one("#name", Input).value
        return approval.objection(self.proposal, reason, name)

    def _status(self) -> tuple[Line, ...]:
        glyphs = self.host.glyphs
        match self.stage:
            case Stage.ACTING:
                seconds = monotonic() - self._began
                line = approval.progress_line(self._progress or "sending", seconds, glyphs)
                warning = (Span("It cannot be called back. esc again leaves it running.", Tone.WAITS),)
                return (line, warning) if self._warned else (line,)
            case Stage.PLANNING:
                return ((Span("Planning again from fresh objects…", Tone.DIM),),)
            case Stage.ENDED if self.outcome is not None:
                return approval.outcome_lines(self.outcome, glyphs)
            case _:
                text = self._trouble or ("" if self._refused else self._objection())
                return (
                    ((Span(text, Tone.BROKEN if self._trouble or self.proposal.denied else Tone.WAITS),),)
                    if text
                    else ()
                )

    @property
    def _stands(self) -> bool:
        """It is on the screen still: one that is being closed is attached a moment longer than its parts."""
        return self.is_attached and bool(self.query("#status"))

    def _show_status(self) -> None:
        room = max(self._room(), 10)
        lines = tuple(part for line in self._status() for part in wrap(line, room))[:_MOST_STATUS]
        if lines == self._told:
            return  # to draw it anew would lay out the whole screen anew
        self._told = lines
        status = self.query_one("#status", Static)
        status.display = bool(lines)
        status.styles.height = max(len(lines), 1)
        status.update(text_block(lines))

    @property
    def _across(self) -> int:
        """Columns of the dialog, known before anything is laid out."""
        size = self.app.size
        return min(size.width - (0 if size.width < _SMALL else 6), _WIDEST)

    @property
    def _short(self) -> bool:
        return self.app.size.height < _SHORT

    def _room(self) -> int:
        """Columns within border and padding."""
        return self._across - (4 if self._short else 6)

    def _fit(self) -> None:
        """The dialog is as high as its text where that fits; else the text scrolls and the buttons stay.

        All is reckoned from the size of the terminal, so that the first picture is the right one: each other layout
        would draw the whole screen again.
        """
        dialog, view = self.query_one("#dialog"), self.query_one("#decision", LinesView)
        dialog.styles.width = self._across
        view.rebuild()
        self._show_status()
        fields = [self.query_one("#reason-row"), self.query_one("#name-row"), self.query_one("#status")]
        used = sum(
            max(int(field.styles.height.value if field.styles.height else 1), 1) for field in fields if field.display
        )
        gaps = 0 if self._short else 5
        room = self.app.size.height - used - gaps - 3
        high = len(view.lines) or len(self._decision(self._room() - _SCROLL_BAR))
        view.styles.height = max(min(high, room), 1)
        more = f"{self.host.glyphs.up}{self.host.glyphs.down} more   " if high > room else ""
        two = self.query_one("#approve").display or self.query_one("#again").display
        keys = "left, right: the other button   enter presses it" if two else "enter, esc: on"
        dialog.border_subtitle = Content(f"{more}{keys}")

    def _tick(self) -> None:
        if self.stage is Stage.ACTING:
            self._show_status()
        elif self.stage is Stage.DECIDING:
            self.query_one("#decision", LinesView).rebuild()
            buttons = self.query_one("#approve", Button).disabled, self.query_one("#again", Button).display
            if buttons != (bool(self._objection()), self._moved()):
                self._refresh_state()

    # Deciding -------------------------------------------------------------------------------------------------

    @on(Input.Changed)
    def _typed(self) -> None:
        self._trouble = ""
        if self.stage is Stage.DECIDING:
            self.query_one("#approve", Button).disabled = bool(self._objection())
            self._show_status()

    @on(Input.Submitted)
    def _entered(self) -> None:
        """Enter in a field goes on to the next thing to do; it never approves."""
        approve = self.query_one("#approve", Button)
        name = self.query_one("#name", Input)
        if not approve.disabled:
            approve.focus()
        elif self.query_one("#name-row").display and self.focused is not name:
            name.focus()
        else:
            self.query_one("#reason", Input).focus()

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one("#decision", LinesView).scroll_relative(y=lines, animate=False)

    def action_compare(self) -> None:
        """The whole comparison of the packages, over the dialog; `esc` comes back to it."""
        packages = self.proposal.packages
        if packages is not None and packages.diff is not None:
            from mlcd_tui.ui.screens.package import PackageDiffScreen  # late: few look that closely

            self.app.push_screen(PackageDiffScreen(str(self.proposal.intent.ref), diff=packages.diff))

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.action_leave()

    def action_leave(self) -> None:
        """Cancel, or close; what was sent cannot be called back and is left running only on purpose."""
        if self.stage is Stage.ACTING and not self._warned and not self.query_one("#cancel").has_focus:
            self._warned = True
            self._show_status()
            self._fit()
            return
        if self.stage is Stage.DECIDING:
            self._decline()
        self.dismiss(self.outcome)

    def _decline(self) -> None:
        """That it was refused, or that the operator said no, stands in the audit log, as of the headless acts."""
        reason = self.query_one("#reason", Input).value.strip()
        self.app.run_worker(
            self.host.session.decline(self.proposal, reason), group="acts", exit_on_error=False, exclusive=False
        )

    # Acting ---------------------------------------------------------------------------------------------------

    @on(Button.Pressed, "#approve")
    def _approved(self) -> None:
        if self.stage is not Stage.DECIDING or self._objection():
            self._refresh_state()
            return
        self.stage, self._began, self._progress = Stage.ACTING, monotonic(), Clean("sending")
        in_flight(self.app).add(self.proposal.intent.ref)
        # The app owns the worker: leaving the dialog must not cut an act off in its middle.
        self.app.run_worker(self._act(), group="acts", exit_on_error=False, exclusive=False)
        self._refresh_state()
        self.query_one("#decision", LinesView).focus()
        self.set_focus(None)

    async def _act(self) -> None:
        app, ref = self.app, self.proposal.intent.ref
        reason, name = self.query_one("#reason", Input).value, self.query_one("#name", Input).value
        try:
            outcome = await self.host.session.confirm(
                self.proposal, reason=reason, typed_name=name, progress=self.host.guarded(self._hear)
            )
        except Exception as error:
            if self._stands:
                self._fail(error)
            raise  # the app tells it and writes it down
        finally:
            in_flight(app).discard(ref)
        if self._stands:
            self._end(outcome)
        else:
            severity = "information" if outcome.result is Result.DONE else "warning"
            app.notify(outcome.sentence, title=f"{ref}", severity=severity, markup=False, timeout=15)  # type: ignore[arg-type]

    def _fail(self, error: Exception) -> None:
        """Nobody knows whether it was sent: a fresh plan shows what is true now."""
        outcome = clean(f"It is not known whether this was done ({error}). Look at the rollout before you try again.")
        self._end(Outcome(self.proposal.intent, Result.FAILED, outcome, monotonic() - self._began, self.host.now()))

    def _hear(self, sentence: Clean) -> None:
        self._progress = sentence
        if self._stands and self.stage is Stage.ACTING:
            self._show_status()
            self._fit()

    def _end(self, outcome: Outcome) -> None:
        self.stage, self.outcome = Stage.ENDED, outcome
        self._refresh_state()
        self.query_one("#again" if approval.again(outcome) else "#cancel", Button).focus()

    @on(Button.Pressed, "#again")
    def _plan_again(self) -> None:
        self.stage = Stage.PLANNING
        self._refresh_state()
        self.app.run_worker(self._replan(), group="acts", exclusive=False, exit_on_error=False)

    async def _replan(self) -> None:
        """A fresh proposal in the same dialog: nothing that was typed is lost."""
        try:
            self.proposal = await self.host.session.propose(self.proposal.intent)
            self._planned_in, self._planned = self.host.fleet.context, self._row()
            self._trouble = ""
        except Problem as problem:
            self._trouble = str(clean(str(problem)))
        if not self._stands:
            return
        self.stage, self.outcome, self._warned = Stage.DECIDING, None, False
        self._show_proposal()
        self.query_one("#cancel", Button).focus()
