"""What speaks for and against an act, read off recorded rollouts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlcd_tui.domain.fleet import Freshness, Link
from mlcd_tui.domain.gates import Gate, GateState
from mlcd_tui.domain.intent import WAYS_BACK, Verb
from mlcd_tui.domain.rollout import Revision, RolloutDetail
from mlcd_tui.domain.text import clean
from mlcd_tui.session.evidence import evidence
from tests.domain.recorded import STATES, every, opened


def _gates(state: str, verb: Verb = Verb.PROMOTE) -> dict[str, Gate]:
    return {str(gate.name): gate for gate in evidence(opened(state)[0], verb)}


def _in_newest(detail: RolloutDetail, revision: Revision) -> RolloutDetail:
    return replace(detail, revisions=(revision, *detail.revisions[1:]))


@pytest.mark.parametrize("verb", Verb)
def test_every_state_has_evidence_in_clean_words_for_every_act(verb: Verb) -> None:
    for state, detail, _now in every():
        gates = evidence(detail, verb)
        assert all(gate.reason and clean(gate.reason) == gate.reason for gate in gates), state
        assert not any(gate.required for gate in gates), state
        if verb in WAYS_BACK:
            assert gates == (), state


def test_there_are_recordings() -> None:
    assert len(STATES) > 100


def test_good_canary_has_nothing_against_it() -> None:
    gates = _gates("argo/canary-paused-step")
    analysis = gates.pop("analysis")
    assert (analysis.state, analysis.reason) == (GateState.UNKNOWN, "none is configured")
    assert {gate.state for gate in gates.values()} == {GateState.PASSED}
    assert "pods of revision" in gates["pods ready"].reason
    detail, _now = opened("argo/canary-paused-step")
    assert (gates["soak"].reason, gates["soak"].at) == ("at step 2 of 4 with 20 %", detail.rollout.waiting.since)


def test_a_preview_smaller_than_what_serves_is_told() -> None:
    gate = _gates("argo/bluegreen-preview-replicas", Verb.SWITCH)["pods ready"]
    assert (gate.state, gate.reason) == (GateState.UNKNOWN, "1 of 1 pods of revision 2; all traffic now has 3")
    assert _gates("argo/bluegreen-preview-waiting", Verb.SWITCH)["pods ready"].state is GateState.PASSED


def test_an_analysis_that_has_not_run_is_not_the_same_as_none() -> None:
    detail, _now = opened("argo/analysis-running")
    unmeasured = _in_newest(detail, replace(detail.revisions[0], analysis_runs=()))
    gates = {str(gate.name): gate for gate in evidence(unmeasured, Verb.PROMOTE)}
    assert gates["analysis"].reason == "none has run; step 2 is one"


def test_crashing_candidate_is_told() -> None:
    gates = _gates("argo/canary-crashing")
    assert gates["pods ready"].state is GateState.FAILED


def test_failed_analysis_says_its_verdict() -> None:
    gates = _gates("argo/analysis-failed", Verb.PROMOTE)
    assert gates["controller"].state is GateState.FAILED
    assert any(gate.state is GateState.FAILED for name, gate in gates.items() if name.startswith("analysis"))


def test_invalid_spec_is_told() -> None:
    gate = _gates("argo/invalid-spec")["controller"]
    assert gate.state is GateState.FAILED
    assert "InvalidSpec" in gate.reason


def test_restarts_and_moved_tags_speak_against_the_new_version() -> None:
    detail, _now = opened("argo/canary-progressing")
    newest = detail.revisions[0]
    group = newest.replica_sets[0]
    assert len(group.pods) >= 1
    pod = replace(group.pods[0], restarts=3)
    digests = [replace(pod.containers[0], digest=clean(f"sha256:{n * 64}"), init=False) for n in "ab"]
    twins = tuple(replace(pod, containers=(container,)) for container in digests)
    broken = _in_newest(detail, replace(newest, replica_sets=(replace(group, pods=twins),)))
    gates = {str(gate.name): gate for gate in evidence(broken, Verb.PROMOTE)}
    assert gates["restarts"].state is GateState.FAILED
    assert "6 in the new" in gates["restarts"].reason
    assert "0 in those that serve" in gates["restarts"].reason
    assert gates["one image"].state is GateState.FAILED
    assert "tag has moved" in gates["one image"].reason


def test_picture_that_is_not_live_is_said_even_for_a_way_back() -> None:
    detail, _now = opened("argo/canary-paused-step")
    stale = Freshness(Link.STALE, reason=clean("the network is gone"))
    (gate,) = evidence(detail, Verb.ABORT, stale)
    assert (gate.state, gate.reason) == (GateState.UNKNOWN, "the network is gone")
    assert evidence(detail, Verb.ABORT, Freshness(Link.LIVE))[0].state is GateState.PASSED


def test_a_retry_is_not_warned_of_the_failure_that_it_retries() -> None:
    assert "controller" not in _gates("argo/canary-aborted", Verb.RETRY)
