"""Whether a value satisfies a term: yes, no, or not to be told (None). No pattern is ever executed."""

# ruff: noqa: SLF001 - the tables at the end name the evaluator's own rules

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from mlcd_tui.domain.compatibility.json_terms import Atom, Term
from mlcd_tui.domain.compatibility.values import canonical, kind_of

Truth = bool | None
_DEEPEST = 60
_PLAIN = re.compile(r"\A(\^?)([\w /@:,;#%&='\"<>~!-]*)(\$?)\Z", re.ASCII)
ANYTHING = frozenset({"", ".*", "^", "$", "^.*", ".*$", "[\\s\\S]*", "^[\\s\\S]*$"})
"""Patterns that every text has; `^.*$` is none of them, as a dot is no end of a line."""
_LINE_ENDS = frozenset("\n\r\u2028\u2029")
NUMERIC_FORMATS = {
    "int8": (-(2**7), 2**7 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
}
_FLOATS = {"float": 3.4e38, "double": 1.7e308}


class Claimed(str):  # noqa: SLOT000 - few are made, and a text with slots cannot be written plainly
    """A text that stands for some text with a pattern or format which nobody here can write down."""

    patterns: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    shortest: int = 0
    longest: int | None = None

    @staticmethod
    def of(patterns: frozenset[str], formats: frozenset[str], shortest: int, longest: int | None) -> Claimed:
        """Something of these patterns, formats and length is assumed to exist."""
        made = Claimed("…")
        made.patterns, made.formats, made.shortest, made.longest = patterns, formats, shortest, longest
        return made


def holds_claims(value: Any, depth: int = 0) -> bool:
    """Whether a part of a value is only claimed to exist."""
    if isinstance(value, Claimed) or depth > _DEEPEST:
        return True
    if isinstance(value, dict):
        return any(holds_claims(part, depth + 1) for part in value.values())
    return isinstance(value, list | tuple) and any(holds_claims(part, depth + 1) for part in value)


def matches(pattern: str, text: str) -> Truth:
    """Whether a text has a pattern; told only of patterns that are plain words."""
    if pattern in ANYTHING or (pattern == "^.*$" and type(text) is str and _LINE_ENDS.isdisjoint(text)):
        return True
    plain = _PLAIN.match(pattern)
    if plain is None or "\n" in text or isinstance(text, Claimed):
        return None
    start, word, end = plain.groups()
    if start and end:
        return text == word
    if start:
        return text.startswith(word)
    return text.endswith(word) if end else word in text


def all_of(truths: Iterable[Truth]) -> Truth:
    """Conjunction; a no decides."""
    result: Truth = True
    for truth in truths:
        if truth is False:
            return False
        if truth is None:
            result = None
    return result


def count_of(truths: Iterable[Truth]) -> tuple[int, int]:
    """How many are sure, and how many may be."""
    sure = may = 0
    for truth in truths:
        sure += truth is True
        may += truth is not False
    return sure, may


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def divides(step: float, number: float) -> Truth:
    """Whether a number is a multiple; None where validators disagree for their arithmetic."""
    if isinstance(step, int) and isinstance(number, int):
        return number % step == 0
    try:
        exact = (Fraction(str(number)) / Fraction(str(step))).denominator == 1
        quotient = number / step
        rough = quotient == int(quotient)
    except (OverflowError, ValueError, ZeroDivisionError):
        return None
    return exact if exact == rough else None


class Evaluator:
    """Evaluates values within a budget of steps, which `step` counts."""

    def __init__(self, step: Callable[[], None]) -> None:
        self._step = step
        self._allowed: dict[int, tuple[tuple[Any, ...], frozenset[Any]]] = {}

    def all(self, terms: Iterable[Term], value: Any) -> Truth:
        """Whether a value satisfies all terms."""
        return all_of(self.check(term, value) for term in terms)

    def check(self, term: Term, value: Any, depth: int = 0) -> Truth:
        """Whether a value satisfies a term."""
        if depth > _DEEPEST:
            return None
        return all_of(self.atom(atom, value, depth) for atom in term.atoms)

    def atom(self, atom: Atom, value: Any, depth: int = 0) -> Truth:
        """Whether a value satisfies one constraint."""
        self._step()
        kind = kind_of(value)
        word = atom.keyword
        if word in _ANY_KIND:
            return _ANY_KIND[word](self, atom.value, value, depth)
        for kinds, rules in _BY_KIND:
            if word in rules:
                return rules[word](self, atom.value, value, depth) if kind in kinds else True
        return None

    def _enum(self, allowed: tuple[Any, ...], value: Any, _: int) -> Truth:
        if holds_claims(value):
            return None
        known = self._allowed.get(id(allowed))
        if known is None:
            known = self._allowed[id(allowed)] = (allowed, frozenset(canonical(one) for one in allowed))
        return canonical(value) in known[1]

    def _any_of(self, terms: tuple[Term, ...], value: Any, depth: int) -> Truth:
        return _not(all_of(_not(self.check(term, value, depth + 1)) for term in terms))

    def _one_of(self, terms: tuple[Term, ...], value: Any, depth: int) -> Truth:
        sure, may = count_of(self.check(term, value, depth + 1) for term in terms)
        if sure > 1 or may == 0:
            return False
        return True if sure == may == 1 else None

    def _if(self, parts: tuple[Term, Term | None, Term | None], value: Any, depth: int) -> Truth:
        held = self.check(parts[0], value, depth + 1)
        yes, no = (True if part is None else self.check(part, value, depth + 1) for part in parts[1:])
        if held is None:
            return yes if yes is no else None
        return yes if held else no

    def _format(self, name: str, value: Any, _: int) -> Truth:
        if isinstance(value, Claimed):
            return True if name in value.formats else None
        if isinstance(value, str):
            return True if (name, value) in KNOWN else None
        if kind_of(value) in {"integer", "fraction"}:
            if name in NUMERIC_FORMATS and kind_of(value) == "integer":
                low, high = NUMERIC_FORMATS[name]
                return True if low <= value <= high else None
            return True if name in _FLOATS and abs(value) < _FLOATS[name] else None if name in NUMERIC_FORMATS else True
        return True

    def _pattern(self, pattern: str, value: Any, _: int) -> Truth:
        if isinstance(value, Claimed):
            return True if pattern in value.patterns or pattern in ANYTHING else None
        return matches(pattern, value)

    def _length(self, limit: int, value: Any, *, least: bool) -> Truth:
        if isinstance(value, Claimed):
            if least:
                return True if value.shortest >= limit else None
            return True if value.longest is not None and value.longest <= limit else None
        return len(value) >= limit if least else len(value) <= limit

    def _unique(self, _: Any, value: Any, __: int) -> Truth:
        if len(value) < 2:
            return True
        if holds_claims(value):
            return None
        return len({canonical(one) for one in value}) == len(value)

    def _items(self, items: Any, value: Any, depth: int) -> Truth:
        length = len(items.prefix)
        terms = ((items.prefix[n] if n < length else items.rest, part) for n, part in enumerate(value))
        return all_of(self.check(term, part, depth + 1) for term, part in terms if term is not None)

    def _contains(self, wanted: Any, value: Any, depth: int) -> Truth:
        sure, may = count_of(self.check(wanted.term, part, depth + 1) for part in value)
        if may < wanted.least or (wanted.most is not None and sure > wanted.most):
            return False
        return True if sure >= wanted.least and (wanted.most is None or may <= wanted.most) else None

    def _properties(self, group: Any, value: Mapping[str, Any], depth: int) -> Truth:
        result: Truth = True
        for key, part in value.items():
            truth = self._property(group, key, part, depth)
            if truth is False:
                return False
            result = None if truth is None else result
        return result

    def _property(self, group: Any, key: str, part: Any, depth: int) -> Truth:
        truths: list[Truth] = []
        named: Truth = False
        if key in group.named:
            named = True
            truths.append(self.check(group.named[key], part, depth + 1))
        for pattern, term in group.patterns.items():
            hit = matches(pattern, key)
            if hit is False:
                continue
            named = True if hit or named else None
            truth = self.check(term, part, depth + 1)
            truths.append(truth if hit or truth is True else None)
        if group.rest is not None and named is not True:
            truth = self.check(group.rest, part, depth + 1)
            truths.append(truth if named is False or truth is True else None)
        return all_of(truths)

    def _dependent_schemas(self, need: tuple[str, Term], value: Mapping[str, Any], depth: int) -> Truth:
        return self.check(need[1], value, depth + 1) if need[0] in value else True


_Rule = Callable[[Evaluator, Any, Any, int], Truth]
_NUMBERS = frozenset({"integer", "fraction"})
_ANY_KIND: dict[str, _Rule] = {
    "type": lambda _, kinds, value, __: kind_of(value) in kinds,
    "enum": Evaluator._enum,
    "false": lambda *_: False,
    "opaque": lambda *_: None,
    "note": lambda *_: True,
    "nullable": lambda _, __, value, ___: None if value is None else True,
    "anyOf": Evaluator._any_of,
    "oneOf": Evaluator._one_of,
    "not": lambda self, term, value, depth: _not(self.check(term, value, depth + 1)),
    "if": Evaluator._if,
    "format": Evaluator._format,
}
_BY_KIND: tuple[tuple[frozenset[str], dict[str, _Rule]], ...] = (
    (
        _NUMBERS,
        {
            "minimum": lambda _, low, value, __: value > low[0] if low[1] else value >= low[0],
            "maximum": lambda _, high, value, __: value < high[0] if high[1] else value <= high[0],
            "multipleOf": lambda _, step, value, __: divides(step, value),
        },
    ),
    (
        frozenset({"string"}),
        {
            "minLength": lambda self, limit, value, _: self._length(limit, value, least=True),
            "maxLength": lambda self, limit, value, _: self._length(limit, value, least=False),
            "pattern": Evaluator._pattern,
        },
    ),
    (
        frozenset({"array"}),
        {
            "minItems": lambda _, limit, value, __: len(value) >= limit,
            "maxItems": lambda _, limit, value, __: len(value) <= limit,
            "uniqueItems": Evaluator._unique,
            "items": Evaluator._items,
            "contains": Evaluator._contains,
        },
    ),
    (
        frozenset({"object"}),
        {
            "minProperties": lambda _, limit, value, __: len(value) >= limit,
            "maxProperties": lambda _, limit, value, __: len(value) <= limit,
            "required": lambda _, names, value, __: all(name in value for name in names),
            "dependentRequired": lambda _, need, value, __: need[0] not in value or all(n in value for n in need[1]),
            "dependentSchemas": Evaluator._dependent_schemas,
            "propertyNames": lambda self, term, value, depth: all_of(self.check(term, k, depth + 1) for k in value),
            "properties": Evaluator._properties,
        },
    ),
)
KNOWN = {
    ("date-time", "2026-01-02T03:04:05Z"),
    ("date", "2026-01-02"),
    ("time", "03:04:05Z"),
    ("email", "someone@example.org"),
    ("uri", "https://example.org/a"),
    ("uri-reference", "https://example.org/a"),
    ("hostname", "example.org"),
    ("ipv4", "192.0.2.1"),
    ("ipv6", "2001:db8::1"),
    ("uuid", "123e4567-e89b-12d3-a456-426614174000"),
}
"""Texts that have a format."""
