"""What Istio's VirtualServices of a canary really say: the share of the new version, and what is copied to it.

Tried on the controller (1.10): it puts weights back that somebody else changed, but never a mirror route that was taken
out or changed by hand, as long as no step makes it anew. What is copied is told by the route alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mlcd_tui.domain.refs import EVENTS, JSON, Objects, Resource, Scope
from mlcd_tui.engines._json import created, dig, integer, maybe_integer, name_of, rows, table, text, when
from mlcd_tui.engines._words import listed

VIRTUAL_SERVICES: Final = Resource("networking.istio.io", "v1alpha3", "virtualservices", "VirtualService")
"""In the version that the controller itself uses unless it is told otherwise."""

_LOCAL = ".cluster.local"


@dataclass(frozen=True, slots=True)
class Copy:
    """One HTTP route that copies requests to the new version."""

    of: str
    """Name of its VirtualService. Not clean."""
    route: str
    """Name of the HTTP route; empty: it has none. Not clean."""
    percent: float
    """Of the requests that it matches."""
    match: str
    """Which requests those are; empty: all. Not clean."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at all the VirtualServices of a canary."""

    names: tuple[str, ...]
    """With their namespace where that is another one. Not clean."""
    missing: tuple[str, ...] = ()
    """Those that are not there. Not clean."""
    bare: tuple[str, ...] = ()
    """Those that are there and copy nothing to the new version. Not clean."""
    share: int | None = None
    """Weight of the new version of a hundred; None: no route names both versions."""
    copies: tuple[Copy, ...] = ()
    refused: bool = False
    """Istio says that it does not take one of them."""
    changed: datetime | None = None
    """When somebody last wrote HTTP routes."""

    @property
    def percent(self) -> float | None:
        """The most that any route copies; None: nothing is copied."""
        return max((copy.percent for copy in self.copies), default=None)

    @property
    def label(self) -> str:
        """`VirtualService api`. Not clean."""
        return f"VirtualService {listed(list(self.names))}"


def named(raw: JSON) -> list[tuple[str, str, list[str]]]:
    """Namespace, name and HTTP routes of each VirtualService that the canary steers. Not clean."""
    istio = dig(raw, "spec", "strategy", "canary", "trafficRouting", "istio")
    given = [table(dig(istio, "virtualService")), *rows(dig(istio, "virtualServices"))]
    home, found = text(dig(raw, "metadata", "namespace")), []
    for one in given:
        # `name.namespace` is another namespace's; a namespace has no dot, so the last part is it.
        name, dot, namespace = text(one.get("name")).removesuffix(_LOCAL).rpartition(".")
        if not dot:
            name, namespace = namespace, home
        routes = one.get("routes")
        if name:
            found.append((namespace or home, name, [text(r) for r in routes] if isinstance(routes, list) else []))
    return found


def scopes(raw: JSON) -> list[Scope]:
    """Where the VirtualServices are."""
    return [
        Scope(VIRTUAL_SERVICES, namespace, field_selector=f"metadata.name={name}")
        for namespace, name in dict.fromkeys((namespace, name) for namespace, name, _ in named(raw))
    ]


