"""What can be read at a size, in ASCII, and the next time: the looks that pictures alone would not defend."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlcd_tui.config.settings import Settings
from mlcd_tui.domain.ports import AuditEntry
from mlcd_tui.domain.text import clean
from mlcd_tui.ui.screens.approval import ApprovalScreen
from mlcd_tui.ui.screens.help import HelpScreen
from mlcd_tui.ui.viewmodels.audit import audit_lines
from mlcd_tui.ui.viewmodels.columns import layout
from mlcd_tui.ui.viewmodels.glyphs import UNICODE
from mlcd_tui.ui.viewmodels.overview import overview
from mlcd_tui.ui.viewmodels.spans import plain, width
from mlcd_tui.ui.widgets.fleet_table import FleetTable
from mlcd_tui.ui.widgets.header import FrameHeader
from tests.ui.fake_session import NOW, FakeSession, make_app, story
from tests.ui.proposals import proposal
from tests.ui.samples import FRAUD, canary

LONG = "Send 20 % instead of 0 % of live traffic to v7, then wait for you, who has to decide what comes then."


def fraud() -> FakeSession:
    session = FakeSession([canary().rollout])
    session.details[FRAUD] = canary()
    return session


def entry(stage: str, sentence: str, reason: str = "") -> AuditEntry:
    who, where, about, verb = map(clean, ("alice@example.com", "prod-eu", str(FRAUD), "promote"))
    return AuditEntry("e1", NOW, who, where, about, verb, clean(stage), clean(sentence), clean(reason))


def test_a_wide_overview_has_two_columns_and_nothing_out_of_sight() -> None:
    narrow, wide = (overview(canary(), NOW, room, UNICODE) for room in (80, 140))
    assert len(wide) < len(narrow) - 4
    assert max(map(width, wide)) <= 140
    row = next(plain(line) for line in wide if "Latest events" in plain(line))
    assert "Traffic" in row


@pytest.mark.parametrize("room", [40, 80, 120, 200])
def test_no_word_of_the_audit_log_is_out_of_sight(room: int) -> None:
    entries = [entry("done", "20 % of live traffic goes to v7", "numbers look fine"), entry("refused", LONG)]
    lines = audit_lines(entries, NOW, room)
    told = " ".join(" ".join(map(plain, lines)).split())
    assert max(map(width, lines)) <= room or room < 80
    for one in entries:
        assert all(word in told for word in f"{one.sentence} {one.reason}".split())


def test_columns_that_nobody_asked_for_take_only_spare_room() -> None:
    names = {placed.column.id: placed.width for placed in layout(220, wide=True, spare_only=True)}
    assert names["waiting"] >= 34
    assert names["traffic"] >= 27
    assert "image" in names
    asked = {placed.column.id for placed in layout(200, wide=True)}
    assert "message" in asked


async def test_the_fleet_is_wide_where_there_is_room_and_remembers_what_was_asked(tmp_path: Path) -> None:
    app = make_app(FakeSession(story()), folder=tmp_path)
    async with app.run_test(size=(200, 60)) as pilot:
        await pilot.pause()
        table = app.screen.query_one(FleetTable)
        assert table.wide
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert not table.wide
        await pilot.press("w")
        assert table.wide
    again = make_app(FakeSession(story()), folder=tmp_path)
    async with again.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert again.screen.query_one(FleetTable).wide


def header(app_screen: object) -> str:
    (bar,) = app_screen.query(FrameHeader)  # type: ignore[attr-defined]
    return "".join(segment.text for segment in bar.render_line(0)._segments)


async def test_at_forty_columns_the_header_still_names_the_rollout() -> None:
    app = make_app(fraud())
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        assert "all namespaces" in header(app.screen)
        app.open_rollout(FRAUD)
        await pilot.pause()
        assert "fraud-scorer" in header(app.screen)
        assert UNICODE.live in header(app.screen)


async def test_help_has_one_line_for_each_key_at_eighty_columns() -> None:
    app = make_app(FakeSession(story()))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        room = app.screen.query_one("#dialog").scrollable_content_region.width
        keys = [line for line in app.screen.lines(room) if len(line) == 3]
        assert keys
        assert max(map(width, keys)) <= room


async def test_in_ascii_nothing_of_ours_is_anything_else() -> None:
    session = fraud()
    app = make_app(session, settings=Settings(ascii=True))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.open_rollout(FRAUD)
        await pilot.pause()
        for key in ("1", "7", "question_mark"):
            await pilot.press(key)
            await pilot.pause()
            assert strange(app.export_screenshot()) == set(), key
        await pilot.press("escape")
        app.push_screen(ApprovalScreen(proposal()))
        await pilot.pause()
        assert strange(app.export_screenshot()) == set()


def strange(picture: str) -> set[str]:
    """Characters of the drawn text that are not ASCII (the picture writes a blank as one that does not break)."""
    body = picture[picture.index("<text") :].replace("&#160;", " ")
    return {char for char in body if not char.isascii() and char != "\u00a0"}


async def test_a_covered_screen_draws_nothing_and_one_behind_a_dialog_does(monkeypatch: pytest.MonkeyPatch) -> None:
    session = fraud()
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        below = app.screen.query_one(FleetTable)
        app.open_rollout(FRAUD)
        await pilot.pause()
        await pilot.pause()
        drawn: list[object] = []
        monkeypatch.setattr(app, "_display", lambda screen, _: drawn.append(screen))
        below.refresh()
        await pilot.pause(0.1)
        assert drawn == []
        app.push_screen(HelpScreen(None, app.keymap, app.glyphs))
        await pilot.pause(0.1)
        drawn.clear()
        app.screen_stack[1].query_one(FrameHeader).refresh()
        await pilot.pause(0.1)
        assert drawn != []
