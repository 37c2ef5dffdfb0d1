"""The app around the screens: start, keys of the config file, themes, commands, help, trouble."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.binding import Binding
from textual.pilot import Pilot
from textual.widgets import Input

from mlcd_tui.config.settings import Settings
from mlcd_tui.domain.ports import AuditEntry
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.ui import actions
from mlcd_tui.ui.actions import ACTIONS, Where
from mlcd_tui.ui.app import MlcdApp
from mlcd_tui.ui.commands.line import COMMANDS, CommandLine, completion
from mlcd_tui.ui.commands.palette import Palette
from mlcd_tui.ui.screens.audit import AuditScreen
from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.screens.fleet import FleetScreen
from mlcd_tui.ui.screens.help import HelpScreen, help_lines
from mlcd_tui.ui.screens.problems import ProblemScreen
from mlcd_tui.ui.screens.rollout import RolloutScreen
from mlcd_tui.ui.viewmodels.glyphs import UNICODE
from mlcd_tui.ui.viewmodels.spans import plain
from mlcd_tui.ui.widgets.fleet_table import FleetTable
from mlcd_tui.ui.widgets.footer import KeyBar
from mlcd_tui.ui.widgets.line_view import LinesView
from tests.ui.fake_session import NOW, FakeSession, make_app, story


def running(app: MlcdApp, size: tuple[int, int] = (120, 30)) -> Any:
    return app.run_test(size=size, notifications=True)


def toasts(app: MlcdApp) -> list[str]:
    return [notification.message for notification in app._notifications]


async def command(pilot: Pilot[None], text: str) -> None:
    await pilot.press("colon")
    await pilot.pause()
    pilot.app.screen.query_one(Input).value = text
    await pilot.press("enter")
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def test_the_first_picture_needs_no_client_of_the_cluster() -> None:
    code = (
        "import sys; from mlcd_tui.ui.app import MlcdApp; "
        "print([m for m in ('httpx', 'kubernetes', 'docker', 'yaml', 'textual.widgets._markdown') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_session_starts_after_the_first_picture_and_stops_with_the_app() -> None:
    session = FakeSession(story())
    app = make_app(session)
    async with running(app) as pilot:
        await pilot.pause()
        assert session.started == 1
        await pilot.press("ctrl+r")
        await app.workers.wait_for_complete()
        assert session.reconnects == 1
    assert session.stopped == 1


async def test_q_quits_at_the_root_and_ctrl_c_twice_anywhere() -> None:
    app = make_app(FakeSession(story()))
    async with running(app) as pilot:
        await pilot.press("ctrl+c")
        assert app.is_running
        assert toasts(app) == ["Press ctrl+c again to quit."]
        await pilot.press("slash", "ctrl+c")
        assert app._exit
    app = make_app(FakeSession(story()))
    async with running(app) as pilot:
        await pilot.press("enter", "q")
        assert not app._exit
        await pilot.press("q")
        assert app._exit


# Keys


def test_every_action_has_its_own_id_and_no_two_share_a_key_in_one_place() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    for where in (Where.FLEET, Where.ROLLOUT, Where.AUDIT, Where.READER):
        taken = [key for action in (*actions.of(where), *actions.of(Where.LIST)) for key in action.key.split(",")]
        assert sorted(taken) == sorted(set(taken)), where


@pytest.mark.parametrize("screen", [FleetScreen, AuditScreen, RolloutScreen])
def test_every_action_of_a_place_can_be_done_there(screen: type[BaseScreen]) -> None:
    for action in actions.of(screen.WHERE):
        owner: type[Any] = MlcdApp if action.act.startswith("app.") else screen
        name = action.act.removeprefix("app.").partition("(")[0]
        assert hasattr(owner, f"action_{name}"), action.id


@pytest.mark.parametrize("widget", [FleetTable, LinesView])
def test_every_list_moves(widget: type[Any]) -> None:
    for action in actions.of(Where.LIST):
        assert hasattr(widget, f"action_{action.act}"), action.id


async def test_keys_of_the_settings_move_actions_and_clashes_are_told() -> None:
    keys: dict[str, str | list[str]] = {"rollout.abort": "f5", "fleet.wide": "a", "no.such": "x"}
    app = make_app(FakeSession(story()), settings=Settings(keys=keys))
    async with running(app, (140, 40)) as pilot:
        await pilot.pause()
        assert any("no.such" in told for told in toasts(app))
        await pilot.press("a")
        assert app.screen.query_one(FleetTable).wide
        active = app.screen.active_bindings
        assert active["f5"].binding.id == "rollout.abort"
        assert "w" not in active
        order = [value.binding.id for value in active.values() if value.binding.id in actions.ORDER]
        assert order == sorted(order, key=lambda name: actions.ORDER[name or ""])


async def test_a_key_taken_from_another_action_is_free_of_it() -> None:
    app = make_app(FakeSession(story()), settings=Settings(keys={"fleet.wide": "q"}))
    async with running(app, (140, 40)) as pilot:
        await pilot.press("q")
        assert not app._exit
        assert app.screen.query_one(FleetTable).wide


def test_help_is_the_action_table_as_the_keys_are_now() -> None:
    app = make_app(FakeSession(), settings=Settings(keys={"rollout.abort": "f5"}))
    text = "\n".join(map(plain, help_lines(Where.FLEET, app.keymap, UNICODE)))
    for action in actions.of(Where.FLEET):
        assert action.title in text or action.id.startswith("fleet.namespace.")
    assert "f5               Abort" in text


async def test_question_mark_opens_help_and_it_closes() -> None:
    app = make_app(FakeSession(story()))
    async with running(app) as pilot:
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("j", "q")
        assert isinstance(app.screen, FleetScreen)


async def test_keys_of_the_bar_can_be_clicked() -> None:
    app = make_app(FakeSession(story()))
    async with running(app) as pilot:
        await pilot.pause()
        bar = app.screen.query_one(KeyBar)
        start = next(start for start, _, item in bar._spots if item.label == "help")
        await pilot.click(KeyBar, offset=(start, 0))
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)


# Commands


async def test_commands_go_where_they_say() -> None:
    session = FakeSession(story())
    app = make_app(session)
    async with running(app) as pilot:
        await command(pilot, "ns payments")
        assert session.fleet.namespace == "payments"
        await command(pilot, "ns all")
        assert session.fleet.namespace == ""
        await command(pilot, "ctx prod-eu")
        assert session.fleet.context == "prod-eu"
        await command(pilot, "open ranker")
        assert isinstance(app.screen, RolloutScreen)
        await command(pilot, "audit")
        assert isinstance(app.screen, AuditScreen)
        await command(pilot, "fleet")
        await command(pilot, "theme mlcd-light")
        assert app.theme == "mlcd-light"
        await command(pilot, "q")
        assert app._exit


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("nonsense", "There is no command nonsense."),
        ("ctx nowhere", "There is no context nowhere."),
        ("open [/foo]", "There is no rollout [/foo]."),
        ("theme x", "There is no theme x."),
        ("ctx", "Which cluster?"),
    ],
)
async def test_a_wrong_command_is_told_in_one_sentence(line: str, told: str) -> None:
    app = make_app(FakeSession(story()))
    async with running(app) as pilot:
        await command(pilot, line)
        assert len(toasts(app)) == 1
        assert toasts(app)[0].startswith(told)


async def test_commands_are_completed() -> None:
    app = make_app(FakeSession(story()))
    assert await completion(app, "ct") == "ctx "
    assert await completion(app, "ns pa") == "ns payments"
    assert await completion(app, "ctx pr") == "ctx prod-eu"
    assert await completion(app, "open search/r") == "open search/ranker"
    assert await completion(app, "theme mlcd-l") == "theme mlcd-light"
    assert await completion(app, "zz") is None
    async with running(app) as pilot:
        await pilot.press("colon", *"au")
        await pilot.pause()
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert isinstance(app.screen, AuditScreen)
        assert {item.name for item in COMMANDS} >= {"ctx", "ns", "audit", "q", "theme"}
        await pilot.press("colon", "escape")
        assert not isinstance(app.screen, CommandLine)


# Palette


async def test_palette_knows_actions_and_rollouts() -> None:
    session = FakeSession(story())
    app = make_app(session)
    async with running(app) as pilot:
        await pilot.pause()
        palette = Palette(app.screen)
        hits = {hit.text: hit async for hit in palette.discover()}
        assert "Promote one step: payments/churn" in hits
        assert hits["Promote one step: payments/churn"].help == "there is nothing to promote now"
        assert hits["Filter as you type"].help == "key /"
        found = [hit.text async for hit in palette.search("ranker")]
        assert "Open search/ranker" in found
        await pilot.press("ctrl+p", *"search/ranker")
        await pilot.pause(0.4)
        await pilot.press("enter")
        await pilot.pause(0.2)
        assert isinstance(app.screen, RolloutScreen)


# Themes


async def test_theme_is_previewed_chosen_and_remembered(tmp_path: Path) -> None:
    app = make_app(FakeSession(story()), folder=tmp_path)
    async with running(app) as pilot:
        before = app.theme
        await pilot.press("T", "down")
        assert app.theme != before
        await pilot.press("escape")
        assert app.theme == before
        await pilot.press("T", *"high", "enter")
        assert app.theme == "high-contrast"
    assert make_app(FakeSession(), folder=tmp_path).theme == "high-contrast"


async def test_a_theme_of_the_settings_that_is_not_there_is_told() -> None:
    app = make_app(FakeSession(story()), settings=Settings(theme="nowhere"))
    async with running(app) as pilot:
        await pilot.pause()
        assert app.theme == "mlcd-dark"
        assert toasts(app)[0].startswith("There is no theme nowhere; mlcd-dark is used.")
    assert make_app(FakeSession(), settings=Settings(theme="nord")).theme == "nord"


@pytest.mark.parametrize("theme", ["textual-light", "ansi-dark", "ansi", "high-contrast", "colour-blind", "mlcd-light"])
async def test_every_theme_paints_every_tone(theme: str) -> None:
    app = make_app(FakeSession(story()))
    async with running(app) as pilot:
        app.theme = theme
        await pilot.press("question_mark", "escape", "N")
        await pilot.pause()
        assert "tone-waits" in app.theme_variables
        app.export_screenshot()


# Audit


async def test_audit_lists_and_searches() -> None:
    session = FakeSession(story())
    session.entries = [
        AuditEntry("1", NOW - timedelta(minutes=5), Clean("alice"), Clean("staging-eu"), Clean("payments/fraud"), Clean("promote"), Clean("done"), clean("20 % [/foo] to 60 %"), Clean("black friday")),
        AuditEntry("2", NOW - timedelta(days=2), Clean("bob"), Clean("staging-eu"), Clean("ads/ctr"), Clean("abort"), Clean("failed"), Clean("forbidden")),
    ]  # fmt: skip
    app = make_app(session)
    async with running(app) as pilot:
        await pilot.press("L")
        await pilot.pause()
        view = app.screen.query_one(LinesView)
        assert [("[/foo]" in plain(line), "bob" in plain(line)) for line in view.lines] == [
            (True, False),
            (False, True),
        ]
        await pilot.press("slash", *"bob failed", "enter")
        assert len(view.lines) == 1
        await pilot.press("escape")
        assert len(view.lines) == 2
        await pilot.press("q")
        assert isinstance(app.screen, FleetScreen)


# Trouble


async def test_a_failure_of_the_program_is_a_sentence_and_a_file(tmp_path: Path) -> None:
    session = FakeSession(story())
    session.failure = RuntimeError("wrong [/foo] \x1b[31m")
    app = make_app(session, folder=tmp_path)
    async with running(app) as pilot:
        await pilot.pause()
        await pilot.pause()
        assert isinstance(app.screen, ProblemScreen)
        await pilot.press("escape")
        await pilot.press("j")
        assert app.screen.query_one(FleetTable).cursor is not None
    story_file = tmp_path / "mlcd-tui.log"
    assert "RuntimeError: wrong" in story_file.read_text(encoding="utf-8")
    assert story_file.stat().st_mode & 0o077 == 0


async def test_a_broken_screen_ends_in_one_sentence_not_in_code(tmp_path: Path) -> None:
    app = make_app(FakeSession(story()), folder=tmp_path)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - it is raised as the app ends
        async with running(app) as pilot:
            app.call_later(lambda: 1 / 0)
            await pilot.pause()
    assert "Traceback" in (tmp_path / "mlcd-tui.log").read_text(encoding="utf-8")
    assert app.last_words.startswith("A part of mlcd-tui failed (ZeroDivisionError: division by zero).")


async def test_sentences_about_files_are_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{nonsense", encoding="utf-8")
    app = make_app(FakeSession(story()), folder=tmp_path)
    async with running(app) as pilot:
        await pilot.pause()
        assert "is damaged" in toasts(app)[0]
        assert isinstance(app.screen, FleetScreen)


def test_bindings_carry_ids() -> None:
    assert all(isinstance(binding, Binding) and binding.id for binding in actions.bindings(Where.FLEET))
