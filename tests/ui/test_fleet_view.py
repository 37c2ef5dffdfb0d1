"""The fleet's view models: times, columns, filter, order. No terminal."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.fleet import NOT_INSTALLED, EngineState, Fleet, Freshness, Link, attention_key
from mlcd_tui.domain.package_ports import SchemaNote
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import Phase, Rollout, StepState, Strategy, WaitFor, Waiting, Weight
from mlcd_tui.domain.text import Clean
from mlcd_tui.domain.verdict import Verdict
from mlcd_tui.ui.viewmodels.columns import BY_ID, COLUMNS, as_text, hover, layout
from mlcd_tui.ui.viewmodels.filtering import parse, star_key
from mlcd_tui.ui.viewmodels.fleet import FleetIndex, Options, counts_line, face, notices
from mlcd_tui.ui.viewmodels.fleet_view import View
from mlcd_tui.ui.viewmodels.frame import link
from mlcd_tui.ui.viewmodels.glyphs import ASCII, UNICODE, Glyphs, bar
from mlcd_tui.ui.viewmodels.spans import cells, plain
from mlcd_tui.ui.viewmodels.times import age, ago, left, span
from mlcd_tui.ui.viewmodels.visits import Visits
from tests.ui.fake_session import NOW, dots, make_row, story
from tests.ui.fake_session import ago as before

VIEW = View(UNICODE, NOW)


def cell(row: Rollout, column: str, width: int = 30, view: View = VIEW) -> str:
    return plain(BY_ID[column].cell(row, view, width)).strip()


def names(index: FleetIndex) -> list[str]:
    return [row.ref.name for row in index.shown()]


# Times


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (0, "0 s"), (59.9, "59 s"), (250, "4 m 10 s"), (240, "4 m"), (720, "12 m"), (3900, "1 h 5 m"), (4 * 3600, "4 h"), (9 * 86400, "9 d")],
)  # fmt: skip
def test_a_length_of_time_is_short_and_has_units(seconds: float, text: str) -> None:
    assert span(seconds) == text


@given(st.floats(-1e9, 1e9))
def test_no_clock_makes_a_time_negative(seconds: float) -> None:
    then = NOW - timedelta(seconds=seconds)
    assert "-" not in ago(then, NOW) + left(then, NOW) + age(seconds)


def test_what_is_over_is_due_and_what_is_ahead_is_now() -> None:
    assert left(before(minutes=3), NOW) == "due"
    assert ago(NOW + timedelta(hours=5), NOW) == "now"


# Cells


def test_cells_tell_what_the_picture_shows() -> None:
    fraud, churn, ctr, ranker, embedder, *_ = story()
    assert cell(fraud, "service", 24) == "payments/fraud-scorer"
    assert cell(fraud, "phase") == "Ⅱ paused"
    assert cell(fraud, "steps") == "●◉○○○"
    assert cell(fraud, "traffic").endswith("20 % v7")
    assert cell(fraud, "waiting") == "you · 12 m"
    assert cell(churn, "phase") == "Ⅱ preview"
    assert cell(churn, "steps") == "mirror"
    assert "copy 100 % v3" in cell(churn, "traffic")
    assert cell(ctr, "phase") == "✖ degraded"
    assert cell(ctr, "steps") == "●●✖○"
    assert cell(ranker, "waiting") == "4 m 10 s left"
    assert cell(embedder, "phase") == "◌ switching"
    assert cell(make_row(version="v31"), "traffic") == "stable v31"


def test_many_steps_are_told_in_numbers() -> None:
    assert cell(make_row(weight=Weight(1, 1), **dots(11, 30)), "steps") == "◉ 11/30"


def test_observed_traffic_is_shown_rather_than_asked() -> None:
    assert "12 %" in cell(make_row(in_flight=True, weight=Weight(20, 12)), "traffic")
    assert "20 %" in cell(make_row(in_flight=True, weight=Weight(200, None, maximum=1000)), "traffic")
    assert "? %" in cell(make_row(in_flight=True, weight=Weight(None, None)), "traffic")


def test_a_name_too_long_keeps_its_own_end_before_the_namespace() -> None:
    row = make_row("next-best-action", "a-very-long-namespace")
    assert cell(row, "service", 22) == "a-ve…/next-best-action"
    assert cell(row, "service", 16) == "next-best-action"
    assert cell(row, "service", 8) == "next-be…"


def test_in_one_namespace_it_is_not_repeated() -> None:
    assert cell(make_row(), "service", view=View(UNICODE, NOW, namespaced=True)) == "fraud-scorer"


_ABSURD = st.builds(
    make_row,
    st.text(max_size=40).map(Clean),
    st.text(max_size=40).map(Clean),
    phase=st.sampled_from(Phase),
    strategy=st.sampled_from(Strategy),
    message=st.text(max_size=60).map(Clean),
    weight=st.none() | st.builds(Weight, st.none() | st.integers(-5, 900), st.none() | st.integers(-5, 900), st.integers(-1, 1000)),
    mirror=st.none() | st.integers(0, 100),
    in_flight=st.booleans(),
    steps=st.lists(st.sampled_from(StepState), max_size=14).map(tuple),
    waiting=st.builds(Waiting, st.sampled_from(WaitFor), st.text(max_size=40).map(Clean), st.none() | st.datetimes(timezones=st.just(NOW.tzinfo)), st.none() | st.datetimes(timezones=st.just(NOW.tzinfo))),
    created=st.none() | st.datetimes(timezones=st.just(NOW.tzinfo)),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(_ABSURD, st.integers(1, 60), st.sampled_from([UNICODE, ASCII]))
def test_absurd_rows_still_make_cells_and_sort(row: Rollout, width: int, glyphs: Glyphs) -> None:
    for column in COLUMNS:
        plain(column.cell(row, View(glyphs, NOW), width))
        assert column.key(row) <= column.key(row)
    hover(row, NOW)


@given(st.floats(-1, 2), st.integers(1, 40))
def test_a_bar_fills_its_width_and_only_all_fills_it(share: float, width: int) -> None:
    full, empty = bar(share, width, UNICODE)
    assert cells(full + empty) == width
    if 0 < share < 1 and width > 1:
        assert full
        assert full != UNICODE.bar_full * width


def test_ascii_glyphs_are_ascii() -> None:
    assert all(str(getattr(ASCII, name)).isascii() for name in Glyphs.__slots__)


# Layout


@pytest.mark.parametrize("width", range(20, 240, 7))
@pytest.mark.parametrize("wide", [False, True])
def test_columns_never_leave_the_screen_nor_overlap(width: int, wide: bool) -> None:
    placed = layout(width, wide=wide, service=40)
    assert placed[0].column.id == "service"
    assert placed[-1].x + placed[-1].width <= width
    assert all(one.x + one.width < two.x for one, two in pairwise(placed))


def test_eighty_columns_keep_service_phase_traffic_and_waiting() -> None:
    assert [placed.column.id for placed in layout(79)] == ["service", "phase", "traffic", "waiting"]
    assert [placed.column.id for placed in layout(119)] == [column.id for column in COLUMNS[:8]], "all of the sketch"


# Filter


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", 16),
        ("fraud", 3),
        ("ns:pay", 3),
        ("ns:pay !fraud", 2),
        ("is:wait", 2),
        ("is:degraded", 1),
        ("phase:prog", 3),
        ("phase:preview", 1),
        ("engine:dep", 2),
        ("!is:healthy", 6),
        ("nba", 1),
        ("qr", 1),
        ("v31", 1),
        ("image:ltv", 1),
        ("strategy:blue/green", 2),
        ("is:starred", 1),
        ("ns:", 16),
        ("is:nonsense", 16),
        ("[/foo]", 0),
    ],
)
def test_terms_find(text: str, found: int) -> None:
    starred = frozenset({star_key(story()[0].ref)})
    wanted = parse(text)
    assert sum(wanted.matches(row, starred) for row in story()) == found


def test_rows_are_found_by_what_is_known_of_their_schema() -> None:
    row = make_row(in_flight=True)
    assert parse("schema:breaking").matches(row, frozenset(), Verdict.BREAKING)
    assert parse("schema:b !schema:unknown").matches(row, frozenset(), Verdict.BREAKING)
    assert not parse("schema:breaking").matches(row, frozenset(), Verdict.COMPATIBLE)
    assert not parse("schema:unknown").matches(row, frozenset())
    assert parse("schema:").matches(row, frozenset())


def test_a_word_on_a_schema_that_arrives_later_brings_its_row_into_the_filter() -> None:
    index = FleetIndex()
    row, at_rest = make_row("payments/a", in_flight=True), make_row("payments/b")
    index.update((row, at_rest))
    index.choose(Options(filter=parse("schema:breaking")))
    assert not list(index.shown())
    notes = {one.ref: SchemaNote(Verdict.BREAKING) for one in (row, at_rest)}
    assert index.note(notes, {}).moved
    assert list(index.shown()) == [row]
    assert index.note({row.ref: SchemaNote(Verdict.COMPATIBLE)}, {}).moved
    assert not list(index.shown())


def test_labels_are_found_by_key_and_value() -> None:
    row = make_row(labels=((Clean("team"), Clean("risk")),))
    assert parse("label:team").matches(row, frozenset())
    assert parse("label:team=ri").matches(row, frozenset())
    assert not parse("label:team=ads").matches(row, frozenset())
    assert not parse("label:tea").matches(row, frozenset())


@given(st.text(max_size=30))
def test_any_filter_can_be_typed(text: str) -> None:
    parse(text).matches(make_row(), frozenset())


# Order


def test_what_needs_somebody_comes_first() -> None:
    index = FleetIndex()
    index.update(story())
    assert names(index)[:4] == ["churn", "fraud-scorer", "ctr-wide", "embedder"]
    index.choose(Options(reverse=True))
    assert names(index)[-1] == "churn"
    index.choose(Options(sort="service"))
    assert names(index)[0] == "bid-shader"
    index.choose(Options(attention_only=True))
    assert names(index) == ["churn", "fraud-scorer", "ctr-wide"]


def test_stars_go_first_among_their_like() -> None:
    index = FleetIndex()
    index.choose(Options(starred=frozenset({"argo/support/summariser"})))
    index.update(story())
    healthy = [row.ref.name for row in index.shown() if row.phase is Phase.HEALTHY]
    assert healthy[0] == "summariser"
    assert names(index)[0] == "churn"


_REFS = [RolloutRef("argo", f"n{number % 3}", f"s{number}") for number in range(12)]
_ROW = st.builds(
    lambda ref, phase, weight: replace(make_row(), ref=ref, phase=phase, weight=Weight(weight, weight), in_flight=True),
    st.sampled_from(_REFS),
    st.sampled_from(Phase),
    st.integers(0, 100),
)
_FLEETS = st.lists(st.lists(_ROW, max_size=12, unique_by=lambda row: row.ref), min_size=1, max_size=5)


@settings(max_examples=80, deadline=None)
@given(_FLEETS, st.sampled_from(["phase", "service", "traffic", "waiting"]), st.booleans(), st.sampled_from(["", "n1/", "is:degraded"]))  # fmt: skip
def test_any_way_of_changes_ends_as_a_fresh_start(
    fleets: list[list[Rollout]], sort: str, reverse: bool, wanted: str
) -> None:
    options = Options(sort=sort, reverse=reverse, filter=parse(wanted))
    index, fresh = FleetIndex(), FleetIndex()
    index.choose(options)
    for rows in fleets:
        index.update(tuple(rows))
    fresh.choose(options)
    fresh.update(tuple(fleets[-1]))
    assert list(index.shown()) == list(fresh.shown())
    assert +index.counts == +fresh.counts
    assert all(index.ref_at(place) == row.ref and index.index_of(row.ref) == place for place, row in enumerate(index.shown()))  # fmt: skip


def test_few_changes_among_many_tell_only_what_changed() -> None:
    rows = [replace(make_row(), ref=RolloutRef("argo", "n", f"s{number:04}")) for number in range(1000)]
    index = FleetIndex()
    index.update(tuple(rows))
    rows[500] = replace(rows[500], message=Clean("x"))
    delta = index.update(tuple(rows))
    assert delta.changed == {rows[500].ref}
    assert not delta.moved
    rows[500] = replace(rows[500], phase=Phase.DEGRADED)
    random.Random(1).shuffle(rows)
    delta = index.update(tuple(rows))
    assert delta.changed == {RolloutRef("argo", "n", "s0500")}
    assert delta.moved
    assert index.ref_at(0) == RolloutRef("argo", "n", "s0500")
    assert sorted(index.shown(), key=attention_key) == list(index.shown())


# Words


def fleet(rows: Sequence[Rollout] = (), **fields: object) -> tuple[FleetIndex, Fleet]:
    index = FleetIndex()
    index.update(tuple(rows))
    live = Freshness(Link.LIVE)
    return index, Fleet(rows=tuple(rows), **{"freshness": live, "complete": True, **fields})  # type: ignore[arg-type]


def words(index: FleetIndex, present: Fleet, elsewhere: Sequence[tuple[str, int]] = ()) -> str:
    shown = face(index, present, UNICODE, elsewhere)
    return "" if shown is None else " ".join(" ".join(plain(line).split()) for line in (shown.headline, *shown.advice))


def test_each_face_says_what_to_do() -> None:
    down = Freshness(Link.DOWN, reason=Clean("It refuses the connection."))
    assert words(*fleet(freshness=Freshness(Link.CONNECTING), context=Clean("prod"))).startswith("Connecting to prod…")
    assert words(*fleet(freshness=down)).startswith("It refuses the connection. ctrl+r try again")
    assert words(*fleet(complete=False)) == "Loading rollouts…"
    assert "New ones appear here by themselves" in words(*fleet())
    assert "There are some in ads (3)." in words(*fleet(namespace=Clean("x")), elsewhere=[("ads", 3), ("x", 1)])
    index, present = fleet(story())
    assert words(index, present) == ""
    index.choose(Options(filter=parse("zzz")))
    assert words(index, present).startswith("None of 16 services matches “zzz”. esc clear the filter")


def test_counts_give_way_to_the_width() -> None:
    index, present = fleet(story())
    assert (
        plain(counts_line(index, present, 100)) == "16 services   2 wait for you   1 degraded   3 moving   10 healthy"
    )
    assert plain(counts_line(index, present, 30)) == "16 services  2 wait for you"
    assert plain(counts_line(index, replace(present, complete=False, expected=900), 100)).startswith(
        "16 of 900 services"
    )


def test_the_link_tells_the_truth() -> None:
    assert plain(link(Freshness(Link.LIVE, lag=-3.0), NOW, UNICODE)) == "● live 0.0 s"
    assert "stale since" in plain(link(Freshness(Link.STALE, since=before(minutes=12)), NOW, UNICODE))
    assert all(plain(link(Freshness(state), NOW, ASCII)).isascii() for state in Link)


def test_text_of_a_table_holds_every_row_in_full() -> None:
    text = as_text(story(), View(ASCII, NOW)).splitlines()
    assert len(text) == 17
    assert "payments/fraud-scorer" in text[1]
    assert "analysis error-rate failed" in text[3]


def test_visits_go_back_and_forward() -> None:
    one, two, three = (RolloutRef("argo", "n", name) for name in "abc")
    visits = Visits()
    assert visits.move(-1, at_root=True) is None
    visits.add(one)
    visits.add(two)
    assert visits.move(-1, at_root=False) == one
    assert visits.move(-1, at_root=False) is None
    assert visits.move(1, at_root=True) == one
    visits.add(three)
    assert visits.move(1, at_root=False) == three
    assert visits.move(-1, at_root=True) == three


def test_engines_that_are_not_installed_are_told_where_only_one_works() -> None:
    live, absent = Freshness(Link.LIVE), Freshness(Link.ABSENT, reason=Clean(f"x {NOT_INSTALLED}."))
    off = (EngineState("a", "Argo Rollouts", absent), EngineState("f", "Flagger", absent))
    one, other = EngineState("d", "Deployments", live), EngineState("t", "Toys", live)
    told = [plain(line) for line in notices(Fleet(engines=(*off, one)))]
    assert told == ["Not installed in this cluster: Argo Rollouts, Flagger"]
    assert notices(Fleet(engines=(*off, one, other))) == ()
    older = EngineState("a", "Argo Rollouts", Freshness(Link.ABSENT, reason=Clean("v2 is served, v1alpha1 is not.")))
    assert [plain(line) for line in notices(Fleet(engines=(older, one)))] == [
        "Argo Rollouts: v2 is served, v1alpha1 is not."
    ]
    unseen = EngineState("f", "Flagger", Freshness(Link.FORBIDDEN, reason=Clean("you may not list canaries.")))
    assert [plain(line) for line in notices(Fleet(engines=(unseen, one, other)))] == [
        "Flagger: you may not list canaries."
    ]
