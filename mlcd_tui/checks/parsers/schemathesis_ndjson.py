"""`st run --report ndjson`: every event of schemathesis 4, one JSON object a line."""

from __future__ import annotations

from typing import Any

from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.checks.parsers._reading import inner, json_lines_of, mapping, objects, refuse, text
from mlcd_tui.domain.checks import Report, Severity

BLOCKING = frozenset(
    {"not_a_server_error", "response_schema_conformance", "content_type_conformance", "positive_data_acceptance"}
)
"""Checks whose failures are errors; the others are known for false alarms and only advise."""


class SchemathesisNdjson:
    """One finding for each operation and failure, however many cases show it; an unfinished run is unreadable."""

    name = "schemathesis_ndjson"
    title = "schemathesis NDJSON"

    def parse(self, report: bytes, workdir: str = "") -> Report:
        """What a report says."""
        findings, seen, version = Findings(workdir), set[tuple[str, str]](), ""
        cases = failing = 0
        ended = ""
        for value, _ in json_lines_of(report, self.title):
            if not isinstance(value, dict) or len(value) != 1:
                refuse(self.title, "a line is no event")
            ((event, told),) = value.items()
            told = mapping(told, self.title, f"the event {event[:40]}")
            if event == "Initialize":
                version = text(told.get("schemathesis_version"))
            elif event == "FatalError":
                refuse(self.title, "schemathesis gave up with a fatal error")
            elif event == "NonFatalError":
                findings.add(_error(told), rule="error", file="")
            elif event == "ScenarioFinished":
                for nodes in inner(told, "recorder", "checks").values():
                    cases += 1
                    bad = [n for n in objects(nodes, self.title, "`checks`") if n.get("status") in {"failure", "error"}]
                    failing += bool(bad)
                    for node in bad:
                        _take(findings, node, seen)
            elif event == "EngineFinished":
                ended = text(told.get("stop_reason")) or "completed"
        if not ended:
            refuse(self.title, "the run did not end")
        return findings.report("schemathesis", version, total=cases, passed=cases - failing, skipped=0)


def _take(findings: Findings, node: dict[str, Any], seen: set[tuple[str, str]]) -> None:
    failure = inner(node, "failure_info", "failure")
    operation = text(failure.get("operation"))
    code = text(failure.get("code")) or text(node.get("name"))
    if (operation, code) in seen:
        return
    seen.add((operation, code))
    title, message = text(failure.get("title")), text(failure.get("message"))
    findings.add(
        f"{operation}: {': '.join(filter(None, (title, message)))}" if operation else title or message,
        severity=Severity.ERROR if node.get("name") in BLOCKING else Severity.WARNING,
        rule=" ".join(filter(None, (text(failure.get("code")), text(node.get("name"))))),
    )


def _error(told: dict[str, Any]) -> str:
    said = told.get("info")
    info = said if isinstance(said, dict) else told
    return ": ".join(filter(None, (text(told.get("label")), text(info.get("title")), text(info.get("message"))))) or (
        "schemathesis could not test an operation"
    )


PARSER = SchemathesisNdjson()
