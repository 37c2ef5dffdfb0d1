"""Journeys through checks: running and watching, calling off, findings, logs, accepting, the rollout's tab."""

from __future__ import annotations

import asyncio
import gc
import time
from dataclasses import replace
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input, Static

from mlcd_tui.config.settings import Settings
from mlcd_tui.domain.check_ports import Progress
from mlcd_tui.domain.checks import CheckState
from mlcd_tui.domain.errors import BadConfig, Missing, Unreachable
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.ui import actions
from mlcd_tui.ui.actions import Where
from mlcd_tui.ui.app import MlcdApp
from mlcd_tui.ui.screens.check import CheckScreen
from mlcd_tui.ui.screens.check_log import CheckLogScreen
from mlcd_tui.ui.screens.checks import ChecksScreen
from mlcd_tui.ui.screens.form import FormScreen
from mlcd_tui.ui.screens.picker import PickerScreen
from mlcd_tui.ui.screens.rollout import RolloutScreen
from mlcd_tui.ui.viewmodels.check_live import MOST_LINES
from mlcd_tui.ui.viewmodels.spans import plain
from mlcd_tui.ui.widgets.check_board import CheckBoard
from mlcd_tui.ui.widgets.check_log import CheckLogView
from mlcd_tui.ui.widgets.line_view import LinesView, RowList
from tests.ui.check_samples import around, bad, good
from tests.ui.fake_session import FakeSession, make_app
from tests.ui.samples import FRAUD, canary

SIZE = (120, 40)
PLAN = str(Path("checks.yaml").absolute())


def a_session() -> FakeSession:
    session = FakeSession([canary().rollout])
    session.details[FRAUD] = canary()
    session.checks.kept = (bad(), good(6))
    session.checks.found = around(bad())
    return session


def story(*, hold: asyncio.Event, lines: int = 3) -> list[Progress | asyncio.Event]:
    """Lint ends, the tests run and write, then everything waits."""
    results = good().results
    told: list[Progress | asyncio.Event] = [Progress(result.name, CheckState.WAITING) for result in results]
    told += [Progress("lint", CheckState.RUNNING), Progress("lint", CheckState.PASSED, result=results[0])]
    told += [Progress("tests", CheckState.RUNNING)]
    told += [Progress("tests", line=clean(f"test_{number} PASSED")) for number in range(lines)]
    return [*told, hold, Progress("", run=replace(good(), id="fresh"))]


async def settled(pilot: Pilot[None]) -> None:
    for _ in range(4):
        await pilot.pause()


async def at_checks(app: MlcdApp, pilot: Pilot[None], *keys: str) -> ChecksScreen:
    await settled(pilot)
    await pilot.press("X")
    await settled(pilot)
    screen = app.screen
    assert isinstance(screen, ChecksScreen)
    await pilot.press(*keys)
    await settled(pilot)
    return screen


async def running(app: MlcdApp, pilot: Pilot[None]) -> ChecksScreen:
    screen = await at_checks(app, pilot, "x")
    await pilot.press("enter")
    await settled(pilot)
    await pilot.pause(0.15)
    return screen


def board(screen: ChecksScreen) -> str:
    return screen.query_one(CheckBoard).text()


def told(app: MlcdApp) -> str:
    return " ".join(str(note.message) for note in app._notifications)


async def test_a_run_is_watched_side_by_side_and_becomes_a_kept_run() -> None:
    session, hold = a_session(), asyncio.Event()
    session.checks.story = story(hold=hold)
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        screen = await running(app, pilot)
        assert session.checks.started == [("registry/fraud:7", PLAN, ())]
        shown = board(screen)
        assert "passed" in shown
        assert "test_2 PASSED" in shown
        assert "1 of 5 ended" in str(screen.query_one("#under", Static).render())
        hold.set()
        await pilot.pause(0.2)
        assert screen.query_one("#runs", RowList).key == "fresh"
        assert "3 operations as" in board(screen)
        assert session.checks.closed == 1


