"""Check runs for tests: one that is true to life, and arbitrary ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from mlcd_tui.domain.checks import CheckResult, CheckRun, CheckState, Finding, ImageIdentity, Report, Severity
from mlcd_tui.domain.text import Clean, clean

CONFIG = "sha256:" + "a1" * 32
MANIFEST = "sha256:" + "b2" * 32
OTHER = "sha256:" + "c3" * 32
PLAN = "sha256:" + "d4" * 32
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
IMAGE = ImageIdentity(Clean("registry.example/churn:1.4.2"), CONFIG, MANIFEST, platform=Clean("linux/amd64"))


def finding(**more: Any) -> Finding:
    """One finding of a linter."""
    told: dict[str, Any] = {
        "message": Clean("`os` imported but unused"),
        "rule": Clean("F401"),
        "file": Clean("app/main.py"),
        "line": 3,
        "column": 8,
        "context": ((2, Clean("import json")), (3, Clean("import os"))),
        "fingerprint": "f00d",
    }
    return Finding(**{**told, **more})


def result(name: str = "lint", state: CheckState = CheckState.PASSED, **more: Any) -> CheckResult:
    """One check's result."""
    told: dict[str, Any] = {"kind": name, "sentence": Clean(f"{name} {state.value}"), "started": NOW, "seconds": 1.5}
    return CheckResult(name=Clean(name), state=state, **{**told, **more})


def run(*results: CheckResult, **more: Any) -> CheckRun:
    """A run of some checks, by default of a lint that failed and tests that passed."""
    failed = result(
        state=CheckState.FAILED,
        sentence=Clean("1 finding in 1 file"),
        report=Report((finding(),), tool=Clean("ruff"), version=Clean("0.17.6")),
        exit_code=1,
        log_digest=OTHER,
        log_bytes=120,
    )
    tests = result("tests", report=Report(total=12, passed=12, tool=Clean("pytest"), version=Clean("9.2.0")))
    told: dict[str, Any] = {
        "id": "20261124T120000-0a1b2c3d",
        "image": IMAGE,
        "plan_digest": PLAN,
        "results": results or (failed, tests),
        "started": NOW - timedelta(minutes=2),
        "finished": NOW - timedelta(minutes=1),
        "by": Clean("maria"),
        "engine": Clean("Docker Engine 26.1 (linux/amd64), classic builder"),
    }
    return CheckRun(**{**told, **more})


TEXT = st.text(max_size=30).map(clean)
DIGESTS = st.binary(min_size=32, max_size=32).map(lambda raw: f"sha256:{raw.hex()}")
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
NUMBERS = st.none() | st.integers(0, 10**6)
FINDINGS = st.builds(
    Finding,
    message=TEXT,
    severity=st.sampled_from(Severity),
    rule=TEXT,
    file=TEXT,
    line=NUMBERS,
    column=NUMBERS,
    end_line=NUMBERS,
    expected=TEXT,
    actual=TEXT,
    difference=st.none() | st.floats(0, 1e6),
    tolerance=st.none() | st.floats(0, 1e6),
    url=TEXT,
    fixable=st.booleans(),
    context=st.lists(st.tuples(st.integers(1, 999), TEXT), max_size=3).map(tuple),
    fingerprint=TEXT,
)
REPORTS = st.builds(
    Report,
    findings=st.lists(FINDINGS, max_size=3).map(tuple),
    total=NUMBERS,
    passed=NUMBERS,
    skipped=NUMBERS,
    tool=TEXT,
    version=TEXT,
    about=st.lists(DIGESTS, max_size=2).map(tuple),
    truncated=st.integers(0, 99),
    created=st.none() | MOMENTS,
)
RESULTS = st.builds(
    CheckResult,
    name=TEXT,
    kind=TEXT,
    state=st.sampled_from(CheckState),
    sentence=TEXT,
    required=st.booleans(),
    report=REPORTS,
    started=st.none() | MOMENTS,
    seconds=st.floats(0, 1e6),
    exit_code=st.none() | st.integers(-255, 255),
    ran_on=st.just("") | DIGESTS,
    from_cache=st.booleans(),
    plan_digest=st.just("") | DIGESTS,
    command=TEXT,
    log_digest=st.just("") | DIGESTS,
    log_bytes=st.integers(0, 10**12),
    reason=TEXT,
)
RUNS = st.builds(
    CheckRun,
    id=TEXT,
    image=st.builds(
        ImageIdentity,
        ref=TEXT,
        config_digest=DIGESTS,
        manifest_digest=st.just("") | DIGESTS,
        index_digest=st.just("") | DIGESTS,
        platform=TEXT,
    ),
    plan_digest=st.just("") | DIGESTS,
    results=st.lists(RESULTS, max_size=4, unique_by=lambda each: each.name).map(tuple),
    started=MOMENTS,
    finished=st.none() | MOMENTS,
    by=TEXT,
    engine=TEXT,
)


def pushed(made: CheckRun, manifest: str) -> CheckRun:
    """The run with another manifest digest."""
    return replace(made, image=replace(made.image, manifest_digest=manifest))
