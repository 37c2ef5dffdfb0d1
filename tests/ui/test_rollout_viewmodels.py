"""What the rollout screen says, without a terminal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.domain.fleet import Freshness, Link
from mlcd_tui.domain.rollout import RolloutDetail, Weight
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.ui.viewmodels import analysis, history, overview
from mlcd_tui.ui.viewmodels.chart import chart
from mlcd_tui.ui.viewmodels.glyphs import ASCII, UNICODE
from mlcd_tui.ui.viewmodels.manifest import manifest, template
from mlcd_tui.ui.viewmodels.spans import Line, Span, apart, cells, crop, fit, fit_tail, plain, to_ascii, width, wrap
from mlcd_tui.ui.viewmodels.targets import log_targets
from mlcd_tui.ui.viewmodels.timeline import timeline
from mlcd_tui.ui.viewmodels.tree import row, tree, visible
from tests.ui.samples import ALL_KINDS, NOW, blue_green, canary, degraded, raw_template, steps


def said(lines: object) -> str:
    return "\n".join(map(plain, lines))  # type: ignore[call-overload]


def seen(detail: RolloutDetail, room: int = 90) -> str:
    return said(overview.overview(detail, NOW, room, UNICODE))


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf")), max_size=60)


@given(st.lists(TEXTS, max_size=5), st.integers(1, 60))
def test_no_line_is_ever_wider_than_its_room(texts: list[str], room: int) -> None:
    line: Line = tuple(Span(text) for text in texts)
    assert all(width(part) <= room for part in wrap(line, room, 2) if room > 6)
    assert width(crop(line, room)) <= room
    assert all(cells(cut) <= room for text in texts for cut in (fit(text, room), fit_tail(text, room)))
    assert width(apart(line, (Span("right"),), room)) <= max(room, 1)


@given(st.lists(TEXTS, max_size=5), st.integers(7, 60))
def test_wrapping_loses_nothing_but_blanks(texts: list[str], room: int) -> None:
    line: Line = tuple(Span(text) for text in texts)
    assert said(wrap(line, room, 2)).replace(" ", "").replace("\n", "") == "".join(texts).replace(" ", "")


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=50), st.floats() | st.none())
def test_a_chart_survives_every_number(values: list[float], threshold: float | None) -> None:
    lines = chart(values, width=40, height=4, threshold=threshold)
    assert lines == () or [width(line) for line in lines] == [40] * 4


def test_the_chart_draws_the_limit_where_it_is() -> None:
    rows = [plain(line) for line in chart([0.01, 0.012], width=40, height=5, threshold=0.02)]
    assert "┄" in rows[0]
    assert not any("┄" in line for line in rows[1:])
    ascii_rows = [plain(line) for line in chart([1.0, 2.0], width=40, height=5, threshold=5.0, ascii_only=True)]
    assert all(line.isascii() for line in ascii_rows)


def test_the_overview_says_why_it_waits_and_since_when() -> None:
    text = seen(canary())
    assert "Paused  at step 2 of 5, waiting for your promotion since" in text
    assert "(12 m)" in text
    assert "20 % asked · 20 % actual" in text
    assert "registry/fraud:7  sha256:ab12…90fe  same in 1/1 pods" in text
    assert "fraud-canary → fraud-scorer-6f5f (revision 7)" in text


def test_time_left_of_a_timer_counts_down() -> None:
    detail = blue_green()
    assert "4 m left" in seen(detail)
    later = overview.overview(detail, NOW + timedelta(seconds=70), 90, UNICODE)
    assert "2 m 50 s left" in said(later)
    assert "churn-root does not exist" in seen(detail)


def test_pods_of_one_revision_with_different_digests_are_a_warning() -> None:
    text = seen(degraded())
    assert "in 1/2 pods" in text
    assert "pods of this revision run 2 different images under one name" in text
    assert "failed (2) > failureLimit (1)" in " ".join(text.split())
    assert "10 % to fraud-trial" in text


def test_unknown_weights_and_a_mirror_are_said() -> None:
    base = canary()
    rollout = replace(base.rollout, weight=Weight(20, None, maximum=1000), mirror=50)
    text = seen(replace(base, rollout=rollout))
    assert "20 of 1000 asked · not known actual" in " ".join(text.split())
    assert "50 % of live traffic is copied" in text


@pytest.mark.parametrize(("room", "lines"), [(200, 2), (40, len(ALL_KINDS))])
def test_the_timeline_lies_down_where_it_fits_and_stands_where_not(room: int, lines: int) -> None:
    shown = timeline(steps(4, ALL_KINDS), room, UNICODE)
    assert len(shown) == lines
    assert all(caption in said(shown) for _, caption in ALL_KINDS)
    assert said(shown).count(UNICODE.current) == 1
    assert said(shown).count(UNICODE.done) == 4


def test_the_tree_shows_who_serves_and_what_is_broken() -> None:
    nodes = tree(degraded(), NOW, UNICODE)
    shown = [row(node, 60, UNICODE, opened=node.opened) for node in visible(nodes, {})]
    text = said(shown)
    assert "revision 7 canary" in text
    assert "revision 6 stable" in text
    assert "…x2k4f" in text
    assert "CrashLoopBackOff 6↻" in text
    assert "ends in 28 s 1/2" in text
    assert "baseline " in text
    narrow = said([row(node, 27, UNICODE, opened=node.opened) for node in visible(nodes, {})])
    assert "✘ …x2k4f Crash" in narrow, "names stay where room is scarce"
    assert "fraud-scorer-4c11" not in text, "what is past is closed"
    opened = visible(nodes, {"revision/5": True, "revision/7": False})
    assert [node.key for node in opened][:2] == ["revision/7", "revision/6"]
    assert "group/fraud-scorer-4c11" in {node.key for node in opened}


def test_an_analysis_tells_limits_verdict_and_dry_runs() -> None:
    run = degraded().analysis_runs[0]
    text = said(analysis.run_lines(run, NOW, 100, UNICODE))
    assert "✘ Failed  background analysis" in text
    assert "failed 2 of 1 allowed" in text
    assert "dry run, does not count" in text
    assert "limit 0.02" in text
    assert "stops this run" not in text
    assert "[0.031]" in text
    assert analysis.counts(run) == (1, 2), "dry runs do not count"
    assert "stops this run" in said(analysis.run_lines(canary().analysis_runs[0], NOW, 100, UNICODE))


def test_history_compares_with_the_revision_before_or_the_newest() -> None:
    revisions = canary().revisions
    text = said(history.diff_of(*history.compared(revisions, 7, with_newest=False)))
    assert "-     image: registry/fraud:6" in text
    assert "+     image: registry/fraud:7" in text
    assert "template-hash" not in text
    newest = said(history.diff_of(*history.compared(revisions, 5, with_newest=True)))
    assert "revision 5 to revision 7" in newest
    assert "oldest that the cluster keeps" in said(history.diff_of(*history.compared(revisions, 5, with_newest=False)))


def test_yaml_is_clean_and_without_noise() -> None:
    lines = manifest(
        {"metadata": {"managedFields": [1], "name": "a\x1b]0;x\x07"}, "b": "one\ntwo\x9b31m", "c": "\u202e"}
    )
    text = "\n".join(lines)
    assert "managedFields" not in text
    assert not any((ord(char) < 32 and char != "\n") or 0x7F <= ord(char) < 0xA0 or char == "\u202e" for char in text)
    assert template(raw_template(7)) != template(raw_template(6))


@pytest.mark.parametrize(
    ("freshness", "loaded", "gone", "words"),
    [
        (Freshness(Link.CONNECTING), False, False, "Loading"),
        (Freshness(Link.STALE, NOW, Clean("connection reset")), True, False, "connection reset"),
        (Freshness(Link.LIVE), True, True, "no longer exists"),
        (Freshness(Link.DOWN, reason=Clean("refused")), False, False, "Not connected: refused"),
        (Freshness(Link.LIVE), True, False, ""),
    ],
)
def test_the_picture_says_how_true_it_is(freshness: Freshness, loaded: bool, gone: bool, words: str) -> None:
    assert words in plain(overview.freshness_line(freshness, NOW, loaded=loaded, gone=gone))


def test_logs_of_a_row_of_the_tree_and_trouble_first() -> None:
    detail = degraded()
    assert [t.pod for t in log_targets(detail, "pod/fraud-scorer-5d95-8fj2q")] == ["fraud-scorer-5d95-8fj2q"] * 2
    first = log_targets(detail)[0]
    assert (first.pod, first.hint) == ("fraud-scorer-6f5f-x2k4f", "CrashLoopBackOff  6 restarts")
    assert len(log_targets(detail, "group/fraud-scorer-6f5f")) == 2


def test_ascii_signs_leave_no_other_characters() -> None:
    for line in overview.overview(canary(), NOW, 80, ASCII):
        text = plain(to_ascii(line))
        assert text.isascii(), text


def test_absurd_values_do_not_break_the_overview() -> None:
    base = canary()
    weird = replace(base.rollout, weight=Weight(-5, 900, maximum=0), message=clean("x" * 3000), steps=())
    assert (
        len(overview.overview(RolloutDetail(replace(weird, phase=base.rollout.phase.DEGRADED)), NOW, 80, UNICODE)) < 20
    )
    for room in (1, 8, 20, 200):
        overview.overview(replace(base, rollout=weird, revisions=()), NOW, room, UNICODE)
        overview.overview(RolloutDetail(weird), NOW, room, UNICODE)


def test_events_that_may_not_be_listed_are_not_told_as_none() -> None:
    assert [plain(line) for line in history.event_lines((), NOW, 80, hidden=True)] == ["No right to list events."]
