"""What people do besides the straight way: the mouse, resizing, leaving and going elsewhere in the middle of things."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from textual.events import Key, MouseScrollDown
from textual.widgets import Input

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Outcome
from mlcd_tui.domain.ports import Proposal
from mlcd_tui.domain.text import Clean
from mlcd_tui.ui.screens.approval import ApprovalScreen
from mlcd_tui.ui.screens.picker import PickerScreen
from mlcd_tui.ui.screens.rollout import RolloutScreen
from mlcd_tui.ui.viewmodels.spans import width
from mlcd_tui.ui.widgets.fleet_table import FleetTable
from mlcd_tui.ui.widgets.header import FrameHeader
from mlcd_tui.ui.widgets.rollout_tree import RolloutTree
from tests.ui.fake_session import FakeSession, can, make_app, make_row, story
from tests.ui.proposals import proposal
from tests.ui.samples import FRAUD, canary

SIZES = ((200, 60), (40, 10), (80, 24), (200, 60))


class Slow(FakeSession):
    """Plans and acts only when the test says so."""

    def __init__(self, *args: Any, **fields: Any) -> None:
        super().__init__(*args, **fields)
        self.go = asyncio.Event()
        self.slow_plan = False

    async def propose(self, intent: Intent) -> Proposal:
        if self.slow_plan:
            await self.go.wait()
        return await super().propose(intent)

    async def confirm(self, proposal: Proposal, **named: Any) -> Outcome:
        await self.go.wait()
        return await super().confirm(proposal, **named)


def opened_session() -> Slow:
    detail = canary()
    detail = replace(detail, rollout=replace(detail.rollout, abilities=can(*Verb)))
    session = Slow([detail.rollout])
    session.details[FRAUD] = detail
    session.proposals = {verb: proposal() for verb in Verb}
    return session


# Mouse


async def test_the_header_offers_clusters_and_namespaces() -> None:
    app = make_app(FakeSession(story()))
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        for x, title in ((12, "Cluster (context)"), (30, "Namespace")):
            await pilot.click(FrameHeader, offset=(x, 0))
            await pilot.pause()
            await pilot.pause()
            assert isinstance(app.screen, PickerScreen)
            assert app.screen._title == title
            await pilot.press("escape")
            await pilot.pause()


async def test_the_mouse_opens_closes_and_scrolls() -> None:
    session = opened_session()
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.open_rollout(FRAUD)
        await pilot.pause()
        await pilot.pause()
        tree = app.screen.query_one(RolloutTree)
        rows = len(tree.keys)
        await pilot.click(RolloutTree, offset=(5, 1))
        assert tree.cursor == 1
        assert len(tree.keys) < rows
        await pilot.click(RolloutTree, offset=(5, 1))
        assert len(tree.keys) == rows
    rows_of_many = [make_row(f"svc-{number:03d}") for number in range(100)]
    app = make_app(FakeSession(rows_of_many))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        table = app.screen.query_one(FleetTable)
        assert await pilot._post_mouse_events([MouseScrollDown], FleetTable, offset=(10, 5), button=0)
        await pilot.pause(0.5)
        assert table.scroll_y > 0


# Sizes


@pytest.mark.parametrize(
    "keys",
    ["", "3", "7", "8", "y", "d", "e", "l", "question_mark", "colon", "ctrl+p", "N", "C", "u", "i", "W", "p", "L", "T"],
)
async def test_every_screen_and_dialog_survives_any_size(keys: str) -> None:
    app = make_app(opened_session())
    async with app.run_test(size=SIZES[0]) as pilot:
        await pilot.pause()
        app.open_rollout(FRAUD)
        await pilot.pause()
        if keys:
            await pilot.press(keys)
        await pilot.pause()
        for size in SIZES[1:]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert app.export_screenshot()
        for header in app.screen.query(FrameHeader):
            assert width(header._sides[0]) > 0
        assert app.is_running


# In the middle of things


async def test_quitting_while_an_act_is_awaited_asks_first() -> None:
    session = opened_session()
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("p")
        await pilot.pause()
        assert isinstance(app.screen, ApprovalScreen)
        await pilot.press("tab", "enter", "escape", "escape")
        await pilot.pause()
        await pilot.press("q")
        await pilot.pause()
        assert not app._exit
        assert isinstance(app.screen, PickerScreen)
        assert app.screen._title == "Quit now?"
        await pilot.press("enter")
        await pilot.pause()
        assert not app._exit
        app.use(context="prod-eu")
        await pilot.pause()
        assert app.fleet.context == "staging-eu"
        session.go.set()
        await pilot.pause()
        await pilot.pause()
        await pilot.press("q")
        assert app._exit


async def test_what_was_planned_for_one_cluster_is_never_shown_in_another() -> None:
    session = opened_session()
    session.slow_plan = True
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("p")
        session.push(context=Clean("prod-eu"))
        session.go.set()
        await pilot.pause()
        await pilot.pause()
        assert not isinstance(app.screen, ApprovalScreen)
        assert any("was dropped" in note.message for note in app._notifications)


async def test_a_dialog_that_outlives_its_cluster_cannot_be_approved() -> None:
    session = opened_session()
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("p")
        await pilot.pause()
        session.push(context=Clean("prod-eu"))
        await pilot.press("tab", "tab", "enter")
        await pilot.pause()
        assert session.confirmed == []
        assert isinstance(app.screen, ApprovalScreen)
        assert "this is prod-eu now" in app.screen._objection()


async def test_ten_thousand_rows_can_be_filtered_while_one_types() -> None:
    app = make_app(FakeSession([make_row(f"svc-{number:05d}", f"ns{number % 50}") for number in range(10_000)]))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("slash", *"ns:ns7 svc-000")
        await pilot.pause()
        table = app.screen.query_one(FleetTable)
        assert {ref.namespace for ref in table._line_refs if ref} == {"ns7"}
        assert len(table.index) == 2
        await pilot.press("escape")
        assert len(table.index) == 10_000
        assert not isinstance(app.screen, RolloutScreen)


async def test_what_is_typed_right_after_the_slash_is_text_and_never_an_act() -> None:
    session = FakeSession(story())
    app = make_app(session)
    async with app.run_test() as pilot:
        await pilot.pause()
        for key in (Key("slash", "/"), Key("a", "a"), Key("p", "p"), Key("s", "s")):  # at once, as a slow link delivers
            app.post_message(key)
        await pilot.pause()
        assert app.screen.query_one("#filter", Input).value == "aps"
        assert session.proposed == []
