"""Services and traffic weights: who gets the requests."""

from __future__ import annotations

import copy
from typing import Any

from mlcd_tui.demo.controllers.argo.counts import at_desired_counts, current_weight, desired_weight, threshold_met
from mlcd_tui.demo.controllers.argo.parts import (
    HASH,
    MANAGED,
    annotation,
    available,
    canary,
    current_step,
    hash_of,
    max_weight,
    size,
    status_of,
    steps,
    wanted,
)
from mlcd_tui.demo.controllers.argo.turn import Turn
from mlcd_tui.demo.kinds import SERVICES

Object = dict[str, Any]


def selected_hash(service: Object | None) -> str:
    """The pod-template hash that a Service selects."""
    return (service["spec"].get("selector") or {}).get(HASH, "") if service else ""


def switch(turn: Turn, name: str, to_hash: str) -> None:
    """Points a Service to a version."""
    service = copy.deepcopy(turn.store.get(SERVICES, turn.key[0], name))
    old = selected_hash(service)
    if old == to_hash and annotation(service, MANAGED) is not None:
        return
    service["spec"]["selector"] = {**(service["spec"].get("selector") or {}), HASH: to_hash}
    service["metadata"]["annotations"] = {**(service["metadata"].get("annotations") or {}), MANAGED: turn.key[1]}
    turn.store.update(SERVICES, service)
    turn.tell("SwitchService", f"Switched selector for service '{name}' from '{old}' to '{to_hash}'")


def point(turn: Turn, name: str, replica_set: Object | None, *, check: bool = True) -> None:
    """Points a canary's Service to a ReplicaSet that can bear it."""
    if replica_set is None or not name:
        return
    service = turn.store.get(SERVICES, turn.key[0], name)
    if selected_hash(service) == hash_of(replica_set):
        return
    if check:
        full = size(replica_set) > 0 and available(replica_set) >= size(replica_set)
        if annotation(service, MANAGED) is None and not full:
            return
        if not available(replica_set):
            return
    switch(turn, name, hash_of(replica_set))


def point_canary(turn: Turn) -> None:
    """The stable and the canary Service."""
    spec = canary(turn.rollout)
    point(turn, spec.get("stableService", ""), turn.stable)
    if turn.is_aborted() and "trafficRouting" not in spec:
        point(turn, spec.get("canaryService", ""), turn.stable)
    elif not rolling_back_dynamically(turn):
        point(turn, spec.get("canaryService", ""), turn.new)


def rolling_back_dynamically(turn: Turn) -> str:
    """The hash of the canary that is being left while stable still scales up again, else empty."""
    spec = canary(turn.rollout)
    weights = (status_of(turn.rollout).get("canary") or {}).get("weights")
    if not turn.promoted() or "trafficRouting" not in spec or not spec.get("dynamicStableScale") or not weights:
        return ""
    left = str(weights["canary"].get("podTemplateHash", ""))
    if left == hash_of(turn.new) or available(turn.new) >= wanted(turn.rollout):
        return ""
    return left


def route(turn: Turn) -> None:
    """Sets the weights of a routed canary."""
    spec = canary(turn.rollout)
    if "trafficRouting" not in spec:
        turn.status["canary"].pop("weights", None)
        return
    weight, canary_hash = 0, hash_of(turn.new)
    extra: list[Object] = []
    if left := rolling_back_dynamically(turn):
        weight, canary_hash = _backing_weight(turn), left
    elif turn.promoted():
        pass
    elif turn.is_aborted():
        weight = _backing_weight(turn)
        if not weight or not spec.get("dynamicStableScale"):
            point(turn, spec.get("canaryService", ""), turn.stable, check=False)
    elif not available(turn.new):
        extra = _experiment_weights(turn)
    elif turn.old_status.get("promoteFull"):
        weight = _full_weight(turn)
    else:
        weight, extra = _step_weight(turn)
    if turn.stable is None or not _bears(turn, turn.stable, max_weight(turn.rollout) - weight):
        return
    _set_weights(turn, weight, canary_hash, extra)


def _bears(turn: Turn, replica_set: Object, weight: int) -> bool:
    need = weight * wanted(turn.rollout) // max_weight(turn.rollout)
    return available(replica_set) >= need or threshold_met(turn.rollout, replica_set, need)


def _full_weight(turn: Turn) -> int:
    if canary(turn.rollout).get("dynamicStableScale"):
        return max_weight(turn.rollout) * available(turn.new) // max(wanted(turn.rollout), 1)
    weights = (turn.old_status.get("canary") or {}).get("weights") or {}
    return int((weights.get("canary") or {}).get("weight", 0))


def _step_weight(turn: Turn) -> tuple[int, list[Object]]:
    _, index = current_step(turn.rollout)
    if index is None:
        return 0, []
    if not at_desired_counts(turn.rollout, turn.new, turn.stable, turn.others, None):
        earlier = (step["setWeight"] for step in reversed(steps(turn.rollout)[:index]) if "setWeight" in step)
        return int(next(earlier, 0)), _experiment_weights(turn)
    if index != len(steps(turn.rollout)):
        return current_weight(turn.rollout), _experiment_weights(turn)
    return max_weight(turn.rollout), []


def _backing_weight(turn: Turn) -> int:
    total, most = wanted(turn.rollout), max_weight(turn.rollout)
    if not canary(turn.rollout).get("dynamicStableScale") or not turn.stable or not turn.new or not total:
        return 0
    desired = desired_weight(turn.rollout, turn.new, turn.stable)
    stable_share = most * available(turn.stable) // total
    expected = max(0, most - stable_share)
    weights = (turn.old_status.get("canary") or {}).get("weights")
    if not weights:
        return max(expected, desired)
    present = int(weights["canary"].get("weight", 0))
    if desired <= 0:
        return min(expected, present)
    return present if stable_share < most - desired else min(desired, present)


def _experiment_weights(turn: Turn) -> list[Object]:
    step, _ = current_step(turn.rollout)
    experiment = turn.experiment
    if not step or "experiment" not in step or experiment is None or status_of(experiment).get("phase") != "Running":
        return []
    weights = {each["name"]: each.get("weight") for each in step["experiment"]["templates"]}
    return [
        {
            "weight": weights[template["name"]],
            "serviceName": template.get("serviceName", ""),
            "podTemplateHash": template.get("podTemplateHash", ""),
        }
        for template in status_of(experiment).get("templateStatuses") or ()
        if weights.get(template["name"]) is not None
    ]


def _destination(weight: int, service: str, pod_hash: str) -> Object:
    marks = {"serviceName": service, "podTemplateHash": pod_hash}
    return {"weight": weight, **{name: value for name, value in marks.items() if value}}


def _set_weights(turn: Turn, weight: int, canary_hash: str, extra: list[Object]) -> None:
    spec = canary(turn.rollout)
    rest = max_weight(turn.rollout) - weight - sum(each["weight"] for each in extra)
    fresh: Object = {
        "canary": _destination(weight, spec.get("canaryService", ""), canary_hash),
        "stable": _destination(rest, spec.get("stableService", ""), hash_of(turn.stable)),
    }
    if extra:
        fresh["additional"] = extra
    old = (turn.old_status.get("canary") or {}).get("weights")
    if fresh == old:
        return
    before = int(old["canary"].get("weight", 0)) if old else None
    if before is None:
        turn.tell("TrafficWeightUpdated", f"Traffic weight updated to {weight}")
    elif before != weight:
        turn.tell("TrafficWeightUpdated", f"Traffic weight updated from {before} to {weight}")
    turn.status["canary"]["weights"] = fresh
