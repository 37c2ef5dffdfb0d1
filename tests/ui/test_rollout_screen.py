"""Journeys through an opened rollout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from mlcd_tui.config.settings import Settings
from mlcd_tui.domain.fleet import Freshness, Link
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.ports import AuditEntry
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.ui.app import MlcdApp
from mlcd_tui.ui.screens.approval import ApprovalScreen
from mlcd_tui.ui.screens.logs import LogsScreen
from mlcd_tui.ui.screens.rollout import RolloutScreen
from mlcd_tui.ui.screens.text_view import TextScreen
from mlcd_tui.ui.viewmodels.spans import plain
from mlcd_tui.ui.widgets.line_view import LinesView, RowList
from mlcd_tui.ui.widgets.panes import AnalysisPane, HistoryPane
from mlcd_tui.ui.widgets.rollout_tree import RolloutTree
from tests.ui.fake_session import FakeSession, can, make_app
from tests.ui.proposals import proposal
from tests.ui.samples import FRAUD, NOW, canary, degraded, pod

ALL = can(*(verb for verb in Verb))


def able(detail: RolloutDetail) -> RolloutDetail:
    return replace(detail, rollout=replace(detail.rollout, abilities=ALL))


def session_with(detail: RolloutDetail | None, row: RolloutDetail | None = None) -> FakeSession:
    shown = row or detail
    session = FakeSession([shown.rollout] if shown is not None else [])
    if detail is not None:
        session.details[FRAUD] = detail
    session.proposals = {verb: proposal() for verb in Verb}
    return session


async def opened(app: MlcdApp, pilot: Pilot[None]) -> RolloutScreen:
    await pilot.pause()
    app.open_rollout(FRAUD)
    await pilot.pause()
    await pilot.pause()
    screen = app.screen
    assert isinstance(screen, RolloutScreen)
    return screen


def text_of(screen: RolloutScreen, name: str = "overview") -> str:
    return "\n".join(map(plain, screen.query_one(f"#{name}", LinesView).lines))


async def test_the_screen_opens_on_the_overview_with_the_tree_in_hand() -> None:
    app = make_app(session_with(able(canary())))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        assert "waiting for your promotion" in text_of(screen)
        assert "revision 7 canary" in text_of(screen, "tree")
        assert screen.query_one("#tree").has_focus
        assert "fraud-scorer" in plain(screen.crumbs())


async def test_before_the_detail_has_come_it_says_so_and_shows_the_fleets_row() -> None:
    session = session_with(None, canary())
    app = make_app(session)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(app, pilot)
        assert "Loading" in str(screen.query_one("#freshness").render())
        assert "waiting for your promotion" in text_of(screen)
        session.push_detail(FRAUD, canary())
        await pilot.pause()
        assert "Traffic" in text_of(screen)
        assert not screen.query_one("#freshness").display


async def test_stale_and_gone_are_told_and_what_was_known_stays() -> None:
    session = session_with(canary())
    app = make_app(session)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(app, pilot)
        session.push_detail(FRAUD, canary(), Freshness(Link.STALE, NOW, Clean("connection [/reset]")))
        await pilot.pause()
        assert "connection [/reset]" in str(screen.query_one("#freshness").render())
        session.push_detail(FRAUD, None)
        await pilot.pause()
        assert "no longer exists" in str(screen.query_one("#freshness").render())
        assert "Traffic" in text_of(screen)


async def test_updates_keep_the_cursor_and_what_was_closed() -> None:
    session = session_with(canary())
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        tree = screen.query_one(RolloutTree)
        await pilot.press("down", "left")  # close the ReplicaSet of revision 7
        await pilot.press("down", "down", "down", "down")
        assert tree.key == "pod/fraud-scorer-5d95-8fj2q"
        newest = canary().revisions[0]
        grown = replace(
            newest, replica_sets=(replace(newest.replica_sets[0], pods=(pod("fraud-scorer-6f5f-new", 7),)),)
        )
        session.push_detail(FRAUD, replace(canary(), revisions=(grown, *canary().revisions[1:])))
        await pilot.pause()
        assert tree.key == "pod/fraud-scorer-5d95-8fj2q"
        assert "…new" not in text_of(screen, "tree")
        await pilot.press("g", "down", "right")
        assert "…new" in text_of(screen, "tree")


async def test_an_update_repaints_only_the_lines_that_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_with(canary())
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        view, painted = screen.query_one("#overview", LinesView), []
        monkeypatch.setattr(view, "refresh_lines", lambda y, count=1: painted.append(y))
        monkeypatch.setattr(view, "refresh", lambda *args, **kwargs: pytest.fail("repainted all of it"))
        session.push_detail(FRAUD, canary())
        await pilot.pause()
        assert painted == []
        weight = replace(canary().rollout.weight, actual=19)  # type: ignore[type-var]
        session.push_detail(FRAUD, replace(canary(), rollout=replace(canary().rollout, weight=weight)))
        await pilot.pause()
        assert len(painted) == 1


async def test_tabs_by_key_and_mouse() -> None:
    app = make_app(session_with(degraded()))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        await pilot.press("3")
        assert screen.tab == "analysis"
        assert "failed 2 of 1 allowed" in text_of(screen, "run")
        await pilot.press("8")
        assert "kind: Rollout" in text_of(screen, "text")
        assert "managedFields" not in text_of(screen, "text")
        await pilot.press("v")
        assert "+     image: registry/fraud:7" in text_of(screen, "text")
        await pilot.click("TabBar", offset=(3, 0))
        assert screen.tab == "overview"
        await pilot.press("y")
        assert screen.tab == "yaml"


async def test_yaml_is_searched_and_escape_ends_the_search_first() -> None:
    app = make_app(session_with(canary()))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        await pilot.press("8", "slash", *"fraud")
        assert "3 lines" in str(screen.query_one("#found").render())
        await pilot.press("enter", "n", "escape")
        assert app.screen is screen
        assert str(screen.query_one("#found").render()) == ""
        await pilot.press("escape")
        assert not isinstance(app.screen, RolloutScreen)


async def test_history_shows_the_difference_the_audit_and_takes_an_undo_from_its_cursor() -> None:
    session = session_with(able(canary()))
    session.entries = [
        AuditEntry(
            "1",
            NOW,
            Clean("bob"),
            Clean("c"),
            clean(str(FRAUD)),
            Clean("promote"),
            Clean("done"),
            Clean("[b]sent"),
            Clean("ok"),
        )
    ]
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        await pilot.press("7")
        assert "+     image: registry/fraud:7" in text_of(screen, "past")
        assert "bob promote done · [b]sent  “ok”" in text_of(screen, "past")
        await pilot.press("down", "down", "v")
        assert screen.query_one(HistoryPane).chosen == 5
        assert "revision 5 to revision 7" in text_of(screen, "past")
        await pilot.press("u")
        await pilot.pause()
        assert session.proposed == [Intent(Verb.UNDO, FRAUD, revision=5)]
        assert isinstance(app.screen, ApprovalScreen)


async def test_undo_from_elsewhere_asks_for_the_revision_and_offers_the_serving_one() -> None:
    session = session_with(able(canary()))
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        await pilot.press("u")
        await pilot.pause()
        await pilot.pause()
        rows = app.screen.query_one("#choices", RowList)
        assert rows.key == "6"
        assert "hotfix [/b] of the loader" in "\n".join(map(plain, rows.lines))
        await pilot.press("down", "enter")
        await pilot.pause()
        assert session.proposed == [Intent(Verb.UNDO, FRAUD, revision=5)]


async def test_set_image_begins_with_what_runs_and_sends_only_what_changed() -> None:
    session = session_with(able(canary()))
    app = make_app(session)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(app, pilot)
        await pilot.press("i", "enter")
        assert "Change at least one image" in str(app.screen.query_one("#complaint").render())
        await pilot.press("backspace", "8", "enter")
        await pilot.pause()
        assert session.proposed == [Intent(Verb.SET_IMAGE, FRAUD, images=(("scorer", "registry/fraud:8"),))]


async def test_set_weight_takes_a_number_only() -> None:
    session = session_with(able(canary()))
    app = make_app(session)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(app, pilot)
        await pilot.press("W", "backspace", "backspace", *"140", "enter")
        assert session.proposed == []
        await pilot.press("backspace", "backspace", "backspace", *"35 %", "enter")
        await pilot.pause()
        assert session.proposed == [Intent(Verb.SET_WEIGHT, FRAUD, weight=35)]


async def test_stopping_an_analysis_goes_through_a_proposal() -> None:
    session = session_with(able(canary()))
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        await pilot.press("down", "down", "down", "enter")
        assert screen.tab == "analysis"
        assert screen.query_one(AnalysisPane).chosen is not None
        await pilot.press("t")
        await pilot.pause()
        assert session.proposed == [Intent(Verb.TERMINATE_ANALYSIS, FRAUD, target="fraud-scorer-hash7-7")]


async def test_an_ended_analysis_cannot_be_stopped() -> None:
    session = session_with(degraded())
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        await pilot.press("3", "t")
        assert session.proposed == []
        assert "has ended already" in [note.message for note in app._notifications][-1]


async def test_logs_of_the_pod_under_the_cursor_and_a_choice_where_there_are_several() -> None:
    app = make_app(session_with(canary()))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        await pilot.press("down", "down", "l")
        await pilot.pause()
        assert isinstance(app.screen, LogsScreen)
        assert app.screen.copied_text() == "fraud-scorer-6f5f-x2k4f"
        await pilot.press("escape", "down", "down", "l")  # revision 6 has two pods
        await pilot.press("down", "enter")
        await pilot.pause()
        assert isinstance(app.screen, LogsScreen)
        assert app.screen.copied_text() == "fraud-scorer-5d95-t9w0c"


async def test_describe_and_events_open_over_it() -> None:
    app = make_app(session_with(canary()))
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(app, pilot)
        await pilot.press("d")
        await pilot.pause()
        assert isinstance(app.screen, TextScreen)
        assert "Name: fraud-scorer" in app.screen.shown_text()
        await pilot.press("escape", "e")
        await pilot.pause()
        assert isinstance(app.screen, TextScreen)
        assert "back-off [red]restarting" in app.screen.shown_text()


async def test_ctrl_s_saves_the_visible_tab() -> None:
    app = make_app(session_with(canary()))
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(app, pilot)
        assert "waiting for your promotion" in screen.shown_text()
        await pilot.press("8")
        assert screen.shown_text().startswith("apiVersion")


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (200, 60)])
async def test_every_tab_fits_every_terminal(size: tuple[int, int], tmp_path: Path) -> None:
    app = make_app(session_with(degraded()), settings=Settings(ascii=True), folder=tmp_path)
    async with app.run_test(size=size) as pilot:
        screen = await opened(app, pilot)
        for key in ("1", "3", "7", "8"):
            await pilot.press(key)
            for view in screen.query(LinesView):
                assert view.region.right <= size[0]
                assert view.region.bottom <= size[1]
