"""Linters' and type checkers' reports: every place counts from one, whatever the tool counts from."""

from __future__ import annotations

import json

import pytest

from mlcd_tui.checks.parsers._findings import fingerprint, relative
from mlcd_tui.domain.checks import Severity
from mlcd_tui.domain.errors import Unreadable
from tests.checks.parsers.reports import PARSERS, finding, places, read


def test_ruff_names_rule_place_and_remedy() -> None:
    report = read("ruff_json", "findings.json")
    bare = finding(report, "E722")
    assert (bare.file, bare.line, bare.column, bare.severity) == ("churn/score.py", 13, 5, Severity.ERROR)
    assert bare.url.endswith("bare-except")
    assert [f.fixable for f in report.findings if f.rule == "F401"] == [True, True]
    assert ("invalid-syntax", "churn/broken.py", 1, 15) in places(report)
    old = b'[{"code": null, "filename": "/app/a.py", "message": "SyntaxError: x", "location": {"row": 1, "column": 2}}]'
    assert places(PARSERS.load("ruff_json").parse(old, "/app")) == [("invalid-syntax", "a.py", 1, 2)]


def test_ruff_format_is_read_as_json_and_as_text() -> None:
    assert ("unformatted", "churn/score.py", 17, 17) in places(read("ruff_format", "unformatted.json"))
    assert places(read("ruff_format", "unformatted.txt")) == [("unformatted", "churn/score.py", 17, 17)]
    parse = PARSERS.load("ruff_format").parse
    assert places(parse(b"Would reformat: a.py\n1 file would be reformatted\n")) == [
        ("unformatted", "a.py", None, None)
    ]
    assert parse(b"3 files already formatted\n").findings == ()
    with pytest.raises(Unreadable, match="summary"):
        parse(b"")


def test_flake8_lines() -> None:
    report = read("flake8", "findings.txt")
    assert places(report)[0] == ("E999", "churn/broken.py", 1, 13)
    assert len(report.findings) == 7
    parse = PARSERS.load("flake8").parse
    assert parse(b"").findings == ()
    assert parse(b"a.py:3:80: W291 trailing whitespace\n").findings[0].severity is Severity.WARNING
    with pytest.raises(Unreadable, match="no line"):
        parse(b"Traceback (most recent call last):\n  boom\n")


@pytest.mark.parametrize("file", ["json2.json", "json.json"])
def test_pylint_columns_count_from_zero(file: str) -> None:
    report = read("pylint_json", file)
    assert ("E0001 syntax-error", "churn/broken.py", 1, 13) in places(report)
    unused = report.findings[-1]
    assert (unused.line, unused.column, unused.severity) == (2, 1, Severity.WARNING)
    assert finding(report, "C0114 missing-module-docstring").severity is Severity.INFO


def test_mypy_columns_count_from_zero_but_not_in_syntax_errors() -> None:
    assert places(read("mypy_jsonl", "types.jsonl"))[0] == ("return-value", "churn/score.py", 7, 12)
    assert places(read("mypy_jsonl", "syntax.jsonl")) == [
        ("syntax", "churn/broken.py", 1, 15),
        ("syntax", "churn/broken.py", 2, 5),
    ]


def test_mypy_remarks_between_its_lines() -> None:
    parse = PARSERS.load("mypy_jsonl").parse
    line = (
        b'{"file": "a.py", "line": 3, "column": 0, "message": "m", "hint": "try n", "code": null, "severity": "note"}\n'
    )
    note = parse(b"Found 1 error in 1 file (errors prevented further checking)\n" + line).findings[0]
    assert (note.severity, note.column, note.message) == (Severity.INFO, 1, "m try n")
    assert parse(b"").findings == parse(b"Success: no issues found in 2 source files\n").findings == ()
    with pytest.raises(Unreadable, match="no line of it is JSON"):
        parse(b"mypy: can't read file 'pkg': No such file or directory\n")
    with pytest.raises(Unreadable, match="lacks file or message"):
        parse(b'{"some": "other log"}\n')


def test_pyright_counts_everything_from_zero() -> None:
    report = read("pyright_json", "pyright.json")
    first = report.findings[0]
    assert (first.file, first.line, first.column) == ("churn/broken.py", 1, 12)
    assert ("reportReturnType", "churn/score.py", 7, 12) in places(report)
    assert report.version == "1.1.414"
    assert report.created is not None
    assert report.created.year == 2026


@pytest.mark.parametrize(
    ("parser", "report"),
    [
        ("sarif", b'{"version": "2.1.0", "runs": []}'),
        ("sarif", b'{"runs": [{"tool": {"driver": {"name": "t"}}}]}'),
        ("mypy_jsonl", b"Success: no issues found in 0 source files\n"),
        ("pyright_json", b'{"generalDiagnostics": [], "summary": {"filesAnalyzed": 0}}'),
        ("pyright_json", b'{"generalDiagnostics": [], "summary": {"filesAnalyzed": 1, "errorCount": 3}}'),
        ("pylint_json", b'{"messages": [], "statistics": {"modulesLinted": 0, "score": 10}}'),
    ],
)
def test_who_has_looked_at_nothing_has_not_found_nothing(parser: str, report: bytes) -> None:
    with pytest.raises(Unreadable, match=r"looked at|no tool has run|lists none of them"):
        PARSERS.load(parser).parse(report)


def test_sarif_levels_rules_and_addresses() -> None:
    report = read("sarif", "ruff.sarif")
    assert ("invalid-syntax", "churn/broken.py", 1, 15) in places(report)
    assert finding(report, "E722").url.endswith("/bare-except")
    assert report.tool == "ruff"
    result = {"ruleIndex": 0, "message": {"text": "m"}, "locations": []}
    hidden = {**result, "suppressions": [{"kind": "inSource"}]}
    driver = {"name": "t", "rules": [{"id": "R1", "defaultConfiguration": {"level": "note"}}]}
    run = {"tool": {"driver": driver}, "results": [result, hidden, {"message": {"text": "n"}}]}
    parse = PARSERS.load("sarif").parse
    told = parse(json.dumps({"runs": [run]}).encode()).findings
    assert [(f.rule, f.severity) for f in told] == [("R1", Severity.INFO), ("", Severity.WARNING)]
    unfinished = {**run, "invocations": [{"executionSuccessful": False}]}
    with pytest.raises(Unreadable, match="did not run to its end"):
        parse(json.dumps({"runs": [unfinished]}).encode())


def test_paths_become_relative_to_the_working_directory() -> None:
    assert relative("/app/pkg/a.py", "/app") == relative("file:///app/pkg/a.py", "/app/") == "pkg/a.py"
    assert relative("./pkg/a.py", "/app") == "pkg/a.py"
    assert relative("/application/a.py", "/app") == "/application/a.py"
    assert relative("/a.py", "/") == "a.py"


def test_a_fingerprint_outlives_moved_lines_and_counts() -> None:
    assert fingerprint("F401", "a.py", "line 3 is too long (99 > 88)") == fingerprint(
        "F401", "a.py", "line 71 is too long (104 > 88)"
    )
    assert fingerprint("F401", "a.py", "x") != fingerprint("F401", "b.py", "x")


def test_the_cap_counts_what_it_leaves_out() -> None:
    line = {"code": "F401", "filename": "/app/a.py", "message": "m", "location": {"row": 1, "column": 1}}
    report = PARSERS.load("ruff_json").parse(json.dumps([line] * 620).encode())
    assert (len(report.findings), report.truncated) == (500, 120)
    with pytest.raises(Unreadable, match="MiB"):
        PARSERS.load("ruff_json").parse(b"[" + b" " * (20 << 20) + b"]")
