"""One namespace on the lab in which one state is played, and the register of states."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.e2e.lab.api import LabApi
from tests.e2e.lab.recording.manifests import NAME

Object = dict[str, Any]
Play = Callable[["Stage"], None]
ROLLOUT_KINDS = ("Rollout", "Deployment", "Service", "ReplicaSet", "Pod", "AnalysisRun", "Experiment")
# Makes a rollout one of a controller that is not there.
ELSEWHERE = {"argo-rollouts.argoproj.io/controller-instance-id": "elsewhere"}
DEPLOYMENT_KINDS = ("Deployment", "Service", "ReplicaSet", "Pod")

ROLLOUT_STATES: dict[str, Play] = {}
DEPLOYMENT_STATES: dict[str, Play] = {}


def rollout_state(play: Play) -> Play:
    """Register a play of the Argo controller; its name is the state's."""
    ROLLOUT_STATES[play.__name__.replace("_", "-")] = play
    return play


def deployment_state(play: Play) -> Play:
    """Register a play of the Deployment controller; its name is the state's."""
    DEPLOYMENT_STATES[play.__name__.replace("_", "-")] = play
    return play


@dataclass(frozen=True, slots=True)
class Stage:
    """What a play acts with: it creates, changes and waits in its own namespace."""

    api: LabApi
    namespace: str
    metrics: str
    kind: str = "Rollout"

    def create(self, *objects: Object) -> None:
        """Create objects."""
        self.api.create(self.namespace, *objects)

    def start(self, *objects: Object) -> None:
        """Create objects and wait until the first revision is healthy."""
        self.create(*objects)
        self.phase("Healthy")

    def phase(self, phase: str, *, revision: int | None = None, seconds: float = 90) -> Object:
        """Wait until the controller says this phase of the newest generation (and of this revision, if given)."""

        def holds(found: Object) -> bool:
            status = found.get("status") or {}
            seen = str(status.get("observedGeneration")) == str(found["metadata"]["generation"])
            of = found["metadata"].get("annotations", {}).get("rollout.argoproj.io/revision")
            return seen and status.get("phase") == phase and (revision is None or of == str(revision))

        return self.until(holds, f"phase {phase}", seconds)

    def until(self, holds: Callable[[Object], bool], what: str = "", seconds: float = 90) -> Object:
        """Wait until the condition holds of the rollout."""
        return self.api.wait(self.kind, self.namespace, NAME, holds, seconds, what)

    def status(self, seconds: float = 90, **fields: Any) -> Object:
        """Wait until fields of the rollout's status have these values."""
        return self.until(
            lambda r: all((r.get("status") or {}).get(k) == v for k, v in fields.items()), f"status {fields}", seconds
        )

    def patch(self, spec: Object) -> None:
        """Merge into the rollout's spec."""
        self.api.merge(self.kind, self.namespace, NAME, {"spec": spec})

    def patch_status(self, status: Object) -> None:
        """Merge into the rollout's status, as the plugin's actions do."""
        self.api.merge(self.kind, self.namespace, NAME, {"status": status}, "status")

    def release(self, pods: Object, *, kind: str = "") -> None:
        """Replace the pod template, which makes a new revision."""
        operation = {"op": "replace", "path": "/spec/template", "value": pods}
        self.api.json_patch(kind or self.kind, self.namespace, NAME, operation)

    def hand_over(self) -> None:
        """Let no controller touch the rollout from now on."""
        self.api.merge(self.kind, self.namespace, NAME, {"metadata": {"labels": ELSEWHERE}})

    def analysis_run(self, holds: Callable[[Object], bool], seconds: float = 60) -> None:
        """Wait until the condition holds of one of the analysis runs."""
        end = time.monotonic() + seconds
        while not any(holds(each.get("status") or {}) for each in self.api.list("AnalysisRun", self.namespace)):
            if time.monotonic() > end:
                raise TimeoutError(f"{self.namespace}: no analysis run came to what was waited for")
            time.sleep(0.1)

    def settle(self, seconds: float = 1.5, limit: float = 30) -> None:
        """Wait until nothing has changed for a while, so that the recording shows the state and not the way to it."""
        end, since, last = time.monotonic() + limit, time.monotonic(), self.versions()
        while time.monotonic() - since < seconds and time.monotonic() < end:
            time.sleep(0.3)
            now = self.versions()
            if now != last:
                since, last = time.monotonic(), now

    def versions(self) -> list[str]:
        """The resource versions of all that is recorded."""
        return [each["metadata"]["resourceVersion"] for each in self._objects()]

    def record(self, folder: Path) -> None:
        """Write the objects and what the real tools say of exactly them."""
        for _ in range(20):
            objects = self._objects()
            now = datetime.now(UTC)
            texts = self._tools()
            if self.versions() == [each["metadata"]["resourceVersion"] for each in objects]:
                break
        else:
            raise TimeoutError(f"{self.namespace}: the objects never held still for a recording")
        folder.mkdir(parents=True, exist_ok=True)
        for each in objects:
            each["metadata"].pop("managedFields", None)
        document = {"apiVersion": "v1", "kind": "List", "items": objects}
        (folder / "objects.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        (folder / "now.txt").write_text(
            now.isoformat(timespec="milliseconds").replace("+00:00", "Z") + "\n", encoding="utf-8"
        )
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")

    def _objects(self) -> list[Object]:
        kinds = ROLLOUT_KINDS if self.kind == "Rollout" else DEPLOYMENT_KINDS
        return [each for kind in kinds for each in self.api.list(kind, self.namespace)]

    def _tools(self) -> dict[str, str]:
        if self.kind == "Rollout":
            return {
                "get.txt": self._run("argo", "rollouts", "get", "rollout", NAME, "--no-color"),
                "list.txt": self._run("argo", "rollouts", "list", "rollouts"),
            }
        return {
            "rollout-status.txt": self._run("rollout", "status", f"deployment/{NAME}", "--watch=false"),
            "history.txt": self._run("rollout", "history", f"deployment/{NAME}"),
        }

    def _run(self, *arguments: str) -> str:
        # A rollout past its deadline makes kubectl fail: what it says then is what is recorded.
        done = subprocess.run(
            ["kubectl", *arguments, "-n", self.namespace], capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr
