"""Forms that runs are given out in: true, valid, and no foreign text breaks out of its place."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlcd_tui.checks.exports import table
from mlcd_tui.checks.parsers.junit import PARSER as JUNIT
from mlcd_tui.checks.parsers.sarif import PARSER as SARIF
from mlcd_tui.domain.check_document import run_from_document
from mlcd_tui.domain.check_ports import RunExport
from mlcd_tui.domain.checks import CheckRun, CheckState, Finding, Report, Severity
from mlcd_tui.domain.text import Clean
from mlcd_tui.registry import Registry
from tests.checks.runs_made import CONFIG, IMAGE, MANIFEST, RUNS, finding, result, run

EXPORTS = Registry[RunExport]("mlcd_tui.checks.exports", "EXPORT", "mlcd_tui.exports")
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
HOSTILE = st.sampled_from(
    [
        "::error::x",
        "\n::set-env name=A::b",
        "]]>",
        "<!--",
        "a\x00b",
        "\x1b[31m",
        "%0A::",
        "a,b:c",
        "[x](http://e)",
        "{0}",
        "\u202e",
        "\ud800",
        "&lt;",
        '"',
        "'",
    ]
) | st.text(max_size=12)


def _render(name: str, made: CheckRun) -> str:
    return EXPORTS.load(name).render(made)


def _hostile(text: str) -> CheckRun:
    """Text in every place, not cleaned: an export must hold by itself."""
    raw = Clean(text)
    found = Finding(raw, rule=raw, file=raw, line=1, expected=raw, actual=raw, url=raw, fingerprint=text)
    report = Report((found,), tool=raw, version=raw)
    one = result(state=CheckState.FAILED, sentence=raw, report=report, reason=raw, kind=text, command=raw)
    return run(one, id=text or "x", by=raw, engine=raw)


def test_the_registry_finds_them_all() -> None:
    assert EXPORTS.names() == ("github", "intoto", "json", "junit", "sarif", "table")
    assert {export.name for export in EXPORTS.all()} == set(EXPORTS.names())


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(RUNS)
def test_json_and_in_toto_carry_the_whole_run(made: CheckRun) -> None:
    assert run_from_document(json.loads(_render("json", made))) == made
    assert json.loads(_render("intoto", made))["subject"]


# --- JUnit ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "tag"),
    [
        (CheckState.PASSED, None),
        (CheckState.WARNED, None),
        (CheckState.SKIPPED, "skipped"),
        (CheckState.FAILED, "failure"),
        *((state, "error") for state in CheckState if not state.met and state not in {"failed", "skipped"}),
    ],
)
def test_junit_states(state: CheckState, tag: str | None) -> None:
    root = ET.fromstring(_render("junit", run(result(state=state, reason=Clean("since")))))
    (case,) = root.iter("testcase")
    assert [child.tag for child in case] == ([tag] if tag else [])
    assert set(root.keys()) <= {"name", "time", "tests", "failures", "errors", "disabled"}, (
        "all that Jenkins' schema has"
    )
    suite = root[0]
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == [
        "1",
        str(int(tag == "failure")),
        str(int(tag == "error")),
        str(int(tag == "skipped")),
    ]
    if tag:
        assert case[0].get("message") == "since"


def test_junit_says_what_was_found_and_on_which_image() -> None:
    root = ET.fromstring(_render("junit", run()))
    failure = next(root.iter("failure"))
    assert failure.get("message") == "1 finding in 1 file"
    assert failure.text == "app/main.py:3:8: error F401 `os` imported but unused"
    values = {each.get("name"): each.get("value") for each in root.iter("property")}
    assert (values["image.configDigest"], values["image.manifestDigest"]) == (CONFIG, MANIFEST)


def test_junit_is_read_by_what_reads_junit() -> None:
    report = JUNIT.parse(_render("junit", run()).encode())
    assert (report.total, report.passed, len(report.findings)) == (2, 1, 1)


@settings(max_examples=60, deadline=None)
@given(HOSTILE)
def test_junit_stays_xml(text: str) -> None:
    root = ET.fromstring(_render("junit", _hostile(text)).encode("utf-8"))
    assert [(each.tag, len(each)) for each in root] == [("testsuite", 2)]
    assert len(list(root.iter("failure"))) == 1


# --- SARIF ------------------------------------------------------------------------------------------------------


def _strict(document: dict[str, Any]) -> None:
    """What the schema of SARIF 2.1.0 demands of the parts that are written."""
    assert set(document) == {"$schema", "version", "runs"}
    assert document["version"] == "2.1.0"
    for made in document["runs"]:
        driver, invocation = made["tool"]["driver"], made["invocations"][0]
        assert driver["name"]
        assert len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"])
        assert isinstance(invocation["executionSuccessful"], bool)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", invocation["startTimeUtc"])
        for one in made["results"]:
            assert driver["rules"][one["ruleIndex"]]["id"] == one["ruleId"]
            assert one["level"] in {"none", "note", "warning", "error"}
            assert one["message"]["text"]
            for place in one.get("locations", []):
                uri = place["physicalLocation"]["artifactLocation"]["uri"]
                assert re.fullmatch(r"(?:[A-Za-z0-9\-._~/@!$&'()*+,;=]|%[0-9A-F]{2})+", uri)
                region = place["physicalLocation"].get("region", {})
                assert all(number >= 1 for number in region.values())
                assert region.get("endLine", 10**9) >= region.get("startLine", 0)


def test_sarif_has_findings_where_they_are() -> None:
    document = json.loads(_render("sarif", run()))
    _strict(document)
    (found,) = document["runs"][0]["results"]
    place = found["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]) == ("app/main.py", {"startLine": 3, "startColumn": 8})
    report = SARIF.parse(_render("sarif", run()).encode())
    assert [(each.rule, each.file, each.line, each.message) for each in report.findings] == [
        ("F401", "app/main.py", 3, "`os` imported but unused")
    ]


def test_how_far_a_value_is_off_is_a_number_in_json_and_sarif() -> None:
    off = Finding(Clean("$.p differs"), expected=Clean("0.5"), actual=Clean("0.5"), difference=1e-9, tolerance=0.0)
    snapshot = result("snapshot", CheckState.FAILED, report=Report((off, Finding(Clean("a text differs")))))
    made = run(results=(snapshot,))
    first, second = json.loads(_render("json", made))["results"][0]["report"]["findings"]
    assert (first["difference"], first["tolerance"]) == (1e-9, 0.0)
    assert not {"difference", "tolerance"} & set(second)
    assert run_from_document(json.loads(_render("json", made))) == made
    document = json.loads(_render("sarif", made))
    _strict(document)
    first, second = document["runs"][0]["results"]
    assert first["properties"] == {"expected": "0.5", "actual": "0.5", "difference": 1e-9, "tolerance": 0.0}
    assert "properties" not in second


@pytest.mark.parametrize("state", CheckState)
def test_sarif_never_hides_what_could_not_run(state: CheckState) -> None:
    made = json.loads(_render("sarif", run(result(state=state))))["runs"][0]
    invocation = made["invocations"][0]
    assert invocation["executionSuccessful"] is (state in {"passed", "warned", "failed"})
    assert bool(made["results"]) is (state == "failed")
    if not invocation["executionSuccessful"]:
        assert invocation["toolExecutionNotifications"][0]["message"]["text"].startswith(str(state))


@settings(max_examples=60, deadline=None)
@given(HOSTILE)
def test_sarif_stays_sarif(text: str) -> None:
    document = json.loads(_render("sarif", _hostile(text)))
    _strict(document)
    if text:
        place = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
        told = unquote(place["artifactLocation"]["uri"])
        assert told == text.encode("utf-8", "replace").decode()
    assert "](http" not in document["runs"][0]["results"][0]["message"]["text"].replace("\\](", "")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://[", "file:///etc/passwd"])
def test_sarif_help_leads_to_the_web_or_nowhere(url: str) -> None:
    made = run(result(state=CheckState.FAILED, report=Report((finding(url=Clean(url)),))))
    assert json.loads(_render("sarif", made))["runs"][0]["tool"]["driver"]["rules"] == [{"id": "F401"}]


# --- GitHub and the table -----------------------------------------------------------------------------------------


def test_github_annotates_lines() -> None:
    assert _render("github", run()).splitlines() == [
        "::error title=lint%3A failed::1 finding in 1 file",
        "::error file=app/main.py,line=3,col=8,title=lint F401::`os` imported but unused",
        "::notice title=tests%3A passed::tests passed",
    ]


def test_github_makes_nothing_red_that_is_met() -> None:
    met = result(state=CheckState.WARNED, report=Report((finding(severity=Severity.ERROR),)))
    advisory = result("image", CheckState.FAILED, required=False)
    assert "::error" not in _render("github", run(met, advisory))


@settings(max_examples=100, deadline=None)
@given(HOSTILE)
def test_github_has_only_commands_of_ours(text: str) -> None:
    lines = re.split(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", _render("github", _hostile(text)).rstrip("\n"))
    assert len(lines) == 2
    for line in lines:
        matched = re.fullmatch(r"::error ((?:[a-zA-Z]+=[^,:]*)(?:,[a-zA-Z]+=[^,:]*)*)::(.*)", line)
        assert matched, line
        assert re.fullmatch(r"(?:[^%]|%25|%0A|%0D)*", matched[2])


def test_github_says_how_many_it_left_out() -> None:
    many = tuple(finding(line=line) for line in range(1, 61))
    text = _render("github", run(result(state=CheckState.FAILED, report=Report(many, truncated=5))))
    assert "and 15 more findings" in text
    assert len(text.splitlines()) == 52


def test_table_rows() -> None:
    assert table.rows(run())[0] == (
        "lint",
        "lint",
        "failed",
        "1 finding in 1 file",
        f"{IMAGE.manifest_digest[:19]}…",
        "1.5",
    )
    lines = _render("table", run(result(sentence=Clean("日本")), result("tests"))).splitlines()
    assert lines[1].index("sha256") + 2 == lines[2].index("sha256")  # two wide characters take four cells
