"""What is planned and sent, what KServe then makes of it, and when it is told to be done."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mlcd_tui.domain.intent import Verb
from mlcd_tui.domain.rollout import Phase
from mlcd_tui.engines.kserve.plan_standard import promoted
from tests.engines import kserve_world as world
from tests.engines.kserve_controller import Knative, Standard
from tests.engines.kserve_world import Scene, canary, model


def controller(scene: Scene) -> Standard:
    assert isinstance(scene.controller, Standard)
    return scene.controller


def test_a_knative_canary_goes_step_by_step_to_the_end_and_one_step_back() -> None:
    scene = world.knative_canary(10)
    plan = scene.plan(Verb.PROMOTE)
    assert "Send 25 % instead of 10 %" in plan.sentence
    assert isinstance(plan.requests[0].body, Mapping)
    assert plan.requests[0].body["spec"] == {"predictor": {"canaryTrafficPercent": 25}}
    assert plan.requests[0].strict
    for share in (25, 50):
        settled = scene.done(Verb.PROMOTE)
        assert settled.done, settled
        assert settled.sentence == f"Knative sends {share} % of live traffic to churn-predictor-00002"
    assert scene.done(Verb.PROMOTE).sentence == "churn-predictor-00002 has all live traffic and is rolled out"
    assert "canaryTrafficPercent" not in scene.predictor
    assert scene.row.phase is Phase.HEALTHY
    back = scene.done(Verb.UNDO)
    assert back.done
    assert "churn-predictor-00001" in back.sentence
    assert scene.row.weight is not None
    assert scene.row.weight.actual == 0
    assert scene.done(Verb.PROMOTE_FULL).done, "and forward again"
    assert scene.row.phase is Phase.HEALTHY


def test_steps_of_its_own_are_gone_by() -> None:
    scene = world.knative()
    scene.isvc["metadata"]["annotations"]["mlcd.dev/steps"] = "5,40"
    scene.edit(model=model("v7"), canaryTrafficPercent=5).reconcile()
    assert "Send 40 %" in scene.plan(Verb.PROMOTE).sentence


def test_no_plan_ever_writes_an_annotation() -> None:
    """KServe hands annotations on to the pods: one more would be one more revision."""
    for name, scene in world.states():
        for verb in (Verb.PROMOTE, Verb.PROMOTE_FULL, Verb.ABORT, Verb.UNDO):
            assert "annotations" not in repr(getattr(scene.ask(verb), "requests", "")), name


def test_an_abort_sends_all_to_what_served() -> None:
    scene = world.knative_canary(50)
    plan = scene.plan(Verb.ABORT)
    assert "set its storageUri back" in plan.warnings[0]
    assert scene.done(Verb.ABORT).done
    assert "gets no live traffic already" in scene.refused(Verb.ABORT)


def test_an_abort_pins_what_serves_while_the_new_one_is_broken() -> None:
    scene = world.knative_blocked()
    assert "is not ready; at 0 % it gets nothing when it comes up" in scene.plan(Verb.ABORT).warnings[0]
    assert scene.done(Verb.ABORT).done
    assert isinstance(scene.controller, Knative)
    scene.controller.broken.clear()
    row = scene.reconcile().row
    assert row.weight is not None
    assert row.weight.actual == 0, "it came up, and nobody was sent to it"


def test_what_is_not_ready_gets_no_more_traffic() -> None:
    scene = world.knative_blocked(20)
    for verb in (Verb.PROMOTE, Verb.PROMOTE_FULL):
        assert "is not ready" in scene.refused(verb)
    assert "is not ready" in scene.refused(Verb.SET_WEIGHT, weight=50)
    assert "is not ready" in scene.refused(Verb.SET_WEIGHT, weight=100)
    assert "0 to 100" in scene.refused(Verb.SET_WEIGHT, weight=101)
    assert "already" in scene.refused(Verb.SET_WEIGHT, weight=20)
    assert "Send 5 %" in scene.plan(Verb.SET_WEIGHT, weight=5).sentence


def test_a_percent_is_never_set_at_rest() -> None:
    """With a percent at rest KServe would return to the revision before."""
    scene = world.knative_canary(None)
    assert "no new version is on its way" in scene.refused(Verb.SET_WEIGHT, weight=20).lower()


def test_only_one_step_back_is_known() -> None:
    scene = world.knative_canary(None)
    assert "one step back only, which is revision 1" in scene.refused(Verb.UNDO, revision=7)
    assert scene.plan(Verb.UNDO, revision=1).requests
    assert "no earlier revision" in world.knative().refused(Verb.UNDO)
    assert "keeps nothing of an earlier version" in world.standard().refused(Verb.UNDO)
    assert "abort returns" in world.knative_canary(20).refused(Verb.UNDO)


def test_somebody_else_in_between_ends_the_waiting() -> None:
    scene = world.knative_canary(20)
    plan = scene.plan(Verb.SET_WEIGHT, weight=50)
    scene.send(plan)
    scene.edit(canaryTrafficPercent=5)
    assert scene.settled(plan).failed
    scene = world.knative_canary(20)
    plan = scene.plan(Verb.PROMOTE)
    scene.send(plan)
    scene.edit(model=model("v8")).reconcile()
    assert scene.settled(plan).failed
    assert "churn-predictor-00003" in scene.settled(plan).sentence


def test_a_standard_canary_is_settled_by_its_route() -> None:
    scene = world.standard(canary("v7", 10))
    controller(scene).gateway_answers = False
    settled = scene.done(Verb.PROMOTE)
    assert not settled.done, "the route has it, but no gateway has taken it"
    controller(scene).gateway_answers = True
    plan = scene.plan(Verb.PROMOTE)
    assert [change.label for change in plan.changes][1:] == ["trafficPercent", "pods of v7"]
    settled = scene.done(Verb.PROMOTE)
    assert settled.done
    assert "HTTPRoute churn gives 50 %" in settled.sentence


def test_a_route_without_weights_is_never_told_as_done() -> None:
    scene = world.standard(canary("v7", 10), weights=False)
    settled = scene.done(Verb.SET_WEIGHT, weight=20)
    assert (settled.done, settled.failed) == (False, False)
    assert "0.20.0 writes no weights" in settled.sentence


def test_where_no_route_can_be_seen_that_is_said() -> None:
    scene = world.standard(canary("v7", 10))
    scene.sees_routes = False
    settled = scene.done(Verb.SET_WEIGHT, weight=20)
    assert settled.done
    assert "what customers get is not known" in settled.sentence


def test_a_standard_canary_gets_pods_with_its_share() -> None:
    scene = world.standard(canary("v7", 0))
    plan = scene.plan(Verb.PROMOTE)
    assert "is not ready" in plan.warnings[0]
    assert scene.done(Verb.PROMOTE).done
    broken = world.standard(canary("v7", 10), broken="v7")
    assert "not ready" in broken.refused(Verb.PROMOTE)
    waits = broken.done(Verb.SET_WEIGHT, weight=5)
    assert "waiting for a ready pod of v7" in waits.sentence


def test_a_standard_promotion_keeps_the_canarys_pods_and_lets_the_old_go() -> None:
    scene = world.standard(canary("v7", 50), canary("v8", 10))
    assert "more than one version is on its way (v7 and v8)" in scene.refused(Verb.PROMOTE_FULL).lower()
    scene = world.standard(canary("v7", 50, minReplicas=2))
    plan = scene.plan(Verb.PROMOTE_FULL)
    assert "deletes churn-predictor at once" in plan.way_back
    assert any("calls the Service churn-predictor itself" in warning for warning in plan.warnings)
    assert scene.done(Verb.PROMOTE_FULL).done
    assert "canary" not in scene.isvc["spec"]
    assert scene.predictor["name"] == "v7"
    assert scene.predictor["model"]["storageUri"] == "s3://models/churn/v7"
    assert "name" not in scene.predictor["model"], "KServe's webhook refuses it there"
    assert scene.predictor["minReplicas"] == 4, "pods are the business of what serves"
    assert [d["metadata"]["name"] for d in scene.controller.deployments()] == ["churn-v7-predictor"]
    assert scene.row.version == "v7"


def test_of_several_the_only_one_with_a_share_is_meant() -> None:
    scene = world.standard(canary("v7", 0), canary("v8", 25))
    assert scene.done(Verb.PROMOTE).done
    assert [entry["trafficPercent"] for entry in scene.isvc["spec"]["canary"]] == [0, 50]
    plan = scene.plan(Verb.PROMOTE_FULL)
    assert "Canary v7 stays beside it" in plan.warnings[0]
    assert scene.done(Verb.PROMOTE_FULL).done
    assert scene.predictor["name"] == "v8"
    assert [entry["predictor"]["name"] for entry in scene.isvc["spec"]["canary"]] == ["v7"]
    assert scene.row.stable_version == "v8"


def test_a_promotion_is_not_done_while_the_old_deployment_stands() -> None:
    scene = world.standard(canary("v7", 50))
    plan = scene.plan(Verb.PROMOTE_FULL)
    scene.send(plan)
    assert "waiting for KServe to see it" in scene.settled(plan).sentence
    old = scene.controller.deployments()
    scene.reconcile()
    controller(scene)._made |= {raw["metadata"]["name"]: raw for raw in old}
    assert "waiting for KServe to delete churn-predictor" in scene.settled(plan).sentence


def test_an_abort_in_standard_mode_asks_for_nothing_then_removes() -> None:
    scene = world.standard(canary("v7", 20), canary("v8", 10, minReplicas=1))
    plan = scene.plan(Verb.ABORT)
    assert "ends the pods of v7 in the same moment" in plan.warnings[0]
    assert scene.done(Verb.ABORT).done
    assert [entry["trafficPercent"] for entry in scene.isvc["spec"]["canary"]] == [0, 0]
    removal = scene.plan(Verb.ABORT)
    assert removal.title == "Remove canary"
    assert scene.done(Verb.ABORT).done
    assert not scene.row.in_flight


def test_what_the_webhook_would_refuse_is_refused_before() -> None:
    scene = world.standard(canary("v7", 20))
    scene.isvc["metadata"]["annotations"]["serving.kserve.io/deploymentMode"] = "Knative"
    for verb in (Verb.PROMOTE, Verb.PROMOTE_FULL, Verb.ABORT):
        assert "must be Standard, literally" in scene.refused(verb)
    assert "must be Standard, literally" in scene.refused(Verb.SET_WEIGHT, weight=30)
    same = world.standard(canary("v7", 50))
    same.isvc["spec"]["canary"][0]["predictor"]["model"]["storageUri"] = "s3://models/churn/v6"
    same.reconcile()
    for verb in (Verb.PROMOTE, Verb.PROMOTE_FULL):
        assert "lets no canary take over with the same model" in same.refused(verb)
    assert "with the same model" in same.refused(Verb.SET_WEIGHT, weight=100)
    assert same.done(Verb.SET_WEIGHT, weight=60).done


@pytest.mark.parametrize("verb", [Verb.MIRROR, Verb.SWITCH, Verb.SWITCH_BACK, Verb.PAUSE, Verb.RESUME, Verb.RESTART])
def test_what_kserve_cannot_is_refused_with_its_reason(verb: Verb) -> None:
    for scene in (world.knative_canary(20), world.standard(canary("v7", 20))):
        assert "KServe" in scene.refused(verb)
    assert "storageUri" in world.knative().refused(Verb.SET_IMAGE, images=(("*", "r/x:2"),))
    assert "stopped" in world.stopped().refused(Verb.PROMOTE)
    assert "ModelMesh" in world.mesh().refused(Verb.PROMOTE)


def test_the_promoted_predictor_is_what_kserve_runs_for_the_canary() -> None:
    stable = {"minReplicas": 4, "model": {"modelFormat": {"name": "sklearn"}, "args": ["a"], "storageUri": "s3://m/1"}}
    above = {
        "name": "v2",
        "minReplicas": 1,
        "model": {"args": ["b", "c"], "storageUri": "s3://m/2", "runtime": "", "name": "kserve-container"},
    }
    assert promoted(stable, above) == {
        "name": "v2",
        "minReplicas": 4,
        "model": {"modelFormat": {"name": "sklearn"}, "args": ["b", "c"], "storageUri": "s3://m/2"},
    }


def test_gitops_is_told_before() -> None:
    scene = world.knative_canary(20)
    scene.isvc["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] = "models"
    assert any("Flux keeps this object" in warning for warning in scene.plan(Verb.PROMOTE).warnings)
