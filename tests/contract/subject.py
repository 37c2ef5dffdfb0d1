"""A rollout under test, on whichever server: deeds as the plugin does them, and what of its status a client lives by."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.contract.client import APPS, ARGO, CORE, JSON_PATCH, Cluster

Object = dict[str, Any]

HASH = "rollouts-pod-template-hash"
REVISION = "rollout.argoproj.io/revision"


class Subject:
    """One rollout named `web` in a namespace of its own, with the Services `active` and `preview`."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.path = f"{ARGO}/namespaces/{namespace}/rollouts/web"
        self.hashes: dict[str, str] = {}
        """The version tag of each pod-template hash seen."""

    def create(self, strategy: Object, replicas: int = 4, **spec: Any) -> None:
        """Creates Services and rollout at version 1 and waits until it is healthy."""
        for name in ("active", "preview"):
            ports = [{"port": 80, "targetPort": 8080}]
            service = {"metadata": {"name": name}, "spec": {"selector": {"app": "web"}, "ports": ports}}
            self.cluster.post(
                f"{CORE}/namespaces/{self.namespace}/services", {"apiVersion": "v1", "kind": "Service", **service}
            )
        body = {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": strategy,
            "template": self.template("1"),
            **spec,
        }
        head = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web"}}
        self.cluster.post(self.path.rpartition("/")[0], {**head, "spec": body})
        self.phase("Healthy")

    @staticmethod
    def template(tag: str) -> Object:
        """The pod template of a version."""
        containers = [{"name": "web", "image": f"registry.example/web:{tag}"}]
        return {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}

    # deeds

    def release(self, tag: str) -> None:
        """Brings a version, as `set image` and `undo` do."""
        patch = [{"op": "replace", "path": "/spec/template", "value": self.template(tag)}]
        self.cluster.patch(self.path, patch, JSON_PATCH)

    def spec(self, **fields: Any) -> Object:
        """Patches the spec."""
        found: Object = self.cluster.patch(self.path, {"spec": fields})
        return found

    def status(self, **fields: Any) -> Object:
        """Patches the status."""
        found: Object = self.cluster.patch(f"{self.path}/status", {"status": fields})
        return found

    def wait_a_second(self) -> None:
        """Creation times are whole seconds: what is made next must be younger by them than all there is of version 1."""
        pods = self.cluster.get(f"{CORE}/namespaces/{self.namespace}/pods")["items"]
        made = [item["metadata"]["creationTimestamp"] for item in (self.replica_sets()["1"], *pods)]
        time.sleep(max(0.0, 1.2 - (datetime.now(UTC) - datetime.fromisoformat(max(made))).total_seconds()))

    # facts

    def get(self) -> Object:
        """The rollout."""
        found: Object = self.cluster.get(self.path)
        return found

    def wait(self, holds: Callable[[Object], bool]) -> Object:
        """The rollout as soon as its generation is observed and the condition holds of its status."""

        def seen(item: Object) -> bool:
            status = item.get("status", {})
            observed = status.get("observedGeneration") == str(item["metadata"]["generation"])
            unpausing = status.get("controllerPause") and not status.get("pauseConditions")
            return observed and not unpausing and holds(status)

        return self.cluster.wait(self.path, seen)

    def phase(self, phase: str, message: str | None = None, **fields: Any) -> Object:
        """The rollout as soon as it is in a phase, and the fields of its status are these."""

        def holds(status: Object) -> bool:
            # Go leaves out a zero
            fits = all((status.get(name) or 0) == value for name, value in fields.items())
            return status.get("phase") == phase and fits and (message is None or status.get("message", "") == message)

        return self.wait(holds)

    def replica_sets(self) -> dict[str, Object]:
        """The ReplicaSets by version."""
        items = self.cluster.get(f"{APPS}/namespaces/{self.namespace}/replicasets")["items"]
        found = {}
        for item in items:
            tag = item["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]
            self.hashes[item["metadata"]["labels"][HASH]] = tag
            found[tag] = item
        return found

    def sizes(self) -> dict[str, int]:
        """How many pods each version shall have."""
        return {tag: item["spec"]["replicas"] for tag, item in self.replica_sets().items()}

    def revisions(self) -> dict[str, str]:
        """The revision of each version."""
        return {tag: item["metadata"]["annotations"][REVISION] for tag, item in self.replica_sets().items()}

    def version(self, pod_hash: str | None) -> str:
        """The version of a pod-template hash."""
        self.replica_sets()
        return self.hashes.get(pod_hash or "", pod_hash or "")

    def served_by(self, service: str) -> str:
        """The version that a Service selects."""
        found = self.cluster.get(f"{CORE}/namespaces/{self.namespace}/services/{service}")
        return self.version(found["spec"]["selector"].get(HASH))

    def events(self) -> set[str]:
        """The reasons of the events about the rollout."""
        path = f"{CORE}/namespaces/{self.namespace}/events"
        selector = "involvedObject.kind=Rollout,involvedObject.name=web"
        return {item["reason"] for item in self.cluster.get(path, fieldSelector=selector)["items"]}

    def runs(self) -> list[Object]:
        """The AnalysisRuns by age."""
        items = self.cluster.get(f"{ARGO}/namespaces/{self.namespace}/analysisruns")["items"]
        return sorted(items, key=lambda item: (item["metadata"]["creationTimestamp"], item["metadata"]["name"]))

    def essentials(self, item: Object) -> Object:
        """What of the status clients live by, with versions in place of hashes."""
        status = item["status"]
        conditions = {each["type"]: (each["status"], each["reason"]) for each in status["conditions"]}
        counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "HPAReplicas")
        return {
            "phase": (status["phase"], status.get("message", "")),
            "step": status.get("currentStepIndex"),
            "stable": self.version(status.get("stableRS")),
            "current": self.version(status.get("currentPodHash")),
            "pauses": [each["reason"] for each in status.get("pauseConditions", ())],
            "controllerPause": status.get("controllerPause", False),
            "abort": (status.get("abort", False), "abortedAt" in status),
            "promoteFull": status.get("promoteFull", False),
            "counts": tuple(status.get(name, 0) for name in counts),
            "selector": ",".join(
                f"{key}={self.version(value) if key == HASH else value}"
                for key, value in sorted(pair.split("=") for pair in status["selector"].split(","))
            ),
            "conditions": dict(sorted(conditions.items())),
            "revision": item["metadata"]["annotations"][REVISION],
        }
