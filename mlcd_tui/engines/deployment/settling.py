"""Whether copies of a pair, and a switch of it, have taken effect: by what gateways and controllers report."""

from __future__ import annotations

from mlcd_tui.domain.plan import Plan, Settled
from mlcd_tui.domain.refs import JSON, REPLICA_SETS, SERVICES, Objects, Resource
from mlcd_tui.domain.text import clean
from mlcd_tui.engines import _httproute as httproute
from mlcd_tui.engines._httproute import HTTP_ROUTES, Route, Target
from mlcd_tui.engines._httproute_status import acceptance, gates
from mlcd_tui.engines._json import dig, maybe_integer, name_of, rows, text
from mlcd_tui.engines._sent import VERSION, unchanged
from mlcd_tui.engines._settled import never, not_yet
from mlcd_tui.engines._words import pods
from mlcd_tui.engines.deployment import effects
from mlcd_tui.engines.deployment.kinds import ENDPOINT_SLICES

COPIES = "copies"
"""What a plan that changes copies only is marked as."""
_ROUTE, _TO, _SERVICE_VERSION = "copying route", "copied to", "service version"


def is_copies(plan: Plan) -> bool:
    """Whether a plan changes copies only."""
    return plan.mark.get("kind") == COPIES


def with_copies(plan: Plan, route: str, to: Target | None) -> dict[str, str]:
    """What a switch that stops copies as well is judged by."""
    return {_ROUTE: route, _TO: to.name if to else "", _SERVICE_VERSION: plan.mark.get(VERSION, "")}


def copied(plan: Plan, objects: Objects) -> Settled:
    """Done when the route's gateways say that they took it."""
    name = plan.mark.get("name", "")
    raw = _named(objects, HTTP_ROUTES, name)
    if raw is None:
        return never(f"HTTPRoute {name} is gone")
    if unchanged(plan, objects):
        return not_yet("waiting for the change to be seen")
    route = httproute.read(raw)
    if _copies(route, plan.mark.get("to", "")) != maybe_integer(plan.mark.get("percent")):
        return never("the route was changed again by somebody else")
    return _taken(route, objects)


def _copies(route: Route, to: str) -> float:
    target = Target(route.namespace, to)
    return max((copy.percent or 0 for rule in route.rules for copy in rule.copies_to(target)), default=0.0)


def _taken(route: Route, objects: Objects) -> Settled:
    """What the gateways of a route say of it."""
    word = acceptance(route)
    if word.ok is not True:
        return never(word.sentence) if word.ok is False else not_yet(word.sentence)
    for gate in gates(route, objects):
        if gate.word.ok is False:
            return never(gate.word.sentence)
        # A Gateway that the user may not read is no reason to wait: its answer for the route was read.
        if gate.word.ok is None and gate.class_name:
            return not_yet(gate.word.sentence)
    return Settled(done=True, sentence=clean(word.sentence))


def switched(plan: Plan, objects: Objects) -> Settled:
    """Done when the Service's endpoints are the pods of the side that takes over, and nothing is copied any more."""
    raw = _named(objects, SERVICES, plan.mark.get("name", ""))
    seen = plan.mark.get(_SERVICE_VERSION, "")
    if raw is not None and seen and text(dig(raw, "metadata", "resourceVersion")) == seen:
        return not_yet(f"waiting for Service {name_of(raw)} to be changed")
    found = effects.settled(plan, objects)
    if not found.done:
        return found
    found = _endpoints(plan, objects) or found
    copying = _named(objects, HTTP_ROUTES, plan.mark.get(_ROUTE, ""))
    if not found.done or copying is None:
        return found
    route = httproute.read(copying)
    if _copies(route, plan.mark.get(_TO, "")):
        return never(f"HTTPRoute {route.name} copies to {plan.mark.get(_TO, '')} again, which serves by now")
    taken = _taken(route, objects)
    return Settled(done=True, sentence=clean(f"{found.sentence}; {taken.sentence}")) if taken.done else taken


def _endpoints(plan: Plan, objects: Objects) -> Settled | None:
    """What the controller made of the selector; None: its slices cannot be seen."""
    name = plan.mark.get("name", "")
    told = [
        (text(dig(endpoint, "targetRef", "name")), dig(endpoint, "conditions", "ready") is not False)
        for item in objects.get(ENDPOINT_SLICES, ())
        for endpoint in rows(item.get("endpoints"))
    ]
    if not objects.get(ENDPOINT_SLICES):
        return None
    sets = {name_of(rs): _owner(rs) for rs in objects.get(REPLICA_SETS, ())}
    sides = [sets.get(pod.rpartition("-")[0], "") for pod, ready in told if ready]
    arrived, left = sides.count(plan.mark.get("takes over", "")), sides.count(plan.mark.get("leaves", ""))
    if left or not arrived:
        return not_yet(f"waiting for the endpoints of Service {name}: {left} of {plan.mark.get('leaves', '')}")
    return Settled(
        done=True, sentence=clean(f"Service {name} leads to {pods(arrived)} of {plan.mark.get('takes over', '')}")
    )


def _owner(raw: JSON) -> str:
    return next((text(o.get("name")) for o in rows(dig(raw, "metadata", "ownerReferences")) if o.get("controller")), "")


def _named(objects: Objects, resource: Resource, name: str) -> JSON | None:
    return next((item for item in objects.get(resource, ()) if name and name_of(item) == name), None)
