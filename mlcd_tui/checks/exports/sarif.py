"""A run as SARIF 2.1.0, which code scanning services and editors show: one SARIF run for each check."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from mlcd_tui.domain.checks import CheckResult, CheckRun, Finding, Severity

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ARGUMENT = re.compile(r"\{(\d+)\}")
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


class Sarif:
    """A check that failed without a finding has one result that says so; what could not run is a notification."""

    name = "sarif"
    title = "SARIF"
    media_type = "application/sarif+json"

    def render(self, run: CheckRun) -> str:
        """The run as text."""
        document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(run, result) for result in run.results]}
        return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _run(run: CheckRun, result: CheckResult) -> dict[str, Any]:
    findings = result.report.findings
    rules = list(dict.fromkeys(str(finding.rule) or "finding" for finding in findings))
    failed_silently = result.state == "failed" and not findings
    results = [_result(finding, rules) for finding in findings]
    if failed_silently:
        rules = [result.kind]
        results = [{"ruleId": result.kind, "ruleIndex": 0, "level": "error", "message": _message(result.sentence)}]
    driver = {
        "name": str(result.report.tool) or result.kind or "check",
        "rules": [{"id": rule, **_help(findings, rule)} for rule in rules],
    }
    if result.report.version:
        driver["version"] = str(result.report.version)
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"{result.name}/{run.id}"},
        "invocations": [_invocation(run, result)],
        "results": results,
        "columnKind": "unicodeCodePoints",
        "properties": {
            "state": str(result.state),
            "required": result.required,
            "manifestDigest": run.image.manifest_digest,
            "configDigest": run.image.config_digest,
            "planDigest": run.plan_digest,
            "findingsLeftOut": result.report.truncated,
        },
    }


def _message(text: str) -> dict[str, str]:
    return {"text": str(text) or "(no message)"}


def _help(findings: tuple[Finding, ...], rule: str) -> dict[str, str]:
    """Where a rule is explained, if it is an address of the web and nothing else."""
    for finding in findings:
        if finding.rule == rule and finding.url:
            address = quote(str(finding.url), safe="%/:?#[]@!$&'()*+,;=~", errors="replace")
            try:
                return {"helpUri": address} if urlsplit(address).scheme in {"http", "https"} else {}
            except ValueError:
                return {}
    return {}


def _invocation(run: CheckRun, result: CheckResult) -> dict[str, Any]:
    started = result.started or run.started
    told: dict[str, Any] = {
        "executionSuccessful": result.state in {"passed", "warned", "failed"},
        "startTimeUtc": _moment(started),
        "endTimeUtc": _moment(_after(started, result.seconds)),
    }
    if result.exit_code is not None:
        told["exitCode"] = result.exit_code
    if result.command:
        told["commandLine"] = str(result.command)
    if not told["executionSuccessful"]:
        level = "note" if result.state == "skipped" else "error"
        told["toolExecutionNotifications"] = [
            {"level": level, "message": _message(f"{result.state}: {result.reason or result.sentence}")}
        ]
    return told


def _after(moment: datetime, seconds: float) -> datetime:
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return moment


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _result(finding: Finding, rules: list[str]) -> dict[str, Any]:
    rule = str(finding.rule) or "finding"
    told: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": rules.index(rule),
        "level": _LEVELS[finding.severity],
        "message": _message(_worded(finding)),
    }
    if finding.file:
        told["locations"] = [{"physicalLocation": _place(finding)}]
    beside: dict[str, str | float | None] = {"expected": str(finding.expected), "actual": str(finding.actual)}
    beside |= {"difference": finding.difference, "tolerance": finding.tolerance}
    if known := {name: value for name, value in beside.items() if value not in {"", None}}:
        told["properties"] = known
    if finding.fingerprint:
        told["partialFingerprints"] = {"mlcd/v1": finding.fingerprint}
    return told


def _worded(finding: Finding) -> str:
    """The message; what would be read as a link or as the place of an argument is kept from it."""
    beside = [f"expected {finding.expected}"] if finding.expected else []
    beside += [f"got {finding.actual}"] if finding.actual else []
    told = f"{finding.message} ({', '.join(beside)})" if beside else str(finding.message)
    return _ARGUMENT.sub(r"{{\1}}", told.replace("](", "\\](")) if "](" in told or "{" in told else told


def _place(finding: Finding) -> dict[str, Any]:
    place: dict[str, Any] = {
        "artifactLocation": {"uri": quote(str(finding.file), safe="/~@!$&'()*+,;=", errors="replace")}
    }
    region: dict[str, Any] = {}
    if finding.line is not None and finding.line > 0:
        region["startLine"] = finding.line
        if finding.column is not None and finding.column > 0:
            region["startColumn"] = finding.column
        if finding.end_line is not None and finding.end_line >= finding.line:
            region["endLine"] = finding.end_line
    if region:
        place["region"] = region
    return place


EXPORT = Sarif()
