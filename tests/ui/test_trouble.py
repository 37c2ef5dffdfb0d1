"""Whatever fails inside is one sentence and a file; what calls us goes on calling."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.domain.plan import Outcome
from mlcd_tui.domain.ports import Proposal
from mlcd_tui.ui.screens.approval import ApprovalScreen, Stage
from mlcd_tui.ui.screens.problems import ProblemScreen
from mlcd_tui.ui.screens.rollout import RolloutScreen
from tests.ui.fake_session import FakeSession, make_app, story
from tests.ui.proposals import proposal
from tests.ui.samples import FRAUD, canary

UI = Path(__file__).parents[2] / "mlcd_tui" / "ui"


def test_workers_are_started_where_their_failure_is_heard() -> None:
    """A worker's failure is only heard by the node that started it: the app and the full screens listen."""
    deaf = []
    for path in sorted(UI.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "run_worker":
                by_app = ast.unparse(node.func) in {"self.app.run_worker", "screen.app.run_worker"}
                listens = path.stem == "trouble" or "(BaseScreen)" in path.read_text() or path.stem == "base"
                if not (by_app or listens):
                    deaf.append(f"{path.name}:{node.lineno}")
    assert deaf == []


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
