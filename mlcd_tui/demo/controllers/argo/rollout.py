"""The rollout controller: one look at a rollout whenever it, its ReplicaSets, runs or workload change."""

from __future__ import annotations

import copy
from typing import Any

from mlcd_tui.demo.controllers.argo import bluegreen, canary, conditions, finish, replicas
from mlcd_tui.demo.controllers.argo.parts import available, count, hash_of, is_blue_green, status_of
from mlcd_tui.demo.controllers.argo.turn import Turn
from mlcd_tui.demo.controllers.argo.validation import problem
from mlcd_tui.demo.kinds import ANALYSISRUNS, DEPLOYMENTS, EXPERIMENTS, REPLICASETS, ROLLOUTS
from mlcd_tui.demo.store import Change, Store
from mlcd_tui.demo.work import WorkQueue, owner_key

Object = dict[str, Any]

INSTANCE = "argo-rollouts.argoproj.io/controller-instance-id"
"""Label of rollouts that another instance of the controller moves."""
_RETRY_INVALID = 20.0


class RolloutController:
    """Moves rollouts as argo-rollouts 1.10 does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue = WorkQueue(store, self._sync)
        self._queue.follow(ROLLOUTS)
        for kind in (REPLICASETS, ANALYSISRUNS, EXPERIMENTS):
            self._queue.follow(kind, owner_key("Rollout"))
        store.listen(DEPLOYMENTS, self._workload_changed)

    def _workload_changed(self, change: Change) -> None:
        meta = change.item["metadata"]
        for key, entry in self._store.entries(ROLLOUTS, meta["namespace"]):
            if (entry.item["spec"].get("workloadRef") or {}).get("name") == meta["name"]:
                self._queue.add(key)

    def _sync(self, namespace: str, name: str) -> None:
        rollout = self._store.copy(ROLLOUTS, namespace, name)
        if "deletionTimestamp" in rollout["metadata"] or INSTANCE in (rollout["metadata"].get("labels") or {}):
            return
        wrong = self._resolve(rollout)
        wrong = wrong or problem(self._store, rollout)
        if wrong:
            self._mark_invalid(rollout, wrong)
            return
        if rollout["spec"].get("replicas") is None:
            fresh = self._store.copy(ROLLOUTS, namespace, name)
            fresh["spec"]["replicas"] = 1
            self._store.update(ROLLOUTS, fresh)
            return
        turn = Turn(self._store, self._queue, rollout)
        if turn.new is None:
            replicas.create_new(turn)
            return
        if turn.promoted() and turn.is_aborted():
            turn.removed_abort = True
        self._look(turn)

    def _look(self, turn: Turn) -> None:
        if _patch_pause_conditions(turn):
            return
        replicas.number_new(turn)
        if turn.written or replicas.initial_progress(turn):
            return
        if replicas.is_scaling(turn):
            _scale_only(turn)
        elif is_blue_green(turn.rollout):
            bluegreen.run(turn)
        else:
            canary.run(turn)

    def _resolve(self, rollout: Object) -> str:
        """Fills in the template of a workloadRef for this look; why it cannot be, or empty."""
        reference = rollout["spec"].get("workloadRef")
        if not reference:
            return ""
        namespace, name = rollout["metadata"]["namespace"], reference["name"]
        if reference.get("kind") != "Deployment":
            wanted = f"{reference.get('apiVersion', '').partition('/')[0]}/{reference.get('kind')}"
            return f"workload of type {wanted} is not supported"
        workload = self._store.find(DEPLOYMENTS, namespace, name)
        if workload is None:
            return f'deployments.apps "{namespace}/{name}" not found'
        rollout["spec"]["template"] = copy.deepcopy(workload["spec"]["template"])
        rollout["spec"].setdefault("selector", copy.deepcopy(workload["spec"]["selector"]))
        rollout["workloadGeneration"] = str(workload["metadata"]["generation"])
        return ""

    def _mark_invalid(self, rollout: Object, why: str) -> None:
        name = rollout["metadata"]["name"]
        message = f'The Rollout "{name}" is invalid: {why}'
        status = copy.deepcopy(status_of(rollout))
        old = conditions.find(status, "InvalidSpec")
        if old and old["message"] != message:
            conditions.remove(status, "InvalidSpec")
        conditions.put(status, "InvalidSpec", "True", "InvalidSpec", message, self._store.clock.text())
        status["observedGeneration"] = str(rollout["metadata"]["generation"])
        status["phase"], status["message"] = conditions.phase({"strategy": {}, **rollout["spec"]}, status)
        status.setdefault("blueGreen", {})
        status.setdefault("canary", {})
        self._store.update(ROLLOUTS, {"metadata": rollout["metadata"], "status": status}, "status")
        # the reason may go away by itself, as when a Service is created later
        self._queue.after(_RETRY_INVALID, (rollout["metadata"]["namespace"], name))


def _patch_pause_conditions(turn: Turn) -> bool:
    status = turn.old_status
    progress = conditions.find(status, "Progressing")
    reason = progress["reason"] if progress else ""
    paused = bool(status.get("pauseConditions")) or bool(turn.rollout["spec"].get("paused"))
    aborted = reason == "RolloutAborted"
    changes: list[tuple[str, str, str, str]] = []
    if paused != (reason == "RolloutPaused") and not aborted and not conditions.completed(status):
        if paused:
            changes.append(("Progressing", "Unknown", "RolloutPaused", "Rollout is paused"))
        else:
            changes.append(("Progressing", "Unknown", "RolloutResumed", "Rollout is resumed"))
    if not status.get("abort") and aborted:
        changes.append(("Progressing", "Unknown", "RolloutRetry", "Retrying Rollout after abort"))
    condition = conditions.find(status, "Paused")
    if paused != (condition is not None and condition["status"] == "True") and not aborted:
        changes.append(("Paused", "True" if paused else "False", "RolloutPaused", "Rollout is paused"))
    if not changes:
        return False
    turn.patch_conditions(changes)
    return turn.written


def _scale_only(turn: Turn) -> None:
    status = copy.deepcopy(turn.old_status)
    status.setdefault("canary", {})
    status.setdefault("blueGreen", {})
    if is_blue_green(turn.rollout):
        bluegreen.scale(turn)
        active_hash = status["blueGreen"].get("activeSelector", "")
        active = next((each for each in turn.all if active_hash and hash_of(each) == active_hash), None)
        counted = [active] if active else turn.all
    else:
        canary.scale(turn)
        counted = turn.all
    status["HPAReplicas"] = count("replicas", counted)
    status["availableReplicas"] = available(*counted)
    turn.status = status
    finish.persist(turn)
