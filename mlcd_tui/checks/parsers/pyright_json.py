"""`pyright --outputjson` and `basedpyright --outputjson`."""

from __future__ import annotations

from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.checks.parsers._reading import epoch, inner, json_of, mapping, objects, refuse, shifted, text, whole
from mlcd_tui.domain.checks import Report, Severity

_SEVERITIES = {"error": Severity.ERROR, "warning": Severity.WARNING, "information": Severity.INFO}


class PyrightJson:
    """Lines and characters count from zero."""

    name = "pyright_json"
    title = "pyright JSON"

    def parse(self, report: bytes, workdir: str = "") -> Report:
        """What a report says."""
        document = mapping(json_of(report, self.title), self.title, "it")
        findings, summary = Findings(workdir), inner(document, "summary")
        files = whole(summary.get("filesAnalyzed"))
        if files == 0:
            refuse(self.title, "it has looked at no file")
        for entry in objects(document.get("generalDiagnostics"), self.title, "`generalDiagnostics`"):
            findings.add(
                text(entry.get("message")),
                severity=_SEVERITIES.get(text(entry.get("severity")), Severity.ERROR),
                rule=text(entry.get("rule")),
                file=text(entry.get("file")),
                line=shifted(inner(entry, "range", "start").get("line")),
                column=shifted(inner(entry, "range", "start").get("character")),
                end_line=shifted(inner(entry, "range", "end").get("line")),
            )
        if not findings.kept and (counted := whole(summary.get("errorCount"))):
            refuse(self.title, f"it counts {counted} errors but lists none of them")
        told = text(document.get("version")), epoch(document.get("time"))
        return findings.report("pyright", told[0], created=told[1], files=files)


PARSER = PyrightJson()
