"""What each act would send, in the situation it is for, and why it is refused in others."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import JSON_PATCH, MERGE_PATCH, Plan, Refusal, Request
from mlcd_tui.domain.refs import DEPLOYMENTS, REPLICA_SETS, Resource
from mlcd_tui.engines.argo import ENGINE
from mlcd_tui.engines.argo.kinds import ANALYSIS_RUNS, EXPERIMENTS, ROLLOUTS
from tests.engines import argo_recorded as recorded

Objects = dict[Resource, list[dict[str, Any]]]


def ask(name: str, verb: Verb, objects: Objects | None = None, **more: Any) -> Plan | Refusal:
    objects = recorded.objects(name) if objects is None else objects
    return ENGINE.plan(Intent(verb, recorded.ref(name), **more), objects, recorded.now(name))


def plan(name: str, verb: Verb, objects: Objects | None = None, **more: Any) -> Plan:
    answer = ask(name, verb, objects, **more)
    assert isinstance(answer, Plan), answer
    return answer


def refusal(name: str, verb: Verb, objects: Objects | None = None, **more: Any) -> str:
    answer = ask(name, verb, objects, **more)
    assert isinstance(answer, Refusal), answer
    return f"{answer.sentence} {answer.advice}".strip()


def body(request: Request) -> dict[str, Any]:
    assert isinstance(request.body, dict)
    return {key: value for key, value in request.body.items() if key != "metadata"}


@pytest.mark.parametrize(
    ("name", "verb", "more", "sent"),
    [
        ("canary-paused-step", Verb.PROMOTE, {}, {"status": {"pauseConditions": None}}),
        ("bluegreen-preview-waiting", Verb.PROMOTE, {}, {"status": {"pauseConditions": None}}),
        ("bluegreen-preview-waiting", Verb.SWITCH, {}, {"status": {"pauseConditions": None}}),
        (
            "analysis-running",
            Verb.PROMOTE,
            {},
            {"status": {"pauseConditions": None, "controllerPause": False, "currentStepIndex": 2}},
        ),
        (
            "analysis-inconclusive",
            Verb.PROMOTE,
            {},
            {"status": {"pauseConditions": None, "controllerPause": False, "currentStepIndex": 2}},
        ),
        (
            "canary-paused-step",
            Verb.SKIP_STEP,
            {},
            {"status": {"pauseConditions": None, "controllerPause": False, "currentStepIndex": 2}},
        ),
        (
            "traffic-weight",
            Verb.SET_WEIGHT,
            {"weight": 80},
            {"status": {"pauseConditions": None, "controllerPause": False, "currentStepIndex": 2}},
        ),
        ("canary-paused-step", Verb.PROMOTE_FULL, {}, {"status": {"promoteFull": True}}),
        ("canary-aborted", Verb.RETRY, {}, {"status": {"abort": False}}),
        ("canary-paused-step", Verb.PAUSE, {}, {"spec": {"paused": True}}),
        ("canary-paused-by-user", Verb.RESUME, {}, {"spec": {"paused": False}}),
        ("analysis-running", Verb.TERMINATE_ANALYSIS, {}, {"spec": {"terminate": True}}),
        ("experiment-inconclusive", Verb.RETRY_EXPERIMENT, {}, {"status": None}),
    ],
)
def test_one_request_is_sent_as_the_command_line_sends_it(
    name: str, verb: Verb, more: dict[str, Any], sent: dict[str, Any]
) -> None:
    (request,) = plan(name, verb, **more).requests
    assert body(request) == sent
    assert request.content_type == MERGE_PATCH
    in_rollout = request.resource == ROLLOUTS
    assert (request.subresource, request.fallback_to_main) == (
        ("status", True) if in_rollout and "status" in sent else ("", False)
    )


def test_every_plan_holds_only_for_the_object_as_it_was_read() -> None:
    for name in recorded.names():
        objects = recorded.objects(name)
        versions = {
            (resource, item["metadata"]["name"]): item["metadata"]["resourceVersion"]
            for resource, items in objects.items()
            for item in items
        }
        for verb in Verb:
            answer = ask(name, verb, objects, weight=80, images=(("*", "r/new:9"),))
            if isinstance(answer, Refusal):
                assert answer.sentence
                continue
            first = answer.requests[0]
            if first.content_type == MERGE_PATCH:
                assert isinstance(first.body, dict)
                assert first.body["metadata"] == {"resourceVersion": versions[first.resource, first.name]}
            else:
                tests = [dict(o)["path"] for o in first.body if isinstance(o, dict) and o["op"] == "test"]
                assert tests == ["/metadata/uid", "/status/currentPodHash"]
            assert first.access in ENGINE.access(verb, first.namespace) or first.resource == DEPLOYMENTS
            assert all((answer.title, answer.sentence, answer.way_back, answer.changes, answer.seen, answer.expect))
            json.dumps([request.body for request in answer.requests])


def test_what_is_offered_in_the_fleet_is_what_can_be_planned() -> None:
    needs_more = {Verb.SET_WEIGHT, Verb.TERMINATE_ANALYSIS, Verb.RETRY_EXPERIMENT}
    for name in recorded.names():
        detail = ENGINE.observe(recorded.ref(name), recorded.objects(name), recorded.now(name))
        assert detail is not None
        for ability in detail.rollout.abilities:
            verb = Verb(ability.verb)
            answer = ask(name, verb, weight=80, images=(("*", "r/new:9"),))
            if verb not in needs_more and not (verb is Verb.RESTART and detail.rollout.replicas.desired == 0):
                assert isinstance(answer, Plan) == ability.allowed, (name, ability, answer)
            assert ability.allowed or ability.why_not


def test_a_promotion_tells_weights_wait_and_what_it_skips() -> None:
    routed = plan("traffic-weight", Verb.PROMOTE)
    assert routed.sentence.startswith("Send 80 % instead of 30 % of live traffic of rec-traffic-weight/model-api to")
    assert routed.sentence.endswith("then wait for you.")
    assert "about 3 of 5" in plan("canary-paused-step", Verb.PROMOTE).sentence
    assert plan("canary-paused-step", Verb.PROMOTE).sentence.endswith("then wait 1 h.")
    (warning,) = plan("analysis-running", Verb.PROMOTE).warnings
    assert "Skips the running analysis" in warning
    changes = {
        str(change.label): (change.before, change.after) for change in plan("traffic-mirror", Verb.PROMOTE).changes
    }
    assert changes["mirrored"] == ("35 %", "none")


def test_a_pause_of_a_person_is_ended_before_the_pause_of_the_step() -> None:
    """Cleared under a person's pause, the step's pause would come back: the controller forgets that it was cleared."""
    first, second = plan("canary-paused-by-user-in-step", Verb.PROMOTE).requests
    assert (body(first), first.subresource) == ({"spec": {"paused": False}}, "")
    assert second.subresource == "status"
    operations = [dict(operation) for operation in second.body if isinstance(operation, dict)]
    assert [(o["op"], o["path"]) for o in operations if o["op"] != "test"] == [("remove", "/status/pauseConditions")]
    assert {"op": "test", "path": "/status/currentStepIndex", "value": 1} in operations


def test_an_abort_holds_for_the_candidate_not_for_the_resource_version_so_that_a_busy_controller_cannot_stop_it() -> (
    None
):
    for name, verb in (("canary-paused-step", Verb.ABORT), ("bluegreen-post-promotion-running", Verb.SWITCH_BACK)):
        (request,) = plan(name, verb).requests
        uid = recorded.rollout(name)["metadata"]["uid"]
        assert request.body == (
            {"op": "test", "path": "/metadata/uid", "value": uid},
            {"op": "test", "path": "/status/currentPodHash", "value": "6dc5cfc88b"},
            {"op": "add", "path": "/status/abort", "value": True},
        )
        assert (request.subresource, request.fallback_to_main) == ("status", True)


def test_an_analysis_that_could_not_tell_is_run_again_or_overruled_but_never_said_to_switch() -> None:
    again = plan("bluegreen-pre-promotion-inconclusive", Verb.PROMOTE)
    assert again.title == "Run the analysis again"
    assert "promote fully overrules it" in refusal("bluegreen-pre-promotion-inconclusive", Verb.SWITCH)
    (request,) = plan("bluegreen-pre-promotion-inconclusive", Verb.PROMOTE_FULL).requests
    assert request.content_type == JSON_PATCH
    background = plan("background-analysis-inconclusive", Verb.PROMOTE)
    assert any("run through every step that is left, pauses for you included" in w for w in background.warnings)
    (request,) = plan("experiment-inconclusive", Verb.PROMOTE).requests
    assert body(request)["status"]["currentStepIndex"] == 1


def test_an_abort_under_a_person_s_pause_ends_that_pause_too() -> None:
    abort = plan("canary-paused-by-user", Verb.ABORT)
    assert [request.subresource for request in abort.requests] == ["status", ""]
    assert any("or nothing would go back" in warning for warning in abort.warnings)


@pytest.mark.parametrize(
    ("name", "verb", "more", "why"),
    [
        ("canary-aborted", Verb.PROMOTE, {}, "retry it first"),
        ("canary-aborted", Verb.PROMOTE_FULL, {}, "retry it first"),
        ("canary-healthy", Verb.PROMOTE, {}, "No update is in flight."),
        ("canary-healthy", Verb.ABORT, {}, "No update is in flight."),
        ("canary-first-deploy", Verb.UNDO, {}, "no earlier revision"),
        ("unattended-release", Verb.PROMOTE_FULL, {}, "has not seen the last change"),
        ("promote-full", Verb.PROMOTE, {}, "asked for already"),
        ("bluegreen-progressing", Verb.PROMOTE, {}, "would send nothing"),
        ("bluegreen-post-promotion-running", Verb.SWITCH, {}, "switched already"),
        ("canary-paused-step", Verb.SET_WEIGHT, {"weight": 60}, "follows the number of pods"),
        ("traffic-weight", Verb.SET_WEIGHT, {"weight": 55}, "Steps of this rollout set: 30 %, 80 %."),
        ("traffic-weight", Verb.SET_WEIGHT, {"weight": 30}, "30 % already"),
        ("traffic-weight", Verb.SET_WEIGHT, {"weight": 100}, "Promote fully"),
        ("traffic-weight", Verb.SET_WEIGHT, {"weight": 0}, "Abort sends all traffic back"),
        ("traffic-weight", Verb.SET_WEIGHT, {"weight": 101}, "between 0 and 100"),
        ("canary-paused-step", Verb.RESUME, {}, "promote continues it"),
        ("canary-paused-by-user", Verb.PAUSE, {}, "paused already"),
        ("canary-paused-step", Verb.RETRY, {}, "not aborted"),
        ("canary-paused-step", Verb.SWITCH, {}, "Only a blue/green"),
        ("bluegreen-preview-waiting", Verb.SWITCH_BACK, {}, "still has all traffic"),
        ("three-revisions-healthy", Verb.UNDO, {"revision": 9}, "Revisions that are kept: 3, 2, 1."),
        ("three-revisions-healthy", Verb.UNDO, {"revision": 3}, "already"),
        ("canary-healthy", Verb.SET_IMAGE, {"images": (("nobody", "r/x:1"),)}, "Containers: proxy, server."),
        ("canary-healthy", Verb.SET_IMAGE, {"images": ()}, "container=image"),
        ("canary-healthy", Verb.SET_IMAGE, {"images": (("proxy", "registry.example/proxy:7"),)}, "already"),
        ("canary-healthy", Verb.TERMINATE_ANALYSIS, {}, "No analysis is running."),
        ("analysis-failed", Verb.TERMINATE_ANALYSIS, {"target": "model-api-6dc5cfc88b-2-1"}, "has ended: Failed"),
        ("canary-scaled-to-zero", Verb.RESTART, {}, "scaled to 0"),
    ],
)
def test_what_cannot_be_done_says_why_and_what_helps(name: str, verb: Verb, more: dict[str, Any], why: str) -> None:
    assert why in refusal(name, verb, **more)


def _apply(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _apply(merged.get(key), value)
    return merged


def test_an_undo_asks_for_exactly_the_old_template_and_keeps_nothing_of_the_new() -> None:
    objects = recorded.objects("three-revisions-healthy")
    rollout = objects[ROLLOUTS][0]
    rollout["spec"]["template"]["metadata"]["labels"]["only-new"] = "x"
    rollout["spec"]["template"]["spec"]["priority"] = 5
    (request,) = plan("three-revisions-healthy", Verb.UNDO, objects, revision=1).requests
    after = _apply(rollout, body(request))["spec"]["template"]
    old = next(s for s in objects[REPLICA_SETS] if s["metadata"]["annotations"]["rollout.argoproj.io/revision"] == "1")
    wanted = copy.deepcopy(old["spec"]["template"])
    del wanted["metadata"]["labels"]["rollouts-pod-template-hash"]
    wanted["metadata"] = {key: value for key, value in wanted["metadata"].items() if value is not None}
    assert after == wanted


@pytest.mark.parametrize(
    ("name", "revision", "path"),
    [
        ("canary-paused-step", None, "since that version is the stable one"),
        ("three-revisions-healthy", 1, "within the rollback window"),
        ("canary-healthy", 1, "runs all 2 steps"),
    ],
)
def test_an_undo_tells_beforehand_whether_it_skips_the_steps(name: str, revision: int | None, path: str) -> None:
    assert path in plan(name, Verb.UNDO, revision=revision).sentence


@pytest.mark.parametrize(
    ("age", "later", "path"),
    [
        (timedelta(hours=1), timedelta(0), "switches at once without a pause, since its pods are still up"),
        (timedelta(hours=1), timedelta(hours=2), "preview, pauses and analyses included"),
        (timedelta(0), timedelta(0), "preview, pauses and analyses included"),
    ],
)
def test_a_blue_green_goes_back_at_once_within_the_delay_to_a_version_that_is_older(
    age: timedelta, later: timedelta, path: str
) -> None:
    """Made in the same second as the stable one, a version is no older to the controller: it pauses (seen on it)."""
    name = "bluegreen-switched-scale-down-delay"
    objects, now = recorded.objects(name), recorded.now(name)
    made = {s["metadata"]["annotations"]["rollout.argoproj.io/revision"]: s["metadata"] for s in objects[REPLICA_SETS]}
    stable = datetime.fromisoformat(made["2"]["creationTimestamp"])
    made["1"]["creationTimestamp"] = (stable - age).isoformat()
    answer = ENGINE.plan(Intent(Verb.SWITCH_BACK, recorded.ref(name)), objects, now + later)
    assert isinstance(answer, Plan)
    assert path in answer.sentence


def test_going_forward_again_is_no_rollback_even_while_the_pods_are_up() -> None:
    """The controller compares when the ReplicaSets were made: a newer one pauses and analyses as any update does."""
    again = plan("bluegreen-rolled-back-in-delay", Verb.SWITCH_BACK)
    assert "version 2 (revision 2)" in again.sentence
    assert "preview, pauses and analyses included" in again.sentence


def test_versions_of_a_workload_are_changed_where_they_are_kept() -> None:
    for verb in (Verb.UNDO, Verb.SET_IMAGE):
        (request,) = plan("workload-ref", verb, images=(("server", "r/m:9"),)).requests
        assert (request.resource, request.name) == (DEPLOYMENTS, "model-api")
    objects = recorded.objects("workload-ref")
    objects[DEPLOYMENTS] = []
    assert "was not found" in refusal("workload-ref", Verb.UNDO, objects)
    objects[ROLLOUTS][0]["spec"]["workloadRef"]["kind"] = "PodTemplate"
    assert "PodTemplate" in refusal("workload-ref", Verb.SET_IMAGE, objects, images=(("*", "r/m:9"),))


def test_set_image_changes_the_named_container_only_and_star_all() -> None:
    (request,) = plan("canary-healthy", Verb.SET_IMAGE, images=(("proxy", "r/p:8"),)).requests
    containers = body(request)["spec"]["template"]["spec"]["containers"]
    assert [c["image"] for c in containers] == ["registry.example/model-api:2", "r/p:8"]
    (request,) = plan("canary-healthy", Verb.SET_IMAGE, images=(("*", "r/p:8"),)).requests
    assert {c["image"] for c in body(request)["spec"]["template"]["spec"]["containers"]} == {"r/p:8"}


def test_a_gitops_owner_is_warned_of_where_the_spec_changes() -> None:
    objects = recorded.objects("canary-healthy")
    objects[ROLLOUTS][0]["metadata"].setdefault("labels", {})["argocd.argoproj.io/instance"] = "ml"
    warned = plan("canary-healthy", Verb.SET_IMAGE, objects, images=(("*", "r/p:8"),)).warnings
    assert any("Argo CD application ml" in warning for warning in warned)


def test_a_named_run_is_stopped_and_a_stranger_s_is_not() -> None:
    objects = recorded.objects("analysis-running")
    run = objects[ANALYSIS_RUNS][0]["metadata"]["name"]
    (request,) = plan("analysis-running", Verb.TERMINATE_ANALYSIS, objects, target=run).requests
    assert (request.resource, request.name, request.subresource) == (ANALYSIS_RUNS, run, "")
    stranger = copy.deepcopy(objects[ANALYSIS_RUNS][0])
    stranger["metadata"].update(name="other", ownerReferences=[])
    objects[ANALYSIS_RUNS].append(stranger)
    assert "no analysis run other" in refusal("analysis-running", Verb.TERMINATE_ANALYSIS, objects, target="other")


def test_an_experiment_that_did_not_fail_is_not_run_again() -> None:
    assert "No experiment has failed" in refusal("experiment-running", Verb.RETRY_EXPERIMENT)
    (request,) = plan("experiment-inconclusive", Verb.RETRY_EXPERIMENT).requests
    assert (request.resource, request.subresource) == (EXPERIMENTS, "")


def test_an_experiment_of_an_aborted_rollout_is_refused_since_nothing_would_judge_it() -> None:
    told = refusal("experiment-failed", Verb.RETRY_EXPERIMENT)
    assert "is aborted" in told
    assert "Retry the rollout" in told


def test_going_back_to_an_earlier_weight_says_that_steps_run_once_more() -> None:
    objects = recorded.objects("traffic-weight")
    objects[ROLLOUTS][0]["status"]["currentStepIndex"] = 3
    back = plan("traffic-weight", Verb.SET_WEIGHT, objects, weight=30)
    assert back.sentence.startswith("Send 30 % instead of 80 % (30 % so far) of live traffic")
    assert any("once more" in warning for warning in back.warnings)


def test_a_rollout_that_is_not_there_and_a_verb_with_no_rights() -> None:
    assert "There is no rollout" in refusal("canary-healthy", Verb.PROMOTE, {ROLLOUTS: []})
    assert [str(right) for right in ENGINE.access(Verb.ABORT, "ml")] == [
        "patch rollouts/status.argoproj.io in namespace ml"
    ]
