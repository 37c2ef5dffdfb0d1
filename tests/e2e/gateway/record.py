"""Make the recorded objects of tests/fixtures/gateway again: tests/e2e/lab/run.sh .venv/bin/python -m tests.e2e.gateway.record."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e.gateway.plane import Plane, data_plane
from tests.e2e.lab.api import LabApi

Object = dict[str, Any]
FIXTURES = Path(__file__).parents[2] / "fixtures" / "gateway"
GATEWAY = "/apis/gateway.networking.k8s.io"
LISTS = (
    f"{GATEWAY}/v1/namespaces/{{}}/httproutes",
    f"{GATEWAY}/v1/namespaces/{{}}/gateways",
    f"{GATEWAY}/v1beta1/namespaces/{{}}/referencegrants",
    "/api/v1/namespaces/{}/services",
    "/apis/apps/v1/namespaces/{}/deployments",
    "/apis/apps/v1/namespaces/{}/replicasets",
    "/api/v1/namespaces/{}/pods",
)
LABELLED = {"metadata": {"labels": {"mlcd.dev/route": "churn"}}}


def mirrored(plane: Plane, namespace: str) -> None:
    """All is copied to the new version."""
    plane.route(namespace, "churn", {"churn-blue": 100, "churn-green": 0}, ("churn-green", 100))


def canary(plane: Plane, namespace: str) -> None:
    """A fifth of live traffic goes to the new version, a quarter of it is copied there too."""
    plane.route(namespace, "churn", {"churn-blue": 80, "churn-green": 20}, ("churn-green", 25))


def switched(plane: Plane, namespace: str) -> None:
    """Somebody has moved everything by hand."""
    annotations = {"mlcd.dev/stable": "churn-blue", "mlcd.dev/candidate": "churn-green"}
    plane.route(namespace, "churn", {"churn-blue": 100, "churn-green": 0}, annotations=annotations)
    backends = [
        {"name": f"churn-{colour}", "port": 80, "weight": share} for colour, share in (("blue", 0), ("green", 100))
    ]
    plane.patch_route(namespace, "churn", {"rules": [{"backendRefs": backends}]})


def missing_backend(plane: Plane, namespace: str) -> None:
    """The new version's Service is misspelt: that share of customers would get an error."""
    _refused(plane, namespace, {"name": "churn-gren", "port": 80, "weight": 20})


def not_permitted(plane: Plane, namespace: str) -> None:
    """The new version is in another namespace, which grants nothing."""
    _refused(plane, namespace, {"name": "kubernetes", "namespace": "default", "port": 443, "weight": 20})


def _refused(plane: Plane, namespace: str, candidate: Object) -> None:
    backends = [{"name": "churn-blue", "port": 80, "weight": 80}, candidate]
    spec = {"parentRefs": [{"name": "gateway"}], "rules": [{"backendRefs": backends}]}
    head = {"apiVersion": f"{GATEWAY.removeprefix('/apis/')}/v1", "metadata": {"namespace": namespace, "name": "churn"}}
    plane.create("HTTPRoute", {**head, "spec": spec})
    plane.wait(lambda: plane.get("HTTPRoute", namespace, "churn").get("status", {}).get("parents"), "no status came")


STATES: dict[str, Callable[[Plane, str], None]] = {
    "mirrored": mirrored,
    "canary": canary,
    "switched-by-hand": switched,
    "missing-backend": missing_backend,
    "not-permitted": not_permitted,
}


def record(plane: Plane, name: str) -> None:
    """Play one state in a namespace of its own, and write down what is there then."""
    namespace, api = f"rec-route-{name}", plane.api
    api.create_namespace(namespace)
    try:
        plane.gateway(namespace)
        for number, colour in enumerate(("blue", "green"), start=1):
            plane.model(namespace, f"churn-{colour}", replicas=2, version=str(number))
            path = f"/apis/apps/v1/namespaces/{namespace}/deployments/churn-{colour}"
            headers = {"Content-Type": "application/merge-patch+json"}
            api.request("PATCH", path, content=json.dumps(LABELLED), headers=headers)
        STATES[name](plane, namespace)
        found = [api.request("GET", f"{GATEWAY}/v1/gatewayclasses/{plane.gateway_class}")]
        for path in LISTS:
            answer = api.request("GET", path.format(namespace))
            head = {"apiVersion": answer["apiVersion"], "kind": answer["kind"].removesuffix("List")}
            found += [{**head, **item} for item in answer["items"]]
        for item in found:  # who wrote what of a route tells who moves it
            if item["kind"] != "HTTPRoute":
                item["metadata"].pop("managedFields", None)
    finally:
        api.delete("Namespace", "", namespace)
    folder = FIXTURES / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "objects.json").write_text(
        json.dumps({"items": found}, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    sys.stdout.write(f"{name}\n")


def main(wanted: list[str]) -> None:
    """Record the wanted states, or all."""
    kubeconfig = Path(os.environ["MLCD_E2E_KUBECONFIG"])
    with (
        LabApi(kubeconfig) as api,
        tempfile.TemporaryDirectory() as folder,
        data_plane(kubeconfig, Path(folder), api) as plane,
    ):
        for name in wanted or STATES:
            record(plane, name)


if __name__ == "__main__":
    main(sys.argv[1:])
