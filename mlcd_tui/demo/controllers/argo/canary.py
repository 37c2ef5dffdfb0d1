"""The canary strategy: steps one after another, pauses, promotion."""

from __future__ import annotations

from typing import Any

from mlcd_tui.demo.clock import unix
from mlcd_tui.demo.controllers.argo import finish, istio, replicas, services
from mlcd_tui.demo.controllers.argo.analyses import reconcile_analyses
from mlcd_tui.demo.controllers.argo.counts import at_desired_counts, basic_counts, routed_counts, stable_differs
from mlcd_tui.demo.controllers.argo.parts import (
    available,
    canary,
    count,
    current_step,
    hash_of,
    seconds,
    size,
    status_of,
    steps,
    steps_hash,
)
from mlcd_tui.demo.controllers.argo.restarts import restart_pods
from mlcd_tui.demo.controllers.argo.trials import reconcile_experiments
from mlcd_tui.demo.controllers.argo.turn import Turn, selector_text

Object = dict[str, Any]
_PAUSE = "CanaryPauseStep"


def run(turn: Turn) -> None:
    """One look at a canary."""
    if _changed(turn):
        replicas.number_new(turn)
        _finish(turn)
        return
    replicas.number_new(turn)
    if restart_pods(turn):
        return
    replicas.forget_old(turn)
    services.point_canary(turn)
    services.route(turn)
    istio.write(turn)
    reconcile_experiments(turn)
    reconcile_analyses(turn)
    if not turn.added_pauses and not scale(turn):
        _pause(turn)
    _finish(turn)


def _changed(turn: Turn) -> bool:
    status = turn.old_status
    if status.get("currentStepHash", "") != steps_hash(turn.rollout) or not status.get("currentStepHash"):
        return True
    present = status.get("currentPodHash", "")
    return bool(present) and present != hash_of(turn.new)


def scale(turn: Turn) -> bool:
    """Scales stable, new and old ReplicaSets, one at a time; whether one changed."""
    if turn.halted():
        return False
    replicas.drop_deadlines(turn)
    if turn.stable is not None and stable_differs(turn.new, turn.stable):
        weights = (turn.old_status.get("canary") or {}).get("weights")
        if "trafficRouting" in canary(turn.rollout):
            pods = routed_counts(turn.rollout, turn.new, turn.stable, weights)[1]
        else:
            pods = basic_counts(turn.rollout, turn.new, turn.stable, turn.others)[1]
        if turn.scale(turn.stable, pods):
            return True
    return replicas.scale_new(turn) or replicas.scale_others(turn)


def _pause(turn: Turn) -> None:
    step, _ = current_step(turn.rollout)
    if turn.rollout["spec"].get("paused") or turn.old_status.get("promoteFull") or not step or "pause" not in step:
        return
    condition = turn.pause_condition(_PAUSE)
    if condition is None:
        if not turn.old_status.get("controllerPause"):
            turn.added_pauses.append(_PAUSE)
            _wake(turn, turn.now, step)
        return
    _wake(turn, unix(condition["startTime"]), step)


def _wake(turn: Turn, since: float, step: Object) -> None:
    if (duration := (step["pause"] or {}).get("duration")) is not None:
        left = since + seconds(duration) - turn.now
        if left > -1:
            turn.again(max(left, 0) + 0.05)


def _step_done(turn: Turn) -> bool:
    step, _ = current_step(turn.rollout)
    if turn.rollout["spec"].get("paused") or step is None:
        return False
    if "pause" in step:
        condition = turn.pause_condition(_PAUSE)
        if turn.old_status.get("controllerPause") and condition is None:
            return True
        duration = (step["pause"] or {}).get("duration")
        return bool(condition and duration is not None and turn.now > unix(condition["startTime"]) + seconds(duration))
    if step.keys() & {"setWeight", "setCanaryScale"}:
        weights = turn.status["canary"].get("weights")
        return at_desired_counts(turn.rollout, turn.new, turn.stable, turn.others, weights)
    if "experiment" in step:
        return turn.experiment is not None and status_of(turn.experiment).get("phase") == "Successful"
    if "analysis" in step:
        step_run = turn.runs.get("currentStepAnalysisRunStatus")
        return step_run is not None and status_of(step_run).get("phase") == "Successful"
    return bool(step.keys() & {"setHeaderRoute", "setMirrorRoute"})


def _finish(turn: Turn) -> None:
    turn.base_status()
    status, all_steps = turn.status, len(steps(turn.rollout))
    status["availableReplicas"] = available(*turn.all)
    status["HPAReplicas"] = count("replicas", turn.all)
    status["selector"] = selector_text(turn.rollout["spec"]["selector"])
    status["currentStepHash"] = steps_hash(turn.rollout)
    if _changed(turn):
        _begin(turn, all_steps)
        finish.persist(turn)
        return
    step, index = current_step(turn.rollout)
    if turn.old_status.get("promoteFull") or turn.in_rollback_window():
        turn.clear_pauses, turn.removed_abort = True, True
        index = all_steps or index
    if reason := finish.promotion_reason(turn):
        finish.promote_stable(turn, reason)
    elif turn.is_aborted():
        if all_steps:
            status["currentStepIndex"] = all_steps if status["stableRS"] == status["currentPodHash"] else 0
    else:
        if step is not None and index is not None and _step_done(turn):
            index += 1
            status["canary"].pop("currentStepAnalysisRunStatus", None)
            turn.tell("RolloutStepCompleted", f"Rollout step {index}/{all_steps} completed ({step_text(step)})")
            turn.removed_pauses.append(_PAUSE)
        status["currentStepIndex"] = index
    finish.persist(turn)


def _begin(turn: Turn, all_steps: int) -> None:
    finish.reset(turn)
    if turn.new is None or not all_steps:
        return
    if turn.old_status.get("stableRS") == hash_of(turn.new):
        turn.tell("SkipSteps", "Rollback to stable ReplicaSets")
        turn.status["currentStepIndex"] = all_steps
    elif turn.in_rollback_window() and size(turn.new) > 0:
        turn.tell("SkipSteps", "Rollback to active ReplicaSets within RollbackWindow")
        turn.status["currentStepIndex"] = all_steps


def step_text(step: Object) -> str:
    """A step in one line, as events name it."""
    if "setWeight" in step:
        return f"setWeight: {step['setWeight']}"
    if "pause" in step:
        duration = (step["pause"] or {}).get("duration")
        return "pause" if duration is None else f"pause: {duration}"
    if "setCanaryScale" in step:
        what = step["setCanaryScale"]
        return next(
            (f"setCanaryScale{{{name}: {str(what[name]).lower()}}}" for name in _SCALES if name in what), "invalid"
        )
    if "plugin" in step:
        return f"plugin: {step['plugin']['name']}"
    for name in ("setHeaderRoute", "setMirrorRoute"):
        if name in step:
            return f"{name}: {step[name]['name']}"
    return next((name for name in ("experiment", "analysis") if name in step), "invalid")


_SCALES = ("weight", "matchTrafficWeight", "replicas")
