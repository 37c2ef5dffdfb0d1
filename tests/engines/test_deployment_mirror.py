"""Copies for the idle side of two Deployments behind a Service: by the HTTPRoute that leads there, or not at all."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan, Refusal
from mlcd_tui.domain.refs import DEPLOYMENTS, JSON, REPLICA_SETS, SERVICES
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.traffic import TrafficRole
from mlcd_tui.engines._httproute import GATEWAYS, HTTP_ROUTES
from mlcd_tui.engines.deployment import ENGINE
from mlcd_tui.engines.deployment.kinds import ENDPOINT_SLICES
from mlcd_tui.engines.gateway import ENGINE as GATEWAY
from mlcd_tui.engines.gateway.lean import LeanRoute
from tests.engines import gateway_world
from tests.engines.test_deployment_pair import NOW, REF, Objects, world


def routed() -> Objects:
    """The pair, with a route that leads to its Service."""
    objects = world()
    parent = {"name": "models"}
    raw: JSON = {
        "metadata": {"name": "churn", "namespace": "shop", "uid": "r", "resourceVersion": "500", "generation": 1},
        "spec": {"parentRefs": [parent], "rules": [{"backendRefs": [{"name": "churn", "port": 80}]}]},
    }
    objects[HTTP_ROUTES] = [raw]
    accept(objects)
    return objects


def accept(objects: Objects) -> None:
    (raw,) = objects[HTTP_ROUTES]
    generation = raw["metadata"]["generation"]
    told = [gateway_world.condition(kind, generation) for kind in ("Accepted", "ResolvedRefs")]
    raw["status"] = {"parents": [{"parentRef": raw["spec"]["parentRefs"][0], "conditions": told}]}
    raw["metadata"]["resourceVersion"] += "1"


def plan(objects: Objects, verb: Verb = Verb.MIRROR, **more: Any) -> Plan | Refusal:
    return ENGINE.plan(Intent(verb, REF, **more), objects, NOW)


def sent(objects: Objects, found: Plan) -> Objects:
    after = copy.deepcopy(objects)
    request = next(r for r in found.requests if r.resource == HTTP_ROUTES)
    assert request.strict
    assert not isinstance(request.body, Mapping)
    raw = gateway_world.apply(after[HTTP_ROUTES][0], request.body)
    raw["metadata"]["generation"] += 1
    raw["metadata"]["resourceVersion"] += "1"
    return after


def opened(objects: Objects) -> RolloutDetail:
    found = ENGINE.observe(REF, objects, NOW)
    assert found is not None
    return found


def begun() -> Objects:
    found = plan(routed(), mirror=25)
    assert isinstance(found, Plan), found
    after = sent(routed(), found)
    settled = ENGINE.settled(found, after, NOW)
    assert (settled.done, settled.failed) == (False, False), "no gateway has seen it yet"
    accept(after)
    assert ENGINE.settled(found, after, NOW).done
    return after


def test_copies_begin_change_and_stop() -> None:
    before = opened(routed())
    assert before.mirror is not None
    assert (before.mirror.on, before.mirror.possible) == (False, True)
    assert [each.role for each in before.targets] == [TrafficRole.SERVING, TrafficRole.IDLE], "nothing is copied to it"
    objects = begun()
    (rule,) = objects[HTTP_ROUTES][0]["spec"]["rules"]
    backend = {"name": "churn-preview", "port": 80}
    assert rule["filters"] == [{"type": "RequestMirror", "requestMirror": {"backendRef": backend, "percent": 25}}]
    found = opened(objects)
    assert found.mirror is not None
    assert (found.mirror.on, found.mirror.percent, found.mirror.to) == (True, 25, "churn-preview")
    assert found.mirror.since is not None
    assert found.rollout.mirror == 25
    assert [each.role for each in found.targets] == [TrafficRole.SERVING, TrafficRole.SHADOW]
    stop = plan(objects)
    assert isinstance(stop, Plan), stop
    assert stop.title == "Stop copying"
    after = sent(objects, stop)
    assert "filters" not in after[HTTP_ROUTES][0]["spec"]["rules"][0]
    assert after[HTTP_ROUTES][0]["metadata"]["annotations"] == {}


def test_a_route_of_a_pair_is_no_second_row() -> None:
    raw = begun()[HTTP_ROUTES][0]
    lean = LeanRoute()
    lean.metadata.name, lean.metadata.namespace, lean.spec = "churn", "shop", raw["spec"]
    assert GATEWAY.group(HTTP_ROUTES, lean) is not None, "begun by hand it is one"
    assert GATEWAY.observe(gateway_world.REF, {HTTP_ROUTES: [raw]}, NOW) is None


def test_the_switch_stops_copies() -> None:
    found = plan(begun(), Verb.SWITCH)
    assert isinstance(found, Plan), found
    assert [request.resource.plural for request in found.requests] == ["httproutes", "services"], (
        "a switch that fails then leaves no copies to what serves"
    )
    assert found.sentence.endswith("and stop copying.")
    assert "filters" not in sent(begun(), found)[HTTP_ROUTES][0]["spec"]["rules"][0]


def test_where_nothing_can_copy_it_says_what_would_help() -> None:
    without = opened(world())
    assert without.mirror is not None
    assert not without.mirror.possible
    assert "no HTTPRoute leads to churn" in without.mirror.why_not
    ability = next(each for each in without.rollout.abilities if each.verb == "mirror")
    assert (ability.allowed, ability.why_not) == (False, without.mirror.why_not)
    assert isinstance(plan(world()), Refusal)


def _no_preview(objects: Objects) -> str:
    objects.update(
        {kind: [raw for raw in raws if raw["metadata"]["name"] != "churn-preview"] for kind, raws in objects.items()}
    )
    return "no Service leads to churn-green alone"


def _two_routes(objects: Objects) -> str:
    second = copy.deepcopy(objects[HTTP_ROUTES][0])
    second["metadata"] |= {"name": "other", "uid": "r2"}
    objects[HTTP_ROUTES].append(second)
    return "several HTTPRoutes lead to churn"


def _owned(objects: Objects) -> str:
    owner = {"kind": "InferenceService", "name": "churn", "uid": "i", "controller": True}
    objects[HTTP_ROUTES][0]["metadata"]["ownerReferences"] = [owner]
    return "InferenceService churn moves HTTPRoute churn"


def _unaccepted(objects: Objects) -> str:
    objects[HTTP_ROUTES][0]["status"] = {}
    return "waiting for Gateway shop/models"


def _no_pods(objects: Objects) -> str:
    objects[DEPLOYMENTS][1]["status"]["readyReplicas"] = 0
    return "churn-green has no ready pods"


@pytest.mark.parametrize("make", [_no_preview, _two_routes, _owned, _unaccepted, _no_pods])
def test_what_stands_in_the_way_is_said(make: Any) -> None:
    objects = routed()
    why = make(objects)
    found = plan(objects)
    assert isinstance(found, Refusal)
    assert why.lower() in found.sentence.lower()


def slices(*pods: str) -> list[JSON]:
    endpoints = [{"targetRef": {"name": pod}, "conditions": {"ready": True}} for pod in pods]
    return [{"metadata": {"name": "churn-abc", "namespace": "shop"}, "endpoints": endpoints}]


def test_a_switch_is_done_when_its_endpoints_have_changed_and_no_copies_are_left() -> None:
    objects = begun()
    found = plan(objects, Verb.SWITCH)
    assert isinstance(found, Plan)
    after = sent(objects, found)
    accept(after)
    assert ENGINE.settled(found, after, NOW).sentence == "waiting for Service churn to be changed"
    service = next(raw for raw in after[SERVICES] if raw["metadata"]["name"] == "churn")
    service["metadata"]["resourceVersion"] = "999"
    service["spec"]["selector"]["mlcd.dev/color"] = "green"
    owners = {"churn-blue-7f": "churn-blue", "churn-green-5d": "churn-green"}
    after[REPLICA_SETS] = [
        {"metadata": {"name": name, "ownerReferences": [{"kind": "Deployment", "name": owner, "controller": True}]}}
        for name, owner in owners.items()
    ]
    after[ENDPOINT_SLICES] = slices("churn-blue-7f-aaaaa")
    assert "waiting for the endpoints of Service churn" in ENGINE.settled(found, after, NOW).sentence
    after[ENDPOINT_SLICES] = slices("churn-green-5d-aaaaa", "churn-green-5d-bbbbb")
    settled = ENGINE.settled(found, after, NOW)
    assert settled.done
    assert settled.sentence == "Service churn leads to 2 pods of churn-green; Gateway shop/models accepted it"


def test_a_proxy_that_makes_customers_wait_is_warned_of() -> None:
    objects = routed()
    objects[GATEWAYS] = [{"metadata": {"name": "models", "namespace": "shop"}, "spec": {"gatewayClassName": "nginx"}}]
    found = plan(objects, mirror=25)
    assert isinstance(found, Plan)
    assert any("customers wait" in each for each in found.warnings)
