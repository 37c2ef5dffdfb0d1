"""The lines of source around findings, as the image or the build stage has them."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import Any

from mlcd_tui.domain.check_ports import Bench, Command
from mlcd_tui.domain.checks import Finding, Report
from mlcd_tui.domain.errors import Missing, Unreadable
from mlcd_tui.domain.text import Clean, clean

MOST_FILES = 20
AROUND = 2
"""Lines before and after."""
_WIDEST = 300
_LARGEST = 1 << 20
"""Bytes of a file whose lines are shown."""


def working_directory(bench: Bench, workdir: str = "") -> str:
    """Where a tool runs, from the root."""
    config: Any = bench.config().get("Config")
    own = config.get("WorkingDir") if isinstance(config, dict) else ""
    return posixpath.normpath(posixpath.join("/", own if isinstance(own, str) else "", workdir))


def with_source(report: Report, bench: Bench, workdir: str, command: Command) -> Report:
    """The report, its findings with their source; files that are not there are left out."""
    seen = {path: _lines(content) for path, content in command.files if len(content) <= _LARGEST}
    most = len(seen) + MOST_FILES
    found = []
    for finding in report.findings:
        path = posixpath.normpath(posixpath.join(workdir, finding.file))
        if finding.file and finding.line is not None and path not in seen and len(seen) < most:
            seen[path] = _read(bench, path, command.target)
        found.append(_explained(finding, seen.get(path, ())))
    return replace(report, findings=tuple(found))


def _explained(finding: Finding, lines: tuple[str, ...]) -> Finding:
    if finding.line is None or finding.line > len(lines):
        return finding
    first, last = max(finding.line - AROUND, 1), min(finding.line + AROUND, len(lines))
    return replace(finding, context=tuple((number, _shown(lines[number - 1])) for number in range(first, last + 1)))


def _read(bench: Bench, path: str, target: str) -> tuple[str, ...]:
    try:
        return _lines(bench.file(path, _LARGEST, target))
    except (Missing, Unreadable):
        return ()


def _lines(content: bytes) -> tuple[str, ...]:
    return tuple(content.decode("utf-8", "replace").split("\n"))


def _shown(line: str) -> Clean:
    return clean(line.rstrip("\r").replace("\t", "    "), limit=_WIDEST)
