"""A plain client of the lab's API server for arranging tests: it shares no code with what it helps to judge."""

from __future__ import annotations

import base64
import json
import ssl
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

import httpx
import yaml

Object = dict[str, Any]

# kind: (path of its API group, plural); cluster-scoped ones stand in CLUSTER_SCOPED.
RESOURCES = {
    "AnalysisRun": ("/apis/argoproj.io/v1alpha1", "analysisruns"),
    "AnalysisTemplate": ("/apis/argoproj.io/v1alpha1", "analysistemplates"),
    "ConfigMap": ("/api/v1", "configmaps"),
    "ClusterAnalysisTemplate": ("/apis/argoproj.io/v1alpha1", "clusteranalysistemplates"),
    "Canary": ("/apis/flagger.app/v1beta1", "canaries"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "DestinationRule": ("/apis/networking.istio.io/v1alpha3", "destinationrules"),
    "Event": ("/api/v1", "events"),
    "Experiment": ("/apis/argoproj.io/v1alpha1", "experiments"),
    "HTTPRoute": ("/apis/gateway.networking.k8s.io/v1", "httproutes"),
    "InferenceService": ("/apis/serving.kserve.io/v1beta1", "inferenceservices"),
    "Ingress": ("/apis/networking.k8s.io/v1", "ingresses"),
    "Logs": ("/apis/kwok.x-k8s.io/v1alpha1", "logs"),
    "Namespace": ("/api/v1", "namespaces"),
    "Pod": ("/api/v1", "pods"),
    "ReplicaSet": ("/apis/apps/v1", "replicasets"),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles"),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings"),
    "Rollout": ("/apis/argoproj.io/v1alpha1", "rollouts"),
    "Service": ("/api/v1", "services"),
    "VirtualService": ("/apis/networking.istio.io/v1alpha3", "virtualservices"),
}
CLUSTER_SCOPED = {"ClusterAnalysisTemplate", "Namespace"}


class RefusedError(RuntimeError):
    """The API server's refusal, with its HTTP status."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class LabApi:
    """Creates, reads, patches and deletes objects as one user of a kubeconfig."""

    def __init__(self, kubeconfig: Path, context: str | None = None) -> None:
        config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
        chosen = _named(config["contexts"], context or config["current-context"])["context"]
        cluster = _named(config["clusters"], chosen["cluster"])["cluster"]
        token = _named(config["users"], chosen["user"])["user"].get("token", "")
        authority = cluster.get("certificate-authority-data")
        verify = ssl.create_default_context(cadata=base64.b64decode(authority).decode()) if authority else False
        self.server: str = cluster["server"]
        self._client = httpx.Client(
            base_url=self.server,
            verify=verify,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def request(self, method: str, path: str, **kwargs: Any) -> Any:
        """The decoded answer; an error of the API server is raised with its own sentence."""
        answer = self._client.request(method, path, **kwargs)
        if answer.is_error:
            raise RefusedError(f"{method} {path}: {answer.status_code} {answer.text}", answer.status_code)
        return answer.json()

    def create(self, namespace: str, *objects: Object) -> None:
        """Create each object in the namespace."""
        for each in objects:
            self.request("POST", path_of(each["kind"], namespace), json=each)

    def create_namespace(self, name: str, seconds: float = 90) -> None:
        """Create a namespace; one of that name that is being deleted is waited for."""
        end = time.monotonic() + seconds
        while True:
            try:
                self.create("", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
            except RefusedError as error:
                if error.status != HTTPStatus.CONFLICT or time.monotonic() > end:
                    raise
                time.sleep(0.5)
            else:
                return

    def get(self, kind: str, namespace: str, name: str) -> Object:
        """One object."""
        found: Object = self.request("GET", path_of(kind, namespace, name))
        return found

    def list(self, kind: str, namespace: str) -> list[Object]:
        """All objects of a kind in a namespace, with their kind filled in as a single object has it."""
        answer = self.request("GET", path_of(kind, namespace))
        return [{"apiVersion": answer["apiVersion"], "kind": kind, **each} for each in answer["items"]]

    def merge(self, kind: str, namespace: str, name: str, patch: Object, subresource: str = "") -> None:
        """A merge patch."""
        path = path_of(kind, namespace, name) + (f"/{subresource}" if subresource else "")
        headers = {"Content-Type": "application/merge-patch+json"}
        self.request("PATCH", path, content=json.dumps(patch), headers=headers)

    def json_patch(self, kind: str, namespace: str, name: str, *operations: Object) -> None:
        """A JSON patch."""
        headers = {"Content-Type": "application/json-patch+json"}
        self.request("PATCH", path_of(kind, namespace, name), content=json.dumps(operations), headers=headers)

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Ask for deletion; it does not wait for it."""
        self.request("DELETE", path_of(kind, namespace, name))

    def wait(
        self, kind: str, namespace: str, name: str, holds: Callable[[Object], bool], seconds: float = 60, what: str = ""
    ) -> Object:
        """The object as soon as the condition holds of it, polled; after `seconds` an error that shows its status."""
        end = time.monotonic() + seconds
        while True:
            found = self.get(kind, namespace, name)
            if holds(found):
                return found
            if time.monotonic() > end:
                status = json.dumps(found.get("status"), indent=1)
                raise TimeoutError(
                    f"{kind} {namespace}/{name}: {what or holds} did not hold within {seconds} s: {status}"
                )
            time.sleep(0.1)


def path_of(kind: str, namespace: str, name: str = "") -> str:
    """The path of a kind's collection, or of one object in it."""
    group, plural = RESOURCES[kind]
    scope = "" if kind in CLUSTER_SCOPED else f"/namespaces/{namespace}"
    return f"{group}{scope}/{plural}" + (f"/{name}" if name else "")


def _named(entries: list[Object], name: str) -> Object:
    return next(each for each in entries if each["name"] == name)
