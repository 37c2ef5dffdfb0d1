"""Reads raw JSON Schema of any dialect into atoms."""

# ruff: noqa: SLF001 - the table at the end names the parser's own parts

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mlcd_tui.domain.compatibility.json_document import Sources
from mlcd_tui.domain.compatibility.json_terms import Atom, Contains, Group, Items, Term, term_of, written
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
_HUGE = 1e300
"""Numbers beyond are not reckoned with."""


def parse(source: Sources, base: str, raw: Any) -> tuple[Atom, ...]:
    """The constraints that a raw schema states itself; references are atoms too."""
    return tuple(_Parser(source, base, raw).atoms())


def _json(value: Any) -> bool:
    """Whether JSON can say it: YAML knows dates, and endless numbers."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -_HUGE < value < _HUGE


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
        return isinstance(self.raw.get(keyword), dict | bool)

    def atoms(self) -> Iterator[Atom]:
        if self.raw is True:
            return
        if self.raw is False:
            yield Atom("false", None)
            return
        if not isinstance(self.raw, dict):
            yield self.opaque("schema")
            return
        if self._maybe_null():
            plain = {word: value for word, value in self.raw.items() if word != "nullable"}
            yield Atom("anyOf", (self.term(plain), _MAYBE_NULL))
            return
        if "$ref" in self.raw:
            yield self._ref(self.raw["$ref"])
            if not self.source.modern:
                return
        for words, read in _SECTIONS:
            if not words.isdisjoint(self.raw):
                yield from read(self)
        if not _APART.isdisjoint(self.raw):
            yield from self._apart()

    def _maybe_null(self) -> bool:
        """Whether `nullable` stands beside no `type`: readers of OpenAPI 3.0 disagree what it means there."""
        raw = self.raw
        return self.source.openapi and raw.get("nullable") is True and not raw.keys() & {"type", "enum"}

    def _apart(self) -> Iterator[Atom]:
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
            vague = good and self.source.openapi and raw.get("nullable") is True and None not in raw["enum"]
            if vague:  # servers differ: by the standard the list decides, by many libraries null passes
                yield Atom("nullable", None)
            listed = (*raw["enum"], None) if vague else raw["enum"]
            yield Atom("enum", tuple(listed)) if good else self.opaque("enum")
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
            if good and all(isinstance(item, dict | bool) for item in places):
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
            maps = [part for part in (named, patterns) if isinstance(part, dict)]
            rest = raw.get("additionalProperties")
            schemas = [*(s for part in maps for s in part.values()), True if rest is None else rest]
            if len(maps) == 2 and all(isinstance(schema, dict | bool) for schema in schemas):
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
            if not isinstance(needs, dict):
                yield self.opaque(word)
                continue
            for key, need in needs.items():
                if _strings(need) and word != "dependentSchemas":
                    yield Atom("dependentRequired", (str(key), tuple(need)))
                elif isinstance(need, dict | bool) and word != "dependentRequired":
                    yield Atom("dependentSchemas", (str(key), self.term(need)))
                else:
                    yield self.opaque(word)

    def _combiners(self) -> Iterator[Atom]:
        raw = self.raw
        for word in ("allOf", "anyOf", "oneOf"):
            if word not in raw:
                continue
            parts = raw[word]
            if not isinstance(parts, list | tuple) or not all(isinstance(part, dict | bool) for part in parts):
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
                yield Atom("if", (self.term(raw["if"]), *branches))  # even alone it decides what counts as evaluated
            else:
                yield self.opaque("if")


_MAYBE_NULL = Term(None, None, atoms=(Atom("type", frozenset({"null"})), Atom("nullable", None)))
"""Null, where it cannot be told whether it is meant; one term, so that it is the same on both sides."""
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_APART = frozenset({*_OLD_ONLY, *_MODERN_ONLY, *_MODERN_NOTES, *_NOTES})
_SECTIONS: tuple[tuple[frozenset[str], Callable[[_Parser], Iterator[Atom]]], ...] = (
    (frozenset({"type", "enum", "const"}), _Parser._kinds),
    (frozenset({*_BOUNDS, *_COUNTS, "pattern", "format", "contentEncoding"}), _Parser._scalars),
    (frozenset({"uniqueItems", "prefixItems", "items", "additionalItems", "contains"}), _Parser._arrays),
    (
        frozenset(
            {"required", "properties", "patternProperties", "additionalProperties", "propertyNames"}
            | {"dependentRequired", "dependentSchemas", "dependencies"}
        ),
        _Parser._objects,
    ),
    (frozenset({"allOf", "anyOf", "oneOf", "not", "if"}), _Parser._combiners),
)
"""What is read of a schema that has one of these words."""
