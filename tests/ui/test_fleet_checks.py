"""The fleet's column of checks: what it says, how it is found and sorted, and what the pointer adds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlcd_tui.domain.check_note import CheckNote, CheckWord
from mlcd_tui.domain.text import Clean
from mlcd_tui.ui.viewmodels.columns import hover
from mlcd_tui.ui.viewmodels.filtering import parse
from mlcd_tui.ui.viewmodels.fleet import FleetIndex, Options
from mlcd_tui.ui.viewmodels.fleet_view import View
from mlcd_tui.ui.viewmodels.glyphs import UNICODE
from mlcd_tui.ui.widgets.fleet_table import FleetTable
from tests.ui.fake_session import NOW, FakeSession, make_app, make_row, story
from tests.ui.test_fleet_view import cell

PASSED = CheckNote(CheckWord.PASSED, 5, 5)
FAILED = CheckNote(
    CheckWord.FAILED, 3, 5, (Clean("lint"), Clean("endpoint_schema")), Clean("lint is failed: 2 findings")
)
STALE = CheckNote(CheckWord.STALE, 0, 5, (Clean("lint"),), Clean("lint is stale: it ran on another image"))
HALF = CheckNote(CheckWord.STALE, 4, 5, (Clean("lint"),))


@pytest.mark.parametrize(
    ("note", "width", "text"),
    [
        (PASSED, 7, "5/5 ✔"),
        (FAILED, 7, "3/5 ✘"),
        (FAILED, 9, "3/5 ✘ li…"),
        (FAILED, 10, "3/5 ✘ lint"),
        (FAILED, 13, "3/5 ✘ lint +1"),
        (FAILED, 30, "3/5 ✘ lint, endpoint_schema"),
        (STALE, 7, "◌ stale"),
        (HALF, 12, "4/5 ◌ lint"),
        (CheckNote(CheckWord.MISSING, 0, 2, (Clean("unit"),)), 10, "0/2 ? unit"),
        (CheckNote(CheckWord.NONE), 7, "none"),
        (CheckNote(CheckWord.UNKNOWN), 7, "unknown"),
        (CheckNote(CheckWord.UNKNOWN), 12, "? unknown"),
        (None, 7, "…"),
    ],
)
def test_checks_tell_how_many_are_met_and_what_failed(note: CheckNote | None, width: int, text: str) -> None:
    row = make_row(in_flight=True)
    view = View(UNICODE, NOW, checks={row.ref: note} if note else {})
    assert cell(row, "checks", width, view) == text
    assert cell(make_row(), "checks", width, view) == "", "nothing is on its way"


def test_the_pointer_tells_which_check_and_why() -> None:
    row = make_row(in_flight=True)
    assert "checks failed 3/5: lint is failed: 2 findings" in hover(row, NOW, None, FAILED)
    assert "checks" not in hover(make_row(), NOW, None, FAILED)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("checks:failed", "a"),
        ("checks:stale", "bc"),
        ("checks:pass", "d"),
        ("checks:none", "e"),
        ("!checks:passed", "abcefg"),
        ("checks:", "abcdefg"),
        ("checks:failed ns:payments", "a"),
    ],
)
def test_rows_are_found_by_their_checks(text: str, found: str) -> None:
    none = CheckNote(CheckWord.NONE)
    notes = dict(zip("abcde", (FAILED, STALE, HALF, PASSED, none), strict=True)) | {"g": FAILED}
    rows = [make_row(f"payments/{name}", in_flight=name != "g") for name in "abcdefg"]
    index = FleetIndex()
    index.update(tuple(rows))
    index.choose(Options(filter=parse(text)))
    index.note({}, {row.ref: notes[row.ref.name[-1]] for row in rows if row.ref.name[-1] in notes})
    assert "".join(sorted(row.ref.name[-1] for row in index.shown())) == found


def test_what_failed_most_is_sorted_first_and_words_that_come_move_their_row() -> None:
    index = FleetIndex()
    rows = {
        name: make_row(f"payments/{name}", in_flight=name != "rests") for name in ("fine", "late", "rests", "worse")
    }
    index.update(tuple(rows.values()))
    index.choose(Options().with_sort("checks"))
    assert not index.note({}, {}).changed
    worse = replace(FAILED, met=1)
    told = {rows[name].ref: note for name, note in (("fine", PASSED), ("late", FAILED), ("worse", worse))}
    assert index.note({}, told).moved
    assert [row.ref.name.rpartition("/")[2] for row in index.shown()] == ["worse", "late", "fine", "rests"]
    assert index.note({}, {**told, rows["worse"].ref: PASSED}).changed == {rows["worse"].ref}


async def test_a_word_that_arrives_later_is_painted_and_one_that_goes_is_taken_away() -> None:
    session = FakeSession(story())
    app = make_app(session)
    async with app.run_test(size=(120, 30)) as pilot:

        async def line(name: str) -> str:
            await pilot.pause()
            table = app.screen.query_one(FleetTable)
            lines = ("".join(segment.text for segment in table.render_line(y)) for y in range(10))
            return next(one for one in lines if name in one)

        assert "Checks" in await line("Service")
        assert "5/5" not in await line("fraud-scorer")
        ref = next(row.ref for row in session.fleet.rows if row.ref.name == "fraud-scorer")
        session.push(checks={ref: PASSED})
        assert "5/5 ✔" in await line("fraud-scorer")
        session.push(checks={ref: FAILED})
        assert "3/5 ✘" in await line("fraud-scorer")
        session.push(checks={})
        assert "3/5" not in await line("fraud-scorer")


async def test_eighty_columns_keep_it_for_the_pointer_and_the_filter() -> None:
    session = FakeSession(story())
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        ref = next(row.ref for row in session.fleet.rows if row.ref.name == "fraud-scorer")
        session.push(checks={ref: FAILED})
        await pilot.press("slash", *"checks:failed", "enter")
        await pilot.pause()
        table = app.screen.query_one(FleetTable)
        assert [row.ref for row in table.index.shown()] == [ref]
