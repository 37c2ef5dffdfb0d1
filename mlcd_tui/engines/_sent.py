"""Whether the objects at hand are older than the act that is judged by them."""

from __future__ import annotations

from collections.abc import Sequence

from mlcd_tui.domain.plan import Plan, Request
from mlcd_tui.domain.refs import Objects, Resource
from mlcd_tui.engines._json import dig, name_of, text

VERSION = "resource version"
"""Key of a plan's mark: the resourceVersion that the first object to be changed had when the plan was written."""


def version_of(requests: Sequence[Request], objects: Objects) -> str:
    """The resourceVersion of the first object to be changed."""
    return _version(requests[0].resource, requests[0].name, objects) if requests else ""


def unchanged(plan: Plan, objects: Objects) -> bool:
    """Whether that object is still the very one that the plan was written on: nothing can be told by it yet."""
    seen = plan.mark.get(VERSION, "")
    return bool(seen and plan.requests) and version_of(plan.requests, objects) == seen


def _version(resource: Resource, name: str, objects: Objects) -> str:
    found = next((raw for raw in objects.get(resource, ()) if name_of(raw) == name), None)
    return text(dig(found, "metadata", "resourceVersion"))
