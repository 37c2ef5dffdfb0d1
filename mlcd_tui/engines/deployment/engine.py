"""The engine: Deployments one by one, and pairs of them behind a Service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Access, Plan, Refusal, Settled
from mlcd_tui.domain.ports import FleetWatch
from mlcd_tui.domain.refs import DEPLOYMENTS, JSON, PODS, REPLICA_SETS, SERVICES, Objects, Resource, RolloutRef, Scope
from mlcd_tui.domain.rollout import Rollout, RolloutDetail
from mlcd_tui.domain.text import clean
from mlcd_tui.engines._httproute import GATEWAY_CLASSES, GATEWAYS, HTTP_ROUTES
from mlcd_tui.engines._json import dig, labels_of, name_of, owned_by, rows, table, text, uid_of
from mlcd_tui.engines._lean_pods import from_raw
from mlcd_tui.engines.deployment import abilities, alone, detail, effects, lean, mirror, settling, summary, switching
from mlcd_tui.engines.deployment.kinds import ENDPOINT_SLICES, NAME, ORPHANS, PAIR, SERVICE
from mlcd_tui.engines.deployment.pair import Pair, join
from mlcd_tui.engines.deployment.state import read

_JOINED = frozenset({PAIR, ORPHANS})
_SERVICE_VERBS = frozenset({Verb.SWITCH, Verb.SWITCH_BACK})


class DeploymentEngine:
    """Plain Deployments, and blue/green by the selector of a Service between two of them."""

    name = NAME
    title = "Deployments"
    watches = (
        FleetWatch(DEPLOYMENTS, lean.LeanDeployment),
        FleetWatch(SERVICES, lean.LeanService, label_selector=SERVICE, optional=True),
    )

    def group(self, resource: Resource, decoded: Any) -> RolloutRef | None:
        """A Deployment by itself, or the pair whose label it carries; of Services only those of pairs."""
        meta = decoded.metadata
        of_pair = text(table(meta.labels).get(SERVICE))
        if of_pair:
            return RolloutRef(NAME, meta.namespace, of_pair, PAIR)
        return RolloutRef(NAME, meta.namespace, meta.name) if resource == DEPLOYMENTS else None

    def summarise(self, ref: RolloutRef, decoded: Mapping[Resource, Sequence[Any]], now: datetime) -> Rollout | None:
        """The fleet's row."""
        del now  # nothing in a row of this engine depends on it
        states = [read(item) for item in decoded.get(DEPLOYMENTS, ())]
        services = decoded.get(SERVICES, ())
        if not states:
            return None
        if ref.kind != PAIR:
            return summary.of_state(states[0])
        if not services and len(states) == 1:
            # The label alone makes no pair: without its Service in sight it is a Deployment like any other.
            return summary.of_state(states[0])
        pair = join(ref.name, states, services)
        if services:
            return summary.of_pair(ref, pair)
        # There is no Service that could be opened: the first Deployment stands for them, and tells what is missing.
        return summary.of_pair(RolloutRef(NAME, ref.namespace, pair.sides[0].name, ORPHANS), pair)

    def primary(self, ref: RolloutRef) -> tuple[Resource, str, str]:
        """The Deployment, or the Service of a pair."""
        return (SERVICES if ref.kind == PAIR else DEPLOYMENTS), ref.namespace, ref.name

    def scopes(self, ref: RolloutRef, primary: Mapping[str, Any]) -> tuple[Scope, ...]:
        """ReplicaSets and pods of the selector, and the namespace's Services; of a pair what carries its label."""
        label = f"{SERVICE}={ref.name if ref.kind == PAIR else text(labels_of(dict(primary)).get(SERVICE))}"
        if ref.kind == ORPHANS:
            return (
                Scope(SERVICES, ref.namespace, label),
                Scope(DEPLOYMENTS, ref.namespace, label),
                Scope(REPLICA_SETS, ref.namespace),
                Scope(PODS, ref.namespace),
            )
        if ref.kind == PAIR:
            # Pods and ReplicaSets carry the label too where the Service selects by it; else all must be looked at.
            own = label if SERVICE in table(dig(primary, "spec", "selector")) else ""
            return (
                Scope(SERVICES, ref.namespace, label),
                Scope(DEPLOYMENTS, ref.namespace, label),
                Scope(REPLICA_SETS, ref.namespace, own),
                Scope(PODS, ref.namespace, own),
                Scope(ENDPOINT_SLICES, ref.namespace, f"kubernetes.io/service-name={ref.name}"),
                Scope(HTTP_ROUTES, ref.namespace),
                Scope(GATEWAYS, ""),
                Scope(GATEWAY_CLASSES, ""),
            )
        selector = _selector(dig(primary, "spec", "selector"))
        return (
            Scope(DEPLOYMENTS, ref.namespace, field_selector=f"metadata.name={ref.name}"),
            Scope(REPLICA_SETS, ref.namespace, selector),
            Scope(PODS, ref.namespace, selector),
            Scope(SERVICES, ref.namespace),
        )

    def observe(self, ref: RolloutRef, objects: Objects, now: datetime) -> RolloutDetail | None:
        """The detail; None when the Deployment is not there, or the Service is not that of a pair."""
        del now
        resource, _, name = self.primary(ref)
        raw = _named(objects, resource, name)
        if raw is None:
            return None
        if ref.kind not in _JOINED:
            return detail.one(raw, objects)
        deployments = _of_pair(objects, _label(ref, objects))
        if not deployments:
            return None
        pair = self._pair(ref, objects)
        found = detail.two(ref, raw, pair, deployments, objects)
        return mirror.complete(found, mirror.look(pair, ref.namespace, objects))

    def access(self, verb: Verb, namespace: str) -> tuple[Access, ...]:
        """Patching the Deployment, to switch the Service, to copy a route; a Deployment is never retried: no right."""
        if verb not in abilities.VERBS or verb is Verb.RETRY:
            return ()
        changed = HTTP_ROUTES if verb is Verb.MIRROR else SERVICES if verb in _SERVICE_VERBS else DEPLOYMENTS
        return (Access("patch", changed, namespace),)

    def plan(self, intent: Intent, objects: Objects, now: datetime) -> Plan | Refusal:
        """What would be done, or why it cannot be."""
        if intent.verb not in abilities.VERBS:
            return Refusal(intent, clean(f"A Deployment knows no {intent.verb.value}."), clean(_INSTEAD))
        ref = intent.ref
        if ref.kind not in _JOINED:
            raw = _named(objects, DEPLOYMENTS, ref.name)
            if raw is None:
                return Refusal(intent, clean(f"{ref} does not exist any more."))
            return alone.propose(intent, _target(raw, objects, str(ref)), now)
        pair = self._pair(ref, objects)
        targets = {
            name_of(raw): _target(raw, objects, f"{ref.namespace}/{name_of(raw)}")
            for raw in _of_pair(objects, pair.name)
        }
        copying = mirror.look(pair, ref.namespace, objects)
        if intent.verb is Verb.MIRROR:
            return mirror.propose(intent, copying, now)
        proposed = switching.propose(intent, pair, _named(objects, SERVICES, pair.name), targets, now)
        if isinstance(proposed, Refusal) or proposed.requests[0].resource != SERVICES:
            return proposed
        return mirror.with_copies_off(proposed, copying, now)

    def settled(self, plan: Plan, objects: Objects, now: datetime) -> Settled:
        """Whether the plan has taken effect."""
        del now
        if settling.is_copies(plan):
            return settling.copied(plan, objects)
        switches = plan.mark.get("kind") == "selector"
        return settling.switched(plan, objects) if switches else effects.settled(plan, objects)

    def _pair(self, ref: RolloutRef, objects: Objects) -> Pair:
        name = _label(ref, objects)
        states = [read(from_raw(lean.LeanDeployment, raw)) for raw in _of_pair(objects, name)]
        services = [from_raw(lean.LeanService, raw) for raw in detail.unique(objects.get(SERVICES, ()))]
        return join(name, states, services)


