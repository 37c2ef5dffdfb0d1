"""Proving that every value of one schema is a value of another. What is not proven is not denied."""

# ruff: noqa: SLF001 - the table at the end names the prover's own rules

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlcd_tui.domain.compatibility.json_containers import ARRAYS, OBJECTS
from mlcd_tui.domain.compatibility.json_document import Sources, TooLargeError
from mlcd_tui.domain.compatibility.json_evaluate import ANYTHING, NUMERIC_FORMATS, Evaluator
from mlcd_tui.domain.compatibility.json_nodes import Bound, Conj, Node, property_terms
from mlcd_tui.domain.compatibility.json_terms import FALSE, KIND_TERMS, TRUE, Atom, Term, same

_NUMBERS = frozenset({"integer", "fraction"})
_COMBINERS = frozenset({"anyOf", "oneOf", "not", "if"})
_DEEPEST = 60
_WIDE = 20
_NOTHING = 1 << 30
MOST_STEPS = 100_000


class Budget:
    """Work that may still be done."""

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self.left = steps

    def step(self) -> None:
        """Count one step. Raises `TooLargeError` after the last."""
        self.left -= 1
        if self.left < 0:
            raise TooLargeError


class Prover:
    """Proofs within one budget; `closed` names the side whose values hold declared properties only."""

    def __init__(self, budget: Budget, closed: Sources | None = None) -> None:
        self.step = budget.step
        self.evaluate = Evaluator(budget.step)
        self._closed = closed
        self._nodes: dict[tuple[int, ...], Node] = {}
        self._proven: dict[tuple[tuple[int, ...], int], bool] = {}
        self._open: dict[tuple[tuple[int, ...], int], tuple[int, int]] = {}
        self._lowest = _NOTHING
        self._empty: dict[tuple[int, ...], bool] = {}
        self._singles: dict[int, tuple[Atom, Term]] = {}
        self._level = 0
        self.sample: Callable[[Conj], bool] | None = None
        """Finds a value of a conjunction: of a wide object sooner than its emptiness is looked for in vain."""

    def node(self, conj: Conj) -> Node:
        """The sum of a conjunction."""
        key = _key(conj)
        found = self._nodes.get(key)
        if found is None:
            self.step()
            found = self._nodes[key] = Node(atom for term in conj for atom in term.atoms)
        return found

    def single(self, atom: Atom) -> Term:
        """A term of one constraint."""
        found = self._singles.get(id(atom))
        if found is None:
            found = self._singles[id(atom)] = (atom, Term(None, None, atoms=(atom,)))
        return found[1]

    def proves(self, conj: Conj, term: Term, depth: int = 0) -> bool:
        """Whether all values of a conjunction surely satisfy a term; `depth` counts steps into the value."""
        self.step()
        if term is TRUE or any(one is FALSE or same(one, term) for one in conj):
            return True
        key = (_key(conj), term.uid)
        if key in self._proven:
            return self._proven[key]
        if key in self._open:
            at, order = self._open[key]
            if at >= depth:
                return False
            # values are finite: inside of it, what is to be shown may be taken for granted
            self._lowest = min(self._lowest, order)
            return True
        if self._level > _DEEPEST:
            return False
        return self._prove(key, conj, term, depth)

    def _prove(self, key: tuple[tuple[int, ...], int], conj: Conj, term: Term, depth: int) -> bool:
        order, outer = len(self._open), self._lowest
        self._open[key] = (depth, order)
        self._lowest = _NOTHING
        self._level += 1
        try:
            result = self._decide(conj, term, depth)
        finally:
            self._level -= 1
            del self._open[key]
        free = self._lowest >= order  # nothing still open was taken for granted
        self._lowest = outer if free else min(outer, self._lowest)
        if free or not result:
            self._proven[key] = result
        return result

    def _decide(self, conj: Conj, term: Term, depth: int) -> bool:
        node = self.node(conj)
        values = node.values()
        if values is not None:
            proven = all(
                self.evaluate.check(term, value) is True or (value is None and node.nullable and self._as_vague(term))
                for value in values
                if self.evaluate.all(conj, value) is not False
            )
            if proven or not node.nullable:
                return proven
        if all(self.atom(conj, node, atom, depth) for atom in term.atoms):
            return True
        return self.empty(conj, depth) or self._split(conj, node, term, depth)

    def _as_vague(self, term: Term) -> bool:
        """Whether null is as uncertain for the term: then one server's way of reading decides for both."""
        known = self.node((term,))
        other = known.opaque or known.nots or known.any_of or known.one_of or known.ifs
        return known.nullable and "null" in known.kinds and not other and self.evaluate.check(term, None) is None

    def _split(self, conj: Conj, node: Node, term: Term, depth: int) -> bool:
        for branches in (*node.any_of, *node.one_of):
            if not any(branch in conj for branch in branches):
                return all(self.proves((*conj, branch), term, depth) for branch in branches)
        for test, yes, no in node.ifs:
            if test not in conj and test.negation not in conj:
                positive, negative = (*conj, test, yes or TRUE), (*conj, test.negation, no or TRUE)
                return self.proves(positive, term, depth) and self.proves(negative, term, depth)
        if len(node.kinds) > 1 and any(atom.keyword in _COMBINERS for atom in term.atoms):
            return all(self.proves((*conj, KIND_TERMS[kind]), term, depth) for kind in sorted(node.kinds))
        return False

    def empty(self, conj: Conj, depth: int = 0) -> bool:
        """Whether it is sure that a conjunction has no value."""
        self.step()
        key = _key(conj)
        if key in self._empty:
            return self._empty[key]
        if self._level > _DEEPEST:
            return False
        self._empty[key] = False  # while it is looked at: not sure
        if self.sample is not None and len(self.node(conj).required) > _WIDE and self.sample(conj):
            return False
        outer, self._lowest = self._lowest, _NOTHING
        self._level += 1
        try:
            result = self._is_empty(conj, self.node(conj), depth)
        finally:
            self._level -= 1
            free, self._lowest = self._lowest == _NOTHING, min(outer, self._lowest)
        if free:
            self._empty[key] = result
        else:
            del self._empty[key]
        return result

    def _is_empty(self, conj: Conj, node: Node, depth: int) -> bool:
        if not node.kinds:
            return True
        values = node.values()
        if values is not None and all(self.evaluate.all(conj, value) is False for value in values):
            return True
        if node.kinds <= {"object", "array"} and all(self._hollow(conj, node, kind, depth) for kind in node.kinds):
            return True
        if any(self.proves(conj, term, depth) for term in node.nots):
            return True
        for branches in (*node.any_of, *node.one_of):
            if not any(branch in conj for branch in branches):
                return all(self.empty((*conj, branch), depth) for branch in branches)
        return False

    def _hollow(self, conj: Conj, node: Node, kind: str, depth: int) -> bool:
        if kind == "object":
            return any(self.empty(self.property(conj, node, name), depth + 1) for name in node.required)
        least = node.least["minItems"]
        if least > node.longest:
            return True
        return any(self.empty(self.element(node, place), depth + 1) for place in range(min(least, 20)))

    def disjoint(self, conj: Conj, term: Term, depth: int) -> bool:
        """Whether it is sure that no value of a conjunction satisfies a term."""
        return self.empty((*conj, term), depth)

    def closes(self, conj: Conj, node: Node) -> bool:
        """Whether only declared properties are taken into account, by the caller's wish."""
        return (
            self._closed is not None
            and all(term.source in {None, self._closed} for term in conj)
            and not (node.any_of or node.one_of or node.ifs or node.nots or node.need_schemas or node.opaque)
        )

    def property(self, conj: Conj, node: Node, name: str) -> Conj:
        """What is known of the values of a property."""
        terms: list[Term] = []
        declared = False
        for group in node.groups:
            declared = declared or name in group.named
            terms += property_terms(group, name, sure=True)
        if not declared and not terms and self.closes(conj, node):
            return (FALSE,)
        return tuple(dict.fromkeys(terms))

    @staticmethod
    def element(node: Node, place: int) -> Conj:
        """What is known of the elements at a place; past all named places, of all others."""
        terms = (items.prefix[place] if place < len(items.prefix) else items.rest for items in node.items)
        return tuple(dict.fromkeys(term for term in terms if term is not None))

    def atom(self, conj: Conj, node: Node, atom: Atom, depth: int) -> bool:
        """Whether all values of a conjunction surely meet one constraint."""
        self.step()
        word, value = atom
        for kind, rules in _RULES:
            if word in rules:
                return kind.isdisjoint(node.kinds) or rules[word](self, conj, node, value, depth)
        return False

    def _any_of(self, conj: Conj, _: Node, terms: tuple[Term, ...], depth: int) -> bool:
        return any(self.proves(conj, term, depth) for term in terms)

    def _one_of(self, conj: Conj, node: Node, terms: tuple[Term, ...], depth: int) -> bool:
        if any(self._alike(known, terms, depth) for known in node.one_of):
            return True
        return any(
            self.proves(conj, one, depth) and all(self.disjoint(conj, two, depth) for two in terms if two is not one)
            for one in terms
        )

    def _alike(self, some: tuple[Term, ...], others: tuple[Term, ...], depth: int) -> bool:
        return len(some) == len(others) and all(
            self.proves((one,), two, depth) and self.proves((two,), one, depth)
            for one, two in zip(some, others, strict=True)
        )

    def _not(self, conj: Conj, node: Node, term: Term, depth: int) -> bool:
        return self.disjoint(conj, term, depth) or any(self.proves((term,), known, depth) for known in node.nots)

    def _if(self, conj: Conj, _: Node, parts: tuple[Term, Term | None, Term | None], depth: int) -> bool:
        test, yes, no = parts
        held = yes is None or self.disjoint(conj, test, depth) or self.proves((*conj, test), yes, depth)
        if not held:
            return False
        return no is None or self.proves(conj, test, depth) or self.proves((*conj, test.negation), no, depth)


