# ruff: noqa: N815 - the fields are called as the API calls them
"""What is kept of a Canary, its Deployments and its route for the fleet, decoded straight from JSON.

A Canary is small and nearly all of it decides, so its spec and status stay as they are; of a Deployment only images and
counts are kept.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mlcd_tui.domain.hook_approval import Hook
from mlcd_tui.engines._json import rows, text
from mlcd_tui.engines._lean import Absurd, Lean, fit
from mlcd_tui.engines._lean_pods import DeploymentStatus, Identity, Template, Whole
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


class Metadata(Identity):
    """Object metadata."""

    annotations: Annotations | Absurd = None
    ownerReferences: Any = None


class LeanCanary(Whole):
    """One Canary."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)


class DeploymentSpec(Lean):
    """What is wished."""

    replicas: Any = None
    template: Template | Absurd = None


class LeanDeployment(Lean):
    """The target, or the primary."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    spec: DeploymentSpec | Absurd = None
    status: DeploymentStatus | Absurd = None


class LeanRoute(Whole):
    """An HTTPRoute or a VirtualService."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)


def canary_of(meta: Metadata) -> str:
    """The name of the Canary that made an object; empty: none did."""
    owners = (o for o in rows(meta.ownerReferences) if o.get("kind") == "Canary")
    return next((text(o.get("name")) for o in owners if text(o.get("apiVersion")).startswith("flagger.app/")), "")


def approvals(meta: Metadata) -> dict[str, Any]:
    """The gate's annotations."""
    return fit(Annotations, meta.annotations).approvals()
