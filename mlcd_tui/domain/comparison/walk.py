"""One answer beside another: which fields are off, which break the schema, and how far numbers moved.

The walk is the snapshot comparer's own, with its rules and tolerances. What is the same to the last bit is passed over
before it, since most of most answers is; what differs is told by field, list elements together (`$.scores[*]`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mlcd_tui.domain.snapshot.compare import Walk, typed
from mlcd_tui.domain.snapshot.paths import Follower, Place, States, written
from mlcd_tui.domain.snapshot.result import Collector, DeviationKind, is_number
from mlcd_tui.domain.snapshot.rules import OIP_DTYPES, NanPolicy, Order, Rules, Setting, base

_ENVELOPE = frozenset({"id", "model_name", "model_version"})
"""Fields of an Open Inference answer that name the request and the version: they are no outputs of the model."""
_META = frozenset({"meta"})
_NOTHING: frozenset[str] = frozenset()
_FLAT = 50
"""Depth up to which lists are walked without asking how deep it is already."""
_TENSOR = frozenset({"name", "datatype", "shape"})


def is_tensors(body: Any) -> bool:
    """Whether an answer is one of the Open Inference Protocol."""
    return isinstance(body, dict) and isinstance(body.get("outputs"), list) and isinstance(body.get("model_name"), str)


def same(one: Any, two: Any) -> bool:
    """Whether two JSON values are the same to the last bit and type. NaN is the same as nothing but itself."""
    if one is two:
        return True
    kind = type(one)
    if kind is not type(two):
        return False
    if kind is dict:
        return len(one) == len(two) and all(key in two and same(value, two[key]) for key, value in one.items())
    if kind is list:
        if one != two:  # quick, but to it 1, 1.0 and true are one
            return False
        kinds = set(map(type, one))
        if kinds <= {float} or kinds <= {str}:
            return set(map(type, two)) == kinds
        return all(map(same, one, two))
    return bool(one == two)


class Drift:
    """How the numbers of one field moved within one answer."""

    __slots__ = ("count", "farthest", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.farthest = 0.0

    def add(self, shifts: Sequence[float]) -> None:
        """Numbers of one answer, at least one; infinity is far, NaN is nowhere."""
        total = sum(shifts)
        if not math.isfinite(total):
            shifts = [shift for shift in shifts if not math.isnan(shift)]
            total = sum(shift for shift in shifts if math.isfinite(shift))
        self.count += len(shifts)
        self.total += total
        self.farthest = max(self.farthest, max(map(abs, shifts), default=0.0))

    @property
    def mean(self) -> float:
        """Mean shift."""
        return self.total / self.count if self.count else 0.0


class Difference(Collector):
    """What is found on the walk through one answer."""

    def __init__(self, names: FieldNames, *, tensors: bool) -> None:
        super().__init__()
        self._names = names
        self._tensors = tensors
        self.off: set[str] = set()
        """Fields outside their tolerance, those that break the schema included."""
        self.broken: set[str] = set()
        self.drifts: dict[str, Drift] = {}
        self.excess = 0.0
        """How many times the allowed distance the worst is off."""
        self.agreed = 0
        """Above 0: some output of the model is as it was, or within its tolerance."""

    def add(
        self,
        kind: DeviationKind,
        place: Place,
        expected: Any,
        actual: Any,
        *,
        warned: bool = False,
        excess: float = math.inf,
        allowed: float | None = None,
        note: str = "",
    ) -> None:
        """One deviation."""
        if not warned:
            field = self.field(place)
            self.off.add(field)
            self.excess = max(self.excess, excess)
            if self._breaks(kind, place):
                self.broken.add(field)
        super().add(kind, place, expected, actual, warned=warned, excess=excess, allowed=allowed, note=note)

    def field(self, place: Place) -> str:
        """The field that a place belongs to."""
        return self._names.of(place, tensors=self._tensors)

    def moved(self, field: str, *shifts: float) -> None:
        """Numbers of which at least one is not what it was."""
        drift = self.drifts.get(field)
        if drift is None:
            drift = self.drifts[field] = Drift()
        drift.add(shifts)

    def _breaks(self, kind: DeviationKind, place: Place) -> bool:
        """Whether callers that rely on the schema would stumble over it."""
        if kind in {DeviationKind.MISSING, DeviationKind.EXTRA}:
            return place is None or isinstance(place[1], str)  # elements of a list without order are values
        if kind is DeviationKind.TYPE:
            return True
        steps = _steps(place)
        if self._tensors and steps[:1] == ["outputs"]:
            return kind is DeviationKind.SHAPE or (len(steps) > 2 and steps[2] in _TENSOR)
        return kind is DeviationKind.SHAPE and steps[:1] == ["predictions"]


def _steps(place: Place) -> list[str | int]:
    steps: list[str | int] = []
    while place is not None:
        place, key = place
        steps.append(key)
    steps.reverse()
    return steps


class FieldNames:
    """Paths of fields, written once. Bounded: beyond `most` they are all called `…`."""

    def __init__(self, most: int = 200) -> None:
        self._most = most
        self._known: dict[tuple[str | int, ...], str] = {}
        self._told: set[str] = set()

    def of(self, place: Place, *, tensors: bool) -> str:
        """The path of a place, list elements together; of an Open Inference answer each tensor apart."""
        steps = _steps(place)
        tensor = steps[1] if tensors and len(steps) > 1 and steps[0] == "outputs" else None
        key = tuple(step if type(step) is str else -1 for step in steps)
        if type(tensor) is int:
            key = (key[0], tensor, *key[2:])
        found = self._known.get(key)
        if found is None:
            found = self._write(key)
            if len(self._known) < 10 * self._most:
                self._known[key] = found
        return found

    def _write(self, key: tuple[str | int, ...]) -> str:
        place: Place = None
        for step in key:
            place = (place, step)
        path = written(place).replace("[-1]", "[*]")[:300]
        if path not in self._told and len(self._told) >= self._most:
            return "…"
        self._told.add(path)
        return path


class Differ:
    """Compares answers by one set of rules."""

    def __init__(self, rules: Rules | None = None) -> None:
        self._rules = rules or Rules()
        self._follower = Follower([rule.path for rule in self._rules.paths])
        self._base = base(self._rules)
        self._names = FieldNames()
        judged = any(rule.classes is not None or rule.nan is NanPolicy.REJECT for rule in self._rules.paths)
        self._quick = not judged and self._rules.nan is not NanPolicy.REJECT
        """Whether what is the same is right: probabilities have to add up even so, and NaN may be forbidden."""

    def __call__(self, approved: Any, answer: Any) -> Difference | None:
        """What differs; None: nothing at all."""
        if self._quick and approved is answer:
            return None
        tensors = is_tensors(approved)
        found = Difference(self._names, tensors=tensors)
        found.output("$")
        walk = _Quick if self._quick else _Thorough
        walk(self._rules, self._follower, found, tensors).at(
            None, approved, answer, self._base, self._follower.start(), 0
        )
        return found


class _Thorough(Walk):
    """The snapshot comparer's walk, which also tells how far numbers moved within their tolerance."""

    found: Difference

    def __init__(self, rules: Rules, follower: Follower, found: Difference, tensors: bool) -> None:  # noqa: FBT001
        super().__init__(rules, follower, found)
        self._tensors = tensors

    def objects(
        self,
        place: Place,
        approved: dict[str, Any],
        answer: dict[str, Any],
        setting: Setting,
        states: States,
        depth: int,
    ) -> None:
        """As it is, without what names the request or the version."""
        if depth == 0:
            envelope = self._envelope(approved)
            approved = {key: value for key, value in approved.items() if key not in envelope}
            answer = {key: value for key, value in answer.items() if key not in envelope}
        super().objects(place, approved, answer, setting, states, depth)

    def alike(self, place: Place, approved: Any, answer: Any, inner: Setting, below: States, depth: int) -> None:
        """Many numbers at once: their shifts are summed before they are compared."""
        shifts = [b - a for a, b in zip(approved, answer, strict=True) if type(a) is float and type(b) is float]
        if any(shifts):
            self.found.moved(self.found.field((place, 0)), *shifts)
        before = self.found.tally.failed
        super().alike(place, approved, answer, inner, below, depth)
        self.found.agreed += len(shifts) > self.found.tally.failed - before

    def leaf(self, place: Place, approved: Any, answer: Any, setting: Setting) -> None:
        """A number by itself, or anything else."""
        if is_number(approved) and is_number(answer) and approved != answer:
            try:
                self.found.moved(self.found.field(place), float(answer - approved))
            except OverflowError:
                self.found.moved(self.found.field(place), math.inf)
        before = self.found.tally.failed
        super().leaf(place, approved, answer, setting)
        if self.found.tally.failed == before and not self._names_only(place):
            self.found.agreed += 1

    def _envelope(self, approved: dict[str, Any]) -> frozenset[str]:
        """Fields around the outputs: what names the request or the version."""
        if self._tensors:
            return _ENVELOPE
        meta = approved.get("meta")  # of a Seldon message: a fresh id for each request, and the images that it passed
        return _META if isinstance(meta, dict) and {"puid", "requestPath"} & meta.keys() else _NOTHING

    def _names_only(self, place: Place) -> bool:
        """Whether a place of an Open Inference answer only describes a tensor."""
        if not self._tensors or place is None:
            return False
        parent, key = place
        return key in _TENSOR or (parent is not None and parent[1] in _TENSOR)


