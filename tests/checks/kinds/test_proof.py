"""Who says nothing has not found nothing: linters and type checkers prove that they are there and have looked."""

from __future__ import annotations

from typing import Any

import pytest

from mlcd_tui.checks.plan import KINDS
from mlcd_tui.domain.check_ports import Ran
from mlcd_tui.domain.checks import CheckResult, CheckState
from tests.checks.fake_bench import FakeBench

# What the tools themselves wrote (ruff 0.17.6, flake8 7.5.0, pylint 4.1.4, mypy 2.4.1), their version asked first.
RUFF = b"ruff 0.17.6\n[2026-11-24][14:32:15][ruff::commands::check][DEBUG] Checked %d files in: 1.016216ms\n"
RUFF_NOTHING = b"ruff 0.17.6\nwarning: No Python files found under the given path(s)\n"
FLAKE8 = b"7.5.0 (mccabe: 0.7.0, pycodestyle: 2.15.0, pyflakes: 4.1.0) CPython 3.11.7 on\nLinux\n"
BENCHMARK = (
    b"0.0446     seconds elapsed\n2          total logical lines processed\n44         logical lines processed per second\n"
    b"%d          total files processed\n22         files processed per second\n"
)
PYLINT = (
    b"pylint 4.1.4\nastroid 4.3.4\nPython 3.11.7 (main, May  9 2026, 07:35:25) [GCC 12.2.0]\nNo config file found\n"
)
LINTED = (
    b"Get ASTs.\nAST for good/[b].py\nLinting %d modules.\ngood/[b].py (1 of 1)\n"
    b'{\n    "messages": [],\n    "statistics": {"modulesLinted": 2, "score": 10.0}\n}\n'
)
MYPY = b"mypy 2.4.1 (compiled: yes)\n"


def run(kind: str, stdout: bytes = b"", stderr: bytes = b"", *, asked: bool = True, **part: Any) -> CheckResult:
    check = KINDS.load(kind)
    bench = FakeBench(answer=Ran(0, stdout, stderr, asked_first=asked and "tool" in part))
    return check.run(check.model.model_validate({"name": "it", "kind": kind, **part}), bench, ".", lambda _: None)


@pytest.mark.parametrize(
    ("kind", "tool", "stdout", "stderr", "version", "files"),
    [
        ("lint", "ruff", b"[]", RUFF % 12, "0.17.6", 12),
        ("lint", "flake8", BENCHMARK % 3, FLAKE8, "7.5.0", 3),
        ("lint", "pylint", LINTED % 1, PYLINT, "4.1.4", 1),
        ("typecheck", "mypy", b"\n", MYPY, "2.4.1", None),
        (
            "typecheck",
            "pyright",
            b'{"version": "1.1.414", "generalDiagnostics": [], "summary": {"filesAnalyzed": 9}}',
            b"",
            "1.1.414",
            9,
        ),
    ],
)
def test_version_and_files_stand_in_the_report(
    kind: str, tool: str, stdout: bytes, stderr: bytes, version: str, files: int | None
) -> None:
    result = run(kind, stdout, stderr, tool=tool)
    assert result.state is CheckState.PASSED, result.sentence
    assert (result.report.version, result.report.files) == (version, files)
    assert result.sentence == ("nothing found" + (f" in {files} file{'s'[: files > 1]}" if files else ""))


@pytest.mark.parametrize(
    ("kind", "tool", "stdout", "stderr"),
    [
        ("lint", "ruff", b"[]", RUFF_NOTHING),
        ("lint", "flake8", BENCHMARK % 0, FLAKE8),
        ("lint", "pylint", LINTED % 0, PYLINT),
    ],
)
def test_a_tool_that_had_nothing_to_look_at_is_an_error(kind: str, tool: str, stdout: bytes, stderr: bytes) -> None:
    """Each of them ends with 0 all the same."""
    result = run(kind, stdout, stderr, tool=tool)
    assert result.state is CheckState.ERROR
    assert "looked at no file" in result.sentence


@pytest.mark.parametrize(("kind", "tool", "stdout"), [("lint", "flake8", b""), ("typecheck", "mypy", b"\n")])
def test_a_script_that_does_nothing_is_not_the_tool(kind: str, tool: str, stdout: bytes) -> None:
    result = run(kind, stdout, tool=tool)
    assert (result.state, result.sentence) == (
        CheckState.ERROR,
        f"nothing found, but `{tool} --version` names no {tool} there",
    )


def test_where_no_shell_is_nobody_is_asked() -> None:
    assert run("typecheck", b"\n", tool="mypy", asked=False).state is CheckState.PASSED
    silent = run("lint", b"", tool="flake8", asked=False)
    assert (silent.state, silent.sentence) == (
        CheckState.WARNED,
        "nothing found, but it does not say how many files it has looked at",
    )


def test_fewer_files_than_the_plan_wants_fail() -> None:
    result = run("lint", b"[]", RUFF % 2, tool="ruff", min_files=3)
    assert (result.state, result.sentence) == (
        CheckState.FAILED,
        "nothing found in 2 files; at least 3 must be looked at",
    )


@pytest.mark.parametrize(
    ("part", "stdout", "state"),
    [
        ({"command": "true", "parser": "flake8"}, b"", CheckState.ERROR),
        ({"command": "true", "parser": "flake8", "silence": "it is silent when all is well"}, b"", CheckState.PASSED),
        ({"command": "echo []", "parser": "ruff_json"}, b"[]", CheckState.WARNED),
        ({"command": "flake8 --benchmark", "parser": "flake8"}, BENCHMARK % 4, CheckState.PASSED),
        ({"command": "flake8 --benchmark", "parser": "flake8"}, BENCHMARK % 0, CheckState.ERROR),
        (
            {"command": "bandit -f sarif", "parser": "sarif"},
            b'{"runs": [{"tool": {"driver": {"name": "bandit", "version": "1.9"}}, "results": []}]}',
            CheckState.PASSED,
        ),
    ],
)
def test_any_other_command_must_say_what_it_is_or_what_it_saw(
    part: dict[str, Any], stdout: bytes, state: CheckState
) -> None:
    assert run("lint", stdout, **part).state is state


def test_pytest_tells_its_version_in_its_head() -> None:
    check = KINDS.load("tests")
    head = b"platform linux -- Python 3.11.7, pytest-8.4.2, pluggy-1.6.0\n"
    xml = b'<testsuite><testcase name="a"/></testsuite>'
    spec = check.model.model_validate({"name": "it", "kind": "tests", "tool": "pytest"})
    result = check.run(spec, FakeBench(answer=Ran(0, head, b"", xml)), ".", lambda _: None)
    assert (result.state, result.report.version) == (CheckState.PASSED, "8.4.2")


def test_what_a_tool_died_of_is_told_and_not_what_it_was_busy_with() -> None:
    check = KINDS.load("lint")
    spec = check.model.model_validate({"name": "it", "kind": "lint", "tool": "ruff"})
    stderr = b"ruff 0.17.6\nruff failed\n  Cause: no such rule: X1\n" + (RUFF % 1).partition(b"\n")[2]
    result = check.run(spec, FakeBench(answer=Ran(2, b"", stderr, asked_first=True)), ".", lambda _: None)
    assert result.state is CheckState.ERROR
    assert result.sentence.endswith(": Cause: no such rule: X1")
