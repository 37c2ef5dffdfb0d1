"""The sample of two versions behind an HTTPRoute, as a cluster has it, and what becomes of it by plans."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from mlcd_tui.config import paths
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan, Refusal, Settled
from mlcd_tui.domain.refs import DEPLOYMENTS, JSON, PODS, REPLICA_SETS, SERVICES, Resource, RolloutRef
from mlcd_tui.domain.rollout import Rollout, RolloutDetail
from mlcd_tui.engines._httproute import GATEWAY_CLASSES, GATEWAYS, HTTP_ROUTES, REFERENCE_GRANTS
from mlcd_tui.engines.gateway import ENGINE
from tests.engines.joined import decoded_for

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
REF = RolloutRef("gateway", "shop", "churn")
Objects = dict[Resource, list[JSON]]
_KINDS = {kind.kind: kind for kind in (HTTP_ROUTES, GATEWAYS, SERVICES, DEPLOYMENTS)}
DIGESTS = {"churn-blue": f"sha256:{'b' * 64}", "churn-green": f"sha256:{'9' * 64}"}


def world(*, blue: int = 3, green: int = 3) -> Objects:
    """The sample, applied and taken by its gateway, with so many pods on each side."""
    objects: Objects = {kind: [] for kind in (HTTP_ROUTES, GATEWAYS, SERVICES, DEPLOYMENTS, REPLICA_SETS, PODS)}
    text = (paths.packaged("sample_configs") / "gateway-api.yaml").read_text()
    for number, raw in enumerate(yaml.safe_load_all(text)):
        raw["metadata"] |= {"namespace": "shop", "uid": f"u{number}", "resourceVersion": str(100 + number)}
        raw["metadata"] |= {"generation": 1, "creationTimestamp": "2026-02-01T00:00:00Z"}
        objects[_KINDS[raw["kind"]]].append(raw)
    for raw, count, age in zip(objects[DEPLOYMENTS], (blue, green), (86400, 3600), strict=True):
        raw["spec"]["replicas"] = count
        _run(objects, raw, NOW - timedelta(seconds=age))
    objects[REFERENCE_GRANTS] = []
    features = [{"name": "HTTPRouteRequestMirror"}, {"name": "HTTPRouteRequestPercentageMirror"}]
    objects[GATEWAY_CLASSES] = [
        {
            "metadata": {"name": "envoy", "uid": "class", "generation": 1},
            "spec": {"controllerName": "example.com/envoy"},
            "status": {"supportedFeatures": features},
        }
    ]
    accept(objects)
    return objects


def _run(objects: Objects, raw: JSON, at: datetime) -> None:
    """A Deployment that is complete since then."""
    name, count = raw["metadata"]["name"], raw["spec"]["replicas"]
    raw["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "1"}
    told = {
        "type": "Progressing",
        "status": "True",
        "reason": "NewReplicaSetAvailable",
        "lastUpdateTime": at.isoformat(),
    }
    raw["status"] = {"observedGeneration": 1, "conditions": [told]}
    raw["status"] |= dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), count)
    template = copy.deepcopy(raw["spec"]["template"])
    template["metadata"]["labels"]["pod-template-hash"] = f"{name}-hash"
    owner = [{"kind": "Deployment", "name": name, "uid": raw["metadata"]["uid"], "controller": True}]
    head = {"namespace": "shop", "labels": template["metadata"]["labels"], "ownerReferences": owner}
    rs = {
        "metadata": {**head, "name": f"{name}-1", "uid": f"rs-{name}", "annotations": raw["metadata"]["annotations"]},
        "spec": {"replicas": count, "template": template},
        "status": {"replicas": count, "readyReplicas": count, "availableReplicas": count},
    }
    objects[REPLICA_SETS].append(rs)
    container = template["spec"]["containers"][0]
    image_id = f"registry.example.com/churn@{DIGESTS[name]}"
    running = {"name": container["name"], "ready": True, "state": {"running": {}}, "imageID": image_id}
    for number in range(count):
        mine = [{"kind": "ReplicaSet", "name": f"{name}-1", "uid": f"rs-{name}", "controller": True}]
        objects[PODS].append(
            {
                "metadata": {**head, "name": f"{name}-1-{number}", "uid": f"{name}-{number}", "ownerReferences": mine},
                "spec": {"containers": [container]},
                "status": {
                    "phase": "Running",
                    "conditions": [{"type": "Ready", "status": "True"}],
                    "containerStatuses": [running],
                },
            }
        )


def condition(kind: str, generation: int, status: str = "True", reason: str = "", message: str = "") -> JSON:
    """A condition as gateways write it."""
    return {
        "type": kind,
        "status": status,
        "reason": reason or kind,
        "message": message,
        "observedGeneration": generation,
        "lastTransitionTime": "2026-03-01T02:50:00Z",
    }


def accept(objects: Objects, **refused: str) -> None:
    """What a gateway writes once it has taken the route; `refused` names conditions that do not hold, and why."""
    raw = route(objects)
    generation = raw["metadata"]["generation"]
    conditions = [
        condition(kind, generation, "False" if kind in refused else "True", refused.get(kind, ""))
        for kind in ("Accepted", "ResolvedRefs")
    ]
    raw["status"] = {
        "parents": [
            {"parentRef": parent, "controllerName": "example.com/envoy", "conditions": conditions}
            for parent in raw["spec"]["parentRefs"]
        ]
    }
    raw["metadata"]["resourceVersion"] = str(int(raw["metadata"]["resourceVersion"]) + 1)
    for gateway in objects[GATEWAYS]:
        gateway["status"] = {"conditions": [condition("Programmed", gateway["metadata"]["generation"])]}


def route(objects: Objects) -> JSON:
    return objects[HTTP_ROUTES][0]


def rule(objects: Objects, index: int = 0) -> JSON:
    found: JSON = route(objects)["spec"]["rules"][index]
    return found


def weights(objects: Objects, index: int = 0) -> dict[str, int]:
    return {ref["name"]: ref.get("weight", 1) for ref in rule(objects, index)["backendRefs"]}


def copies(objects: Objects, index: int = 0) -> list[tuple[str, int | None]]:
    """Who gets copies, and the percent that is written."""
    found = [each["requestMirror"] for each in rule(objects, index).get("filters", []) if "requestMirror" in each]
    return [(each["backendRef"]["name"], each.get("percent")) for each in found]


def by_weight(objects: Objects, share: int) -> Objects:
    """Nothing copied, so much for green."""
    rule(objects).pop("filters", None)
    blue, green = rule(objects)["backendRefs"]
    blue["weight"], green["weight"] = 100 - share, share
    return objects


def plan(objects: Objects, verb: Verb, **more: Any) -> Plan | Refusal:
    return ENGINE.plan(Intent(verb, REF, **more), objects, NOW)


def planned(objects: Objects, verb: Verb, **more: Any) -> Plan:
    found = plan(objects, verb, **more)
    assert isinstance(found, Plan), found
    return found


def refused(objects: Objects, verb: Verb, **more: Any) -> str:
    found = plan(objects, verb, **more)
    assert isinstance(found, Refusal), found
    return found.sentence


def sent(objects: Objects, found: Plan) -> Objects:
    """The world after the plan's patch of the route was stored; no gateway has seen it yet."""
    after = copy.deepcopy(objects)
    (request,) = found.requests
    assert request.strict
    raw = route(after)
    assert not isinstance(request.body, Mapping)
    objects_route = json.loads(json.dumps(raw))
    patched = apply(objects_route, request.body)
    patched["metadata"]["generation"] += patched["spec"] != raw["spec"]
    patched["metadata"]["resourceVersion"] = str(int(raw["metadata"]["resourceVersion"]) + 1)
    after[HTTP_ROUTES][0] = patched
    return after


