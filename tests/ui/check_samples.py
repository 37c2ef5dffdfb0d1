"""Runs of checks, as the runner would tell of them: a good one, and one in which three checks fail."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mlcd_tui.domain.check_ports import ImageChecks, RolloutChecks
from mlcd_tui.domain.checks import (
    CheckResult,
    CheckRun,
    CheckState,
    Evidence,
    Finding,
    ImageIdentity,
    Report,
    Severity,
    SignatureState,
    judged,
)
from mlcd_tui.domain.text import Clean, clean
from tests.ui.samples import DIGEST_6, DIGEST_7, NOW, ago

PLAN = "sha256:" + "c1" * 32
OTHER = "sha256:" + "dead" * 16


def _result(name: str, kind: str, sentence: str, seconds: float, **fields: object) -> CheckResult:
    report = Report(tool=clean(fields.pop("tool", "")), version=clean(fields.pop("version", "")))
    base = {"report": report, "started": ago(minutes=4), "exit_code": 0, "log_bytes": 2_400}
    return CheckResult(
        clean(name),
        kind,
        CheckState.PASSED,
        clean(sentence),
        seconds=seconds,
        **{**base, **fields},  # type: ignore[arg-type]
    )


def identity(tag: int = 7, digest: str = "") -> ImageIdentity:
    """The scorer's image of a tag."""
    known = digest or str(DIGEST_7 if tag == 7 else DIGEST_6)
    return ImageIdentity(clean(f"registry/fraud:{tag}"), manifest_digest=known, platform=clean("linux/amd64"))


def good(tag: int = 7, **fields: object) -> CheckRun:
    """All five checks are met."""
    results = (
        _result("lint", "lint", "no findings", 2.1, tool="ruff", version="0.14.2"),
        _result("tests", "tests", "128 passed", 31.4, tool="pytest", version="8.4"),
        _result("typecheck", "typecheck", "no findings in 14 files", 12.0, tool="mypy", version="1.18"),
        _result("schema", "endpoint_schema", "3 operations as locked, 41 bad inputs refused", 8.2),
        _result("snapshot", "snapshot", "12 of 12 cases as approved", 4.9),
    )
    base: dict[str, object] = {
        "by": Clean("alice"),
        "engine": Clean("Docker Engine 26.1 (linux/amd64), classic builder"),
    }
    run = CheckRun(f"run-{tag}", identity(tag), PLAN, results, ago(minutes=5), ago(minutes=4))
    return replace(run, **{**base, **fields})  # type: ignore[arg-type]


def unused_import() -> Finding:
    """A finding of a linter, with its source."""
    lines = (
        (1, Clean("from __future__ import annotations")),
        (2, Clean("")),
        (3, Clean("import os")),
        (4, Clean("import joblib")),
        (5, Clean("from fastapi import FastAPI")),
    )
    return Finding(
        Clean("`os` imported but unused"),
        rule=Clean("F401"),
        file=Clean("scorer/app.py"),
        line=3,
        column=8,
        url=Clean("https://docs.example/rules/unused-import"),
        fixable=True,
        context=lines,
        fingerprint="f-401",
    )


def drifts() -> tuple[Finding, ...]:
    """What a snapshot check tells of two cases."""
    return (
        Finding(
            Clean("basket: $.note is 'ok ', approved 'ok' (blanks only)"),
            Severity.WARNING,
            Clean("text"),
            Clean("snapshots/basket.approved.json"),
            expected=Clean("'ok'"),
            actual=Clean("'ok '"),
        ),
        Finding(
            Clean("basket: $.scores[4] is 0.61, approved 0.5 (off by 0.11, 1e-05 is allowed)"),
            rule=Clean("value"),
            file=Clean("snapshots/basket.approved.json"),
            expected=Clean("0.5"),
            actual=Clean("0.61"),
            difference=0.11,
            tolerance=1e-5,
        ),
        Finding(
            Clean("night: $.scores[0] is 0.95, approved 0.2 (off by 0.75, 1e-05 is allowed)"),
            rule=Clean("value"),
            file=Clean("snapshots/night.approved.json"),
            expected=Clean("0.2"),
            actual=Clean("0.95"),
            difference=0.75,
            tolerance=1e-5,
        ),
    )


def bad(tag: int = 7) -> CheckRun:
    """Lint and snapshot fail, the tests run out of time."""
    run = good(tag)
    lint, tests, types, schema, snapshot = run.results
    old = Finding(Clean("Line too long (131 > 120)"), Severity.WARNING, Clean("E501"), Clean("scorer/features.py"), 88)
    results = (
        replace(
            lint,
            state=CheckState.FAILED,
            sentence=Clean("2 findings in 2 files"),
            report=replace(lint.report, findings=(replace(old, fingerprint="f-501"), unused_import())),
            exit_code=1,
            command=Clean("ruff check --output-format json ."),
        ),
        replace(tests, state=CheckState.TIMED_OUT, sentence=Clean("killed after 300 s"), seconds=300.0, exit_code=137),
        replace(types, state=CheckState.WARNED, sentence=Clean("1 note"), required=False),
        schema,
        replace(
            snapshot,
            state=CheckState.FAILED,
            sentence=Clean("10 of 12 cases as approved; basket: 2 of 40 values are off"),
            report=Report(drifts(), total=12, passed=10),
        ),
    )
    return replace(run, id=f"bad-{tag}", results=results)


def evidence(run: CheckRun, signature: SignatureState = SignatureState.VERIFIED) -> Evidence:
    """A run as it was read back from this machine."""
    return Evidence(run, signature, Clean("release-bot"), found_in=Clean("this machine"))


def image_checks(run: CheckRun, digest: str, tag: int = 7) -> ImageChecks:
    """A run as it counts for the digest that runs."""
    found = evidence(run)
    counted = judged(found, frozenset({digest}), PLAN, NOW, timedelta(hours=24))
    return ImageChecks(clean(f"registry/fraud:{tag}"), digest, found, counted)


def around(run: CheckRun | None = None, digest: str = str(DIGEST_7)) -> RolloutChecks:
    """The candidate's checks beside the serving version's."""
    serving = image_checks(good(6), str(DIGEST_6), 6)
    if run is None:
        return RolloutChecks(ImageChecks(clean("registry/fraud:7"), digest), serving)
    return RolloutChecks(image_checks(run, digest), serving)
