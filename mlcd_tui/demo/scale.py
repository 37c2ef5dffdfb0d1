"""The scale subresource: how many pods something has and shall have, without the rest of it."""

from __future__ import annotations

from typing import Any

from mlcd_tui.demo import statuses
from mlcd_tui.demo.kinds import DEPLOYMENTS, REPLICASETS, ROLLOUTS, Kind
from mlcd_tui.demo.selectors import dig

Object = dict[str, Any]

SCALED: dict[str, str] = {
    ROLLOUTS.plural: "status.HPAReplicas",
    DEPLOYMENTS.plural: "status.replicas",
    REPLICASETS.plural: "status.replicas",
}
"""Where each kind that has the subresource says how many pods there are."""


def scale_of(kind: Kind, item: Object) -> Object:
    """The Scale of an object."""
    meta = item["metadata"]
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: Object = {"replicas": dig(item, SCALED[kind.plural]) or 0}
    if selector := dig(item, "status.selector") or _selector(item):
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: meta[name] for name in names if name in meta},
        "spec": {"replicas": dig(item, "spec.replicas") or 0},
        "status": status,
    }


def _selector(item: Object) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted((dig(item, "spec.selector.matchLabels") or {}).items()))


def scaled(kind: Kind, item: Object, scale: Object) -> Object:
    """The object with the size of a Scale; raises 422 for a size that is none."""
    replicas = dig(scale, "spec.replicas") or 0
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        why = f"Invalid value: {replicas}: must be greater than or equal to 0"
        raise statuses.invalid(kind, item["metadata"]["name"], "spec.replicas", why)
    meta = {**item["metadata"]}
    if version := dig(scale, "metadata.resourceVersion"):
        meta["resourceVersion"] = version
    else:
        meta.pop("resourceVersion", None)
    return {**item, "metadata": meta, "spec": {**item["spec"], "replicas": replicas}}
