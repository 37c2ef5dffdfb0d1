"""SARIF 2.1.0, which most linters and scanners can write."""

from __future__ import annotations

from typing import Any

from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.checks.parsers._reading import (
    inner,
    json_of,
    listed,
    mapping,
    moment,
    objects,
    one_based,
    refuse,
    text,
    whole,
)
from mlcd_tui.domain.checks import Report, Severity

_LEVELS = {"none": Severity.INFO, "note": Severity.INFO, "warning": Severity.WARNING, "error": Severity.ERROR}
_PASSING = {"pass", "notApplicable", "informational"}


class Sarif:
    """A result without a level has the one of its rule, else `warning`; suppressed results do not count."""

    name = "sarif"
    title = "SARIF"

    def parse(self, report: bytes, workdir: str = "") -> Report:
        """What a report says."""
        document = mapping(json_of(report, self.title), self.title, "it")
        findings, tools, versions, created = Findings(workdir), [], [], None
        runs = objects(document.get("runs"), self.title, "`runs`")
        if not runs:
            refuse(self.title, "no tool has run: `runs` is empty")
        for run in runs:
            driver = inner(run, "tool", "driver")
            tools.append(text(driver.get("name")))
            versions.append(text(driver.get("semanticVersion")) or text(driver.get("version")))
            for invocation in listed(run.get("invocations"), self.title, "`invocations`"):
                if invocation.get("executionSuccessful") is False:
                    refuse(self.title, "it says that the tool did not run to its end")
                created = created or moment(invocation.get("endTimeUtc"))
            rules = listed(driver.get("rules"), self.title, "`rules`")
            if run.get("results") is None:  # as the standard has it: an empty list would say that nothing was found
                refuse(self.title, "a run without `results` has looked at nothing")
            for result in objects(run["results"], self.title, "`results`"):
                self._take(findings, result, rules)
        names, numbers = ", ".join(filter(None, tools)), ", ".join(filter(None, versions))
        return findings.report(names, numbers, created=created)

    def _take(self, findings: Findings, result: dict[str, Any], rules: list[dict[str, Any]]) -> None:
        suppressed = listed(result.get("suppressions"), self.title, "`suppressions`")
        if any(text(entry.get("status")) in {"", "accepted"} for entry in suppressed):
            return
        rule = _rule(result, rules)
        level = text(result.get("level")) or text(inner(rule, "defaultConfiguration").get("level")) or "warning"
        locations = listed(result.get("locations"), self.title, "`locations`")
        physical = inner(locations[0], "physicalLocation") if locations else {}
        region = inner(physical, "region")
        message = inner(result, "message")
        findings.add(
            text(message.get("text"))
            or text(message.get("markdown"))
            or text(inner(rule, "shortDescription").get("text")),
            severity=Severity.INFO if result.get("kind") in _PASSING else _LEVELS.get(level, Severity.ERROR),
            rule=text(result.get("ruleId")) or text(rule.get("id")),
            file=text(inner(physical, "artifactLocation").get("uri")),
            line=one_based(region.get("startLine")),
            column=one_based(region.get("startColumn")),
            end_line=one_based(region.get("endLine")),
            url=text(rule.get("helpUri")),
            fixable=bool(result.get("fixes")),
        )


def _rule(result: dict[str, Any], rules: list[dict[str, Any]]) -> dict[str, Any]:
    index = whole(result.get("ruleIndex"))
    if index is not None and index < len(rules):
        return rules[index]
    named = text(result.get("ruleId"))
    return next((rule for rule in rules if named and rule.get("id") == named), {})


PARSER = Sarif()
