"""JSON Schema in one form for all dialects: a term is a conjunction of atoms."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from mlcd_tui.domain.compatibility.json_document import Sources, TooLargeError
from mlcd_tui.domain.compatibility.values import KINDS

_NUMBERS = frozenset({"integer", "fraction"})
_TYPES = {name: frozenset({name}) for name in KINDS - _NUMBERS} | {
    "integer": frozenset({"integer"}),
    "number": _NUMBERS,
}
_MODERN_ONLY = ("prefixItems", "dependentRequired", "dependentSchemas", "unevaluatedItems", "unevaluatedProperties")
_OLD_ONLY = ("additionalItems", "dependencies")
_MODERN_NOTES = ("$dynamicRef", "$recursiveRef")
_NOTES = ("contentMediaType", "contentSchema", "dtype", "shape")
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")


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
            self._parsed = tuple(_Parser(self.source, self.base, self.raw).atoms())
        return self._parsed

    @property
    def atoms(self) -> tuple[Atom, ...]:
        """All constraints, those of references and `allOf` in place."""
        if self._atoms is None:
            self._atoms = tuple(_flat(self))
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
    a, b = one.source, two.source
    if a is None or b is None or a.dialect != b.dialect or one.raw != two.raw or not one.text or one.text != two.text:
        return False
    return '"$' not in one.text or (one.base == two.base and _twins(a, b))


def _twins(a: Sources, b: Sources) -> bool:
    return a is b or (written(a.root) == written(b.root) != "" and written(a.document) == written(b.document) != "")


def _json(value: Any) -> bool:
    """Whether JSON can say it: YAML knows dates, and endless numbers."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _count(value: Any) -> bool:
    return _number(value) and value == int(value) and value >= 0


