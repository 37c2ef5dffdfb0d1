"""The dialog that stands before every change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input

from mlcd_tui.domain.errors import Unreachable
from mlcd_tui.domain.gates import Gate, GateState
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Outcome, Refusal, Result
from mlcd_tui.domain.ports import Proposal
from mlcd_tui.domain.rollout import Phase
from mlcd_tui.domain.text import Clean
from mlcd_tui.ui.app import MlcdApp
from mlcd_tui.ui.screens.approval import ApprovalScreen, in_flight
from mlcd_tui.ui.viewmodels.spans import plain
from mlcd_tui.ui.widgets.line_view import LinesView
from tests.ui.fake_session import FakeSession, make_app, story
from tests.ui.proposals import GATES, promote_plan, proposal
from tests.ui.samples import FRAUD, NOW

REQUIRED = Gate(Clean("schema [x]"), GateState.FAILED, Clean("breaking"), required=True)


class SlowSession(FakeSession):
    """A controller that takes its time."""

    def __init__(self) -> None:
        super().__init__(story())
        self.finish = asyncio.Event()

    async def confirm(
        self,
        proposal: Proposal,
        *,
        reason: str = "",
        typed_name: str = "",
        patience: float = 30.0,
        progress: Callable[[Clean], None] | None = None,
    ) -> Outcome:
        self.confirmed.append((proposal, reason, typed_name))
        if progress is not None:
            progress(Clean("sent; waiting for the controller: step 2 of 5"))
        await self.finish.wait()
        return Outcome(proposal.intent, Result.DONE, Clean("The controller left step 2."), 12.0, NOW)


async def asked(app: MlcdApp, pilot: Pilot[None], verb: Verb = Verb.PROMOTE) -> ApprovalScreen:
    await pilot.pause()
    app.propose(Intent(verb, FRAUD))
    await pilot.pause()
    await pilot.pause()
    screen = app.screen
    assert isinstance(screen, ApprovalScreen)
    return screen


def session_with(what: Proposal) -> FakeSession:
    session = FakeSession(story())
    session.proposals[what.intent.verb] = what
    return session


def text_of(screen: ApprovalScreen) -> str:
    return "\n".join(map(plain, screen.query_one("#decision", LinesView).lines))


def status_of(screen: ApprovalScreen) -> str:
    return str(screen.query_one("#status").render())


def approve_of(screen: ApprovalScreen) -> Button:
    return screen.query_one("#approve", Button)


async def test_it_says_what_will_happen_on_what_evidence_and_how() -> None:
    app = make_app(session_with(proposal()))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await asked(app, pilot)
        text = text_of(screen)
        assert "Send 60 % instead of 20 % of live traffic of payments/fraud-scorer to v7" in text
        assert "abort (a) returns all traffic to v6" in text
        assert text.index("soak time") < text.index("p95 latency") < text.index("✔ analysis")
        assert "20 % → 60 %" in text
        assert '{"metadata": {"resourceVersion": "100"}, "status": {"pauseConditions": null}}' in text
        assert "/apis/argoproj.io/v1alpha1/namespaces/payments/rollouts/fraud-scorer/status" in text
        assert "only if the object is still as you see it" in text
        assert "Argo CD owns this object" in text
        assert str(approve_of(screen).label) == "Promote one step"
        assert screen.query_one("#cancel").has_focus


async def test_enter_alone_cancels_and_that_is_recorded() -> None:
    session = session_with(proposal())
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await asked(app, pilot)
        await pilot.press("enter")
        await pilot.pause()
        assert not isinstance(app.screen, ApprovalScreen)
        assert session.confirmed == []
        assert [reason for _, reason in session.declined] == [""]


async def test_evidence_is_of_its_moment_and_a_change_since_is_told() -> None:
    session = session_with(replace(proposal(), at=NOW - timedelta(seconds=8)))
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await asked(app, pilot)
        assert f"as of {NOW - timedelta(seconds=8):%H:%M:%S}, 8 s ago" in text_of(screen)
        assert " live" not in text_of(screen).partition("Evidence")[2].partition("PATCH")[0]
        assert not screen.query_one("#again").display
        session.change("fraud-scorer", phase=Phase.DEGRADED)
        screen._tick()
        await pilot.pause()
        assert "Changed since this was planned (phase Paused → Degraded): plan again." in text_of(screen)
        assert screen.query_one("#again").display
        screen.query_one("#again", Button).press()
        await pilot.pause()
        await pilot.pause()
        assert len(session.proposed) == 2
        assert "Changed since" not in text_of(screen)
        assert not screen.query_one("#again").display


async def test_a_key_that_can_do_nothing_is_recorded_as_refused() -> None:
    session = FakeSession(story(), readonly=True)
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("p")
        await pilot.pause()
        await pilot.pause()
        ((refused, _reason),) = session.declined
        assert isinstance(refused.plan, Refusal)
        assert (refused.intent.verb, "read-only" in refused.plan.sentence) == (Verb.PROMOTE, True)


async def test_a_no_with_a_reason_is_recorded() -> None:
    session = session_with(proposal())
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await asked(app, pilot)
        screen.query_one("#reason", Input).value = "too early"
        await pilot.press("escape")
        await pilot.pause()
        assert [reason for _, reason in session.declined] == ["too early"]


async def test_approve_then_the_truth_then_close() -> None:
    session = session_with(proposal())
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await asked(app, pilot)
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert len(session.confirmed) == 1
        assert "Done" in status_of(screen)
        assert "The controller has done it." in status_of(screen)
        assert screen.query_one("#cancel").has_focus
        await pilot.press("enter")
        await pilot.pause()
        assert not isinstance(app.screen, ApprovalScreen)
        assert session.declined == []


async def test_while_it_waits_it_says_for_what_and_a_second_act_has_to_wait() -> None:
    session = SlowSession()
    session.proposals[Verb.PROMOTE] = proposal()
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        first = await asked(app, pilot)
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert "waiting for the controller: step 2 of 5" in status_of(first)
        await pilot.press("escape")
        assert app.screen is first, "leaving an act running takes two presses"
        assert "cannot be called back" in status_of(first)
        await pilot.press("escape")
        await pilot.pause()
        second = await asked(app, pilot)
        assert approve_of(second).disabled
        assert "still in flight" in status_of(second)
        session.finish.set()
        await pilot.pause()
        assert in_flight(app) == set()
        assert [note.message for note in app._notifications] == ["The controller left step 2."]
        assert len(session.confirmed) == 1


async def test_a_conflict_shows_what_changed_and_plans_again_without_losing_the_reason() -> None:
    session = session_with(proposal())
    session.outcome = (Result.CONFLICT, Clean("The step was 2 of 5, now it is 3 of 5."))
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await asked(app, pilot)
        screen.query_one("#reason", Input).focus()
        screen.query_one("#reason", Input).value = "freeze"
        await pilot.press("enter", "enter")
        await pilot.pause()
        assert "now it is 3 of 5" in status_of(screen)
        fresh = replace(promote_plan(), sentence=Clean("Send 100 % instead of 60 %."))
        session.proposals[Verb.PROMOTE] = proposal(fresh)
        session.outcome = (Result.DONE, Clean("Done now."))
        await pilot.press("enter")
        await pilot.pause()
        await pilot.pause()
        assert "Send 100 % instead of 60 %" in text_of(screen)
        assert screen.query_one("#reason", Input).value == "freeze"
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert [reason for _, reason, _ in session.confirmed] == ["freeze", "freeze"]
        assert "Done now." in status_of(screen)


async def test_planning_again_without_a_connection_keeps_the_dialog() -> None:
    session = session_with(proposal())
    session.outcome = (Result.FAILED, Clean("The connection was cut."))
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await asked(app, pilot)
        await pilot.press("tab", "enter")
        await pilot.pause()
        session.proposals[Verb.PROMOTE] = Unreachable("The API server does not answer.")
        await pilot.press("enter")
        await pilot.pause()
        await pilot.pause()
        assert app.screen is screen
        assert "does not answer" in status_of(screen)


async def test_what_was_sent_but_not_seen_is_not_called_done() -> None:
    session = session_with(proposal())
    session.outcome = (Result.SENT, Clean("Not seen within 30 s."))
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await asked(app, pilot)
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert "Sent, not seen yet" in status_of(screen)
        assert "Done" not in status_of(screen)


async def test_a_refusal_has_only_a_way_out_and_is_recorded() -> None:
    intent = Intent(Verb.PROMOTE, FRAUD)
    refusal = Refusal(intent, Clean("The rollout is aborted [/b]."), Clean("Retry it first (r)."))
    session = session_with(Proposal(intent, refusal, at=NOW))
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await asked(app, pilot)
        assert "The rollout is aborted [/b]." in text_of(screen)
        assert "Retry it first" in text_of(screen)
        assert [button.id for button in screen.query(Button) if button.display] == ["cancel"]
        await pilot.press("enter")
        await pilot.pause()
        assert len(session.declined) == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"denied": (Clean("You may not patch rollouts in namespace payments."),)}, "You may not patch"),
        ({"gates": (*GATES, REQUIRED)}, "Required and not met: schema [x]"),
        ({"needs_reason": True}, "Write a reason first"),
        ({"typed_name": "fraud-scorer"}, "Type fraud-scorer to confirm"),
    ],
)
async def test_what_stands_against_it_disables_the_button_and_says_why(fields: dict[str, Any], words: str) -> None:
    session = session_with(proposal(**fields))
    app = make_app(session)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await asked(app, pilot)
        assert approve_of(screen).disabled
        assert words in status_of(screen)
        await pilot.click("#approve")
        assert session.confirmed == []


async def test_in_production_the_name_is_typed() -> None:
    session = session_with(proposal(typed_name="fraud-scorer"))
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await asked(app, pilot)
        screen.query_one("#reason", Input).focus()
        await pilot.press("enter")
        assert screen.query_one("#name").has_focus
        screen.query_one("#name", Input).value = "fraud-score"
        await pilot.press("end")
        assert approve_of(screen).disabled
        await pilot.press("r", "enter")
        assert approve_of(screen).has_focus, "enter in the field goes on, it does not approve"
        assert session.confirmed == []
        await pilot.press("enter")
        await pilot.pause()
        assert [name for _, _, name in session.confirmed] == ["fraud-scorer"]


async def test_a_way_back_is_one_confirmation_whatever_the_gates_say() -> None:
    plan = replace(promote_plan(Verb.ABORT), title=Clean("Abort"))
    session = session_with(proposal(plan, gates=(REQUIRED,)))
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await asked(app, pilot, Verb.ABORT)
        assert not approve_of(screen).disabled
        assert "does not block a way back" in text_of(screen)
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert len(session.confirmed) == 1


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (120, 40), (200, 60)])
async def test_the_buttons_are_always_there_and_the_text_scrolls(size: tuple[int, int]) -> None:
    session = session_with(proposal(typed_name="fraud-scorer", needs_reason=True))
    app = make_app(session)
    async with app.run_test(size=size) as pilot:
        screen = await asked(app, pilot)
        for name in ("#cancel", "#approve", "#reason", "#name", "#status"):
            region = screen.query_one(name).region
            assert region.height >= 1, name
            assert region.bottom < size[1], name
        view = screen.query_one("#decision", LinesView)
        assert view.region.height >= 2
        if view.max_scroll_y:
            await pilot.press("down", "down")
            assert view.scroll_offset.y == 2
        await pilot.resize_terminal(60, 20)
        await pilot.pause()
        assert screen.query_one("#approve").region.bottom < 20
