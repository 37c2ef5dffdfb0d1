"""One Canary of the real Flagger in a namespace of its own: what a test acts and waits with."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlcd_tui.domain.hook_approval import Hook, approval
from tests.e2e.lab.api import LabApi
from tests.e2e.lab.recording.manifests import NAME, template

Object = dict[str, Any]
KINDS = ("Canary", "Deployment", "ReplicaSet", "Pod", "Service", "HTTPRoute", "Event")


def hook(kind: str, url: str, name: str = "", **fields: Any) -> Object:
    """A webhook of the analysis; of the gate's address the path of that kind."""
    if not url.rpartition(":")[2].count("/"):
        url = f"{url}/mlcd/{kind}"
    return {"type": kind, "name": name or kind, "url": url, **fields}


def canary(*hooks: Object, spec: Object | None = None, **analysis: Any) -> Object:
    """A Canary of the Deployment model-api on Gateway API, a tick each ten seconds (Flagger takes no less)."""
    return {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "metadata": {"name": NAME},
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME},
            "progressDeadlineSeconds": 600,
            "service": {"port": 80, "targetPort": 8080, "gatewayRefs": [{"name": "models"}]},
            "analysis": {"interval": "10s", "threshold": 2, **analysis, "webhooks": list(hooks)},
            **(spec or {}),
        },
    }


@dataclass(frozen=True, slots=True)
class FlaggerStage:
    """Creates, changes and waits in its own namespace."""

    api: LabApi
    namespace: str

    def create(self, made: Object, pods: Object | None = None, replicas: int = 2) -> None:
        """The Deployment and its Canary."""
        spec = {"replicas": replicas, "selector": {"matchLabels": {"app": NAME}}, "template": pods or template()}
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME}, "spec": spec}
        self.api.create(self.namespace, target, made)

    def start(self, made: Object, pods: Object | None = None, replicas: int = 2) -> None:
        """The same, until Flagger has made what it needs."""
        self.create(made, pods, replicas)
        self.phase("Initialized")

    def release(self, pods: Object) -> None:
        """A new revision."""
        self.api.json_patch(
            "Deployment", self.namespace, NAME, {"op": "replace", "path": "/spec/template", "value": pods}
        )

    def canary(self) -> Object:
        """The Canary as it is."""
        return self.api.get("Canary", self.namespace, NAME)

    def status(self) -> Object:
        """Its status."""
        found: Object = self.canary().get("status") or {}
        return found

    def written(self, **fields: Any) -> None:
        """Write a status as Flagger does; the moments in it are those of the writing."""
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        moments = {"lastUpdateTime": now, "lastTransitionTime": now}
        condition = {"type": "Promoted", "status": "Unknown", "reason": fields["phase"], "message": "", **moments}
        status = {"canaryWeight": 0, "failedChecks": 0, "iterations": 0, "lastTransitionTime": now}
        self.api.merge(
            "Canary", self.namespace, NAME, {"status": {**status, "conditions": [condition], **fields}}, "status"
        )

    def until(self, holds: Callable[[Object], bool], what: str = "", seconds: float = 120) -> Object:
        """Wait until the condition holds of the Canary."""
        return self.api.wait("Canary", self.namespace, NAME, holds, seconds, what)

    def phase(self, *phases: str, seconds: float = 120, **fields: Any) -> Object:
        """Wait until the status has one of these phases, and these values."""

        def holds(found: Object) -> bool:
            status = found.get("status") or {}
            return status.get("phase") in phases and all(status.get(key) == value for key, value in fields.items())

        return self.until(holds, f"phase {phases} {fields}", seconds)

    def event(self, words: str, seconds: float = 120) -> None:
        """Wait until an event says these words."""
        end = time.monotonic() + seconds
        while True:
            told = [each.get("message", "") for each in self.api.list("Event", self.namespace)]
            if any(words in each for each in told):
                return
            if time.monotonic() > end:
                raise TimeoutError(f"{self.namespace}: no event said {words!r}, but {told}; status {self.status()}")
            time.sleep(0.2)

    def route(self) -> tuple[dict[str, int], bool]:
        """Weights of the HTTPRoute's first rule by Service, and whether it copies."""
        rule = self.api.get("HTTPRoute", self.namespace, NAME)["spec"]["rules"][0]
        weights = {each["name"]: each.get("weight", 1) for each in rule["backendRefs"]}
        return weights, any(each["type"] == "RequestMirror" for each in rule.get("filters") or ())

    def merge(self, body: Object) -> None:
        """Merge into the Canary."""
        self.api.merge("Canary", self.namespace, NAME, body)

    def approve(self, kind: Hook) -> None:
        """Write the approval, as the program does."""
        target = self.api.get("Deployment", self.namespace, NAME)["spec"]["template"]
        value = approval(kind, self.canary(), target if kind is Hook.CONFIRM_ROLLOUT else None)
        self.merge({"metadata": {"annotations": {kind.annotation: value}}})

    def record(self, folder: Path) -> None:
        """Write all objects as they are."""
        objects = [each for kind in KINDS for each in self.api.list(kind, self.namespace)]
        for each in objects:
            each["metadata"].pop("managedFields", None)
        folder.mkdir(parents=True, exist_ok=True)
        document = {"apiVersion": "v1", "kind": "List", "items": objects}
        (folder / "objects.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        (folder / "now.txt").write_text(now + "\n", encoding="utf-8")
