"""in-toto's test-result statement, bare or in a DSSE envelope. Whether a signature fits is not judged here."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.checks.parsers._reading import inner, json_of, mapping, objects, refuse, text
from mlcd_tui.domain.checks import Report, Severity

PREDICATE = "https://in-toto.io/attestation/test-result/"


class InTotoTestResult:
    """Speaks of its subjects' digests; a failed result without a failed test is itself a finding."""

    name = "intoto_test_result"
    title = "in-toto test result"

    def parse(self, report: bytes, workdir: str = "") -> Report:
        """What a report says."""
        statement = mapping(json_of(report, self.title), self.title, "it")
        if "payload" in statement:
            statement = mapping(json_of(self._payload(statement["payload"]), self.title), self.title, "its payload")
        if not text(statement.get("predicateType")).startswith(PREDICATE):
            refuse(self.title, f"its predicate type is {statement.get('predicateType')!r:.80}")
        predicate = mapping(statement.get("predicate"), self.title, "`predicate`")
        result = text(predicate.get("result"))
        if result not in {"PASSED", "WARNED", "FAILED"}:
            refuse(self.title, "its result is neither PASSED, WARNED nor FAILED")
        passed, warned, failed = (self._names(predicate, key) for key in ("passedTests", "warnedTests", "failedTests"))
        findings, url = Findings(workdir), text(predicate.get("url"))
        for name in failed:
            findings.add("failed", rule=name, url=url)
        for name in warned:
            findings.add("warned", rule=name, url=url, severity=Severity.WARNING)
        if result == "FAILED" and not failed:
            findings.add("The result is FAILED, no test is named", rule="result", url=url)
        if result == "WARNED" and not warned:
            findings.add("The result is WARNED, no test is named", rule="result", url=url, severity=Severity.WARNING)
        total = len(passed) + len(warned) + len(failed)
        return findings.report(total=total, passed=len(passed) + len(warned), skipped=0, about=self._about(statement))

    def _payload(self, encoded: Any) -> bytes:
        try:
            return base64.b64decode(text(encoded), validate=True)
        except (binascii.Error, ValueError):
            refuse(self.title, "its payload is not base64")

    def _names(self, predicate: dict[str, Any], key: str) -> list[str]:
        names = predicate.get(key)
        if names is None:
            return []
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            refuse(self.title, f"`{key}` is no list of names")
        return names

    def _about(self, statement: dict[str, Any]) -> tuple[str, ...]:
        subjects = objects(statement.get("subject"), self.title, "`subject`")
        hashes = (text(inner(subject, "digest").get("sha256")).lower() for subject in subjects)
        return tuple(f"sha256:{found}" for found in dict.fromkeys(hashes) if len(found) == 64)


PARSER = InTotoTestResult()
