"""A bill of materials of this very image: packages that must be in it, packages and licences that must not."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import Field

from mlcd_tui.checks.kinds._judging import counted, plural
from mlcd_tui.checks.kinds._report_file import ReportFilePart, Taken, take
from mlcd_tui.checks.parsers import cyclonedx, spdx
from mlcd_tui.checks.parsers._bill import Bill, Package
from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.domain.check_ports import Bench
from mlcd_tui.domain.checks import CheckResult, CheckState

_READERS: Mapping[str, Callable[[bytes], Bill]] = {"cyclonedx": cyclonedx.PARSER.bill, "spdx": spdx.PARSER.bill}
_SEPARATORS = re.compile(r"[-_.]+")
_BETWEEN = re.compile(r"\s+OR\s+", re.IGNORECASE)
_WITHIN = re.compile(r"\s+(?:AND|OR|WITH)\s+", re.IGNORECASE)


class SbomPart(ReportFilePart):
    """A bill of materials."""

    kind: Literal["sbom"]
    parser: Literal["cyclonedx", "spdx"]
    """What reads it."""
    min_packages: int = Field(default=1, ge=1)
    """So many must be listed."""
    require: tuple[str, ...] = ()
    """Packages that must be in it: `numpy`, `numpy==2.*`."""
    deny: tuple[str, ...] = ()
    """Packages that must not be in it: `torch`, `openssl==1.*`."""
    deny_licenses: tuple[str, ...] = ()
    """Licences that no package may have: `AGPL-3.0*`. Of alternatives (OR) one that is not denied is enough."""
    known_licenses: bool = False
    """Every package names a licence."""


@dataclass(frozen=True, slots=True)
class _Sbom:
    name: str = "sbom"
    title: str = "Bill of materials"
    model: type[Any] = SbomPart

    def files(self, spec: SbomPart) -> tuple[str, ...]:  # noqa: ARG002 - reports decide no plan
        """None."""
        return ()

    def run(self, spec: SbomPart, bench: Bench, folder: str, log: Callable[[str], None]) -> CheckResult:
        """Read it."""
        log(f"reading {spec.report} as {spec.parser}")
        return take(spec, bench, folder, _judge)


CHECK = _Sbom()


def _judge(taken: Taken, content: bytes) -> CheckResult:
    part = taken.part
    assert isinstance(part, SbomPart)
    bill = _READERS[part.parser](content)
    findings = Findings()
    for rule, message in _problems(part, bill.packages):
        findings.add(message, rule=rule)
    taken.report = replace(
        findings.report(bill.tool, bill.version, about=bill.about, created=bill.created), total=len(bill.packages)
    )
    listed = f"{plural(len(bill.packages), 'package')} listed"
    if len(bill.packages) < part.min_packages:
        return taken.result(CheckState.ERROR, f"{listed}, at least {part.min_packages} are expected")
    if taken.report.findings:
        return taken.result(CheckState.FAILED, f"{counted(taken.report)}; {listed}")
    return taken.result(CheckState.PASSED, listed)


def _problems(part: SbomPart, packages: Any) -> Iterator[tuple[str, str]]:
    for wanted in part.require:
        if not any(_fits(package, wanted) for package in packages):
            yield "required", f"{wanted} is not in it"
    for package in packages:
        named = " ".join(filter(None, (package.name, package.version)))
        for denied in part.deny:
            if _fits(package, denied):
                yield "denied", f"{named} is in it ({denied} is denied)"
        if part.known_licenses and not package.licences:
            yield "licence unknown", f"{named} names no licence"
        for licence in package.licences:
            if hit := _denied(licence, part.deny_licenses):
                yield "licence denied", f"{named} is under {licence} ({hit} is denied)"


def _fits(package: Package, wanted: str) -> bool:
    """By name, however its words are joined, and by version where one is given."""
    name, _, version = wanted.partition("==")
    same = fnmatch.fnmatchcase(_plain(package.name), _plain(name.strip()))
    return same and (not version or fnmatch.fnmatchcase(package.version, version.strip()))


def _plain(name: str) -> str:
    return _SEPARATORS.sub("-", name).lower()


def _denied(expression: str, patterns: tuple[str, ...]) -> str:
    """The pattern that denies a licence expression: every alternative of it, or with brackets any part, is denied."""
    alternatives = [expression] if "(" in expression else _BETWEEN.split(expression)
    hits = [_hit(alternative, patterns) for alternative in alternatives]
    return hits[0] if all(hits) else ""


def _hit(alternative: str, patterns: tuple[str, ...]) -> str:
    terms = [term.strip(" ()").lower() for term in _WITHIN.split(alternative)]
    return next((p for p in patterns for term in terms if fnmatch.fnmatchcase(term, p.lower())), "")
