"""The text that flake8 writes unless told otherwise: `file:line:column: code message`."""

from __future__ import annotations

import re

from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.checks.parsers._reading import MOST_LINES, refuse, text_of
from mlcd_tui.domain.checks import Report, Severity

_LINE = re.compile(
    r"(?P<file>[^\0]+?):(?P<line>\d{1,9}):(?:(?P<column>\d{1,9}):)? (?P<rule>[A-Z]{1,4}\d{1,5}) (?P<message>.*)"
)


_BENCHMARK = re.compile(r"\d+(?:\.\d+)? +(?:seconds elapsed|(?:total )?[a-z ]+ processed(?: per second)?)")
_FILES = re.compile(r"(\d{1,9}) +total files processed")


class Flake8:
    """Empty output means no finding; pycodestyle writes the same. Warnings (W) and complexity (C) weigh less.

    Told with `--benchmark` it says how many files it has looked at.
    """

    name = "flake8"
    title = "flake8 text"

    def parse(self, report: bytes, workdir: str = "") -> Report:
        """What a report says."""
        findings = Findings(workdir)
        lines = text_of(report, self.title).splitlines()
        if len(lines) > MOST_LINES:
            refuse(self.title, f"it has more than {MOST_LINES:,} lines")
        told = [line for line in lines if line.strip() and not _BENCHMARK.fullmatch(line.rstrip())]
        files = next((int(found[1]) for line in lines if (found := _FILES.fullmatch(line.rstrip()))), None)
        for line in told:
            found = _LINE.fullmatch(line.rstrip()) if len(line) <= 4000 else None
            if found is not None:
                findings.add(
                    found["message"],
                    severity=Severity.WARNING if found["rule"][0] in "WC" else Severity.ERROR,
                    rule=found["rule"],
                    file=found["file"],
                    line=int(found["line"]) or None,
                    column=int(found["column"] or 0) or None,
                )
        if told and not findings.kept:
            refuse(self.title, "no line of it reads `file:line:column: code message`")
        return findings.report("flake8", files=files)


PARSER = Flake8()
