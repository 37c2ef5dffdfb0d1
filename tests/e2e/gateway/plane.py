"""The data plane as tests see it: Gateways that customers reach, models behind Services, routes between them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.e2e.gateway.programs import HERE
from tests.e2e.lab.api import LabApi, Object
from tests.e2e.mlflow.server import started

CLASS = "mlcd-lab"
API = "gateway.networking.k8s.io/v1"
PATHS = {
    "Gateway": f"/apis/{API}/namespaces/{{}}/gateways",
    "HTTPRoute": f"/apis/{API}/namespaces/{{}}/httproutes",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "Service": "/api/v1/namespaces/{}/services",
    "Pod": "/api/v1/namespaces/{}/pods",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
}
HELD = "lab.mlcd.dev/held"
READY_WITHIN = 60.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the pods of a model got: the ids of customers' requests, and of copies of such."""

    ids: tuple[str, ...]
    copies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A Deployment of model servers and its Service."""

    plane: Plane
    namespace: str
    name: str

    def addresses(self) -> tuple[str, ...]:
        """Where its pods really listen."""
        pods = self.plane.list("Pod", self.namespace, labelSelector=f"app={self.name}")
        told = (pod["metadata"].get("annotations", {}).get("lab.mlcd.dev/ports") for pod in pods)
        return tuple(f"http://127.0.0.1:{json.loads(ports)['8080']}" for ports in told if ports)

    def seen(self) -> Seen:
        """What arrived since it was last told to forget."""
        found = [httpx.get(f"{address}/_lab/seen", trust_env=False).json() for address in self.addresses()]
        return Seen(*(tuple(each for pod in found for each in pod[what]) for what in ("ids", "copies")))

    def forget(self) -> None:
        """Forget what arrived."""
        for address in self.addresses():
            httpx.post(f"{address}/_lab/forget", trust_env=False).raise_for_status()

    def set(self, **knobs: Any) -> None:
        """Change its knobs (see model_server.Knobs) while it runs."""
        for address in self.addresses():
            httpx.put(f"{address}/_lab/knobs", json=knobs, trust_env=False).raise_for_status()


@dataclass(frozen=True, slots=True)
class Plane:
    """The running data plane, in front of the lab."""

    api: LabApi
    envoy: str
    """The address of Envoy's admin interface."""

    @property
    def gateway_class(self) -> str:
        """The class of Gateways that are served."""
        return CLASS

    def gateway(self, namespace: str, name: str = "gateway") -> str:
        """Create a Gateway, wait until it is programmed; where customers connect."""
        spec = {"gatewayClassName": CLASS, "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}
        self.create("Gateway", {"apiVersion": API, "metadata": {"namespace": namespace, "name": name}, "spec": spec})
        return self.address(namespace, name)

    def address(self, namespace: str, name: str) -> str:
        """Where customers of an existing Gateway connect, once it is programmed."""

        def programmed() -> str:
            found = self.get("Gateway", namespace, name)
            ports = json.loads(found["metadata"].get("annotations", {}).get("lab.mlcd.dev/listens", "{}"))
            holds = condition(found, found.get("status", {}).get("conditions", []), "Programmed")
            return f"http://{ports['80']}" if holds and "80" in ports else ""

        return _until(programmed, f"Gateway {namespace}/{name} is not programmed")

    def model(self, namespace: str, name: str, replicas: int = 1, **knobs: Any) -> Model:
        """Create a Deployment and a Service (port 80 to 8080) of model servers, and wait until they serve.

        Args:
            namespace: theirs.
            name: of both, and the pods' label `app`.
            replicas: how many servers.
            knobs: see model_server.Knobs.
        """
        meta = {"namespace": namespace, "name": name}
        labels = {"app": name}
        template = {
            "metadata": {"labels": labels, "annotations": {"lab.mlcd.dev/serve": json.dumps(knobs)}},
            "spec": {
                "containers": [
                    {
                        "name": "server",
                        "image": f"registry.example/model:{knobs.get('version', '1')}",
                        "ports": [{"containerPort": 8080}],
                    }
                ]
            },
        }
        spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        self.create("Deployment", {"apiVersion": "apps/v1", "metadata": meta, "spec": spec})
        ports = [{"name": "http", "port": 80, "targetPort": 8080}]
        self.create("Service", {"apiVersion": "v1", "metadata": meta, "spec": {"selector": labels, "ports": ports}})
        model = Model(self, namespace, name)
        _until(lambda: len(model.addresses()) == replicas and self._has(model, replicas), f"{name} does not serve")
        return model

    def route(
        self,
        namespace: str,
        name: str,
        backends: Mapping[str, int],
        mirror: tuple[str, int] | None = None,
        annotations: Mapping[str, str] | None = None,
        gateway: str = "gateway",
    ) -> None:
        """Create an HTTPRoute of one rule, and wait until it is served.

        Args:
            namespace: of the route, its Gateway and its Services.
            name: of the route.
            backends: weights of Services (their port 80).
            mirror: the Service which gets copies, and of how many per cent of the requests.
            annotations: of the route.
            gateway: its parent.
        """
        rule: Object = {
            "backendRefs": [{"name": service, "port": 80, "weight": weight} for service, weight in backends.items()]
        }
        if mirror:
            copied = {"backendRef": {"name": mirror[0], "port": 80}, "percent": mirror[1]}
            rule["filters"] = [{"type": "RequestMirror", "requestMirror": copied}]
        meta = {"namespace": namespace, "name": name, "annotations": dict(annotations or {})}
        spec = {"parentRefs": [{"name": gateway}], "rules": [rule]}
        self.create("HTTPRoute", {"apiVersion": API, "metadata": meta, "spec": spec})
        self.served(namespace, name)

    def served(self, namespace: str, name: str) -> None:
        """Wait until the route's newest generation is what the data plane does."""

        def accepted() -> bool:
            route = self.get("HTTPRoute", namespace, name)
            parents = route.get("status", {}).get("parents", [])
            kinds = ("Accepted", "ResolvedRefs")
            return bool(parents) and all(condition(route, p["conditions"], kind) for p in parents for kind in kinds)

        _until(accepted, f"HTTPRoute {namespace}/{name} is not served")

    def patch_route(self, namespace: str, name: str, patch: Object) -> None:
        """A merge patch of a route's spec, by hand; waits until it is served."""
        headers = {"Content-Type": "application/merge-patch+json"}
        path = f"{PATHS['HTTPRoute'].format(namespace)}/{name}"
        self.api.request("PATCH", path, content=json.dumps({"spec": patch}), headers=headers)
        self.served(namespace, name)

    def hold(self, namespace: str, name: str, held: bool = True) -> None:
        """Have the gateway leave everything as it is while the route says so, as one that is overwhelmed or gone would."""
        headers = {"Content-Type": "application/merge-patch+json"}
        patch = {"metadata": {"annotations": {HELD: "true" if held else None}}}
        path = f"{PATHS['HTTPRoute'].format(namespace)}/{name}"
        self.api.request("PATCH", path, content=json.dumps(patch), headers=headers)

    def create(self, kind: str, made: Object) -> None:
        """Create an object in the namespace it names."""
        self.api.request("POST", PATHS[kind].format(made["metadata"]["namespace"]), json={"kind": kind, **made})

    def get(self, kind: str, namespace: str, name: str) -> Object:
        """One object."""
        found: Object = self.api.request("GET", f"{PATHS[kind].format(namespace)}/{name}")
        return found

    def list(self, kind: str, namespace: str, **query: str) -> list[Object]:
        """The objects of a kind in a namespace."""
        found: list[Object] = self.api.request("GET", PATHS[kind].format(namespace), params=query)["items"]
        return found

    def wait(self, holds: Callable[[], T], what: str) -> T:
        """The first truth that `holds` returns, polled; `what` is the sentence of the failure."""
        return _until(holds, what)

    def _has(self, model: Model, replicas: int) -> bool:
        slices = self.list("EndpointSlice", model.namespace, labelSelector=f"kubernetes.io/service-name={model.name}")
        endpoints = [each for one in slices for each in one.get("endpoints") or []]
        return sum(bool(each["conditions"].get("ready")) for each in endpoints) == replicas


def condition(found: Object, conditions: list[Object], kind: str) -> bool:
    """Whether a condition is true, and of the object's newest generation."""
    newest = found["metadata"]["generation"]
    return any(
        each["type"] == kind and each["status"] == "True" and each["observedGeneration"] == newest
        for each in conditions
    )


@contextlib.contextmanager
def data_plane(kubeconfig: Path, folder: Path, api: LabApi) -> Iterator[Plane]:
    """Start the test gateway, Envoy, and the processes of pods in front of a lab; all of it ends with the context.

    Args:
        kubeconfig: of the lab's administrator.
        folder: where it keeps its files; may be empty.
        api: what tests arrange with.
    """
    build()
    command = [sys.executable, "-m", "tests.e2e.gateway", str(folder / "plane")]
    env = {"KUBECONFIG": str(kubeconfig), "PYTHONPATH": str(HERE.parents[2])}
    with started(command, folder / "plane.log", rb"serving (http://127\.0\.0\.1:\d+)", env) as envoy:
        yield Plane(api, envoy)


def build() -> None:
    """Make the programs ready where they are missing (minutes)."""
    subprocess.run(
        [str(HERE / "build.sh")], check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHON": sys.executable}
    )


def _until(holds: Callable[[], T], what: str) -> T:
    end = time.monotonic() + READY_WITHIN
    while not (found := holds()):
        assert time.monotonic() < end, what
        time.sleep(0.05)
    return found
