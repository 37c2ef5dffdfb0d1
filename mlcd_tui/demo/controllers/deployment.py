"""Deployments: rolling updates within maxSurge and maxUnavailable, revisions, pause, conditions."""

from __future__ import annotations

import copy
import math
from typing import Any

from mlcd_tui.demo.clock import unix
from mlcd_tui.demo.controllers.argo.parts import available, count, safe_hash, size, status_of
from mlcd_tui.demo.kinds import DEPLOYMENTS, REPLICASETS
from mlcd_tui.demo.store import Store
from mlcd_tui.demo.work import WorkQueue, owner_key, owner_reference, record

Object = dict[str, Any]

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MOST = "deployment.kubernetes.io/max-replicas"
_SOURCE = "deployment-controller"


class DeploymentController:
    """Moves Deployments as kube-controller-manager does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue = WorkQueue(store, self._sync)
        self._queue.follow(DEPLOYMENTS)
        self._queue.follow(REPLICASETS, owner_key("Deployment"))

    def _sync(self, namespace: str, name: str) -> None:
        deployment = self._store.copy(DEPLOYMENTS, namespace, name)
        owned = self._store.copies(deployment, REPLICASETS)
        new = next((each for each in owned if _same_template(each, deployment)), None)
        if not deployment["spec"].get("paused"):
            if new is None:
                new = self._create(deployment, owned)
                owned.append(new)
            self._number(deployment, new, owned)
            self._roll(deployment, new, [each for each in owned if each is not new])
            self._forget(deployment, [each for each in owned if each is not new])
        elif new is not None and not any(size(each) for each in owned if each is not new):
            self._scale(deployment, new, _wanted(deployment))
        self._write_status(namespace, name, new, owned)

    def _create(self, deployment: Object, owned: list[Object]) -> Object:
        meta, template = deployment["metadata"], deployment["spec"]["template"]
        # argo-rollouts hashes otherwise: a workloadRef must not meet a ReplicaSet of its own name
        pod_hash = safe_hash(["apps/v1", template])
        labels = {**((template.get("metadata") or {}).get("labels") or {}), HASH: pod_hash}
        revision = str(max((_revision(each) for each in owned), default=0) + 1)
        fresh: Object = {
            "metadata": {
                "name": f"{meta['name']}-{pod_hash}",
                "namespace": meta["namespace"],
                "labels": labels,
                "annotations": {REVISION: revision, **_notes(deployment)},
                "ownerReferences": [owner_reference(deployment)],
            },
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {**deployment["spec"]["selector"]["matchLabels"], HASH: pod_hash}},
                "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}},
            },
        }
        if settle := deployment["spec"].get("minReadySeconds"):
            fresh["spec"]["minReadySeconds"] = settle
        return copy.deepcopy(self._store.create(REPLICASETS, fresh))

    def _number(self, deployment: Object, new: Object, owned: list[Object]) -> None:
        others = max((_revision(each) for each in owned if each is not new), default=0)
        if _revision(new) <= others:
            new["metadata"]["annotations"][REVISION] = str(others + 1)
            self._save(new)
        notes = deployment["metadata"].get("annotations") or {}
        if notes.get(REVISION) != str(_revision(new)):
            deployment["metadata"]["annotations"] = {**notes, REVISION: str(_revision(new))}
            deployment["metadata"] = copy.deepcopy(self._store.update(DEPLOYMENTS, deployment)["metadata"])

    def _roll(self, deployment: Object, new: Object, old: list[Object]) -> None:
        total = _wanted(deployment)
        if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
            for each in old:
                self._scale(deployment, each, 0)
            if not count("replicas", old):
                self._scale(deployment, new, total)
            return
        surge, unavailable = _limits(deployment)
        room = total + surge - sum(map(size, [new, *old]))
        pods = size(new) + max(min(room, total - size(new)), 0)
        if self._scale(deployment, new, min(pods, total)):
            return
        least = total - unavailable
        not_there_yet = max(size(new) - available(new), 0)
        spare = sum(map(size, [new, *old])) - least - not_there_yet
        old = sorted((each for each in old if size(each)), key=_revision)
        for each in old:
            unhealthy = size(each) - available(each)
            if spare > 0 and unhealthy > 0:
                cut = min(spare, unhealthy)
                self._scale(deployment, each, size(each) - cut)
                spare -= cut
        spare = min(spare, available(new, *old) - least)
        for each in old:
            cut = min(max(spare, 0), size(each))
            if cut:
                self._scale(deployment, each, size(each) - cut)
                spare -= cut

    def _scale(self, deployment: Object, replica_set: Object, pods: int) -> bool:
        before = size(replica_set)
        notes = {**replica_set["metadata"]["annotations"], **_notes(deployment)}
        if before == pods and notes == replica_set["metadata"]["annotations"]:
            return False
        replica_set["spec"]["replicas"] = pods
        replica_set["metadata"]["annotations"] = notes
        self._save(replica_set)
        if before == pods:
            return False
        way = "up" if before < pods else "down"
        words = f"Scaled {way} replica set {replica_set['metadata']['name']} from {before} to {pods}"
        record(self._store, deployment, "ScalingReplicaSet", words, source=_SOURCE)
        return True

    def _save(self, replica_set: Object) -> None:
        replica_set["metadata"] = copy.deepcopy(self._store.update(REPLICASETS, replica_set)["metadata"])

    def _forget(self, deployment: Object, old: list[Object]) -> None:
        limit = deployment["spec"].get("revisionHistoryLimit", 10)
        empty = sorted((each for each in old if not size(each) and not count("replicas", [each])), key=_revision)
        for each in empty[: max(len(old) - limit, 0)]:
            self._store.delete(REPLICASETS, each["metadata"]["namespace"], each["metadata"]["name"])

    def _write_status(self, namespace: str, name: str, new: Object | None, owned: list[Object]) -> None:
        deployment = self._store.copy(DEPLOYMENTS, namespace, name)
        total, there = _wanted(deployment), available(*owned)
        status: Object = {"observedGeneration": deployment["metadata"]["generation"]}
        counts = {
            "replicas": count("replicas", owned),
            "updatedReplicas": count("replicas", [new]),
            "readyReplicas": count("readyReplicas", owned),
            "availableReplicas": there,
            "unavailableReplicas": max(sum(map(size, owned)) - there, 0),
        }
        status |= {field: number for field, number in counts.items() if number}
        old_status = status_of(deployment)
        status["conditions"] = [
            self._available(deployment, old_status, there, total),
            self._progressing(deployment, old_status, status, new),
        ]
        deployment["status"] = status
        self._store.update(DEPLOYMENTS, deployment, "status")

    def _available(self, deployment: Object, old: Object, there: int, total: int) -> Object:
        enough = there >= total - _limits(deployment)[1]
        reason = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
        words = f"Deployment {'has' if enough else 'does not have'} minimum availability."
        return self._condition(old, "Available", "True" if enough else "False", reason, words, moved=False)

    def _progressing(self, deployment: Object, old: Object, status: Object, new: Object | None) -> Object:
        total, name = _wanted(deployment), new["metadata"]["name"] if new else ""
        present = next((each for each in old.get("conditions") or () if each["type"] == "Progressing"), None)
        if deployment["spec"].get("paused"):
            return self._condition(
                old, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", moved=False
            )
        done = all(status.get(field, 0) == total for field in ("replicas", "updatedReplicas", "availableReplicas"))
        if done:
            words = f'ReplicaSet "{name}" has successfully progressed.'
            return self._condition(old, "Progressing", "True", "NewReplicaSetAvailable", words, moved=False)
        moved = any(status.get(field, 0) != old.get(field, 0) for field in ("updatedReplicas", "replicas"))
        moved = moved or status.get("availableReplicas", 0) > old.get("availableReplicas", 0)
        limit = float(deployment["spec"].get("progressDeadlineSeconds") or 600)
        if present and not moved and present["reason"] in {"ReplicaSetUpdated", "ProgressDeadlineExceeded"}:
            left = unix(present["lastUpdateTime"]) + limit - self._store.clock.now()
            if left <= 0 or present["reason"] == "ProgressDeadlineExceeded":
                words = f'ReplicaSet "{name}" has timed out progressing.'
                return self._condition(old, "Progressing", "False", "ProgressDeadlineExceeded", words, moved=False)
            self._queue.after(left + 1, (deployment["metadata"]["namespace"], deployment["metadata"]["name"]))
        words = f'ReplicaSet "{name}" is progressing.'
        return self._condition(old, "Progressing", "True", "ReplicaSetUpdated", words, moved=moved)

    def _condition(self, old: Object, type_: str, truth: str, reason: str, message: str, *, moved: bool) -> Object:
        now = self._store.clock.text()
        before: Object | None = next((each for each in old.get("conditions") or () if each["type"] == type_), None)
        if before and not moved and (before["status"], before["reason"], before["message"]) == (truth, reason, message):
            return before
        since = before["lastTransitionTime"] if before and before["status"] == truth else now
        fresh = {"type": type_, "status": truth, "lastUpdateTime": now, "lastTransitionTime": since}
        return {**fresh, "reason": reason, "message": message}


def _wanted(deployment: Object) -> int:
    replicas = deployment["spec"].get("replicas")
    return 1 if replicas is None else int(replicas)


def _limits(deployment: Object) -> tuple[int, int]:
    strategy = deployment["spec"].get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return 0, 0
    rolling, total = strategy.get("rollingUpdate") or {}, _wanted(deployment)

    def share(value: Any, *, up: bool) -> int:
        if isinstance(value, str):
            part = int(value.rstrip("%")) * total / 100
            return math.ceil(part) if up else math.floor(part)
        return int(value)

    surge = share(rolling.get("maxSurge", "25%"), up=True)
    unavailable = share(rolling.get("maxUnavailable", "25%"), up=False)
    return surge, unavailable if surge or unavailable else 1


def _notes(deployment: Object) -> Object:
    total = _wanted(deployment)
    return {DESIRED: str(total), MOST: str(total + _limits(deployment)[0])}


def _revision(replica_set: Object) -> int:
    return int((replica_set["metadata"].get("annotations") or {}).get(REVISION, 0))


def _same_template(replica_set: Object, deployment: Object) -> bool:
    live = copy.deepcopy(replica_set["spec"]["template"])
    (live.get("metadata") or {}).get("labels", {}).pop(HASH, None)
    return bool(live == _with_labels(deployment["spec"]["template"]))


def _with_labels(template: Object) -> Object:
    meta = template.get("metadata") or {}
    return {**template, "metadata": {**meta, "labels": meta.get("labels") or {}}}


CONTROLLER = DeploymentController
