"""What evidence is worth: only for the digest that runs, by the plan in force, and the newest word on each check."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.check_standing import Awaited, InForce, Standing, newest_first, standings
from mlcd_tui.domain.checks import (
    CheckResult,
    CheckState,
    Evidence,
    ImageIdentity,
    Report,
    SignatureState,
    judged,
    met,
    new_and_fixed,
)
from mlcd_tui.domain.text import Clean
from tests.checks.runs_made import CONFIG, MANIFEST, NOW, OTHER, PLAN, finding, pushed, result, run

HERE = frozenset({MANIFEST})
VERIFIED, UNSIGNED, BROKEN = SignatureState.VERIFIED, SignatureState.UNSIGNED, SignatureState.BROKEN
P, F = CheckState.PASSED, CheckState.FAILED
OTHER_PLAN = "sha256:" + "e5" * 32


def _evidence(minutes: float, *results: CheckResult, signature: SignatureState = UNSIGNED, **more: Any) -> Evidence:
    moment = NOW - timedelta(minutes=minutes)
    made = run(*results, **{"id": f"run-{minutes}", "started": moment, "finished": moment, **more})
    return Evidence(made, signature)


def _states(*evidence: Evidence, plan: InForce | None = None) -> dict[str, CheckState]:
    return {str(each.result.name): each.result.state for each in standings(evidence, HERE, NOW, plan)}


# --- judged ----------------------------------------------------------------------------------------------------


def _reason(evidence: Evidence, running: frozenset[str] = HERE, plan: str = PLAN, **more: Any) -> str:
    results = judged(evidence, running, plan, NOW, **more)
    assert {each.state for each in results} == {CheckState.STALE}
    return str(results[0].reason)


def test_evidence_of_this_digest_and_plan_counts() -> None:
    assert judged(_evidence(1, result()), HERE, PLAN, NOW)[0].state is P
    assert judged(_evidence(1, result()), frozenset({CONFIG, OTHER}), "", NOW)[0].state is P


def test_what_is_stale_says_why_beside_both_digests() -> None:
    other = Evidence(pushed(run(), OTHER))
    assert _reason(other) == "it ran on sha256:c3c3c3c3c3c3…, sha256:b2b2b2b2b2b2… is running"
    built = Evidence(run(image=ImageIdentity(Clean("churn:dev"), CONFIG)))
    assert "the build sha256:a1a1a1a1a1a1…, not known to be sha256:b2b2b2b2b2b2…" in _reason(built)
    assert (
        _reason(_evidence(1), plan=OTHER_PLAN)
        == "it ran by plan sha256:d4d4d4d4d4d4…, sha256:e5e5e5e5e5e5… is in force"
    )
    assert _reason(_evidence(61), max_age=timedelta(hours=1)) == "it is older than 1 h"
    assert _reason(_evidence(61), max_age=timedelta(seconds=1)) == "it is older than 1 s"
    assert _reason(_evidence(61), max_age=timedelta(minutes=45)) == "it is older than 45 m"
    assert _reason(_evidence(60 * 24 * 40), max_age=timedelta(days=30)) == "it is older than 30 d"
    assert _reason(_evidence(1), running=frozenset()) == "the digest that runs is not known"
    assert "signature" in _reason(_evidence(1, signature=BROKEN))
    assert "yet to come" in _reason(_evidence(-60))


def test_a_tag_is_never_compared() -> None:
    same_tag = Evidence(run(image=ImageIdentity(Clean("registry.example/churn:1.4.2"), OTHER)))
    assert _reason(same_tag)


def test_a_change_elsewhere_in_the_plan_leaves_a_check_standing() -> None:
    evidence = _evidence(1, result("lint", plan_digest=CONFIG), result("snapshot", plan_digest=MANIFEST))
    states = judged(evidence, HERE, OTHER_PLAN, NOW, parts={"lint": CONFIG, "snapshot": OTHER})
    assert [each.state for each in states] == [P, CheckState.STALE]


# --- what counts of several --------------------------------------------------------------------------------------


def test_the_newest_word_on_each_check_counts() -> None:
    older = _evidence(30, result("lint"), result("tests"))
    newer = _evidence(10, result("lint", F))
    assert _states(older, newer) == _states(newer, older) == {"lint": F, "tests": P}
    mended = _evidence(5, result("lint"))
    assert _states(older, newer, mended) == {"lint": P, "tests": P}


@pytest.mark.parametrize("state", [CheckState.ERROR, CheckState.TIMED_OUT, CheckState.OUT_OF_MEMORY])
def test_what_could_not_run_beats_an_older_pass(state: CheckState) -> None:
    assert _states(_evidence(30, result("lint")), _evidence(10, result("lint", state))) == {"lint": state}


@pytest.mark.parametrize("state", [CheckState.CANCELLED, CheckState.SKIPPED])
def test_what_was_not_made_takes_nothing_back(state: CheckState) -> None:
    assert _states(_evidence(30, result("lint", F)), _evidence(10, result("lint", state))) == {"lint": F}
    assert _states(_evidence(10, result("lint", state))) == {"lint": state}


def test_a_verified_failure_is_not_taken_back_by_just_anybody() -> None:
    failed = _evidence(30, result("lint", F), signature=VERIFIED)
    assert _states(failed, _evidence(10, result("lint"))) == {"lint": F}
    assert _states(failed, _evidence(10, result("lint"), signature=SignatureState.UNKNOWN_KEY)) == {"lint": F}
    assert _states(failed, _evidence(10, result("lint"), signature=VERIFIED)) == {"lint": P}
    assert _states(_evidence(30, result("lint"), signature=VERIFIED), _evidence(10, result("lint", F))) == {"lint": F}


def test_nobody_makes_a_verified_failure_stale_by_naming_another_plan() -> None:
    """Who may write a ConfigMap may invent a plan, too; where none is known it must not decide over what is signed."""
    proven = _evidence(9, result(state=F), signature=VERIFIED)
    faked = _evidence(1, result(plan_digest=OTHER_PLAN), plan_digest=OTHER_PLAN)
    assert _states(faked, proven) == {"lint": F}
    renewed = _evidence(5, result(plan_digest=OTHER_PLAN), signature=VERIFIED, plan_digest=OTHER_PLAN)
    assert _states(faked, renewed, proven) == {"lint": P}
    complaint = _evidence(1, result(state=F, plan_digest=OTHER_PLAN), plan_digest=OTHER_PLAN)
    assert _states(complaint, _evidence(9, result(), signature=VERIFIED)) == {"lint": F}


def test_nobody_makes_a_verified_check_one_that_is_not_required() -> None:
    proven = _evidence(9, result(state=F), signature=VERIFIED)
    (found,) = standings((_evidence(1, result(state=F, required=False)), proven), HERE, NOW)
    assert found.result.required


def test_a_report_that_has_become_too_old_takes_back_the_pass_of_when_it_was_new() -> None:
    assert _states(_evidence(1, result(state=CheckState.STALE)), _evidence(9, result())) == {"lint": CheckState.STALE}


def test_a_rebuilt_image_is_stale_and_says_whose_word_it_was() -> None:
    other = Evidence(pushed(run(result("lint")), OTHER))
    (found,) = standings((other,), HERE, NOW)
    assert (found.result.state, found.evidence) == (CheckState.STALE, other)
    assert _states(other, _evidence(60 * 24 * 30, result("lint"))) == {"lint": P}  # older, but of this image


def test_the_plan_in_force_decides_what_is_awaited() -> None:
    plan = InForce(PLAN, (Awaited(Clean("lint"), "lint"), Awaited(Clean("snapshot"), "snapshot")))
    assert _states(_evidence(1, result("lint"), result("gone")), plan=plan) == {
        "lint": P,
        "snapshot": CheckState.MISSING,
    }
    assert _states(plan=plan) == {"lint": CheckState.MISSING, "snapshot": CheckState.MISSING}
    assert _states(_evidence(1, result("lint")), plan=replace(plan, digest=OTHER_PLAN))["lint"] is CheckState.STALE
    named = InForce(checks=plan.checks, exhaustive=False)  # names only, of a plan that is not at hand
    assert _states(_evidence(1, result("lint"), result("more")), plan=named) == {
        "lint": P,
        "snapshot": CheckState.MISSING,
        "more": P,
    }


def test_who_ran_a_check_does_not_say_whether_it_is_required() -> None:
    plan = InForce(OTHER_PLAN, (Awaited(Clean("lint"), "lint"),))
    (found,) = standings((_evidence(1, result("lint", required=False)),), HERE, NOW, plan)
    assert (found.result.state, found.result.required) == (CheckState.STALE, True)


def test_no_platform_of_an_index_takes_back_what_was_found_on_another() -> None:
    def on(platform: str, minutes: int, state: CheckState) -> Evidence:
        made = _evidence(minutes, result("lint", state))
        image = ImageIdentity(Clean("churn"), "", f"sha256:{platform}", MANIFEST, Clean(platform))
        return replace(made, run=replace(made.run, image=image))

    arm, amd = on("linux/arm64", 9, CheckState.FAILED), on("linux/amd64", 1, P)
    assert _states(arm, amd) == {"lint": CheckState.FAILED}
    assert _states(arm, amd, on("linux/arm64", 5, P)) == {"lint": P}


def test_where_the_plan_is_not_known_the_newest_run_tells_it() -> None:
    older = _evidence(30, result("lint"), result("tests"), plan_digest=OTHER_PLAN)
    assert _states(older, _evidence(10, result("lint"))) == {"lint": P, "tests": CheckState.STALE}


def test_a_run_that_was_found_twice_counts_once_and_as_well_as_it_is_proven() -> None:
    one = _evidence(5, result("lint"))
    signed = replace(one, signature=VERIFIED)
    assert newest_first((one, signed, replace(one, signature=BROKEN))) == (signed,)
    copied = _evidence(5, result("lint", F))
    assert set(newest_first((one, copied))) == {one, copied}


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(CheckState), st.sampled_from(SignatureState), st.integers(1, 99), st.booleans()),
        max_size=6,
        unique_by=lambda each: each[2],
    )
)
def test_met_means_that_somebody_said_so_of_this_image(
    said: list[tuple[CheckState, SignatureState, int, bool]],
) -> None:
    all_of_it = [
        Evidence(pushed(_evidence(minutes, result("lint", state)).run, MANIFEST if here else OTHER), signature)
        for state, signature, minutes, here in said
    ]
    all_of_it = [
        replace(each, run=replace(each.run, image=replace(each.run.image, config_digest=""))) for each in all_of_it
    ]
    for found in standings(all_of_it, HERE, NOW):
        _holds(found)


def _holds(found: Standing) -> None:
    if found.result.state.met:
        assert found.evidence is not None
        assert MANIFEST in found.evidence.run.image.digests
        assert found.evidence.signature is not BROKEN
        assert found.result in found.evidence.run.results


# --- counting --------------------------------------------------------------------------------------------------


def test_only_required_checks_are_counted() -> None:
    results = (result("a"), result("b", F), result("c", CheckState.WARNED), result("d", F, required=False))
    assert met(results) == (2, 3)


def _found(*fingerprints: str, truncated: int = 0) -> CheckResult:
    return result(report=Report(tuple(finding(fingerprint=each) for each in fingerprints), truncated=truncated))


def test_new_and_fixed_findings() -> None:
    assert new_and_fixed(_found("a", "b"), _found("b", "c", "")) == (frozenset({"c"}), 1)
    assert new_and_fixed(None, _found("a")) == (frozenset({"a"}), 0)


def test_a_report_that_was_cut_makes_nothing_new_or_fixed() -> None:
    assert new_and_fixed(_found("a", truncated=3), _found("b")) == (frozenset(), 1)
    assert new_and_fixed(_found("a"), _found("b", truncated=3)) == (frozenset({"b"}), 0)


def test_moments_are_those_of_the_run() -> None:
    (found,) = standings((_evidence(7, result()),), HERE, NOW)
    assert found.at == NOW - timedelta(minutes=7)
    assert isinstance(found.at, datetime)
