"""The decoded objects of one engine, grouped into rollouts, and the row of each. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from mlcd_tui.cluster.store import Delta, Undecodable
from mlcd_tui.domain.ports import Engine, Joining
from mlcd_tui.domain.refs import Resource, RolloutRef
from mlcd_tui.domain.rollout import Phase, Rollout, Strategy
from mlcd_tui.domain.text import clean
from mlcd_tui.session.lookups import Lookups

Claim: TypeAlias = tuple[Resource, str, str]
_Members = dict[Resource, dict[tuple[str, str], Any]]


class Groups:
    """Keeps the rows of one engine true with work proportional to what changed."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self.engine = engine
        self.rows: dict[RolloutRef, Rollout] = {}
        self._clock = clock
        self._members: dict[RolloutRef, _Members] = {}
        self._where: dict[tuple[Resource, tuple[str, str]], RolloutRef] = {}
        self._dirty: set[RolloutRef] = set()
        self._lookups = Lookups(engine.watches)
        self._by_object: dict[Claim, RolloutRef] = {}
        self.claims: Counter[Claim] = Counter()
        """Objects of other engines that rows claim; kept with each change, since it is asked for with each picture."""

    def apply(self, resource: Resource, deltas: Iterable[Delta[Any]]) -> None:
        """Take in what a watch reports."""
        if resource in self._lookups:
            self._dirty |= self._lookups.apply(resource, deltas) & self._members.keys()
            return
        for delta in deltas:
            place = (resource, delta.key)
            ref = self._ref(resource, delta.new) if delta.new is not None else None
            before = self._where.get(place)
            if before is not None and before != ref:
                self._drop(before, resource, delta.key)
                del self._where[place]
            if ref is not None:
                self._where[place] = ref
                self._members.setdefault(ref, {}).setdefault(resource, {})[delta.key] = delta.new
                self._dirty.add(ref)

    def refresh(self) -> bool:
        """Make the rows of what changed; whether any row did."""
        changed, now = False, self._clock()
        for ref in self._dirty:
            row, before = self._row(ref, now), self.rows.get(ref)
            if row == before:
                continue
            changed = True
            self.claims.subtract(before.claims if before else ())
            if row is None:
                del self.rows[ref], self._by_object[self.engine.primary(ref)]
                continue
            if before is None:
                self._by_object[self.engine.primary(ref)] = ref
            self.rows[ref] = row
            self.claims.update(row.claims)
        self._dirty.clear()
        return changed

    def rows_of(self, objects: Iterable[Claim]) -> Iterator[Rollout]:
        """The rows whose primary object is among `objects`."""
        return (self.rows[self._by_object[each]] for each in objects if each in self._by_object)

    def _ref(self, resource: Resource, item: Any) -> RolloutRef | None:
        if isinstance(item, Undecodable):
            kind = "" if resource == self.engine.watches[0].resource else resource.kind
            return _harmless(RolloutRef(self.engine.name, item.namespace, item.name, kind))
        ref = self.engine.group(resource, item)
        return None if ref is None else _harmless(ref)

    def _drop(self, ref: RolloutRef, resource: Resource, key: tuple[str, str]) -> None:
        members = self._members[ref]
        members[resource].pop(key, None)
        if not members[resource]:
            del members[resource]
        if not members:
            del self._members[ref]
        self._dirty.add(ref)

    def _row(self, ref: RolloutRef, now: datetime) -> Rollout | None:
        members = self._members.get(ref)
        if not members:
            return None
        broken = [m for group in members.values() for m in group.values() if isinstance(m, Undecodable)]
        if broken:
            return unreadable(ref, broken[0])
        decoded = {kind: list(group.values()) for kind, group in members.items()}
        if isinstance(self.engine, Joining):
            decoded |= {
                kind: list(found) for kind, found in self.engine.join(ref, decoded, self._lookups.view(ref)).items()
            }
        return self.engine.summarise(ref, decoded, now)


def _harmless(ref: RolloutRef) -> RolloutRef:
    """The reference as it is, unless its names carry what no API server takes: they stand on every screen."""
    namespace, name = clean(ref.namespace), clean(ref.name)
    if (namespace, name) == (ref.namespace, ref.name):
        return ref
    return replace(ref, namespace=namespace, name=name)


def unreadable(ref: RolloutRef, item: Undecodable) -> Rollout:
    """The row of an object whose fields are not what its kind promises."""
    message = clean(f"this object cannot be read: {item.why}")
    return Rollout(ref, Strategy.ROLLING, Phase.UNKNOWN, message, uid=item.uid, resource_version=item.resource_version)
