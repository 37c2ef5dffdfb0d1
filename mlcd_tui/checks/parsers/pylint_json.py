"""`pylint --output-format=json2` and the older `json`."""

from __future__ import annotations

import re

from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.checks.parsers._reading import inner, json_of, objects, one_based, refuse, shifted, text, text_of, whole
from mlcd_tui.domain.checks import Report, Severity

_SEVERITIES = {
    "fatal": Severity.ERROR,
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "refactor": Severity.INFO,
    "convention": Severity.INFO,
    "info": Severity.INFO,
}


_WORDS = re.compile(r"Get ASTs\.\n.*?(?=^[{\[])", re.DOTALL | re.MULTILINE)
"""What `--verbose` writes before the document."""
_FILES = re.compile(r"^Linting (\d{1,9}) modules\.$", re.MULTILINE)


class PylintJson:
    """Columns count from zero; `json2` is an object with `messages`, `json` the bare list with dashes in its keys.

    Told with `--verbose` it says before it how many modules it has looked at; `modulesLinted` counts two too many.
    """

    name = "pylint_json"
    title = "pylint JSON"

    def parse(self, report: bytes, workdir: str = "") -> Report:
        """What a report says."""
        words = _WORDS.match(text_of(report, self.title))
        document = json_of(report.removeprefix(words[0].encode()) if words else report, self.title)
        counted = _FILES.search(words[0]) if words else None
        if isinstance(document, dict):
            if whole(inner(document, "statistics").get("modulesLinted")) == 0:
                refuse(self.title, "it has looked at no module")
            document = document.get("messages")
        findings = Findings(workdir)
        for entry in objects(document, self.title, "`messages`"):
            kind, name = text(entry.get("type")), text(entry.get("symbol"))
            if not kind and not name:
                refuse(self.title, "an entry has neither type nor symbol")
            findings.add(
                text(entry.get("message")),
                severity=_SEVERITIES.get(kind, Severity.ERROR),
                rule=" ".join(filter(None, (text(entry.get("messageId") or entry.get("message-id")), name))),
                file=text(entry.get("path")),
                line=one_based(entry.get("line")),
                column=shifted(entry.get("column")),
                end_line=one_based(entry.get("endLine")),
            )
        return findings.report("pylint", files=int(counted[1]) if counted else None)


PARSER = PylintJson()
