"""The engine itself: the port's questions, answered by the other modules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Access, Plan, Refusal, Settled
from mlcd_tui.domain.ports import FleetWatch
from mlcd_tui.domain.refs import DEPLOYMENTS, PODS, REPLICA_SETS, SERVICES, Objects, Resource, RolloutRef, Scope
from mlcd_tui.domain.rollout import Rollout, RolloutDetail
from mlcd_tui.engines._json import dig, rows, selector_text, table
from mlcd_tui.engines.argo import detail, plans, settle, summary, virtual_service
from mlcd_tui.engines.argo.kinds import ANALYSIS_RUNS, EXPERIMENTS, ROLLOUTS
from mlcd_tui.engines.argo.lean import LeanRollout, from_raw
from mlcd_tui.engines.argo.state import State

NAME: Final = "argo"


class ArgoRollouts:
    """Canary and blue/green by the Argo Rollouts controller."""

    name = NAME
    title = "Argo Rollouts"
    watches: tuple[FleetWatch, ...] = (FleetWatch(ROLLOUTS, LeanRollout),)

    def group(self, resource: Resource, decoded: Any) -> RolloutRef | None:
        """Each Rollout is its own group."""
        if resource != ROLLOUTS or not isinstance(decoded, LeanRollout) or not decoded.metadata.name:
            return None
        return RolloutRef(NAME, decoded.metadata.namespace, decoded.metadata.name)

    def summarise(self, ref: RolloutRef, decoded: Mapping[Resource, Sequence[Any]], now: datetime) -> Rollout | None:  # noqa: ARG002
        """The row, from the Rollout alone; nothing in it depends on the time."""
        for item in decoded.get(ROLLOUTS, ()):
            if isinstance(item, LeanRollout):
                return summary.summarise(ref, item)
        return None

    def primary(self, ref: RolloutRef) -> tuple[Resource, str, str]:
        """The Rollout."""
        return ROLLOUTS, ref.namespace, ref.name

    def scopes(self, ref: RolloutRef, primary: Mapping[str, Any]) -> tuple[Scope, ...]:
        """ReplicaSets and pods by the Rollout's selector; the other kinds of the namespace whole.

        Where an experiment gives its pods labels of its own, ReplicaSets and pods are read whole as well.
        """
        selector = "" if _strangers(primary) else _label_selector(primary)
        scopes = [
            Scope(ROLLOUTS, ref.namespace, field_selector=f"metadata.name={ref.name}"),
            Scope(REPLICA_SETS, ref.namespace, label_selector=selector),
            Scope(PODS, ref.namespace, label_selector=selector),
            Scope(ANALYSIS_RUNS, ref.namespace),
            Scope(EXPERIMENTS, ref.namespace),
        ]
        if detail.named_services(dict(primary)):
            scopes.append(Scope(SERVICES, ref.namespace))
        scopes += virtual_service.scopes(dict(primary))
        workload = State(from_raw(primary)).workload()
        if workload is not None and workload[0] == "Deployment":
            scopes.append(Scope(DEPLOYMENTS, ref.namespace, field_selector=f"metadata.name={workload[1]}"))
        return tuple(scopes)

    def observe(self, ref: RolloutRef, objects: Objects, now: datetime) -> RolloutDetail | None:  # noqa: ARG002
        """Everything about one Rollout; its times are moments, so nothing in it depends on the present one."""
        return detail.observe(ref, objects)

    def access(self, verb: Verb, namespace: str) -> tuple[Access, ...]:
        """The rights that a verb needs."""
        return plans.access(verb, namespace)

    def plan(self, intent: Intent, objects: Objects, now: datetime) -> Plan | Refusal:
        """What would be done, or why it cannot be."""
        return plans.plan(intent, objects, now)

    def settled(self, plan: Plan, objects: Objects, now: datetime) -> Settled:
        """Whether the controller has done it."""
        return settle.settled(plan, objects, now)


def _label_selector(primary: Mapping[str, Any]) -> str:
    """The selector in query form; matchExpressions are left to the owner references."""
    return str(selector_text(dig(dict(primary), "spec", "selector", "matchLabels")))


def _strangers(primary: Mapping[str, Any]) -> bool:
    steps = rows(dig(dict(primary), "spec", "strategy", "canary", "steps"))
    templates = (t for step in steps for t in rows(dig(step, "experiment", "templates")))
    return any(table(t.get("selector")) or table(t.get("metadata")) for t in templates)
