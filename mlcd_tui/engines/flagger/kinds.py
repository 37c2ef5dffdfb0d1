"""Names that Flagger gives to kinds, objects and phases."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from mlcd_tui.domain.refs import Resource

NAME: Final = "flagger"
"""This engine's own."""

CANARIES: Final = Resource("flagger.app", "v1beta1", "canaries", "Canary")
DAEMON_SETS: Final = Resource("apps", "v1", "daemonsets", "DaemonSet")
HTTP_ROUTES: Final = Resource("gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute")
VIRTUAL_SERVICES: Final = Resource("networking.istio.io", "v1beta1", "virtualservices", "VirtualService")

REVISION: Final = "deployment.kubernetes.io/revision"
CHANGE_CAUSE: Final = "kubernetes.io/change-cause"
RESTARTED: Final = "kubectl.kubernetes.io/restartedAt"

SLOWEST_ASK: Final = 2
"""Ticks between two questions of Flagger's at a promotion gate: in between it repeats the last check."""


class Phase(StrEnum):
    """`status.phase`, in Flagger's own spelling."""

    INITIALIZING = "Initializing"
    INITIALIZED = "Initialized"
    WAITING = "Waiting"
    PROGRESSING = "Progressing"
    WAITING_PROMOTION = "WaitingPromotion"
    PROMOTING = "Promoting"
    FINALISING = "Finalising"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    TERMINATING = "Terminating"
    TERMINATED = "Terminated"


RUNNING: Final = frozenset(
    {Phase.WAITING, Phase.PROGRESSING, Phase.WAITING_PROMOTION, Phase.PROMOTING, Phase.FINALISING}
)
"""A new version is on its way."""
