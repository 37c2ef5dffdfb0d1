"""What a vulnerability scanner found in this very image, against the numbers that the plan bears."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from mlcd_tui.checks.kinds._report_file import ReportFilePart, Taken, take
from mlcd_tui.checks.parsers import grype_json, trivy_json
from mlcd_tui.checks.parsers._scan import LEVELS, Scan, Vulnerability, report_of
from mlcd_tui.checks.plan_model import Part, Reason
from mlcd_tui.domain.check_ports import Bench
from mlcd_tui.domain.checks import CheckResult, CheckState, Report

_SCANNERS: Mapping[str, Callable[[bytes], Scan]] = {
    "trivy_json": trivy_json.PARSER.scan,
    "grype_json": grype_json.PARSER.scan,
}
Count = Annotated[int, Field(ge=0)]


class MostPart(Part):
    """How many are borne of each severity; left out: any number."""

    critical: Count | None = 0
    high: Count | None = 0
    medium: Count | None = None
    low: Count | None = None
    unknown: Count | None = None


class IgnoredPart(Part):
    """A vulnerability that is known and borne."""

    id: Annotated[str, Field(min_length=3, max_length=100)]
    """`CVE-2024-0001`."""
    package: str = "*"
    """Only in this package; `*` stands for anything."""
    why: Reason
    """Shown to the approver."""
    until: date | None = None
    """It counts again after this day."""


class VulnerabilitiesPart(ReportFilePart):
    """A scanner's report."""

    kind: Literal["vulnerabilities"]
    parser: Literal["trivy_json", "grype_json"]
    """What reads it."""
    most: MostPart = Field(default_factory=MostPart)
    """How many are borne. House: none that is critical or high, any number of the others."""
    only_fixed: bool = False
    """Only those count that a newer version fixes."""
    ignore: tuple[IgnoredPart, ...] = ()
    """Known ones that are borne, each with its reason."""

    @model_validator(mode="after")
    def _speaks(self) -> VulnerabilitiesPart:
        if self.assume_this_image is not None:
            raise ValueError("scanners say which image they scanned; assume_this_image is not taken here")
        return self


@dataclass(frozen=True, slots=True)
class _Vulnerabilities:
    name: str = "vulnerabilities"
    title: str = "Vulnerabilities"
    model: type[Any] = VulnerabilitiesPart

    def files(self, spec: VulnerabilitiesPart) -> tuple[str, ...]:  # noqa: ARG002 - reports decide no plan
        """None."""
        return ()

    def run(self, spec: VulnerabilitiesPart, bench: Bench, folder: str, log: Callable[[str], None]) -> CheckResult:
        """Read it."""
        log(f"reading {spec.report} as {spec.parser}")
        return take(spec, bench, folder, _judge)


CHECK = _Vulnerabilities()


def _judge(taken: Taken, content: bytes) -> CheckResult:
    part = taken.part
    assert isinstance(part, VulnerabilitiesPart)
    scan = _SCANNERS[part.parser](content)
    today = datetime.now(UTC).date()
    counting = [one for one in scan.vulnerabilities if not _borne(one, part, today)]
    ignored = len(scan.vulnerabilities) - len(counting)
    taken.report = _report(scan, counting)
    found = Counter(one.level for one in counting)
    told = ", ".join(f"{found[level]} {level}" for level in LEVELS if found[level]) or "no vulnerability"
    told += f", {ignored} ignored" if ignored else ""
    most = part.most.model_dump()
    over = [level for level in LEVELS if most[level] is not None and found[level] > most[level]]
    if over:
        allowed = ", ".join(f"{most[level]} {level}" for level in over)
        return taken.result(CheckState.FAILED, f"{told}; allowed: {allowed}")
    if scan.targets == 0:
        return taken.result(CheckState.WARNED, f"{told}, but the report names nothing that was looked at")
    return taken.result(CheckState.WARNED if found["critical"] + found["high"] else CheckState.PASSED, told)


def _report(scan: Scan, counting: list[Vulnerability]) -> Report:
    return report_of(replace(scan, vulnerabilities=counting))


def _borne(one: Vulnerability, part: VulnerabilitiesPart, today: date) -> bool:
    if part.only_fixed and not one.fixed and one.package != "secret":
        return True
    return any(
        entry.id == one.id
        and fnmatch.fnmatchcase(one.package, entry.package)
        and (entry.until is None or today <= entry.until)
        for entry in part.ignore
    )
