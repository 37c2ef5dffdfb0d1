"""What gateways say of a route: whether each took the present spec, and what their class makes of copies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mlcd_tui.domain.refs import JSON, Objects
from mlcd_tui.engines._httproute import (
    GATEWAY_CLASSES,
    GATEWAYS,
    GROUP,
    REFERENCE_GRANTS,
    Route,
    Target,
)
from mlcd_tui.engines._json import dig, integer, maybe_integer, name_of, rows, text, when

_SLOW = ("nginx", "apisix")
"""Proxies that answer the next request of a customer's connection only after the copy was answered."""
_NEEDED = ("Accepted", "ResolvedRefs")


@dataclass(frozen=True, slots=True)
class Parent:
    """One of the gateways (or other parents) that a route attaches itself to."""

    namespace: str
    name: str
    kind: str
    group: str
    section: str
    port: int | None

    @property
    def gateway(self) -> bool:
        """Whether it is a Gateway, which has a status of its own."""
        return (self.kind, self.group) == ("Gateway", GROUP)

    @property
    def label(self) -> str:
        """`Gateway models/public`. Not clean."""
        return f"{self.kind} {self.namespace}/{self.name}" + (f" ({self.section})" if self.section else "")


@dataclass(frozen=True, slots=True)
class Word:
    """What stands in a status about one thing: yes, no, or nothing about the present generation."""

    ok: bool | None
    sentence: str
    """Not clean."""
    since: datetime | None = None


def parents(route: Route) -> tuple[Parent, ...]:
    """All that the route attaches itself to."""
    refs = rows(dig(route.raw, "spec", "parentRefs"))
    return tuple(dict.fromkeys(_parent(ref, route.namespace) for ref in refs))


def _parent(ref: object, home: str) -> Parent:
    return Parent(
        namespace=text(dig(ref, "namespace")) or home,
        name=text(dig(ref, "name")),
        kind=text(dig(ref, "kind")) or "Gateway",
        # An empty group is the core group, where a Service as a parent belongs; a missing one is Gateway API's own.
        group=GROUP if dig(ref, "group") is None else text(dig(ref, "group")),
        section=text(dig(ref, "sectionName")),
        port=maybe_integer(dig(ref, "port")),
    )


def acceptance(route: Route) -> Word:
    """Whether every parent took the present spec: no if one refused it, None while one has not answered."""
    asked = parents(route)
    if not asked:
        return Word(ok=False, sentence="it attaches itself to no gateway (spec.parentRefs is empty)")
    words = [_answer(route, parent) for parent in asked]
    for wanted in (False, None):
        found = next((word for word in words if word.ok is wanted), None)
        if found is not None:
            return found
    latest = max((word.since for word in words if word.since), default=None)
    return Word(ok=True, sentence=f"{', '.join(parent.label for parent in asked)} accepted it", since=latest)


def _answer(route: Route, parent: Parent) -> Word:
    entries = [
        entry
        for entry in rows(dig(route.raw, "status", "parents"))
        if _parent(entry.get("parentRef"), route.namespace) == parent
    ]
    if not entries:
        return Word(None, f"waiting for {parent.label} to say whether it accepts the route")
    words = [_conditions(route, parent, entry) for entry in entries]
    for wanted in (False, None):
        found = next((word for word in words if word.ok is wanted), None)
        if found is not None:
            return found
    return words[0]


def _conditions(route: Route, parent: Parent, entry: JSON) -> Word:
    """Of one controller's answer for one parent."""
    conditions = {text(c.get("type")): c for c in reversed(rows(entry.get("conditions")))}
    for kind in _NEEDED:
        found = conditions.get(kind)
        if found is None or integer(found.get("observedGeneration")) < route.generation:
            return Word(None, f"waiting for {parent.label} to take the present spec ({kind})")
        if found.get("status") != "True":
            return Word(ok=False, sentence=f"{parent.label}: {_told(found)}")
    partly = conditions.get("PartiallyInvalid")
    if partly is not None and partly.get("status") == "True":
        return Word(ok=False, sentence=f"{parent.label}: {_told(partly)}")
    times = [when(conditions[kind].get("lastTransitionTime")) for kind in _NEEDED]
    return Word(ok=True, sentence=f"{parent.label} accepted it", since=max((t for t in times if t), default=None))


def unresolved(route: Route) -> bool:
    """Every parent took the present spec, and what stands against it is no more than a reference that leads nowhere."""
    asked = parents(route)
    words = [
        _states(route, entry)
        for entry in rows(dig(route.raw, "status", "parents"))
        if _parent(entry.get("parentRef"), route.namespace) in asked
    ]
    told = {_parent(e.get("parentRef"), route.namespace) for e in rows(dig(route.raw, "status", "parents"))}
    return bool(asked) and told.issuperset(asked) and all(w in {(True, True), (True, False)} for w in words)


