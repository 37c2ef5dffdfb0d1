"""The engine itself: the port's questions, answered by the other modules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Access, Plan, Refusal, Settled
from mlcd_tui.domain.ports import FleetWatch
from mlcd_tui.domain.refs import (
    DEPLOYMENTS,
    EVENTS,
    PODS,
    REPLICA_SETS,
    SERVICES,
    Objects,
    Resource,
    RolloutRef,
    Scope,
)
from mlcd_tui.domain.rollout import Rollout, RolloutDetail
from mlcd_tui.engines._lean_pods import from_raw
from mlcd_tui.engines.flagger import detail, plans, settle
from mlcd_tui.engines.flagger.canary import CanaryState
from mlcd_tui.engines.flagger.kinds import CANARIES, DAEMON_SETS, HTTP_ROUTES, NAME, VIRTUAL_SERVICES
from mlcd_tui.engines.flagger.lean import LeanCanary, LeanDeployment, LeanRoute, canary_of
from mlcd_tui.engines.flagger.state import assemble
from mlcd_tui.engines.flagger.summary import row

_STRUCTS: Mapping[Resource, type[LeanCanary | LeanDeployment | LeanRoute]] = {
    CANARIES: LeanCanary,
    DEPLOYMENTS: LeanDeployment,
    HTTP_ROUTES: LeanRoute,
    VIRTUAL_SERVICES: LeanRoute,
}


class FlaggerEngine:
    """Canaries of Flagger."""

    name = NAME
    title = "Flagger"
    watches: tuple[FleetWatch, ...] = (
        FleetWatch(CANARIES, LeanCanary),
        FleetWatch(DEPLOYMENTS, LeanDeployment, optional=True, when_needed=True),
        FleetWatch(HTTP_ROUTES, LeanRoute, optional=True, when_needed=True),
        FleetWatch(VIRTUAL_SERVICES, LeanRoute, optional=True, when_needed=True),
    )

    def group(self, resource: Resource, decoded: Any) -> RolloutRef | None:
        """What Flagger made names its Canary; a target is mostly called like it, and else only seen when opened."""
        if not isinstance(decoded, _STRUCTS.get(resource, LeanCanary)) or not decoded.metadata.name:
            return None
        name = canary_of(decoded.metadata)
        if not name and resource in {CANARIES, DEPLOYMENTS}:
            name = decoded.metadata.name
        return RolloutRef(NAME, decoded.metadata.namespace, name) if name else None

    def summarise(self, ref: RolloutRef, decoded: Mapping[Resource, Sequence[Any]], now: datetime) -> Rollout | None:
        """The row; None where no Canary is called so."""
        state = assemble(decoded, now)
        return row(ref, state) if state is not None else None

    def primary(self, ref: RolloutRef) -> tuple[Resource, str, str]:
        """The Canary."""
        return CANARIES, ref.namespace, ref.name

    def scopes(self, ref: RolloutRef, primary: Mapping[str, Any]) -> tuple[Scope, ...]:
        """Target, primary and route by name; all ReplicaSets and pods, since both versions have labels of their own."""
        canary = CanaryState(from_raw(LeanCanary, primary))
        space = ref.namespace
        scopes = [
            Scope(CANARIES, space, field_selector=f"metadata.name={ref.name}"),
            Scope(EVENTS, space, field_selector=f"involvedObject.kind=Canary,involvedObject.name={ref.name}"),
            Scope(REPLICA_SETS, space),
            Scope(PODS, space),
        ]
        if _named(canary.target) and canary.target_kind == "Deployment":
            names = (canary.target, canary.primary)
            scopes += [Scope(DEPLOYMENTS, space, field_selector=f"metadata.name={name}") for name in names]
        if _named(canary.target) and canary.target_kind == "DaemonSet":
            scopes.append(Scope(DAEMON_SETS, space, field_selector=f"metadata.name={canary.target}"))
        if _named(canary.apex):
            one = f"metadata.name={canary.apex}"
            scopes += [Scope(each, space, field_selector=one) for each in (HTTP_ROUTES, VIRTUAL_SERVICES)]
            scopes += [Scope(SERVICES, space, field_selector=f"metadata.name={each}") for each in canary.services]
        return tuple(scopes)

    def observe(self, ref: RolloutRef, objects: Objects, now: datetime) -> RolloutDetail | None:
        """Everything about one Canary."""
        return detail.observe(ref, objects, now)

    def access(self, verb: Verb, namespace: str) -> tuple[Access, ...]:
        """The rights that a verb needs."""
        return plans.access(verb, namespace)

    def plan(self, intent: Intent, objects: Objects, now: datetime) -> Plan | Refusal:
        """What would be done, or why it cannot be."""
        return plans.plan(intent, objects, now)

    def settled(self, plan: Plan, objects: Objects, now: datetime) -> Settled:
        """Whether Flagger has done it."""
        return settle.settled(plan, objects, now)


def _named(name: str) -> bool:
    """Whether it can stand in a field selector: an absurd one would be a request of its own."""
    return bool(name) and len(name) <= 253 and all(char.isascii() and (char.isalnum() or char in "-.") for char in name)
