"""How findings are made: paths relative to the image's working directory, fingerprints, and a cap."""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote

from mlcd_tui.domain.checks import Finding, Report, Severity
from mlcd_tui.domain.text import Clean, clean

MOST_FINDINGS = 500
"""Findings kept of one report; the others are only counted."""
_MESSAGE = 2_000
_DIGITS = re.compile(r"\d+")
_PLACE = re.compile(r":\d+(?::\d+)?$")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def relative(path: str, workdir: str = "") -> Clean:
    """A path relative to the working directory where it lies within; `file://` addresses become paths."""
    if path.startswith("file:"):
        path = unquote(re.sub(r"^file:(?://[^/]*)?", "", path))
    path = path.replace("\\", "/")
    if workdir and path.startswith("/"):
        root = posixpath.normpath(workdir)
        plain = posixpath.normpath(path)
        if root != "/" and plain.startswith(root + "/"):
            path = plain[len(root) + 1 :]
        elif root == "/":
            path = plain.lstrip("/")
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    return clean(path, limit=500)


def fingerprint(rule: str, file: str, message: str) -> str:
    """Same finding in another image: digits are left out, since lines and counts move."""
    told = "\0".join((rule, file, _DIGITS.sub("", message)))
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:32]


def digests(*values: object) -> tuple[str, ...]:
    """All `sha256:…` digests that stand in some texts, each once: `repo@sha256:…` as well."""
    found: dict[str, None] = {}
    for value in values:
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, str):
                found.update(dict.fromkeys(_DIGEST.findall(entry[:2000])))
    return tuple(found)


@dataclass(slots=True)
class Findings:
    """Collects what a report says, at most `MOST_FINDINGS`."""

    workdir: str = ""
    kept: list[Finding] = field(default_factory=list)
    left_out: int = 0

    def add(
        self,
        message: object,
        *,
        severity: Severity = Severity.ERROR,
        rule: object = "",
        file: str = "",
        line: int | None = None,
        column: int | None = None,
        end_line: int | None = None,
        expected: object = "",
        actual: object = "",
        difference: float | None = None,
        tolerance: float | None = None,
        url: object = "",
        fixable: bool = False,
    ) -> None:
        """One finding, as the tool tells it."""
        if len(self.kept) >= MOST_FINDINGS:
            self.left_out += 1
            return
        told, named = clean(message, limit=_MESSAGE) or Clean("(no message)"), clean(rule, limit=300)
        place = relative(file, self.workdir)
        finding = Finding(
            message=told,
            severity=severity,
            rule=named,
            file=place,
            line=line,
            column=column,
            end_line=end_line if end_line is None or line is None or end_line >= line else None,
            expected=clean(expected, limit=_MESSAGE),
            actual=clean(actual, limit=_MESSAGE),
            difference=difference,
            tolerance=tolerance,
            url=clean(url, limit=500),
            fixable=fixable,
            fingerprint=fingerprint(named, _PLACE.sub("", place), told),
        )
        self.kept.append(finding)

    def report(
        self,
        tool: object = "",
        version: object = "",
        *,
        total: int | None = None,
        passed: int | None = None,
        skipped: int | None = None,
        files: int | None = None,
        about: tuple[str, ...] = (),
        created: datetime | None = None,
    ) -> Report:
        """All of it."""
        return Report(
            findings=tuple(self.kept),
            total=total,
            passed=passed,
            skipped=skipped,
            files=files,
            tool=clean(tool, limit=100),
            version=clean(version, limit=100),
            about=about,
            truncated=self.left_out,
            created=created,
        )