def _states(route: Route, entry: JSON) -> tuple[bool | None, ...]:
    """Both conditions that matter, of the present generation; None: not told of it."""
    found = {text(c.get("type")): c for c in reversed(rows(entry.get("conditions")))}
    return tuple(
        {"True": True, "False": False}.get(text(found[kind].get("status")))
        if kind in found and integer(found[kind].get("observedGeneration")) >= route.generation
        else None
        for kind in _NEEDED
    )


def _told(condition: JSON) -> str:
    words = f"{text(condition.get('type'))} is {text(condition.get('status')) or 'not told'}"
    why = ": ".join(part for part in (text(condition.get("reason")), text(condition.get("message"))) if part)
    return f"{words}, {why}" if why else words


@dataclass(frozen=True, slots=True)
class Gate:
    """One Gateway behind a route, with its class."""

    parent: Parent
    word: Word
    """Whether it is programmed."""
    class_name: str = ""
    slow: bool = False
    """Its kind of proxy lets customers wait for slow copies."""
    features: frozenset[str] | None = None
    """What its class says to support; None: it says nothing, or cannot be seen."""


def gates(route: Route, objects: Objects) -> tuple[Gate, ...]:
    """The Gateways of a route."""
    found = {(p.namespace, p.name): p for p in parents(route) if p.gateway}
    return tuple(_gate(parent, objects) for parent in found.values())


def _gate(parent: Parent, objects: Objects) -> Gate:
    where = f"Gateway {parent.namespace}/{parent.name}"
    raw = next(
        (
            item
            for item in objects.get(GATEWAYS, ())
            if (text(dig(item, "metadata", "namespace")), name_of(item)) == (parent.namespace, parent.name)
        ),
        None,
    )
    if raw is None:
        return Gate(parent, Word(None, f"{where} cannot be seen from here"))
    name = text(dig(raw, "spec", "gatewayClassName"))
    chosen = next((item for item in objects.get(GATEWAY_CLASSES, ()) if name_of(item) == name), None)
    names = f"{name} {text(dig(chosen, 'spec', 'controllerName'))}".lower()
    return Gate(parent, _programmed(raw, where), name, any(part in names for part in _SLOW), _features(chosen))


def _programmed(raw: JSON, where: str) -> Word:
    generation = integer(dig(raw, "metadata", "generation"))
    conditions = rows(dig(raw, "status", "conditions"))
    found = next((c for c in conditions if c.get("type") == "Programmed"), None)
    if found is None or integer(found.get("observedGeneration")) < generation:
        return Word(None, f"waiting for {where} to be programmed")
    if found.get("status") != "True":
        return Word(ok=False, sentence=f"{where}: {_told(found)}")
    return Word(ok=True, sentence=f"{where} is programmed", since=when(found.get("lastTransitionTime")))


def _features(raw: JSON | None) -> frozenset[str] | None:
    listed = dig(raw, "status", "supportedFeatures")
    if not isinstance(listed, list) or not listed:
        return None
    # A list of names in the first versions, of objects since.
    return frozenset(text(dig(item, "name")) or text(item) for item in listed)


def copy_warnings(gate: Gate, percent: int) -> list[str]:
    """What a Gateway's class makes of copies."""
    found = []
    where = f"GatewayClass {gate.class_name}"
    if gate.slow:
        found.append(
            f"{where} is a proxy of the nginx family: customers wait for their next answer while the copy is slow."
        )
    if gate.features is not None and "HTTPRouteRequestMirror" not in gate.features:
        found.append(f"{where} does not say that it can copy requests (HTTPRouteRequestMirror).")
    elif gate.features is not None and percent < 100 and "HTTPRouteRequestPercentageMirror" not in gate.features:
        found.append(f"{where} does not say that it can copy a share (HTTPRouteRequestPercentageMirror).")
    return found


def needs_grant(route: Route, target: Target) -> bool:
    """Whether a target is in another namespace than the route."""
    return target.namespace != route.namespace


def granted(route: Route, target: Target, objects: Objects) -> bool:
    """Whether a ReferenceGrant of the target's namespace lets the route lead there."""
    return any(
        _grants(item, route, target)
        for item in objects.get(REFERENCE_GRANTS, ())
        if text(dig(item, "metadata", "namespace")) == target.namespace
    )


def _grants(item: JSON, route: Route, target: Target) -> bool:
    sources = rows(dig(item, "spec", "from"))
    return any(
        (text(s.get("group")), s.get("kind"), s.get("namespace")) == (GROUP, "HTTPRoute", route.namespace)
        for s in sources
    ) and any(
        (text(t.get("group")), text(t.get("kind"))) == (target.group, target.kind)
        and text(t.get("name")) in {"", target.name}
        for t in rows(dig(item, "spec", "to"))
    )
