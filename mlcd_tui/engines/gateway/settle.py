"""Whether a plan has taken effect: our own write proves nothing, only what the gateways report does."""

from __future__ import annotations

from mlcd_tui.domain.plan import Plan, Settled
from mlcd_tui.domain.refs import DEPLOYMENTS, JSON, Objects
from mlcd_tui.domain.text import clean
from mlcd_tui.engines import _httproute as httproute
from mlcd_tui.engines._httproute import HTTP_ROUTES, Route, Split
from mlcd_tui.engines._httproute_patch import holds
from mlcd_tui.engines._httproute_status import acceptance, gates, unresolved
from mlcd_tui.engines._json import dig, integer, maybe_integer, name_of, text
from mlcd_tui.engines._keepers import managers
from mlcd_tui.engines._sent import unchanged
from mlcd_tui.engines._settled import never, not_yet
from mlcd_tui.engines._workload import template_containers
from mlcd_tui.engines.gateway import behind
from mlcd_tui.engines.gateway.kinds import RESTARTED
from mlcd_tui.engines.gateway.state import Side

_OURS = "mlcd-tui"


def settled(plan: Plan, objects: Objects) -> Settled:
    """Done, failed for good, or what it is waiting for."""
    ours = plan.mark.get("kind") == "traffic"
    resource, name = (HTTP_ROUTES, plan.intent.ref.name) if ours else (DEPLOYMENTS, plan.mark.get("name", ""))
    raw = next((item for item in objects.get(resource, ()) if name_of(item) == name), None)
    if raw is None:
        return never(f"{resource.kind} {name} is gone")
    if unchanged(plan, objects):
        return not_yet("waiting for the change to be seen")
    return _traffic(plan, raw, objects) if ours else _deployment(plan, raw)


def _traffic(plan: Plan, raw: JSON, objects: Objects) -> Settled:
    route = httproute.read(raw)
    split = _same_split(plan, route)
    share, mirror = maybe_integer(plan.mark.get("share")), maybe_integer(plan.mark.get("mirror"))
    places = {maybe_integer(place) for place in plan.mark.get("rules", "").split(",")}
    moved = tuple(rule for rule in route.rules if rule.index in places)
    if split is None or len(moved) != len(places) or not holds(moved, split, share=share, mirror=mirror):
        last = next((manager for manager in managers(raw) if manager != _OURS), "")
        return never(f"the route was changed again by {last or 'somebody else'}")
    word = acceptance(route)
    if word.ok is False and share in {0, 100} and (gone := _left_behind(route, split, objects, aborted=share == 0)):
        return Settled(
            done=True, sentence=clean(f"the gateways took it; {gone}, which gets no traffic, cannot be reached")
        )
    if word.ok is not True:
        return never(word.sentence) if word.ok is False else not_yet(word.sentence)
    looks = gates(route, objects)
    for gate in looks:
        if gate.word.ok is False:
            return never(gate.word.sentence)
        # A Gateway that the user may not read is no reason to wait: its answer for the route was read.
        if gate.word.ok is None and gate.class_name:
            return not_yet(gate.word.sentence)
    programmed = "; ".join(gate.word.sentence for gate in looks if gate.word.ok)
    return Settled(done=True, sentence=clean(f"{word.sentence}{f'; {programmed}' if programmed else ''}"))


def _same_split(plan: Plan, route: Route) -> Split | None:
    """The split that the plan was made on, in the route as it is now: after a switch its roles are the other way."""
    everyone = {"/".join(target.key): target for rule in route.rules for target in rule.targets()}
    stable, candidate = (everyone.get(plan.mark.get(who, "")) for who in ("stable", "candidate"))
    if candidate is None and stable is not None and plan.mark.get("mirror") == "0":
        candidate = _absent(plan.mark.get("candidate", ""))
    return httproute.joined(route, stable, candidate) if stable and candidate else None


def _left_behind(route: Route, split: Split, objects: Objects, *, aborted: bool) -> str:
    """The side that got nothing, where a reference to it alone leads nowhere: a way back is not failed by that."""
    if split.stable is None or split.candidate is None or not unresolved(route):
        return ""
    stable, candidate = (
        behind.look(route, Side(target, route.namespace), objects) for target in (split.stable, split.candidate)
    )
    kept, left = (stable, candidate) if aborted else (candidate, stable)
    whole, missing = kept.found is True and kept.granted, left.found is False or not left.granted
    return left.label if whole and missing else ""


def _absent(key: str) -> httproute.Target | None:
    """A target that no rule names any more, since its copies were all there was."""
    parts = key.split("/")
    return httproute.Target(parts[2], parts[3], None, parts[1], parts[0]) if len(parts) == 4 else None


def _deployment(plan: Plan, raw: JSON) -> Settled:
    template = dig(raw, "spec", "template")
    there = {f"image {text(c.get('name'))}": text(c.get("image")) for c, _ in template_containers(template)}
    there["restarted"] = text(dig(template, "metadata", "annotations", RESTARTED))
    wanted = {key: value for key, value in plan.mark.items() if key == "restarted" or key.startswith("image ")}
    name = name_of(raw)
    if any(there.get(key) != value for key, value in wanted.items()):
        return never(f"Deployment {name} was changed again by somebody else")
    status = dig(raw, "status")
    if integer(dig(status, "observedGeneration")) < integer(dig(raw, "metadata", "generation")):
        return not_yet("waiting for the controller to see the change")
    new, wished = integer(dig(status, "updatedReplicas")), integer(dig(raw, "spec", "replicas"), 1)
    told = f"{new} of {wished} pods of {name} are new"
    return Settled(done=new > 0 or wished == 0, sentence=clean(told))
