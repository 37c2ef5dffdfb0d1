"""Objects that rows look up: which Service a route leads to, which Deployment that selects. No I/O.

What a row asked for is remembered, whether it was there or not, so that a change makes those rows anew that asked for
it, and no others: the work is proportional to what changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from mlcd_tui.cluster.store import Delta, Undecodable
from mlcd_tui.domain.ports import FleetWatch
from mlcd_tui.domain.refs import Resource, RolloutRef

_Place: TypeAlias = tuple[Resource, str, str, str]
"""Kind, namespace, and a label with its value; of a name the label is empty."""


class Lookups:
    """The looked-up kinds of one engine."""

    def __init__(self, watches: Iterable[FleetWatch]) -> None:
        self._labels = {watch.resource: watch.looked_up_by for watch in watches if watch.looked_up_by is not None}
        self._objects: dict[Resource, dict[tuple[str, str], Any]] = {kind: {} for kind in self._labels}
        self._by_label: dict[Resource, dict[_Place, dict[str, Any]]] = {}
        """Made with the first question: a cluster without rollouts of this engine pays for no index."""
        self._askers: dict[_Place, set[RolloutRef]] = {}
        self._asked: dict[RolloutRef, set[_Place]] = {}

    def __contains__(self, resource: Resource) -> bool:
        """Whether rows look that kind up."""
        return resource in self._labels

    def apply(self, resource: Resource, deltas: Iterable[Delta[Any]]) -> set[RolloutRef]:
        """Take in what a watch reports; whose rows asked for it."""
        dirty: set[RolloutRef] = set()
        objects, index = self._objects[resource], self._by_label.get(resource)
        for delta in deltas:
            new = None if isinstance(delta.new, Undecodable) else delta.new
            old = objects.pop(delta.key, None)
            if new is not None:
                objects[delta.key] = new
            places = {*self._places(resource, delta.key, old), *self._places(resource, delta.key, new)}
            for place in places:
                dirty |= self._askers.get(place, set())
            if index is not None:
                _reindex(index, places, delta.key[1], new, set(self._places(resource, delta.key, new)))
        return dirty

    def _places(self, resource: Resource, key: tuple[str, str], item: Any) -> list[_Place]:
        namespace, name = key
        if item is None:
            return [(resource, namespace, "", name)]
        labels = self._labels[resource](item)
        found = [(resource, namespace, label, value) for label, value in labels.items() if isinstance(value, str)]
        return [(resource, namespace, "", name), *found]

    def view(self, ref: RolloutRef) -> _View:
        """For one row that is made anew: what it asked for before is forgotten."""
        for place in self._asked.pop(ref, ()):
            self._askers[place].discard(ref)
            if not self._askers[place]:
                del self._askers[place]
        return _View(self, ref)

    def named(self, ref: RolloutRef, resource: Resource, namespace: str, name: str) -> Any | None:
        """The object of that name."""
        self._note(ref, (resource, namespace, "", name))
        return self._objects[resource].get((namespace, name))

    def labelled(self, ref: RolloutRef, resource: Resource, namespace: str, labels: Mapping[str, Any]) -> Sequence[Any]:
        """The objects that carry all of these labels; none for no labels, as a Service selects."""
        wanted = [(resource, namespace, key, value) for key, value in labels.items() if isinstance(value, str)]
        if not wanted or len(wanted) != len(labels):
            return ()
        index = self._by_label.get(resource)
        if index is None:
            index = self._by_label[resource] = self._indexed(resource)
        rarest = min(wanted, key=lambda place: len(index.get(place, ())))
        self._note(ref, rarest)
        names = self._labels[resource]
        return [
            item
            for item in index.get(rarest, {}).values()
            if all(names(item).get(key) == value for _, _, key, value in wanted)
        ]

    def _indexed(self, resource: Resource) -> dict[_Place, dict[str, Any]]:
        index: dict[_Place, dict[str, Any]] = {}
        for key, item in self._objects[resource].items():
            for place in self._places(resource, key, item):
                index.setdefault(place, {})[key[1]] = item
        return index

    def _note(self, ref: RolloutRef, place: _Place) -> None:
        self._askers.setdefault(place, set()).add(ref)
        self._asked.setdefault(ref, set()).add(place)


def _reindex(
    index: dict[_Place, dict[str, Any]], places: Iterable[_Place], name: str, new: Any, carried: set[_Place]
) -> None:
    for place in places:
        if new is not None and place in carried:
            index.setdefault(place, {})[name] = new
        elif place in index:
            index[place].pop(name, None)
            if not index[place]:
                del index[place]


@dataclass(frozen=True, slots=True)
class _View:
    """`domain.ports.Lookup` for one row."""

    lookups: Lookups
    ref: RolloutRef

    def named(self, resource: Resource, namespace: str, name: str) -> Any | None:
        return self.lookups.named(self.ref, resource, namespace, name)

    def labelled(self, resource: Resource, namespace: str, labels: Mapping[str, Any]) -> Sequence[Any]:
        return self.lookups.labelled(self.ref, resource, namespace, labels)
