"""What the route really does: the share of the new version, and whether requests are copied to it.

Flagger writes weights and copies into the HTTPRoute or VirtualService; its own status can be behind them, or wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mlcd_tui.domain.refs import JSON
from mlcd_tui.engines._json import dig, integer, maybe_integer, rows, table, text
from mlcd_tui.engines.flagger import lean


@dataclass(frozen=True, slots=True)
class Route:
    """One look at the route of a Canary."""

    kind: str
    name: str
    share: int | None
    """Percent of live traffic for the new version; None: no rule names both versions."""
    mirror: float | None
    """Percent that is copied; None: none."""
    confirmed: bool | None
    """Whether its gateways have taken the present setting; None: nobody tells."""


def read(kind: str, route: lean.LeanRoute, primary: str, canary: str) -> Route:
    """The facts of a route between two Services."""
    spec = table(route.spec)
    if kind == "HTTPRoute":
        rules = rows(spec.get("rules"))
        found = [[(_backend(b), b) for b in rows(r.get("backendRefs"))] for r in rules]
        share = _share(found, primary, canary, "filters")
        mirror = _most(_http_copies(rule, canary) for rule in rules)
        return Route(kind, route.metadata.name, share, mirror, _accepted(route))
    rules = rows(spec.get("http"))
    found = [[(_host(b), b) for b in rows(r.get("route"))] for r in rules]
    mirror = _most(_istio_copies(rule, canary) for rule in rules)
    return Route(kind, route.metadata.name, _share(found, primary, canary, "headers"), mirror, None)


def _backend(ref: JSON) -> str:
    return text(ref.get("name"))


def _host(route: JSON) -> str:
    """A host is `name`, or `name.namespace` and so on."""
    return text(dig(route, "destination", "host")).partition(".")[0]


def _share(rules: list[list[tuple[str, JSON]]], primary: str, canary: str, marked: str) -> int | None:
    """The share in the first rule that names both, or only the primary.

    With session affinity the first rule is that of the clients who have the cookie, all of them with the new version;
    shares are those of the rule that hands the cookie out, which is `marked` by a field of a backend of its own.
    """
    found: int | None = None
    for rule in sorted(rules, key=lambda rule: not any(backend.get(marked) for _, backend in rule)):
        # A missing weight is 1 on Gateway API; Istio gives a lone destination everything.
        weights = {name: max(integer(backend.get("weight"), 1), 0) for name, backend in rule}
        total = sum(weights.values())
        if primary in weights and canary in weights:
            return round(100 * weights[canary] / total) if total else 0
        if found is None and primary in weights:
            found = 0
    return found


def _most(copies: Iterable[float | None]) -> float | None:
    return max((each for each in copies if each), default=None)


def _http_copies(rule: JSON, canary: str) -> float | None:
    for item in rows(rule.get("filters")):
        mirror = table(item.get("requestMirror"))
        if item.get("type") == "RequestMirror" and text(dig(mirror, "backendRef", "name")) == canary:
            if (percent := maybe_integer(mirror.get("percent"))) is not None:
                return float(min(max(percent, 0), 100))
            above = maybe_integer(dig(mirror, "fraction", "numerator"))
            below = integer(dig(mirror, "fraction", "denominator"), 100)
            return 100.0 if above is None or below <= 0 else min(100.0 * max(above, 0) / below, 100.0)
    return None


def _istio_copies(rule: JSON, canary: str) -> float | None:
    if text(dig(rule, "mirror", "host")).partition(".")[0] != canary:
        return None
    value = dig(rule, "mirrorPercentage", "value")
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100:
        return float(value)
    return 100.0


def _accepted(route: lean.LeanRoute) -> bool | None:
    """Whether each gateway that tells of the route has accepted it as it is now."""
    generation, parents = integer(route.metadata.generation), rows(dig(table(route.status), "parents"))
    if not parents:
        return None
    for parent in parents:
        conditions = {text(c.get("type")): c for c in rows(parent.get("conditions"))}
        for kind in ("Accepted", "ResolvedRefs"):
            found = conditions.get(kind)
            if found is None or found.get("status") != "True" or integer(found.get("observedGeneration")) < generation:
                return False
    return True
