"""The lines of source around findings, as the image or the build stage has them."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import Any

from mlcd_tui.domain.check_ports import Bench
from mlcd_tui.domain.checks import Finding, Report
from mlcd_tui.domain.errors import Missing, Unreadable
from mlcd_tui.domain.text import Clean, clean

MOST_FILES = 20
AROUND = 2
"""Lines before and after."""
_WIDEST = 300


def working_directory(bench: Bench, workdir: str = "") -> str:
    """Where a tool runs, from the root."""
    config: Any = bench.config().get("Config")
    own = config.get("WorkingDir") if isinstance(config, dict) else ""
    return posixpath.normpath(posixpath.join("/", own if isinstance(own, str) else "", workdir))


def with_source(report: Report, bench: Bench, workdir: str, target: str = "") -> Report:
    """The report, its findings with their source; files that are not there are left out."""
    seen: dict[str, tuple[str, ...]] = {}
    return replace(report, findings=tuple(_explained(one, bench, workdir, target, seen) for one in report.findings))


def _explained(finding: Finding, bench: Bench, workdir: str, target: str, seen: dict[str, tuple[str, ...]]) -> Finding:
    if not finding.file or finding.line is None:
        return finding
    path = posixpath.normpath(posixpath.join(workdir, finding.file))
    if path not in seen:
        if len(seen) >= MOST_FILES:
            return finding
        seen[path] = _lines(bench, path, target)
    lines = seen[path]
    first, last = max(finding.line - AROUND, 1), min(finding.line + AROUND, len(lines))
    context = tuple((number, _shown(lines[number - 1])) for number in range(first, last + 1))
    return replace(finding, context=context) if finding.line <= len(lines) else finding


def _lines(bench: Bench, path: str, target: str) -> tuple[str, ...]:
    try:
        content = bench.file(path, target=target) if target else bench.file(path)
    except (Missing, Unreadable):
        return ()
    return tuple(content.decode("utf-8", "replace").split("\n"))


def _shown(line: str) -> Clean:
    return clean(line.rstrip("\r").replace("\t", "    "), limit=_WIDEST)
