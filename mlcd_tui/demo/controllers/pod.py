"""Pods: what scheduler and kubelet do, told by time: scheduled, started, ready, terminated."""

from __future__ import annotations

import hashlib
import random
import re
from typing import Any

from mlcd_tui.demo.kinds import NODES, PODS
from mlcd_tui.demo.store import Change, Store
from mlcd_tui.demo.work import WorkQueue, record

Object = dict[str, Any]

BEHAVIOUR = "lab.mlcd.dev/pod"
"""Annotation of a pod: `never-ready` or `crash`."""
READY_AFTER = "lab.mlcd.dev/ready-after"
"""Annotation of a pod: seconds until it is ready, such as `5s`."""


def digest_of(image: str) -> str:
    """The manifest digest that an image reference stands for in this cluster."""
    _, found, digest = image.partition("@")
    return digest if found else "sha256:" + hashlib.sha256(image.encode()).hexdigest()


def image_id(image: str) -> str:
    """The imageID that a kubelet reports."""
    name = image.partition("@")[0]
    repository = name if ":" not in name.rpartition("/")[2] else name.rpartition(":")[0]
    return f"{repository}@{digest_of(image)}"


class PodController:
    """Moves every pod through its life; nothing happens to it between two steps."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue = WorkQueue(store, self._sync)
        self._due: dict[str, float] = {}
        store.listen(PODS, self._changed)

    def _changed(self, change: Change) -> None:
        meta = change.item["metadata"]
        key = (meta["namespace"], meta["name"])
        if change.type == "DELETED":
            self._due.pop(meta["uid"], None)
        elif change.type == "ADDED" and change.item.get("status", {}).get("phase", "Pending") == "Pending":
            self._queue.add(key)
        elif "deletionTimestamp" in meta and (change.before or {}).get("metadata", {}).get("deletionTimestamp") is None:
            self._store.clock.after(self._store.stop_seconds, lambda: self._remove(key))

    def _remove(self, key: tuple[str, str]) -> None:
        if self._store.find(PODS, *key):
            self._store.delete(PODS, *key)

    def _sync(self, namespace: str, name: str) -> None:
        pod = self._store.copy(PODS, namespace, name)
        if "deletionTimestamp" in pod["metadata"]:
            return
        annotations, now = pod["metadata"].get("annotations") or {}, self._store.clock.now()
        uid = pod["metadata"]["uid"]
        if uid not in self._due:
            self._due[uid] = now + self._delay(namespace, annotations)
            self._schedule(pod)
            self._start(pod, annotations.get(BEHAVIOUR, ""))
            if annotations.get(BEHAVIOUR) == "never-ready":
                return
            self._queue.after(self._due[uid] - now, (namespace, name))
        elif annotations.get(BEHAVIOUR) == "crash":
            self._crash(pod)
            self._queue.after(30.0, (namespace, name))
        else:
            self._become_ready(pod)

    def _delay(self, namespace: str, annotations: dict[str, str]) -> float:
        if match := re.match(r"^\s*([0-9.]+)s?\s*$", annotations.get(READY_AFTER, "")):
            return float(match[1])
        return self._store.chance(namespace).uniform(*self._store.start_seconds)

    def _schedule(self, pod: Object) -> None:
        nodes = [entry.item["metadata"]["name"] for _, entry in self._store.entries(NODES)]
        if nodes:
            chance = random.Random(pod["metadata"]["uid"])  # noqa: S311 - a place, not a secret
            pod["spec"] = {**pod["spec"], "nodeName": chance.choice(nodes)}
            pod["status"]["podIP"] = f"10.{chance.randint(32, 63)}.{chance.randint(0, 255)}.{chance.randint(2, 254)}"
            node = pod["spec"]["nodeName"]
            words = f"Successfully assigned {pod['metadata']['namespace']}/{pod['metadata']['name']} to {node}"
            record(self._store, pod, "Scheduled", words, source="default-scheduler")
        pod["status"] |= {"startTime": self._store.clock.text()}

    def _start(self, pod: Object, behaviour: str) -> None:
        waiting: Object = {"waiting": {"reason": "ContainerCreating"}}
        if behaviour == "never-ready":
            pod["status"]["phase"] = "Running"
            waiting = {"running": {"startedAt": self._store.clock.text()}}
        pod["status"]["containerStatuses"] = [self._container(c, waiting) for c in pod["spec"]["containers"]]
        self._write(pod, ready=False)

    @staticmethod
    def _container(container: Object, state: Object, restarts: int = 0) -> Object:
        started = "running" in state
        return {
            "name": container["name"],
            "image": container["image"],
            "imageID": image_id(container["image"]) if started else "",
            "ready": False,
            "started": started,
            "restartCount": restarts,
            "state": state,
            "lastState": {},
        }

    def _become_ready(self, pod: Object) -> None:
        running = {"running": {"startedAt": self._store.clock.text()}}
        pod["status"]["phase"] = "Running"
        pod["status"]["containerStatuses"] = [
            {**self._container(container, running), "ready": True} for container in pod["spec"]["containers"]
        ]
        self._write(pod, ready=True)
        for container in pod["spec"]["containers"]:
            record(self._store, pod, "Started", f"Started container {container['name']}", source="kubelet")

    def _crash(self, pod: Object) -> None:
        restarts = max((s["restartCount"] for s in pod["status"].get("containerStatuses", ())), default=0) + 1
        name = pod["spec"]["containers"][0]["name"]
        pod_name = pod["metadata"]["name"]
        message = f"back-off 5m0s restarting failed container={name} pod={pod_name}"
        state = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
        now = self._store.clock.text()
        ended = {"terminated": {"exitCode": 137, "reason": "OOMKilled", "startedAt": now, "finishedAt": now}}
        pod["status"]["phase"] = "Running"
        pod["status"]["containerStatuses"] = [
            {**self._container(c, state, restarts), "lastState": ended, "imageID": image_id(c["image"])}
            for c in pod["spec"]["containers"]
        ]
        self._write(pod, ready=False)
        record(
            self._store, pod, "BackOff", f"Back-off restarting failed container {name}", warning=True, source="kubelet"
        )

    def _write(self, pod: Object, *, ready: bool) -> None:
        now = self._store.clock.text()
        truth = "True" if ready else "False"
        pod["status"]["conditions"] = [
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": now},
            {"type": "Initialized", "status": "True", "lastTransitionTime": now},
            {"type": "ContainersReady", "status": truth, "lastTransitionTime": now},
            {"type": "Ready", "status": truth, "lastTransitionTime": now},
        ]
        self._store.update(PODS, pod, "all")


CONTROLLER = PodController
