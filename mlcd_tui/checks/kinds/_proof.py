"""Whether a tool that found nothing has looked at anything, and whether it is that tool at all."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from mlcd_tui.checks.kinds._tools import FindingToolPart, Tool
from mlcd_tui.domain.check_ports import Ran
from mlcd_tui.domain.checks import CheckState, Report
from mlcd_tui.domain.text import clean


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why nothing found is no pass."""

    state: CheckState
    sentence: str


def proven(report: Report, tool: Tool, ran: Ran) -> Report:
    """The report, with the tool's version and the number of files where only its own words tell them."""
    version = report.version or _told(tool.version, ran)
    files = _told(tool.files, ran)
    count = int(files) if files.isdecimal() and len(files) < 10 else report.files
    return replace(report, version=clean(version, limit=100), files=count)


def _told(pattern: str, ran: Ran) -> str:
    if not pattern:
        return ""
    for written in (ran.stderr, ran.stdout):
        if found := re.search(pattern.encode(), written, re.MULTILINE):
            return found[1].decode("utf-8", "replace")
    return ""


def nothing_found(report: Report) -> str:
    """`nothing found in 12 files`, as far as it is known."""
    if report.files is None:
        return "nothing found"
    return f"nothing found in {report.files:,} {'file' if report.files == 1 else 'files'}"


def unproven(part: FindingToolPart, tool: Tool, report: Report, ran: Ran) -> Doubt | None:
    """What speaks against believing that there is nothing to be found; None: nothing does.

    A usual tool is asked for its version in the same container, and all of them say when they had nothing to look at.
    Any other command is believed when its report names a version or counts files, or when the plan says why.
    """
    if report.files is not None and report.files < part.min_files:
        if not report.files:
            return Doubt(CheckState.ERROR, "it has looked at no file")
        told = f"{nothing_found(report)}; at least {part.min_files:,} must be looked at"
        return Doubt(CheckState.FAILED, told)
    if ran.asked_first and not report.version:
        return Doubt(CheckState.ERROR, f"nothing found, but `{' '.join(tool.asked)}` names no {part.tool} there")
    if tool.files and report.files is None:
        return Doubt(CheckState.WARNED, "nothing found, but it does not say how many files it has looked at")
    if part.tool and not part.command and not part.built:
        return None
    if report.version or report.files is not None or part.silence is not None:
        return None
    if not (ran.report if tool.report else ran.stdout) and not ran.stderr.strip():
        return Doubt(CheckState.ERROR, "it wrote nothing: nothing says that it has looked at anything")
    return Doubt(
        CheckState.WARNED, f"{nothing_found(report)}, but nothing says what was looked at, and by which version"
    )
