"""HTTPRoutes of the Gateway API, read: who gets live traffic, who gets copies, and which of two is the new version.

An annotation that names the two is believed. Without one, a Service that only gets copies is the new version, then
the Service with the smaller weight, then the one that stands later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from mlcd_tui.domain.refs import JSON, Resource
from mlcd_tui.engines._json import annotations_of, dig, integer, maybe_integer, name_of, table, text, uid_of
from mlcd_tui.engines._words import listed

GROUP: Final = "gateway.networking.k8s.io"
HTTP_ROUTES: Final = Resource(GROUP, "v1", "httproutes", "HTTPRoute")
GATEWAYS: Final = Resource(GROUP, "v1", "gateways", "Gateway")
GATEWAY_CLASSES: Final = Resource(GROUP, "v1", "gatewayclasses", "GatewayClass", namespaced=False)
REFERENCE_GRANTS: Final = Resource(GROUP, "v1beta1", "referencegrants", "ReferenceGrant")

STABLE: Final = "mlcd.dev/stable"
"""Annotation of a route: the Service of the version that serves, `name` or `namespace/name`."""
CANDIDATE: Final = "mlcd.dev/candidate"
"""Annotation of a route: the Service of the new version."""
SINCE: Final = "mlcd.dev/mirrored-since"
"""Annotation of a route that a start of copying leaves: when."""
PAIR: Final = "mlcd.dev/pair"
"""Annotation of a route that belongs to a blue/green of two Deployments: the Service that serves."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a rule sends requests or copies to."""

    namespace: str
    name: str
    port: int | None = None
    kind: str = "Service"
    group: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it the same as another."""
        return self.group, self.kind, self.namespace, self.name

    @property
    def service(self) -> bool:
        """Whether it is a Service, whose pods can be looked at."""
        return self.kind == "Service" and not self.group

    def label(self, home: str) -> str:
        """As sentences of the namespace `home` call it. Not clean."""
        name = self.name if self.namespace == home else f"{self.namespace}/{self.name}"
        return name if self.service else f"{self.kind} {name}"


@dataclass(frozen=True, slots=True)
class Backend:
    """One of a rule's backends."""

    index: int
    target: Target
    weight: int
    copies: bool
    """It has a filter of its own that copies requests."""
    raw: JSON


@dataclass(frozen=True, slots=True)
class Copy:
    """One of a rule's filters that copy requests."""

    index: int
    target: Target
    percent: float | None
    """None: what stands there is no share."""
    raw: JSON


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a route, at its place in the list."""

    index: int
    backends: tuple[Backend, ...]
    copies: tuple[Copy, ...]
    filters: int
    """How many filters it has, of all kinds."""

    def backend(self, target: Target | None) -> Backend | None:
        """The backend of that target."""
        return next((b for b in self.backends if target is not None and b.target.key == target.key), None)

    def copies_to(self, target: Target | None) -> tuple[Copy, ...]:
        """The copies that go to that target."""
        return tuple(c for c in self.copies if target is not None and c.target.key == target.key)

    def share(self, target: Target | None) -> float:
        """Percent of the rule's live traffic that a target is asked to answer."""
        total = sum(backend.weight for backend in self.backends)
        found = self.backend(target)
        return 100 * found.weight / total if found and total else 0.0

    def targets(self) -> Iterator[Target]:
        """Everyone it leads to, backends first."""
        yield from (backend.target for backend in self.backends)
        yield from (copy.target for copy in self.copies)


@dataclass(frozen=True, slots=True)
class Route:
    """One HTTPRoute."""

    raw: JSON
    namespace: str
    name: str
    rules: tuple[Rule, ...]
    notes: Mapping[str, Any]

    @property
    def version(self) -> str:
        """Its resourceVersion."""
        return text(dig(self.raw, "metadata", "resourceVersion"))

    @property
    def generation(self) -> int:
        """How often its spec has changed."""
        return integer(dig(self.raw, "metadata", "generation"))

    @property
    def uid(self) -> str:
        """Its uid."""
        return uid_of(self.raw)


def read(raw: JSON) -> Route:
    """The facts of a raw HTTPRoute."""
    home = text(dig(raw, "metadata", "namespace"))
    rules = tuple(_rule(index, rule, home) for index, rule in _numbered(dig(raw, "spec", "rules")))
    return Route(raw, home, name_of(raw), rules, annotations_of(raw))


def _numbered(value: object) -> list[tuple[int, JSON]]:
    """The objects of a list with their places in it: patches point at places."""
    return [(i, item) for i, item in enumerate(value) if isinstance(item, dict)] if isinstance(value, list) else []


