"""Objects as the rows that `kubectl get` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from mlcd_tui.demo.clock import unix
from mlcd_tui.demo.kinds import Kind
from mlcd_tui.demo.selectors import dig

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One printed column; `cell` gets the object and the present time."""

    name: str
    cell: Callable[[Object, float], Any]
    type: str = "string"
    wide: bool = False


def age(at: str | None, now: float) -> str:
    """A duration as kubectl writes it: two units while small, one when large."""
    if not at:
        return "<unknown>"
    seconds = max(0, int(now - unix(at)))
    if seconds < 120:
        return f"{seconds}s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    return f"{days}d"


def _path(name: str, path: str, type_: str = "integer", *, wide: bool = False) -> Column:
    return Column(name, lambda item, _: dig(item, path), type_, wide)


def _number(name: str, path: str) -> Column:
    return Column(name, lambda item, _: dig(item, path) or 0, "integer")


def _ready_containers(item: Object, _: float) -> str:
    states = dig(item, "status.containerStatuses") or []
    return f"{sum(bool(state.get('ready')) for state in states)}/{len(item['spec'].get('containers', ()))}"


def _pod_status(item: Object, _: float) -> str:
    if "deletionTimestamp" in item["metadata"]:
        return "Terminating"
    for state in dig(item, "status.containerStatuses") or []:
        if reason := dig(state, "state.waiting.reason"):
            return str(reason)
    return str(dig(item, "status.phase") or "Unknown")


def _restarts(item: Object, _: float) -> str:
    return str(sum(state.get("restartCount", 0) for state in dig(item, "status.containerStatuses") or []))


def _ports(item: Object, _: float) -> str:
    ports = dig(item, "spec.ports") or []
    return ",".join(f"{port.get('port')}/{port.get('protocol', 'TCP')}" for port in ports) or "<none>"


def _node_ready(item: Object, _: float) -> str:
    conditions = dig(item, "status.conditions") or []
    return "Ready" if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions) else "NotReady"


NAME = Column("Name", lambda item, _: item["metadata"]["name"])
AGE = Column("Age", lambda item, now: age(item["metadata"].get("creationTimestamp"), now))

_COLUMNS: dict[str, tuple[Column, ...]] = {
    "rollouts": (
        NAME,
        _path("Desired", "spec.replicas"),
        _path("Current", "status.replicas"),
        _path("Up-to-date", "status.updatedReplicas"),
        _path("Available", "status.availableReplicas"),
        AGE,
    ),
    "analysisruns": (NAME, _path("Status", "status.phase", "string"), AGE),
    "experiments": (NAME, _path("Status", "status.phase", "string"), AGE),
    "pods": (
        NAME,
        Column("Ready", _ready_containers),
        Column("Status", _pod_status),
        Column("Restarts", _restarts),
        AGE,
        _path("IP", "status.podIP", "string", wide=True),
        _path("Node", "spec.nodeName", "string", wide=True),
    ),
    "replicasets": (
        NAME,
        _number("Desired", "spec.replicas"),
        _number("Current", "status.replicas"),
        _number("Ready", "status.readyReplicas"),
        AGE,
    ),
    "deployments": (
        NAME,
        Column(
            "Ready",
            lambda item, _: f"{dig(item, 'status.readyReplicas') or 0}/{dig(item, 'spec.replicas') or 0}",
        ),
        _number("Up-to-date", "status.updatedReplicas"),
        _number("Available", "status.availableReplicas"),
        AGE,
    ),
    "services": (
        NAME,
        Column("Type", lambda item, _: dig(item, "spec.type") or "ClusterIP"),
        _path("Cluster-IP", "spec.clusterIP", "string"),
        Column("External-IP", lambda *_: "<none>"),
        Column("Port(s)", _ports),
        AGE,
    ),
    "namespaces": (NAME, _path("Status", "status.phase", "string"), AGE),
    "nodes": (
        NAME,
        Column("Status", _node_ready),
        Column("Roles", lambda *_: "<none>"),
        AGE,
        _path("Version", "status.nodeInfo.kubeletVersion", "string"),
    ),
    "events": (
        Column("Last Seen", lambda item, now: age(item.get("lastTimestamp"), now)),
        _path("Type", "type", "string"),
        _path("Reason", "reason", "string"),
        Column(
            "Object",
            lambda item, _: f"{dig(item, 'involvedObject.kind').lower()}/{dig(item, 'involvedObject.name')}",
        ),
        _path("Message", "message", "string"),
    ),
    "configmaps": (NAME, Column("Data", lambda item, _: len(item.get("data") or {}), "integer"), AGE),
}


def partial(item: Object) -> Object:
    """The object's metadata alone."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]}


def table(kind: Kind, items: Iterable[Object], meta: Object, now: float, include: str = "Metadata") -> Object:
    """A meta.k8s.io/v1 Table; `include` is the request's includeObject."""
    columns = _COLUMNS.get(kind.plural, (NAME, AGE))
    rows = []
    for item in items:
        row: Object = {"cells": [column.cell(item, now) for column in columns]}
        if include != "None":
            row["object"] = item if include == "Object" else partial(item)
        rows.append(row)
    definitions = [
        {
            "name": column.name,
            "type": column.type,
            "format": "name" if column is NAME else "",
            "description": column.name,
            "priority": 1 if column.wide else 0,
        }
        for column in columns
    ]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": meta,
        "columnDefinitions": definitions,
        "rows": rows,
    }
