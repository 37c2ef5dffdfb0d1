"""What the cluster says about itself: versions, groups, resources, and the least OpenAPI that kubectl needs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from mlcd_tui.demo.kinds import KINDS, VERBS, Kind
from mlcd_tui.demo.scale import SCALED

VERSION = {
    "major": "1",
    "minor": "35",
    "gitVersion": "v1.35.0+mlcd-demo",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2025-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "none",
    "platform": "loopback/simulated",
}

_REVIEWS: dict[str, tuple[tuple[str, str], ...]] = {
    "authorization.k8s.io": (
        ("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
        ("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
    ),
    "authentication.k8s.io": (("selfsubjectreviews", "SelfSubjectReview"),),
}


def _resource(kind: Kind) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(VERBS),
    }
    if kind.short:
        entry["shortNames"] = list(kind.short)
    if kind.everywhere:
        entry["categories"] = ["all"]
    return entry


def _subresource(kind: Kind, name: str, verbs: tuple[str, ...]) -> dict[str, Any]:
    return {
        "name": f"{kind.plural}/{name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(verbs),
    }


def resources(group: str, version: str) -> dict[str, Any] | None:
    """The APIResourceList of a group and version, or None if there is no such."""
    found: list[dict[str, Any]] = []
    for kind in KINDS:
        if (kind.group, kind.version) == (group, version):
            found.append(_resource(kind))
            if kind.status:
                found.append(_subresource(kind, "status", ("get", "patch", "update")))
            if kind.plural in SCALED:
                scale = _subresource(kind, "scale", ("get", "patch", "update"))
                found.append({**scale, "group": "autoscaling", "version": "v1", "kind": "Scale"})
            if kind.plural == "pods":
                found.append(_subresource(kind, "log", ("get",)))
    if version == "v1":
        found += [
            {"name": plural, "singularName": "", "namespaced": False, "kind": kind, "verbs": ["create"]}
            for plural, kind in _REVIEWS.get(group, ())
        ]
    if not found:
        return None
    name = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": found}


def groups(absent: Collection[str]) -> dict[str, Any]:
    """The APIGroupList, less the groups that are not installed."""
    there_are = dict.fromkeys((*(kind.group for kind in KINDS if kind.group), *_REVIEWS))
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [group_of(group) for group in there_are if group not in absent],
    }


def group_of(group: str) -> dict[str, Any]:
    """One APIGroup: its released version is preferred."""
    versions = {kind.version for kind in KINDS if kind.group == group} or {"v1"}
    entries = [{"groupVersion": f"{group}/{version}", "version": version} for version in sorted(versions, key=len)]
    return {"name": group, "versions": entries, "preferredVersion": entries[0]}


def core_versions() -> dict[str, Any]:
    """The APIVersions of /api."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def review_kind(group: str, plural: str) -> str | None:
    """The kind of a review that is answered and never stored."""
    return dict(_REVIEWS.get(group, ())).get(plural)
