"""The Checks tab of a rollout, and checks begun from there."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from textual.widgets import Input

from mlcd_tui.domain.check_ports import Progress
from mlcd_tui.domain.checks import CheckState
from mlcd_tui.domain.errors import Unreachable
from mlcd_tui.ui.screens.check import CheckScreen
from mlcd_tui.ui.screens.checks import ChecksScreen
from mlcd_tui.ui.screens.form import FormScreen
from mlcd_tui.ui.widgets.line_view import LinesView, RowList
from tests.ui.check_samples import OTHER, around, bad, good, identity
from tests.ui.fake_session import make_app
from tests.ui.samples import DIGEST_7
from tests.ui.test_check_screens import SIZE, a_session, board, opened, settled


async def test_the_tab_shows_what_speaks_of_the_running_digest_and_leads_to_the_check() -> None:
    session = a_session()
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(app, pilot)
        assert session.checks.asked == []
        await pilot.press("5")
        await settled(pilot)
        assert "candidate 1/4 ✘ lint, snapshot, tests" in screen.query_one("#spoken", LinesView).text()
        assert "2 new" in screen.query_one("#judged", RowList).text()
        assert "import os" in screen.query_one("#told-findings", LinesView).text()
        assert screen.copied_text() == DIGEST_7
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(app.screen, CheckScreen)
        assert "2 new since what serves" in app.screen.query_one("#head", LinesView).text()


async def test_what_others_publish_shows_by_itself_while_the_tab_is_open() -> None:
    session = a_session()
    session.checks.found = around(None)
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(app, pilot)
        assert session.checks.listeners == []  # nobody has looked yet: nothing is watched
        await pilot.press("5")
        await settled(pilot)
        session.checks.found = around(bad())
        (changed,) = session.checks.listeners
        changed()
        await pilot.pause(1.2)  # the next picture
        assert "1/4" in screen.query_one("#spoken", LinesView).text()
        await pilot.press("escape")
        await settled(pilot)
        assert session.checks.listeners == []


async def test_the_tab_shows_a_rebuilt_image_as_stale_and_none_as_none() -> None:
    session = a_session()
    session.checks.found = around(replace(good(), image=identity(7, OTHER)))
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(app, pilot, "5")
        assert "0/5 ◌" in screen.query_one("#spoken", LinesView).text()
        session.checks.found = around(None)
        await pilot.press("1", "5")
        await settled(pilot)
        assert "No checks are recorded" in screen.query_one("#told-findings", LinesView).text()
        session.checks.found = Unreachable("The registry does not answer.")
        await pilot.press("1", "5")
        await settled(pilot)
        assert "The registry does not answer." in screen.query_one("#told-findings", LinesView).text()


async def test_x_on_a_rollout_asks_for_the_plan_of_its_new_image_and_compares_with_what_serves() -> None:
    session, hold = a_session(), asyncio.Event()
    lint = bad().results[0]
    fresh = replace(good(), id="fresh", results=(lint,))
    session.checks.story = [Progress("lint", CheckState.WAITING), hold, Progress("", run=fresh)]
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(app, pilot, "x")
        assert isinstance(app.screen, FormScreen)
        assert app.screen.query_one("#field-0", Input).value == f"registry/fraud@{DIGEST_7}"
        await pilot.press("enter")
        await settled(pilot)
        hold.set()
        await pilot.pause(0.2)
        screen = app.screen
        assert isinstance(screen, ChecksScreen)
        assert "2 new" in board(screen)
