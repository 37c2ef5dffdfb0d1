"""What a reviewer stumbled over: filters, headers, problems of the settings, words that were missing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.widgets import Input

from mlcd_tui.domain.rollout import Phase, Step, StepState
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.ui.app import MlcdApp
from mlcd_tui.ui.screens.approval import ApprovalScreen
from mlcd_tui.ui.screens.logs import LogsScreen
from mlcd_tui.ui.screens.problems import SettingsProblems
from mlcd_tui.ui.screens.text_view import describe
from mlcd_tui.ui.viewmodels.filtering import parse
from mlcd_tui.ui.viewmodels.glyphs import UNICODE
from mlcd_tui.ui.viewmodels.spans import plain, width
from mlcd_tui.ui.viewmodels.targets import LogTarget
from mlcd_tui.ui.viewmodels.timeline import timeline
from mlcd_tui.ui.widgets.fleet_table import FleetTable
from mlcd_tui.ui.widgets.header import FrameHeader
from mlcd_tui.ui.widgets.line_view import LinesView
from mlcd_tui.ui.widgets.reader import Reader
from mlcd_tui.ui.widgets.rollout_tree import RolloutTree
from tests.ui.fake_session import FakeSession, make_app, make_row, story
from tests.ui.proposals import proposal
from tests.ui.samples import FRAUD, canary

TITLES = (("argo", "Argo Rollouts"), ("deployment", "Deployments"))


def header(app: MlcdApp) -> str:
    (bar,) = app.screen.query(FrameHeader)
    return "".join(segment.text for segment in bar.render_line(0))


def test_paused_is_whatever_is_shown_as_paused() -> None:
    found = [row.ref.name for row in story() if parse("is:paused").matches(row, frozenset())]
    assert found == ["fraud-scorer", "churn"]
    assert parse("is:paused").matches(make_row(paused=True, phase=Phase.PROGRESSING), frozenset())


@pytest.mark.parametrize(("text", "found"), [("engine:Deployments", 2), ("engine:rollouts", 14), ("engine:argo", 14)])
def test_an_engine_is_found_by_the_title_that_is_shown(text: str, found: int) -> None:
    assert sum(parse(text, TITLES).matches(row, frozenset()) for row in story()) == found


async def test_another_namespace_forgets_the_filter_and_a_slash_replaces_it() -> None:
    session = FakeSession(story())
    app = make_app(session)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("slash", *"fraud", "enter", "slash", *"ranker")
        await pilot.pause()
        assert app.screen.query_one("#filter", Input).value == "ranker"
        await pilot.press("enter")
        session.push(namespace=Clean("payments"))
        await pilot.pause()
        assert app.screen.query_one("#filter", Input).value == ""
        assert len(app.screen.query_one(FleetTable).index) == len(story())
        assert not app.screen.query_one("#filter-line").display


@pytest.mark.parametrize("size", [(40, 10), (80, 24)])
async def test_a_long_name_of_a_cluster_gives_way_before_the_word_for_the_link(size: tuple[int, int]) -> None:
    long = clean("arn:aws:eks:eu-west-1:123456789012:cluster/a-very-long-name-of-a-cluster-for-prod-eu")
    app = make_app(FakeSession(story(), context=long))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert f"{UNICODE.live} live" in header(app)
        assert "d-eu" in header(app)
        assert "all namespaces" in header(app)


async def test_a_small_log_keeps_the_end_of_the_pods_name() -> None:
    app = make_app(FakeSession(story()))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        app.push_screen(LogsScreen("payments", LogTarget("fraud-scorer-6f5f-x2k4f", "scorer")))
        await pilot.pause()
        assert "x2k4f" in header(app)


async def test_problems_of_the_settings_are_one_sentence_and_a_list() -> None:
    made = make_app(FakeSession(story()))
    app = MlcdApp(made.session, problems=("[themes] one", "two " * 40, "three"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        (told,) = [note.message for note in app._notifications if "settings" in note.message]
        assert ":problems" in told
        assert str(len(app._early)) in told
        await pilot.press("colon", *"problems", "enter")
        await pilot.pause()
        assert isinstance(app.screen, SettingsProblems)
        text = "\n".join(str(widget.render()) for widget in app.screen.query("Static"))
        assert "[themes] one" in text
        assert "three" in text


async def test_what_never_ran_says_so_in_the_tree() -> None:
    session = FakeSession([canary().rollout])
    session.details[FRAUD] = replace(canary(), revisions=())
    app = make_app(session)
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        app.open_rollout(FRAUD)
        await pilot.pause()
        assert "nothing of it has ever run" in " ".join(app.screen.query_one(RolloutTree).text().split())
        await pilot.press("down", "enter", "left", "right")
        await pilot.click("#tree", offset=(3, 0))


async def test_no_word_of_a_description_is_out_of_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    session = FakeSession([canary().rollout])

    async def long(ref: object) -> tuple[Clean, ...]:
        return Clean("Message:    " + "word " * 40 + "end"), Clean("  " + "event " * 40 + "last")

    monkeypatch.setattr(session, "describe", long)
    app = make_app(session)
    async with app.run_test(size=(60, 30)) as pilot:
        await pilot.pause()
        describe(app.screen, FRAUD)  # type: ignore[arg-type]
        await pilot.pause()
        view = app.screen.query_one("#text", LinesView)
        assert "end" in view.text()
        assert "last" in view.text()
        assert max(map(width, view.lines)) <= 60
        assert view.text().splitlines()[1].startswith(" " * 12 + "word")
        await pilot.press("slash", *"last")
        await pilot.pause()
        assert str(app.screen.query_one(Reader).query_one("#found").render()) == " 1 line"


def route(index: int, state: StepState, *, off: bool = False) -> Step:
    caption = Clean("remove header route beta" if off else "header route beta")
    details = () if off else ((Clean("x-beta"), Clean("exact 1")),)
    return Step(index, Clean("setHeaderRoute"), caption, state, details)


def test_a_header_route_in_force_tells_whom_it_takes() -> None:
    pause = Step(1, Clean("pause"), Clean("pause until promoted"), StepState.CURRENT)
    shown = "\n".join(map(plain, timeline([route(0, StepState.DONE), pause], 120, UNICODE)))
    assert "header route beta: x-beta exact 1" in shown
    removed = [route(0, StepState.DONE), route(1, StepState.DONE, off=True), replace(pause, index=2)]
    assert "x-beta" not in "\n".join(map(plain, timeline(removed, 120, UNICODE)))
    ended = [route(0, StepState.DONE), replace(pause, state=StepState.DONE)]
    assert "x-beta" not in "\n".join(map(plain, timeline(ended, 120, UNICODE)))


async def test_a_dialog_has_its_size_at_first_and_is_not_laid_out_by_typing(monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(FakeSession([canary().rollout]))
    highs: list[int] = []
    laid_out: list[object] = []
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause()
        screen = ApprovalScreen(proposal())
        monkeypatch.setattr(
            screen, "_compositor_refresh", lambda: highs.append(screen.query_one("#dialog").size.height)
        )
        app.push_screen(screen)
        await pilot.pause(0.2)
        assert len(set(highs)) == 1, "each other size draws the whole screen again"
        screen.query_one("#reason").focus()
        await pilot.press("a")
        monkeypatch.setattr(screen.query_one("#status"), "refresh", lambda *_, **how: laid_out.append(how))
        await pilot.press("b", "c")
        assert not laid_out
