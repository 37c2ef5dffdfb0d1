"""The end of each look: promotion to stable, pauses, aborts and conditions, and the write."""

from __future__ import annotations

from typing import Any

from mlcd_tui.demo.clock import unix
from mlcd_tui.demo.controllers.argo import conditions
from mlcd_tui.demo.controllers.argo.counts import threshold_met
from mlcd_tui.demo.controllers.argo.parts import (
    DEADLINE,
    annotation,
    available,
    blue_green,
    current_step,
    hash_of,
    is_blue_green,
    revision_of,
    size,
    steps,
    wanted,
)
from mlcd_tui.demo.controllers.argo.turn import Turn
from mlcd_tui.demo.kinds import DEPLOYMENTS

Object = dict[str, Any]


def promotion_reason(turn: Turn) -> str:
    """Why the desired version becomes the stable one now; empty while the update goes on."""
    if turn.stable is None:
        return "Initial deploy"
    return _blue_green_reason(turn) if is_blue_green(turn.rollout) else _canary_reason(turn)


def _canary_reason(turn: Turn) -> str:
    total = wanted(turn.rollout)
    if turn.is_aborted() or turn.new is None:
        return ""
    if available(turn.new) < total and not threshold_met(turn.rollout, turn.new, total):
        return ""
    if turn.old_status.get("promoteFull"):
        return "Full promotion requested"
    if turn.is_fast_rollback():
        return "Rollback within window" if turn.in_rollback_window() else "Fast rollback"
    _, index = current_step(turn.rollout)
    all_steps = len(steps(turn.rollout))
    return f"Completed all {all_steps} canary steps" if not all_steps or index == all_steps else ""


def _blue_green_reason(turn: Turn) -> str:
    active = turn.status["blueGreen"].get("activeSelector", "")
    if not active:
        return "Initial deploy"
    if active != turn.status["currentPodHash"]:
        return ""
    if turn.old_status.get("promoteFull"):
        return "Full promotion requested"
    if turn.is_fast_rollback():
        return "Rollback within window" if turn.in_rollback_window() else "Fast rollback"
    if turn.is_aborted():
        return ""
    if "postPromotionAnalysis" in blue_green(turn.rollout):
        run = turn.runs.get("postPromotionAnalysisRunStatus")
        if run is None or (run.get("status") or {}).get("phase") != "Successful":
            return ""
    return "Completed blue-green update"


def promote_stable(turn: Turn, reason: str) -> None:
    """Makes the desired version the stable one."""
    turn.clear_pauses, turn.removed_abort = True, True
    turn.status["promoteFull"] = False
    turn.status["blueGreen"].pop("scaleUpPreviewCheckPoint", None)
    if not is_blue_green(turn.rollout):
        turn.status["currentStepIndex"] = len(steps(turn.rollout)) or None
    revision, fresh = revision_of(turn.rollout), turn.status["currentPodHash"]
    if turn.status.get("stableRS") != fresh:
        turn.status["stableRS"] = fresh
        turn.tell("RolloutCompleted", f"Rollout completed update to revision {revision} ({fresh}): {reason}")
    ref = turn.rollout["spec"].get("workloadRef") or {}
    if revision == 1 and turn.old_status.get("phase") == "Healthy" and ref.get("scaleDown") == "onsuccess":
        workload = turn.store.copy(DEPLOYMENTS, turn.key[0], ref["name"])
        workload["spec"]["replicas"] = 0
        turn.store.update(DEPLOYMENTS, workload)


def reset(turn: Turn) -> None:
    """Begins a new update."""
    turn.clear_pauses, turn.removed_abort = True, True
    turn.status["restartedAt"] = turn.rollout["spec"].get("restartAt")
    turn.status["promoteFull"] = False
    for name in ("prePromotionAnalysisRunStatus", "postPromotionAnalysisRunStatus", "scaleUpPreviewCheckPoint"):
        turn.status["blueGreen"].pop(name, None)
    for name in ("currentStepAnalysisRunStatus", "currentBackgroundAnalysisRunStatus"):
        turn.status["canary"].pop(name, None)
    turn.status["currentStepIndex"] = 0 if steps(turn.rollout) else None


def persist(turn: Turn) -> None:
    """Completes the new status and writes it."""
    turn.status["observedGeneration"] = str(turn.rollout["metadata"]["generation"])
    if "workloadRef" in turn.rollout["spec"]:
        turn.status["workloadObservedGeneration"] = turn.rollout["workloadGeneration"]
    if not _abort_status(turn) and not turn.clear_pauses:
        _pause_conditions(turn)
    _conditions(turn)
    turn.status["phase"], turn.status["message"] = conditions.phase(turn.rollout["spec"], turn.status)
    was_paused, is_paused = bool(turn.old_status.get("pauseConditions")), bool(turn.status.get("pauseConditions"))
    turn.write(turn.status)
    if is_paused and not was_paused:
        turn.tell("RolloutPaused", f"Rollout is paused ({turn.status['pauseConditions'][0]['reason']})")
    elif was_paused and not is_paused and not turn.status.get("abortedAt"):
        turn.tell("RolloutResumed", "Rollout is resumed")
    _watch_deadline(turn)


