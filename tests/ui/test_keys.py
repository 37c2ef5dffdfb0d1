"""Keys of logs, texts and the rollout's tabs are rows of the one table: help tells of them, the settings move them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from textual.pilot import Pilot

from mlcd_tui.config.settings import Settings
from mlcd_tui.ui import actions
from mlcd_tui.ui.app import MlcdApp
from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.screens.help import HelpScreen
from mlcd_tui.ui.screens.logs import LogsScreen
from mlcd_tui.ui.screens.picker import PickerScreen
from mlcd_tui.ui.screens.rollout import RolloutScreen
from mlcd_tui.ui.screens.text_view import TextScreen
from mlcd_tui.ui.viewmodels.spans import plain
from mlcd_tui.ui.viewmodels.targets import LogTarget
from mlcd_tui.ui.widgets.footer import KeyBar, KeyItem
from mlcd_tui.ui.widgets.line_view import LinesView
from mlcd_tui.ui.widgets.reader import Reader
from tests.ui.fake_session import FakeSession, make_app
from tests.ui.samples import FRAUD, canary

UI = Path(__file__).parents[2] / "mlcd_tui" / "ui"


def fraud() -> FakeSession:
    session = FakeSession([canary().rollout])
    session.details[FRAUD] = canary()
    return session


async def opened(app: MlcdApp, pilot: Pilot[None]) -> RolloutScreen:
    await pilot.pause()
    app.open_rollout(FRAUD)
    await pilot.pause()
    await pilot.pause()
    assert isinstance(app.screen, RolloutScreen)
    return app.screen


def help_text(app: MlcdApp) -> str:
    assert isinstance(app.screen, HelpScreen)
    return "\n".join(map(plain, app.screen.lines(90)))


def bar_words(app: MlcdApp) -> list[str]:
    return [f"{item.key} {item.label}" for item in app.screen.query_one(KeyBar).items]


@pytest.mark.parametrize("screen", [LogsScreen, TextScreen])
def test_every_action_of_a_reading_screen_can_be_done_there(screen: type[BaseScreen]) -> None:
    for action in actions.of(screen.WHERE):
        owner: type = MlcdApp if action.act.startswith("app.") else screen
        assert hasattr(owner, f"action_{action.act.removeprefix('app.').partition('(')[0]}"), action.id


async def test_keys_of_the_log_are_in_help_and_can_be_moved() -> None:
    app = make_app(FakeSession(), settings=Settings(keys={"logs.wrap": "f5"}))
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        screen = LogsScreen("payments", LogTarget("scorer-1", "scorer"))
        app.push_screen(screen)
        await pilot.pause()
        assert bar_words(app) == ["o other container", "/ filter", ": commands", "esc back", "? help"]
        await pilot.press("w")
        assert not screen.log_view.wrapped
        await pilot.press("f5")
        assert screen.log_view.wrapped
        assert "f5 wrap on" in str(screen.query_one("#caption").render())
        await pilot.press("question_mark")
        text = help_text(app)
        assert "f5" in text
        assert "logs.follow" in text


async def test_help_tells_what_screen_and_focused_widget_say_about_themselves() -> None:
    app = make_app(fraud())
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        await pilot.press("question_mark")
        text = help_text(app)
        assert "between the tree and what stands at its right" in text
        assert "In the tree enter opens or closes a branch" in text
        assert "rollout.compare" in text
        assert "reader.next" in text


async def test_compare_and_search_lead_to_the_yaml_from_any_tab() -> None:
    app = make_app(fraud(), settings=Settings(keys={"rollout.compare": "f6"}))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        await pilot.press("f6")
        assert screen.tab == "yaml"
        caption = str(screen.query_one("#caption").render())
        assert "Change of the pod template" in caption
        assert "f6 whole object" in caption
        await pilot.press("1", "slash", *"image", "enter")
        assert screen.tab == "yaml"
        assert screen.query_one(Reader).searching


async def test_while_nothing_is_searched_the_keys_of_a_search_belong_to_the_screen() -> None:
    app = make_app(fraud())
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        await pilot.press("8", "slash", *"image", "enter")
        text = screen.query_one(Reader).query_one(LinesView)
        before = text.scroll_offset.y
        await pilot.press("N")
        assert app.screen is screen
        await pilot.press("n")
        await pilot.pause()
        assert text.scroll_offset.y >= before
        await pilot.press("escape", "N")
        await pilot.pause()
        assert isinstance(app.screen, PickerScreen)


def foreign_markup(path: Path) -> list[str]:
    """Places where a str may reach Textual, which would read it as markup."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign):
            names = {getattr(target, "attr", "") for target in node.targets}
            value = ast.unparse(node.value)
            if names & {"border_title", "border_subtitle", "tooltip"} and "Content(" not in value and value != "None":
                found.append(f"{path.name}:{node.lineno}")
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            shown = ast.unparse(node)
            plain_static = (
                name == "Static" and node.args and not shown.startswith(("Static(content(", "Static(Content("))
            )
            plain_static = plain_static and "markup=False" not in shown and "text_block(" not in shown
            if plain_static or (name == "notify" and "markup=False" not in shown):
                found.append(f"{path.name}:{node.lineno}")
    return found


def test_no_text_reaches_textual_as_markup() -> None:
    assert [place for path in sorted(UI.rglob("*.py")) for place in foreign_markup(path)] == []


def test_where_not_all_keys_fit_those_that_do_nothing_now_make_room() -> None:
    bar = KeyBar()
    bar.items = (
        KeyItem("p", "promote", "p", enabled=False),
        KeyItem("a", "abort", "a"),
        KeyItem("u", "roll back", "u", enabled=False),
        KeyItem("b", "switch", "b"),
        KeyItem("?", "help", "?"),
    )
    shown = [[item.key for item in bar._fitting(room, 2)] for room in (80, 40, 30, 4)]
    assert shown == [["p", "a", "u", "b", "?"], ["p", "a", "b", "?"], ["a", "b", "?"], ["?"]]


def test_acts_are_told_in_few_words_where_not_all_of_them_fit() -> None:
    bar = KeyBar()
    bar.items = (
        KeyItem("p", "switch to card-fraud-green", "p", brief="promote"),
        KeyItem("b", "switch to card-fraud-green", "b", brief="switch"),
        KeyItem("?", "help", "?"),
    )
    shown = [[item.label for item in bar._fitting(room, 2)] for room in (80, 40)]
    assert shown == [["switch to card-fraud-green"] * 2 + ["help"], ["promote", "switch", "help"]]
