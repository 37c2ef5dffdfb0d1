"""The engine itself: the port's questions, answered by the other modules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Access, Plan, Refusal, Settled
from mlcd_tui.domain.ports import FleetWatch, Lookup
from mlcd_tui.domain.refs import DEPLOYMENTS, JSON, PODS, REPLICA_SETS, SERVICES, Objects, Resource, RolloutRef, Scope
from mlcd_tui.domain.rollout import Rollout, RolloutDetail
from mlcd_tui.domain.text import clean
from mlcd_tui.engines import _httproute as httproute
from mlcd_tui.engines._httproute import GATEWAY_CLASSES, GATEWAYS, HTTP_ROUTES, REFERENCE_GRANTS
from mlcd_tui.engines._httproute_status import parents
from mlcd_tui.engines._json import dig, name_of, table, text
from mlcd_tui.engines._lean_pods import plain
from mlcd_tui.engines.gateway import abilities, behind, deploying, detail, plans, settle, summary
from mlcd_tui.engines.gateway.kinds import NAME
from mlcd_tui.engines.gateway.lean import LeanDeployment, LeanRoute, LeanService

_DEPLOYED = frozenset({Verb.SET_IMAGE, Verb.RESTART})
_JOINED = (SERVICES, DEPLOYMENTS)


def _no_labels(_item: Any) -> Mapping[str, Any]:
    """Services are looked up by their names."""
    return {}


def _pod_labels(item: Any) -> Mapping[str, Any]:
    """Deployments are looked up by what Services select: the labels of their pods."""
    template = item.spec.get("template") if isinstance(item.spec, dict) else getattr(item.spec, "template", None)
    found = template.get("metadata") if isinstance(template, dict) else getattr(template, "metadata", None)
    return table(found.get("labels") if isinstance(found, dict) else getattr(found, "labels", None))


class GatewayEngine:
    """Canary by weights and blue/green by copies, in an HTTPRoute that no other controller moves."""

    name = NAME
    title = "Gateway API"
    watches = (
        FleetWatch(HTTP_ROUTES, LeanRoute),
        FleetWatch(SERVICES, LeanService, optional=True, when_needed=True, looked_up_by=_no_labels),
        FleetWatch(DEPLOYMENTS, LeanDeployment, optional=True, when_needed=True, looked_up_by=_pod_labels),
    )

    def group(self, resource: Resource, decoded: Any) -> RolloutRef | None:
        """A route that divides or copies traffic."""
        meta = decoded.metadata
        rollout = resource == HTTP_ROUTES and httproute.is_split(httproute.read(plain(decoded)))
        return RolloutRef(NAME, meta.namespace, meta.name) if rollout and meta.name else None

    def join(
        self, ref: RolloutRef, decoded: Mapping[Resource, Sequence[Any]], look: Lookup
    ) -> Mapping[Resource, Sequence[Any]]:
        """The Services that a route leads to, and the Deployments whose pods these select."""
        del ref  # a route names all that it leads to
        services: list[Any] = []
        deployments: list[Any] = []
        for item in decoded.get(HTTP_ROUTES, ()):
            split = httproute.split(httproute.read(plain(item)))
            for target in (split.stable, split.candidate):
                service = look.named(SERVICES, target.namespace, target.name) if target and target.service else None
                if target is not None and service is not None:
                    services.append(service)
                    selector = table(dig(msgspec.to_builtins(service), "spec", "selector"))
                    deployments += look.labelled(DEPLOYMENTS, target.namespace, selector)
        return {SERVICES: services, DEPLOYMENTS: deployments}

    def summarise(self, ref: RolloutRef, decoded: Mapping[Resource, Sequence[Any]], now: datetime) -> Rollout | None:
        """The fleet's row."""
        del now  # nothing in a row of this engine depends on it
        for item in decoded.get(HTTP_ROUTES, ()):
            around = {kind: [msgspec.to_builtins(each) for each in decoded.get(kind, ())] for kind in _JOINED}
            return summary.row(ref, behind.of_fleet(plain(item), around))
        return None

    def primary(self, ref: RolloutRef) -> tuple[Resource, str, str]:
        """The HTTPRoute."""
        return HTTP_ROUTES, ref.namespace, ref.name

    def scopes(self, ref: RolloutRef, primary: Mapping[str, Any]) -> tuple[Scope, ...]:
        """Services, Deployments and pods of the namespaces that it leads to; its Gateways, their classes, grants."""
        route = httproute.read(dict(primary))
        split = httproute.split(route)
        ends = [target for target in (split.stable, split.candidate) if target is not None]
        found = [Scope(HTTP_ROUTES, ref.namespace, field_selector=f"metadata.name={ref.name}")]
        for namespace in dict.fromkeys([ref.namespace, *(target.namespace for target in ends)]):
            found += [Scope(kind, namespace) for kind in (SERVICES, DEPLOYMENTS, REPLICA_SETS, PODS)]
            if namespace != ref.namespace:
                found.append(Scope(REFERENCE_GRANTS, namespace))
        for parent in dict.fromkeys((p.namespace, p.name) for p in parents(route) if p.gateway):
            found.append(Scope(GATEWAYS, parent[0], field_selector=f"metadata.name={parent[1]}"))
        if len(found) > 1 and any(scope.resource == GATEWAYS for scope in found):
            found.append(Scope(GATEWAY_CLASSES, ""))
        return tuple(found)

    def observe(self, ref: RolloutRef, objects: Objects, now: datetime) -> RolloutDetail | None:
        """The detail; None when the route is not there or divides nothing."""
        del now
        raw = _route(ref, objects)
        return detail.observe(ref, raw, objects) if raw is not None else None

    def access(self, verb: Verb, namespace: str) -> tuple[Access, ...]:
        """Patching the route, or the Deployment behind the candidate."""
        if verb not in abilities.VERBS:
            return ()
        return (Access("patch", DEPLOYMENTS if verb in _DEPLOYED else HTTP_ROUTES, namespace),)

    def plan(self, intent: Intent, objects: Objects, now: datetime) -> Plan | Refusal:
        """What would be done, or why it cannot be."""
        if intent.verb not in abilities.VERBS:
            return Refusal(intent, clean(f"An HTTPRoute knows no {intent.verb.value}."), clean(_INSTEAD))
        raw = _route(intent.ref, objects)
        if raw is None:
            return Refusal(intent, clean(f"{intent.ref} does not divide traffic any more, or is gone."))
        standing = behind.of_objects(raw, objects)
        if intent.verb in _DEPLOYED:
            return deploying.propose(intent, standing, now)
        return plans.propose(intent, standing, now)

    def settled(self, plan: Plan, objects: Objects, now: datetime) -> Settled:
        """Whether the plan has taken effect, by what the gateways report."""
        del now
        return settle.settled(plan, objects)


_INSTEAD = "It moves when you move it: by weight, by copying and switching, and back."


def _route(ref: RolloutRef, objects: Objects) -> JSON | None:
    for raw in objects.get(HTTP_ROUTES, ()):
        home = text(dig(raw, "metadata", "namespace"))
        if name_of(raw) == ref.name and home in {ref.namespace, ""}:
            return raw if httproute.is_split(httproute.read(raw)) else None
    return None
