"""The blue/green strategy: preview, pause, switch, scale down."""

from __future__ import annotations

from typing import Any

from mlcd_tui.demo.clock import unix
from mlcd_tui.demo.controllers.argo import finish, replicas, services
from mlcd_tui.demo.controllers.argo.analyses import reconcile_analyses
from mlcd_tui.demo.controllers.argo.parts import (
    DESIRED,
    annotation,
    available,
    blue_green,
    count,
    hash_of,
    size,
    wanted,
)
from mlcd_tui.demo.controllers.argo.restarts import restart_pods
from mlcd_tui.demo.controllers.argo.turn import Turn, selector_text
from mlcd_tui.demo.kinds import SERVICES

Object = dict[str, Any]
_PAUSE = "BlueGreenPause"


def run(turn: Turn) -> None:
    """One look at a blue/green rollout."""
    replicas.number_new(turn)
    spec = blue_green(turn.rollout)
    if spec.get("previewService") and not turn.halted():
        services.switch(turn, spec["previewService"], hash_of(turn.new))
    if _changed(turn):
        _finish(turn)
        return
    restart_pods(turn)
    scale(turn)
    _pause(turn)
    _switch_active(turn)
    reconcile_analyses(turn)
    _finish(turn)


def _changed(turn: Turn) -> bool:
    present = turn.old_status.get("currentPodHash", "")
    return bool(present) and present != hash_of(turn.new)


def scale(turn: Turn) -> None:
    """Scales stable, new and old ReplicaSets."""
    replicas.drop_deadlines(turn)
    if turn.stable is not None:
        turn.scale(turn.stable, wanted(turn.rollout))
    replicas.scale_new(turn)
    replicas.scale_others(turn)
    replicas.forget_old(turn)


def _active_hash(turn: Turn) -> str:
    name = blue_green(turn.rollout)["activeService"]
    return services.selected_hash(turn.store.get(SERVICES, turn.key[0], name))


def _ready(turn: Turn) -> bool:
    pods = replicas.new_count(turn)
    return size(turn.new) == pods == available(turn.new)


def saturated(turn: Turn) -> bool:
    """Whether the new version could bear all traffic."""
    total = wanted(turn.rollout)
    return (
        turn.new is not None
        and annotation(turn.new, DESIRED) == str(total)
        and size(turn.new) == total == available(turn.new)
    )


def _fast_tracked(turn: Turn) -> bool:
    active = _active_hash(turn)
    return bool(
        turn.is_fast_rollback() or turn.old_status.get("promoteFull") or not active or active == hash_of(turn.new)
    )


def _analysed(turn: Turn) -> bool:
    if "prePromotionAnalysis" not in blue_green(turn.rollout):
        return True
    run_before = turn.runs.get("prePromotionAnalysisRunStatus")
    return run_before is not None and (run_before.get("status") or {}).get("phase") == "Successful"


def _pause(turn: Turn) -> None:
    spec = blue_green(turn.rollout)
    if turn.old_status.get("abort") or not _ready(turn) or turn.halted():
        return
    auto = spec.get("autoPromotionEnabled", True)
    delay = float(spec.get("autoPromotionSeconds") or 0)
    past_checkpoint = (turn.old_status.get("blueGreen") or {}).get("scaleUpPreviewCheckPoint")
    if _fast_tracked(turn) or past_checkpoint or (auto and not delay):
        turn.removed_pauses.append(_PAUSE)
        return
    if not _analysed(turn):
        return
    condition = turn.pause_condition(_PAUSE)
    if condition is None:
        if not turn.old_status.get("controllerPause"):
            turn.added_pauses.append(_PAUSE)
            if delay:
                turn.again(delay + 0.05)
    elif _pause_over(turn):
        turn.removed_pauses.append(_PAUSE)
    elif delay:
        turn.again(max(unix(condition["startTime"]) + delay - turn.now, 0) + 0.05)


def _pause_over(turn: Turn) -> bool:
    spec, condition = blue_green(turn.rollout), turn.pause_condition(_PAUSE)
    if turn.added_pauses:
        return False
    if (turn.old_status.get("blueGreen") or {}).get("scaleUpPreviewCheckPoint"):
        return True
    if spec.get("autoPromotionEnabled", True):
        delay = float(spec.get("autoPromotionSeconds") or 0)
        return not delay or (condition is not None and turn.now > unix(condition["startTime"]) + delay)
    return bool(turn.old_status.get("controllerPause")) and condition is None


def _switch_active(turn: Turn) -> None:
    if turn.halted() or not _ready(turn) or not saturated(turn):
        return
    to_hash = _active_hash(turn)
    if _fast_tracked(turn) or (_pause_over(turn) and _analysed(turn)):
        to_hash = hash_of(turn.new)
    if turn.old_status.get("abort"):
        to_hash = turn.old_status.get("stableRS", "")
    services.switch(turn, blue_green(turn.rollout)["activeService"], to_hash)


def _finish(turn: Turn) -> None:
    turn.base_status()
    status, spec = turn.status, blue_green(turn.rollout)
    if _changed(turn):
        finish.reset(turn)
    if turn.old_status.get("promoteFull") or turn.in_rollback_window():
        turn.clear_pauses, turn.removed_abort = True, True
    if spec.get("previewService"):
        preview = turn.store.get(SERVICES, turn.key[0], spec["previewService"])
        status["blueGreen"]["previewSelector"] = services.selected_hash(preview)
    status["blueGreen"]["activeSelector"] = _active_hash(turn)
    if reason := finish.promotion_reason(turn):
        finish.promote_stable(turn, reason)
    else:
        status["blueGreen"]["scaleUpPreviewCheckPoint"] = _checkpoint(turn)
    active = next((each for each in turn.all if hash_of(each) == status["blueGreen"]["activeSelector"]), None)
    counted = [active] if active else turn.all
    status["HPAReplicas"] = count("replicas", counted)
    status["availableReplicas"] = available(*counted)
    status["readyReplicas"] = count("readyReplicas", counted)
    status["selector"] = selector_text((active or turn.rollout)["spec"]["selector"])
    finish.persist(turn)


def _checkpoint(turn: Turn) -> bool:
    preview = blue_green(turn.rollout).get("previewReplicaCount")
    if preview is None:
        return False
    if (turn.old_status.get("blueGreen") or {}).get("scaleUpPreviewCheckPoint"):
        return True
    return _analysed(turn) and _pause_over(turn) and available(turn.new) == int(preview)
