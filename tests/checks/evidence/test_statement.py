"""Statements: nothing is lost on the way, nothing that could not run looks passed, nothing hostile gets through."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlcd_tui.checks.evidence.statement import (
    EXTENSION,
    MOST_FINDINGS,
    PREDICATE,
    fitting,
    read_statement,
    statement,
    statement_bytes,
)
from mlcd_tui.domain.checks import CheckRun, CheckState, ImageIdentity, Report
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import Clean
from tests.checks.runs_made import CONFIG, MANIFEST, PLAN, RUNS, finding, result, run

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deep for key, item in inside for deep in _paths(item, (*path, key)))]


SAMPLE = statement(run())
PATHS = [path for path in _paths(SAMPLE) if path]


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(RUNS)
def test_there_and_back(made: CheckRun) -> None:
    assert read_statement(statement_bytes(made)) == made


def test_it_is_about_both_digests_and_names_the_plan() -> None:
    made = statement(run())
    assert [each["digest"]["sha256"] for each in made["subject"]] == [MANIFEST[7:], CONFIG[7:]]
    assert made["predicateType"] == PREDICATE
    assert made["predicate"]["configuration"] == [{"name": "checks.yaml", "digest": {"sha256": PLAN[7:]}}]


@pytest.mark.parametrize("state", CheckState)
def test_only_what_passed_is_told_as_passed(state: CheckState) -> None:
    predicate = statement(run(result("tests", state), result("lint")))["predicate"]
    assert ("tests" in predicate["passedTests"]) is (state is CheckState.PASSED)
    assert ("tests" in predicate["warnedTests"]) is (state is CheckState.WARNED)
    assert ("tests" in predicate["failedTests"]) is (not state.met and state is not CheckState.SKIPPED)
    assert (predicate["result"] == "FAILED") is bool(predicate["failedTests"])


def test_a_run_of_nothing_is_no_pass() -> None:
    assert statement(replace(run(), results=()))["predicate"]["result"] == "FAILED"
    assert statement(run(result(state=CheckState.SKIPPED)))["predicate"]["result"] == "FAILED"


def test_an_image_without_a_digest_cannot_be_stated() -> None:
    with pytest.raises(Unreadable, match="no image digest"):
        statement(run(image=ImageIdentity(Clean("churn:latest"))))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("predicate", "result"), "PASSED"),
        (("predicate", "passedTests"), ["lint", "tests"]),
        (("predicate", "failedTests"), []),
        (("predicate", "configuration"), []),
        (("subject", 0, "digest", "sha256"), "00" * 32),
        (("subject",), [*SAMPLE["subject"], {"name": "x", "digest": {"sha256": "00" * 32}}]),
    ],
)
def test_a_statement_that_tells_other_readers_something_else_is_refused(path: tuple[Any, ...], value: Any) -> None:
    with pytest.raises(Unreadable, match="contradicts itself"):
        read_statement(_changed(path, value))


def _changed(path: tuple[Any, ...], value: Any) -> bytes:
    made = json.loads(json.dumps(SAMPLE))
    place = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(made).encode()


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(st.sampled_from(PATHS), JSON)
def test_whatever_stands_in_it_only_unreadable_is_raised(path: tuple[Any, ...], value: Any) -> None:
    with contextlib.suppress(Unreadable):
        read_statement(_changed(path, value))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with pytest.raises(Unreadable):
        read_statement(data)


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":NaN}', b'{"_type":1,"_type":2}', b" " * (9 << 20), b'"\xff"'])
def test_hostile_json(data: bytes) -> None:
    with pytest.raises(Unreadable):
        read_statement(data)


def test_text_from_elsewhere_is_cleaned() -> None:
    made = json.loads(json.dumps(SAMPLE))
    made["predicate"][EXTENSION]["results"][0]["sentence"] = "\x1b]0;owned\x07"
    assert "\x1b" not in read_statement(json.dumps(made).encode()).results[0].sentence


def test_what_another_program_stated_counts_as_far_as_it_goes() -> None:
    made = json.loads(json.dumps(SAMPLE))
    del made["predicate"][EXTENSION]
    read = read_statement(json.dumps(made).encode())
    assert [(each.name, each.state) for each in read.results] == [
        ("tests", CheckState.PASSED),
        ("lint", CheckState.FAILED),
    ]
    assert (read.image.manifest_digest, read.image.config_digest, read.plan_digest) == (MANIFEST, CONFIG, PLAN)


def test_findings_are_capped_and_counted() -> None:
    many = tuple(finding(line=line) for line in range(1, MOST_FINDINGS + 8))
    read = read_statement(statement_bytes(run(result(report=Report(many)))))
    assert (len(read.results[0].report.findings), read.results[0].report.truncated) == (MOST_FINDINGS, 7)


def test_source_lines_go_before_findings_and_verdicts_never() -> None:
    many = tuple(finding(line=line) for line in range(1, 401))
    made = run(result(state=CheckState.FAILED, report=Report(many)))
    whole = len(statement_bytes(made))
    data, smaller = fitting(made, whole - 1)
    assert len(data) < whole
    assert len(smaller.results[0].report.findings) == 400
    assert not smaller.results[0].report.findings[0].context
    _, least = fitting(made, 2_000)
    assert (least.results[0].state, least.results[0].report.truncated) == (CheckState.FAILED, 400)
    with pytest.raises(Unreadable, match="without any finding"):
        fitting(made, 500)