def _rule(index: int, raw: JSON, home: str) -> Rule:
    backends = tuple(
        Backend(
            place,
            _target(ref, home),
            max(_weight(ref), 0),
            any(_is_copy(each) for _, each in _numbered(ref.get("filters"))),
            ref,
        )
        for place, ref in _numbered(raw.get("backendRefs"))
    )
    copies = tuple(
        Copy(place, _target(dig(item, "requestMirror", "backendRef"), home), _percent(item), item)
        for place, item in _numbered(raw.get("filters"))
        if _is_copy(item)
    )
    return Rule(index, backends, copies, len(filters) if isinstance(filters := raw.get("filters"), list) else 0)


def _is_copy(item: JSON) -> bool:
    return item.get("type") == "RequestMirror"


def _weight(ref: JSON) -> int:
    found = maybe_integer(ref.get("weight"))
    return 1 if found is None else found


def _target(ref: object, home: str) -> Target:
    raw = table(ref)
    return Target(
        text(raw.get("namespace")) or home,
        text(raw.get("name")),
        maybe_integer(raw.get("port")),
        text(raw.get("kind")) or "Service",
        text(raw.get("group")),
    )


def _percent(item: JSON) -> float | None:
    mirror = table(item.get("requestMirror"))
    if mirror.get("percent") is not None:
        found = maybe_integer(mirror["percent"])
        return None if found is None or not 0 <= found <= 100 else float(found)
    if (fraction := mirror.get("fraction")) is None:
        return 100.0
    above, below = maybe_integer(dig(fraction, "numerator")), integer(dig(fraction, "denominator"), 100)
    return 100 * above / below if above is not None and 0 <= above <= below and below > 0 else None


@dataclass(frozen=True)  # no slots: what is asked for with every row is reckoned once
class Split:
    """Which two a route divides its traffic between, and how."""

    stable: Target | None
    candidate: Target | None
    rules: tuple[Rule, ...] = ()
    """The rules that belong to it: they are moved together."""
    apart: tuple[Rule, ...] = ()
    """Rules that lead to one of the two and are left as they are."""
    trouble: str = ""
    """Why it cannot be told or moved; empty where it can. Not clean."""
    turned: bool = False
    """The annotations name them the other way round, but all traffic goes to the one called the candidate there."""

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """The candidate's share of live traffic by rule, each share once, smallest first."""
        return tuple(sorted({round(rule.share(self.candidate), 4) for rule in self.rules}))

    @property
    def share(self) -> float:
        """The candidate's largest share of live traffic."""
        return max(self.shares, default=0.0)

    @cached_property
    def copies(self) -> tuple[Copy, ...]:
        """The filters that copy requests to the candidate."""
        return tuple(copy for rule in self.rules for copy in rule.copies_to(self.candidate))

    @property
    def mirror(self) -> float | None:
        """Percent of live traffic that is copied to the candidate; None: nothing is, or no share that can be read."""
        return max((copy.percent for copy in self.copies if copy.percent), default=None)


def is_split(route: Route) -> bool:
    """Whether a route is a rollout of its own."""
    if PAIR in route.notes:
        return False
    return bool(_noted(route, STABLE) or _noted(route, CANDIDATE) or _pairs(route))


def split(route: Route) -> Split:
    """Which two a route divides its traffic between; with `trouble` where that cannot be told."""
    dividing = _dividing(route)
    named = _named(dividing or route.rules)
    stable, candidate, trouble = _who(route, dividing, named)
    if trouble or stable is None or candidate is None:
        return Split(stable, candidate, trouble=trouble)
    found = joined(route, stable, candidate)
    # Somebody else has moved all traffic: what is annotated as the candidate serves, and the other one did before.
    return replace(joined(route, candidate, stable), turned=True) if found.shares == (100.0,) else found


def joined(route: Route, stable: Target, candidate: Target) -> Split:
    """The split between two that are known."""
    both = [rule for rule in route.rules if _has(rule, stable) and _has(rule, candidate)]
    any_of = [rule for rule in route.rules if _has(rule, stable) or _has(rule, candidate)]
    rules = tuple(both or any_of)
    apart = tuple(rule for rule in any_of if rule not in rules)
    return Split(stable, candidate, rules, apart, _obstacle(route, rules, stable, candidate))


def _dividing(route: Route) -> list[Rule]:
    return [rule for rule in route.rules if rule.copies or len({b.target.key for b in rule.backends}) > 1]


