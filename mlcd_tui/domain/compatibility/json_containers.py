"""The rules of proof for arrays and objects."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mlcd_tui.domain.compatibility.json_nodes import Conj, Node, never, property_terms
from mlcd_tui.domain.compatibility.json_terms import KIND_TERMS, TRUE, Atom, Contains, Group, Items, Term

if TYPE_CHECKING:
    from mlcd_tui.domain.compatibility.json_subset import Prover

_FEW = 64


def required_term(name: str) -> Term:
    """Objects that have a property."""
    return Term(None, None, atoms=(Atom("required", (name,)),))


def _items(prover: Prover, _: Conj, node: Node, items: Items, depth: int) -> bool:
    longest = node.longest
    places = max([len(items.prefix), *(len(known.prefix) for known in node.items)])
    for place in range(places + 1):  # the last one stands for all after it
        if place >= longest:
            return True
        wanted = items.prefix[place] if place < len(items.prefix) else items.rest
        if wanted is not None and not prover.proves(prover.element(node, place), wanted, depth + 1):
            return False
    return True


def _elements(prover: Prover, node: Node) -> list[Conj]:
    places = max((len(known.prefix) for known in node.items), default=0)
    return [prover.element(node, place) for place in range(places + 1) if place < node.longest]


def _contains(prover: Prover, _: Conj, node: Node, wanted: Contains, depth: int) -> bool:
    least = wanted.least == 0 or any(
        known.least >= wanted.least and prover.proves((known.term,), wanted.term, depth + 1) for known in node.contains
    )
    if not least:
        every = all(prover.proves(conj, wanted.term, depth + 1) for conj in _elements(prover, node))
        least = every and node.least["minItems"] >= wanted.least
    if not least or wanted.most is None:
        return least
    if node.longest <= wanted.most:
        return True
    return any(
        known.most is not None and known.most <= wanted.most and prover.proves((wanted.term,), known.term, depth + 1)
        for known in node.contains
    ) or all(prover.disjoint(conj, wanted.term, depth + 1) for conj in _elements(prover, node))


def _properties(prover: Prover, conj: Conj, node: Node, group: Group, depth: int) -> bool:
    for name in dict.fromkeys((*node.declared(), *group.named)):
        wanted = [term for term in property_terms(group, name, sure=False) if term is not TRUE]
        if wanted:
            known = prover.property(conj, node, name)
            if not all(prover.proves(known, term, depth + 1) for term in wanted):
                return False
    return others_proven(prover, conj, node, group, depth)


def others_proven(prover: Prover, conj: Conj, node: Node, group: Group, depth: int) -> bool:
    """Whether the properties that neither side names are accepted."""
    if prover.closes(conj, node) and not any(known.patterns or known.rest for known in node.groups):
        return True
    base = tuple(known.rest for known in node.groups if not known.patterns and known.rest is not None)
    for pattern, term in group.patterns.items():
        like = tuple(known.patterns[pattern] for known in node.groups if pattern in known.patterns)
        if not prover.proves((*base, *like), term, depth + 1):
            return False
    if group.rest is None or prover.proves(base, group.rest, depth + 1):
        return True
    return any(_rest(prover, known, base, group, depth) for known in node.groups if known.patterns and known.rest)


def _rest(prover: Prover, known: Group, base: Conj, group: Group, depth: int) -> bool:
    """By one group with patterns: what matches one of them, and what matches none."""
    assert known.rest is not None
    assert group.rest is not None
    return prover.proves((*base, known.rest), group.rest, depth + 1) and all(
        pattern in group.patterns or prover.proves((*base, term), group.rest, depth + 1)
        for pattern, term in known.patterns.items()
    )


def _closed(prover: Prover, conj: Conj, node: Node) -> list[str] | None:
    """All names that an object can have; None: no end of them."""
    shut = [g for g in node.groups if not g.patterns and g.rest is not None and never(g.rest)]
    if not shut and not (prover.closes(conj, node) and not any(g.patterns or g.rest for g in node.groups)):
        return None
    names = node.declared()
    return [name for name in names if all(name in group.named for group in shut)]


def _most_properties(prover: Prover, conj: Conj, node: Node, limit: int, _: int) -> bool:
    closed = _closed(prover, conj, node)
    return min(node.most["maxProperties"], math.inf if closed is None else len(closed)) <= limit


def _property_names(prover: Prover, conj: Conj, node: Node, term: Term, depth: int) -> bool:
    closed = _closed(prover, conj, node)
    if closed is not None and all(
        prover.evaluate.check(term, name) is True or prover.empty(prover.property(conj, node, name), depth + 1)
        for name in closed
    ):
        return True
    return prover.proves((KIND_TERMS["string"], *node.names), term, depth + 1)


def _dependent(prover: Prover, conj: Conj, node: Node, need: tuple[str, tuple[str, ...]], depth: int) -> bool:
    name, wanted = need
    there = {name, *node.required}
    for _ in range(_FEW):
        more = {one for key, needed in node.need if key in there for one in needed} - there
        if not more:
            break
        there |= more
    return there.issuperset(wanted) or prover.empty(prover.property(conj, node, name), depth + 1)


def _dependent_schema(prover: Prover, conj: Conj, node: Node, need: tuple[str, Term], depth: int) -> bool:
    name, wanted = need
    if prover.empty(prover.property(conj, node, name), depth + 1):
        return True
    known = tuple(term for key, term in node.need_schemas if key == name)
    if prover.proves((*conj, *known), wanted, depth):
        return True
    return name not in node.required and prover.proves((*conj, *known, required_term(name)), wanted, depth)


_Rule = Callable[["Prover", Conj, Node, Any, int], bool]
OBJECTS: dict[str, _Rule] = {
    "properties": _properties,
    "required": lambda _, __, node, names, ___: all(name in node.required for name in names),
    "minProperties": lambda _, __, node, limit, ___: max(node.least["minProperties"], len(node.required)) >= limit,
    "maxProperties": _most_properties,
    "propertyNames": _property_names,
    "dependentRequired": _dependent,
    "dependentSchemas": _dependent_schema,
}
ARRAYS: dict[str, _Rule] = {
    "items": _items,
    "contains": _contains,
    "minItems": lambda _, __, node, limit, ___: node.least["minItems"] >= limit,
    "maxItems": lambda _, __, node, limit, ___: node.longest <= limit,
    "uniqueItems": lambda _, __, node, ___, ____: node.unique or node.longest <= 1,
}
