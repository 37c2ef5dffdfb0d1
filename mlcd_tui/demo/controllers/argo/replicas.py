"""ReplicaSets of a rollout: making the new one, numbering it, scaling it up and the old ones down."""

from __future__ import annotations

from typing import Any

from mlcd_tui.demo.clock import stamp, unix
from mlcd_tui.demo.controllers.argo import conditions
from mlcd_tui.demo.controllers.argo.counts import basic_counts, routed_counts
from mlcd_tui.demo.controllers.argo.parts import (
    DEADLINE,
    DESIRED,
    REVISION,
    abort_delay,
    annotation,
    available,
    blue_green,
    canary,
    hash_of,
    is_blue_green,
    revision_of,
    scale_down_delay,
    size,
    status_of,
    surge_and_unavailable,
    template_hash,
    wanted,
)
from mlcd_tui.demo.controllers.argo.services import selected_hash
from mlcd_tui.demo.controllers.argo.turn import Turn, with_hash
from mlcd_tui.demo.kinds import REPLICASETS, ROLLOUTS, SERVICES
from mlcd_tui.demo.work import owner_reference

Object = dict[str, Any]


def create_new(turn: Turn) -> None:
    """Makes the ReplicaSet of the desired template, without pods yet."""
    rollout = turn.rollout
    template = rollout["spec"]["template"]
    pod_hash = template_hash(template, status_of(rollout).get("collisionCount", 0))
    labels = with_hash((template.get("metadata") or {}).get("labels") or {}, pod_hash)
    revision = max((revision_of(each) for each in turn.all), default=0) + 1
    fresh: Object = {
        "metadata": {
            "name": f"{turn.key[1]}-{pod_hash}",
            "namespace": turn.key[0],
            "labels": labels,
            "annotations": {REVISION: str(revision), DESIRED: str(wanted(rollout))},
            "ownerReferences": [owner_reference(rollout)],
        },
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": with_hash(rollout["spec"]["selector"].get("matchLabels") or {}, pod_hash)},
            "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}},
        },
    }
    if settle := rollout["spec"].get("minReadySeconds"):
        fresh["spec"]["minReadySeconds"] = settle
    made = turn.store.create(REPLICASETS, fresh)
    name = made["metadata"]["name"]
    number_rollout(turn, revision)
    turn.tell("NewReplicaSetCreated", f"Created ReplicaSet {name} (revision {revision})")
    turn.rollout["metadata"] = turn.store.get(ROLLOUTS, *turn.key)["metadata"]
    turn.patch_conditions([("Progressing", "True", "NewReplicaSetCreated", f'Created new replica set "{name}"')])


def number_rollout(turn: Turn, revision: int) -> bool:
    """Notes the revision on the rollout; whether that changed it."""
    fresh = turn.store.copy(ROLLOUTS, *turn.key)
    notes = fresh["metadata"].get("annotations") or {}
    if notes.get(REVISION) == str(revision):
        return False
    fresh["metadata"]["annotations"] = {**notes, REVISION: str(revision)}
    turn.rollout["metadata"] = turn.store.update(ROLLOUTS, fresh)["metadata"]
    turn.written = True
    turn.tell("RolloutUpdated", f"Rollout updated to revision {revision}")
    return True


def number_new(turn: Turn) -> None:
    """Gives the new ReplicaSet the highest revision: one that is used again gets a new number."""
    if turn.new is None:
        return
    revision = max((revision_of(each) for each in turn.older), default=0) + 1
    if revision_of(turn.new) < revision:
        turn.annotate(turn.new, REVISION, str(revision))
        return
    settle = turn.rollout["spec"].get("minReadySeconds")
    if turn.new["spec"].get("minReadySeconds") != settle and settle is not None:
        turn.new["spec"]["minReadySeconds"] = settle
        turn.save(turn.new)
        return
    number_rollout(turn, revision_of(turn.new))


def new_count(turn: Turn) -> int:
    """How many pods the new ReplicaSet shall have."""
    rollout, total = turn.rollout, wanted(turn.rollout)
    if not is_blue_green(rollout):
        weights = turn.status["canary"].get("weights")
        if "trafficRouting" in canary(rollout):
            return routed_counts(rollout, turn.new, turn.stable, weights)[0]
        return basic_counts(rollout, turn.new, turn.stable, turn.others)[0]
    preview, status = blue_green(rollout).get("previewReplicaCount"), turn.old_status
    if preview is None:
        return total
    selectors = status.get("blueGreen") or {}
    active_hash = selectors.get("activeSelector", "")
    is_active = not any(active_hash and hash_of(each) == active_hash for each in turn.all) or (
        active_hash == hash_of(turn.new)
    )
    if is_active or status.get("promoteFull"):
        return total
    if hash_of(turn.new) != status.get("currentPodHash", ""):
        return int(preview)
    paused = rollout["spec"].get("paused") or status.get("pauseConditions")
    return total if not paused and selectors.get("scaleUpPreviewCheckPoint") else int(preview)


def scale_new(turn: Turn) -> bool:
    """Scales the new ReplicaSet; whether that changed it."""
    new = turn.new
    if new is None:
        return False
    pods = new_count(turn)
    if turn.delays_scale_down_on_abort():
        delay, _ = abort_delay(turn.rollout)
        if deadline := annotation(new, DEADLINE):
            left = unix(deadline) - turn.now
            if left > 0:
                turn.again(left)
                return False
            pods = 0
        elif delay is not None:
            if turn.stable and available(turn.stable) >= wanted(turn.rollout):
                _delay(turn, new, delay)
            return False
    return turn.scale(new, pods)


