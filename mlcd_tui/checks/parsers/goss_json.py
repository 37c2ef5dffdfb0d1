"""`goss validate --format json` (and `structured`). Its reports never name the image."""

from __future__ import annotations

import json
from typing import Any

from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.checks.parsers._reading import inner, json_of, mapping, objects, text, whole
from mlcd_tui.domain.checks import Report

_SKIPPED = 2


class GossJson:
    """What was expected and what was found stand in the matcher's result, in older versions in the result itself."""

    name = "goss_json"
    title = "goss JSON"

    def parse(self, report: bytes, workdir: str = "") -> Report:
        """What a report says."""
        document = mapping(json_of(report, self.title), self.title, "it")
        results = objects(document.get("results"), self.title, "`results`")
        findings, bad, skipped = Findings(workdir), 0, 0
        for result in results:
            if result.get("skipped") is True or whole(result.get("result")) == _SKIPPED:
                skipped += 1
            elif result.get("successful") is not True:
                bad += 1
                _take(findings, result)
        counted = whole(inner(document, "summary").get("failed-count")) or 0
        if counted > bad:
            findings.add(f"The report counts {counted} failures but lists {bad}", rule=self.name)
        return findings.report("goss", total=len(results), passed=len(results) - bad - skipped, skipped=skipped)


def _take(findings: Findings, result: dict[str, Any]) -> None:
    matched = inner(result, "matcher-result")
    rule = ": ".join(text(result.get(key)) for key in ("resource-type", "resource-id", "property"))
    told = result.get("err")
    findings.add(
        text(told) or text(result.get("summary-line-compact")) or text(result.get("summary-line")) or f"{rule} differs",
        rule=rule,
        expected=_shown(matched.get("expected", result.get("expected"))),
        actual=_shown(matched.get("actual", result.get("found"))),
    )


def _shown(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "(nested too deeply to show)"


PARSER = GossJson()
