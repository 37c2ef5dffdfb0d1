"""Copies for the side that does not serve: an HTTPRoute that leads to the Service of a pair can send them.

A Service alone copies nothing. Where a route leads to it, and the idle side has a Service of its own (the one for
trying out), a filter of the route does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import JSON_PATCH, Ability, Change, Plan, Refusal, Request
from mlcd_tui.domain.refs import JSON, SERVICES, Objects
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.traffic import Mirror, TrafficRole, TrafficTarget
from mlcd_tui.engines import _httproute as httproute
from mlcd_tui.engines import _httproute_patch as patch
from mlcd_tui.engines._httproute import HTTP_ROUTES, PAIR, SINCE, Route, Split, Target
from mlcd_tui.engines._httproute_status import Gate, acceptance, copy_warnings, gates
from mlcd_tui.engines._json import dig, maybe_integer, name_of, rows, selects, when
from mlcd_tui.engines._keepers import controller, gitops
from mlcd_tui.engines._sent import VERSION
from mlcd_tui.engines.deployment import settling
from mlcd_tui.engines.deployment.pair import Pair, side_name
from mlcd_tui.engines.deployment.planning import refuse
from mlcd_tui.engines.deployment.state import State

_HELPS = "docs/gateway-api.md says how"


@dataclass(frozen=True, slots=True)
class Copying:
    """What a route can do for a pair."""

    pair: Pair
    route: Route | None = None
    split: Split | None = None
    why_not: str = ""
    """Why no copies can begin; empty where they can. Not clean."""
    gates: tuple[Gate, ...] = ()
    """The Gateways of the route, as far as they can be seen."""

    @property
    def on(self) -> bool:
        """Copies are sent now."""
        return bool(self.split and self.split.copies)

    @property
    def percent(self) -> float | None:
        """Of the live traffic."""
        return self.split.mirror if self.split else None


def look(pair: Pair, namespace: str, objects: Objects) -> Copying:
    """What a route does for a pair now, or why none can."""
    active, other = pair.active, pair.other
    if pair.trouble or active is None or other is None:
        return Copying(pair, why_not=pair.trouble or "it has one side only; deploy the other side first")
    serving = Target(namespace, pair.name)
    routes = [route for route in map(httproute.read, objects.get(HTTP_ROUTES, ())) if _leads(route, serving)]
    if not routes:
        none = f"a Service copies nothing by itself, and no HTTPRoute leads to {pair.name}; {_HELPS}"
        return Copying(pair, why_not=none)
    if len(routes) > 1:
        names = ", ".join(route.name for route in routes)
        return Copying(pair, why_not=f"several HTTPRoutes lead to {pair.name} ({names}); copy by hand in one of them")
    (route,) = routes
    shadow = _idle(pair, active, other, namespace, objects, route)
    if shadow is None:
        alone = f"no Service leads to {other.name} alone; give it one with the label mlcd.dev/role: preview"
        return Copying(pair, route, why_not=alone)
    split = httproute.joined(route, serving, shadow)
    looks = gates(route, objects)
    return Copying(pair, route, split, _hindrance(route, split, other, looks), looks)


def _leads(route: Route, target: Target) -> bool:
    return any(rule.backend(target) is not None for rule in route.rules)


def _hindrance(route: Route, split: Split, other: State, looks: tuple[Gate, ...]) -> str:
    if split.trouble:
        return f"{split.trouble} (HTTPRoute {route.name})"
    if keeper := controller(route.raw):
        return f"{keeper} moves HTTPRoute {route.name} by itself; act on that instead"
    word = acceptance(route)
    if word.ok is not True:
        return f"HTTPRoute {route.name}: {word.sentence}"
    if closed := next((gate.word.sentence for gate in looks if gate.word.ok is False), ""):
        return closed
    return "" if other.ready else f"{other.name} has no ready pods; scale it up first"


def _idle(pair: Pair, active: State, other: State, namespace: str, objects: Objects, route: Route) -> Target | None:
    """The Service that leads to the idle side only."""
    wanted = {service.metadata.name for service in pair.preview_services}
    used = next((b.target.port for rule in route.rules for b in rule.backends if b.target.name == pair.name), None)
    for raw in objects.get(SERVICES, ()):
        selector = dig(raw, "spec", "selector")
        fits = selects(selector, other.pod_labels) and not selects(selector, active.pod_labels)
        if name_of(raw) in wanted and fits:
            return Target(namespace, name_of(raw), _port(raw, used))
    return None


def _port(raw: JSON, used: int | None) -> int | None:
    """The port that the route uses already, where the Service has it; else its first."""
    ports = [port for each in rows(dig(raw, "spec", "ports")) if (port := maybe_integer(each.get("port")))]
    return used if used in ports else next(iter(ports), None)


def ability(copying: Copying) -> Ability:
    """Whether copies can begin, change or stop."""
    if copying.on:
        return Ability(Verb.MIRROR.value, allowed=True, label=clean(f"copying {copying.percent or 0:g} %"))
    other = copying.pair.other
    label = clean(f"copy to {other.name}") if other and not copying.why_not else Clean("")
    return Ability(Verb.MIRROR.value, not copying.why_not, clean(copying.why_not), label)


def complete(detail: RolloutDetail, copying: Copying) -> RolloutDetail:
    """The detail of a pair with what is copied, and the versions as metrics name them."""
    row, found = detail.rollout, ability(copying)
    abilities = tuple(found if each.verb == found.verb else each for each in row.abilities)
    percent = max(1, round(copying.percent)) if copying.percent else None
    return replace(
        detail,
        rollout=replace(row, abilities=abilities, mirror=percent),
        mirror=_mirror(copying),
        targets=_targets(copying, row.ref.namespace),
    )


def _mirror(copying: Copying) -> Mirror:
    route, split = copying.route, copying.split
    by = clean(f"HTTPRoute {route.name}") if route else Clean("")
    if route is None or split is None or split.candidate is None:
        return Mirror(on=False, by=by, possible=False, why_not=clean(copying.why_not))
    return Mirror(
        on=copying.on,
        percent=copying.percent if copying.on else 0.0,
        to=clean(split.candidate.name, limit=253),
        by=by,
        since=when(route.notes.get(SINCE)) if copying.on else None,
        possible=copying.on or not copying.why_not,
        why_not=Clean("") if copying.on else clean(copying.why_not),
        confirmed=acceptance(route).ok,
        warnings=_slow(copying, round(copying.percent or 100)),
    )


def _slow(copying: Copying, percent: int) -> tuple[Clean, ...]:
    """What the classes of the route's Gateways make of copies."""
    return tuple(clean(told) for gate in copying.gates for told in copy_warnings(gate, percent))