def _key(conj: Conj) -> tuple[int, ...]:
    return (conj[0].uid,) if len(conj) == 1 else tuple(sorted({term.uid for term in conj}))


def _minimum(_: Prover, __: Conj, node: Node, bound: Bound, ___: int) -> bool:
    value, strict = bound
    if node.low is None:
        return False
    first = node.first() if "fraction" not in node.kinds else None
    if first is not None:
        return first > value or (first == value and not strict)
    return node.low[0] > value or (node.low[0] == value and (node.low[1] or not strict))


def _maximum(_: Prover, __: Conj, node: Node, bound: Bound, ___: int) -> bool:
    value, strict = bound
    if node.high is None:
        return False
    last = node.last() if "fraction" not in node.kinds else None
    if last is not None:
        return last < value or (last == value and not strict)
    return node.high[0] < value or (node.high[0] == value and (node.high[1] or not strict))


def _multiple(_: Prover, __: Conj, node: Node, step: float, ___: int) -> bool:
    whole = isinstance(step, int)
    if whole and step == 1 and "fraction" not in node.kinds:
        return True
    return any(
        known == step or (whole and isinstance(known, int) and known % step == 0)
        for known in node.steps
        if isinstance(known, int) == whole
    )


def _format(_: Prover, __: Conj, node: Node, name: str, ___: int) -> bool:
    if name in node.formats or (name == "double" and "float" in node.formats):
        return True
    if name in NUMERIC_FORMATS and node.kinds <= {"integer"}:
        low, high = NUMERIC_FORMATS[name]
        known = [NUMERIC_FORMATS[f] for f in node.formats if f in NUMERIC_FORMATS]
        first = max((k[0] for k in known), default=None) if node.low is None else node.first()
        last = min((k[1] for k in known), default=None) if node.high is None else node.last()
        return first is not None and last is not None and low <= first and last <= high
    return not node.kinds & (_NUMBERS | {"string", "array", "object"})


