"""A comparison as an in-toto Statement v1 about both images, there and back."""

from __future__ import annotations

import json
import re
from typing import Any

from mlcd_tui.domain.comparison.document import report_document, report_from_document
from mlcd_tui.domain.comparison.report import ComparisonReport, ComparisonVerdict
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.strict_json import strict_json
from mlcd_tui.domain.text import clean

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://mlcd.dev/shadow-comparison/v1"
MOST_BYTES = 4 << 20
"""Of a statement that is read."""
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_RESULTS = {ComparisonVerdict.EQUAL: "PASSED", ComparisonVerdict.NOT_ENOUGH: "INCONCLUSIVE"}


def statement_bytes(report: ComparisonReport) -> bytes:
    """The statement about a report.

    Raises:
        Unreadable: it does not know both images by their digests, so that it would speak of nothing.
    """
    subject = []
    for name, digest in (("shadow", report.shadow_digest), ("production", report.production_digest)):
        found = _DIGEST.fullmatch(digest)
        if found is None:
            raise Unreadable(f"The digest of the {name}'s image is not known: nothing can be stated of it.")
        subject.append({"name": name, "digest": {"sha256": found[1]}})
    told = {
        "_type": STATEMENT,
        "subject": subject,
        "predicateType": PREDICATE,
        "predicate": {"result": _RESULTS.get(report.verdict, "FAILED"), "report": report_document(report)},
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def read_statement(data: bytes) -> ComparisonReport:
    """The report in a statement.

    Raises:
        Unreadable: it is no such statement, or it contradicts itself. Nothing else is ever raised.
    """
    value = _object(data)
    predicate = value.get("predicate")
    if value.get("_type") != STATEMENT or value.get("predicateType") != PREDICATE or not isinstance(predicate, dict):
        raise Unreadable("It is no statement about a comparison.")
    report = report_from_document(predicate.get("report"))
    if predicate.get("result") != _RESULTS.get(report.verdict, "FAILED"):
        raise Unreadable(f"The statement says {clean(predicate.get('result'), limit=40)}, its report {report.verdict}.")
    told = {name: f"sha256:{digest}" for name, digest in _subjects(value.get("subject"))}
    if told != {"shadow": report.shadow_digest, "production": report.production_digest}:
        raise Unreadable("The statement speaks of other images than its report.")
    return report


def _object(data: bytes) -> dict[str, Any]:
    if len(data) > MOST_BYTES:
        raise Unreadable(f"The statement has more than {MOST_BYTES >> 20} MiB.")
    try:
        value = strict_json(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"The statement is no JSON ({clean(error, limit=120)}).") from error
    if not isinstance(value, dict):
        raise Unreadable("The statement is no JSON object.")
    return value


def _subjects(value: Any) -> list[tuple[str, str]]:
    found = []
    for one in value if isinstance(value, list) else ():
        digest = one.get("digest") if isinstance(one, dict) else None
        if isinstance(digest, dict):
            found.append((str(one.get("name")), str(digest.get("sha256"))))
    return found
