"""KServe's part on a real API server: the kind is KServe's own, what it makes of an object is written by the tests."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.lab.api import LabApi, RefusedError
from tests.e2e.lab.established import wait_established
from tests.engines.kserve_controller import Knative, Standard

Object = dict[str, Any]
HERE = Path(__file__).parent
NAME = "churn"
_OURS = ("uid", "resourceVersion", "generation", "status", "creationTimestamp")


def install(kubeconfig: Path) -> None:
    """KServe's real kind, with its whole schema."""
    subprocess.run([HERE / "build.sh"], check=True, timeout=600)
    lab = Path(
        os.environ.get("LAB") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mlcd-tui" / "lab"
    )
    kubectl = ["kubectl", "--kubeconfig", str(kubeconfig)]
    crd = str(lab / "kserve" / "inferenceservices.yaml")
    subprocess.run([*kubectl, "apply", "--server-side", "-f", crd], check=True, timeout=60, capture_output=True)
    wait_established(kubectl, "crd/inferenceservices.serving.kserve.io")


class Player:
    """Reads the object, reckons what KServe would make of it, writes the status and the objects around it."""

    def __init__(self, api: LabApi, namespace: str, controller: Knative | Standard) -> None:
        self._api, self._namespace, self.controller = api, namespace, controller
        self._seen = ""
        self._stop = threading.Event()

    def isvc(self) -> Object:
        """The object as it is now."""
        return self._api.get("InferenceService", self._namespace, NAME)

    def look(self) -> None:
        """One round; nothing while nobody changed anything."""
        there = self.isvc()
        if str(there["metadata"]["generation"]) == self._seen:
            return
        self.controller.isvc.update(there, status=self.controller.isvc.get("status", {}))
        self.controller.reconcile()
        self._around()
        self._api.merge(
            "InferenceService", self._namespace, NAME, {"status": self.controller.isvc["status"]}, subresource="status"
        )
        self._seen = str(there["metadata"]["generation"])

    def _around(self) -> None:
        """Its Deployments and routes: what is not wished any more is deleted, as KServe does."""
        for kind, wished in (("Deployment", self.controller.deployments()), ("HTTPRoute", self.controller.routes())):
            there = {raw["metadata"]["name"]: raw for raw in self._api.list(kind, self._namespace)}
            for raw in wished:
                name, status = raw["metadata"]["name"], raw.pop("status")
                for field in _OURS:
                    raw["metadata"].pop(field, None)
                if name in there:
                    self._api.merge(kind, self._namespace, name, {"spec": raw["spec"]})
                else:
                    self._api.create(self._namespace, raw)
                if kind == "HTTPRoute":
                    self._accept(name, status)
            for name in set(there) - {raw["metadata"]["name"] for raw in wished}:
                self._api.delete(kind, self._namespace, name)

    def _accept(self, name: str, status: Object) -> None:
        """The gateway's part."""
        generation = self._api.get("HTTPRoute", self._namespace, name)["metadata"]["generation"]
        for parent in status["parents"]:
            for condition in parent["conditions"]:
                told = {"observedGeneration": generation, "reason": condition["type"], "message": ""}
                condition.update(told, lastTransitionTime="2026-03-01T00:00:00Z")
        self._api.merge("HTTPRoute", self._namespace, name, {"status": status}, subresource="status")

    def _run(self) -> None:
        while not self._stop.wait(0.2):
            try:
                self.look()
            except RefusedError as error:
                if error.status not in {404, 409}:  # another write came between, or the test is over
                    raise

    @contextmanager
    def playing(self) -> Iterator[None]:
        """Until the end of the block."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(20)
            self._stop.clear()
