"""JSON Schema in one form for all dialects: a term is a conjunction of atoms."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from mlcd_tui.domain.compatibility.json_document import Sources, TooLargeError
from mlcd_tui.domain.compatibility.values import KINDS


class Atom(NamedTuple):
    """One constraint; what `value` is depends on the keyword."""

    keyword: str
    value: Any


class Items(NamedTuple):
    """Array elements: by place, then all others (None: any)."""

    prefix: tuple[Term, ...]
    rest: Term | None


class Contains(NamedTuple):
    """How many elements must match."""

    term: Term
    least: int
    most: int | None


class Group(NamedTuple):
    """Object properties of one schema: the rest depends on what is named beside it."""

    named: Mapping[str, Term]
    patterns: Mapping[str, Term]
    rest: Term | None


_UIDS = itertools.count()
_MOST_ATOMS = 20_000
_DEEPEST_REFS = 40
_INDIRECT = frozenset({"$ref", "allOf", "anyOf", "oneOf", "unevaluatedProperties", "unevaluatedItems"})
"""Words that make a schema more than what it states itself."""
_UNEVALUATED = ("unevaluatedProperties", "unevaluatedItems")


class Term:
    """One schema, read when it is first needed."""

    __slots__ = ("_atoms", "_negation", "_parsed", "_text", "base", "raw", "source", "uid")

    def __init__(self, source: Sources | None, raw: Any, base: str = "", atoms: tuple[Atom, ...] | None = None) -> None:
        self.source, self.raw = source, raw
        self.base = base if source is None else source.base_of(raw, base)
        self.uid = next(_UIDS)
        self._parsed = atoms
        self._atoms: tuple[Atom, ...] | None = None
        self._negation: Term | None = None
        self._text: str | None = None

    @property
    def parsed(self) -> tuple[Atom, ...]:
        """Its own constraints; references are atoms too."""
        if self._parsed is None:
            assert self.source is not None
            from mlcd_tui.domain.compatibility.json_parse import parse  # one circle: terms hold what parsing makes

            self._parsed = parse(self.source, self.base, self.raw)
        return self._parsed

    @property
    def atoms(self) -> tuple[Atom, ...]:
        """All constraints, those of references and `allOf` in place."""
        if self._atoms is None:
            plain = not isinstance(self.raw, dict) or _INDIRECT.isdisjoint(self.raw)
            self._atoms = self.parsed if plain and self.source is not None else tuple(_flat(self))
        return self._atoms

    @property
    def negation(self) -> Term:
        """What this one refuses."""
        if self._negation is None:
            self._negation = Term(None, None, atoms=(Atom("not", self),))
        return self._negation

    @property
    def text(self) -> str:
        """Its source as canonical text; empty where it has none, or meaning that depends on what is around it."""
        if self._text is None:
            self._text = "" if self.source is None else written(self.raw)
        return self._text


TRUE = Term(None, True, atoms=())
FALSE = Term(None, False, atoms=(Atom("false", None),))
KIND_TERMS = {kind: Term(None, None, atoms=(Atom("type", frozenset({kind})),)) for kind in KINDS}


def term_of(source: Sources, raw: Any, base: str = "") -> Term:
    """The term of a raw schema, the same one each time."""
    if isinstance(raw, bool):
        return TRUE if raw else FALSE
    key = (id(raw), base)
    found = source.terms.get(key)
    if found is None:
        found = source.terms[key] = Term(source, raw, base)
    return found


def written(raw: Any) -> str:
    """Canonical text of a value; empty: cannot be told."""
    try:
        return json.dumps(raw, sort_keys=True, default=repr)
    except (TypeError, ValueError, RecursionError):
        return ""


def same(one: Term, two: Term) -> bool:
    """Whether two terms mean the same for certain: the same text, which refers to nothing outside of it."""
    if one is two:
        return True
    if one.raw is None or two.raw is None:
        return False
    a, b = one.source, two.source
    if a is None or b is None or a.dialect != b.dialect or one.raw != two.raw or not one.text or one.text != two.text:
        return False
    return '"$' not in one.text or (one.base == two.base and _twins(a, b))


def _twins(a: Sources, b: Sources) -> bool:
    if a is b:
        return True
    for source in (a, b):
        if source.text is None:
            parts = written(source.root), written(source.document)
            source.text = "\n".join(parts) if all(parts) and source.self_contained() else ""
    return bool(a.text) and a.text == b.text


_PLAIN_BREAKERS = frozenset({"anyOf", "oneOf", "if", "dependentSchemas", "opaque"})


def _flat(term: Term) -> Iterator[Atom]:
    """In-place references unfolded, each once; one that leads back to itself says nothing that could be used."""
    found: list[Atom] = []
    _unfold(term, found, set(), (), 0)
    yield from found
    yield from _unevaluated(term, found)


def _unfold(
    term: Term, found: list[Atom], done: set[tuple[int, str]], above: tuple[tuple[int, str], ...], depth: int
) -> None:
    mark = (id(term.raw), term.base)
    if mark in above or depth > _DEEPEST_REFS:
        found.append(Atom("opaque", "$ref"))
        return
    if mark in done and term.source is not None:
        return
    done.add(mark)
    into, seen = found, done
    own = depth > 0 and isinstance(term.raw, dict) and any(word in term.raw for word in _UNEVALUATED)
    if own:  # what it calls evaluated is what stands in itself, whatever its neighbours say
        into, seen = [], set()
    for atom in term.parsed:
        if atom.keyword == "ref":
            _unfold(atom.value, into, seen, (*above, mark), depth + 1)
        else:
            into.append(atom)
        if len(into) > _MOST_ATOMS:
            raise TooLargeError
    if own:
        found.extend(into)
        found.extend(_unevaluated(term, into))


def _unevaluated(term: Term, found: list[Atom]) -> Iterable[Atom]:
    """`unevaluated…` as plain rules for the rest, where only `allOf` and references stand beside it."""
    source, raw = term.source, term.raw
    if source is None or not source.modern or not isinstance(raw, dict):
        return
    plain = not any(atom.keyword in _PLAIN_BREAKERS for atom in found)
    for word, about in (("unevaluatedProperties", "properties"), ("unevaluatedItems", "items")):
        if word not in raw:
            continue
        others = [atom.value for atom in found if atom.keyword == about]
        if not plain or not isinstance(raw[word], dict | bool):
            yield Atom("opaque", word)
        elif any(other.rest is not None for other in others):
            continue
        elif about == "properties":
            named = {name: TRUE for other in others for name in other.named}
            patterns = {pattern: TRUE for other in others for pattern in other.patterns}
            yield Atom(about, Group(named, patterns, term_of(source, raw[word], term.base)))
        elif any(atom.keyword == "contains" for atom in found):
            yield Atom("opaque", word)
        else:
            length = max((len(other.prefix) for other in others), default=0)
            yield Atom(about, Items((TRUE,) * length, term_of(source, raw[word], term.base)))
