"""What is behind a route: the Services it leads to, their Deployments and pods, its Gateways and grants."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mlcd_tui.domain.refs import DEPLOYMENTS, JSON, PODS, SERVICES, Objects
from mlcd_tui.engines import _httproute as httproute
from mlcd_tui.engines._httproute import Route, Target
from mlcd_tui.engines._httproute_status import acceptance, gates, granted, needs_grant
from mlcd_tui.engines._json import dig, labels_of, name_of, rows, selects, table, text, uid_of
from mlcd_tui.engines._keepers import controller, gitops
from mlcd_tui.engines.gateway.state import Side, Standing


def of_fleet(raw: JSON, objects: Objects) -> Standing:
    """By a route alone, its Services and the Deployments that these select; what was not seen is not missing."""
    found = _standing(httproute.read(raw))
    if found.stable is None or found.candidate is None:
        return found

    def side(one: Side) -> Side:
        return replace(one, deployment=look(found.route, one, objects).deployment)

    return replace(found, stable=side(found.stable), candidate=side(found.candidate))


def of_objects(raw: JSON, objects: Objects) -> Standing:
    """By everything around a route."""
    route = httproute.read(raw)
    found = replace(_standing(route), gates=gates(route, objects), git=gitops(raw), looked=True)
    if found.stable is None or found.candidate is None:
        return found
    stable, candidate = (look(route, side, objects) for side in (found.stable, found.candidate))
    return replace(found, stable=stable, candidate=candidate)


def _standing(route: Route) -> Standing:
    split = httproute.split(route)
    found = Standing(route, split, acceptance(route), keeper=controller(route.raw))
    if split.trouble or split.stable is None or split.candidate is None:
        return found
    home = route.namespace
    return replace(found, stable=Side(split.stable, home), candidate=Side(split.candidate, home))


def look(route: Route, side: Side, objects: Objects) -> Side:
    """A side with what the objects tell of its Service, grant, Deployment and pods."""
    target = side.target
    free = not needs_grant(route, target) or granted(route, target, objects)
    if not target.service:
        return replace(side, granted=free)
    service = next((raw for raw in in_namespace(objects, SERVICES, target) if name_of(raw) == target.name), None)
    if service is None:
        return replace(side, found=False if SERVICES in objects else None, granted=free)
    selector = table(dig(service, "spec", "selector"))
    if not selector:  # its endpoints are kept by hand
        return replace(side, found=True, granted=free)
    deployments = [
        raw
        for raw in in_namespace(objects, DEPLOYMENTS, target)
        if selects(selector, table(dig(raw, "spec", "template", "metadata", "labels")))
    ]
    ready = sum(is_ready(pod) for pod in selected(objects, target, selector)) if objects.get(PODS) else None
    deployment = deployments[0] if len(deployments) == 1 else None
    return replace(side, deployment=deployment, found=True, ready_pods=ready, granted=free)


def in_namespace(objects: Objects, resource: object, target: Target) -> list[JSON]:
    """The objects of a kind in the namespace of a target, each once."""
    kept: dict[tuple[str, str], JSON] = {}
    for raw in next((items for kind, items in objects.items() if kind == resource), ()):
        if text(dig(raw, "metadata", "namespace")) in {"", target.namespace}:
            kept.setdefault((uid_of(raw), name_of(raw)), raw)
    return list(kept.values())


def selected(objects: Objects, target: Target, selector: JSON) -> Iterable[JSON]:
    """The pods that a Service selects."""
    return (raw for raw in in_namespace(objects, PODS, target) if selects(selector, labels_of(raw)))


def is_ready(raw: JSON) -> bool:
    """Whether a pod would be among the ready endpoints of its Service."""
    if dig(raw, "metadata", "deletionTimestamp"):
        return False
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in rows(dig(raw, "status", "conditions")))
