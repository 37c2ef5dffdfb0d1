"""What controllers are made of: a queue of keys to look at, and the events that they record."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from mlcd_tui.demo.clock import unix
from mlcd_tui.demo.kinds import EVENTS, Kind
from mlcd_tui.demo.statuses import ApiError
from mlcd_tui.demo.store import Change, Key, Store, key_of

Object = dict[str, Any]

REACTION = 0.02
"""Seconds from a change to the controller's look at it; a client can see the time between."""
EVENTS_KEPT = 60
"""Events kept per object."""
EVENT_LIFE = 3600.0
"""Seconds until an event is forgotten, as the real server does."""

_log = logging.getLogger(__name__)


class WorkQueue:
    """Runs `sync(namespace, name)` once for any number of reasons to look at a key."""

    def __init__(self, store: Store, sync: Callable[[str, str], None], reaction: float = REACTION) -> None:
        self._store = store
        self._reaction = reaction
        self._sync = sync
        self._waiting: set[Key] = set()

    def add(self, key: Key) -> None:
        """Looks at `key` soon."""
        if key not in self._waiting:
            self._waiting.add(key)
            self._store.clock.after(self._reaction * self._store.clock.speed, lambda: self._run(key))

    def after(self, seconds: float, key: Key) -> None:
        """Looks at `key` when that many simulated seconds have passed."""
        self._store.clock.after(seconds, lambda: self.add(key))

    def follow(self, kind: Kind, key: Callable[[Change], Key | None] = lambda change: key_of(change.item)) -> None:
        """Looks at the key that each change of a kind points to."""

        def changed(change: Change) -> None:
            if (found := key(change)) is not None:
                self.add(found)

        self._store.listen(kind, changed)

    def _run(self, key: Key) -> None:
        self._waiting.discard(key)
        try:
            self._sync(*key)
        except ApiError as error:
            if error.code == 409:
                self.after(0.1, key)
            elif error.code != 404:
                _log.warning("cannot control %s: %s", key, error.message)
        except Exception:  # noqa: BLE001 - see below
            # an object that its controller does not understand must stop neither the others nor the time
            _log.exception("cannot control %s", key)


def owner_key(kind: str) -> Callable[[Change], Key | None]:
    """The key of the owner of that kind, for `WorkQueue.follow`."""

    def find(change: Change) -> Key | None:
        for owner in change.item["metadata"].get("ownerReferences") or ():
            if owner["kind"] == kind:
                return change.item["metadata"].get("namespace", ""), owner["name"]
        return None

    return find


def owner_reference(owner: Object) -> Object:
    """The reference that makes `owner` the controller of another object."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def record(store: Store, about: Object, reason: str, message: str, *, warning: bool = False, source: str = "") -> None:
    """Records an event about an object; the same words again raise the count of the event that is there."""
    meta, now = about["metadata"], store.clock.text()
    namespace = meta.get("namespace", "default")
    told = store.told.setdefault(meta["uid"], {})
    if (name := told.get((reason, message))) and (known := store.find(EVENTS, namespace, name)):
        store.update(EVENTS, {**known, "count": known["count"] + 1, "lastTimestamp": now})
        return
    if len(told) >= EVENTS_KEPT:
        oldest = told.pop(next(iter(told)))
        if store.find(EVENTS, namespace, oldest):
            store.delete(EVENTS, namespace, oldest)
    involved = {"kind": about["kind"], "namespace": meta.get("namespace", ""), "name": meta["name"]}
    involved |= {"uid": meta["uid"], "apiVersion": about["apiVersion"], "resourceVersion": meta["resourceVersion"]}
    number = store.chance(namespace).getrandbits(64)
    event: Object = {
        "metadata": {"name": f"{meta['name']}.{number:016x}", "namespace": namespace},
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "source": {"component": source or "rollouts-controller"},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "type": "Warning" if warning else "Normal",
        "eventTime": None,
        "reportingComponent": source or "rollouts-controller",
        "reportingInstance": "",
    }
    store.create(EVENTS, event)
    told[reason, message] = event["metadata"]["name"]
    store.clock.after(EVENT_LIFE, lambda: _expire(store, meta["uid"], namespace, event["metadata"]["name"]))


def _expire(store: Store, uid: str, namespace: str, name: str) -> None:
    event = store.find(EVENTS, namespace, name)
    if event is None:
        return
    left = unix(event["lastTimestamp"]) + EVENT_LIFE - store.clock.now()
    if left > 1:
        store.clock.after(left, lambda: _expire(store, uid, namespace, name))
        return
    store.delete(EVENTS, namespace, name)
    told = store.told.get(uid, {})
    told.pop((event["reason"], event["message"]), None)
    if not told:
        store.told.pop(uid, None)
