"""The VirtualService of a canary, as the controller's Istio router writes it: weights, and routes that copy."""

from __future__ import annotations

import copy
from typing import Any

from mlcd_tui.demo.controllers.argo.parts import available, canary, current_step
from mlcd_tui.demo.controllers.argo.turn import Turn
from mlcd_tui.demo.kinds import VIRTUALSERVICES

Object = dict[str, Any]


def write(turn: Turn) -> None:
    """Sets weights and managed routes; a mirror route is made by its own step and by nothing else."""
    routing = canary(turn.rollout).get("trafficRouting") or {}
    named = (routing.get("istio") or {}).get("virtualService") or {}
    found = turn.store.find(VIRTUALSERVICES, turn.key[0], named.get("name", ""))
    weights = turn.status["canary"].get("weights")
    if found is None or not weights:
        return
    changed = copy.deepcopy(found)
    managed = [each["name"] for each in routing.get("managedRoutes") or ()]
    http = changed["spec"]["http"]
    if turn.promoted() or turn.is_aborted() or not available(turn.new):
        http = [each for each in http if each.get("name") not in managed]
    else:
        step, _ = current_step(turn.rollout)
        http = _mirrored(turn, http, (step or {}).get("setMirrorRoute"))
    for route in http:
        if route.get("name") in {*managed, *named.get("routes", ())}:
            _weigh(turn, route, weights)
    changed["spec"]["http"] = http
    if changed != found:
        owner: Object = {"manager": "rollouts-controller", "operation": "Update", "time": turn.store.clock.text()}
        owner |= {"apiVersion": VIRTUALSERVICES.api_version, "fieldsType": "FieldsV1"}
        owner["fieldsV1"] = {"f:spec": {"f:http": {}}}
        changed["metadata"]["managedFields"] = [owner]
        turn.store.update(VIRTUALSERVICES, changed)


def _mirrored(turn: Turn, http: list[Object], step: Object | None) -> list[Object]:
    if step is None:
        return http
    others = [each for each in http if each.get("name") != step["name"]]
    if not step.get("match"):
        return others
    spec = canary(turn.rollout)
    keys = {"path": "uri", "method": "method", "headers": "headers"}
    route = {
        "name": step["name"],
        "match": [{keys[key]: value for key, value in match.items()} for match in step["match"]],
        "mirror": {"host": spec["canaryService"]},
        "mirrorPercentage": {"value": step.get("percentage", 100)},
        "route": [{"destination": {"host": spec[side]}} for side in ("stableService", "canaryService")],
    }
    return [route, *others]


def _weigh(turn: Turn, route: Object, weights: Object) -> None:
    spec = canary(turn.rollout)
    for side in ("stable", "canary"):
        for each in route["route"]:
            if each["destination"]["host"] == spec[f"{side}Service"]:
                each["weight"] = weights[side].get("weight", 0)