def _targets(copying: Copying, namespace: str) -> tuple[TrafficTarget, ...]:
    pair, split = copying.pair, copying.split
    if pair.active is None:
        return ()
    serving = TrafficTarget(
        TrafficRole.SERVING, namespace, pair.active.version, pair.name, workload=pair.active.name, share=100.0
    )
    if pair.other is None:
        return (serving,)
    shadow = split.candidate if split else None
    # Without copies it gets nothing: after a switch it is what served before, and no shadow of anything.
    role = TrafficRole.SHADOW if copying.on else TrafficRole.IDLE
    return (
        serving,
        TrafficTarget(
            role,
            namespace,
            pair.other.version,
            shadow.name if shadow else "",
            shadow.port if shadow else None,
            pair.other.name,
            share=0.0,
        ),
    )


def propose(intent: Intent, copying: Copying, now: datetime) -> Plan | Refusal:
    """Begin, change or stop copies."""
    percent = intent.mirror if intent.mirror is not None else 0 if copying.on else 100
    if not 0 <= percent <= 100:
        return refuse(intent, "a share of copies is a percent of live traffic, 0 to 100", "Name one.")
    if copying.why_not and not (copying.on and not percent):
        return refuse(intent, copying.why_not)
    if not percent and not copying.on:
        return refuse(intent, "no traffic is copied")
    if copying.on and percent == copying.percent:
        return refuse(intent, f"the {percent} % is copied already")
    request, other = _request(copying, percent, now), copying.pair.other
    assert other is not None
    to, now_copied = side_name(other), f"{copying.percent or 0:g} %"
    begins = f"Copy {percent} % of live traffic of {intent.ref} to {to}; customers never see its answers."
    git = gitops(copying.route.raw) if copying.route else ""
    warnings = ["What a request sets off besides its answer (writes, bills, logs) happens twice."] if percent else []
    if git:
        warnings.append(f"{git} keeps the route and may revert the change; make it there as well.")
    if percent and copying.pair.active and other.ready * 100 < copying.pair.active.ready * percent:
        warnings.append(f"{other.name} has {other.ready} ready pods, {copying.pair.active.name} has more.")
    return Plan(
        intent=intent,
        title=Clean("Copy traffic" if percent else "Stop copying"),
        sentence=clean(begins if percent else f"Stop copying live traffic of {intent.ref} to {to}."),
        way_back=Clean("Copying 0 % stops it within seconds." if percent else "Copying can begin again at any time."),
        changes=(Change(clean(f"copies to {to}"), clean(now_copied), clean(f"{percent} %")),),
        requests=(request,),
        seen=(
            ("route", clean(f"{request.name} {copying.route.uid if copying.route else ''}")),
            ("copies", clean(now_copied)),
            ("gets copies", clean(f"{other.name} revision {other.revision}")),
        ),
        warnings=(*map(clean, warnings), *(_slow(copying, percent) if percent else ())),
        expect=clean(f"every gateway of HTTPRoute {request.name} accepted it"),
        mark={
            "kind": settling.COPIES,
            "name": request.name,
            "to": copying.split.candidate.name if copying.split and copying.split.candidate else "",
            "percent": str(percent),
            VERSION: copying.route.version if copying.route else "",
        },
    )


def _request(copying: Copying, percent: int, now: datetime) -> Request:
    route, split = copying.route, copying.split
    assert route is not None
    assert split is not None
    since = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    kept = route.notes.get(SINCE) if copying.on else since
    notes = {PAIR: copying.pair.name if percent else None, SINCE: str(kept) if percent and kept else None}
    body = patch.edit(route, split, mirror=percent, notes=notes)
    return Request(HTTP_ROUTES, route.namespace, route.name, body, JSON_PATCH, strict=True)


def with_copies_off(plan: Plan, copying: Copying, now: datetime) -> Plan:
    """A switch that stops copies first: they would go to the side that serves by then, and double what it does.

    First, since of two requests the second may fail: a switch that is not made while nothing is copied harms nobody.
    """
    if not copying.on or (copying.split and copying.split.trouble):
        return plan
    told = Change(clean("copies"), clean(f"{copying.percent or 0:g} %"), Clean("none"))
    off = _request(copying, 0, now)
    return replace(
        plan,
        sentence=clean(f"{plan.sentence.removesuffix('.')}, and stop copying."),
        changes=(*plan.changes, told),
        requests=(off, *plan.requests),
        mark={
            **plan.mark,
            **settling.with_copies(plan, off.name, copying.split.candidate if copying.split else None),
            VERSION: copying.route.version if copying.route else "",
        },
    )
