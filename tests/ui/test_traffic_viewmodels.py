"""The Traffic tab and a comparison as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.domain.comparison.report import ComparisonReport, ComparisonVerdict
from mlcd_tui.domain.text import Clean
from mlcd_tui.domain.traffic import Judgement, Mirror, Point, Significance, TrafficReading, TrafficRole, VersionTraffic
from mlcd_tui.domain.traffic_ports import ComparisonProgress
from mlcd_tui.ui.viewmodels.comparison_view import (
    example_lines,
    progress_line,
    report_lines,
    report_row,
    runs_now,
)
from mlcd_tui.ui.viewmodels.glyphs import ASCII, UNICODE, Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, plain, width
from mlcd_tui.ui.viewmodels.sparkline import sparkline
from mlcd_tui.ui.viewmodels.traffic_tab import traffic_lines
from tests.ui.samples import NOW, canary
from tests.ui.traffic_samples import SERVING, SHADOW, mirrored, reading, report


def _text(lines: Sequence[Line]) -> str:
    return "\n".join(plain(line) for line in lines)


def _tab(told: TrafficReading | None = None, room: int = 90) -> str:
    return _text(traffic_lines(mirrored(), told, NOW, room, UNICODE, mirror_key="m"))


def test_who_answers_and_what_is_copied_is_read_at_a_glance() -> None:
    shown = _tab(reading())
    assert "serves     v6  100 % of live traffic" in shown
    assert "shadow     v7  only copies" in shown
    assert "on  100 % of live traffic to churn-green, by HTTPRoute churn, since" in shown
    assert "(14 m) · confirmed" in shown.replace("\n           ", " ")
    assert "11,151 copied of 11,160 served within 15 m" in shown
    assert "side effects of the model happen twice" in shown


def test_numbers_of_both_versions_stand_beside_each_other() -> None:
    shown = _tab(reading())
    errors = next(line for line in shown.splitlines() if line.startswith("Errors"))
    assert errors.count("%") == 2
    counted = next(line for line in shown.splitlines() if line.startswith("Counted"))
    assert "11,160, 100 failed" in counted
    assert "11,151, 346 failed" in counted
    assert "✘ error rate: worse  3.1 % of 11,151 against 0.9 % of 11,160" in shown
    assert "? requests above 250 ms: not enough data" in shown


def test_what_could_not_be_read_is_told_in_its_place_and_nothing_else_suffers() -> None:
    trouble = Clean("Prometheus at metrics:9090 does not answer. Look at [metrics] in the settings.")
    shown = _tab(replace(reading(), problem=trouble, stale=True))
    assert trouble in shown.replace("\n  ", " ")
    assert "These numbers are of" in shown
    assert "serves     v6" in shown
    alone = _tab(TrafficReading(NOW, problem=trouble))
    assert "does not answer" in alone
    assert "Errors" not in alone


def test_no_traffic_is_a_dash_and_never_a_nought() -> None:
    silent = VersionTraffic(
        SHADOW, errors=(Point(1.0, None), Point(2.0, None)), rate=(Point(1.0, 0.0), Point(2.0, 0.0))
    )
    busy = replace(reading().versions[0])
    shown = _tab(replace(reading(), versions=(busy, silent), verdicts=()))
    errors = next(line for line in shown.splitlines() if line.startswith("Errors"))
    assert errors.rstrip().endswith("–")
    counted = next(line for line in shown.splitlines() if line.startswith("Counted"))
    assert counted.rstrip().endswith("–")


def test_what_gets_nothing_is_told_as_idle() -> None:
    beside = replace(SHADOW, role=TrafficRole.IDLE, share=0.0)
    shown = _text(traffic_lines(replace(mirrored(), targets=(SERVING, beside)), None, NOW, 90, UNICODE, mirror_key="m"))
    assert "idle       v7  nothing now" in shown
    assert "copies" not in shown.split("Copies")[0]


def test_an_engine_that_cannot_copy_says_so() -> None:
    none = _text(traffic_lines(canary(0.01), None, NOW, 80, UNICODE, mirror_key="m"))
    assert "cannot copy" in none
    why = Mirror(on=False, possible=False, why_not=Clean("no HTTPRoute leads to Service churn"))
    owned = replace(mirrored(), rollout=replace(mirrored().rollout, abilities=()))
    shown = _text(traffic_lines(replace(owned, mirror=why), None, NOW, 80, UNICODE, mirror_key="m"))
    assert "none: no HTTPRoute leads to Service churn" in shown
    assert "starts copying" not in shown
    ready = _text(traffic_lines(replace(mirrored(), mirror=Mirror(on=False)), None, NOW, 80, UNICODE, mirror_key="m"))
    assert "m starts copying" in ready
    kept = _text(traffic_lines(owned, None, NOW, 80, UNICODE, mirror_key="m"))
    assert "100 % of live traffic" in kept
    assert "changes it" not in kept


@pytest.mark.parametrize("room", [44, 60, 80, 120, 200])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_nothing_is_wider_than_its_room(room: int, glyphs: Glyphs) -> None:
    lines = [
        *traffic_lines(mirrored(), reading(), NOW, room, glyphs, mirror_key="m"),
        *report_lines(report(), NOW, room, glyphs),
        *example_lines(report().examples[0], room, glyphs),
        report_row(report(), NOW, room, glyphs, present=True),
    ]
    assert max(map(width, lines)) <= room


def test_a_report_begins_with_its_verdict() -> None:
    shown = _text(report_lines(report(), NOW, 100, UNICODE))
    assert shown.startswith("✘ different  3.0 % of 2,000 answers differ")
    assert "3 % (2.3 to 3.85), 60 of 2,000" in shown
    assert "production against itself" in shown
    assert "+0.4 ms in the middle (+0.2 to +0.6)" in shown
    assert "$.predictions[*].score" in shown
    fair = _text(report_lines(replace(report(), noise=None), NOW, 100, UNICODE))
    assert "not measured: production was not asked twice" in fair


def test_a_pair_shows_both_answers_and_no_secret() -> None:
    shown = _text(example_lines(report().examples[0], 100, UNICODE))
    assert "production  200 in 21.5 ms" in shown
    assert '"score": 0.34' in shown
    assert "POST /predict, 1 headers" in shown
    assert "secret" not in shown


def test_a_comparison_of_other_digests_is_told_apart() -> None:
    assert runs_now(report(), (SERVING, SHADOW))
    other: ComparisonReport = replace(report(), shadow_digest=Clean("sha256:" + "9" * 64))
    assert not runs_now(other, (SERVING, SHADOW))
    assert "other digests" in plain(report_row(other, NOW, 80, UNICODE, present=False))
    assert not runs_now(replace(report(), shadow_digest=Clean("")), (SERVING, SHADOW))


def test_how_far_a_comparison_is() -> None:
    under_way = _text(progress_line(ComparisonProgress(120, 2_000, report()), 80, UNICODE))
    assert under_way == "120 of 2,000 compared  ✘ different so far"
    ended = ComparisonProgress(5, None, None, Clean("churn-green does not answer."), ended=True)
    assert _text(progress_line(ended, 80, UNICODE)) == "5 compared    churn-green does not answer."


@pytest.mark.parametrize("verdict", list(ComparisonVerdict))
def test_every_verdict_has_a_sign_and_a_word(verdict: ComparisonVerdict) -> None:
    row = plain(report_row(replace(report(), verdict=verdict), NOW, 80, UNICODE, present=True))
    assert row[2:].startswith(verdict.value)


@given(st.lists(st.none() | st.floats(), max_size=200), st.integers(-2, 80), st.booleans())
def test_a_sparkline_keeps_to_its_room(values: list[float | None], room: int, ascii_only: bool) -> None:
    drawn = sparkline(values, room, ascii_only=ascii_only)
    assert len(drawn) <= max(room, 0)
    assert drawn.isascii() or not ascii_only


def test_two_sparklines_on_one_scale_can_be_compared() -> None:
    assert sparkline([1.0, 4.0], 10, top=8.0) == "⣀⠒"
    assert sparkline([8.0, None, 0.0], 10, top=8.0) == "⠉ ⣀"
    assert sparkline([8.0, 0.0, None, 0.0], 2, top=8.0) == "⢁⢀"
    assert sparkline([1.0, 8.0], 10, top=8.0, ascii_only=True) == ":@"
    assert sparkline([], 10) == sparkline([None], 10) == ""


def test_not_worse_is_no_tick_where_what_serves_fails() -> None:
    fine = Significance(Clean("error rate since the switch"), Judgement.NOT_WORSE, Clean("0 % of 900 after"))
    told = replace(reading(), verdicts=(), since_switch=(fine,))
    assert "✔ error rate since the switch: not worse  0 % of 900 after" in _tab(told)
    doubted = replace(fine, caution=Clean("what serves fails itself, 30 % of its newest 1,800 answers"))
    shown = _tab(replace(told, since_switch=(doubted,)))
    assert "✔ error rate" not in shown
    assert "? error rate since the switch: not worse  what serves fails itself, 30 %" in " ".join(shown.split(" "))
