"""Whatever fails inside is one sentence and a file; what calls us goes on calling."""

from __future__ import annotations

import ast
import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.domain.fleet import Freshness, Link
from mlcd_tui.domain.plan import Outcome
from mlcd_tui.domain.ports import Proposal
from mlcd_tui.domain.text import clean
from mlcd_tui.ui.screens.approval import ApprovalScreen, Stage
from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.screens.problems import ProblemScreen
from mlcd_tui.ui.screens.rollout import RolloutScreen
from mlcd_tui.ui.screens.text_view import EventsScreen
from mlcd_tui.ui.trouble import TellingApp
from mlcd_tui.ui.widgets.line_view import LinesView
from tests.ui.fake_session import LIVE, FakeSession, ago, make_app, story
from tests.ui.proposals import proposal
from tests.ui.samples import FRAUD, canary

UI = Path(__file__).parents[2] / "mlcd_tui" / "ui"


def test_workers_are_started_where_their_failure_is_heard() -> None:
    """A worker's failure is only heard by the node that started it: the app and the full screens listen."""
    deaf, heard = [], 0
    for path in sorted(UI.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
        listening = {id(node) for one in classes if _listens(path, one.name) for node in ast.walk(one)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "run_worker":
                by_app = ast.unparse(node.func) in {"self.app.run_worker", "screen.app.run_worker"}
                if by_app or id(node) in listening:
                    heard += 1
                else:
                    deaf.append(f"{path.name}:{node.lineno}")
    assert deaf == []
    assert heard


def _listens(path: Path, name: str) -> bool:
    """Whether a class of the UI is a full screen or part of the app, whatever stands between them."""
    module = ".".join(("mlcd_tui", *path.relative_to(UI.parent).with_suffix("").parts))
    found = getattr(importlib.import_module(module), name)
    return issubclass(found, BaseScreen | TellingApp)


async def test_a_fleet_that_cannot_be_drawn_is_told_once_and_the_session_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = FakeSession(story())
    app = make_app(session, folder=tmp_path)
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()

        def broken(*_: Any, **__: Any) -> None:
            raise RuntimeError("[/wrong] picture")

        monkeypatch.setattr(type(app.screen), "watch_fleet", broken)
        session.push(session.fleet.rows[:3])
        await pilot.pause()
        assert isinstance(app.screen, ProblemScreen)
        await pilot.press("escape")
        session.push(session.fleet.rows[:2])
        await pilot.pause()
        assert not isinstance(app.screen, ProblemScreen)
        assert app.fleet.rows == session.fleet.rows
    assert (tmp_path / "mlcd-tui.log").read_text(encoding="utf-8").count("RuntimeError: [/wrong] picture") == 1


async def test_a_detail_that_cannot_be_drawn_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    session = FakeSession([canary().rollout])
    session.details[FRAUD] = canary()
    app = make_app(session)
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        app.open_rollout(FRAUD)
        await pilot.pause()

        def broken(_: RolloutScreen) -> None:
            raise RuntimeError("wrong detail")

        monkeypatch.setattr(RolloutScreen, "_draw", broken)
        session.push_detail(FRAUD, replace(canary(), facts=()))
        await pilot.pause()
        assert isinstance(app.screen, ProblemScreen)


class Breaking(FakeSession):
    """Fails in the middle of an act."""

    async def confirm(self, proposal: Proposal, **_: Any) -> Outcome:
        raise RuntimeError("half way")


async def test_an_act_that_breaks_half_way_says_that_its_outcome_is_not_known() -> None:
    app = make_app(Breaking(story()))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        dialog = ApprovalScreen(proposal())
        app.push_screen(dialog)
        await pilot.pause()
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert isinstance(app.screen, ProblemScreen)
        await pilot.press("escape")
        assert dialog.stage is Stage.ENDED
        assert dialog.outcome is not None
        assert "not known whether this was done" in dialog.outcome.sentence


class Dropping(FakeSession):
    """Forgets who had something open when it reconnects, as a real one does."""

    async def reconnect(self) -> None:
        await super().reconnect()
        self._openers.clear()


async def test_an_opened_rollout_lives_on_after_a_reconnect() -> None:
    session = Dropping([canary().rollout])
    session.details[FRAUD] = canary()
    app = make_app(session)
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        app.open_rollout(FRAUD)
        await pilot.pause()
        await pilot.press("ctrl+r")
        await pilot.pause()
        await pilot.pause()
        newer = replace(canary(), facts=((clean("Fact"), clean("after the reconnect")),))
        session.push_detail(FRAUD, newer)
        await pilot.pause()
        assert "after the reconnect" in app.screen.shown_text()  # type: ignore[attr-defined]


async def test_a_rollout_opened_before_there_was_a_connection_is_opened_again() -> None:
    session = FakeSession([canary().rollout], freshness=Freshness(Link.CONNECTING))
    app = make_app(session)
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        app.open_rollout(FRAUD)
        await pilot.pause()
        session.details[FRAUD] = canary()
        session.push(freshness=LIVE)
        await pilot.pause()
        assert isinstance(app.screen, RolloutScreen)
        assert app.screen.detail is session.details[FRAUD]


async def test_events_follow_while_one_reads_them() -> None:
    session = FakeSession([canary().rollout])
    session.details[FRAUD] = canary()
    app = make_app(session)
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        app.open_rollout(FRAUD)
        await pilot.pause()
        await pilot.press("e")
        await pilot.pause()
        event = replace(canary().events[0], message=clean("a new thing happened"))
        session.push_detail(FRAUD, replace(canary(), events=(event, *canary().events)))
        await pilot.pause()
        assert isinstance(app.screen, EventsScreen)
        assert "a new thing happened" in app.screen.shown_text()


async def test_a_dialog_over_a_stale_screen_says_so() -> None:
    session = FakeSession(story(), freshness=Freshness(Link.STALE, ago(minutes=2), clean("cut")))
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.push_screen(ApprovalScreen(proposal()))
        await pilot.pause()
        text = app.screen.query_one("#decision", LinesView).text()
        assert "The screen behind is stale since" in text
        session.push(freshness=LIVE)
        await pilot.pause(1.1)
        assert "stale" not in app.screen.query_one("#decision", LinesView).text()