_Rule = Callable[[Prover, Conj, Node, Any, int], bool]
_EVERY = frozenset({"null", "boolean", "object", "array", "string", "integer", "fraction"})
_RULES: tuple[tuple[frozenset[str], dict[str, _Rule]], ...] = (
    (frozenset({"object"}), OBJECTS),
    (frozenset({"array"}), ARRAYS),
    (frozenset({"null"}), {"nullable": lambda _, __, node, ___, ____: node.nullable}),
    (_NUMBERS, {"minimum": _minimum, "maximum": _maximum, "multipleOf": _multiple}),
    (
        frozenset({"string"}),
        {
            "minLength": lambda _, __, node, limit, ___: node.least["minLength"] >= limit,
            "maxLength": lambda _, __, node, limit, ___: node.most["maxLength"] <= limit,
            "pattern": lambda _, __, node, pattern, ___: pattern in node.patterns or pattern in ANYTHING,
        },
    ),
    (
        _EVERY,
        {
            "type": lambda _, __, node, kinds, ___: node.kinds <= kinds,
            "format": _format,
            "note": lambda _, __, node, note, ___: note in node.notes,
            "anyOf": Prover._any_of,
            "oneOf": Prover._one_of,
            "not": Prover._not,
            "if": Prover._if,
        },
    ),
)
