"""`mypy -O json`: one JSON object a line, with plain sentences between them when it gave up."""

from __future__ import annotations

from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.checks.parsers._reading import json_lines_of, one_based, refuse, shifted, text
from mlcd_tui.domain.checks import Report, Severity


class MypyJsonl:
    """Columns count from zero, but from one in syntax errors. No line at all: nothing found."""

    name = "mypy_jsonl"
    title = "mypy JSON lines"

    def parse(self, report: bytes, workdir: str = "") -> Report:
        """What a report says; sentences that are no JSON are taken for mypy's own remarks."""
        findings, remarks = Findings(workdir), False
        for entry, line in json_lines_of(report, self.title):
            if line.startswith("Success: no issues found in 0 "):
                refuse(self.title, "it has looked at no file")
            if not isinstance(entry, dict):
                remarks = remarks or not line.startswith(("Success:", "Found "))
                continue
            if "message" not in entry or "file" not in entry:
                refuse(self.title, "an entry lacks file or message")
            rule, hint = text(entry.get("code")), text(entry.get("hint"))
            column = one_based(entry.get("column")) if rule == "syntax" else shifted(entry.get("column"))
            findings.add(
                "\n".join(filter(None, (text(entry["message"]), hint))),
                severity=Severity.INFO if entry.get("severity") == "note" else Severity.ERROR,
                rule=rule,
                file=text(entry["file"]),
                line=one_based(entry.get("line")),
                column=column,
                end_line=one_based(entry.get("end_line")),
            )
        if remarks and not findings.kept:
            refuse(self.title, "no line of it is JSON")
        return findings.report("mypy")


PARSER = MypyJsonl()