class _Quick(_Thorough):
    """Passes over what is the same."""

    def objects(
        self,
        place: Place,
        approved: dict[str, Any],
        answer: dict[str, Any],
        setting: Setting,
        states: States,
        depth: int,
    ) -> None:
        """Only the fields that differ."""
        if approved.keys() != answer.keys():
            super().objects(place, approved, answer, setting, states, depth)
            return
        skipped = self._envelope(approved) if depth == 0 else _NOTHING
        kept, equal = [], False
        for key, value in approved.items():
            if key in skipped:
                continue
            if not same(value, answer[key]):
                kept.append(key)
            elif not equal:
                equal = key not in _TENSOR
        self.found.agreed += equal
        if not kept:
            return
        if states:
            if "datatype" in approved and "data" in kept and "datatype" not in kept:
                kept.append("datatype")  # it says what tolerance the data has
            left = {key: approved[key] for key in kept}
            Walk.objects(self, place, left, {key: answer[key] for key in kept}, setting, states, depth)
        else:
            self._without_paths(place, approved, answer, setting, kept, depth)

    def _without_paths(
        self,
        place: Place,
        approved: dict[str, Any],
        answer: dict[str, Any],
        setting: Setting,
        kept: list[str],
        depth: int,
    ) -> None:
        """As the snapshot comparer does it, for fields that both have and that no path speaks of."""
        nowhere: States = frozenset()
        for key in kept:
            if depth == 0:
                self.found.output(key)
            value, other, inner = approved[key], answer[key], setting
            if key == "data" and not setting.said and isinstance(approved.get("datatype"), str):
                dtype = OIP_DTYPES.get(approved["datatype"])
                inner = typed(setting, dtype) if dtype else setting
            plain = type(value) is list and type(other) is list and len(value) == len(other) > 0
            if plain and inner.order is Order.STRICT and depth < _FLAT:
                self.in_order((place, key), value, other, inner, nowhere, depth + 1)
            else:
                self.values((place, key), value, other, inner, nowhere, depth + 1)

    def in_order(self, place: Place, approved: Any, answer: Any, setting: Setting, states: States, depth: int) -> None:
        """Only the elements that differ, where there are few and each is large."""
        if approved and isinstance(approved[0], dict):
            for at, (value, other) in enumerate(zip(approved, answer, strict=True)):
                if same(value, other):
                    self.found.agreed += 1
                else:
                    if depth == 1 and isinstance(value, dict) and isinstance(value.get("name"), str):
                        self.found.output(value["name"])
                    below = self.follower.down(states, at) if states else states
                    self.at((place, at), value, other, setting, below, depth + 1)
            return
        super().in_order(place, approved, answer, setting, states, depth)
