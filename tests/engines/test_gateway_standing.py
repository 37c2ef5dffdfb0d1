"""What stands in the way of a route's traffic, and who else keeps it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mlcd_tui.domain.intent import Verb
from mlcd_tui.domain.plan import Plan
from mlcd_tui.domain.refs import DEPLOYMENTS, JSON, PODS, SERVICES
from mlcd_tui.domain.rollout import Phase, WaitFor
from mlcd_tui.engines._httproute import GATEWAY_CLASSES, GATEWAYS, REFERENCE_GRANTS
from mlcd_tui.engines.gateway import ENGINE
from tests.engines.gateway_world import (
    NOW,
    REF,
    Objects,
    accept,
    allowed,
    by_weight,
    condition,
    copies,
    opened,
    plan,
    planned,
    refused,
    route,
    row,
    rule,
    sent,
    world,
)


def canary() -> Objects:
    objects = by_weight(world(), 20)
    accept(objects)
    return objects


# who is who


def test_without_annotations_what_only_gets_copies_is_new() -> None:
    objects = world()
    del route(objects)["metadata"]["annotations"]
    rule(objects)["backendRefs"].reverse()
    assert row(objects).version == "1.5.0"


def test_without_annotations_the_smaller_weight_is_new() -> None:
    objects = canary()
    del route(objects)["metadata"]["annotations"]
    rule(objects)["backendRefs"].reverse()
    assert row(objects).version == "1.5.0"
    for ref in rule(objects)["backendRefs"]:
        ref["weight"] = 50
    assert row(objects).version == "1.4.0", "with equal weights the one that stands later is new"


def test_what_somebody_else_has_moved_over_serves() -> None:
    objects = by_weight(world(), 100)
    found = row(objects)
    assert (found.version, found.in_flight, found.phase) == ("1.5.0", False, Phase.HEALTHY)
    assert "switch-back" in allowed(objects)


def test_a_route_at_rest_is_known_by_its_annotations() -> None:
    objects = world()
    route(objects)["spec"]["rules"] = [{"backendRefs": [{"name": "churn-blue", "port": 80}]}]
    accept(objects)
    assert row(objects).stable_version == "1.4.0"
    started = sent(objects, planned(objects, Verb.MIRROR, mirror=50))
    assert copies(started) == [("churn-green", 50)]
    (filtered,) = rule(started)["filters"]
    assert filtered["requestMirror"]["backendRef"] == {"name": "churn-green", "port": 80}
    del route(objects)["metadata"]["annotations"]
    assert ENGINE.observe(REF, objects, NOW) is None


def test_a_route_of_one_service_is_told_the_other_by_one_annotation() -> None:
    objects = world()
    route(objects)["metadata"]["annotations"] = {"mlcd.dev/candidate": "churn-green"}
    route(objects)["spec"]["rules"] = [{"backendRefs": [{"name": "churn-blue", "port": 80}]}]
    accept(objects)
    after = sent(objects, planned(objects, Verb.SET_WEIGHT, weight=20))
    assert [(ref["name"], ref["weight"]) for ref in rule(after)["backendRefs"]] == [
        ("churn-blue", 80),
        ("churn-green", 20),
    ]
    route(objects)["metadata"]["annotations"] = {"mlcd.dev/stable": "churn-blue"}
    assert "lead to churn-blue only; name the two" in refused(objects, Verb.SET_WEIGHT, weight=20)


def test_a_pair_of_deployments_keeps_its_own_route() -> None:
    objects = world()
    route(objects)["metadata"]["annotations"]["mlcd.dev/pair"] = "churn"
    assert ENGINE.observe(REF, objects, NOW) is None


def _third(objects: Objects) -> str:
    rule(objects)["backendRefs"].append({"name": "churn-red", "port": 80, "weight": 5})
    return "sends live traffic to churn-red as well"


def _twice(objects: Objects) -> str:
    rule(objects)["backendRefs"].append({"name": "churn-blue", "port": 81, "weight": 1})
    return "names one Service twice"


def _inner(objects: Objects) -> str:
    mirror = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "x", "port": 80}}}
    rule(objects)["backendRefs"][0]["filters"] = [mirror]
    return "by a filter of one backend"


def _nobody(objects: Objects) -> str:
    for ref in rule(objects)["backendRefs"]:
        ref["weight"] = 0
    return "all weights of rule 1 are 0"


def _elsewhere(objects: Objects) -> str:
    route(objects)["metadata"]["annotations"] |= {"mlcd.dev/stable": "a", "mlcd.dev/candidate": "b"}
    return "no rule leads to a or b"


def _same(objects: Objects) -> str:
    route(objects)["metadata"]["annotations"]["mlcd.dev/candidate"] = "churn-blue"
    return "name the same Service"


def _many(objects: Objects) -> str:
    del route(objects)["metadata"]["annotations"]
    other = [{"name": name, "port": 80} for name in ("x", "y")]
    route(objects)["spec"]["rules"].append({"backendRefs": other})
    return "lead to 4 backends (churn-blue, churn-green, x and y)"


@pytest.mark.parametrize("make", [_third, _twice, _inner, _nobody, _elsewhere, _same, _many])
def test_what_is_ambiguous_is_refused_with_what_to_do(make: Callable[[Objects], str]) -> None:
    objects = canary()
    why = make(objects)
    found = row(objects)
    assert (found.phase, found.waiting.what) == (Phase.UNKNOWN, WaitFor.REPAIR)
    assert why in found.message
    for verb in (Verb.SET_WEIGHT, Verb.PROMOTE, Verb.ABORT, Verb.SWITCH_BACK, Verb.MIRROR):
        assert why.lower() in refused(objects, verb, weight=50).lower()


# what must hold before traffic moves


def _no_service(objects: Objects) -> str:
    del objects[SERVICES][1]
    return "no Service churn-green"


def _no_ready_pods(objects: Objects) -> str:
    for raw in objects[PODS]:
        if raw["metadata"]["name"].startswith("churn-green"):
            raw["status"]["conditions"][0]["status"] = "False"
    return "churn-green has no ready pods"


def _scaled_down(objects: Objects) -> str:
    objects[DEPLOYMENTS][1]["spec"]["replicas"] = 0
    return "churn-green is scaled to 0"


def _unprogrammed(objects: Objects) -> str:
    failing = condition("Programmed", 1, "False", "AddressNotUsable", "no address is left")
    objects[GATEWAYS][0]["status"] = {"conditions": [failing]}
    return "Gateway shop/models: Programmed is False, AddressNotUsable: no address is left"


def _unresolved(objects: Objects) -> str:
    accept(objects, ResolvedRefs="BackendNotFound")
    return "ResolvedRefs is False, BackendNotFound"


def _not_taken(objects: Objects) -> str:
    route(objects)["metadata"]["generation"] += 1
    return "waiting for Gateway shop/models to take the present spec"


def _never_answered(objects: Objects) -> str:
    del route(objects)["status"]
    return "waiting for Gateway shop/models to say whether it accepts the route"


def _second_parent(objects: Objects) -> str:
    route(objects)["spec"]["parentRefs"].append({"name": "models", "sectionName": "tls"})
    return "Gateway shop/models (tls)"


def _ungranted(objects: Objects) -> str:
    objects[SERVICES][1]["metadata"]["namespace"] = "lab"
    rule(objects)["backendRefs"][1]["namespace"] = "lab"
    route(objects)["metadata"]["annotations"]["mlcd.dev/candidate"] = "lab/churn-green"
    return "namespace lab has no ReferenceGrant"


_OBSTACLES = [
    _no_service,
    _no_ready_pods,
    _scaled_down,
    _unprogrammed,
    _unresolved,
    _not_taken,
    _never_answered,
    _second_parent,
    _ungranted,
]


@pytest.mark.parametrize("make", _OBSTACLES)
def test_no_traffic_moves_to_what_cannot_answer(make: Callable[[Objects], str]) -> None:
    objects = canary()
    why = make(objects)
    for verb, more in (
        (Verb.PROMOTE, {}),
        (Verb.PROMOTE_FULL, {}),
        (Verb.SET_WEIGHT, {"weight": 50}),
        (Verb.MIRROR, {"mirror": 50}),
    ):
        told = refused(objects, verb, **more)
        assert why.lower() in told.lower(), told
    assert isinstance(plan(objects, Verb.ABORT), Plan), "the way back is never barred by that"
    assert isinstance(plan(objects, Verb.SET_WEIGHT, weight=10), Plan), "less is a way back as well"


def test_a_grant_opens_the_other_namespace() -> None:
    objects = canary()
    _ungranted(objects)
    for raw in (*objects[PODS], objects[DEPLOYMENTS][1]):
        if "green" in raw["metadata"]["name"]:
            raw["metadata"]["namespace"] = "lab"
    source = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "shop"}
    spec = {"from": [source], "to": [{"group": "", "kind": "Service", "name": "churn-green"}]}
    objects[REFERENCE_GRANTS] = [{"metadata": {"name": "g", "namespace": "lab"}, "spec": spec}]
    found = planned(objects, Verb.SET_WEIGHT, weight=50)
    assert "lab/churn-green" in found.sentence
    scopes = {(scope.resource.plural, scope.namespace) for scope in ENGINE.scopes(REF, route(objects))}
    assert {("services", "lab"), ("referencegrants", "lab"), ("services", "shop")} <= scopes
    spec["to"][0]["name"] = "another"
    assert "no ReferenceGrant" in refused(objects, Verb.SET_WEIGHT, weight=50)


# what is warned of


def warned(objects: Objects, verb: Verb = Verb.MIRROR, **more: Any) -> str:
    return " ".join(planned(objects, verb, **more).warnings)


def test_a_gateway_that_lets_customers_wait_for_copies_is_told() -> None:
    objects = by_weight(world(), 0)
    assert "nginx" not in warned(objects)
    objects[GATEWAY_CLASSES][0]["spec"]["controllerName"] = "gateway.nginx.org/nginx-gateway-controller"
    assert "customers wait for their next answer while the copy is slow" in warned(objects)
    mirror = opened(objects).mirror
    assert mirror is not None
    assert any("nginx" in each for each in mirror.warnings)


def test_a_class_that_does_not_say_it_can_copy_is_told() -> None:
    objects = by_weight(world(), 0)
    status = objects[GATEWAY_CLASSES][0]["status"]
    status["supportedFeatures"] = [{"name": "HTTPRouteRequestMirror"}]
    assert "HTTPRouteRequestPercentageMirror" in warned(objects, mirror=10)
    assert "does not say" not in warned(objects, mirror=100)
    status["supportedFeatures"] = ["HTTPRoute"]  # names alone, as the first versions had it
    assert "(HTTPRouteRequestMirror)" in warned(objects, mirror=100)
    del status["supportedFeatures"]
    assert "does not say" not in warned(objects, mirror=10)


def test_less_capacity_is_told() -> None:
    objects = world(blue=4, green=1)
    assert "churn-green has 1 pod ready, churn-blue has 4: less capacity." in warned(objects, Verb.SWITCH)
    assert "less capacity" not in warned(objects, mirror=25)
    assert "less capacity" in warned(objects, mirror=50)


@pytest.mark.parametrize(
    ("meta", "name"),
    [
        ({"annotations": {"argocd.argoproj.io/tracking-id": "x"}}, "Argo CD"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "x"}}, "Flux"),
        ({"managedFields": [{"manager": "argocd-controller", "fieldsV1": {"f:spec": {}}}]}, "Argo CD"),
        (
            {"managedFields": [{"manager": "kapp-server", "operation": "Apply", "fieldsV1": {"f:spec": {}}}]},
            "kapp-server",
        ),
    ],
)
def test_what_applies_the_route_from_git_is_told(meta: JSON, name: str) -> None:
    objects = canary()
    for key, value in meta.items():
        there = route(objects)["metadata"].get(key)
        route(objects)["metadata"][key] = there | value if isinstance(there, dict) else value
    assert f"{name} keeps this route and may revert the change" in warned(objects, Verb.PROMOTE)


@pytest.mark.parametrize(
    ("meta", "name"),
    [
        ({"ownerReferences": [{"kind": "Canary", "name": "churn", "controller": True}]}, "Canary churn"),
        ({"managedFields": [{"manager": "flagger", "fieldsV1": {"f:spec": {}}}]}, "Flagger"),
        ({"labels": {"rollouts.argoproj.io/gatewayapi-canary": "in-progress"}}, "Argo Rollouts"),
    ],
)
def test_a_route_that_another_controller_moves_is_left_to_it(meta: JSON, name: str) -> None:
    objects = canary()
    route(objects)["metadata"] |= meta
    assert not allowed(objects)
    for verb in (Verb.PROMOTE, Verb.ABORT, Verb.MIRROR, Verb.SET_IMAGE):
        assert refused(objects, verb).startswith(f"{name} moves this route by itself")
    assert f"{name} moves it" in opened(objects).rollout.message


def test_a_status_that_flagger_wrote_makes_it_no_owner() -> None:
    objects = canary()
    entry = {"manager": "flagger", "subresource": "status", "fieldsV1": {"f:status": {}}}
    route(objects)["metadata"]["managedFields"] = [entry]
    assert "promote" in allowed(objects)
