# ruff: noqa: N815 - the fields are called as the API calls them
"""HTTPRoutes, Services and Deployments as the fleet keeps them: of annotations what matters, no managed fields.

A route is small; its spec and status are kept as they came. Of a Service only the selector counts. Deployments are
taken as another engine decodes them, where one watches them anyway.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mlcd_tui.engines._httproute import CANDIDATE, PAIR, SINCE, STABLE
from mlcd_tui.engines._lean import Absurd, Lean
from mlcd_tui.engines._lean_pods import Identity, Whole
from mlcd_tui.engines._steps import STEPS
from mlcd_tui.engines.gateway.kinds import MOVED, PREVIOUS, RETURNED, REVISION, SWITCHED


class Annotations(Lean):
    """The annotations that matter here; the rest (last-applied-configuration …) is never kept."""

    stable: Any = msgspec.field(default=None, name=STABLE)
    candidate: Any = msgspec.field(default=None, name=CANDIDATE)
    steps: Any = msgspec.field(default=None, name=STEPS)
    since: Any = msgspec.field(default=None, name=SINCE)
    pair: Any = msgspec.field(default=None, name=PAIR)
    previous: Any = msgspec.field(default=None, name=PREVIOUS)
    returned: Any = msgspec.field(default=None, name=RETURNED)
    switched: Any = msgspec.field(default=None, name=SWITCHED)
    moved: Any = msgspec.field(default=None, name=MOVED)
    revision: Any = msgspec.field(default=None, name=REVISION)


class Metadata(Identity):
    """Object metadata."""

    annotations: Annotations | Absurd = None
    ownerReferences: Any = None


class LeanRoute(Whole):
    """One HTTPRoute."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)


class ServiceSpec(Lean):
    """Where a Service sends its traffic."""

    selector: Any = None


class LeanService(Lean):
    """One Service that a route may lead to."""

    metadata: Identity = msgspec.field(default_factory=Identity)
    spec: ServiceSpec | Absurd = None


class LeanDeployment(Whole):
    """One Deployment."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