def done(objects: Objects, verb: Verb, **more: Any) -> Objects:
    """The world after the act was sent and the gateway has taken it."""
    found = planned(objects, verb, **more)
    after = sent(objects, found)
    accept(after)
    settled = ENGINE.settled(found, after, NOW)
    assert settled.done, settled
    return after


def judged(found: Plan, objects: Objects) -> Settled:
    return ENGINE.settled(found, objects, NOW)


def apply(raw: JSON, operations: tuple[Mapping[str, Any], ...]) -> JSON:
    """A JSON patch by RFC 6902, as far as the engine uses it; a test that fails is an error."""
    for step in operations:
        *path, last = [part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]]
        at: Any = raw
        for part in path:
            at = at[int(part)] if isinstance(at, list) else at[part]
        place: Any = (len(at) if last == "-" else int(last)) if isinstance(at, list) else last
        match step["op"]:
            case "test":
                assert at[place] == step["value"], step
            case "add" if isinstance(at, list):
                assert 0 <= place <= len(at)
                at.insert(place, copy.deepcopy(step["value"]))
            case "add":
                at[place] = copy.deepcopy(step["value"])
            case "replace":
                assert isinstance(at, list) or place in at
                at[place] = copy.deepcopy(step["value"])
            case "remove":
                del at[place]
    return raw


def states() -> Iterator[tuple[str, Objects]]:
    """Where a route may stand, for what every engine promises."""
    mirrored = world()
    yield "mirrored", mirrored
    yield "switched", done(mirrored, Verb.SWITCH)
    yield "switched back", done(done(mirrored, Verb.SWITCH), Verb.SWITCH_BACK)
    canary = by_weight(world(), 20)
    accept(canary)
    yield "canary", canary
    yield "aborted", done(canary, Verb.ABORT)
    refused = world()
    accept(refused, ResolvedRefs="BackendNotFound")
    yield "refused by its gateway", refused
    yield "not taken yet", sent(canary, planned(canary, Verb.PROMOTE))
    yield "no pods of green", world(green=0)
    three = by_weight(world(), 20)
    rule(three)["backendRefs"].append({"name": "churn-red", "port": 80, "weight": 5})
    yield "three backends", three
    owned = world()
    route(owned)["metadata"]["ownerReferences"] = [{"kind": "Canary", "name": "churn", "uid": "c", "controller": True}]
    yield "moved by Flagger", owned


def opened(objects: Objects) -> RolloutDetail:
    found = ENGINE.observe(REF, objects, NOW)
    assert found is not None
    return found


def row(objects: Objects) -> Rollout:
    """As the fleet has it."""
    found = ENGINE.summarise(REF, decoded_for(ENGINE, REF, objects), NOW)
    assert found is not None
    return found


def allowed(objects: Objects) -> set[str]:
    return {ability.verb for ability in opened(objects).rollout.abilities if ability.allowed}
