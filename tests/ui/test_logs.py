"""A container's log, live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from textual.pilot import Pilot

from mlcd_tui.domain.checks import CheckState
from mlcd_tui.domain.errors import Missing
from mlcd_tui.domain.ports import LogLine
from mlcd_tui.domain.text import clean
from mlcd_tui.ui.app import MlcdApp
from mlcd_tui.ui.screens.check_log import CheckLogScreen
from mlcd_tui.ui.screens.logs import LogsScreen
from mlcd_tui.ui.viewmodels.check_live import LiveCheck
from mlcd_tui.ui.viewmodels.targets import LogTarget
from mlcd_tui.ui.widgets.log_view import MOST_LINES, LogView
from tests.ui.fake_session import NOW, FakeSession, make_app

TARGET = LogTarget("scorer-1", "scorer")


class LiveSession(FakeSession):
    """Logs that grow when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: asyncio.Queue[LogLine | Exception] = asyncio.Queue()
        self.asked: list[tuple[str, bool, bool]] = []

    async def logs(
        self,
        namespace: str,
        pod: str,
        *,
        container: str = "",
        follow: bool = True,
        previous: bool = False,
        tail: int = 500,
    ) -> AsyncIterator[LogLine]:
        self.asked.append((f"{namespace}/{pod}/{container}", follow, previous))
        while True:
            line = await self.queue.get()
            if isinstance(line, Exception):
                raise line
            yield line

    def say(self, *texts: str) -> None:
        for text in texts:
            self.queue.put_nowait(LogLine(clean(text), NOW))


async def opened(app: MlcdApp, pilot: Pilot[None]) -> LogsScreen:
    await pilot.pause()
    app.push_screen(LogsScreen("payments", TARGET, (TARGET, LogTarget("scorer-1", "proxy"))))
    await pilot.pause()
    assert isinstance(app.screen, LogsScreen)
    return app.screen


def caption(screen: LogsScreen) -> str:
    return str(screen.query_one("#caption").render())


async def grown(pilot: Pilot[None]) -> None:
    await pilot.pause(0.15)


async def test_it_follows_and_stays_where_one_reads() -> None:
    session = LiveSession()
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, pilot)
        assert session.asked == [("payments/scorer-1/scorer", True, False)]
        assert "waiting for lines" in caption(screen)
        session.say(*(f"line {number}" for number in range(100)))
        await grown(pilot)
        view = screen.query_one(LogView)
        assert view.scroll_offset.y == view.max_scroll_y > 0
        await pilot.press("g")
        session.say("one more")
        await grown(pilot)
        assert view.scroll_offset.y == 0
        assert "101 lines" in caption(screen)
        assert "follow off" in caption(screen)
        await pilot.press("f")
        session.say("and one")
        await grown(pilot)
        assert view.scroll_offset.y == view.max_scroll_y


async def test_it_keeps_a_bounded_number_of_lines() -> None:
    session = LiveSession()
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, pilot)
        session.say(*(f"line {number}" for number in range(MOST_LINES + 500)))
        view = screen.query_one(LogView)
        for _ in range(40):  # a busy machine takes its time
            await grown(pilot)
            if view.kept and view.kept[-1].text == f"line {MOST_LINES + 499}":
                break
        assert len(view.lines) == len(view.kept) == MOST_LINES
        assert view.text().splitlines()[0] == "line 500"


async def test_filter_times_and_wrap() -> None:
    session = LiveSession()
    app = make_app(session)
    async with app.run_test(size=(60, 20)) as pilot:
        screen = await opened(app, pilot)
        session.say("all is well", "ERROR [/red] the model " + "x" * 80, "all is well")
        await grown(pilot)
        view = screen.query_one(LogView)
        await pilot.press("slash", *"error", "enter")
        assert len(view.lines) == 1
        session.say("error again", "fine")
        await grown(pilot)
        assert len(view.lines) == 2
        await pilot.press("w", "t")
        assert len(view.lines) > 2
        assert "14:14:00" in screen.shown_text() or ":14:00.000" in screen.shown_text()
        await pilot.press("escape")
        assert "all is well" in screen.shown_text()
        assert isinstance(app.screen, LogsScreen)


async def test_previous_asks_anew_and_a_problem_is_one_sentence() -> None:
    session = LiveSession()
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, pilot)
        await pilot.press("p")
        await pilot.pause()
        assert session.asked[-1] == ("payments/scorer-1/scorer", False, True)
        session.queue.put_nowait(Missing("There is no previous container [/x]."))
        await grown(pilot)
        assert "There is no previous container [/x]." in caption(screen)


async def test_another_container() -> None:
    session = LiveSession()
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("o", *"proxy", "enter")
        await pilot.pause()
        assert session.asked[-1] == ("payments/scorer-1/proxy", True, False)


async def test_leaving_stops_reading(tmp_path: Path) -> None:
    session = LiveSession()
    app = make_app(session, folder=tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert not [worker for worker in app.workers if worker.group == "logs" and worker.is_running]


async def test_scrolling_back_in_a_check_s_log_is_told_above_it_and_the_end_is_followed_again() -> None:
    live = LiveCheck(clean("tests"), CheckState.RUNNING)
    app = make_app(FakeSession())
    async with app.run_test(size=(100, 20)) as pilot:
        live.lines.extend(clean(f"line {number}") for number in range(100))
        live.count = 100
        screen = CheckLogScreen("churn:1", "tests", live=live)
        app.push_screen(screen)
        await pilot.pause()
        assert "follow on" in str(screen.query_one("#caption").render())
        await pilot.press("up")
        await pilot.pause()
        assert "follow off" in str(screen.query_one("#caption").render())
        await pilot.press("G")
        await pilot.pause()
        assert "follow on" in str(screen.query_one("#caption").render())
