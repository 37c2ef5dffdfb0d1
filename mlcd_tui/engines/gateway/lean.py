# ruff: noqa: N815 - the fields are called as the API calls them
"""HTTPRoutes and Deployments as the fleet keeps them: of annotations only those that matter, no managed fields.

A route is small; its spec and status are kept as they came. Of Deployments only those labelled with a route are
watched at all.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mlcd_tui.domain.refs import JSON
from mlcd_tui.engines._httproute import CANDIDATE, PAIR, SINCE, STABLE
from mlcd_tui.engines._lean import Absurd, Lean, fit
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


class LeanRoute(Lean):
    """One HTTPRoute."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    spec: Any = None
    status: Any = None


class LeanDeployment(Lean):
    """One Deployment that belongs to a route."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    spec: Any = None
    status: Any = None


def plain(item: LeanRoute | LeanDeployment) -> JSON:
    """The object as it would have come, without what was left out."""
    meta = item.metadata
    found: JSON = {name: value for name in meta.__struct_fields__ if (value := getattr(meta, name)) is not None}
    notes = msgspec.to_builtins(fit(Annotations, meta.annotations))
    found["annotations"] = {key: value for key, value in notes.items() if value is not None}
    return {"metadata": found, "spec": item.spec, "status": item.status}
