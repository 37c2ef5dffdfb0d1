"""The report of any other tool, made elsewhere: it must speak of this very image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, field_validator

from mlcd_tui.checks.kinds._judging import counted, plural
from mlcd_tui.checks.kinds._report_file import ReportFilePart, Taken, take
from mlcd_tui.checks.kinds._tools import PARSERS
from mlcd_tui.domain.check_ports import Bench
from mlcd_tui.domain.checks import CheckResult, CheckState, Severity

_WEIGHT = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}


class IngestPart(ReportFilePart):
    """A report of another tool."""

    kind: Literal["ingest"]
    parser: str
    """What reads it: `junit`, `sarif`, `container_structure_test`, `goss_json`, `ctrf`, `intoto_test_result` …"""
    fail_on: Severity = Severity.ERROR
    """The least severity that fails the check: error, warning or info."""
    min_tests: int = Field(default=1, ge=1)
    """So many must have run, where the report counts tests."""

    @field_validator("parser")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in PARSERS.names():
            raise ValueError(f"parser {value} is not known; there is: {', '.join(PARSERS.names())}")
        return value


@dataclass(frozen=True, slots=True)
class _Ingest:
    name: str = "ingest"
    title: str = "Report"
    model: type[Any] = IngestPart

    def files(self, spec: IngestPart) -> tuple[str, ...]:  # noqa: ARG002 - reports are evidence, they decide no plan
        """None."""
        return ()

    def run(self, spec: IngestPart, bench: Bench, folder: str, log: Callable[[str], None]) -> CheckResult:
        """Read it."""
        log(f"reading {spec.report} as {spec.parser}")
        return take(spec, bench, folder, _judge)


CHECK = _Ingest()


def _judge(taken: Taken, content: bytes) -> CheckResult:
    part = taken.part
    assert isinstance(part, IngestPart)
    taken.report = report = PARSERS.load(part.parser).parse(content)
    failing = any(_WEIGHT[one.severity] >= _WEIGHT[part.fail_on] for one in report.findings)
    skipped = report.skipped or 0
    ran = None if report.total is None else report.total - skipped
    if ran is not None:
        told = f"{report.passed} of {plural(ran, 'test')} passed" + (f", {skipped} skipped" if skipped else "")
        if ran < part.min_tests:
            state = CheckState.ERROR if ran == 0 else CheckState.FAILED
            return taken.result(state, f"{told}; at least {part.min_tests} must have run")
        failing = failing or ((report.passed or 0) < ran and not report.findings)
    else:
        told = counted(report) if report.findings else "nothing found"
    if failing:
        all_passed = ran is not None and report.passed == ran
        return taken.result(CheckState.FAILED, f"{told}; {counted(report)}" if all_passed else told)
    serious = any(one.severity is not Severity.INFO for one in report.findings)
    return taken.result(CheckState.WARNED if serious else CheckState.PASSED, told)
