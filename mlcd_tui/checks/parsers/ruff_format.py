"""`ruff format --check`, as JSON or, from versions before it, as text."""

from __future__ import annotations

import re

from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.checks.parsers._reading import refuse, text_of
from mlcd_tui.checks.parsers._ruff import parse_ruff
from mlcd_tui.domain.checks import Report

_OLD = re.compile(r"Would reformat: (?P<file>.+)")
_PLACE = re.compile(r"\s*--> (?P<file>.+?):(?P<line>\d{1,9}):(?P<column>\d{1,9})")
_SUMMARY = re.compile(r"\d+ files? (?:would be reformatted|already formatted|would be left unchanged)")
_TROUBLE = re.compile(r"error: (?P<why>.+)")


class RuffFormat:
    """A file that would be written differently is a finding at its first difference."""

    name = "ruff_format"
    title = "ruff format"

    def parse(self, report: bytes, workdir: str = "") -> Report:
        """What a report says."""
        text = text_of(report, self.title)
        if text.lstrip().startswith("["):
            return parse_ruff(report, workdir, self.title)
        findings, known = Findings(workdir), False
        for line in text.splitlines():
            if old := _OLD.fullmatch(line.strip()):
                findings.add("File would be reformatted", rule="unformatted", file=old["file"], fixable=True)
            elif place := _PLACE.fullmatch(line):
                findings.add(
                    "File would be reformatted",
                    rule="unformatted",
                    file=place["file"],
                    line=int(place["line"]) or None,
                    column=int(place["column"]) or None,
                    fixable=True,
                )
            elif trouble := _TROUBLE.match(line):
                findings.add(trouble["why"], rule="error")
            else:
                known = known or _SUMMARY.match(line) is not None
        if not known and not findings.kept:
            refuse(self.title, "neither a list of files nor the summary is in it")
        return findings.report("ruff")


PARSER = RuffFormat()
