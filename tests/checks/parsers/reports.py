"""The reports that lie in the fixtures."""

from __future__ import annotations

from pathlib import Path

from mlcd_tui.domain.check_ports import ReportParser
from mlcd_tui.domain.checks import Finding, Report
from mlcd_tui.registry import Registry

FIXTURES = Path(__file__).parents[2] / "fixtures" / "checks"
PARSERS = Registry[ReportParser]("mlcd_tui.checks.parsers", "PARSER", "mlcd_tui.checks.parsers")


def read(parser: str, file: str, workdir: str = "/app") -> Report:
    """What a parser reads off one of its fixtures."""
    return PARSERS.load(parser).parse((FIXTURES / parser / file).read_bytes(), workdir)


def places(report: Report) -> list[tuple[str, str, int | None, int | None]]:
    """Rule, file, line and column of each finding."""
    return [(f.rule, f.file, f.line, f.column) for f in report.findings]


def finding(report: Report, rule: str) -> Finding:
    """The one finding of a rule."""
    (found,) = [f for f in report.findings if f.rule == rule]
    return found
