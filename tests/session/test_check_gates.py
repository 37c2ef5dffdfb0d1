"""Checks beside an approval: each on which digest and how old, and what must not pass unseen."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mlcd_tui.domain.check_standing import Awaited, InForce, standings
from mlcd_tui.domain.checks import CheckResult, CheckState, Evidence, SignatureState
from mlcd_tui.domain.gates import Gate, GateState
from mlcd_tui.domain.text import Clean
from mlcd_tui.session.check_evidence import check_gates, needs_reason
from tests.checks.runs_made import MANIFEST, NOW, OTHER, PLAN, pushed, result, run

HERE = frozenset({MANIFEST})
SHORT = "sha256:b2b2b2b2b2b2…"


def _gates(*evidence: Evidence, plan: InForce | None = None, problem: str = "") -> dict[str, Gate]:
    gates = check_gates(standings(evidence, HERE, NOW, plan), evidence, HERE, problem)
    return {str(gate.name): gate for gate in gates}


def _signed(*results: CheckResult, by: str = "maria") -> Evidence:
    return Evidence(run(*results), SignatureState.VERIFIED, Clean(by))


def test_each_check_says_what_on_which_digest_by_whom_and_when() -> None:
    found = _gates(_signed(result("lint", CheckState.FAILED, sentence=Clean("3 findings")), result("tests")))
    assert list(found) == ["check lint", "check tests"]
    assert found["check lint"].state is GateState.FAILED
    assert found["check lint"].reason == f"3 findings; on {SHORT}; signed by maria"
    assert found["check tests"].state is GateState.PASSED
    assert found["check tests"].at == NOW - timedelta(minutes=1)


@pytest.mark.parametrize("state", CheckState)
def test_only_what_is_met_is_passed_and_everything_else_needs_a_reason(state: CheckState) -> None:
    evidence = _signed(result("lint", state))
    assert (_gates(evidence)["check lint"].state is GateState.PASSED) is state.met
    assert bool(needs_reason(standings((evidence,), HERE, NOW))) is not state.met


def test_stale_names_both_digests() -> None:
    gate = _gates(Evidence(pushed(run(result("lint")), OTHER)))["check lint"]
    assert gate.state is GateState.UNKNOWN
    assert gate.reason == f"stale, it ran on sha256:c3c3c3c3c3c3…, {SHORT} is running: lint passed"


def test_a_missing_check_is_a_gate_and_needs_a_reason() -> None:
    plan = InForce(PLAN, (Awaited(Clean("lint"), "lint"), Awaited(Clean("snapshot"), "snapshot")))
    evidence = _signed(result("lint"))
    assert _gates(evidence, plan=plan)["check snapshot"].state is GateState.UNKNOWN
    assert needs_reason(standings((evidence,), HERE, NOW, plan)) == ("snapshot is missing",)


def test_advisory_checks_need_no_reason() -> None:
    evidence = _signed(result("image", CheckState.FAILED, required=False))
    assert _gates(evidence)["check image (advisory)"].state is GateState.FAILED
    assert needs_reason(standings((evidence,), HERE, NOW)) == ()


def test_nobody_checked_it() -> None:
    assert _gates()["checks"].reason == f"nobody has checked {SHORT}"
    assert _gates(problem="No right to read.")["evidence"].state is GateState.UNKNOWN
    unknown = check_gates((), (), frozenset())
    assert "digest is not known" in unknown[0].reason


def test_tampered_evidence_is_told_even_beside_good_one() -> None:
    forged = Evidence(
        run(result("tests"), id="other"), SignatureState.BROKEN, Clean("maria"), found_in=Clean("ConfigMap x")
    )
    found = _gates(_signed(result("lint")), forged)
    assert found["evidence"].state is GateState.FAILED
    assert found["evidence"].reason.startswith("ConfigMap x: it was changed after it was signed")
    assert found["check lint"].state is GateState.PASSED
    assert found["check tests"].state is GateState.UNKNOWN


def test_unsigned_and_build_stages_are_said() -> None:
    gate = _gates(Evidence(run(result("lint", ran_on=OTHER))))["check lint"]
    assert gate.reason == f"lint passed; on {SHORT} (in build stage sha256:c3c3c3c3c3c3…); unsigned"
