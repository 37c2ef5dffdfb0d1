"""A test runner in the image or in a build stage. No test at all is an error, never a pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from mlcd_tui.checks.kinds._judging import Judged, counted, plural, run_tool
from mlcd_tui.checks.kinds._tools import Tool, ToolPart
from mlcd_tui.domain.check_ports import Bench
from mlcd_tui.domain.checks import CheckResult, CheckState, Severity

_REPORT = "/mlcd-report/junit.xml"
_PYTEST_NOTHING = 5
TOOLS: Mapping[str, Tool] = {
    "pytest": Tool(
        (
            "python3",
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            f"--junitxml={_REPORT}",
            "-o",
            "junit_family=xunit1",
        ),
        "junit",
        report=_REPORT,
        version=r"^platform .*\bpytest-(\d[^,\s]*)",
    ),
}


class RunnerPart(ToolPart):
    """A test runner."""

    kind: Literal["tests"]
    tool: Literal["pytest"] | None = None
    """A usual test runner, called as it must be called; else `command` and `parser`."""
    paths: tuple[str, ...] = ()
    """What it runs, relative to the working directory; left out: what its own configuration says."""
    min_tests: Annotated[int, Field(ge=1)] = 1
    """So many must have run; skipped ones did not."""
    max_skipped: Annotated[int, Field(ge=0)] | None = None
    """More skipped ones are a warning; left out: they are only counted."""

    @classmethod
    def tools(cls) -> Mapping[str, Tool]:
        """The usual test runners."""
        return TOOLS


@dataclass(frozen=True, slots=True)
class _Tests:
    name: str = "tests"
    title: str = "Tests"
    model: type[Any] = RunnerPart

    def files(self, spec: RunnerPart) -> tuple[str, ...]:
        """What it brings into the container."""
        return tuple(sorted(set(spec.bring.values())))

    def run(self, spec: RunnerPart, bench: Bench, folder: str, log: Callable[[str], None]) -> CheckResult:
        """Run it."""
        return run_tool(spec, bench, folder, log, by_tests)


CHECK = _Tests()


def by_tests(judged: Judged) -> CheckResult:
    """A test runner's result."""
    part, report, code = judged.part, judged.report, judged.ran.exit_code
    assert isinstance(part, RunnerPart)
    if report.total is None:
        return judged.result(CheckState.ERROR, f"a {judged.tool.parser} report does not count tests")
    skipped = report.skipped or 0
    ran = report.total - skipped
    failed = ran - (report.passed or 0)
    told = f"{failed} of {plural(ran, 'test')} failed" if failed else f"{report.passed} passed"
    told += f", {skipped} skipped" if skipped else ""
    if report.total == 0 or (code == _PYTEST_NOTHING and part.tool == "pytest"):
        return judged.result(CheckState.ERROR, "no test was collected")
    if ran == 0:
        return judged.result(CheckState.ERROR, f"every test was skipped ({skipped})")
    if code not in (*judged.tool.clean, *judged.tool.findings):
        return judged.result(CheckState.ERROR, f"exit code {code} says that it could not run to its end; {told}")
    if failed or any(one.severity is Severity.ERROR for one in report.findings):
        return judged.result(CheckState.FAILED, told if failed else counted(report))
    if code not in judged.tool.clean:
        return judged.result(CheckState.ERROR, f"exit code {code}, but no failure is reported; {told}")
    if ran < part.min_tests:
        return judged.result(CheckState.FAILED, f"{told}; at least {part.min_tests} must run")
    if part.max_skipped is not None and skipped > part.max_skipped:
        return judged.result(CheckState.WARNED, f"{told}; at most {part.max_skipped} may be skipped")
    return judged.result(CheckState.WARNED if report.findings else CheckState.PASSED, told)
