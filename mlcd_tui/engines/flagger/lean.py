# ruff: noqa: N815 - the fields are called as the API calls them
"""What is kept of a Canary, its Deployments and its route for the fleet, decoded straight from JSON.

A Canary is small and nearly all of it decides, so its spec and status stay as they are; of a Deployment only images and
counts are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar

import msgspec

from mlcd_tui.domain.hook_approval import Hook
from mlcd_tui.engines._json import rows, text
from mlcd_tui.engines._lean import Absurd, Lean, fit
from mlcd_tui.engines.flagger.kinds import REVISION


class Annotations(Lean):
    """The annotations that matter here; the rest (last-applied-configuration …) is never kept."""

    revision: Any = msgspec.field(default=None, name=REVISION)
    rollout: Any = msgspec.field(default=None, name=Hook.CONFIRM_ROLLOUT.annotation)
    increase: Any = msgspec.field(default=None, name=Hook.CONFIRM_TRAFFIC_INCREASE.annotation)
    promotion: Any = msgspec.field(default=None, name=Hook.CONFIRM_PROMOTION.annotation)
    rollback: Any = msgspec.field(default=None, name=Hook.ROLLBACK.annotation)

    def approvals(self) -> dict[str, Any]:
        """Those of the gate, by their names."""
        return {
            Hook.CONFIRM_ROLLOUT.annotation: self.rollout,
            Hook.CONFIRM_TRAFFIC_INCREASE.annotation: self.increase,
            Hook.CONFIRM_PROMOTION.annotation: self.promotion,
            Hook.ROLLBACK.annotation: self.rollback,
        }


class Metadata(Lean):
    """Object metadata."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resourceVersion: str = ""
    generation: Any = None
    creationTimestamp: Any = None
    labels: Any = None
    annotations: Annotations | Absurd = None
    ownerReferences: Any = None


class LeanCanary(Lean):
    """One Canary."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    spec: Any = None
    status: Any = None


class Container(Lean):
    """A container of the pod template."""

    name: Any = None
    image: Any = None


class Blank(Lean):
    """An object that stands where a list belongs."""


Containers: TypeAlias = list[Container | Absurd] | Blank | str | int | float | bool | None


class PodSpec(Lean):
    """The pod of the template."""

    containers: Containers = None
    initContainers: Containers = None


class Template(Lean):
    """The pod template."""

    spec: PodSpec | Absurd = None


class DeploymentSpec(Lean):
    """What is wished."""

    replicas: Any = None
    template: Template | Absurd = None


class DeploymentStatus(Lean):
    """What is."""

    observedGeneration: Any = None
    replicas: Any = None
    updatedReplicas: Any = None
    readyReplicas: Any = None
    availableReplicas: Any = None


class LeanDeployment(Lean):
    """The target, or the primary."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    spec: DeploymentSpec | Absurd = None
    status: DeploymentStatus | Absurd = None


class LeanRoute(Lean):
    """An HTTPRoute or a VirtualService."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    spec: Any = None
    status: Any = None


W = TypeVar("W", LeanCanary, LeanDeployment, LeanRoute)


def from_raw(kind: type[W], raw: Mapping[str, Any]) -> W:
    """The lean form of a raw object; what is too mangled to be read is left out, its name stays."""
    metadata = raw.get("metadata")
    told = metadata if isinstance(metadata, dict) else {}
    kept = {key: value for key, value in told.items() if isinstance(value, str)}
    for candidate in (raw, {**raw, "metadata": kept}, {"metadata": kept}):
        try:
            return msgspec.convert(candidate, kind)
        except (msgspec.ValidationError, RecursionError):
            continue
    return kind()


def canary_of(meta: Metadata) -> str:
    """The name of the Canary that made an object; empty: none did."""
    owners = (o for o in rows(meta.ownerReferences) if o.get("kind") == "Canary")
    return next((text(o.get("name")) for o in owners if text(o.get("apiVersion")).startswith("flagger.app/")), "")


def approvals(meta: Metadata) -> dict[str, Any]:
    """The gate's annotations."""
    return fit(Annotations, meta.annotations).approvals()
