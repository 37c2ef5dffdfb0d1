"""A run as workflow commands that GitHub shows beside the lines of a change."""

from __future__ import annotations

from mlcd_tui.domain.checks import CheckResult, CheckRun, Finding, Severity

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_MOST = 50
"""Findings of one check: GitHub shows ten of a kind and keeps fifty."""


class GitHub:
    """Every line begins with a command of ours, and foreign text can neither end it nor begin one."""

    name = "github"
    title = "GitHub annotations"
    media_type = "text/plain"

    def render(self, run: CheckRun) -> str:
        """The run as text."""
        return "".join(f"{line}\n" for result in run.results for line in _lines(result))


def _lines(result: CheckResult) -> list[str]:
    told = result.reason or result.sentence
    level = "notice" if result.state.met else "error" if result.required else "warning"
    lines = [_command(level, {"title": f"{result.name}: {result.state}"}, told or str(result.state))]
    found = result.report.findings
    lines += [_finding(result, finding) for finding in found[:_MOST]]
    left = max(len(found) - _MOST, 0) + result.report.truncated
    if left:
        lines.append(_command("notice", {"title": str(result.name)}, f"and {left} more findings"))
    return lines


def _finding(result: CheckResult, finding: Finding) -> str:
    level = _LEVELS[finding.severity]
    if result.state.met and level == "error":
        level = "warning"  # a check that is met is not to make a change red
    properties: dict[str, object] = {
        "file": finding.file,
        "line": finding.line,
        "endLine": finding.end_line,
        "col": finding.column,
        "title": " ".join(filter(None, (result.name, finding.rule))),
    }
    return _command(level, properties, finding.message)


def _command(level: str, properties: dict[str, object], message: str) -> str:
    told = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value)
    return f"::{level} {told}::{_data(message)}"


def _data(text: str) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


EXPORT = GitHub()
