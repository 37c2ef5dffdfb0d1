"""Journeys on the fleet screen, by keys and mouse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input, OptionList

from mlcd_tui.config.settings import Settings
from mlcd_tui.domain.errors import Forbidden
from mlcd_tui.domain.fleet import Freshness, Link
from mlcd_tui.domain.intent import Verb
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import Phase, Rollout, Weight
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.ui.screens.fleet import FleetScreen
from mlcd_tui.ui.screens.rollout import RolloutScreen
from mlcd_tui.ui.widgets.fleet_table import FleetTable
from mlcd_tui.ui.widgets.footer import KeyBar
from tests.ui.fake_session import LIVE, FakeSession, ago, make_app, make_row, story


@asynccontextmanager
async def shown(
    session: FakeSession, size: tuple[int, int] = (120, 30), folder: Path | None = None, **settings: Any
) -> AsyncIterator[tuple[Pilot[None], FleetTable]]:
    app = make_app(session, settings=Settings(**settings), folder=folder)
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        yield pilot, app.screen.query_one(FleetTable)


def text(strip: Strip) -> str:
    return "".join(segment.text for segment in strip).rstrip()


def lines(table: FleetTable) -> list[str]:
    return [text(table.render_line(y)) for y in range(table.size.height)]


def screen_text(pilot: Pilot[None]) -> str:
    return "\n".join(text(Strip(line)) for line in pilot.app.screen._compositor.render_strips())


def toasts(pilot: Pilot[None]) -> list[str]:
    return [notification.message for notification in pilot.app._notifications]


def keys(pilot: Pilot[None]) -> dict[str, bool]:
    return {item.label: item.enabled for item in pilot.app.screen.query_one(KeyBar).items}


async def test_first_look_answers_what_waits_for_whom() -> None:
    async with shown(FakeSession(story())) as (pilot, table):
        rows = lines(table)
        assert "payments/churn" in rows[1]
        assert "you · 3 h" in rows[1]
        assert "2/5" not in rows[2]
        assert "●◉○○○" in rows[2]
        whole = screen_text(pilot)
        assert "16 services" in whole
        assert "staging-eu  ›  all namespaces" in whole
        assert "● live 0.1 s" in whole


async def test_cursor_keeps_its_rollout_while_rows_move() -> None:
    session = FakeSession(story())
    async with shown(session) as (pilot, table):
        await pilot.press("j", "j", "j", "j")
        assert table.cursor == RolloutRef("argo", "search", "ranker")
        session.change("ranker", phase=Phase.DEGRADED)
        session.push([row for row in session.fleet.rows if row.ref.name != "churn"])
        await pilot.pause()
        assert table.cursor == RolloutRef("argo", "search", "ranker")
        assert "ranker" in lines(table)[1 + 2]
        session.push([row for row in session.fleet.rows if row.ref.name != "ranker"])
        await pilot.pause()
        assert table.cursor is not None  # the one that is gone gives way to its neighbour
        assert table.selected is not None


async def test_an_untouched_cursor_stays_at_the_top_until_every_row_has_arrived() -> None:
    rows = [make_row(name, phase=Phase.PAUSED) for name in ("a-route", "m-model", "z-model")]
    session = FakeSession(rows[1:], complete=False)
    async with shown(session) as (pilot, table):
        session.push(rows, complete=True)  # the last list to arrive completes the picture and brings rows of its own
        await pilot.pause()
        assert table.cursor is not None
        assert table.cursor.name == "a-route"
        session.push([make_row("0-late", phase=Phase.PAUSED), *rows])
        await pilot.pause()
        assert table.cursor.name == "a-route", "later it stays on its rollout"


async def test_many_rows_scroll_and_keep_the_scroll() -> None:
    rows = [make_row(f"svc-{number:04}", "n") for number in range(1000)]
    session = FakeSession(rows)
    async with shown(session, (80, 24)) as (pilot, table):
        await pilot.press("G")
        assert "svc-0999" in lines(table)[-1]
        await pilot.press("g", "pagedown", "pagedown")
        before = lines(table)
        session.change("svc-0900", phase=Phase.DEGRADED)
        await pilot.pause()
        assert lines(table) == before


async def test_a_changed_cell_flashes_once_and_only_it() -> None:
    session = FakeSession(story())
    async with shown(session) as (pilot, table):
        session.change("ranker", weight=Weight(60, 60))
        await pilot.pause()
        assert table._painted[RolloutRef("argo", "search", "ranker")].flashing == {"traffic"}
        assert table._flashing == {RolloutRef("argo", "search", "ranker")}
        table._end_flash()
        await pilot.pause()
        assert not table._painted[RolloutRef("argo", "search", "ranker")].flashing


async def test_filter_as_you_type_and_escape() -> None:
    async with shown(FakeSession(story())) as (pilot, table):
        await pilot.press("slash", *"ns:pay q")
        assert pilot.app.screen.query_one("#filter", Input).has_focus
        assert len(table.index) == 0  # q was typed, it did not quit
        await pilot.press("backspace", "backspace")
        assert len(table.index) == 3
        await pilot.press("enter", "j")
        assert table.has_focus
        assert table.cursor == RolloutRef("argo", "payments", "fraud-scorer")
        await pilot.press("escape")
        assert len(table.index) == 16
        assert table.cursor == RolloutRef("argo", "payments", "fraud-scorer")


async def test_nothing_that_matches_says_how_to_get_back() -> None:
    async with shown(FakeSession(story())) as (pilot, table):
        await pilot.press("slash", *"zzz", "enter")
        assert any("None of 16 services matches “zzz”" in line for line in lines(table))
        await pilot.press("escape")
        assert len(table.index) == 16


async def test_sorting_by_key_click_and_arrows_is_remembered(tmp_path: Path) -> None:
    session = FakeSession(story())
    async with shown(session, folder=tmp_path) as (pilot, table):
        await pilot.click(FleetTable, offset=(5, 0))
        assert "ads/bid-shader" in lines(table)[1]
        await pilot.click(FleetTable, offset=(5, 0))
        assert "support/summariser" in lines(table)[1]
        await pilot.press("s", *"phase", "enter")
        assert "payments/churn" in lines(table)[1]
        await pilot.press("shift+right")
        assert table.index.options.sort == "steps"
        await pilot.press("shift+left", "shift+left", "shift+down")
        assert (table.index.options.sort, table.index.options.reverse) == ("strategy", True)
    async with shown(FakeSession(story()), folder=tmp_path) as (_, table):
        assert (table.index.options.sort, table.index.options.reverse) == ("strategy", True)


async def test_stars_persist_and_can_be_asked_for(tmp_path: Path) -> None:
    async with shown(FakeSession(story()), folder=tmp_path) as (pilot, table):
        await pilot.press("G", "f")
        assert table.cursor is not None
    async with shown(FakeSession(story()), folder=tmp_path) as (pilot, table):
        await pilot.press("slash", *"is:starred", "enter")
        assert [row.ref.name for row in table.index.shown()] == ["summariser"]
        assert "★" in lines(table)[1]


async def test_only_what_needs_attention_and_wide() -> None:
    async with shown(FakeSession(story()), (200, 40)) as (pilot, table):
        await pilot.press("z")
        assert len(table.index) == 3
        assert "only what needs attention" in screen_text(pilot)
        await pilot.press("escape")
        assert "Argo Rollouts" in lines(table)[1]
        await pilot.press("w")
        assert "Argo Rollouts" not in lines(table)[1]
        await pilot.press("w")
        assert "Message" in lines(table)[0]


async def test_acting_opens_the_approval_of_the_selected_rollout() -> None:
    session = FakeSession(story())
    async with shown(session) as (pilot, _):
        await pilot.press("j")
        assert keys(pilot)["promote to 60 %"]
        assert not keys(pilot)["switch"]
        await pilot.press("p")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        assert [(intent.verb, intent.ref.name) for intent in session.proposed] == [(Verb.PROMOTE, "fraud-scorer")]
        assert type(pilot.app.screen).__name__ == "ApprovalScreen"
        assert session.confirmed == []


async def test_what_is_not_possible_is_dimmed_and_says_why() -> None:
    session = FakeSession(story())
    async with shown(session) as (pilot, _):
        assert not keys(pilot)["promote"]
        await pilot.press("p")
        assert toasts(pilot) == ["there is nothing to promote now"]
        active = pilot.app.screen.active_bindings
        assert not active["p"].enabled
        assert active["b"].enabled
        assert session.proposed == []


async def test_read_only_dims_everything_that_acts() -> None:
    async with shown(FakeSession(story(), readonly=True)) as (pilot, _):
        await pilot.press("a")
        assert toasts(pilot) == ["This session is read-only: nothing is changed in the cluster."]
        assert not keys(pilot)["abort"]
        assert "read-only" in screen_text(pilot)


async def test_space_resumes_what_is_paused_and_b_switches_back() -> None:
    session = FakeSession(story())
    session.change("spell", abilities=make_row().abilities, paused=True)
    async with shown(session) as (pilot, table):
        table.select(RolloutRef("argo", "search", "embedder"))
        await pilot.press("b")
        await pilot.app.workers.wait_for_complete()
        assert session.proposed[-1].verb is Verb.SWITCH_BACK


async def test_a_problem_while_planning_is_one_sentence() -> None:
    session = FakeSession(story())
    session.proposals[Verb.ABORT] = Forbidden("User alice may not patch rollouts in payments.", advice="Ask for it.")
    async with shown(session) as (pilot, _):
        await pilot.press("a")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        assert toasts(pilot) == ["User alice may not patch rollouts in payments. Ask for it."]


async def test_opening_and_history() -> None:
    session = FakeSession(story())
    async with shown(session) as (pilot, table):
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, RolloutScreen)
        await pilot.press("q")
        assert isinstance(pilot.app.screen, FleetScreen)
        await pilot.double_click(FleetTable, offset=(10, 3))
        assert isinstance(pilot.app.screen, RolloutScreen)
        await pilot.press("left_square_bracket")
        assert isinstance(pilot.app.screen, RolloutScreen)
        await pilot.press("left_square_bracket")
        assert isinstance(pilot.app.screen, FleetScreen)
        await pilot.press("right_square_bracket")
        assert isinstance(pilot.app.screen, RolloutScreen)
        assert table.cursor is not None


async def test_fleet_goes_on_while_a_rollout_covers_it() -> None:
    session = FakeSession(story())
    async with shown(session) as (pilot, table):
        await pilot.press("enter")
        session.push([])
        await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        assert len(table.index.rows) == 0


async def test_places_are_changed_by_number_and_list(tmp_path: Path) -> None:
    session = FakeSession(story())
    async with shown(session, folder=tmp_path) as (pilot, _):
        await pilot.press("1")
        assert "no recent namespace 1" in toasts(pilot)[0]
        await pilot.press("N")
        await pilot.pause()
        await pilot.press(*"pay", "enter")
        await pilot.app.workers.wait_for_complete()
        assert session.fleet.namespace == "payments"
        await pilot.press("0")
        await pilot.app.workers.wait_for_complete()
        assert session.fleet.namespace == ""
        await pilot.press("1")
        await pilot.app.workers.wait_for_complete()
        assert session.fleet.namespace == "payments"
        await pilot.press("C")
        await pilot.pause()
        await pilot.press("down", "enter")
        await pilot.app.workers.wait_for_complete()
        assert session.fleet.context == "prod-eu"


async def test_namespaces_that_may_not_be_listed_say_so() -> None:
    session = FakeSession(story())
    session.known_namespaces = Forbidden("User alice may not list namespaces.")
    async with shown(session) as (pilot, _):
        await pilot.press("N")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        assert toasts(pilot) == ["User alice may not list namespaces."]


async def test_stale_says_since_when_and_why_and_marks_rows() -> None:
    session = FakeSession(story())
    async with shown(session) as (pilot, table):
        stale = Freshness(Link.STALE, since=ago(minutes=12), reason=Clean("The connection broke."))
        session.push(freshness=stale)
        await pilot.pause()
        whole = screen_text(pilot)
        assert "stale since" in whole
        assert "The connection broke." in whole
        assert lines(table)[1].startswith("◌")
        session.push(freshness=LIVE)
        await pilot.pause()
        assert "The connection broke." not in screen_text(pilot)
        assert not lines(table)[1].startswith("◌")


async def test_a_clock_hours_off_is_corrected_by_the_clusters() -> None:
    skewed = [replace(story()[0], created=ago(hours=-5))]
    async with shown(FakeSession(skewed, clock_skew=-7200.0), (200, 30)) as (pilot, table):
        await pilot.press("w")
        assert "you · now" in lines(table)[1]  # by the cluster's clock it has not begun
        assert "-" not in lines(table)[1].replace("fraud-scorer", "")


_HOSTILE = (
    "[/foo]",
    "[@click=app.quit]x[/]",
    "[link=http://e/]L",
    "$error [$error]",
    "map[a:b]",
    "\x1b]0;own\x07",
    "\u202eabc",
)


@pytest.mark.parametrize("size", [(120, 30), (40, 10)])
async def test_hostile_text_is_text(size: tuple[int, int]) -> None:
    rows: list[Rollout] = [
        make_row(evil, evil, message=clean(evil), version=evil, abilities=()) for evil in map(clean, _HOSTILE)
    ]
    session = FakeSession(rows, context=clean(_HOSTILE[0]), namespace="", user=clean(_HOSTILE[1]))
    session.known_namespaces = tuple(map(clean, _HOSTILE))
    async with shown(session, size) as (pilot, table):
        assert len(table.index) == len(_HOSTILE)
        await pilot.press("p", "w", "c")
        await pilot.hover(FleetTable, offset=(8, 2))
        await pilot.press("N")
        await pilot.pause()
        assert pilot.app.screen.query_one(OptionList).option_count >= len(_HOSTILE)
        await pilot.press("escape", "ctrl+p", *"open")
        await pilot.pause(0.3)
        await pilot.press("escape", "colon", *"ns [", "escape", "ctrl+s")
        session.push(freshness=Freshness(Link.STALE, reason=clean("[/foo] \x1b[31m")))
        await pilot.pause()
        assert "\x1b" not in screen_text(pilot)


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (200, 60), (16, 6)])
async def test_every_size_works(size: tuple[int, int]) -> None:
    async with shown(FakeSession(story()), size) as (pilot, table):
        assert "churn" in lines(table)[1]
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        assert "Traffic" in lines(table)[0]


async def test_ascii_setting_replaces_every_glyph() -> None:
    async with shown(FakeSession(story()), ascii=True) as (pilot, _):
        assert screen_text(pilot).isascii()


async def test_copy_and_save(tmp_path: Path) -> None:
    async with shown(FakeSession(story()), folder=tmp_path) as (pilot, _):
        await pilot.press("c", "ctrl+s")
        assert pilot.app.clipboard == "churn"
        (file,) = (tmp_path / "saved").iterdir()
        assert "payments/fraud-scorer" in file.read_text(encoding="utf-8")
        assert file.stat().st_mode & 0o077 == 0
        assert str(file) in toasts(pilot)[-1]
