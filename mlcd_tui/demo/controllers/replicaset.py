"""ReplicaSets: as many pods as are wanted, and the counts of those that are there."""

from __future__ import annotations

from typing import Any

from mlcd_tui.demo.clock import unix
from mlcd_tui.demo.kinds import PODS, REPLICASETS
from mlcd_tui.demo.store import Store
from mlcd_tui.demo.work import WorkQueue, owner_key, owner_reference, record

Object = dict[str, Any]
_SOURCE = "replicaset-controller"


def ready_since(pod: Object) -> float | None:
    """When the pod became ready, or None if it is not."""
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition["type"] == "Ready" and condition["status"] == "True":
            return unix(condition["lastTransitionTime"])
    return None


def is_active(pod: Object) -> bool:
    """Whether a pod counts for its ReplicaSet."""
    return "deletionTimestamp" not in pod["metadata"] and pod["status"].get("phase") not in {"Failed", "Succeeded"}


class ReplicaSetController:
    """Creates and deletes pods, and writes the status."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue = WorkQueue(store, self._sync)
        self._queue.follow(REPLICASETS)
        self._queue.follow(PODS, owner_key("ReplicaSet"))

    def _sync(self, namespace: str, name: str) -> None:
        owner = self._store.get(REPLICASETS, namespace, name)
        pods = [pod for pod in self._store.owned(owner, PODS) if is_active(pod)]
        missing = owner["spec"].get("replicas", 1) - len(pods)
        for _ in range(missing):
            self._create(owner)
        if missing < 0:
            # as the real one: pods that are not ready go first, then the youngest
            pods.sort(key=lambda pod: (ready_since(pod) is not None, -unix(pod["metadata"]["creationTimestamp"])))
            for pod in pods[:-missing]:
                self._store.terminate(PODS, namespace, pod["metadata"]["name"])
                record(
                    self._store, owner, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}", source=_SOURCE
                )
        self._write_status(namespace, name)

    def _create(self, owner: Object) -> None:
        meta, template = owner["metadata"], owner["spec"]["template"]
        labels = (template.get("metadata") or {}).get("labels") or {}
        annotations = (template.get("metadata") or {}).get("annotations")
        pod: Object = {
            "metadata": {
                "generateName": f"{meta['name']}-",
                "namespace": meta["namespace"],
                "labels": labels,
                **({"annotations": annotations} if annotations else {}),
                "ownerReferences": [owner_reference(owner)],
            },
            "spec": template.get("spec") or {},
            "status": {"phase": "Pending", "qosClass": "Burstable"},
        }
        made = self._store.create(PODS, pod)
        record(self._store, owner, "SuccessfulCreate", f"Created pod: {made['metadata']['name']}", source=_SOURCE)

    def _write_status(self, namespace: str, name: str) -> None:
        owner = self._store.copy(REPLICASETS, namespace, name)
        now, settle = self._store.clock.now(), float(owner["spec"].get("minReadySeconds") or 0)
        pods = [pod for pod in self._store.owned(owner, PODS) if is_active(pod)]
        ready = [since for pod in pods if (since := ready_since(pod)) is not None]
        available = sum(since + settle <= now for since in ready)
        if settle and available < len(ready):
            self._queue.after(settle, (namespace, name))
        status: Object = {"replicas": len(pods), "observedGeneration": owner["metadata"]["generation"]}
        counts = {"fullyLabeledReplicas": len(pods), "readyReplicas": len(ready), "availableReplicas": available}
        status |= {field: count for field, count in counts.items() if count}
        owner["status"] = status
        self._store.update(REPLICASETS, owner, "status")


CONTROLLER = ReplicaSetController
