"""Plans for one Deployment: the requests of kubectl, each on the condition of what was seen."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import JSON_PATCH, STRATEGIC_PATCH, Plan, Refusal
from mlcd_tui.domain.refs import DEPLOYMENTS, JSON, REPLICA_SETS, Resource, RolloutRef
from mlcd_tui.engines.deployment import ENGINE, templates
from tests.engines.test_deployment_recorded import recorded

Around = Mapping[Resource, Sequence[JSON]]


def proposed(state: str, verb: Verb, **more: Any) -> tuple[Plan | Refusal, JSON, Around]:
    ref, objects, now = recorded(state)
    return ENGINE.plan(Intent(verb, ref, **more), objects, now), objects[DEPLOYMENTS][0], objects


def planned(state: str, verb: Verb, **more: Any) -> tuple[Plan, JSON, Around]:
    plan, raw, objects = proposed(state, verb, **more)
    assert isinstance(plan, Plan), plan
    return plan, raw, objects


def refused(state: str, verb: Verb, **more: Any) -> Refusal:
    plan, _, _ = proposed(state, verb, **more)
    assert isinstance(plan, Refusal)
    return plan


def steps(plan: Plan) -> tuple[Mapping[str, Any], ...]:
    body = plan.requests[0].body
    assert isinstance(body, tuple)
    return body


@pytest.mark.parametrize(("state", "verb", "paused"), [("healthy", Verb.PAUSE, True), ("paused", Verb.RESUME, False)])
def test_pause_and_resume_change_one_field_of_the_version_that_was_seen(
    state: str, verb: Verb, *, paused: bool
) -> None:
    plan, raw, _ = planned(state, verb)
    (request,) = plan.requests
    assert request.body == {
        "metadata": {"resourceVersion": raw["metadata"]["resourceVersion"]},
        "spec": {"paused": paused},
    }
    assert request.path == f"/apis/apps/v1/namespaces/{raw['metadata']['namespace']}/deployments/model-api"
    assert plan.way_back
    assert dict(plan.seen)["paused"] == ("no" if paused else "yes")


def test_restart_writes_the_annotation_of_kubectl() -> None:
    plan, _, _ = planned("healthy", Verb.RESTART)
    body = plan.requests[0].body
    assert isinstance(body, Mapping)
    annotations = body["spec"]["template"]["metadata"]["annotations"]
    assert list(annotations) == ["kubectl.kubernetes.io/restartedAt"]
    assert annotations["kubectl.kubernetes.io/restartedAt"].endswith("Z")


def test_undo_restores_template_and_annotations_as_kubectl_does() -> None:
    plan, raw, objects = planned("several-revisions", Verb.UNDO, revision=1)
    (request,) = plan.requests
    assert request.content_type == JSON_PATCH
    version, template, annotations = steps(plan)
    assert version == {
        "op": "replace",
        "path": "/metadata/resourceVersion",
        "value": raw["metadata"]["resourceVersion"],
    }
    rs = next(
        r for r in objects[REPLICA_SETS] if r["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    )
    wanted = copy.deepcopy(rs["spec"]["template"])
    del wanted["metadata"]["labels"]["pod-template-hash"]
    assert template == {"op": "replace", "path": "/spec/template", "value": wanted}
    assert annotations["path"] == "/metadata/annotations"
    assert annotations["value"] == {
        "deployment.kubernetes.io/revision": "3",  # the controller's own stays
        "kubernetes.io/change-cause": rs["metadata"]["annotations"]["kubernetes.io/change-cause"],
    }
    assert plan.sentence.endswith("back to revision 1 (version 1), which replaces the 3 pods.")
    assert "revision 3" in plan.way_back


def test_undo_without_a_revision_goes_to_the_one_before() -> None:
    plan, _, _ = planned("several-revisions", Verb.UNDO)
    assert "back to revision 2" in plan.sentence


def test_undo_refusals_say_what_there_is() -> None:
    assert refused("several-revisions", Verb.UNDO, revision=9).advice == "There is: 1, 2, 3."
    assert "already" in refused("several-revisions", Verb.UNDO, revision=3).sentence
    assert "resume it first" in refused("paused", Verb.UNDO).sentence
    assert "no earlier revision" in refused("healthy", Verb.UNDO).sentence


def test_abort_of_a_paused_update_goes_back_and_resumes_at_once() -> None:
    plan, _, _ = planned("paused", Verb.ABORT)
    assert steps(plan)[-1] == {"op": "add", "path": "/spec/paused", "value": False}
    assert ("paused", "yes", "no") in {(c.label, c.before, c.after) for c in plan.changes}
    assert plan.sentence.endswith(
        "back to revision 1 (version 1), of which 3 of 3 pods are still up. It is resumed with that."
    )
    assert "Recreate" in planned("recreate", Verb.ABORT)[0].warnings[0]
    assert "No update is in flight" in refused("healthy", Verb.ABORT).sentence


def test_set_image_names_only_the_containers_that_change() -> None:
    plan, raw, _ = planned("healthy", Verb.SET_IMAGE, images=(("server", "registry.example/model-api:9"),))
    (request,) = plan.requests
    assert request.content_type == STRATEGIC_PATCH
    assert request.body == {
        "metadata": {"resourceVersion": raw["metadata"]["resourceVersion"]},
        "spec": {
            "template": {"spec": {"containers": [{"name": "server", "image": "registry.example/model-api:9"}]}},
        },
    }
    every, _, _ = planned("healthy", Verb.SET_IMAGE, images=(("*", "registry.example/model-api:9"),))
    assert {change.label for change in every.changes} == {"image of server", "image of proxy"}
    assert any("paused" in w for w in planned("paused", Verb.SET_IMAGE, images=(("server", "a:9"),))[0].warnings)


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        ((), "no container and image"),
        ((("nope", "a:1"),), 'no container "nope"'),
        ((("server", ""),), "not the name of an image"),
        ((("server", "a b"),), "not the name of an image"),
        ((("server", "a\x1b[2J"),), "not the name of an image"),
        ((("proxy", "registry.example/proxy:7"),), "has that image already"),
    ],
)
def test_set_image_refusals(images: tuple[tuple[str, str], ...], sentence: str) -> None:
    found = refused("healthy", Verb.SET_IMAGE, images=images).sentence
    assert sentence in found[:1].lower() + found[1:]


@pytest.mark.parametrize(
    ("state", "verb", "why"),
    [
        ("paused", Verb.PAUSE, "it is paused already"),
        ("paused", Verb.RESTART, "it is paused; resume it first"),
        ("healthy", Verb.RESUME, "it is not paused"),
        ("healthy", Verb.PROMOTE, "a rolling update goes on by itself; pause stops it"),
        ("healthy", Verb.RETRY, "a Deployment tries again by itself; mend it, or roll back"),
        ("healthy", Verb.SWITCH, "one Deployment has nothing to switch to"),
    ],
)
def test_what_is_refused_is_dimmed_with_the_same_words(state: str, verb: Verb, why: str) -> None:
    ref, objects, now = recorded(state)
    detail = ENGINE.observe(ref, objects, now)
    assert detail is not None
    ability = next(a for a in detail.rollout.abilities if a.verb == verb.value)
    assert not ability.allowed
    assert ability.why_not.startswith(why)
    assert refused(state, verb).sentence.lower().startswith(why.lower())


def test_what_the_engine_cannot_do_is_no_right_to_ask_for() -> None:
    assert ENGINE.access(Verb.SET_WEIGHT, "a") == ()
    assert "knows no set-weight" in refused("healthy", Verb.SET_WEIGHT).sentence
    assert str(ENGINE.access(Verb.PAUSE, "a")[0]) == "patch deployments.apps in namespace a"


def test_gone_is_a_refusal() -> None:
    ref, _, now = recorded("healthy")
    found = ENGINE.plan(Intent(Verb.PAUSE, RolloutRef("deployment", ref.namespace, "other")), {}, now)
    assert isinstance(found, Refusal)


def test_owners_who_may_revert_are_warned_of() -> None:
    ref, objects, now = recorded("healthy")
    raw = copy.deepcopy(objects[DEPLOYMENTS][0])
    raw["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "Helm"}
    raw["metadata"]["ownerReferences"] = [{"kind": "ModelServer", "name": "m", "controller": True}]
    plan = ENGINE.plan(Intent(Verb.PAUSE, ref), {**objects, DEPLOYMENTS: [raw]}, now)
    assert isinstance(plan, Plan)
    assert [warning.split(" ")[0] for warning in plan.warnings] == ["Helm", "ModelServer"]


def patched(raw: JSON, plan: Plan) -> JSON:
    """The object after a merge patch, before the controller saw it."""

    def merge(old: Any, new: Any) -> Any:
        return {**old, **{k: merge(old.get(k, {}), v) for k, v in new.items()}} if isinstance(new, dict) else new

    body = plan.requests[0].body
    assert isinstance(body, Mapping)
    found: JSON = merge(copy.deepcopy(raw), body)
    found["metadata"]["generation"] += 1
    return found


def test_settled_waits_for_the_controller_then_says_what_it_shows() -> None:
    ref, objects, now = recorded("healthy")
    plan, raw, _ = planned("healthy", Verb.PAUSE)
    before = ENGINE.settled(plan, objects, now)  # the very object that was planned on: nothing can be told by it
    assert (before.done, before.failed) == (False, False)
    undone = {**raw, "metadata": {**raw["metadata"], "resourceVersion": "later"}}
    assert ENGINE.settled(plan, {**objects, DEPLOYMENTS: [undone]}, now).failed  # it is not paused: somebody undid it
    after = patched(raw, plan)
    after["metadata"]["resourceVersion"] = "later"
    waits = ENGINE.settled(plan, {**objects, DEPLOYMENTS: [after]}, now)
    assert (waits.done, waits.failed) == (False, False)
    assert waits.sentence == "Waiting for deployment spec update to be observed..."
    after["status"]["observedGeneration"] = after["metadata"]["generation"]
    assert ENGINE.settled(plan, {**objects, DEPLOYMENTS: [after]}, now).done
    assert ENGINE.settled(plan, {}, now).failed
    assert ref.name in ENGINE.settled(plan, {}, now).sentence


def test_settled_of_a_version_that_gets_nowhere_is_a_failure() -> None:
    _, objects, now = recorded("deadline-exceeded")
    raw = objects[DEPLOYMENTS][0]
    image = raw["spec"]["template"]["spec"]["containers"][0]["image"]
    plan, _, _ = planned("healthy", Verb.SET_IMAGE, images=(("server", "x:2"),))
    mark = {**plan.mark, "image server": image}
    plan = Plan(**{**{name: getattr(plan, name) for name in Plan.__slots__}, "mark": mark})
    found = ENGINE.settled(plan, objects, now)
    assert found.failed
    assert "exceeded its progress deadline" in found.sentence


def test_resume_names_the_version_of_the_container_that_changes() -> None:
    """Container a runs the version that the row is called by already; b is what the update brings."""
    ref, objects, now = recorded("paused")
    objects = copy.deepcopy(objects)
    raw = objects[DEPLOYMENTS][0]
    raw["status"]["updatedReplicas"] = 0
    old = templates.running_before(raw, objects[REPLICA_SETS])
    assert old is not None
    for rs in objects[REPLICA_SETS]:
        rs["spec"]["template"]["spec"]["containers"][0]["image"] = "r/server:3"
    raw["spec"]["template"]["spec"]["containers"][0]["image"] = "r/server:3"
    raw["spec"]["template"]["spec"]["containers"][1]["image"] = "r/proxy:8"
    plan = ENGINE.plan(Intent(Verb.RESUME, ref), objects, now)
    assert "more get version 8 of proxy" in plan.sentence
