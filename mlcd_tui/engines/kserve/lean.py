# ruff: noqa: N815 - the fields are called as the API calls them
"""InferenceServices, their Deployments and routes as the fleet keeps them: no managed fields, few annotations.

An InferenceService is small, and nearly all of it decides; Deployments are watched by KServe's own label, so only those
that it made come in.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mlcd_tui.domain.refs import JSON
from mlcd_tui.engines._json import rows, text
from mlcd_tui.engines._lean import Absurd, Lean, fit
from mlcd_tui.engines._steps import STEPS
from mlcd_tui.engines.kserve.kinds import MODE, REVISION, STOP, TAGS


class Annotations(Lean):
    """The annotations that matter here; the rest (last-applied-configuration …) is never kept."""

    mode: Any = msgspec.field(default=None, name=MODE)
    stop: Any = msgspec.field(default=None, name=STOP)
    tags: Any = msgspec.field(default=None, name=TAGS)
    steps: Any = msgspec.field(default=None, name=STEPS)
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


class LeanObject(Lean):
    """Any of the three."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    spec: Any = None
    status: Any = None


def plain(item: LeanObject) -> JSON:
    """The object as it would have come, without what was left out."""
    meta = item.metadata
    found: JSON = {name: value for name in meta.__struct_fields__ if (value := getattr(meta, name)) is not None}
    notes = msgspec.to_builtins(fit(Annotations, meta.annotations))
    found["annotations"] = {key: value for key, value in notes.items() if value is not None}
    return {"metadata": found, "spec": item.spec, "status": item.status}


def owner(references: object) -> str:
    """The name of the InferenceService among ownerReferences; empty: there is none."""
    for each in rows(references):
        if each.get("kind") == "InferenceService" and text(each.get("apiVersion")).startswith("serving.kserve.io/"):
            return text(each.get("name"))
    return ""
