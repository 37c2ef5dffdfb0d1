"""CTRF, the common test report format, as many test runners can write it."""

from __future__ import annotations

from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.checks.parsers._junit_xml import MOST_TRACE, raised
from mlcd_tui.checks.parsers._reading import epoch, inner, json_of, mapping, objects, one_based, text, whole
from mlcd_tui.domain.checks import Report


class Ctrf:
    """`pending` is skipped; `other` is what could not run and counts as failed."""

    name = "ctrf"
    title = "CTRF JSON"

    def parse(self, report: bytes, workdir: str = "") -> Report:
        """What a report says."""
        document = mapping(json_of(report, self.title), self.title, "it")
        results = mapping(document.get("results"), self.title, "`results`")
        tests = objects(results.get("tests"), self.title, "`results.tests`")
        findings, passed, skipped = Findings(workdir), 0, 0
        for test in tests:
            status = test.get("status")
            passed += status == "passed"
            skipped += status in {"skipped", "pending"}
            if status in {"passed", "skipped", "pending"}:
                continue
            file = text(test.get("filePath"))
            findings.add(
                text(test.get("message")) or f"ended as {text(status) or 'unknown'}",
                rule=text(test.get("name")),
                file=file,
                line=one_based(test.get("line")) or raised(text(test.get("trace"))[:MOST_TRACE], file)[1],
            )
        summary = inner(results, "summary")
        counted = whole(summary.get("failed")) or 0
        if counted > len(tests) - passed - skipped:
            findings.add(f"The report counts {counted} failures but does not list them all", rule=self.name)
        tool = inner(results, "tool")
        return findings.report(
            text(tool.get("name")),
            text(tool.get("version")),
            total=len(tests),
            passed=passed,
            skipped=skipped,
            created=epoch(summary.get("stop")),
        )


PARSER = Ctrf()