def _strings(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


class _Parser:
    """Reads one raw schema into atoms; what it cannot read becomes an opaque atom, equal to nothing."""

    def __init__(self, source: Sources, base: str, raw: Any) -> None:
        self.source, self.base, self.raw = source, base, raw

    def term(self, raw: Any) -> Term:
        return term_of(self.source, raw, self.base)

    def opaque(self, keyword: str) -> Atom:
        return Atom("opaque", keyword)

    def schema(self, keyword: str) -> bool:
        return isinstance(self.raw.get(keyword), Mapping | bool)

    def atoms(self) -> Iterator[Atom]:
        if self.raw is True:
            return
        if self.raw is False:
            yield Atom("false", None)
            return
        if not isinstance(self.raw, Mapping):
            yield self.opaque("schema")
            return
        if "$ref" in self.raw:
            yield self._ref(self.raw["$ref"])
            if not self.source.modern:
                return
        yield from self._kinds()
        yield from self._scalars()
        yield from self._arrays()
        yield from self._objects()
        yield from self._combiners()
        foreign = _OLD_ONLY[1:] if self.source.modern else _MODERN_ONLY
        yield from (
            self.opaque(name) for name in (*foreign, *_MODERN_NOTES) if name in self.raw and name not in self._known()
        )
        yield from (Atom("note", (name, written(self.raw[name]))) for name in _NOTES if name in self.raw)

    def _known(self) -> tuple[str, ...]:
        return ("unevaluatedItems", "unevaluatedProperties") if self.source.modern else ()

    def _ref(self, ref: Any) -> Atom:
        hit = self.source.resolve(ref, self.base) if isinstance(ref, str) else None
        return self.opaque("$ref") if hit is None else Atom("ref", term_of(self.source, *hit))

    def _kinds(self) -> Iterator[Atom]:
        raw = self.raw
        if "type" in raw:
            names = (raw["type"],) if isinstance(raw["type"], str) else raw["type"]
            if not _strings(names) or any(name not in _TYPES for name in names):
                yield self.opaque("type")
            else:
                kinds: frozenset[str] = frozenset().union(*(_TYPES[name] for name in names))
                nullable = self.source.openapi and raw.get("nullable") is True
                yield Atom("type", kinds | {"null"} if nullable else kinds)
        if "enum" in raw:
            good = isinstance(raw["enum"], list | tuple) and _json(raw["enum"])
            yield Atom("enum", tuple(raw["enum"])) if good else self.opaque("enum")
        if "const" in raw:
            yield Atom("enum", (raw["const"],)) if _json(raw["const"]) else self.opaque("const")

    def _scalars(self) -> Iterator[Atom]:
        raw = self.raw
        for word, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            flag = raw.get(exclusive)
            if word in raw:
                strict = isinstance(flag, bool) and flag
                yield Atom(word, (raw[word], strict)) if _number(raw[word]) else self.opaque(word)
            if exclusive in raw and not isinstance(flag, bool):
                yield Atom(word, (flag, True)) if _number(flag) else self.opaque(exclusive)
            elif isinstance(flag, bool) and not self.source.openapi:
                yield self.opaque(exclusive)
        if "multipleOf" in raw:
            good = _number(raw["multipleOf"]) and raw["multipleOf"] > 0
            yield Atom("multipleOf", raw["multipleOf"]) if good else self.opaque("multipleOf")
        for word in _COUNTS:
            if word in raw:
                yield Atom(word, int(raw[word])) if _count(raw[word]) else self.opaque(word)
        for word in ("pattern", "format"):
            if word in raw:
                yield Atom(word, raw[word]) if isinstance(raw[word], str) else self.opaque(word)
        if "contentEncoding" in raw:
            yield Atom("format", f"encoding {raw['contentEncoding']}")

    def _arrays(self) -> Iterator[Atom]:
        raw, modern = self.raw, self.source.modern
        if raw.get("uniqueItems") is True:
            yield Atom("uniqueItems", True)
        by_place = (
            raw.get("prefixItems") if modern else raw.get("items") if isinstance(raw.get("items"), list) else None
        )
        rest = "items" if modern or by_place is None else "additionalItems"
        if by_place is not None or rest in raw:
            places = by_place if by_place is not None else ()
            good = isinstance(places, list | tuple) and (rest not in raw or self.schema(rest))
            if good and all(isinstance(item, Mapping | bool) for item in places):
                others = self.term(raw[rest]) if rest in raw else None
                yield Atom("items", Items(tuple(self.term(item) for item in places), others))
            else:
                yield self.opaque("items")
        if "contains" in raw:
            least, most = (raw.get("minContains", 1), raw.get("maxContains")) if modern else (1, None)
            if self.schema("contains") and _count(least) and (most is None or _count(most)):
                limit = None if most is None else int(most)
                yield Atom("contains", Contains(self.term(raw["contains"]), int(least), limit))
            else:
                yield self.opaque("contains")

    def _objects(self) -> Iterator[Atom]:
        raw = self.raw
        if "required" in raw and not (self.source.openapi and isinstance(raw["required"], bool)):
            yield Atom("required", tuple(raw["required"])) if _strings(raw["required"]) else self.opaque("required")
        named, patterns = raw.get("properties", {}), raw.get("patternProperties", {})
        if any(word in raw for word in ("properties", "patternProperties", "additionalProperties")):
            maps = [part for part in (named, patterns) if isinstance(part, Mapping)]
            rest = raw.get("additionalProperties")
            schemas = [*(s for part in maps for s in part.values()), True if rest is None else rest]
            if len(maps) == 2 and all(isinstance(schema, Mapping | bool) for schema in schemas):
                others = self.term(rest) if "additionalProperties" in raw and rest is not None else None
                yield Atom("properties", Group(self._each(named), self._each(patterns), others))
            else:
                yield self.opaque("properties")
        if "propertyNames" in raw:
            good = self.schema("propertyNames")
            yield Atom("propertyNames", self.term(raw["propertyNames"])) if good else self.opaque("propertyNames")
        yield from self._dependent()

    def _each(self, schemas: Mapping[Any, Any]) -> dict[str, Term]:
        return {str(name): self.term(schema) for name, schema in schemas.items()}

    def _dependent(self) -> Iterator[Atom]:
        words = ("dependentRequired", "dependentSchemas") if self.source.modern else ("dependencies",)
        for word in words:
            needs = self.raw.get(word, {})
            if not isinstance(needs, Mapping):
                yield self.opaque(word)
                continue
            for key, need in needs.items():
                if _strings(need) and word != "dependentSchemas":
                    yield Atom("dependentRequired", (str(key), tuple(need)))
                elif isinstance(need, Mapping | bool) and word != "dependentRequired":
                    yield Atom("dependentSchemas", (str(key), self.term(need)))
                else:
                    yield self.opaque(word)

    def _combiners(self) -> Iterator[Atom]:
        raw = self.raw
        for word in ("allOf", "anyOf", "oneOf"):
            if word not in raw:
                continue
            parts = raw[word]
            if not isinstance(parts, list | tuple) or not all(isinstance(part, Mapping | bool) for part in parts):
                yield self.opaque(word)
            elif word == "allOf":
                yield from (Atom("ref", self.term(part)) for part in parts)
            elif len(parts) == 1:
                yield Atom("ref", self.term(parts[0]))
            else:
                yield Atom(word, tuple(self.term(part) for part in parts))
        if "not" in raw:
            yield Atom("not", self.term(raw["not"])) if self.schema("not") else self.opaque("not")
        if "if" in raw:
            branches = [self.term(raw[word]) if word in raw else None for word in ("then", "else")]
            if all(self.schema(word) for word in ("if", "then", "else") if word in raw):
                if any(branches):
                    yield Atom("if", (self.term(raw["if"]), *branches))
            else:
                yield self.opaque("if")


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
    own = depth > 0 and isinstance(term.raw, Mapping) and any(word in term.raw for word in _MODERN_ONLY[3:])
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
    if source is None or not source.modern or not isinstance(raw, Mapping):
        return
    plain = not any(atom.keyword in _PLAIN_BREAKERS for atom in found)
    for word, about in (("unevaluatedProperties", "properties"), ("unevaluatedItems", "items")):
        if word not in raw:
            continue
        others = [atom.value for atom in found if atom.keyword == about]
        if not plain or not isinstance(raw[word], Mapping | bool):
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
