"""The objects of one kind, keyed by namespace and name, O(1) per change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, KeysView
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from mlcd_tui.domain.text import Clean

T = TypeVar("T")
Key: TypeAlias = tuple[str, str]
"""Namespace (empty for kinds without) and name."""
Identity: TypeAlias = tuple[str, str, str, str]
"""Namespace, name, uid and resourceVersion of an object."""


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Stands for an object whose fields do not have the types they should have."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    why: Clean
    """In one sentence: which field, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Delta(Generic[T]):
    """One difference: `old` None is new here, `new` None is gone."""

    key: Key
    old: T | Undecodable | None
    new: T | Undecodable | None


def identity_of_json(item: Any) -> Identity:
    """Identity of a raw object."""
    meta = item.get("metadata") or {}
    return (
        str(meta.get("namespace") or ""),
        str(meta.get("name") or ""),
        str(meta.get("uid") or ""),
        str(meta.get("resourceVersion") or ""),
    )


def identity_of_struct(item: Any) -> Identity:
    """Identity of an object decoded into a Struct with `metadata`."""
    meta = item.metadata
    version = getattr(meta, "resource_version", None)
    if version is None:
        version = getattr(meta, "resourceVersion", "")
    return (getattr(meta, "namespace", "") or "", meta.name or "", getattr(meta, "uid", "") or "", version or "")


class Store(Generic[T]):
    """What a reflector knows. Only the reflector changes it; everybody may read.

    Args:
        identify: finds the identity of a decoded object.
    """

    def __init__(self, identify: Callable[[Any], Identity]) -> None:
        self.resource_version = ""
        """Of the collection: where a watch resumes."""
        self._identify = identify
        self._items: dict[Key, T | Undecodable] = {}
        self._unseen: set[Key] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def get(self, key: Key) -> T | Undecodable | None:
        """The object, or None."""
        return self._items.get(key)

    def keys(self) -> KeysView[Key]:
        """Keys, in the order of arrival."""
        return self._items.keys()

    def values(self) -> tuple[T | Undecodable, ...]:
        """Objects, in the order of arrival."""
        return tuple(self._items.values())

    def identity(self, item: T | Undecodable) -> Identity:
        """Namespace, name, uid and resourceVersion of an item."""
        if isinstance(item, Undecodable):
            return (item.namespace, item.name, item.uid, item.resource_version)
        return self._identify(item)

    def begin(self) -> None:
        """A list begins: what it does not bring is gone by its `end`."""
        self._unseen = set(self._items)

    def put(self, items: Iterable[T | Undecodable]) -> list[Delta[T]]:
        """Add or replace; what has the same uid and resourceVersion as before is no difference."""
        deltas: list[Delta[T]] = []
        for item in items:
            namespace, name, uid, version = self.identity(item)
            key = (namespace, name)
            if self._unseen is not None:
                self._unseen.discard(key)
            old = self._items.get(key)
            if old is not None and version and self.identity(old)[2:] == (uid, version):
                continue
            self._items[key] = item
            deltas.append(Delta(key, old, item))
        return deltas

    def drop(self, item: T | Undecodable) -> list[Delta[T]]:
        """Take one object out."""
        namespace, name, *_ = self.identity(item)
        old = self._items.pop((namespace, name), None)
        return [] if old is None else [Delta((namespace, name), old, None)]

    def end(self) -> list[Delta[T]]:
        """The list is complete: take out what it did not bring."""
        gone = self._unseen or set()
        self._unseen = None
        return [Delta(key, self._items.pop(key), None) for key in gone if key in self._items]

    def clear(self) -> list[Delta[T]]:
        """Take out everything."""
        deltas = [Delta(key, item, None) for key, item in self._items.items()]
        self._items.clear()
        self._unseen = None
        self.resource_version = ""
        return deltas
