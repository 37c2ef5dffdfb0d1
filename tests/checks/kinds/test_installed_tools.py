"""The usual tools as they are installed beside us: called as the kinds call them, read as the parsers read them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.checks.plan import KINDS
from mlcd_tui.domain.check_ports import Command, Ran
from mlcd_tui.domain.checks import CheckResult, CheckState
from tests.checks.fake_bench import FakeBench


def run(kind: str, folder: Path, **part: Any) -> CheckResult:
    """Run a check's command on this machine, in a folder."""

    def answer(command: Command) -> Ran:
        argv = (
            [sys.executable, *command.argv[1:]]
            if command.argv[0] == "python3"
            else [sys.executable, "-m", *command.argv]
        )
        report = folder / "report" / Path(command.report).name
        report.parent.mkdir(exist_ok=True)
        argv = [
            word.replace(str(Path(command.report).parent), str(report.parent)) if command.report else word
            for word in argv
        ]
        environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "MYPY_CACHE_DIR": os.devnull}
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # ours take seconds to import
        done = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, check=False)
        written = report.read_bytes() if report.is_file() else None
        return Ran(done.returncode, done.stdout, done.stderr, written)

    bench = FakeBench(inspection={"Config": {"WorkingDir": str(folder)}}, answer=answer)
    bench.files = {str(path): path.read_bytes() for path in folder.rglob("*.py")}
    check = KINDS.load(kind)
    return check.run(
        check.model.model_validate({"name": kind, "kind": kind, **part}), bench, str(folder), lambda _: None
    )


GOOD = "def double(number: int) -> int:\n    return number * 2\n"
TEST = "from scorer import double\n\n\ndef test_double() -> None:\n    assert double(2) == 4\n"


@pytest.mark.parametrize(
    ("kind", "tool", "bad", "rule", "line"),
    [
        ("lint", "ruff", "import os\n\n\n" + GOOD, "F401", 1),
        ("lint", "ruff", "def double(:\n", "invalid-syntax", 1),
        ("lint", "ruff-format", GOOD.replace(" * ", "*"), "unformatted", 2),
        ("typecheck", "mypy", GOOD.replace("number * 2", "str(number)"), "return-value", 2),
        ("typecheck", "mypy", "def double(:\n", "syntax", 1),
        ("tests", "pytest", GOOD.replace("* 2", "* 3"), "test_scorer::test_double", 5),
    ],
)
def test_good_passes_and_bad_fails_at_its_line(
    tmp_path: Path, kind: str, tool: str, bad: str, rule: str, line: int
) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "scorer.py").write_text(GOOD)
    (tmp_path / "test_scorer.py").write_text(TEST)
    assert run(kind, tmp_path, tool=tool).state is CheckState.PASSED
    (tmp_path / "scorer.py").write_text(bad)
    result = run(kind, tmp_path, tool=tool)
    assert result.state is CheckState.FAILED
    found = result.report.findings[0]
    assert (found.rule, found.line) == (rule, line)
    assert found.file == ("test_scorer.py" if kind == "tests" else "scorer.py")
    assert line in [number for number, _ in found.context]


def test_no_test_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "scorer.py").write_text(GOOD)
    result = run("tests", tmp_path, tool="pytest")
    assert (result.state, result.exit_code, result.sentence) == (CheckState.ERROR, 5, "no test was collected")


def test_tests_that_cannot_be_imported_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "test_scorer.py").write_text(TEST)
    result = run("tests", tmp_path, tool="pytest")
    assert (result.state, result.exit_code) == (CheckState.ERROR, 2)
    assert result.report.findings[0].message == "collection failure"
