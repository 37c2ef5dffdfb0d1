"""The lines of source around findings, as the image or the build stage has them."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import Any

from mlcd_tui.checks.kinds._secrets import secret_kind
from mlcd_tui.domain.check_ports import Bench, Command
from mlcd_tui.domain.checks import Finding, Report
from mlcd_tui.domain.errors import Missing, Unreadable
from mlcd_tui.domain.text import Clean, clean

_ON_SECRETS = re.compile(r"[SB]10[567]\b")
"""Rules of bandit and ruff about passwords in the source: evidence is published, so what they found is not shown."""
_QUOTED = re.compile(r": '.*'", re.DOTALL)
"""How bandit tells the password that it has found."""
MOST_FILES = 20
AROUND = 2
"""Lines before and after."""
_WIDEST = 300
_LARGEST = 1 << 20
"""Bytes of a file whose lines are shown."""


def working_directory(bench: Bench, workdir: str = "", target: str = "") -> str:
    """Where a tool runs in the image or in a build stage, from the root."""
    config: Any = (bench.config(target) if target else bench.config()).get("Config")
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
        found.append(_explained(_discreet(finding), seen.get(path, ())))
    return replace(report, findings=tuple(found))


def _discreet(finding: Finding) -> Finding:
    if not _ON_SECRETS.match(finding.rule):
        return finding
    return replace(finding, message=clean(_QUOTED.sub(" (not shown)", finding.message)))


def _explained(finding: Finding, lines: tuple[str, ...]) -> Finding:
    if finding.line is None or finding.line > len(lines):
        return finding
    first, last = max(finding.line - AROUND, 1), min(finding.line + AROUND, len(lines))
    hidden = finding.line if _ON_SECRETS.match(finding.rule) else 0
    shown = tuple((at, _HIDDEN if at == hidden else _shown(lines[at - 1])) for at in range(first, last + 1))
    return replace(finding, context=shown)


def _read(bench: Bench, path: str, target: str) -> tuple[str, ...]:
    try:
        return _lines(bench.file(path, _LARGEST, target))
    except (Missing, Unreadable):
        return ()


def _lines(content: bytes) -> tuple[str, ...]:
    return tuple(content.decode("utf-8", "replace").split("\n"))


_HIDDEN = Clean("(not shown: it may hold a secret)")


def _shown(line: str) -> Clean:
    if secret_kind(line):
        return _HIDDEN
    return clean(line.rstrip("\r").replace("\t", "    "), limit=_WIDEST)