async def test_image_and_plan_are_remembered_for_the_next_launch(tmp_path: Path) -> None:
    session = a_session()
    session.checks.kept = ()
    app = make_app(session, folder=tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await at_checks(app, pilot, "x", *"img", "down", *"_2", "enter")
        await settled(pilot)
    again = make_app(session, folder=tmp_path)
    async with again.run_test(size=SIZE) as pilot:
        await at_checks(again, pilot, "x")
        assert isinstance(again.screen, FormScreen)
        assert [box.value for box in again.screen.query(Input)] == ["img", f"{PLAN}_2"]


async def test_an_unanswered_field_is_asked_for_and_esc_runs_nothing() -> None:
    session = a_session()
    session.checks.kept = ()
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await at_checks(app, pilot, "x", "enter")
        assert isinstance(app.screen, FormScreen)
        assert "Name an image." in str(app.screen.query_one("#complaint", Static).render())
        await pilot.press("escape")
        await settled(pilot)
        assert session.checks.started == []


async def test_one_check_is_called_off_alone_and_all_together() -> None:
    session, hold = a_session(), asyncio.Event()
    session.checks.story = story(hold=hold)
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        screen = await running(app, pilot)
        await pilot.press("right", "-")
        await settled(pilot)
        assert set(session.checks.called_off) == {"tests"}
        assert "being called off" in board(screen)
        await pilot.press("left", "-")  # lint has ended
        assert set(session.checks.called_off) == {"tests"}
        await pilot.press("_")
        assert set(session.checks.called_off) == {"tests", "typecheck", "schema", "snapshot"}
        await pilot.press("x")
        await settled(pilot)
        assert app.screen is screen
        assert len(session.checks.started) == 1
        hold.set()
        await settled(pilot)


async def test_a_run_goes_on_while_one_looks_elsewhere_and_says_when_it_has_ended() -> None:
    session, hold = a_session(), asyncio.Event()
    session.checks.story = story(hold=hold)
    app = make_app(session)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await running(app, pilot)
        await pilot.press("escape", "escape")
        await settled(pilot)
        assert app.screen is not screen
        await pilot.press("q")
        await settled(pilot)
        assert isinstance(app.screen, PickerScreen)  # it asks first: to quit calls them off
        await pilot.press("escape")
        hold.set()
        await pilot.pause(0.2)
        assert "5/5 ✔" in told(app)


async def test_a_run_that_cannot_be_is_told_in_one_sentence_and_another_may_begin() -> None:
    session = a_session()
    session.checks.story = [Progress("lint", CheckState.WAITING), Unreachable("The Docker Engine does not answer.")]
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        screen = await running(app, pilot)
        assert "The Docker Engine does not answer." in str(screen.query_one("#under", Static).render())
        assert "cancelled" in board(screen)
        assert "not done" in screen.query_one("#runs", RowList).text()
        await pilot.press("x")
        await settled(pilot)
        assert isinstance(app.screen, FormScreen)


async def test_all_that_is_wrong_with_a_plan_is_told_where_a_run_cannot_be() -> None:
    session = a_session()
    problems = " ".join(f"checks.yaml, line {line}: checks[{line}].colour: unknown key." for line in range(1, 8))
    session.checks.story = [BadConfig(problems)]
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await running(app, pilot)
        under = screen.query_one("#under", Static)
        shown = " ".join(strip.text for strip in under.render_lines(under.content_region.reset_offset))
        assert " ".join(shown.split()) == problems


async def test_a_failing_check_opens_at_its_finding_with_source_and_copies_its_place() -> None:
    app = make_app(a_session())
    async with app.run_test(size=SIZE) as pilot:
        await at_checks(app, pilot, "enter", "enter")
        screen = app.screen
        assert isinstance(screen, CheckScreen)
        shown = screen.query_one("#item", LinesView).text()
        assert "import os" in shown
        assert screen.copied_text() == "scorer/app.py:3"
        await pilot.press("j")
        assert screen.copied_text() == "scorer/features.py:88"
        assert "F401" in screen.shown_text()


async def test_what_stands_above_the_checks_of_a_run_is_cut_where_there_is_no_room() -> None:
    app = make_app(a_session())
    async with app.run_test(size=(80, 24)) as pilot:
        await at_checks(app, pilot)
        under = str(app.screen.query_one("#under", Static).render())
        assert "plan sha256:c1" in under
        assert under.endswith("…")
        assert len(under) <= 74


async def test_a_failed_answer_is_accepted_with_a_reason_only() -> None:
    session = a_session()
    app = make_app(session)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await at_checks(app, pilot, "enter", "G", "enter")
        assert isinstance(app.screen, CheckScreen)
        await pilot.press("U")
        await settled(pilot)
        await pilot.press("n", "o", "enter")
        await settled(pilot)
        assert "Say why" in str(app.screen.query_one("#complaint", Static).render())
        await pilot.press(*"w features", "enter")
        await settled(pilot)
        assert session.checks.accepted == [("bad-7", "checks.yaml", "snapshot", "now features", "night")]
        assert "night accepted: now features. Run the checks again." in told(app)
        await pilot.press("escape", "home", "U")
        await settled(pilot)
        assert isinstance(app.screen, ChecksScreen)
        assert "has nothing to accept" in told(app)


async def test_an_acceptance_that_is_refused_says_why() -> None:
    session = a_session()
    session.checks.acceptance = Missing("No answer of night waits to be accepted.")
    app = make_app(session)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await at_checks(app, pilot, "enter", "G", "enter", "U")
        await pilot.press(*"because", "enter")
        await settled(pilot)
        assert "No answer of night waits" in told(app)


async def test_the_kept_log_is_searched_as_one_types_and_a_missing_one_is_told() -> None:
    session = a_session()
    session.checks.logs["bad-7", "lint"] = tuple(clean(f"line {number}") for number in range(300))
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await at_checks(app, pilot, "enter", "l")
        assert isinstance(app.screen, CheckLogScreen)
        view = app.screen.query_one(CheckLogView)
        assert view.count == 300
        await pilot.press("slash", *"line 29")
        assert [plain(line) for line in view.lines][:2] == ["line 29", "line 290"]
        await pilot.press("escape", "escape", "right", "l")
        await settled(pilot)
        assert "No log of tests is kept." in str(app.screen.query_one("#caption", Static).render())


async def test_a_flood_of_lines_leaves_keys_their_turn_and_keeps_the_last() -> None:
    session, hold = a_session(), asyncio.Event()
    flood = 100_000
    session.checks.story = story(hold=hold, lines=flood)
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await at_checks(app, pilot, "x")
        await pilot.press("enter")
        longest = 0.0
        deadline = time.monotonic() + 20
        screen = app.screen
        while True:
            begun = time.monotonic()
            await asyncio.sleep(0)
            longest = max(longest, time.monotonic() - begun)
            screen = app.screen
            live = screen.live if isinstance(screen, ChecksScreen) else None
            if (live is not None and live.checks and live.checks["tests"].count == flood) or begun > deadline:
                break
        assert isinstance(screen, ChecksScreen)
        await pilot.press("right", "l")
        await settled(pilot)
        assert isinstance(app.screen, CheckLogScreen)
        view = app.screen.query_one(CheckLogView)
        assert view.count == MOST_LINES
        assert plain(view.lines[-1]) == f"test_{flood - 1} PASSED"
        assert "last 5,000 of 100,000 lines" in str(app.screen.query_one("#caption", Static).render())
        assert longest < 0.5, f"nothing else had a turn for {longest:.2f} s"
        hold.set()
        await settled(pilot)


async def test_the_garbage_collector_does_not_stop_the_pictures_of_a_run() -> None:
    """What the app is made of is not gone through again and again while lines come; afterwards it is as before."""
    session, hold = a_session(), asyncio.Event()
    session.checks.story = story(hold=hold)
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        screen = await running(app, pilot)
        assert screen.busy
        assert gc.get_freeze_count() > 10_000
        hold.set()
        await settled(pilot)
        assert not screen.busy
        assert not gc.get_freeze_count()


# The rollout's tab ----------------------------------------------------------------------------------------------------


async def opened(app: MlcdApp, pilot: Pilot[None], *keys: str) -> RolloutScreen:
    await pilot.pause()
    app.open_rollout(FRAUD)
    await settled(pilot)
    screen = app.screen
    assert isinstance(screen, RolloutScreen)
    await pilot.press(*keys)
    await settled(pilot)
    return screen


async def test_hostile_names_and_texts_change_nothing_but_themselves() -> None:
    session = a_session()
    run = bad()
    evil = clean("[/]\x1b]0;owned\x07[@click=app.quit]x")
    session.checks.kept = (
        replace(run, image=replace(run.image, ref=evil), results=(replace(run.results[0], name=evil, sentence=evil),)),
    )
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_checks(app, pilot, "enter", "enter", "l")
        assert app.screen is not screen
        await pilot.press("escape", "escape")
        assert "[/]" in board(screen)


def test_every_action_of_the_check_screens_can_be_done_there() -> None:
    for where, screen in ((Where.CHECKS, ChecksScreen), (Where.CHECK, CheckScreen), (Where.CHECK_LOG, CheckLogScreen)):
        for action in actions.of(where):
            owner: type = MlcdApp if action.act.startswith("app.") else screen
            assert hasattr(owner, f"action_{action.act.removeprefix('app.').partition('(')[0]}"), action.id


async def test_plain_terminals_get_plain_signs() -> None:
    session = a_session()
    session.checks.found = around(bad())
    app = make_app(session, settings=Settings(ascii=True))
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_checks(app, pilot, "enter")
        assert board(screen).isascii()
        assert Clean("x failed") in board(screen)
