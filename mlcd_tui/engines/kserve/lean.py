# ruff: noqa: N815 - the fields are called as the API calls them
"""InferenceServices, their Deployments and routes as the fleet keeps them: no managed fields, few annotations.

An InferenceService is small, and nearly all of it decides; Deployments are watched by KServe's own label, so only those
that it made come in.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mlcd_tui.engines._json import rows, text
from mlcd_tui.engines._lean import Absurd, Lean
from mlcd_tui.engines._lean_pods import Identity, Whole
from mlcd_tui.engines._steps import STEPS
from mlcd_tui.engines.kserve.kinds import MODE, REVISION, STOP, TAGS


class Annotations(Lean):
    """The annotations that matter here; the rest (last-applied-configuration …) is never kept."""

    mode: Any = msgspec.field(default=None, name=MODE)
    stop: Any = msgspec.field(default=None, name=STOP)
    tags: Any = msgspec.field(default=None, name=TAGS)
    steps: Any = msgspec.field(default=None, name=STEPS)
    revision: Any = msgspec.field(default=None, name=REVISION)


class Metadata(Identity):
    """Object metadata."""

    annotations: Annotations | Absurd = None
    ownerReferences: Any = None


class LeanObject(Whole):
    """Any of the three."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)


def owner(references: object) -> str:
    """The name of the InferenceService among ownerReferences; empty: there is none."""
    for each in rows(references):
        if each.get("kind") == "InferenceService" and text(each.get("apiVersion")).startswith("serving.kserve.io/"):
            return text(each.get("name"))
    return ""
