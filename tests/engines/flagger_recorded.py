"""Objects recorded from the real Flagger 1.36.1 (tests/e2e/flagger/record.py makes them)."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from mlcd_tui.domain.refs import DEPLOYMENTS, EVENTS, PODS, REPLICA_SETS, SERVICES, Resource, RolloutRef
from mlcd_tui.engines.flagger.kinds import CANARIES, HTTP_ROUTES

FOLDER = Path(__file__).parent.parent / "fixtures" / "flagger"
_KINDS = {r.kind: r for r in (CANARIES, DEPLOYMENTS, REPLICA_SETS, PODS, SERVICES, HTTP_ROUTES, EVENTS)}


def names() -> list[str]:
    """The recorded moments."""
    return sorted(path.name for path in FOLDER.iterdir() if (path / "objects.json").exists())


@cache
def _text(name: str) -> str:
    return (FOLDER / name / "objects.json").read_text(encoding="utf-8")


def objects(name: str) -> dict[Resource, list[dict[str, Any]]]:
    """The objects of a moment, by kind, as the caller's own."""
    found: dict[Resource, list[dict[str, Any]]] = {resource: [] for resource in _KINDS.values()}
    for item in json.loads(_text(name))["items"]:
        found[_KINDS[item["kind"]]].append(item)
    return found


def canary(name: str) -> dict[str, Any]:
    """The Canary of a moment."""
    return objects(name)[CANARIES][0]


def ref(name: str) -> RolloutRef:
    """Its reference."""
    metadata = canary(name)["metadata"]
    return RolloutRef("flagger", metadata["namespace"], metadata["name"])


def now(name: str) -> datetime:
    """When it was recorded."""
    return datetime.fromisoformat((FOLDER / name / "now.txt").read_text().strip())
