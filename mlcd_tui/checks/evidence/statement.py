"""A check run as an in-toto Statement v1 with the test-result predicate v0.1, there and back.

The predicate knows passed, warned and failed tests only. So that nothing is lost, the whole run stands beside them
under a key of its own, which other readers pass over; the two must say the same, or the statement is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mlcd_tui.domain.check_document import run_document, run_from_document
from mlcd_tui.domain.checks import CheckResult, CheckRun, CheckState, ImageIdentity, Report
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.strict_json import strict_json
from mlcd_tui.domain.text import clean

STATEMENT = "https://in-toto.io/Statement/v1"
STATEMENTS = (STATEMENT, "https://in-toto.io/Statement/v0.1")
"""What is read: cosign still writes the older one, which has the same fields."""
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
PAYLOAD = "application/vnd.in-toto+json"
"""Media type of a statement."""
EXTENSION = "https://mlcd.dev/check-run/v1"
"""Key in the predicate under which the whole run stands."""
MOST_BYTES = 8 << 20
"""Of a statement that is read."""
MOST_FINDINGS = 500
"""Findings of one check in a statement; the others are only counted."""
_MOST_TESTS = 10_000
_LONGEST_LINE = 400
_HEX = re.compile(r"[0-9a-f]{64}")


def statement(run: CheckRun) -> dict[str, Any]:
    """The statement about a run.

    Raises:
        Unreadable: the image has no digest, so that the statement would speak of nothing.
    """
    hexes = {digest.removeprefix("sha256:") for digest in _subjects(run.image)}
    if not hexes or not all(map(_HEX.fullmatch, hexes)):
        raise Unreadable(f"Run {clean(run.id)} names no image digest (sha256: and 64 hex digits): nothing to state.")
    run = capped(run, MOST_FINDINGS)
    name = str(run.image.ref) or "image"
    return {
        "_type": STATEMENT,
        "subject": [
            {"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}} for digest in _subjects(run.image)
        ],
        "predicateType": PREDICATE,
        "predicate": {**_told(run), EXTENSION: run_document(run)},
    }


def statement_bytes(run: CheckRun) -> bytes:
    """The statement as it is signed. Raises `Unreadable` as `statement` does."""
    return json.dumps(statement(run), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _subjects(image: ImageIdentity) -> tuple[str, ...]:
    """What the statement is about; never the index, which may hold other platforms that nobody checked."""
    return tuple(dict.fromkeys(filter(None, (image.manifest_digest, image.config_digest))))


def _told(run: CheckRun) -> dict[str, Any]:
    """What every reader of the predicate understands. What could not run is failed, what was left out is nowhere."""
    passed: list[str] = []
    warned: list[str] = []
    failed: list[str] = []
    for result in run.results:
        if result.state is CheckState.PASSED:
            passed.append(str(result.name))
        elif result.state is CheckState.WARNED:
            warned.append(str(result.name))
        elif result.state is not CheckState.SKIPPED:
            failed.append(str(result.name))
    configuration = []
    if _HEX.fullmatch(plan := run.plan_digest.removeprefix("sha256:")):
        configuration.append({"name": "checks.yaml", "digest": {"sha256": plan}})
    return {
        "result": "FAILED" if failed or not (passed or warned) else "WARNED" if warned else "PASSED",
        "configuration": configuration,
        "passedTests": passed,
        "warnedTests": warned,
        "failedTests": failed,
    }


def read_statement(data: bytes) -> CheckRun:
    """The run in a statement's bytes.

    Raises:
        Unreadable: it is no such statement, or it contradicts itself. Nothing else is ever raised.
    """
    return run_of(json_object(data, "The statement"))


def json_object(data: bytes, what: str) -> dict[str, Any]:
    """The one JSON object in bytes from anywhere. Raises `Unreadable`."""
    if len(data) > MOST_BYTES:
        raise Unreadable(f"{what} has {len(data) >> 20} MiB, more than {MOST_BYTES >> 20}.")
    try:
        value = strict_json(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{what} is no JSON ({clean(error, limit=120)}).") from error
    if not isinstance(value, dict):
        raise Unreadable(f"{what} is no JSON object.")
    return value


def run_of(value: Mapping[str, Any]) -> CheckRun:
    """The run in a statement; of another program's, what the predicate itself tells. Raises `Unreadable`."""
    if value.get("_type") not in STATEMENTS:
        raise Unreadable(
            f"It is no in-toto Statement v1 but {clean(value.get('_type'), limit=80) or 'without a type'}."
        )
    if value.get("predicateType") != PREDICATE:
        told = clean(value.get("predicateType"), limit=80) or "nothing"
        raise Unreadable(f"The statement tells of {told}, not of test results.")
    subjects = _digests(value.get("subject"))
    predicate = value.get("predicate")
    if not isinstance(predicate, dict):
        raise Unreadable("The statement's predicate is no object.")
    if EXTENSION not in predicate:
        return _foreign(value, predicate, subjects)
    run = run_from_document(predicate[EXTENSION])
    if not set(subjects) <= set(_subjects(run.image)):
        raise Unreadable("The statement contradicts itself: its subjects are not the image of its run.")
    for key, item in _told(run).items():
        if predicate.get(key) != item:
            raise Unreadable(f"The statement contradicts itself: {key} is not what its run says.")
    return replace(run, image=_spoken_of(run.image, frozenset(subjects)))