def _delay(turn: Turn, replica_set: Object, delay: float) -> None:
    if delay <= 0:
        turn.annotate(replica_set, DEADLINE, None)
        return
    turn.annotate(replica_set, DEADLINE, stamp(turn.now + delay))
    turn.again(delay)


def drop_deadlines(turn: Turn) -> None:
    """The new and the stable ReplicaSet are not to be scaled down."""
    if turn.new and not turn.delays_scale_down_on_abort():
        turn.annotate(turn.new, DEADLINE, None)
    if turn.stable and turn.stable is not turn.new:
        turn.annotate(turn.stable, DEADLINE, None)


def scale_others(turn: Turn) -> bool:
    """Scales down what is neither new nor stable; whether that changed anything."""
    others = [each for each in turn.others if size(each)]
    if not others:
        return False
    others.sort(key=revision_of, reverse=True)
    return _scale_blue_green_others(turn, others) if is_blue_green(turn.rollout) else _scale_canary_others(turn, others)


def _scale_canary_others(turn: Turn, others: list[Object]) -> bool:
    spec, changed, annotated = canary(turn.rollout), False, 0
    routed = "trafficRouting" in spec
    spare = available(*turn.all) - (wanted(turn.rollout) - surge_and_unavailable(turn.rollout)[1])
    for each in others:
        unavailable = size(each) - available(each)
        if unavailable > 0:
            changed |= turn.scale(each, available(each))
    for each in others:
        if spare <= 0:
            break
        if not size(each) or (routed and _is_referenced(turn, each)):
            continue
        pods = 0
        if not routed:
            pods = max(size(each) - spare, 0)
        elif (turn.promoted() or annotation(each, DEADLINE)) and not spec.get("dynamicStableScale"):
            annotated, pods = _delayed(turn, each, annotated, size(each))
        spare -= size(each) - pods
        changed |= turn.scale(each, pods) if pods != size(each) else False
    return changed


def _scale_blue_green_others(turn: Turn, others: list[Object]) -> bool:
    spec, changed, annotated = blue_green(turn.rollout), False, 0
    if turn.pause_condition("InconclusiveAnalysisRun"):
        return False
    if "postPromotionAnalysis" in spec and "scaleDownDelaySeconds" not in spec and not turn.promoted():
        run = turn.runs.get("postPromotionAnalysisRunStatus")
        if run is None or status_of(run).get("phase") != "Successful":
            return False
    for each in others:
        if _is_referenced(turn, each):
            continue
        annotated, pods = _delayed(turn, each, annotated, wanted(turn.rollout))
        changed |= turn.scale(each, pods) if pods != size(each) else False
    return changed


def _delayed(turn: Turn, replica_set: Object, annotated: int, keep: int) -> tuple[int, int]:
    spec = blue_green(turn.rollout) if is_blue_green(turn.rollout) else canary(turn.rollout)
    limit = spec.get("scaleDownDelayRevisionLimit", 1 << 31)
    deadline = annotation(replica_set, DEADLINE)
    if deadline is None:
        if annotated < limit:
            delay = scale_down_delay(turn.rollout)
            _delay(turn, replica_set, delay)
            return annotated + 1, size(replica_set) if delay else 0
        return annotated, 0
    left = unix(deadline) - turn.now
    if annotated + 1 > limit or left <= 0:
        return annotated + 1, 0
    turn.again(left)
    return annotated + 1, keep


def _is_referenced(turn: Turn, replica_set: Object) -> bool:
    pod_hash, status = hash_of(replica_set), turn.old_status
    selectors = status.get("blueGreen") or {}
    weights = (status.get("canary") or {}).get("weights") or {}
    named = {status.get("stableRS"), status.get("currentPodHash")}
    named |= {selectors.get("activeSelector"), selectors.get("previewSelector")}
    named |= {(weights.get(side) or {}).get("podTemplateHash") for side in ("canary", "stable")}
    if pod_hash in named:
        return True
    spec = {**canary(turn.rollout), **blue_green(turn.rollout)}
    names = [spec.get(name) for name in ("canaryService", "stableService", "activeService", "previewService")]
    services = (turn.store.find(SERVICES, turn.key[0], name) for name in names if name)
    return any(selected_hash(service) == pod_hash for service in services)


def forget_old(turn: Turn) -> None:
    """Deletes ReplicaSets beyond spec.revisionHistoryLimit."""
    limit = turn.rollout["spec"].get("revisionHistoryLimit", 10)
    empty = [each for each in turn.others if not size(each) and not status_of(each).get("replicas")]
    empty.sort(key=revision_of)
    for each in empty[: max(len(turn.others) - limit, 0)]:
        turn.store.delete(REPLICASETS, turn.key[0], each["metadata"]["name"])
        turn.all.remove(each)


def is_scaling(turn: Turn) -> bool:
    """Whether spec.replicas was changed and the ReplicaSets do not know it yet."""
    active = [each for each in (turn.new, turn.stable) if each and size(each)]
    notes = [annotation(each, DESIRED) for each in active]
    return any(note is not None and note != str(wanted(turn.rollout)) for note in notes)


def initial_progress(turn: Turn) -> bool:
    """Sets the Progressing condition of a rollout that found its ReplicaSet; whether it was missing."""
    if turn.new is None or conditions.find(turn.old_status, "Progressing"):
        return False
    words = f'Found new replica set "{turn.new["metadata"]["name"]}"'
    turn.patch_conditions([("Progressing", "True", "FoundNewReplicaSet", words)])
    return True
