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
    PODS,
    REPLICA_SETS,
    SERVICES,
    Objects,
    Resource,
    RolloutRef,
    Scope,
)
from mlcd_tui.domain.rollout import Rollout, RolloutDetail
from mlcd_tui.engines._httproute import HTTP_ROUTES
from mlcd_tui.engines._json import table, text
from mlcd_tui.engines._lean_pods import plain
from mlcd_tui.engines.kserve import detail, plans, settle
from mlcd_tui.engines.kserve.inference import Inference
from mlcd_tui.engines.kserve.kinds import NAME, OF, SERVICES_OF_MODELS
from mlcd_tui.engines.kserve.lean import LeanObject, owner
from mlcd_tui.engines.kserve.state import State
from mlcd_tui.engines.kserve.summary import row


class KServeEngine:
    """InferenceServices of KServe."""

    name = NAME
    title = "KServe"
    watches: tuple[FleetWatch, ...] = (
        FleetWatch(SERVICES_OF_MODELS, LeanObject),
        FleetWatch(DEPLOYMENTS, LeanObject, label_selector=OF, optional=True, when_needed=True),
        FleetWatch(HTTP_ROUTES, LeanObject, optional=True, when_needed=True),
    )

    def group(self, resource: Resource, decoded: Any) -> RolloutRef | None:
        """What KServe made is told by its label, routes by their owner."""
        meta = decoded.metadata
        if resource == SERVICES_OF_MODELS:
            name = meta.name
        elif resource == DEPLOYMENTS:
            name = text(table(meta.labels).get(OF))
        else:
            name = owner(meta.ownerReferences)
        return RolloutRef(NAME, meta.namespace, name) if name else None

    def summarise(self, ref: RolloutRef, decoded: Mapping[Resource, Sequence[Any]], now: datetime) -> Rollout | None:
        """The row; None where no InferenceService is called so."""
        del now  # nothing in a row of this engine depends on it
        for item in decoded.get(SERVICES_OF_MODELS, ()):
            around = [[plain(each) for each in decoded.get(kind, ())] for kind in (DEPLOYMENTS, HTTP_ROUTES)]
            return row(ref, State(Inference(plain(item)), *around))
        return None

    def primary(self, ref: RolloutRef) -> tuple[Resource, str, str]:
        """The InferenceService."""
        return SERVICES_OF_MODELS, ref.namespace, ref.name

    def scopes(self, ref: RolloutRef, primary: Mapping[str, Any]) -> tuple[Scope, ...]:
        """All that carries its label, and the routes of its namespace, which are told by their owner."""
        del primary
        space, ours = ref.namespace, f"{OF}={ref.name}"
        return (
            Scope(SERVICES_OF_MODELS, space, field_selector=f"metadata.name={ref.name}"),
            *(Scope(kind, space, label_selector=ours) for kind in (DEPLOYMENTS, REPLICA_SETS, PODS)),
            Scope(SERVICES, space),
            Scope(HTTP_ROUTES, space),
        )

    def observe(self, ref: RolloutRef, objects: Objects, now: datetime) -> RolloutDetail | None:
        """Everything about one InferenceService."""
        del now
        return detail.observe(ref, objects)

    def access(self, verb: Verb, namespace: str) -> tuple[Access, ...]:
        """The rights that a verb needs."""
        return plans.access(verb, namespace)

    def plan(self, intent: Intent, objects: Objects, now: datetime) -> Plan | Refusal:
        """What would be done, or why it cannot be."""
        del now
        return plans.plan(intent, detail.state_of(intent.ref, objects))

    def settled(self, plan: Plan, objects: Objects, now: datetime) -> Settled:
        """Whether the plan has taken effect, by what KServe, Knative and gateways report."""
        del now
        return settle.settled(plan, detail.state_of(plan.intent.ref, objects), objects)
