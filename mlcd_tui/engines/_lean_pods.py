# ruff: noqa: N815 - the fields are called as the API calls them
"""The lean structs that several engines decode alike: what every object tells of itself, a pod template, its counts.

An engine that needs more of an object derives its own struct from these; none decodes a field that it does not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from mlcd_tui.domain.refs import JSON
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import text
from mlcd_tui.engines._lean import Absurd, L, Lean, fits


class Identity(Lean):
    """Of the metadata what every engine reads; each has its own annotations."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resourceVersion: str = ""
    generation: Any = None
    creationTimestamp: Any = None
    labels: Any = None


class Whole(Lean):
    """An object so small that its spec and status stay as they came."""

    metadata: Identity = msgspec.field(default_factory=Identity)
    spec: Any = None
    status: Any = None


class Blank(Lean):
    """An object of which only the presence counts, or that stands where a list belongs."""


Odd: TypeAlias = Blank | str | int | float | bool | None
"""What may stand where a list belongs."""


class Container(Lean):
    """A container of the pod template."""

    name: Any = None
    image: Any = None


class PodSpec(Lean):
    """The pod of the template."""

    containers: list[Container | Absurd] | Odd = None
    initContainers: list[Container | Absurd] | Odd = None


class Template(Lean):
    """The pod template."""

    spec: PodSpec | Absurd = None


class DeploymentStatus(Lean):
    """How far a Deployment's controller is."""

    observedGeneration: Any = None
    replicas: Any = None
    updatedReplicas: Any = None
    readyReplicas: Any = None
    availableReplicas: Any = None


def images(containers: object, inits: object) -> tuple[tuple[Clean, Clean, bool], ...]:
    """Name and image of a template's containers, and whether they are init containers."""
    return tuple(
        (clean(text(c.name), limit=256), clean(text(c.image), limit=512), init)
        for listed, init in ((containers, False), (inits, True))
        for c in fits(Container, listed)
    )


def from_raw(kind: type[L], raw: Mapping[str, Any]) -> L:
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


def plain(item: Whole) -> JSON:
    """The object as it would have come, without what was left out."""
    meta = item.metadata
    found: JSON = {name: value for name in meta.__struct_fields__ if (value := getattr(meta, name)) is not None}
    notes = found.get("annotations")
    told = msgspec.to_builtins(notes) if isinstance(notes, Lean) else {}
    found["annotations"] = {key: value for key, value in told.items() if value is not None}
    return {"metadata": found, "spec": item.spec, "status": item.status}
