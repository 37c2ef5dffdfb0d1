"""When an act counts as done, as lost, or as still under way."""

from __future__ import annotations

from typing import Any

import pytest

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan, Settled
from mlcd_tui.engines.argo import ENGINE
from mlcd_tui.engines.argo.kinds import ANALYSIS_RUNS, ROLLOUTS
from tests.engines import argo_recorded as recorded


def _plan(name: str, verb: Verb, **more: Any) -> Plan:
    answer = ENGINE.plan(Intent(verb, recorded.ref(name), **more), recorded.objects(name), recorded.now(name))
    assert isinstance(answer, Plan), answer
    return answer


def _judge(plan: Plan, name: str, status: dict[str, Any], spec: dict[str, Any] | None = None) -> Settled:
    """Judge by the recorded objects with some fields of status and spec as given (None takes a field away)."""
    objects = recorded.objects(name)
    rollout = objects[ROLLOUTS][0]
    rollout["metadata"]["resourceVersion"] += "1"
    for part, fields in (("status", status), ("spec", spec or {})):
        for key, value in fields.items():
            rollout[part][key] = value
    if spec:
        rollout["metadata"]["generation"] += 1
        rollout["status"].setdefault("observedGeneration", "0")
    return ENGINE.settled(plan, objects, recorded.now(name))


_MOVED = {"pauseConditions": None, "controllerPause": False, "message": "more replicas need to be updated"}
_ABORTED = {"abort": True, "phase": "Degraded", "message": "RolloutAborted: x", "currentStepIndex": 0}


@pytest.mark.parametrize(
    ("name", "verb", "status", "outcome"),
    [
        ("canary-paused-step", Verb.PROMOTE, {}, "waiting"),
        ("canary-paused-step", Verb.PROMOTE, {"pauseConditions": None}, "waiting"),
        ("canary-paused-step", Verb.PROMOTE, {**_MOVED, "currentStepIndex": 2}, "done"),
        ("canary-paused-step", Verb.PROMOTE, _ABORTED, "failed"),
        ("canary-paused-step", Verb.PROMOTE, {"currentPodHash": "another"}, "failed"),
        ("canary-paused-step", Verb.PROMOTE_FULL, {"promoteFull": True}, "waiting"),
        ("canary-paused-step", Verb.PROMOTE_FULL, {"stableRS": "6dc5cfc88b", "currentStepIndex": 4}, "done"),
        ("canary-paused-step", Verb.ABORT, {"abort": True}, "waiting"),
        ("canary-paused-step", Verb.ABORT, {**_ABORTED, "updatedReplicas": 1}, "waiting"),
        ("canary-paused-step", Verb.ABORT, {**_ABORTED, "updatedReplicas": 0}, "done"),
        ("canary-paused-step", Verb.ABORT, {"stableRS": "6dc5cfc88b"}, "failed"),
        ("traffic-weight", Verb.ABORT, _ABORTED, "waiting"),
        (
            "traffic-weight",
            Verb.ABORT,
            {**_ABORTED, "canary": {"weights": {"canary": {"weight": 0}, "stable": {"weight": 100}}}},
            "done",
        ),
        ("canary-aborted", Verb.RETRY, {"abort": False}, "waiting"),
        ("canary-aborted", Verb.RETRY, {"abort": False, "phase": "Progressing", "message": "x"}, "done"),
        ("bluegreen-preview-waiting", Verb.SWITCH, {"pauseConditions": None}, "waiting"),
        (
            "bluegreen-preview-waiting",
            Verb.SWITCH,
            {**_MOVED, "blueGreen": {"scaleUpPreviewCheckPoint": True}},
            "waiting",
        ),
        ("bluegreen-preview-waiting", Verb.SWITCH, {**_MOVED, "blueGreen": {"activeSelector": "6dc5cfc88b"}}, "done"),
    ],
)
def test_only_what_the_controller_shows_counts(name: str, verb: Verb, status: dict[str, Any], outcome: str) -> None:
    settled = _judge(_plan(name, verb), name, status)
    assert (settled.done, settled.failed) == {
        "waiting": (False, False),
        "done": (True, False),
        "failed": (False, True),
    }[outcome], settled.sentence
    assert settled.sentence


def test_a_spec_change_is_done_only_once_its_generation_was_observed() -> None:
    plan = _plan("canary-paused-step", Verb.PAUSE)
    paused = {"phase": "Paused", "message": "manually paused"}
    assert not _judge(plan, "canary-paused-step", paused, {"paused": True}).done
    assert _judge(plan, "canary-paused-step", {**paused, "observedGeneration": "5"}, {"paused": True}).done


def test_an_undo_is_done_when_the_old_template_is_the_current_one_and_lost_when_another_came() -> None:
    plan = _plan("three-revisions-healthy", Verb.UNDO, revision=1)
    assert not _judge(plan, "three-revisions-healthy", {}).done
    assert _judge(plan, "three-revisions-healthy", {"currentPodHash": plan.mark["target"]}).done
    assert _judge(plan, "three-revisions-healthy", {"currentPodHash": "another"}).failed


def test_a_spec_that_the_controller_refuses_ends_the_waiting() -> None:
    plan = _plan("canary-healthy", Verb.SET_IMAGE, images=(("*", "r/p:8"),))
    refused = {"conditions": [{"type": "InvalidSpec", "message": "nonsense"}]}
    settled = _judge(plan, "canary-healthy", refused)
    assert settled.failed
    assert "nonsense" in settled.sentence
    assert _judge(plan, "canary-healthy", {"currentPodHash": "new"}).done


def test_a_weight_is_done_when_it_is_real_not_when_it_is_asked_for() -> None:
    plan = _plan("traffic-weight", Verb.SET_WEIGHT, weight=80)
    asked = {**_MOVED, "currentStepIndex": 2}
    assert not _judge(plan, "traffic-weight", asked).done
    real = {**asked, "canary": {"weights": {"canary": {"weight": 80}, "stable": {"weight": 20}}}}
    assert _judge(plan, "traffic-weight", real).done


def test_a_run_is_stopped_when_it_has_ended() -> None:
    plan = _plan("analysis-running", Verb.TERMINATE_ANALYSIS)
    objects = recorded.objects("analysis-running")
    assert not ENGINE.settled(plan, objects, recorded.now("analysis-running")).done
    objects[ANALYSIS_RUNS][0]["metadata"]["resourceVersion"] += "1"
    objects[ANALYSIS_RUNS][0]["status"]["phase"] = "Successful"
    assert ENGINE.settled(plan, objects, recorded.now("analysis-running")).done


def test_a_rollout_that_was_deleted_meanwhile_is_a_failure() -> None:
    plan = _plan("canary-paused-step", Verb.PROMOTE)
    assert ENGINE.settled(plan, {ROLLOUTS: []}, recorded.now("canary-paused-step")).failed
