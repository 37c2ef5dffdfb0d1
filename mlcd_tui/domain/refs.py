"""Names of things: kinds of the Kubernetes API, objects, rollouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

JSON: TypeAlias = dict[str, Any]
"""One raw object of the API server, as decoded from JSON."""


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """A kind as the API server serves it, for example apps/v1 deployments."""

    group: str
    """API group; empty for the core group."""
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """`v1` or `apps/v1`, as objects carry it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """URL path of the collection (all namespaces if `namespace` is empty), an object or its subresource."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        middle = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        tail = (f"/{name}" if name else "") + (f"/{subresource}" if subresource else "")
        return f"{root}{middle}/{self.plural}{tail}"


@dataclass(frozen=True, slots=True, order=True)
class RolloutRef:
    """One rollout of a cluster: the key of every table and of every action."""

    engine: str
    """Name of the engine in its registry, such as `argo`."""
    namespace: str
    name: str
    kind: str = ""
    """Which of the engine's watched kinds the rollout's own object is; empty: the first."""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Scope:
    """What to list and watch of one kind, in one namespace, for an opened rollout."""

    resource: Resource
    namespace: str
    label_selector: str = ""
    field_selector: str = ""


Objects: TypeAlias = Mapping[Resource, Sequence[JSON]]
"""The raw objects around one rollout, by kind: what an engine reads to see, plan and judge."""

DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
REPLICA_SETS = Resource("apps", "v1", "replicasets", "ReplicaSet")
PODS = Resource("", "v1", "pods", "Pod")
SERVICES = Resource("", "v1", "services", "Service")
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
EVENTS = Resource("", "v1", "events", "Event")
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
