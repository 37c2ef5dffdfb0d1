"""A run as JUnit XML: each check is a suite of one test, its findings are the failure's text."""

from __future__ import annotations

import re
from datetime import UTC
from xml.etree import ElementTree as ET

from mlcd_tui.domain.checks import CheckResult, CheckRun, CheckState, Finding

_FAILURE = frozenset({CheckState.FAILED})
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MOST_LINES = 200


class JUnit:
    """What could not run, was killed, is stale or missing is an error; only what the plan left out is skipped."""

    name = "junit"
    title = "JUnit XML"
    media_type = "application/xml"

    def render(self, run: CheckRun) -> str:
        """The run as text."""
        root = ET.Element("testsuites", {"name": _text(f"checks of {run.image.ref}"), **_counts(run.results)})
        del root.attrib["skipped"]  # Jenkins' schema has it on a suite only
        for result in run.results:
            root.append(_suite(run, result))
        ET.indent(root)
        return ET.tostring(root, encoding="unicode", xml_declaration=False).join((_HEAD, "\n"))


_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _counts(results: tuple[CheckResult, ...]) -> dict[str, str]:
    states = [result.state for result in results]
    return {
        "tests": str(len(states)),
        "failures": str(sum(state in _FAILURE for state in states)),
        "errors": str(sum(_is_error(state) for state in states)),
        "skipped": str(sum(state is CheckState.SKIPPED for state in states)),
        "time": f"{sum(result.seconds for result in results):.3f}",
    }


def _is_error(state: CheckState) -> bool:
    return not state.met and state not in {CheckState.FAILED, CheckState.SKIPPED}


def _suite(run: CheckRun, result: CheckResult) -> ET.Element:
    moment = (result.started or run.started).astimezone(UTC)
    about = {"name": _text(result.name), "timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}"}
    suite = ET.Element("testsuite", {**about, **_counts((result,))})
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("image.configDigest", run.image.config_digest),
        ("image.manifestDigest", run.image.manifest_digest),
        ("ranOn", result.ran_on),
        ("shipped", result.shipped),
        ("planDigest", run.plan_digest),
        ("tool", f"{result.report.tool} {result.report.version}".strip()),
        ("logDigest", result.log_digest),
        ("required", "true" if result.required else "false"),
    ):
        if value:
            ET.SubElement(properties, "property", name=name, value=_text(value))
    case = ET.SubElement(
        suite, "testcase", name=_text(result.name), classname=_text(result.kind), time=f"{result.seconds:.3f}"
    )
    told, findings = _text(result.reason or result.sentence), _findings(result)
    if result.state is CheckState.SKIPPED:
        ET.SubElement(case, "skipped", message=told)
    elif not result.state.met:
        tag = "failure" if result.state in _FAILURE else "error"
        ET.SubElement(case, tag, message=told, type=str(result.state)).text = findings or told
    elif findings:
        ET.SubElement(case, "system-out").text = findings
    return suite


def _findings(result: CheckResult) -> str:
    found = result.report.findings
    lines = [_line(finding) for finding in found[:_MOST_LINES]]
    left = len(found) - len(lines) + result.report.truncated
    return _text("\n".join((*lines, *([f"and {left} more"] if left else []))))


def _line(finding: Finding) -> str:
    place = ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part)
    told = " ".join(filter(None, (str(finding.severity), str(finding.rule), str(finding.message))))
    return f"{place}: {told}" if place else told


def _text(value: str) -> str:
    """What XML can carry: it has no way at all to write most control characters."""
    return _NOT_XML.sub("\ufffd", str(value))


EXPORT = JUnit()
