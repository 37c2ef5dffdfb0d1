"""A conjunction of terms summed up: what is known of each of its values."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from mlcd_tui.domain.compatibility.json_evaluate import matches
from mlcd_tui.domain.compatibility.json_terms import Atom, Contains, Group, Items, Term
from mlcd_tui.domain.compatibility.values import KINDS, canonical, kind_of

Conj = tuple[Term, ...]
"""All of these hold."""
_NUMBERS = frozenset({"integer", "fraction"})
Bound = tuple[float, bool]
"""A number, and whether it is itself outside."""


class Node:
    """The sum of a conjunction: a superset of its values for whatever is not summed up."""

    def __init__(self, atoms: Iterable[Atom]) -> None:
        self.kinds = KINDS
        self.enum: tuple[Any, ...] | None = None
        self.low: Bound | None = None
        self.high: Bound | None = None
        self.steps: list[float] = []
        self.patterns: set[str] = set()
        self.formats: set[str] = set()
        self.least = {"minLength": 0, "minItems": 0, "minProperties": 0}
        self.most: dict[str, float] = {"maxLength": math.inf, "maxItems": math.inf, "maxProperties": math.inf}
        self.unique = False
        self.items: list[Items] = []
        self.contains: list[Contains] = []
        self.groups: list[Group] = []
        self.required: dict[str, None] = {}
        self.names: list[Term] = []
        self.need: list[tuple[str, tuple[str, ...]]] = []
        self.need_schemas: list[tuple[str, Term]] = []
        self.any_of: list[tuple[Term, ...]] = []
        self.one_of: list[tuple[Term, ...]] = []
        self.nots: list[Term] = []
        self.ifs: list[tuple[Term, Term | None, Term | None]] = []
        self.notes: set[Any] = set()
        self.opaque = False
        self.nullable = False
        """Null may or may not be among its values."""
        self.never = False
        for atom in atoms:
            self._take(atom)
        self._settle()

    @property
    def separable(self) -> bool:
        """Whether each property may be any of its values whatever the others are."""
        return not (
            self.any_of or self.one_of or self.nots or self.ifs or self.need_schemas or self.opaque or self.enum
            or any(group.patterns for group in self.groups)
        )  # fmt: skip

    def _take(self, atom: Atom) -> None:
        word, value = atom
        if word == "type":
            self.kinds &= value
        elif word == "enum":
            if self.enum is None:
                self.enum = value
            else:
                allowed = {canonical(one) for one in value}
                self.enum = tuple(one for one in self.enum if canonical(one) in allowed)
        elif word == "minimum":
            self.low = value if self.low is None else max(self.low, value)
        elif word == "maximum":
            self.high = value if self.high is None else min(self.high, value, key=lambda b: (b[0], not b[1]))
        elif word in self.least:
            self.least[word] = max(self.least[word], value)
        elif word in self.most:
            self.most[word] = min(self.most[word], value)
        elif word == "required":
            self.required.update(dict.fromkeys(value))
        elif word in _SETS:
            getattr(self, _SETS[word]).add(value)
        elif word in _LISTS:
            getattr(self, _LISTS[word]).append(value)
        elif word == "uniqueItems":
            self.unique = True
        elif word == "false":
            self.never = True
        elif word == "nullable":
            self.nullable = True
        else:
            self.opaque = True

    def _settle(self) -> None:
        """Kinds that can have no value go, and so do values of kinds that are gone."""
        kinds = set(self.kinds)
        low, high = self.low, self.high
        if any(isinstance(step, int) or step.is_integer() for step in self.steps):
            kinds.discard("fraction")
        if low and high and (low[0] > high[0] or (low[0] == high[0] and (low[1] or high[1]))):
            kinds -= _NUMBERS
        elif low and high:
            if low[0] == high[0]:
                kinds.discard("fraction" if float(low[0]).is_integer() else "integer")
            elif (first := self.first()) is not None and (last := self.last()) is not None and first > last:
                kinds.discard("integer")
        for kind, word in (("string", "Length"), ("array", "Items"), ("object", "Properties")):
            if self.least[f"min{word}"] > self.most[f"max{word}"]:
                kinds.discard(kind)
        if len(self.required) > self.most["maxProperties"]:
            kinds.discard("object")
        if self.enum is not None:
            self.enum = tuple(value for value in self.enum if kind_of(value) in kinds)
            kinds &= {kind_of(value) for value in self.enum}
        self.kinds = frozenset() if self.never else frozenset(kinds)

    def first(self) -> int | None:
        """The lowest integer."""
        if self.low is None:
            return None
        number, strict = self.low
        return math.floor(number) + 1 if strict else math.ceil(number)

    def last(self) -> int | None:
        """The highest integer."""
        if self.high is None:
            return None
        number, strict = self.high
        return math.ceil(number) - 1 if strict else math.floor(number)

    def values(self, most: int = 64) -> tuple[Any, ...] | None:
        """All values, or more than them, where they are few."""
        if self.enum is not None:
            return self.enum
        if not self.kinds <= {"boolean", "null", "integer"}:
            return None
        found: list[Any] = [None] if "null" in self.kinds else []
        found += [False, True] if "boolean" in self.kinds else []
        if "integer" in self.kinds:
            first, last = self.first(), self.last()
            if first is None or last is None or last - first >= most:
                return None
            found += range(first, last + 1)
        return tuple(found)

    @property
    def longest(self) -> float:
        """How many elements an array can have."""
        closed = (len(items.prefix) for items in self.items if items.rest is not None and never(items.rest))
        return min(self.most["maxItems"], *closed, math.inf)

    def declared(self) -> dict[str, None]:
        """Names of all properties that are declared."""
        return {name: None for group in self.groups for name in group.named}


_SETS = {"pattern": "patterns", "format": "formats", "note": "notes"}
_LISTS = {
    "multipleOf": "steps",
    "items": "items",
    "contains": "contains",
    "properties": "groups",
    "propertyNames": "names",
    "dependentRequired": "need",
    "dependentSchemas": "need_schemas",
    "anyOf": "any_of",
    "oneOf": "one_of",
    "not": "nots",
    "if": "ifs",
}


def never(term: Term) -> bool:
    """Whether a term is the one that nothing satisfies."""
    return any(atom.keyword == "false" for atom in term.atoms)


def property_terms(group: Group, name: str, *, sure: bool) -> list[Term]:
    """The terms of a group for a property: those that surely apply, or all that may."""
    terms = [group.named[name]] if name in group.named else []
    hits = {pattern: matches(pattern, name) for pattern in group.patterns}
    terms += [group.patterns[p] for p, hit in hits.items() if hit or (hit is None and not sure)]
    free = all(hit is False for hit in hits.values()) if sure else not any(hit is True for hit in hits.values())
    if group.rest is not None and name not in group.named and free:
        terms.append(group.rest)
    return terms
