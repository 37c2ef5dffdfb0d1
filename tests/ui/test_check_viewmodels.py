"""What the check screens say: which checks are met, what is new, how far an answer is off, what is stale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mlcd_tui.domain.check_ports import Progress
from mlcd_tui.domain.checks import CheckState, Finding, Severity, SignatureState
from mlcd_tui.domain.rollout import Role
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.ui.viewmodels.check_board import board_lines, live_cells, run_cells, side_by_side
from mlcd_tui.ui.viewmodels.check_list import image_to_check, run_row, wanted
from mlcd_tui.ui.viewmodels.check_live import MOST_LINES, LiveRun
from mlcd_tui.ui.viewmodels.check_result import (
    acceptable,
    case_of,
    evidence_lines,
    finding_lines,
    finding_row,
    head_lines,
    ordered,
)
from mlcd_tui.ui.viewmodels.check_tab import before, check_row, tab_head
from mlcd_tui.ui.viewmodels.check_words import count_line, state_span
from mlcd_tui.ui.viewmodels.glyphs import ASCII, UNICODE
from mlcd_tui.ui.viewmodels.spans import Line, plain, width
from tests.ui.check_samples import OTHER, around, bad, drifts, evidence, good, identity, image_checks, unused_import
from tests.ui.fake_session import make_row
from tests.ui.samples import DIGEST_7, NOW, image


def text(lines: Sequence[Line]) -> str:
    return "\n".join(map(plain, lines))


def fits(lines: Sequence[Line], room: int) -> bool:
    return all(width(line) <= room for line in lines)


def test_the_count_tells_what_is_not_met_the_worst_first_and_leaves_advice_out() -> None:
    assert plain(count_line(good().results, UNICODE)) == "5/5 ✔"
    assert plain(count_line(bad().results, UNICODE)) == "1/4 ✘ lint, snapshot, tests"
    advice = tuple(replace(result, required=False) for result in good().results)
    assert plain(count_line(advice, UNICODE)) == "advice only", "no sign of success where nothing was required"


def test_every_state_has_a_sign_and_a_word_without_colours() -> None:
    for glyphs in (UNICODE, ASCII):
        words = [state_span(state, glyphs).text for state in CheckState]
        assert len(set(words)) == len(CheckState)
        assert all(word.split(" ", 1)[1] == state.value for word, state in zip(words, CheckState, strict=True))


@pytest.mark.parametrize("room", [40, 78, 118, 198])
def test_checks_stand_side_by_side_where_there_is_room_and_under_each_other_else(room: int) -> None:
    lines = board_lines(run_cells(bad()), 0, room, 30, UNICODE)
    assert fits(lines, room)
    names = [line for line in map(plain, lines) if "lint" in line and "snapshot" in line]
    assert bool(names) is side_by_side(5, room) is (room >= 118)
    assert "killed after" in text(lines)


def test_a_board_that_is_low_leaves_logs_out_before_states() -> None:
    live = LiveRun("image", "plan", NOW)
    for name in ("lint", "tests"):
        live.take(Progress(name, CheckState.RUNNING), NOW)
        for number in range(50):
            live.take(Progress(name, line=clean(f"{name} {number}")), NOW)
    lines = board_lines(live_cells(live, NOW), 0, 60, 4, UNICODE)
    assert text(lines).count("running") == 2
    assert "lint 49" in text(board_lines(live_cells(live, NOW), 0, 60, 20, UNICODE))


def test_a_live_run_keeps_the_last_lines_and_counts_all() -> None:
    live = LiveRun("image", "plan", NOW)
    for number in range(MOST_LINES + 10):
        live.take(Progress("tests", line=Clean(str(number))), NOW)
    check = live.checks["tests"]
    assert (check.count, len(check.lines), check.lines[0]) == (MOST_LINES + 10, MOST_LINES, "10")


def test_calling_off_names_only_what_still_runs_and_once() -> None:
    live = LiveRun("image", "plan", NOW)
    live.take(Progress("lint", CheckState.RUNNING), NOW)
    live.take(Progress("tests", CheckState.RUNNING), NOW)
    live.take(Progress("lint", CheckState.PASSED, result=good().results[0]), NOW)
    assert live.call_off(["lint", "tests", "nobody"]) == ("tests",)
    assert live.call_off(["tests"]) == ()
    assert live.called_off == {"tests"}
    assert "being called off" in text(board_lines(live_cells(live, NOW), -1, 60, 9, UNICODE))
    live.end("the engine went away")
    assert live.checks["tests"].state is CheckState.CANCELLED


def test_findings_come_worst_first_by_how_far_they_exceed_the_tolerance() -> None:
    snapshot = bad().results[4]
    assert [case_of(one) for one in ordered(snapshot)] == ["night", "basket", "basket"]
    assert ordered(snapshot)[2].message == drifts()[0].message


def test_a_drift_shows_expected_actual_difference_and_tolerance() -> None:
    lines = text(finding_lines(drifts()[1], 60, UNICODE))
    for row in ("expected   0.5", "actual     0.61", "difference 0.11", "tolerance  1e-05"):
        assert row in lines


def test_a_finding_shows_its_source_with_line_and_column_marked() -> None:
    lines = list(map(plain, finding_lines(unused_import(), 70, UNICODE, new=True)))
    assert lines[0].startswith("scorer/app.py:3  error  F401  new")
    at = lines.index("▌3  import os")
    assert lines[at + 1].index("^") == lines[at].index("os")


def test_rows_of_findings_keep_the_end_of_long_places() -> None:
    line = plain(
        finding_row(replace(unused_import(), file=clean("a/" * 40 + "app.py")), 60, UNICODE, new=True, wide=20)
    )
    assert "app.py:3" in line
    assert "new" in line
    assert len(line) <= 60


def test_what_may_be_accepted_are_answers_and_contracts_that_differ() -> None:
    assert [result.name for result in bad().results if acceptable(result)] == ["snapshot"]


def test_a_contract_that_only_grew_may_be_accepted_although_it_passed() -> None:
    schema = good().results[3]
    assert schema.kind == "endpoint_schema"
    assert not acceptable(schema)
    grown = Finding(clean("the answer has a new field `why`"), Severity.INFO)
    assert acceptable(replace(schema, report=replace(schema.report, findings=(grown,))))
    assert not acceptable(replace(schema, kind="lint", report=replace(schema.report, findings=(grown,))))


def test_the_head_tells_what_is_new_and_fixed_since_what_serves() -> None:
    lint = bad().results[0]
    old = replace(good(6), results=(replace(lint, report=replace(lint.report, findings=(unused_import(),))),))
    fixed = replace(lint, report=replace(lint.report, findings=()))
    assert "1 new since what serves" in text(head_lines(lint, bad(), old, 100, UNICODE))
    assert "1 fixed since what serves" in text(head_lines(fixed, bad(), old, 100, UNICODE))
    assert "since what serves" not in text(head_lines(lint, bad(), None, 100, UNICODE))


def test_evidence_is_told_with_digest_plan_age_and_signature() -> None:
    told = text(evidence_lines(evidence(good()), NOW, 200, UNICODE))
    assert told == (
        "ran on sha256:ab12…90fe · plan sha256:c1c1c1c1c1c1… · 4 m ago · ✔ signed by release-bot · this machine"
    )
    broken = text(evidence_lines(evidence(good(), SignatureState.BROKEN), NOW, 200, UNICODE))
    assert "✘ signature broken" in broken
    assert "release-bot" not in broken


def test_a_rebuilt_image_is_stale_and_shows_both_digests() -> None:
    checks = around(replace(good(), image=identity(7, OTHER)))
    told = text(tab_head(checks, NOW, 120, UNICODE))
    assert "candidate 0/5 ◌" in told
    assert f"running  {DIGEST_7}" in told
    assert f"checked  {OTHER}" in told
    assert told.index("running ") < told.index("checked ") < told.index("stale: ") < told.index("ran on "), (
        "first comes first"
    )
    narrow = tab_head(checks, NOW, 44, UNICODE)
    assert fits(narrow, 44)
    assert "90fe" in text(narrow)


def test_an_image_without_evidence_is_told_as_such_and_never_as_passed() -> None:
    told = text(tab_head(around(None), NOW, 100, UNICODE))
    assert "candidate ? none recorded" in told
    assert "serving   5/5 ✔" in told


def test_stale_evidence_of_what_serves_makes_nothing_new_or_fixed() -> None:
    checks = around(bad())
    assert before(checks) is not None
    stale = replace(checks, serving=image_checks(good(6), OTHER, 6))
    assert before(stale) is None


@pytest.mark.parametrize("room", [46, 74, 120])
def test_rows_of_the_tab_fit_and_keep_state_and_name(room: int) -> None:
    for result in bad().results:
        line = check_row(result, good(6), room, UNICODE)
        assert width(line) <= room
        assert result.name in plain(line)
        assert result.state.value in plain(line)


def test_runs_are_found_by_image_digest_check_and_state() -> None:
    runs = (bad(), good(6))
    assert wanted(runs, "77c0") == (runs[1],)
    assert wanted(runs, "timed tests") == (runs[0],)
    assert wanted(runs, "nobody") == ()
    assert "1/4 ✘ lint" in plain(run_row(runs[0], NOW, 78, UNICODE))


def test_the_image_to_check_is_that_of_the_new_version_by_its_digest() -> None:
    row = make_row(images=(image(6, Role.STABLE), image(7, Role.CANARY)))
    assert image_to_check(row) == f"registry/fraud@{DIGEST_7}"
    port = replace(image(7), image=Clean("localhost:5000/fraud"), digest=Clean(""))
    assert image_to_check(make_row(images=(port,))) == "localhost:5000/fraud"
    assert image_to_check(make_row(images=())) == ""
