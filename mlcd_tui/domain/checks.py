"""Checks of a packaged model: what was checked, on which image, what was found, and whether it still counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mlcd_tui.domain.text import Clean


class CheckState(StrEnum):
    """How a check stands. Only `PASSED` and `WARNED` count as met; what could not run is never a pass."""

    WAITING = "waiting"
    RUNNING = "running"
    PASSED = "passed"
    WARNED = "warned"
    """Met, with something to look at: a drift within its limit, an advisory finding."""
    FAILED = "failed"
    ERROR = "error"
    """It could not run, or its report is missing, unreadable or empty (no test collected)."""
    TIMED_OUT = "timed out"
    OUT_OF_MEMORY = "out of memory"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    """Left out by the plan, with its reason."""
    STALE = "stale"
    """It ran, but on another image, by another plan, or too long ago."""
    MISSING = "missing"
    """The plan has it, the evidence does not."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self not in {CheckState.WAITING, CheckState.RUNNING}

    @property
    def met(self) -> bool:
        """Whether it speaks for the image."""
        return self in {CheckState.PASSED, CheckState.WARNED}


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a tool found."""

    message: Clean
    severity: Severity = Severity.ERROR
    rule: Clean = Clean("")
    """`F401`, `arg-type`, the test's name, `ST101` …"""
    file: Clean = Clean("")
    """Relative to the working directory of the image, where that is known."""
    line: int | None = None
    """From 1."""
    column: int | None = None
    """From 1."""
    end_line: int | None = None
    expected: Clean = Clean("")
    actual: Clean = Clean("")
    difference: float | None = None
    """How far the actual number is from the expected one; None: it is no number, or not a finite one."""
    tolerance: float | None = None
    """How far it might have been; None: nothing is allowed, or there is no difference."""
    url: Clean = Clean("")
    fixable: bool = False
    context: tuple[tuple[int, Clean], ...] = ()
    """Line number and text of the source around it, where the image has it."""
    fingerprint: str = ""
    """Same finding in another image: hash of rule, file and message without its digits. Empty: not comparable."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a parser reads off a tool's output."""

    findings: tuple[Finding, ...] = ()
    total: int | None = None
    """Tests or cases that ran; None: the tool does not count."""
    passed: int | None = None
    skipped: int | None = None
    files: int | None = None
    """Files that were looked at; None: the tool does not say."""
    tool: Clean = Clean("")
    version: Clean = Clean("")
    about: tuple[str, ...] = ()
    """`sha256:…` of the images that the report says it speaks of (scanners do); empty: it does not say."""
    truncated: int = 0
    """Findings that were left out beyond the cap."""
    created: datetime | None = None
    """When the report says that it was made; None: it does not say."""


@dataclass(frozen=True, slots=True)
class ImageIdentity:
    """An image by all its names. Only digests are ever compared, never a tag."""

    ref: Clean
    """As the operator wrote it."""
    config_digest: str = ""
    """`sha256:…` of the image config: what a local engine calls its Id (the manifest's in a containerd store)."""
    manifest_digest: str = ""
    """`sha256:…` of the platform's manifest: what a cluster runs; empty until it was pushed."""
    index_digest: str = ""
    platform: Clean = Clean("")

    @property
    def digests(self) -> frozenset[str]:
        """All digests that mean this image."""
        return frozenset(filter(None, (self.config_digest, self.manifest_digest, self.index_digest)))


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check of one run."""

    name: Clean
    kind: str
    """Name of the check kind in its registry: `lint`, `tests`, `typecheck`, `endpoint_schema`, `snapshot` …"""
    state: CheckState
    sentence: Clean
    """For the eye: `3 findings in 2 files`, `128 passed`, `killed after 300 s`."""
    required: bool = True
    report: Report = field(default_factory=Report)
    started: datetime | None = None
    seconds: float = 0.0
    exit_code: int | None = None
    ran_on: str = ""
    """Digest of the image or build stage it ran in; empty: the subject itself."""
    from_cache: bool = False
    plan_digest: str = ""
    """`sha256:…` of this check's part of the plan with the files it names (snapshots, locks)."""
    command: Clean = Clean("")
    log_digest: str = ""
    log_bytes: int = 0
    reason: Clean = Clean("")
    """Why it was skipped, or why it is stale."""
    shipped: Clean = Clean("")
    """Whether the build stage that it ran in holds what the image ships: `same: 9 files`, `differs: …`, `unknown: …`.

    Empty: it ran in the image itself.
    """


@dataclass(frozen=True, slots=True)
class CheckRun:
    """All checks of one run on one image."""

    id: str
    image: ImageIdentity
    plan_digest: str
    results: tuple[CheckResult, ...]
    started: datetime
    finished: datetime | None = None
    by: Clean = Clean("")
    engine: Clean = Clean("")
    """`Docker Engine 26.1 (linux/amd64), classic builder`."""

    def result(self, name: str) -> CheckResult | None:
        """The check called `name`."""
        return next((result for result in self.results if result.name == name), None)


