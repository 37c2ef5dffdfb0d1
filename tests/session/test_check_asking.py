"""Checks as evidence for a decision: gates of the running digest, and what a reason must answer for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mlcd_tui.domain.check_ports import ImageChecks, RolloutChecks
from mlcd_tui.domain.check_standing import standings
from mlcd_tui.domain.checks import CheckRun, CheckState, Evidence
from mlcd_tui.domain.errors import Unreachable
from mlcd_tui.domain.gates import Gate, GateState
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import clean
from mlcd_tui.session import waiting
from mlcd_tui.session.check_asking import CheckEvidence, CheckWord
from tests.ui.check_samples import OTHER, bad, evidence, good, identity
from tests.ui.samples import DIGEST_7, FRAUD, canary

NOW = datetime(2026, 11, 24, 14, 14, tzinfo=UTC)
PROMOTE = Intent(Verb.PROMOTE, FRAUD)


def asks(*runs: CheckRun, problem: str = "") -> Callable[[RolloutDetail], Awaitable[RolloutChecks]]:
    """A desk that knows these runs."""
    known: tuple[Evidence, ...] = tuple(map(evidence, runs))
    found = standings(known, frozenset({str(DIGEST_7)}), NOW)

    async def around(_detail: RolloutDetail) -> RolloutChecks:
        results = tuple(one.result for one in found)
        image = ImageChecks(
            clean("registry/fraud:7"), str(DIGEST_7), next(iter(known), None), results, clean(problem), found, known
        )
        return RolloutChecks(image)

    return around


async def word(*runs: CheckRun, intent: Intent = PROMOTE, required: bool = False, problem: str = "") -> CheckWord:
    return await CheckEvidence(asks(*runs, problem=problem), required).about(canary(), intent)


def by_name(gates: tuple[Gate, ...]) -> dict[str, Gate]:
    return {str(gate.name): gate for gate in gates}


async def test_each_check_is_a_gate_with_digest_and_age_and_a_good_image_needs_no_reason() -> None:
    found = await word(good())
    gates = by_name(found.gates)
    assert {gate.state for gate in gates.values()} == {GateState.PASSED}
    assert gates["check tests"].at == good().finished
    assert "sha256:ab12" in gates["check tests"].reason
    assert found.answer_for == ()


async def test_a_failed_check_needs_a_reason_and_advice_does_not() -> None:
    found = await word(bad())
    assert by_name(found.gates)["check lint"].state is GateState.FAILED
    assert sorted(found.answer_for) == ["lint is failed", "snapshot is failed", "tests is timed out"]
    advisory = replace(good(), results=(replace(good().results[0], required=False, state=CheckState.FAILED),))
    assert (await word(advisory)).answer_for == ()
    assert (await word(advisory, required=True)).answer_for != (), "advice proves nothing"


async def test_checks_of_another_build_are_stale_and_need_a_reason() -> None:
    found = await word(replace(good(), image=identity(7, OTHER)))
    gate = by_name(found.gates)["check tests"]
    assert gate.state is GateState.UNKNOWN
    assert "sha256:dead" in gate.reason
    assert "sha256:ab12" in gate.reason
    assert len(found.answer_for) == 5


async def test_an_image_that_nobody_checked_is_unknown_and_needs_a_reason_only_where_checks_are_required() -> None:
    found = await word()
    (gate,) = found.gates
    assert (gate.name, gate.state) == ("checks", GateState.UNKNOWN)
    assert found.answer_for == ()
    assert (await word(required=True)).answer_for != ()


async def test_a_plan_that_cannot_be_used_is_a_gate_and_needs_a_reason() -> None:
    why = "The plan in force cannot be used: checks.yaml cannot be read."
    image = ImageChecks(clean("registry/fraud:7"), str(DIGEST_7), problem=clean(why), plan_unread=True)

    async def around(_detail: RolloutDetail) -> RolloutChecks:
        return RolloutChecks(image)

    found = await CheckEvidence(around).about(canary(), PROMOTE)
    assert (found.gates[0].state, found.gates[0].reason) == (GateState.UNKNOWN, why)
    assert found.answer_for == ("the check plan in force cannot be used",)


@pytest.mark.parametrize(
    "intent",
    [
        Intent(Verb.ABORT, FRAUD),
        Intent(Verb.UNDO, FRAUD),
        Intent(Verb.RESTART, FRAUD),
        Intent(Verb.SET_WEIGHT, FRAUD, weight=0),
    ],
)
async def test_ways_back_and_acts_that_bring_no_version_are_not_asked_for_checks(intent: Intent) -> None:
    assert await word(bad(), intent=intent) == CheckWord()


async def test_who_does_not_answer_in_time_or_at_all_holds_no_plan_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 0.01)
    never = asyncio.Event()

    async def hangs(_detail: RolloutDetail) -> RolloutChecks:
        await never.wait()
        return RolloutChecks()

    async def fails(_detail: RolloutDetail) -> RolloutChecks:
        raise Unreachable("The API server does not answer.")

    slow = CheckEvidence(hangs)
    assert "plan again in a moment" in (await slow.about(canary(), PROMOTE)).gates[0].reason
    await slow.stop()
    told = (await CheckEvidence(fails).about(canary(), PROMOTE)).gates
    assert any("does not answer" in gate.reason for gate in told)