def _abort_status(turn: Turn) -> bool:
    if turn.added_abort is not None or (not turn.removed_abort and turn.old_status.get("abort")):
        turn.status["abort"] = True
        turn.status["abortedAt"] = turn.old_status.get("abortedAt") or turn.store.clock.text()
        return True
    turn.status.pop("abort", None)
    turn.status.pop("abortedAt", None)
    return False


def _pause_conditions(turn: Turn) -> None:
    old = turn.old_status.get("pauseConditions") or []
    kept = [each for each in old if each["reason"] not in turn.removed_pauses]
    there_were = {each["reason"] for each in old}
    controller_pause = bool(turn.old_status.get("controllerPause"))
    for reason in turn.added_pauses:
        if reason not in there_were:
            kept.append({"reason": reason, "startTime": turn.store.clock.text()})
            controller_pause = True
    if kept:
        turn.status["controllerPause"] = controller_pause
        turn.status["pauseConditions"] = kept


def _conditions(turn: Turn) -> None:
    status, now = turn.status, turn.store.clock.text()
    paused = bool(status.get("pauseConditions")) or bool(turn.rollout["spec"].get("paused"))
    became_unhealthy = False
    is_healthy = conditions.healthy(turn.rollout, status)
    if not paused and is_healthy:
        conditions.put(status, "Healthy", "True", "RolloutHealthy", "Rollout is healthy", now)
    elif conditions.find(turn.old_status, "Healthy"):
        words = "Rollout is not healthy"
        became_unhealthy = conditions.put(status, "Healthy", "False", "RolloutHealthy", words, now)
    if turn.is_aborted():
        message = f"Rollout aborted update to revision {revision_of(turn.rollout)}"
        if turn.added_abort:
            message = f"{message}: {turn.added_abort}"
        if conditions.put(status, "Progressing", "False", "RolloutAborted", message, now):
            turn.tell("RolloutAborted", message, warning=True)
    else:
        _progress(turn, is_healthy=is_healthy, became_unhealthy=became_unhealthy)
    _availability(turn)
    done = conditions.completed(status)
    truth = "True" if done else "False"
    if conditions.put(status, "Completed", truth, "RolloutCompleted", "RolloutCompleted", now) and not done:
        revision = revision_of(turn.rollout)
        words = f"Rollout not completed, started update to revision {revision} ({status['currentPodHash']})"
        turn.tell("RolloutNotCompleted", words)


def _progress(turn: Turn, *, is_healthy: bool, became_unhealthy: bool) -> None:
    status, now = turn.status, turn.store.clock.text()
    name = turn.new["metadata"]["name"] if turn.new else ""
    if is_healthy:
        words = f'ReplicaSet "{name}" has successfully progressed.'
        conditions.put(status, "Progressing", "True", "NewReplicaSetAvailable", words, now)
    elif conditions.progressing(turn.rollout, status) or became_unhealthy:
        reason, words = "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.'
        if conditions.completed(status) and became_unhealthy:
            reason, words = "ReplicaSetNotAvailable", "Rollout does not have minimum availability"
        old = conditions.find(turn.old_status, "Progressing")
        conditions.remove(status, "Progressing")
        conditions.put(status, "Progressing", "True", reason, words, now)
        if old and old["status"] == "True":
            status["conditions"][-1]["lastTransitionTime"] = old["lastTransitionTime"]
    elif _may_time_out(turn) and conditions.timed_out(turn.rollout, status, turn.now):
        words = f'ReplicaSet "{name}" has timed out progressing.'
        conditions.put(status, "Progressing", "False", "ProgressDeadlineExceeded", words, now)


def _may_time_out(turn: Turn) -> bool:
    scaling_down = any(annotation(each, DEADLINE) for each in turn.others)
    return not conditions.at_indefinite_step(turn.rollout) and not scaling_down


def _availability(turn: Turn) -> None:
    total = wanted(turn.rollout)
    if is_blue_green(turn.rollout):
        active_hash = turn.status["blueGreen"].get("activeSelector")
        active = next((each for each in turn.all if hash_of(each) == active_hash), None)
        enough = active is not None and size(active) == total == available(active)
    else:
        enough = available(*turn.all) >= total
    words = "Rollout has minimum availability" if enough else "Rollout does not have minimum availability"
    truth = "True" if enough else "False"
    conditions.put(turn.status, "Available", truth, "AvailableReason", words, turn.store.clock.text())


def _watch_deadline(turn: Turn) -> None:
    condition = conditions.find(turn.status, "Progressing")
    settled = turn.status.get("phase") in {"Healthy", "Paused"} or turn.status.get("abort")
    if turn.written or condition is None or settled or condition["reason"] == "ProgressDeadlineExceeded":
        return
    left = unix(condition["lastUpdateTime"]) + conditions.deadline(turn.rollout) - turn.now
    if left > 0:
        turn.again(left + 1)