def read(raw: JSON, services: tuple[str, str], objects: Objects) -> Reading | None:
    """The look; None where the canary has no such router, or its VirtualServices may not be seen.

    Args:
        raw: the rollout.
        services: those of the stable version and of the new one.
        objects: with the VirtualServices, if they may be seen.
    """
    wanted, home = named(raw), text(dig(raw, "metadata", "namespace"))
    if not wanted or VIRTUAL_SERVICES not in objects:
        return None
    there = {(text(dig(item, "metadata", "namespace")) or home, name_of(item)): item
             for item in objects[VIRTUAL_SERVICES]}  # fmt: skip
    sides = _Sides.of(raw, services, home)
    names, missing, bare, copies = [], [], [], []
    shares: list[int] = []
    written: list[datetime] = []
    refused = False
    for namespace, name, routes in wanted:
        label = name if namespace == home else f"{namespace}/{name}"
        names.append(label)
        item = there.get((namespace, name))
        if item is None:
            missing.append(label)
            continue
        http = rows(dig(item, "spec", "http"))
        found = [copy for route in _reached(http) if (copy := sides.copy(route, namespace, label)) is not None]
        copies += found
        if not found:
            bare.append(label)
        chosen = [route for route in http if not routes or text(route.get("name")) in routes]
        shares += [share for route in chosen if (share := sides.share(route, namespace)) is not None]
        refused = refused or _refused(item)
        written += [at for at in (_written(item),) if at is not None]
    return Reading(
        tuple(names), tuple(missing), tuple(bare), max(shares, default=None), tuple(copies), refused,
        max(written, default=None),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Sides:
    """How a route names the two versions: by Services, or by subsets of a DestinationRule."""

    stable: str
    canary: str
    subsets: bool
    home: str

    @staticmethod
    def of(raw: JSON, services: tuple[str, str], home: str) -> _Sides:
        rule = dig(raw, "spec", "strategy", "canary", "trafficRouting", "istio", "destinationRule")
        subsets = text(dig(rule, "stableSubsetName")), text(dig(rule, "canarySubsetName"))
        return (
            _Sides(*subsets, subsets=True, home=home) if all(subsets) else _Sides(*services, subsets=False, home=home)
        )

    def names(self, destination: object, side: str, namespace: str) -> bool:
        """Whether a destination is this version. A host is `name`, `name.namespace` and so on."""
        if self.subsets:
            return bool(side) and text(dig(destination, "subset")) == side
        name, _, rest = text(dig(destination, "host")).partition(".")
        return bool(side) and name == side and (rest.partition(".")[0] or namespace) == self.home

    def share(self, route: JSON, namespace: str) -> int | None:
        """The new version's part of one route, of a hundred."""
        given = rows(route.get("route"))
        weights = [(item.get("destination"), max(integer(item.get("weight")), 0)) for item in given]
        total = sum(weight for _, weight in weights)
        mine = [weight for destination, weight in weights if self.names(destination, self.canary, namespace)]
        if not mine or total <= 0 or not any(self.names(d, self.stable, namespace) for d, _ in weights):
            return None
        return round(100 * sum(mine) / total)

    def copy(self, route: JSON, namespace: str, label: str) -> Copy | None:
        """What one route copies to the new version."""
        given = [(route.get("mirror"), _percent(route))]
        given += [(one.get("destination"), _percent(one, "percentage")) for one in rows(route.get("mirrors"))]
        mine = [percent for to, percent in given if percent > 0 and self.names(to, self.canary, namespace)]
        if not mine:
            return None
        return Copy(label, text(route.get("name")), max(mine), _matches(route))


def _percent(of: JSON, key: str = "mirrorPercentage") -> float:
    """A percentage; without one everything is copied."""
    value = dig(of, key, "value")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return min(max(float(value), 0.0), 100.0) if value == value else 0.0  # noqa: PLR0124 - not a number
    if isinstance(of.get(key), dict):
        return 0.0  # protobuf leaves a zero out
    old = maybe_integer(of.get("mirrorPercent", of.get("mirror_percent")))
    return 100.0 if old is None else float(min(max(old, 0), 100))


def _reached(http: Iterable[JSON]) -> list[JSON]:
    """The routes that a request can come to: the first that matches has it, so none behind one that matches all."""
    found = []
    for route in http:
        found.append(route)
        if not _matches(route):
            break
    return found


def _matches(route: JSON) -> str:
    """Which requests a route is for; empty: all of them."""
    ways = []
    for match in rows(route.get("match")):
        parts = [_one(key, value) for key, value in match.items() if key != "name"]
        parts = [part for part in parts if part]
        if not parts:
            return ""
        ways.append(" and ".join(parts))
    return " or ".join(ways)


def _one(key: str, value: object) -> str:
    if key == "uri" and value == {"prefix": "/"}:
        return ""
    if key in {"headers", "queryParams", "withoutHeaders"}:
        what = {"headers": "header", "queryParams": "query", "withoutHeaders": "not header"}[key]
        return " and ".join(f"{what} {name} {_text_match(each)}".strip() for name, each in table(value).items())
    word = {"uri": "path"}.get(key, key)
    return f"{word} {_text_match(value)}".strip()


def _text_match(value: object) -> str:
    if not isinstance(value, dict):
        return text(value) or str(value)
    return ", ".join(text(each) if how == "exact" else f"{how} {text(each)}" for how, each in value.items())


def _refused(item: JSON) -> bool:
    """Whether Istio's own condition says that it does not take it; where its status is off, nobody says anything."""
    return any(
        c.get("type") == "Reconciled" and c.get("status") == "False" for c in rows(dig(item, "status", "conditions"))
    )


def _written(item: JSON) -> datetime | None:
    """When the owner of the HTTP routes last wrote."""
    times = [
        when(entry.get("time"))
        for entry in rows(dig(item, "metadata", "managedFields"))
        if "f:http" in table(dig(entry, "fieldsV1", "f:spec"))
    ]
    return max((at for at in times if at is not None), default=None)


def since(raw: JSON, reading: Reading, objects: Objects, begun: datetime | None, *, untouched: bool) -> datetime | None:
    """When the copying began as it is now; None: nobody tells any more.

    The controller tells of it in an event, which clusters keep for an hour; later the route itself, if nothing else
    was to be written into it since.

    Args:
        raw: the rollout.
        reading: what the route says.
        objects: with the events.
        begun: when the new version was made; what was before is of another update.
        untouched: no step behind the one that made the copies writes into the route.
    """
    words = {f"set mirrorRoute '{copy.route}'" for copy in reading.copies}
    told = [
        at
        for event in objects.get(EVENTS, ())
        if dig(event, "involvedObject", "name") == name_of(raw)
        and dig(event, "involvedObject", "kind") == "Rollout"
        and any(text(event.get("message")).endswith(each) for each in words)
        and (at := when(event.get("lastTimestamp")) or when(event.get("eventTime")) or created(event)) is not None
        and (begun is None or at >= begun)
    ]
    return max(told, default=reading.changed if untouched else None)
