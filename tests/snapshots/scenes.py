"""Sessions and proposals for the pictures."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from mlcd_tui.domain.check_note import CheckNote, CheckWord
from mlcd_tui.domain.check_ports import Progress
from mlcd_tui.domain.check_standing import standings
from mlcd_tui.domain.checks import CheckState
from mlcd_tui.domain.intent import Verb
from mlcd_tui.domain.package_ports import Place, SchemaNote
from mlcd_tui.domain.plan import Refusal
from mlcd_tui.domain.ports import AuditEntry, LogLine, Proposal
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.verdict import Verdict
from mlcd_tui.session.check_evidence import check_gates, needs_reason
from tests.ui import check_samples, package_samples
from tests.ui.fake_session import FakeSession, ago, can, story
from tests.ui.proposals import proposal
from tests.ui.samples import DIGEST_7, FRAUD, NOW, blue_green, canary

_LOG = (
    "INFO     serving model fraud-scorer:7 on 0.0.0.0:8080",
    "INFO     warm-up: 64 requests, p95 38 ms",
    'INFO     POST /v2/models/fraud/infer 200 12 ms [batch=32] {"drift": 0.02}',
    "WARNING  feature merchant_age missing in 3 of 512 rows, imputed",
)


def _session(detail: RolloutDetail) -> FakeSession:
    shown = replace(detail, rollout=replace(detail.rollout, abilities=can(*Verb)))
    session = FakeSession([shown.rollout])
    session.details[FRAUD] = shown
    session.proposals = {verb: proposal() for verb in Verb}
    session.log_lines = [LogLine(clean(line), ago(seconds=9 - n)) for n, line in enumerate(_LOG)]
    session.entries = list(_audit())
    return session


def fraud_session() -> FakeSession:
    """A canary that waits for a person."""
    return _session(canary())


def blue_green_session() -> FakeSession:
    """A blue/green in preview."""
    detail = blue_green()
    return _session(replace(detail, rollout=replace(detail.rollout, ref=FRAUD)))


def packages_session() -> FakeSession:
    """A canary whose packages are known, and places to browse."""
    session = fraud_session()
    desk = session.packages
    desk.found = package_samples.around(Verdict.BREAKING)
    desk.known_places = (
        Place("mlflow:", Clean("MLflow")),
        Place("cluster:", Clean("This cluster"), configured=False),
        Place("/srv/models", Clean("/srv/models")),
    )
    desk.entries = {"mlflow:": package_samples.entries()}
    desk.packages = {f"mlflow:fraud-scorer/{version}": package_samples.fraud(version) for version in (6, 7)}
    desk.diffs = {("mlflow:fraud-scorer/6", "mlflow:fraud-scorer/7"): package_samples.diff(Verdict.BREAKING)}
    return session


def unpublished_session() -> FakeSession:
    """A canary whose candidate nobody published a package for."""
    session = packages_session()
    session.packages.found = package_samples.half_known()
    return session


def schema_session() -> FakeSession:
    """A fleet with words on the schema and the checks of what is on its way."""
    rows = story()
    words = {
        "fraud-scorer": (Verdict.COMPATIBLE, "predict: 4 inputs, 1 output"),
        "churn": (Verdict.BREAKING, "input `age` became required: callers that omit it will fail"),
        "ranker": (Verdict.UNKNOWN, "no package is known for the candidate"),
        "embedder": (Verdict.COMPATIBLE, "predict: 1 input, 1 output"),
    }
    notes = {
        row.ref: SchemaNote(words[row.ref.name][0], clean(words[row.ref.name][1]))
        for row in rows
        if row.ref.name in words
    }
    told = {
        "fraud-scorer": CheckNote(CheckWord.PASSED, 5, 5),
        "churn": CheckNote(CheckWord.FAILED, 4, 5, (clean("lint"),), clean("lint is failed: 1 finding in 1 file")),
        "ranker": CheckNote(CheckWord.STALE, 0, 5, (clean("lint"),), clean("lint is stale: it ran on another image")),
        "embedder": CheckNote(CheckWord.NONE),
    }
    checks = {row.ref: told[row.ref.name] for row in rows if row.ref.name in told}
    return FakeSession(rows, schemas=notes, checks=checks)


def fitting() -> Proposal:
    """An act whose version fits its callers."""
    return replace(proposal(), packages=package_samples.around())


def breaking() -> Proposal:
    """An act whose version breaks its callers: it asks why it is right anyway."""
    return replace(proposal(), packages=package_samples.around(Verdict.BREAKING), needs_reason=True)


def refusal() -> Proposal:
    """An act that is not possible."""
    shown = proposal()
    sentence = clean("payments/fraud-scorer was aborted: promoting it would be lost.")
    return replace(shown, plan=Refusal(shown.intent, sentence, clean("Retry it first (r).")))


def denied() -> Proposal:
    """An act that the user may not do."""
    sentence = clean("You may not patch rollouts/status.argoproj.io in namespace payments. Ask for the right.")
    return replace(proposal(), denied=(sentence,))


def production() -> Proposal:
    """An act in a production context."""
    return replace(proposal(), typed_name="fraud-scorer")


def _audit() -> tuple[AuditEntry, ...]:
    def entry(number: int, minutes: int, verb: str, stage: str, sentence: str, reason: str = "") -> AuditEntry:
        who, where = clean("alice@example.com"), clean("prod-eu")
        at, about = ago(minutes=minutes), clean("payments/fraud-scorer")
        return AuditEntry(
            f"e{number}", at, who, where, about, clean(verb), clean(stage), clean(sentence), clean(reason)
        )

    return (
        entry(4, 12, "promote", "done", "20 % of live traffic goes to v7", "numbers look fine"),
        entry(3, 12, "promote", "intended", "Send 20 % instead of 0 % of live traffic to v7, then wait for you."),
        entry(2, 90, "set-image", "done", "the update to v7 has begun"),
        entry(1, 95, "abort", "refused", "no update is on its way"),
    )


def checks_session() -> FakeSession:
    """Kept runs, one of them bad, and the same on the image that runs as candidate."""
    session = fraud_session()
    desk = session.checks
    desk.kept = (check_samples.bad(), check_samples.good(6))
    desk.found = check_samples.around(check_samples.bad())
    desk.logs = {("bad-7", "lint"): tuple(clean(f"scorer/app_{number}.py: checked") for number in range(60))}
    return session


def running_checks_session() -> FakeSession:
    """A run that does not come to its end: lint failed, two checks write, one has not begun."""
    session = checks_session()
    results = check_samples.bad().results
    told = [Progress(result.name, CheckState.WAITING) for result in results]
    told += [Progress(result.name, CheckState.RUNNING) for result in results[:4]]
    told += [Progress("tests", line=clean(f"tests/test_scorer.py::test_{number} PASSED")) for number in range(40)]
    told += [Progress("typecheck", line=clean(f"checking module {number}")) for number in range(6)]
    session.checks.story = [*told, Progress("lint", CheckState.FAILED, result=results[0]), asyncio.Event()]
    return session


def stale_checks_session() -> FakeSession:
    """The image was built anew since it was checked."""
    session = checks_session()
    rebuilt = replace(check_samples.good(), image=check_samples.identity(7, check_samples.OTHER))
    session.checks.found = check_samples.around(rebuilt)
    return session


def unchecked_session() -> FakeSession:
    """Nobody has checked the image that runs as candidate."""
    session = checks_session()
    session.checks.found = check_samples.around(None)
    return session


def checked() -> Proposal:
    """A promotion of an image of which lint and snapshot failed."""
    known = (check_samples.evidence(check_samples.bad()),)
    running = frozenset({str(DIGEST_7)})
    found = standings(known, running, NOW)
    gates = check_gates(found, known, running)
    return replace(proposal(), gates=(*proposal().gates, *gates), needs_reason=True, answer_for=needs_reason(found))
