"""Linters, type checkers and test runners: exit code and report together decide, and what could not run never passes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.checks.plan import KINDS
from mlcd_tui.domain.check_ports import Command, Ran
from mlcd_tui.domain.checks import CheckResult, CheckState
from mlcd_tui.domain.errors import BadConfig
from tests.checks.fake_bench import FakeBench
from tests.checks.parsers.reports import FIXTURES

STAGE = "sha256:" + "5a" * 32
SCORE = b"import os\nimport sys\n\n\ndef score(amount: float, age: int) -> float:\n    label = 'high'\n\treturn label\x1b[2J\n"


def run(kind: str, bench: FakeBench, folder: str = ".", **part: Any) -> CheckResult:
    check = KINDS.load(kind)
    spec = check.model.model_validate({"name": "it", "kind": kind, **part})
    return check.run(spec, bench, folder, lambda _: None)


def answering(code: int | None, fixture: str = "", **more: Any) -> FakeBench:
    content = (FIXTURES / fixture).read_bytes() if fixture else b""
    return FakeBench(answer=Ran(code, stdout=content, report=content, ran_on=STAGE, **more))


def test_a_linter_that_finds_something_fails_with_the_source_around() -> None:
    bench = answering(1, "ruff_json/findings.json", seconds=1.5)
    bench.files["/app/churn/score.py"] = SCORE
    result = run("lint", bench, tool="ruff")
    assert bench.commands[0].argv == ("ruff", "check", "-v", "--no-cache", "--output-format", "json", ".")
    assert (result.state, result.exit_code, result.seconds, result.ran_on) == (CheckState.FAILED, 1, 1.5, "")
    assert result.sentence == "5 findings in 2 files"
    unused = next(one for one in result.report.findings if one.rule == "F401")
    assert unused.context[0] == (1, "import os")
    assert [line for line, _ in unused.context] == [1, 2, 3]


def test_a_linter_that_found_no_file_to_look_at_has_not_passed() -> None:
    bench = FakeBench(answer=Ran(0, stdout=b"[]", stderr=b"warning: No Python files found under the given path(s)\n"))
    result = run("lint", bench, tool="ruff", paths=["srcc"])
    assert result.state is CheckState.ERROR
    assert result.sentence.startswith("it has looked at no file: warning: No Python files")


def test_source_that_holds_a_secret_is_not_shown() -> None:
    """Evidence with its findings is published in the cluster."""
    bench = answering(1, "ruff_json/findings.json")
    token = "ghp_" + "a" * 36
    bench.files["/app/churn/score.py"] = f"key = '{token}'\n\n\n\n\n".encode()
    unused = next(one for one in run("lint", bench, tool="ruff").report.findings if one.rule == "F401")
    assert unused.context[0] == (1, "(not shown: it may hold a secret)")
    place = {"filename": "/app/a.py", "location": {"row": 2, "column": 1}}
    report = json.dumps([{"code": "B105", "message": "Possible hardcoded password: 'hunter2'", **place}]).encode()
    bench = FakeBench(answer=Ran(1, stdout=report), files={"/app/a.py": b"import os\npassword = 'hunter2'\n"})
    (found,) = run("lint", bench, tool="ruff").report.findings
    assert found.message == "Possible hardcoded password (not shown)"
    assert found.context[:2] == ((1, "import os"), (2, "(not shown: it may hold a secret)"))


def test_source_is_made_harmless_and_read_from_the_stage_that_it_was_found_in() -> None:
    bench = answering(1, "mypy_jsonl/types.jsonl")
    bench.files["dev:/app/churn/score.py"] = SCORE
    result = run("typecheck", bench, tool="mypy", target="dev")
    assert result.report.findings[0].context[-2:] == ((7, "    return label␛[2J"), (8, ""))
    assert (result.ran_on, bench.commands[0].target) == (STAGE, "dev")


@pytest.mark.parametrize(
    ("kind", "tool", "code", "fixture", "state", "sentence"),
    [
        ("lint", "ruff", 0, "ruff_json/findings.json", CheckState.FAILED, "5 findings in 2 files"),
        ("lint", "ruff", 2, "ruff_json/findings.json", CheckState.ERROR, "exit code 2 says that it could not run"),
        ("lint", "flake8", 1, "", CheckState.ERROR, "exit code 1, but nothing is reported"),
        ("lint", "ruff", 1, "", CheckState.ERROR, "It ended with exit code 1. The report cannot be read as ruff JSON"),
        ("lint", "ruff", 127, "", CheckState.ERROR, "ruff cannot be run there; is it installed?"),
        ("lint", "pylint", 22, "pylint_json/json2.json", CheckState.FAILED, "11 findings in 2 files"),
        ("lint", "pylint", 32, "pylint_json/json2.json", CheckState.ERROR, "exit code 32 says that it could not run"),
        ("typecheck", "mypy", 2, "mypy_jsonl/syntax.jsonl", CheckState.FAILED, "2 findings in 1 file, all syntax"),
        ("typecheck", "mypy", 2, "", CheckState.ERROR, "exit code 2, but nothing is reported"),
        ("typecheck", "pyright", 1, "pyright_json/pyright.json", CheckState.FAILED, "findings in 2 files"),
        ("typecheck", "pyright", 3, "", CheckState.ERROR, "It ended with exit code 3."),
        ("tests", "pytest", 1, "junit/pytest_xunit1.xml", CheckState.FAILED, "3 of 5 tests failed, 2 skipped"),
        ("tests", "pytest", 0, "junit/pytest_xunit1.xml", CheckState.FAILED, "3 of 5 tests failed, 2 skipped"),
        ("tests", "pytest", 5, "junit/pytest_empty.xml", CheckState.ERROR, "no test was collected"),
        ("tests", "pytest", 0, "junit/pytest_empty.xml", CheckState.ERROR, "no test was collected"),
        ("tests", "pytest", 2, "junit/pytest_collection_error.xml", CheckState.ERROR, "could not run to its end"),
        ("tests", "pytest", 3, "junit/pytest_xunit1.xml", CheckState.ERROR, "could not run to its end"),
    ],
)
def test_exit_code_and_report_decide_together(
    kind: str, tool: str, code: int, fixture: str, state: CheckState, sentence: str
) -> None:
    result = run(kind, answering(code, fixture), tool=tool)
    assert result.state is state
    assert sentence in result.sentence


@pytest.mark.parametrize(
    ("change", "state", "sentence"),
    [
        ({"cancelled": True}, CheckState.CANCELLED, "called off"),
        ({"timed_out": True}, CheckState.TIMED_OUT, "killed after 30 s"),
        ({"out_of_memory": True, "exit_code": 137}, CheckState.OUT_OF_MEMORY, "it needed more memory than 512 MiB"),
        ({"exit_code": None}, CheckState.ERROR, "it could not be started: last words"),
        ({"report": None}, CheckState.ERROR, "No report was written to /mlcd-report/junit.xml: last words"),
    ],
)
def test_what_ended_before_its_time_is_no_pass(change: dict[str, Any], state: CheckState, sentence: str) -> None:
    """Even where a good report was left."""
    good = b'<testsuite tests="1" failures="0"><testcase name="a"/></testsuite>'
    ran = replace(Ran(0, report=good, stderr=b"first\nlast words\n\n"), **change)
    result = run("tests", FakeBench(answer=ran), tool="pytest", limits={"seconds": 30, "memory": "512Mi"})
    assert (result.state, result.sentence) == (state, sentence)


@pytest.mark.parametrize(
    ("part", "state", "sentence"),
    [
        ({}, CheckState.PASSED, "2 passed, 1 skipped"),
        ({"min_tests": 3}, CheckState.FAILED, "2 passed, 1 skipped; at least 3 must run"),
        ({"max_skipped": 0}, CheckState.WARNED, "2 passed, 1 skipped; at most 0 may be skipped"),
    ],
)
def test_skipped_tests_did_not_run(part: dict[str, Any], state: CheckState, sentence: str) -> None:
    xml = b'<testsuite><testcase name="a"/><testcase name="b"/><testcase name="c"><skipped/></testcase></testsuite>'
    result = run("tests", FakeBench(answer=Ran(0, report=xml)), tool="pytest", **part)
    assert (result.state, result.sentence) == (state, sentence)
    assert (result.report.total, result.report.passed, result.report.skipped) == (3, 2, 1)


def test_only_skipped_tests_are_no_pass() -> None:
    xml = b'<testsuite><testcase name="a"><skipped/></testcase></testsuite>'
    result = run("tests", FakeBench(answer=Ran(0, report=xml)), tool="pytest")
    assert (result.state, result.sentence) == (CheckState.ERROR, "every test was skipped (1)")


def test_a_linter_cannot_stand_for_tests() -> None:
    bench = FakeBench(answer=Ran(0, stdout=b"[]"))
    result = run("tests", bench, command="ruff check", parser="ruff_json")
    assert (result.state, result.sentence) == (CheckState.ERROR, "a ruff_json report does not count tests")


@pytest.mark.parametrize(
    ("part", "state"),
    [
        ({}, CheckState.FAILED),
        ({"fail_on": "error"}, CheckState.WARNED),
        ({"allow": 1}, CheckState.WARNED),
        ({"allow": 0, "fail_on": "info"}, CheckState.FAILED),
    ],
)
def test_what_fails_is_the_plans_to_say(part: dict[str, Any], state: CheckState) -> None:
    warning = b"a.py:1:2: W291 trailing whitespace\n"
    assert run("lint", FakeBench(answer=Ran(1, stdout=warning)), tool="flake8", **part).state is state


def test_notes_alone_pass() -> None:
    note = b'{"file": "a.py", "line": 1, "column": 0, "message": "Revealed type", "severity": "note", "code": null}'
    assert run("typecheck", FakeBench(answer=Ran(0, stdout=note)), tool="mypy").state is CheckState.PASSED


def test_any_tool_by_command_and_parser() -> None:
    bench = answering(7, "sarif/ruff.sarif")
    part: dict[str, Any] = {
        "command": "bandit -r 'my app' -f sarif",
        "parser": "sarif",
        "exit_codes": {"findings": [7]},
    }
    assert run("lint", bench, **part).state is CheckState.FAILED
    assert bench.commands[0].argv == ("bandit", "-r", "my app", "-f", "sarif")


def test_building_a_stage_can_be_the_check() -> None:
    part: dict[str, Any] = {"tool": "pytest", "built": True, "target": "test", "report": "/out/junit.xml"}
    bench = answering(0, "junit/pytest_xunit1.xml", from_cache=True)
    result = run("tests", bench, **part)
    assert bench.commands[0] == replace(bench.commands[0], argv=(), target="test", report="/out/junit.xml")
    assert (result.state, result.from_cache, result.command) == (CheckState.FAILED, True, "build of stage test")
    failed = FakeBench(answer=Ran(1, stderr=b"The command 'pytest' returned a non-zero code: 1"))
    result = run("tests", failed, **part)
    assert result.state is CheckState.ERROR
    assert result.sentence.startswith("stage test was not built (exit code 1), so it left no report: The command")


def test_source_that_was_brought_is_shown_though_the_image_lacks_it(tmp_path: Path) -> None:
    (tmp_path / "test_score.py").write_text("\n" * 16 + "    assert unformatted(1, 2) == 4\n")
    bench = answering(1, "junit/pytest_xunit1.xml")
    result = run("tests", bench, str(tmp_path), tool="pytest", bring={"/app/tests/test_score.py": "test_score.py"})
    assert (17, "    assert unformatted(1, 2) == 4") in result.report.findings[0].context


def test_what_the_image_lacks_is_brought(tmp_path: Path) -> None:
    (tmp_path / "tests" / "deep").mkdir(parents=True)
    (tmp_path / "tests" / "deep" / "test_a.py").write_bytes(b"a")
    (tmp_path / "ruff.toml").write_bytes(b"r")

    def seen(command: Command) -> Ran:
        assert command.files == (("/app/ruff.toml", b"r"), ("/app/tests/deep/test_a.py", b"a"))
        return Ran(0, report=b'<testsuite><testcase name="a"/></testsuite>')

    bring = {"/app/tests": "tests", "/app/ruff.toml": "ruff.toml"}
    assert run("tests", FakeBench(answer=seen), str(tmp_path), tool="pytest", bring=bring).state is CheckState.PASSED
    with pytest.raises(BadConfig, match="cannot be read"):
        run("tests", FakeBench(), str(tmp_path), tool="pytest", bring={"/app/x": "absent"})