def _pairs(route: Route) -> bool:
    return any(rule.copies or len({b.target.key for b in rule.backends}) == 2 for rule in route.rules)


def _named(rules: list[Rule] | tuple[Rule, ...]) -> dict[tuple[str, str, str, str], Target]:
    found: dict[tuple[str, str, str, str], Target] = {}
    for rule in rules:
        for target in rule.targets():
            found.setdefault(target.key, target)
    return found


def _has(rule: Rule, target: Target) -> bool:
    return rule.backend(target) is not None or bool(rule.copies_to(target))


def _noted(route: Route, key: str) -> tuple[str, str] | None:
    """The namespace and name in an annotation."""
    namespace, slash, name = text(route.notes.get(key)).strip().rpartition("/")
    return (namespace if slash else route.namespace, name) if name else None


def _who(
    route: Route, dividing: list[Rule], named: Mapping[tuple[str, str, str, str], Target]
) -> tuple[Target | None, Target | None, str]:
    """Stable, candidate, and why they cannot be told."""
    noted = _noted(route, STABLE), _noted(route, CANDIDATE)
    everyone = _named(route.rules)
    if noted[0] and noted[1]:
        stable, candidate = (_find(everyone, each) for each in noted)
        there = stable or candidate
        if noted[0] == noted[1]:
            return stable, None, f"its annotations {STABLE} and {CANDIDATE} name the same Service"
        if there is None:
            return None, None, f"no rule leads to {noted[0][1]} or {noted[1][1]}, which its annotations name"
        # A Service that no rule names yet is reached at the port of the other.
        return (
            stable or Target(*noted[0], there.port),
            candidate or Target(*noted[1], there.port),
            "",
        )
    if len(named) == 1 and (only := noted[0] or noted[1]) is not None:
        (serves,) = named.values()
        if (serves.namespace, serves.name) != only and noted[1]:  # the new version is not in the route yet
            return serves, Target(*only, serves.port), ""
    listing = [target.label(route.namespace) for target in named.values()]
    if len(named) != 2:
        many = f"{len(named)} backends ({listed(listing)})" if len(named) > 1 else f"{listed(listing)} only"
        several = f"its rules lead to {many}" if named else "its rules lead nowhere"
        return None, None, f"{several}; name the two with the annotations {STABLE} and {CANDIDATE}"
    first, second = named.values()
    if (only := noted[0] or noted[1]) is not None:
        found = _find(named, only)
        if found is None:
            return None, None, f"no rule that divides traffic leads to {only[1]}, which its annotation names"
        other = second if found is first else first
        return (found, other, "") if noted[0] else (other, found, "")
    return *_by_traffic(dividing, first, second), ""


def _find(targets: Mapping[tuple[str, str, str, str], Target], wanted: tuple[str, str] | None) -> Target | None:
    return next((target for target in targets.values() if (target.namespace, target.name) == wanted), None)


def _by_traffic(rules: list[Rule], first: Target, second: Target) -> tuple[Target, Target]:
    """What serves and the candidate, told by copies, then by weights, then by order."""
    shares = {target.key: sum(rule.share(target) for rule in rules) for target in (first, second)}
    for candidate, stable in ((second, first), (first, second)):
        copied = any(rule.copies_to(candidate) for rule in rules) and not any(rule.copies_to(stable) for rule in rules)
        if copied and not shares[candidate.key]:
            return stable, candidate
    return (second, first) if shares[second.key] > shares[first.key] else (first, second)


def _obstacle(route: Route, rules: tuple[Rule, ...], stable: Target, candidate: Target) -> str:
    """What makes moving these rules a guess."""
    ours, home = {stable.key, candidate.key}, route.namespace
    for rule in rules:
        place = f"rule {rule.index + 1}"
        keys = [backend.target.key for backend in rule.backends]
        strangers = [b.target.label(home) for b in rule.backends if b.target.key not in ours and b.weight]
        if strangers:
            return f"{place} sends live traffic to {listed(strangers)} as well; give that a route of its own"
        if len(set(keys)) < len(keys):
            return f"{place} names one Service twice; name each once"
        if any(backend.copies for backend in rule.backends):
            return f"{place} copies requests by a filter of one backend; move that filter to the rule"
        if rule.backends and not sum(backend.weight for backend in rule.backends):
            return f"all weights of {place} are 0, so it answers 500; set one by hand"
        if any(copy.percent is None for copy in rule.copies_to(candidate)):
            return f"{place} copies a share that cannot be read; mend its percent or fraction"
    if not rules:
        return f"no rule leads to {stable.label(home)} or {candidate.label(home)}"
    return ""
