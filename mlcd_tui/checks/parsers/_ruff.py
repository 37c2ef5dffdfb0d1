"""The JSON that both `ruff check` and `ruff format` write."""

from __future__ import annotations

from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.checks.parsers._reading import inner, json_of, objects, one_based, text
from mlcd_tui.domain.checks import Report, Severity

_SEVERITIES = {"warning": Severity.WARNING, "info": Severity.INFO, "help": Severity.INFO}


def parse_ruff(report: bytes, workdir: str, what: str) -> Report:
    """A list of diagnostics; `code` was null for syntax errors in older versions, `severity` is newer."""
    findings = Findings(workdir)
    for entry in objects(json_of(report, what), what, "it"):
        findings.add(
            text(entry.get("message")),
            severity=_SEVERITIES.get(text(entry.get("severity")), Severity.ERROR),
            rule=text(entry.get("code")) or "invalid-syntax",
            file=text(entry.get("filename")),
            line=one_based(inner(entry, "location").get("row")),
            column=one_based(inner(entry, "location").get("column")),
            end_line=one_based(inner(entry, "end_location").get("row")),
            url=text(entry.get("url")),
            fixable=isinstance(entry.get("fix"), dict),
        )
    return findings.report("ruff")
