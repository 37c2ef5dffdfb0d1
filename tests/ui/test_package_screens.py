"""Journeys through packages: the rollout's tab, a package in full, two compared, the browser, the decision."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from mlcd_tui.config.settings import Settings
from mlcd_tui.domain.errors import Unreachable
from mlcd_tui.domain.package_ports import RolloutPackages, SchemaNote
from mlcd_tui.domain.verdict import Verdict
from mlcd_tui.ui import actions
from mlcd_tui.ui.app import MlcdApp
from mlcd_tui.ui.screens.approval import ApprovalScreen
from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.screens.package import PackageDiffScreen, PackageScreen
from mlcd_tui.ui.screens.packages import PackagesScreen
from mlcd_tui.ui.screens.rollout import RolloutScreen
from mlcd_tui.ui.viewmodels.spans import plain
from mlcd_tui.ui.widgets.line_view import LinesView, RowList
from mlcd_tui.ui.widgets.reader import Reader
from mlcd_tui.ui.widgets.tab_bar import TabBar
from tests.snapshots.scenes import breaking, packages_session, unpublished_session
from tests.ui.fake_session import FakeSession, make_app
from tests.ui.package_samples import entries, fraud
from tests.ui.samples import DIGEST_7, FRAUD, canary

SIZE = (120, 40)


async def settled(pilot: Pilot[None]) -> None:
    for _ in range(4):
        await pilot.pause()


async def opened(app: MlcdApp, pilot: Pilot[None], *keys: str) -> RolloutScreen:
    await pilot.pause()
    app.open_rollout(FRAUD)
    await settled(pilot)
    screen = app.screen
    assert isinstance(screen, RolloutScreen)
    await pilot.press(*keys)
    await settled(pilot)
    return screen


def told(view: LinesView) -> str:
    return "\n".join(map(plain, view.lines))


# The tab of the rollout ---------------------------------------------------------------------------------------


async def test_the_tab_shows_the_verdict_first_and_leads_to_package_and_comparison() -> None:
    app = make_app(packages_session())
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(app, pilot, "4")
        text = told(screen.query_one("#fit", LinesView))
        assert text.index("✘ breaking") < text.index("merchant_age") < text.index("auc") < text.index("Side by side")
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(app.screen, PackageScreen)
        assert app.screen.package == fraud(7)
        await pilot.press("escape", "j", "enter")
        await settled(pilot)
        assert isinstance(app.screen, PackageScreen)
        assert app.screen.package == fraud(6)
        await pilot.press("escape", "v")
        await settled(pilot)
        assert isinstance(app.screen, PackageDiffScreen)
        assert "column-became-required" in app.screen.shown_text()


async def test_packages_are_only_looked_for_when_the_tab_is_open_and_again_when_images_change() -> None:
    session = packages_session()
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(app, pilot)
        assert session.packages.asked == []
        await pilot.press("4")
        await settled(pilot)
        detail = session.details[FRAUD]
        session.push_detail(FRAUD, replace(detail, events=()))
        await settled(pilot)
        assert len(session.packages.asked) == 1
        session.push_detail(FRAUD, replace(detail, revisions=detail.revisions[1:]))
        await settled(pilot)
        assert len(session.packages.asked) == 2
        session.push(schemas={FRAUD: SchemaNote(Verdict.BREAKING)})
        await pilot.pause(1.1)
        assert len(session.packages.asked) == 3


async def test_a_missing_package_is_told_with_the_command_that_publishes_it_and_the_key_copies_it() -> None:
    app = make_app(unpublished_session())
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(app, pilot, "4")
        text = told(screen.query_one("#fit", LinesView))
        assert "no package is published for sha256:ab12…90fe." in text
        assert "packages publish PACKAGE" in text
        assert screen.copied_text().endswith("-n payments")
        assert str(DIGEST_7) in screen.copied_text()
        await pilot.press("enter")
        await settled(pilot)
        assert app.screen is screen
        await pilot.press("v")
        assert app.screen is screen


async def test_while_packages_are_read_the_tab_says_so_and_a_failure_is_one_sentence() -> None:
    session = packages_session()
    session.packages.found = Unreachable("The MLflow server at mlflow.example does not answer.")
    session.packages.held = asyncio.Event()
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(app, pilot, "4")
        view = screen.query_one("#fit", LinesView)
        assert told(view) == "reading the packages of the images that run…"
        session.packages.held.set()
        await settled(pilot)
        assert told(view) == "The MLflow server at mlflow.example does not answer."
        session.packages.found = RolloutPackages()
        await pilot.press("1", "4")
        await settled(pilot)
        assert "no package can be looked for" in told(view).replace("\n", " ")


async def test_what_failed_is_looked_for_again_once_the_connection_is_back() -> None:
    session = packages_session()
    there, session.packages.found = session.packages.found, Unreachable("The cluster does not answer.")
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(app, pilot, "4")
        assert "does not answer" in told(screen.query_one("#fit", LinesView))
        session.packages.found = there
        screen.reconnected()
        await pilot.pause(1.3)
        assert "✘ breaking" in told(screen.query_one("#fit", LinesView))


# A package and a comparison -----------------------------------------------------------------------------------


async def test_keys_and_mouse_lead_to_the_parts_and_the_bar_follows() -> None:
    app = make_app(packages_session())
    async with app.run_test(size=SIZE) as pilot:
        await opened(app, pilot, "4", "enter")
        screen = app.screen
        assert isinstance(screen, PackageScreen)
        bar, view = screen.query_one(TabBar), screen.query_one(Reader).view
        assert bar.present == "facts"
        await pilot.press("3")
        await pilot.pause()
        assert bar.present == "training"
        assert plain(view.lines[view.scroll_offset.y]).startswith("Lineage")
        await pilot.press("g")
        await pilot.pause()
        assert bar.present == "facts"
        await pilot.click(TabBar, offset=(12, 0))
        await pilot.pause()
        assert bar.present == "schema"


async def test_the_documents_can_be_read_searched_and_left_again() -> None:
    app = make_app(packages_session())
    async with app.run_test(size=SIZE) as pilot:
        await opened(app, pilot, "4", "enter", "y")
        screen = app.screen
        assert "run_id: a91c6e0f4d1b-7" in screen.query_one(Reader).view.text()
        await pilot.press("slash", *"flav", "enter", "escape")
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is screen
        assert "Identity" in screen.query_one(Reader).view.text()
        await pilot.press("escape")
        assert isinstance(app.screen, RolloutScreen)


async def test_a_package_that_cannot_be_read_is_one_sentence_in_its_place() -> None:
    session = packages_session()
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await pilot.press("colon", *"packages folder:/nowhere", "enter")
        await settled(pilot)
        assert isinstance(app.screen, PackageScreen)
        assert "There is no package at folder:/nowhere." in str(app.screen.query_one("#told", Static).render())
        session.packages.packages["folder:/nowhere"] = fraud(7)
        app.screen.reconnected()
        await settled(pilot)
        assert "Identity" in app.screen.query_one(Reader).view.text()


# The browser --------------------------------------------------------------------------------------------------


async def browser(app: MlcdApp, pilot: Pilot[None], *keys: str) -> PackagesScreen:
    await pilot.pause()
    await pilot.press("K")
    await settled(pilot)
    assert isinstance(app.screen, PackagesScreen)
    await pilot.press(*keys)
    await settled(pilot)
    return app.screen if isinstance(app.screen, PackagesScreen) else PackagesScreen()


def counts(app: MlcdApp) -> str:
    return str(app.screen.query_one("#counts", Static).render())


async def test_entries_appear_while_the_rest_is_read_and_the_cursor_stays() -> None:
    session = packages_session()
    session.packages.held = asyncio.Event()
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        screen = await browser(app, pilot)
        await pilot.pause(0.2)
        rows = screen.query_one("#entries", RowList)
        assert len(rows.keys) == 20
        assert "20 packages" in counts(app)
        assert "reading mlflow:" in counts(app)
        await pilot.press("j")
        session.packages.held.set()
        await pilot.pause(0.3)
        assert len(rows.keys) == 40
        assert "reading" not in counts(app)
        assert rows.key == "mlflow:fraud-scorer/6"


async def test_two_marked_packages_are_compared_the_first_one_serves() -> None:
    app = make_app(packages_session())
    async with app.run_test(size=SIZE) as pilot:
        await browser(app, pilot, "v")
        assert isinstance(app.screen, PackagesScreen)  # nothing is marked: it says how
        await pilot.press("slash", *"champion", "enter", "space", "escape")
        await settled(pilot)
        await pilot.press("g", "v")
        await settled(pilot)
        assert isinstance(app.screen, PackageDiffScreen)
        assert app.screen.diff is not None
        assert app.screen.diff.serving == fraud(6)


async def test_filter_sort_and_opening_by_address() -> None:
    app = make_app(packages_session())
    async with app.run_test(size=SIZE) as pilot:
        screen = await browser(app, pilot, "slash", *"alice", "enter")
        rows = screen.query_one("#entries", RowList)
        assert len(rows.keys) == 2
        assert "2 of 40" in counts(app)
        await pilot.press("escape", "s", *"name", "enter")
        await settled(pilot)
        assert rows.keys[:2] == ("mlflow:fraud-scorer/7", "mlflow:fraud-scorer/6")
        await pilot.press("o", *"mlflow:fraud-scorer/6", "enter")
        await settled(pilot)
        assert isinstance(app.screen, PackageScreen)
        assert app.screen.package == fraud(6)


async def test_a_place_that_fails_is_told_in_its_place_and_can_be_read_again() -> None:
    session = packages_session()
    session.packages.entries["mlflow:"] = Unreachable("mlflow.example does not answer.", advice="Is it up?")
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        screen = await browser(app, pilot)
        assert told(screen.query_one("#nothing", LinesView)) == "mlflow.example does not answer. Is it up?"
        session.packages.entries["mlflow:"] = entries(3)
        await pilot.press("r")
        await settled(pilot)
        assert screen.query_one("#entries", RowList).display
        await pilot.press("escape")
        assert app.current_mode == "fleet"


async def test_reading_again_while_it_is_read_does_not_say_that_nothing_is_there() -> None:
    session = packages_session()
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        screen = await browser(app, pilot)
        session.packages.entries["mlflow:"] = entries(1)
        session.packages.held = asyncio.Event()
        await pilot.press("r")
        await settled(pilot)
        await pilot.press("r")
        await pilot.pause(0.3)
        assert "reading mlflow:" in told(screen.query_one("#nothing", LinesView))
        assert "reading mlflow:" in counts(app)


async def test_columns_have_titles_above_what_they_fill() -> None:
    app = make_app(packages_session())
    async with app.run_test(size=SIZE) as pilot:
        screen = await browser(app, pilot)
        head, first = str(screen.query_one("#heads", Static).content), told(screen.query_one("#entries", LinesView))
        assert head.index("Version") == first.index(entries(40)[0].version) + 1  # the list's cursor stands in front
        assert "By" in head
        assert "Age" in head
        await pilot.press("slash", *"nobody")
        await settled(pilot)
        assert not screen.query_one("#heads").display


async def test_the_row_under_the_cursor_stays_in_view_when_the_filter_is_cleared() -> None:
    session = packages_session()
    session.packages.entries["mlflow:"] = entries(500)
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        screen = await browser(app, pilot, "slash", *"model-0400", "enter", "escape")
        await settled(pilot)
        rows = screen.query_one("#entries", RowList)
        assert rows.key == "mlflow:model-0400/1"
        assert rows.scroll_offset.y <= rows.cursor < rows.scroll_offset.y + rows.size.height


async def test_another_place_is_listed_when_the_cursor_gets_there() -> None:
    session = packages_session()
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await browser(app, pilot)
        app.screen.query_one("#places", RowList).focus()
        await pilot.press("j")
        await settled(pilot)
        assert session.packages.listed == ["mlflow:", "cluster:"]
        assert "There is no package here." in told(app.screen.query_one("#nothing", LinesView))


async def test_without_places_the_browser_says_how_to_get_some() -> None:
    app = make_app(FakeSession([canary().rollout]), settings=Settings(keys={"packages.address": "f4"}))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await browser(app, pilot)
        text = told(screen.query_one("#nothing", LinesView)).replace("\n", " ")
        assert "sources under [packages]" in text
        assert "f4" in text


def test_every_action_of_the_package_screens_can_be_done_there() -> None:
    screens: tuple[type[BaseScreen], ...] = (PackagesScreen, PackageScreen, PackageDiffScreen)
    for screen in screens:
        for action in actions.of(screen.WHERE):
            owner: type = MlcdApp if action.act.startswith("app.") else screen
            assert hasattr(owner, f"action_{action.act.removeprefix('app.').partition('(')[0]}"), action.id


# The decision -------------------------------------------------------------------------------------------------


async def test_a_breaking_schema_is_only_approved_with_a_reason() -> None:
    session = packages_session()
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.push_screen(ApprovalScreen(breaking()))
        await settled(pilot)
        screen = app.screen
        visible = screen.query_one("#decision", LinesView)
        shown = "\n".join(map(plain, visible.lines[: visible.size.height]))
        assert "✘ breaking" in shown
        assert "merchant_age" in shown
        approve = screen.query_one("#approve", Button)
        assert approve.disabled
        assert "breaking: write why" in screen.query_one("#reason", Input).placeholder
        screen.query_one("#reason", Input).focus()
        await pilot.press(*"agreed with callers")
        assert not approve.disabled
        approve.focus()
        await pilot.press("enter")
        await settled(pilot)
        assert session.confirmed[0][1] == "agreed with callers"


async def test_the_comparison_opens_over_the_dialog_and_comes_back_to_it() -> None:
    app = make_app(packages_session())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        app.push_screen(ApprovalScreen(breaking()))
        await settled(pilot)
        dialog = app.screen
        await pilot.press("v")
        await settled(pilot)
        assert isinstance(app.screen, PackageDiffScreen)
        await pilot.press("left_square_bracket")
        await settled(pilot)
        assert dialog in app.screen_stack  # a decision is never lost on the way
        while app.screen is not dialog:
            await pilot.press("escape")
            await settled(pilot)