def _spoken_of(image: ImageIdentity, subjects: frozenset[str]) -> ImageIdentity:
    """The image by the digests that the statement is about: who attests a run for the manifest vouches for no more."""
    if subjects == frozenset(_subjects(image)):
        return image
    config, manifest = (each if each in subjects else "" for each in (image.config_digest, image.manifest_digest))
    return replace(image, config_digest=config, manifest_digest=manifest, index_digest="")


def _digests(value: Any) -> list[str]:
    found = []
    for subject in value if isinstance(value, list) else []:
        digests = subject.get("digest") if isinstance(subject, dict) else None
        told = digests.get("sha256") if isinstance(digests, dict) else None
        if not isinstance(told, str) or not _HEX.fullmatch(told):
            raise Unreadable("The statement has a subject without a sha256 digest.")
        found.append(f"sha256:{told}")
    if not found:
        raise Unreadable("The statement has no subject.")
    return found


def _foreign(value: Mapping[str, Any], predicate: dict[str, Any], subjects: list[str]) -> CheckRun:
    """What another program stated: names of tests, and no moment, so that it is as old as can be."""
    if predicate.get("result") not in {"PASSED", "WARNED", "FAILED"}:
        raise Unreadable("The statement's result is none of PASSED, WARNED, FAILED.")
    if len(subjects) > 2:
        raise Unreadable("The statement speaks of more than one image.")
    states = {"passedTests": CheckState.PASSED, "warnedTests": CheckState.WARNED, "failedTests": CheckState.FAILED}
    results: dict[str, CheckResult] = {}
    for key, state in states.items():  # the worst stands where a name comes twice
        names = predicate.get(key) or []
        if not isinstance(names, list) or len(names) > _MOST_TESTS or not all(isinstance(one, str) for one in names):
            raise Unreadable(f"The statement's {key} is no list of names.")
        for test in map(clean, names):
            results[test] = CheckResult(test, "ingest", state, clean(f"stated as {state.value}"))
    result = predicate["result"]
    if result == "FAILED" and not any(each.state is CheckState.FAILED for each in results.values()):
        results["result"] = CheckResult(clean("result"), "ingest", CheckState.FAILED, clean("stated as failed"))
    name = clean(value["subject"][0].get("name"))
    image = ImageIdentity(name, subjects[1] if len(subjects) > 1 else "", subjects[0])
    if not results:
        raise Unreadable("The statement names no test.")
    started = datetime(1970, 1, 1, tzinfo=UTC)
    return CheckRun("", image, _plan(predicate), tuple(results.values()), started, by=clean("another program"))


def _plan(predicate: dict[str, Any]) -> str:
    configuration = predicate.get("configuration")
    first = configuration[0] if isinstance(configuration, list) and configuration else None
    digest = first.get("digest") if isinstance(first, dict) else None
    told = digest.get("sha256") if isinstance(digest, dict) else None
    return f"sha256:{told}" if isinstance(told, str) and _HEX.fullmatch(told) else ""


def capped(run: CheckRun, most: int, *, context: bool = True) -> CheckRun:
    """The run with at most so many findings of each check; what is left out is counted."""
    return replace(run, results=tuple(_capped(result, most, context=context) for result in run.results))


def _capped(result: CheckResult, most: int, *, context: bool) -> CheckResult:
    report: Report = result.report
    kept = report.findings[:most]
    if not context:
        kept = tuple(replace(finding, context=()) if finding.context else finding for finding in kept)
    if kept == report.findings:
        return result
    left = len(report.findings) - len(kept)
    return replace(result, report=replace(report, findings=kept, truncated=report.truncated + left))


def fitting(run: CheckRun, most_bytes: int) -> tuple[bytes, CheckRun]:
    """The statement's bytes within a size: source lines go first, then findings; states and digests never.

    Raises:
        Unreadable: even without findings it does not fit.
    """
    for most, context in (
        (MOST_FINDINGS, True),
        (MOST_FINDINGS, False),
        (200, False),
        (50, False),
        (10, False),
        (0, False),
    ):
        smaller = capped(run, most, context=context)
        data = statement_bytes(smaller)
        if len(data) <= most_bytes:
            return data, smaller
    raise Unreadable(f"Run {clean(run.id)} takes {len(data) >> 10} KiB without any finding; {most_bytes >> 10} fit.")
