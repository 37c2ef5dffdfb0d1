"""Reports of test runners and of tools that test images."""

from __future__ import annotations

import base64
import json

import pytest

from mlcd_tui.domain.checks import Severity
from mlcd_tui.domain.errors import Unreadable
from tests.checks.parsers.reports import FIXTURES, PARSERS, places, read


def test_pytest_is_counted_and_its_failures_are_found_where_they_were_raised() -> None:
    report = read("junit", "pytest_xunit1.xml")
    assert (report.total, report.passed, report.skipped, report.tool) == (7, 2, 2, "pytest")
    assert places(report) == [
        ("tests.test_score::test_wrong", "tests/test_score.py", 17, None),
        ("tests.test_score::test_positive[0]", "tests/test_score.py", 32, None),
        ("tests.test_score::test_setup_fails", "tests/test_score.py", 8, None),
    ]
    assert report.findings[0].message.startswith("AssertionError: one and two are not four")
    assert report.created is not None


def test_pytest_without_a_trace_counts_its_lines_from_zero() -> None:
    xml = b"""<testsuites name="pytest tests"><testsuite name="pytest" tests="1" failures="1"><testcase classname="t"
      name="n" file="t.py" line="1"><failure message="m">timeout</failure></testcase></testsuite></testsuites>"""
    assert places(PARSERS.load("junit").parse(xml)) == [("t::n", "t.py", 2, None)]
    other = xml.replace(b"pytest tests", b"x").replace(b'name="pytest"', b'name="y"')
    assert places(PARSERS.load("junit").parse(other)) == [("t::n", "t.py", 1, None)]


def test_xunit2_has_no_file_so_the_trace_tells_it() -> None:
    assert places(read("junit", "pytest_xunit2.xml")) == [
        (rule, "tests/test_score.py", line, None)
        for rule, line in (
            ("tests.test_score::test_wrong", 17),
            ("tests.test_score::test_positive[0]", 32),
            ("tests.test_score::test_setup_fails", 8),
        )
    ]


def test_nothing_collected_and_what_could_not_be_collected() -> None:
    assert read("junit", "pytest_empty.xml").total == 0
    report = read("junit", "pytest_collection_error.xml")
    assert (report.total, report.passed) == (1, 0)
    assert report.findings[0].message == "collection failure"


def test_a_test_that_fails_twice_is_one_test() -> None:
    case = '<testcase classname="t" name="n"><error message="{}"/></testcase>'
    xml = f'<testsuite name="pytest" tests="2">{case.format("setup")}{case.format("teardown")}</testsuite>'
    report = PARSERS.load("junit").parse(xml.encode())
    assert (report.total, report.passed, len(report.findings)) == (1, 0, 2)


def test_junit_of_a_linter_names_the_file_as_suite() -> None:
    assert places(read("junit", "ruff.xml"))[0] == (
        "/app/churn/broken::org.ruff.invalid-syntax",
        "churn/broken.py",
        1,
        15,
    )


@pytest.mark.parametrize(
    ("xml", "why"),
    [
        (b'<!DOCTYPE x [<!ENTITY a "b">]><testsuites/>', "document type"),
        ('<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x><testsuites/>'.encode("utf-16"), "UTF-8"),
        (b"<html/>", "begins neither"),
        (b"<testsuite><testcase>", "well-formed"),
        (b"<testsuite>" * 70, "too deeply"),
        (b"", "well-formed"),
    ],
)
def test_hostile_xml_is_refused(xml: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        PARSERS.load("junit").parse(xml)


def test_a_page_within_a_failure_is_no_document_type() -> None:
    xml = b'<testsuite><testcase name="n"><failure><![CDATA[<!DOCTYPE html> 500]]></failure></testcase></testsuite>'
    assert PARSERS.load("junit").parse(xml).findings[0].message == "<!DOCTYPE html> 500"


def test_failures_that_are_counted_but_not_listed_are_not_lost() -> None:
    xml = b'<testsuite failures="2" tests="3"><testcase name="a"/></testsuite>'
    assert "counts 2 failures" in PARSERS.load("junit").parse(xml).findings[0].message


def test_a_list_that_is_shorter_than_its_count_is_no_pass() -> None:
    xml = b'<testsuites tests="128"><testsuite tests="128"><testcase name="a"/></testsuite></testsuites>'
    assert "counts 128 tests but lists 1" in PARSERS.load("junit").parse(xml).findings[0].message


def test_what_broke_outside_of_every_test_is_not_lost() -> None:
    xml = b'<testsuite name="s"><testcase name="a"/><error message="set-up"/><testcase name="b"/></testsuite>'
    report = PARSERS.load("junit").parse(xml)
    assert (report.total, report.passed, report.findings[0].message) == (3, 2, "set-up")


def test_ctrf() -> None:
    report = read("ctrf", "pytest.json")
    assert (report.total, report.passed, report.skipped) == (7, 2, 2)
    assert (report.tool, report.version) == ("pytest", "9.2.0")
    assert places(report)[0] == ("tests/test_score.py::test_wrong", "tests/test_score.py", 17, None)


def test_container_structure_test() -> None:
    report = read("container_structure_test", "failed.json")
    assert (report.total, report.passed, report.about) == (2, 1, ())
    assert report.findings[0].rule == "File Existence Test: model"
    lost = b'{"Pass": 0, "Fail": 3, "Total": 3}'
    assert "counts 3 failures" in PARSERS.load("container_structure_test").parse(lost).findings[0].message


def test_goss_keeps_expected_and_actual() -> None:
    report = read("goss_json", "failed.json")
    assert (report.total, report.passed, report.skipped) == (3, 1, 1)
    (found,) = report.findings
    assert (found.rule, found.expected, found.actual) == (
        "HTTP: http://localhost:8000/health: status",
        "[200]",
        "503",
    )


def test_in_toto_bare_and_in_an_envelope() -> None:
    plain = (FIXTURES / "intoto_test_result" / "statement.json").read_bytes()
    parse = PARSERS.load("intoto_test_result").parse
    report = parse(plain)
    assert report.about == ("sha256:" + "b2" * 32,)
    assert [(f.rule, f.severity) for f in report.findings] == [("golden", Severity.ERROR), ("drift", Severity.WARNING)]
    envelope = {"payloadType": "application/vnd.in-toto+json", "payload": base64.b64encode(plain).decode()}
    assert parse(json.dumps(envelope).encode()) == report
    statement = json.loads(plain)
    statement["predicate"]["failedTests"] = []
    assert "no test is named" in parse(json.dumps(statement).encode()).findings[-1].message
    statement["predicateType"] = "https://slsa.dev/provenance/v1"
    with pytest.raises(Unreadable, match="predicate type"):
        parse(json.dumps(statement).encode())


def test_schemathesis_failures_once_for_each_operation() -> None:
    report = read("schemathesis_ndjson", "server_error.ndjson")
    assert report.version == "4.32.5"
    assert [(f.rule, f.severity) for f in report.findings] == [
        ("ST201 negative_data_rejection", Severity.WARNING),
        ("ST101 not_a_server_error", Severity.ERROR),
        ("ST103 status_code_conformance", Severity.WARNING),
    ]
    assert report.findings[1].message.startswith("POST /predict: Server error")
    cut = (FIXTURES / "schemathesis_ndjson" / "server_error.ndjson").read_bytes().splitlines()[:-1]
    with pytest.raises(Unreadable, match="did not end"):
        PARSERS.load("schemathesis_ndjson").parse(b"\n".join(cut))
