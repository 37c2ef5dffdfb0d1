"""Journeys through live traffic: the tab, copying, comparing answers, the way back that is offered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.post_switch import RollbackOffer
from mlcd_tui.domain.text import Clean
from mlcd_tui.domain.traffic import Judgement, Significance
from mlcd_tui.domain.traffic_ports import ComparisonProgress, ComparisonRun, ComparisonWish
from mlcd_tui.ui import ways_back
from mlcd_tui.ui.screens import rollout_traffic
from mlcd_tui.ui.screens.comparison import ComparisonScreen
from mlcd_tui.ui.screens.form import FormScreen
from mlcd_tui.ui.screens.rollout import RolloutScreen
from mlcd_tui.ui.widgets.line_view import LinesView, RowList
from tests.ui.fake_session import FakeSession, make_app
from tests.ui.samples import CHURN, NOW
from tests.ui.traffic_samples import mirrored, reading, report

SIZE = (120, 40)


def a_session() -> FakeSession:
    session = FakeSession([mirrored().rollout])
    session.details[CHURN] = mirrored()
    session.traffic.readings[CHURN] = reading()
    session.traffic.reports[CHURN] = (report(),)
    return session


def shown(pilot: Pilot[None], name: str) -> str:
    return pilot.app.screen.query_one(name, LinesView).text()


async def open_tab(pilot: Pilot[None]) -> RolloutScreen:
    await pilot.press("enter")
    await pilot.pause()
    await pilot.press("2")
    await pilot.pause()
    screen = pilot.app.screen
    assert isinstance(screen, RolloutScreen)
    return screen


async def gone(pilot: Pilot[None]) -> None:
    """Until the rollout's screen is taken apart."""
    for _ in range(10):
        await pilot.pause()
    assert not isinstance(pilot.app.screen, RolloutScreen)


async def test_traffic_is_looked_at_while_somebody_looks_and_not_otherwise() -> None:
    session = a_session()
    async with make_app(session).run_test(size=SIZE) as pilot:
        await open_tab(pilot)
        assert len(session.traffic.watchers[CHURN]) == 1
        assert "error rate: worse" in shown(pilot, "#numbers")
        await pilot.press("1")
        await pilot.pause()
        assert session.traffic.watchers[CHURN] == []
        await pilot.press("2", "q")
        await gone(pilot)
        assert session.traffic.watchers[CHURN] == []


async def test_a_new_reading_is_shown_as_it_comes() -> None:
    session = a_session()
    async with make_app(session).run_test(size=SIZE) as pilot:
        await open_tab(pilot)
        session.traffic.tell(CHURN, reading().__class__(NOW, problem=Clean("Prometheus does not answer.")))
        await pilot.pause()
        assert "Prometheus does not answer." in shown(pilot, "#numbers")
        assert "serves     v6" in shown(pilot, "#numbers")


async def test_the_key_for_copying_asks_how_much() -> None:
    session = a_session()
    session.details[CHURN] = mirrored()
    async with make_app(session).run_test(size=SIZE) as pilot:
        await open_tab(pilot)
        assert "m changes it" in shown(pilot, "#numbers")


async def test_a_kept_comparison_opens_with_its_worst_pair() -> None:
    session = a_session()
    async with make_app(session).run_test(size=SIZE) as pilot:
        await open_tab(pilot)
        assert pilot.app.screen.query_one("#comparisons", RowList).has_focus
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ComparisonScreen)
        assert "60 of 2,000" in shown(pilot, "#head")
        assert '"score": 0.34' in shown(pilot, "#item")
        assert pilot.app.screen.copied_text() == "req-000117"
        assert "secret" not in pilot.app.screen.shown_text()


class _Run:
    """A comparison by hand."""

    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True

    async def wait(self) -> ComparisonProgress:
        return ComparisonProgress(0, None, ended=True)