_INSTEAD = "It replaces pods step by step by itself; weights, steps and analyses need Argo Rollouts."


def _label(ref: RolloutRef, objects: Objects) -> str:
    """The name that the pair's label gives: its Service's."""
    if ref.kind == PAIR:
        return ref.name
    return text(labels_of(_named(objects, DEPLOYMENTS, ref.name)).get(SERVICE))


def _named(objects: Objects, resource: Resource, name: str) -> JSON | None:
    return next((raw for raw in objects.get(resource, ()) if name_of(raw) == name), None)


def _of_pair(objects: Objects, name: str) -> list[JSON]:
    return [raw for raw in detail.unique(objects.get(DEPLOYMENTS, ())) if labels_of(raw).get(SERVICE) == name]


def _target(raw: JSON, objects: Objects, label: str) -> alone.Target:
    owned = [rs for rs in detail.unique(objects.get(REPLICA_SETS, ())) if owned_by(rs, uid_of(raw))]
    return alone.Target(raw, read(from_raw(lean.LeanDeployment, raw)), tuple(owned), label)


def _selector(selector: object) -> str:
    """A LabelSelector in the words of a list request."""
    parts = [f"{key}={value}" for key, value in table(dig(selector, "matchLabels")).items()]
    for rule in rows(dig(selector, "matchExpressions")):
        key, values = text(rule.get("key")), rule.get("values")
        listed = ",".join(text(value) for value in values) if isinstance(values, list) else ""
        match rule.get("operator"):
            case "In":
                parts.append(f"{key} in ({listed})")
            case "NotIn":
                parts.append(f"{key} notin ({listed})")
            case "Exists":
                parts.append(key)
            case "DoesNotExist":
                parts.append(f"!{key}")
            case _:
                continue
    return ",".join(parts)