class SignatureState(StrEnum):
    """What is known of an evidence's signature."""

    VERIFIED = "verified"
    UNSIGNED = "unsigned"
    UNKNOWN_KEY = "unknown key"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A run as it was read back: from the local store, a cluster, a registry or a file."""

    run: CheckRun
    signature: SignatureState = SignatureState.UNSIGNED
    signer: Clean = Clean("")
    note: Clean = Clean("")
    """Why its signature could not be checked, or what else the reader should know of it."""
    found_in: Clean = Clean("")
    """`this machine`, `ConfigMap mlcd-checks-… in payments`, `referrer of registry/churn`."""


SKEW = timedelta(minutes=10)
"""How far ahead another machine's clock may be before its evidence is doubted."""


def judged(
    evidence: Evidence,
    running: frozenset[str],
    plan_digest: str,
    now: datetime,
    max_age: timedelta | None = None,
    parts: Mapping[str, str] | None = None,
) -> tuple[CheckResult, ...]:
    """The results as they count for the image that runs: stale, with the reason, where they do not speak of it.

    Args:
        evidence: what was read back; of a broken signature nothing counts.
        running: all digests by which the running image is known; empty: unknown, so everything is stale.
        plan_digest: of the plan in force; empty: unknown, then not compared.
        now: the present moment.
        max_age: older evidence is stale; None: age does not matter.
        parts: by name of a check, the digest of its part of the plan in force: where it is the same, a change elsewhere
            in the plan does not make the check stale.
    """
    reason = _staleness(evidence, running, now, max_age)
    if reason:
        return tuple(replace(result, state=CheckState.STALE, reason=reason) for result in evidence.run.results)
    by = evidence.run.plan_digest
    if not plan_digest or by == plan_digest:
        return evidence.run.results
    other = Clean(f"it ran by plan {short(by) or 'unknown'}, {short(plan_digest)} is in force")
    known = parts or {}
    return tuple(
        result
        if result.plan_digest and known.get(result.name) == result.plan_digest
        else replace(result, state=CheckState.STALE, reason=other)
        for result in evidence.run.results
    )


def _staleness(evidence: Evidence, running: frozenset[str], now: datetime, max_age: timedelta | None) -> Clean:
    run, image = evidence.run, evidence.run.image
    if evidence.signature is SignatureState.BROKEN:
        return Clean("its signature does not fit what it says")
    if not running:
        return Clean("the digest that runs is not known")
    if not running & image.digests:
        mine, theirs = image.manifest_digest or image.index_digest, short(min(running))
        if not mine and image.config_digest:
            return Clean(
                f"it ran on the build {short(image.config_digest)}, not known to be {theirs}, which is running"
            )
        return Clean(f"it ran on {short(mine) or 'an unknown image'}, {theirs} is running")
    ended = run.finished or run.started
    if ended - now > SKEW:
        return Clean(f"it is dated {ended:%Y-%m-%d %H:%M} UTC, which is yet to come")
    if max_age is not None and now - ended > max_age:
        return Clean(f"it is older than {_length(max_age)}")
    return Clean("")


def _length(time: timedelta) -> str:
    """As somebody wrote it: in the largest unit that leaves no rest, days from two on."""
    seconds = round(time.total_seconds())
    for unit, least, sign in ((86_400, 172_800, "d"), (3_600, 3_600, "h"), (60, 60, "m")):
        if seconds >= least and seconds % unit == 0:
            return f"{seconds // unit} {sign}"
    return f"{seconds} s"


def short(digest: str) -> str:
    """`sha256:4be1f0c2…`: enough of a digest for the eye."""
    head, _, tail = digest.partition(":")
    return f"{head}:{tail[:12]}…" if len(tail) > 12 else digest


def met(results: tuple[CheckResult, ...]) -> tuple[int, int]:
    """How many of the required checks are met, of how many."""
    required = [result for result in results if result.required]
    return sum(result.state.met for result in required), len(required)


def new_and_fixed(before: CheckResult | None, after: CheckResult) -> tuple[frozenset[str], int]:
    """Fingerprints of findings that the serving version's run did not have, and how many of its are gone.

    Where a report was cut, what it left out may be anything: then nothing is called new, or fixed, for want of it.
    """
    mine = {finding.fingerprint for finding in after.report.findings if finding.fingerprint}
    theirs = {finding.fingerprint for finding in before.report.findings if finding.fingerprint} if before else set()
    new = frozenset[str]() if before and before.report.truncated else frozenset(mine - theirs)
    return new, 0 if after.report.truncated else len(theirs - mine)
