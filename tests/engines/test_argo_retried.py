"""A blue/green after an abort: what it waits for, and what a switch would do, as the controller was seen to do it."""

from __future__ import annotations

import pytest

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan, Refusal
from mlcd_tui.domain.refs import REPLICA_SETS
from mlcd_tui.domain.rollout import WaitFor
from mlcd_tui.engines.argo import ENGINE
from mlcd_tui.engines.argo.kinds import ROLLOUTS
from tests.engines import argo_recorded as recorded

RETRIED = "bluegreen-pre-promotion-retried"


def planned(name: str, verb: Verb) -> Plan | Refusal:
    return ENGINE.plan(Intent(verb, recorded.ref(name)), recorded.objects(name), recorded.now(name))


@pytest.mark.parametrize("verb", [Verb.PROMOTE, Verb.SWITCH])
def test_no_switch_is_asked_for_that_the_controller_would_forget(verb: Verb) -> None:
    refused = planned(RETRIED, verb)
    assert isinstance(refused, Refusal)
    assert "analysis before the switch still runs" in refused.sentence
    full = planned(RETRIED, Verb.PROMOTE_FULL)
    assert isinstance(full, Plan)
    assert any("Skips the analysis before the switch" in warning for warning in full.warnings)


def test_it_waits_for_the_analysis_and_then_for_a_person() -> None:
    detail = ENGINE.observe(recorded.ref(RETRIED), recorded.objects(RETRIED), recorded.now(RETRIED))
    assert detail is not None
    waiting = detail.rollout.waiting
    assert waiting.what is WaitFor.ANALYSIS
    assert "-pre.1 before the switch, and then your switch" in waiting.sentence
    assert "good so far" in waiting.sentence


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bluegreen-post-promotion-failed", "the controller gave all live traffic back to 1, since the analysis after"),
        ("bluegreen-pre-promotion-failed", "a retry or another version; 1 has all live traffic"),
        ("bluegreen-aborted", "a retry or another version; 1 has all live traffic"),
    ],
)
def test_after_an_abort_it_is_told_which_version_serves(name: str, words: str) -> None:
    detail = ENGINE.observe(recorded.ref(name), recorded.objects(name), recorded.now(name))
    assert detail is not None
    assert words in detail.rollout.waiting.sentence
    refused = planned(name, Verb.SWITCH_BACK)
    assert isinstance(refused, Refusal)
    assert "It went back: the stable version has all traffic" in refused.sentence


def test_an_abort_before_the_switch_takes_nothing_back() -> None:
    name = "bluegreen-pre-promotion-running"
    plan = planned(name, Verb.ABORT)
    assert isinstance(plan, Plan)
    after = recorded.objects(name)
    raw = after[ROLLOUTS][0]
    raw["status"] |= {"abort": True, "phase": "Degraded", "message": "RolloutAborted: aborted"}
    raw["metadata"]["resourceVersion"] = "999999"
    found = ENGINE.settled(plan, after, recorded.now(name))
    assert found.done
    assert "version 1 keeps all traffic" in found.sentence


def test_how_long_the_way_back_is_fast_is_told_without_asking_for_it() -> None:
    name = "bluegreen-switched-scale-down-delay"
    objects = recorded.objects(name)
    for group in objects[REPLICA_SETS]:  # both were made in one second; the controller goes by what is older
        if "scale-down-deadline" in group["metadata"]["annotations"]:
            group["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z"
    detail = ENGINE.observe(recorded.ref(name), objects, recorded.now(name))
    assert detail is not None
    (told,) = (told for label, told in detail.facts if label == "Switch back")
    assert told.startswith("at once to 1 until ")
    assert told.endswith("UTC; later its pods have to start first")

    # what was made after the stable version is no way back to the controller, though its pods are up
    name = "bluegreen-rolled-back-in-delay"
    detail = ENGINE.observe(recorded.ref(name), recorded.objects(name), recorded.now(name))
    assert detail is not None
    assert "Switch back" not in dict(detail.facts)
