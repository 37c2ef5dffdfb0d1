"""When a plan for a route has taken effect, and what is done to the Deployment behind the candidate."""

from __future__ import annotations

import copy

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan, Refusal
from mlcd_tui.domain.refs import DEPLOYMENTS, SERVICES
from mlcd_tui.engines._httproute import GATEWAYS, HTTP_ROUTES
from mlcd_tui.engines.gateway import ENGINE
from tests.engines.gateway_world import (
    NOW,
    REF,
    Objects,
    accept,
    by_weight,
    condition,
    judged,
    planned,
    refused,
    route,
    rule,
    sent,
    world,
)


def canary() -> Objects:
    objects = by_weight(world(), 20)
    accept(objects)
    return objects


def moved() -> tuple[Plan, Objects]:
    objects = canary()
    found = planned(objects, Verb.SET_WEIGHT, weight=60)
    return found, sent(objects, found)


def test_our_own_write_proves_nothing() -> None:
    found, after = moved()
    settled = judged(found, after)
    assert (settled.done, settled.failed) == (False, False)
    assert settled.sentence == "waiting for Gateway shop/models to take the present spec (Accepted)"
    accept(after)
    assert judged(found, after).done


def test_the_gateway_has_to_be_programmed() -> None:
    found, after = moved()
    accept(after)
    after[GATEWAYS][0]["metadata"]["generation"] = 2
    assert judged(found, after).sentence == "waiting for Gateway shop/models to be programmed"
    after[GATEWAYS][0]["status"]["conditions"] = [condition("Programmed", 2, "False", "Invalid", "no such port")]
    settled = judged(found, after)
    assert settled.failed
    assert settled.sentence.endswith("Programmed is False, Invalid: no such port")
    after[GATEWAYS].clear()
    assert judged(found, after).done, "a Gateway that may not be seen is no reason to wait"


def test_what_the_gateway_refuses_has_failed() -> None:
    found, after = moved()
    accept(after, Accepted="UnsupportedValue")
    settled = judged(found, after)
    assert (settled.done, settled.failed) == (False, True)
    assert "Accepted is False, UnsupportedValue" in settled.sentence


def test_a_part_that_is_invalid_has_failed() -> None:
    found, after = moved()
    accept(after)
    partly = condition("PartiallyInvalid", 2, "True", "UnsupportedValue", "rule 1 was dropped")
    route(after)["status"]["parents"][0]["conditions"].append(partly)
    assert judged(found, after).failed


def test_somebody_elses_change_is_told_by_name() -> None:
    found, after = moved()
    rule(after)["backendRefs"][1]["weight"] = 5
    entries = [
        {"manager": "mlcd-tui", "time": "2026-03-01T03:00:01Z", "fieldsV1": {"f:spec": {}}},
        {"manager": "argocd-controller", "time": "2026-03-01T03:00:09Z", "fieldsV1": {"f:spec": {}}},
    ]
    route(after)["metadata"]["managedFields"] = entries
    settled = judged(found, after)
    assert settled.failed
    assert settled.sentence == "the route was changed again by argocd-controller"
    after[HTTP_ROUTES].clear()
    assert judged(found, after).sentence == "HTTPRoute churn is gone"


# the Deployment behind the candidate


def test_another_version_for_the_candidate() -> None:
    objects = world()
    found = planned(objects, Verb.SET_IMAGE, images=(("*", "registry.example.com/churn:1.6.0"),))
    (request,) = found.requests
    assert request.path == "/apis/apps/v1/namespaces/shop/deployments/churn-green"
    assert isinstance(request.body, dict)
    assert request.body["metadata"]["resourceVersion"]
    assert request.body["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":1.6.0")
    after = copy.deepcopy(objects)
    green = after[DEPLOYMENTS][1]
    green["metadata"] |= {"generation": 2, "resourceVersion": "999"}
    green["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example.com/churn:1.6.0"
    assert not judged(found, after).done
    green["status"] |= {"observedGeneration": 2, "updatedReplicas": 1}
    assert judged(found, after).done
    assert "has that image already" in refused(
        after, Verb.SET_IMAGE, images=(("*", "registry.example.com/churn:1.6.0"),)
    )


def test_new_pods_for_the_candidate() -> None:
    found = planned(world(), Verb.RESTART)
    assert found.requests[0].name == "churn-green"
    assert "shop/churn-green" in found.sentence


def test_what_a_route_does_not_know() -> None:
    found = ENGINE.plan(Intent(Verb.PAUSE, REF), world(), NOW)
    assert isinstance(found, Refusal)
    assert found.advice


# the way back, when things have gone wrong


def test_an_abort_from_a_service_that_is_gone_is_done_all_the_same() -> None:
    objects = canary()
    objects[SERVICES] = [raw for raw in objects[SERVICES] if raw["metadata"]["name"] != "churn-green"]
    accept(objects, ResolvedRefs="BackendNotFound")
    found = planned(objects, Verb.ABORT)
    after = sent(objects, found)
    assert not judged(found, after).done, "no gateway has seen it yet"
    accept(after, ResolvedRefs="BackendNotFound")
    settled = judged(found, after)
    assert settled.done
    assert settled.sentence == "the gateways took it; churn-green, which gets no traffic, cannot be reached"
    after[SERVICES].clear()
    assert judged(found, after).failed, "nor is the one that serves"


def test_no_way_back_to_what_a_newer_version_took_the_place_of() -> None:
    objects = world()
    switch = planned(objects, Verb.PROMOTE_FULL)
    after = sent(objects, switch)
    accept(after)
    blue = after[DEPLOYMENTS][0]
    newer, remade = copy.deepcopy(after), copy.deepcopy(after)
    newer[DEPLOYMENTS][0]["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "2"}
    found = ENGINE.plan(Intent(Verb.SWITCH_BACK, REF), newer, NOW)
    assert isinstance(found, Refusal)
    assert "roll churn-blue back to revision 1, then promote it fully" in found.sentence
    assert found.advice == "kubectl rollout undo deployment churn-blue -n shop --to-revision=1"
    remade[DEPLOYMENTS][0]["metadata"]["uid"] = "another"
    assert remade[DEPLOYMENTS][0]["metadata"]["annotations"] == blue["metadata"]["annotations"], "revision 1 again"
    assert "made anew since it served" in refused(remade, Verb.SWITCH_BACK)
    assert planned(remade, Verb.PROMOTE_FULL).title == "Promote fully", "what is new may be promoted"
