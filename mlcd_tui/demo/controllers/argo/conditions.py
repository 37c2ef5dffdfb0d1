"""Conditions and phase of a rollout, in argo-rollouts' words and order."""

from __future__ import annotations

from typing import Any

from mlcd_tui.demo.clock import unix
from mlcd_tui.demo.controllers.argo.parts import (
    COMPLETED,
    blue_green,
    canary,
    current_step,
    is_blue_green,
    status_of,
    steps,
    wanted,
)

Object = dict[str, Any]


def find(status: Object, type_: str) -> Object | None:
    """The condition of a type, or None."""
    return next((each for each in status.get("conditions") or () if each["type"] == type_), None)


def put(status: Object, type_: str, truth: str, reason: str, message: str, now: str) -> bool:
    """Sets a condition; nothing happens, and False is the answer, when status and reason are the same."""
    old = find(status, type_)
    if old and (old["status"], old["reason"]) == (truth, reason):
        return False
    since = old["lastTransitionTime"] if old and old["status"] == truth else now
    fresh = {"type": type_, "status": truth, "reason": reason, "message": message}
    fresh |= {"lastTransitionTime": since, "lastUpdateTime": now}
    status["conditions"] = [each for each in status.get("conditions") or () if each["type"] != type_] + [fresh]
    return True


def remove(status: Object, type_: str) -> None:
    """Drops the condition of a type."""
    if "conditions" in status:
        status["conditions"] = [each for each in status["conditions"] if each["type"] != type_]


def progressing(rollout: Object, status: Object) -> bool:
    """Whether anything moved between the old and the new status."""
    old = status_of(rollout)
    if is_blue_green(rollout):
        before, after = old.get("blueGreen") or {}, status.get("blueGreen") or {}
        moved = any(before.get(name, "") != after.get(name, "") for name in ("activeSelector", "previewSelector"))
    else:
        indices = (old.get("currentStepIndex"), status.get("currentStepIndex"))
        moved = (
            old.get("stableRS", "") != status.get("stableRS", "")
            or (None not in indices and indices[0] != indices[1])
            or old.get("currentStepHash", "") != status.get("currentStepHash", "")
        )

    def number(of: Object, name: str) -> int:
        return int(of.get(name) or 0)

    old_left = number(old, "replicas") - number(old, "updatedReplicas")
    left = number(status, "replicas") - number(status, "updatedReplicas")
    return (
        moved
        or number(status, "updatedReplicas") != number(old, "updatedReplicas")
        or left < old_left
        or number(status, "readyReplicas") > number(old, "readyReplicas")
        or number(status, "availableReplicas") > number(old, "availableReplicas")
    )


def healthy(rollout: Object, status: Object) -> bool:
    """Whether all desired pods are updated, available and served."""
    total, current = wanted(rollout), status.get("currentPodHash", "")
    if is_blue_green(rollout):
        selectors = status.get("blueGreen") or {}
        done = selectors.get("activeSelector", "") == current
        if blue_green(rollout).get("previewService"):
            done = done and selectors.get("previewSelector", "") == current
    else:
        index = status.get("currentStepIndex")
        stepped = not steps(rollout) or index is None or index == len(steps(rollout))
        stable = bool(status.get("stableRS")) and status["stableRS"] == current
        done = stepped and stable and (status.get("replicas") or 0) == total
    observed = status_of(rollout).get("observedGeneration", "") == str(rollout["metadata"]["generation"])
    updated, available = status.get("updatedReplicas") or 0, status.get("availableReplicas") or 0
    return done and observed and updated == total and available == total


def completed(status: Object) -> bool:
    """Whether the desired version is the stable one."""
    return bool(status.get("stableRS")) and status["stableRS"] == status.get("currentPodHash")


def timed_out(rollout: Object, status: Object, now: float) -> bool:
    """Whether the last progress is older than progressDeadlineSeconds."""
    condition = find(status, "Progressing")
    if condition is None or condition["reason"] in {"RolloutAborted", "RolloutPaused"}:
        return False
    if condition["reason"] == "ProgressDeadlineExceeded":
        return True
    return unix(condition["lastUpdateTime"]) + deadline(rollout) < now


def deadline(rollout: Object) -> float:
    """progressDeadlineSeconds, ten minutes if unset."""
    return float(rollout["spec"].get("progressDeadlineSeconds") or 600)


def at_indefinite_step(rollout: Object) -> bool:
    """Whether the present step may last for ever without being stuck."""
    step, _ = current_step(rollout)
    if step and step.keys() & {"experiment", "analysis", "pause"}:
        return True
    paused = find(status_of(rollout), "Paused")
    return paused is not None and paused["status"] == "True"


def phase(spec: Object, status: Object) -> tuple[str, str]:
    """Phase and message of a status."""
    for condition in status.get("conditions") or ():
        if condition["type"] == "InvalidSpec":
            return "Degraded", f"InvalidSpec: {condition['message']}"
        if condition["reason"] in {"RolloutAborted", "ProgressDeadlineExceeded"}:
            return "Degraded", f"{condition['reason']}: {condition['message']}"
    if spec.get("paused"):
        return "Paused", "manually paused"
    for pause in status.get("pauseConditions") or ():
        return "Paused", str(pause["reason"])
    if spec.get("restartAt") and spec["restartAt"] != status.get("restartedAt"):
        return "Progressing", "rollout is restarting"
    if (status.get("updatedReplicas") or 0) < wanted({"spec": spec}):
        return "Progressing", "more replicas need to be updated"
    if (status.get("availableReplicas") or 0) < (status.get("updatedReplicas") or 0):
        return "Progressing", "updated replicas are still becoming available"
    if "blueGreen" in spec["strategy"]:
        return _blue_green_phase(spec, status)
    return _canary_phase(spec, status)


def _blue_green_phase(spec: Object, status: Object) -> tuple[str, str]:
    selectors = status.get("blueGreen") or {}
    active = selectors.get("activeSelector", "")
    if not active or active != status.get("currentPodHash", ""):
        return "Progressing", "active service cutover pending"
    if not completed(status):
        run = selectors.get("postPromotionAnalysisRunStatus")
        if "postPromotionAnalysis" in spec["strategy"]["blueGreen"] and (not run or run["status"] not in COMPLETED):
            return "Progressing", "waiting for analysis to complete"
        return "Progressing", "waiting for post-promotion verification to complete"
    return "Healthy", ""


def _canary_phase(spec: Object, status: Object) -> tuple[str, str]:
    routed = "trafficRouting" in canary({"spec": spec})
    if not routed and (status.get("replicas") or 0) > (status.get("updatedReplicas") or 0):
        return "Progressing", "old replicas are pending termination"
    if not completed(status):
        return "Progressing", "waiting for all steps to complete"
    return "Healthy", ""