async def test_answers_are_compared_followed_stopped_and_kept(tmp_path: Path) -> None:
    requests = tmp_path / "requests.jsonl"
    requests.write_text("{}\n")
    session, run = a_session(), _Run()
    session.traffic.reports[CHURN] = ()
    hear: list[Callable[[ComparisonProgress], None]] = []

    def begin(wish: ComparisonWish, listener: Callable[[ComparisonProgress], None]) -> ComparisonRun:
        hear.append(listener)
        return run

    session.traffic.run = begin
    async with make_app(session).run_test(size=SIZE) as pilot:
        await open_tab(pilot)
        assert "nobody has held" in shown(pilot, "#compared")
        await pilot.press("v")
        await pilot.pause()
        assert isinstance(pilot.app.screen, FormScreen)
        await pilot.press(*str(requests), "enter")
        await pilot.pause()
        (wish,) = session.traffic.wishes
        assert (wish.source, wish.replay, wish.ref, wish.rate) == (str(requests), True, CHURN, 20.0)
        hear[0](ComparisonProgress(120, 2_000, report()))
        await pilot.pause()
        assert "120 of 2,000 compared" in shown(pilot, "#compared")
        assert "v stops it" in shown(pilot, "#compared")
        await pilot.press("v")
        assert run.cancelled
        session.traffic.reports[CHURN] = (report(),)
        hear[0](ComparisonProgress(130, 2_000, report(), ended=True))
        pilot.app.screen._draw()  # type: ignore[attr-defined]
        await pilot.pause()
        assert pilot.app.screen.query_one("#comparisons", RowList).display
        assert "v compares" in shown(pilot, "#compared")


async def test_leaving_the_rollout_stops_what_it_sends(tmp_path: Path) -> None:
    requests = tmp_path / "r.jsonl"
    requests.write_text("{}\n")
    session, run = a_session(), _Run()
    session.traffic.reports[CHURN] = ()
    session.traffic.run = lambda wish, listener: run
    async with make_app(session).run_test(size=SIZE) as pilot:
        await open_tab(pilot)
        await pilot.press("v")
        await pilot.pause()
        await pilot.press(*str(requests), "enter")
        await pilot.pause()
        await pilot.press("q")
        await gone(pilot)
        assert run.cancelled


def an_offer(intent: Intent | None) -> RollbackOffer:
    verdict = Significance(Clean("error rate"), Judgement.WORSE, Clean("9 % against 1 %"))
    told = Clean("v7 of payments/churn answers worse since 14:02: 9 % of 420 failed, 1 % of 1,600 did before.")
    return RollbackOffer(CHURN, told, intent, NOW, verdict)


async def test_a_way_back_is_offered_by_a_word_and_a_key_and_never_taken_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ways_back, "_LATE", 3_600)  # the test listens itself, once
    session = a_session()
    session.traffic.offer_back(an_offer(Intent(Verb.SWITCH_BACK, CHURN)))
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        app._listen()
        await pilot.pause()
        assert any("answers worse since 14:02" in str(note.message) for note in app._notifications)
        assert session.proposed == []
        await open_tab(pilot)
        assert "B proposes the way back" in shown(pilot, "#numbers")
        await pilot.press("B")
        await pilot.pause()
        assert session.proposed == [Intent(Verb.SWITCH_BACK, CHURN)]
        assert session.confirmed == []
        assert list(app._notifications) == [], "the notice would lie on the dialog's buttons"


async def test_a_comparison_made_elsewhere_appears_while_one_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout_traffic, "_AGAIN", 0.01)
    session = a_session()
    session.traffic.reports[CHURN] = ()
    async with make_app(session).run_test(size=SIZE) as pilot:
        screen = await open_tab(pilot)
        assert not screen.query_one("#comparisons", RowList).display
        session.traffic.reports[CHURN] = (report(),)
        async with asyncio.timeout(10):
            while not screen.query_one("#comparisons", RowList).display:
                await pilot.pause(0.01)


async def test_no_offer_is_said() -> None:
    session = a_session()
    app = make_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("B")
        await pilot.pause()
        assert session.proposed == []
        assert any("No way back is offered" in str(note.message) for note in app._notifications)
