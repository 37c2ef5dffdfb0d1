"""What the simulated cluster knows: objects, their versions, and the history that watches read."""

from __future__ import annotations

import random
import uuid
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from mlcd_tui.demo import statuses
from mlcd_tui.demo.clock import Clock
from mlcd_tui.demo.kinds import KINDS, Kind

Object = dict[str, Any]
Key = tuple[str, str]
Part = Literal["main", "status", "all"]

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""Of generated names."""
HISTORY = 4000
"""Changes kept per kind; half of them go when there are more."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored object, never changed in place, and its JSON."""

    item: Object
    raw: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """One step of the history."""

    version: int
    type: Literal["ADDED", "MODIFIED", "DELETED"]
    kind: Kind
    item: Object
    raw: bytes
    before: Object | None


@dataclass(slots=True)
class _Shelf:
    entries: dict[Key, Entry] = field(default_factory=dict)
    history: list[Change] = field(default_factory=list)
    compacted: int = 0
    listeners: list[Callable[[Change], None]] = field(default_factory=list)


def key_of(item: Object) -> Key:
    """Namespace and name."""
    meta = item["metadata"]
    return meta.get("namespace", ""), meta["name"]


class Store:
    """All objects of the cluster, with the rules of the API server for versions and generations."""

    def __init__(self, clock: Clock, seed: int = 1) -> None:
        self.clock = clock
        self.random = random.Random(seed)  # noqa: S311 - names, not secrets
        self.version = 1000
        self.start_seconds = (3.0, 7.0)
        """How long a pod takes to become ready, unless an annotation says otherwise."""
        self.stop_seconds = 1.5
        """How long a pod takes to end."""
        self.series: dict[str, tuple[float, float]] = {}
        """Between which values a metric lies, by `namespace/metric`."""
        self.told: dict[str, dict[tuple[str, str], str]] = {}
        """Names of the events about each object, by uid, reason and message."""
        self._apart: dict[str, random.Random] = {}
        self._shelves = {kind.plural: _Shelf(compacted=1000) for kind in KINDS}
        self._owned: dict[str, dict[tuple[str, Key], Kind]] = defaultdict(dict)

    # reading

    def find(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """The stored object, not to be changed, or None."""
        entry = self._shelves[kind.plural].entries.get((namespace, name))
        return entry.item if entry else None

    def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """The stored object, not to be changed; raises 404."""
        if (item := self.find(kind, namespace, name)) is None:
            raise statuses.not_found(kind, name)
        return item

    def copy(self, kind: Kind, namespace: str, name: str) -> Object:
        """A fresh copy to work on; raises 404."""
        self.get(kind, namespace, name)
        fresh: Object = msgspec.json.decode(self._shelves[kind.plural].entries[namespace, name].raw)
        return fresh

    def entries(self, kind: Kind, namespace: str = "") -> list[tuple[Key, Entry]]:
        """Keys and entries in the order of keys, of one namespace or of all."""
        found = self._shelves[kind.plural].entries.items()
        return sorted((pair for pair in found if not namespace or pair[0][0] == namespace), key=lambda pair: pair[0])

    def owned(self, owner: Object, kind: Kind) -> list[Object]:
        """What names `owner` as its owner, in the order of names."""
        keys = sorted(key for (plural, key) in self._owned.get(owner["metadata"]["uid"], {}) if plural == kind.plural)
        shelf = self._shelves[kind.plural]
        return [shelf.entries[key].item for key in keys]

    def copies(self, owner: Object, kind: Kind) -> list[Object]:
        """Fresh copies of what names `owner` as its owner."""
        return [self.copy(kind, *key_of(item)) for item in self.owned(owner, kind)]

    def since(self, kind: Kind, version: int) -> Iterator[Change]:
        """The changes after `version`; raises 410 when they are no longer kept."""
        shelf = self._shelves[kind.plural]
        if version < shelf.compacted:
            raise statuses.expired(f"too old resource version: {version} ({shelf.compacted})")
        start = bisect_right(shelf.history, version, key=lambda change: change.version)
        yield from shelf.history[start:]

    def compacted(self, kind: Kind) -> int:
        """The oldest version that a watch or a continued list may start from."""
        return self._shelves[kind.plural].compacted

    def listen(self, kind: Kind, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Calls `listener` for each change from now on; returns what ends it."""
        listeners = self._shelves[kind.plural].listeners
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    # writing

    def apart(self, *places: str) -> None:
        """Gives namespaces, names of objects outside of them, or kinds by their plural, chances of their own.

        A story that joins others then leaves their names and times as they were.
        """
        self._apart.update((place, random.Random(place)) for place in places)  # noqa: S311 - names, not secrets

    def chance(self, namespace: str) -> random.Random:
        """Where random names and times of a namespace come from."""
        return self._apart.get(namespace, self.random)

    def create(self, kind: Kind, item: Object, *, dry_run: bool = False) -> Object:
        """Stores a new object; raises 409 when the name is taken."""
        meta = dict(item.get("metadata") or {})
        chance = self._apart.get(kind.plural) or self.chance(meta.get("namespace") or meta.get("name", ""))
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"] + "".join(chance.choices(_ALPHABET, k=5))
        if not kind.namespaced:
            meta.pop("namespace", None)
        key = (meta.get("namespace", ""), meta["name"])
        if key in self._shelves[kind.plural].entries:
            raise statuses.exists(kind, meta["name"])
        meta["uid"] = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        meta.setdefault("creationTimestamp", self.clock.text())
        if kind.generation:
            meta["generation"] = 1
        fresh = {"apiVersion": kind.api_version, "kind": kind.kind, **item, "metadata": meta}
        return fresh if dry_run else self._record(kind, "ADDED", fresh, None)

    def update(self, kind: Kind, item: Object, part: Part = "main", *, dry_run: bool = False) -> Object:
        """Replaces an object by the rules of the main resource or of /status; raises 404 and 409.

        A resourceVersion in `item` must be the present one. Nothing happens when nothing changes.
        """
        namespace, name = key_of(item)
        old = self.get(kind, namespace, name)
        wanted = item["metadata"].get("resourceVersion")
        if wanted and wanted != old["metadata"]["resourceVersion"]:
            raise statuses.conflict(kind, name)
        if (uid := item["metadata"].get("uid")) and uid != old["metadata"]["uid"]:
            why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {old['metadata']['uid']}"
            raise statuses.conflict(kind, name, why)
        fresh = self._combined(kind, old, item, part)
        if fresh == old:
            return old
        return fresh if dry_run else self._record(kind, "MODIFIED", fresh, old)

    @staticmethod
    def _combined(kind: Kind, old: Object, item: Object, part: Part) -> Object:
        system = {
            name: old["metadata"][name]
            for name in ("uid", "creationTimestamp", "resourceVersion", "generation", "deletionTimestamp")
            if name in old["metadata"]
        }
        if part == "status":
            return {**old, **({"status": item["status"]} if "status" in item else {})}
        fresh = {**item, "apiVersion": old["apiVersion"], "kind": old["kind"]}
        fresh["metadata"] = {**item["metadata"], **system}
        if part == "main" and kind.status:
            fresh.pop("status", None)
            if "status" in old:
                fresh["status"] = old["status"]
        if kind.generation and _counted(kind, fresh) != _counted(kind, old):
            fresh["metadata"]["generation"] = old["metadata"]["generation"] + 1
        return fresh

    def terminate(self, kind: Kind, namespace: str, name: str) -> None:
        """Marks an object as being deleted; its controller removes it."""
        item = self.copy(kind, namespace, name)
        if "deletionTimestamp" not in item["metadata"]:
            old = self.get(kind, namespace, name)
            item["metadata"]["deletionTimestamp"] = self.clock.text()
            item["metadata"]["deletionGracePeriodSeconds"] = 30
            self._record(kind, "MODIFIED", item, old)

    def delete(self, kind: Kind, namespace: str, name: str) -> Object:
        """Removes an object and, as the garbage collector does, what it owned; raises 404."""
        old = self.get(kind, namespace, name)
        gone = self._record(kind, "DELETED", old, old)
        for (plural, (owned_namespace, owned_name)), owned in list(self._owned.pop(old["metadata"]["uid"], {}).items()):
            if (owned_namespace, owned_name) in self._shelves[plural].entries:
                self.delete(owned, owned_namespace, owned_name)
        return gone

    def forget(self, kind: Kind | None = None) -> None:
        """Compacts the history, so that watches from an older version and continued lists get their 410."""
        self.version += 1
        for plural, shelf in self._shelves.items():
            if kind is None or plural == kind.plural:
                shelf.history.clear()
                shelf.compacted = self.version

    def _record(
        self, kind: Kind, change: Literal["ADDED", "MODIFIED", "DELETED"], item: Object, before: Object | None
    ) -> Object:
        self.version += 1
        item = {**item, "metadata": {**item["metadata"], "resourceVersion": str(self.version)}}
        raw = msgspec.json.encode(item)
        shelf, key = self._shelves[kind.plural], key_of(item)
        owners = [owner["uid"] for owner in item["metadata"].get("ownerReferences") or ()]
        if change == "DELETED":
            shelf.entries.pop(key)
            for uid in owners:
                self._owned.get(uid, {}).pop((kind.plural, key), None)
        else:
            shelf.entries[key] = Entry(item, raw)
            for uid in owners:
                self._owned[uid][kind.plural, key] = kind
        shelf.history.append(happened := Change(self.version, change, kind, item, raw, before))
        if len(shelf.history) > HISTORY:
            del shelf.history[: HISTORY // 2]
            shelf.compacted = shelf.history[0].version - 1
        for listener in tuple(shelf.listeners):
            listener(happened)
        return item


def _counted(kind: Kind, item: Object) -> Object:
    """The part of an object whose change makes a new generation."""
    if kind.custom:
        # without a status subresource the real server counts everything but the metadata
        return {
            name: value for name, value in item.items() if name != "metadata" and (name != "status" or not kind.status)
        }
    return {"spec": item.get("spec")}
