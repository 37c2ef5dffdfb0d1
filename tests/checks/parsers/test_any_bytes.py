"""Whatever the bytes: a report, or one sentence why it is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.checks import Report
from mlcd_tui.domain.errors import Unreadable
from tests.checks.parsers.reports import FIXTURES, PARSERS

_REPORTS = [
    (folder.name, file.read_bytes())
    for folder in sorted(FIXTURES.iterdir())
    if folder.is_dir()
    for file in sorted(folder.iterdir())
]
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.just([]),
    st.just({}),
    st.just([1]),
    st.just([{}]),
)


def _parse(name: str, report: bytes) -> None:
    try:
        found = PARSERS.load(name).parse(report, "/app")
    except Unreadable:
        return
    assert isinstance(found, Report)
    for finding in found.findings:
        assert finding.message
        assert finding.line is None or finding.line >= 1
        assert finding.column is None or finding.column >= 1


def test_every_parser_has_a_real_report_and_answers_to_its_name() -> None:
    assert {name for name, _ in _REPORTS} == set(PARSERS.names())
    assert [parser.name for parser in PARSERS.all()] == list(PARSERS.names())


@pytest.mark.parametrize("name", PARSERS.names())
@given(report=st.binary(max_size=200))
@settings(max_examples=40, deadline=None)
def test_any_bytes(name: str, report: bytes) -> None:
    _parse(name, report)


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_bytes(data: st.DataObject) -> None:
    name, report = data.draw(st.sampled_from(_REPORTS))
    start = data.draw(st.integers(0, len(report)))
    end = data.draw(st.integers(start, min(len(report), start + 300)))
    _parse(name, report[:start] + data.draw(st.binary(max_size=8)) + report[end:])


@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_other_values_within(data: st.DataObject) -> None:
    """Some value of a JSON report is of another type than the tool writes."""
    name, report = data.draw(st.sampled_from([entry for entry in _REPORTS if entry[1].lstrip()[:1] in b"[{"]))
    lines = report.splitlines() if name.endswith(("jsonl", "ndjson")) else [report]
    index = data.draw(st.integers(0, len(lines) - 1))
    document = _changed(json.loads(lines[index]), data)
    lines[index] = json.dumps(document).encode()
    _parse(name, b"\n".join(lines))


def _changed(value: Any, data: st.DataObject) -> Any:
    if isinstance(value, dict | list) and value and data.draw(st.integers(0, 5)):
        key = data.draw(st.sampled_from(list(value) if isinstance(value, dict) else range(len(value))))
        value[key] = _changed(value[key], data)
        return value
    return data.draw(_VALUES)


@pytest.mark.parametrize("name", PARSERS.names())
def test_nested_without_end(name: str) -> None:
    for report in (
        b"[" * 200_000,
        b'{"runs":' * 100_000,
        b"<testsuite>" * 100_000,
        b'{"results":{"tests":' + b"[" * 99_999,
    ):
        _parse(name, report)
