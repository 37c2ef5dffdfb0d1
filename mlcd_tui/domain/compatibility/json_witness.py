"""Values of a schema: one that is surely of it, and those at whose edges another schema may refuse."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import Any

from mlcd_tui.domain.compatibility.json_evaluate import KNOWN, Claimed, divides
from mlcd_tui.domain.compatibility.json_nodes import Conj, Node
from mlcd_tui.domain.compatibility.json_subset import Prover
from mlcd_tui.domain.compatibility.json_terms import Term
from mlcd_tui.domain.compatibility.values import kind_of

MISSING = object()
"""No value was found; there may be one all the same."""
EXTRA = "undeclared-property"
_DEEPEST = 12
_LONGEST = 2_000
_MOST = 60
_NESTED = frozenset({"object", "array"})
_SCALARS = (0, "", False, 1, 0.5)
_ORDER = ("object", "array", "string", "integer", "fraction", "boolean", "null")


class Maker:
    """Makes values that the evaluator confirms."""

    def __init__(self, prover: Prover) -> None:
        self.prover = prover
        self._made: dict[tuple[int, ...], Any] = {}

    def make(self, conj: Conj, depth: int = 0) -> Any:
        """A value that satisfies all terms, or `MISSING`."""
        key = tuple(term.uid for term in conj)
        if key not in self._made:
            self._made[key] = MISSING  # a schema that needs itself has none
            found = self._plain(conj)
            if found is MISSING:
                found = next(islice(self._candidates(conj, depth), 1), MISSING)
            if found is MISSING:
                del self._made[key]
                return MISSING
            self._made[key] = found
        return self._made[key]

    def _plain(self, conj: Conj) -> Any:
        """A value of a plain scalar, which most properties are, without summing it up."""
        if len(conj) != 1 or not any(a.keyword == "type" and a.value.isdisjoint(_NESTED) for a in conj[0].atoms):
            return MISSING
        return next((value for value in _SCALARS if self.prover.evaluate.check(conj[0], value) is True), MISSING)

    def makes(self, conj: Conj) -> bool:
        """Whether a value is found."""
        return self.make(conj) is not MISSING

    def _candidates(self, conj: Conj, depth: int) -> Iterator[Any]:
        if depth > _DEEPEST:
            return
        node = self.prover.node(conj)
        for value in islice(self._raw(conj, node, depth), _MOST):
            if self.prover.evaluate.all(conj, value) is True:
                yield value

    def _raw(self, conj: Conj, node: Node, depth: int) -> Iterator[Any]:
        if node.enum is not None:
            yield from node.enum
            return
        for kind in _ORDER:
            if kind in node.kinds:
                yield from self.of_kind(conj, node, kind, depth)
        for branches in (*node.any_of, *node.one_of):
            if not any(branch in conj for branch in branches):
                for branch in branches:
                    yield from self._candidates((*conj, branch), depth + 1)
        for test, yes, _ in node.ifs:
            if test not in conj and yes is not None:
                yield from self._candidates((*conj, test, yes), depth + 1)

    def of_kind(self, conj: Conj, node: Node, kind: str, depth: int) -> Iterator[Any]:
        """Candidates of one kind, the plainest first."""
        if kind == "object":
            yield from self._objects(conj, node, depth)
        elif kind == "array":
            yield from self._arrays(node, depth)
        elif kind == "string":
            yield from strings(node)
        elif kind in {"integer", "fraction"}:
            yield from (number for number in numbers(node) if kind_of(number) == kind)
        else:
            yield from (False, True) if kind == "boolean" else (None,)

    def _objects(self, conj: Conj, node: Node, depth: int) -> Iterator[Any]:
        made: dict[str, Any] = {}
        for name in node.required:
            value = self.make(self.prover.property(conj, node, name), depth + 1)
            if value is MISSING:
                return
            made[name] = value
        yield dict(made)
        wanted = [name for name, needs in node.need if name in made for name in needs]
        spare = [*wanted, *node.declared(), *(f"{EXTRA}-{n}" for n in range(min(node.least["minProperties"], 20)))]
        for name in spare:
            if name in made:
                continue
            value = self.make(self.prover.property(conj, node, name), depth + 1)
            if value is not MISSING:
                made[name] = value
                if len(made) >= node.least["minProperties"]:
                    yield dict(made)

    def _arrays(self, node: Node, depth: int) -> Iterator[Any]:
        longest = min(node.longest, _LONGEST)
        wanted = [wanted.term for wanted in node.contains for _ in range(min(wanted.least, 20))]
        for length in dict.fromkeys((node.least["minItems"], max(node.least["minItems"], len(wanted)), 1)):
            if length > longest:
                continue
            made: list[Any] = []
            for place in range(length):
                more = (wanted[place],) if place < len(wanted) else ()
                value = self._next(made, (*self.prover.element(node, place), *more), depth, unique=node.unique)
                if value is MISSING:
                    break
                made.append(value)
            if len(made) == length:
                yield made

    def _next(self, made: list[Any], conj: Conj, depth: int, *, unique: bool) -> Any:
        if not unique:
            return self.make(conj, depth + 1)
        fresh = (v for v in self._candidates(conj, depth + 1) if all(repr(v) != repr(one) for one in made))
        return next(fresh, MISSING)

    def probes(self, conj: Conj, term: Term, depth: int = 0) -> Iterator[Any]:
        """Values of the conjunction, those first that the term is likely to refuse."""
        node, other = self.prover.node(conj), self.prover.node((term,))
        for value in self._edges(conj, node, other, depth):
            if self.prover.evaluate.all(conj, value) is True:
                yield value

    def _edges(self, conj: Conj, node: Node, other: Node, depth: int) -> Iterator[Any]:
        if node.enum is not None:
            yield from node.enum
            return
        kinds = [kind for kind in _ORDER if kind in node.kinds]
        for kind in [*(k for k in kinds if k not in other.kinds), *(k for k in kinds if k in other.kinds)]:
            if kind in {"integer", "fraction"}:
                yield from (n for n in (*numbers(other, node.steps), *numbers(node)) if kind_of(n) == kind)
            elif kind == "string":
                yield from strings(node, other)
            elif kind == "array":
                yield from self._long_and_short(node, other, depth)
            elif kind == "object":
                yield from self._bare_and_full(conj, node, other, depth)
            yield from islice(self.of_kind(conj, node, kind, depth), _MOST)
        for branches in (*node.any_of, *node.one_of):
            if depth < 4 and not any(branch in conj for branch in branches):
                for branch in branches:
                    inner = (*conj, branch)
                    yield from islice(self._edges(inner, self.prover.node(inner), other, depth + 1), _MOST)
        yield from self._towards(conj, node, other, depth)

    def _towards(self, conj: Conj, node: Node, other: Node, depth: int) -> Iterator[Any]:
        """What the other one treats apart: values of its branches and of what it excludes."""
        if depth > 3:
            return
        aims = [*other.nots, *(branch for branches in (*other.any_of, *other.one_of) for branch in branches)]
        for aim in (*aims, *(test for test, _, _ in other.ifs)):
            yield from islice(self._candidates((*conj, aim), depth + 1), 5)
            yield from islice(self._edges(conj, node, self.prover.node((aim,)), depth + 1), _MOST)

    def _long_and_short(self, node: Node, other: Node, depth: int) -> Iterator[Any]:
        lengths = {node.least["minItems"], other.least["minItems"] - 1, node.longest, other.longest + 1, 1, 2, 3}
        for length in sorted(n for n in lengths if node.least["minItems"] <= n <= min(node.longest, _LONGEST)):
            made = [self.make(self.prover.element(node, place), depth + 1) for place in range(int(length))]
            if MISSING not in made:
                yield made
            elif node.unique or not made:
                continue
        for place in range(int(min(node.longest, 4))):
            base = [self.make(self.prover.element(node, n), depth + 1) for n in range(place)]
            if depth < 3 and MISSING not in base:
                for items in other.items:
                    wanted = items.prefix[place] if place < len(items.prefix) else items.rest
                    if wanted is not None:
                        found = islice(self.probes(self.prover.element(node, place), wanted, depth + 1), 10)
                        yield from ([*base, value] for value in found)

    def _bare_and_full(self, conj: Conj, node: Node, other: Node, depth: int) -> Iterator[Any]:
        bare = self.make(conj, depth)
        if not isinstance(bare, dict):
            return
        yield bare
        full = dict(bare)
        for name in node.declared():
            value = full.get(name, MISSING)
            value = self.make(self.prover.property(conj, node, name), depth + 1) if value is MISSING else value
            if value is not MISSING:
                full[name] = value
                yield {**bare, name: value}
        yield full
        yield from ({key: value for key, value in full.items() if key != name} for name in other.required)
        if depth < 3:
            for name, (group, wanted) in self._named(node, other):
                del group
                for value in islice(self.probes(self.prover.property(conj, node, name), wanted, depth + 1), 10):
                    yield {**bare, name: value}
                    yield {**full, name: value}
        extra = self.make(self.prover.property(conj, node, EXTRA), depth + 1)
        if extra is not MISSING:
            yield {**bare, EXTRA: extra}
            rests = [group.rest for group in other.groups if group.rest is not None]
            for wanted in rests if depth < 3 else ():
                for value in islice(self.probes(self.prover.property(conj, node, EXTRA), wanted, depth + 1), 10):
                    yield {**bare, EXTRA: value}

    @staticmethod
    def _named(node: Node, other: Node) -> Iterator[tuple[str, tuple[int, Term]]]:
        for place, group in enumerate(other.groups):
            for name in node.declared():
                wanted = group.named.get(name) or (group.rest if not group.patterns else None)
                if wanted is not None:
                    yield name, (place, wanted)


def numbers(node: Node, steps: list[float] | None = None) -> Iterator[float]:
    """Numbers around the bounds of a node and on its steps."""
    edges = [bound[0] for bound in (node.low, node.high) if bound is not None]
    near = [edge + delta for edge in edges for delta in (0, 1, -1, 0.5, -0.5, 0.001, -0.001)]
    if len(edges) == 2:
        near.append((edges[0] + edges[1]) / 2)
    yield from (*near, 0, 1, -1, 0.5, 1.5, 1000, -1000)
    for step in (*node.steps, *(steps or ())):
        for edge in (*edges, 0):
            count = math.floor(edge / step) if abs(edge / step) < 1e15 else 0
            yield from (n for k in (-1, 0, 1, 2, 3) if divides(step, n := (count + k) * step))


def strings(node: Node, other: Node | None = None) -> Iterator[str]:
    """Texts of the lengths that decide; claimed ones where a pattern or format forbids to make one up."""
    least, most = node.least["minLength"], node.most["maxLength"]
    if node.patterns or node.formats:
        if not node.patterns:
            yield from (text for name, text in sorted(KNOWN) if name in node.formats)
        longest = None if most == math.inf else int(most)
        yield Claimed.of(frozenset(node.patterns), frozenset(node.formats), int(least), longest)
        return
    lengths = {least, min(most, max(least, 1))}
    if other is not None:
        lengths |= {other.least["minLength"] - 1, other.most["maxLength"] + 1, most}
    yield from ("x" * int(n) for n in sorted(lengths) if least <= n <= min(most, _LONGEST))
