"""Names that Deployments and pairs of them go by."""

from __future__ import annotations

from typing import Final

from mlcd_tui.domain.refs import Resource

NAME: Final = "deployment"
"""This engine's own."""

ENDPOINT_SLICES: Final = Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
"""What the cluster made of a Service's selector."""

HASH: Final = "pod-template-hash"
REVISION: Final = "deployment.kubernetes.io/revision"
CHANGE_CAUSE: Final = "kubernetes.io/change-cause"
RESTARTED: Final = "kubectl.kubernetes.io/restartedAt"

SERVICE: Final = "mlcd.dev/service"
"""Label of a pair's two Deployments and its Services: the name of the Service that serves."""
COLOR: Final = "mlcd.dev/color"
"""Label by which the Service tells the pods of one Deployment from those of the other."""
ROLE: Final = "mlcd.dev/role"
"""Label of the Service for trying out: `preview`."""
PREVIOUS: Final = "mlcd.dev/previous"
"""Annotation of the Service that a switch leaves: the Deployment that served before, and its revision then."""

RETURNED: Final = "mlcd.dev/returned-from"
"""Annotation of the Service that a switch back leaves: the Deployment that was left, and its revision then."""

PAIR: Final = "Service"
"""`RolloutRef.kind` of a pair."""

ORPHANS: Final = "Deployments"
"""`RolloutRef.kind` of Deployments that carry the label of a pair whose Service is not there; named by the first."""

NOT_RESTORED: Final = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        "deployment.kubernetes.io/revision-history",
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
        "deprecated.deployment.rollback.to",
    }
)
"""Annotations that an undo leaves as they are on the Deployment, as `kubectl rollout undo` does."""
