"""What scanners find, with their own severities, and how it becomes a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.domain.checks import Report, Severity

LEVELS = ("critical", "high", "medium", "low", "unknown")
"""From the worst; what a scanner calls otherwise is unknown."""
_SEVERITIES = {"critical": Severity.ERROR, "high": Severity.ERROR, "medium": Severity.WARNING}


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """One vulnerable package."""

    id: str
    package: str
    installed: str
    fixed: str
    level: str
    title: str = ""
    url: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Scan:
    """A whole scan."""

    vulnerabilities: Sequence[Vulnerability]
    tool: str
    version: str = ""
    about: tuple[str, ...] = ()
    created: datetime | None = None
    targets: int | None = None
    """What was looked at, such as packages of the system; None: the scanner does not say."""


def level(severity: str) -> str:
    """A scanner's severity as one of `LEVELS`."""
    named = severity.lower()
    return named if named in LEVELS else "low" if named == "negligible" else "unknown"


def report_of(scan: Scan) -> Report:
    """The worst first, so that the cap cuts off the least."""
    findings = Findings()
    for found in sorted(scan.vulnerabilities, key=lambda v: (LEVELS.index(v.level), v.package, v.id)):
        remedy = f"fixed in {found.fixed}" if found.fixed else "no fixed version is known"
        named = " ".join(filter(None, (found.package, found.installed)))
        findings.add(
            f"{found.level}: {named}, {remedy}" + (f": {found.title}" if found.title else ""),
            severity=_SEVERITIES.get(found.level, Severity.INFO),
            rule=found.id,
            file=found.place,
            url=found.url,
            expected=found.fixed,
            actual=found.installed,
            fixable=bool(found.fixed),
        )
    return findings.report(scan.tool, scan.version, about=scan.about, created=scan.created)
