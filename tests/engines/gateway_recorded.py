"""Routes recorded on a real API server, with the statuses of the test gateway in front of a real Envoy."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from mlcd_tui.domain.refs import DEPLOYMENTS, JSON, PODS, REPLICA_SETS, SERVICES, Resource, RolloutRef
from mlcd_tui.engines._httproute import GATEWAY_CLASSES, GATEWAYS, HTTP_ROUTES, REFERENCE_GRANTS

FOLDER = Path(__file__).parent.parent / "fixtures" / "gateway"
_KINDS = (HTTP_ROUTES, GATEWAYS, GATEWAY_CLASSES, REFERENCE_GRANTS, SERVICES, DEPLOYMENTS, REPLICA_SETS, PODS)
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def names() -> list[str]:
    """The recorded states."""
    return sorted(path.name for path in FOLDER.iterdir())


def ref(name: str) -> RolloutRef:
    """The route of a state."""
    return RolloutRef("gateway", f"rec-route-{name}", "churn")


def objects(name: str) -> dict[Resource, list[JSON]]:
    """The objects of a state, by kind; every kind that is watched is there."""
    found: dict[Resource, list[JSON]] = {kind: [] for kind in _KINDS}
    by_kind = {kind.kind: kind for kind in _KINDS}
    for item in json.loads((FOLDER / name / "objects.json").read_text())["items"]:
        found[by_kind[item["kind"]]].append(item)
    return found
