"""As much of PromQL as dashboards ask of counters: selectors, `or`, `rate`, `increase` and sums by labels."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Labels = tuple[tuple[str, str], ...]
Vector = dict[Labels, float]
Matchers = tuple[tuple[str, str, str], ...]
"""Label, operator and value of each."""
Source = Callable[[str, Matchers, float], Iterable[tuple[Mapping[str, str], float]]]
"""Series of a metric with their values at a moment; what the matchers rule out may be left out."""
Expression = Callable[[Source, float], Vector]

_TOKEN = re.compile(
    r'\s*(?:([A-Za-z_:][A-Za-z0-9_:]*)|("(?:[^"\\]|\\.)*")|(\[[0-9]+(?:ms|[smhd])\])|(=~|!~|!=|[={}(),]))'
)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_FOLDS: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "count": lambda values: float(len(values)),
    "max": max,
    "min": min,
    "avg": lambda values: sum(values) / len(values),
}


class ParseError(ValueError):
    """What is asked is no expression that is known here."""


@dataclass(frozen=True, slots=True)
class _Selector:
    name: str
    matchers: Matchers

    def __call__(self, source: Source, at: float) -> Vector:
        found: Vector = {}
        for labels, value in source(self.name, self.matchers, at):
            if all(matches(labels.get(label, ""), operator, wanted) for label, operator, wanted in self.matchers):
                found[tuple(sorted(labels.items()))] = value
        return found


def matches(value: str, operator: str, wanted: str) -> bool:
    """Whether a label's value is as a matcher wants it."""
    if operator in {"=", "!="}:
        return (value == wanted) is (operator == "=")
    return (re.fullmatch(wanted, value) is not None) is (operator == "=~")


def parse(text: str) -> Expression:
    """The expression. Raises `ParseError`."""
    reader = _Reader(_tokens(text))
    found = reader.expression()
    if reader.peek():
        raise ParseError(f"parse error: unexpected {reader.peek()}")
    return found


def _tokens(text: str) -> list[str]:
    found, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise ParseError(f"parse error: unexpected character in {text[place : place + 20]!r}")
        found.append(match.group().strip())
        place = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens

    def peek(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if not token or (wanted and token != wanted):
            raise ParseError(f"parse error: {wanted or 'an expression'} expected, not {token or 'the end'}")
        return self._tokens.pop(0)

    def expression(self) -> Expression:
        """Terms joined by `or`: what a later one adds has other labels than the earlier ones."""
        terms = [self._term()]
        while self.peek() == "or":
            self.take()
            terms.append(self._term())

        def joined(source: Source, at: float) -> Vector:
            found: Vector = {}
            for term in terms:
                for labels, value in term(source, at).items():
                    found.setdefault(labels, value)
            return found

        return joined if len(terms) > 1 else terms[0]

    def _term(self) -> Expression:
        name = self.take()
        if not re.match(r"[A-Za-z_:]", name):
            raise ParseError(f"parse error: unexpected {name}")
        if name in _FOLDS and self.peek() in {"by", "("}:
            return self._fold(_FOLDS[name])
        if name in {"rate", "increase"} and self.peek() == "(":
            return self._change(per_second=name == "rate")
        return self._selector(name)

    def _fold(self, fold: Callable[[list[float]], float]) -> Expression:
        by: list[str] = []
        if self.peek() == "by":
            self.take()
            self.take("(")
            while self.peek() != ")":
                by.append(self.take())
                if self.peek() == ",":
                    self.take()
            self.take(")")
        self.take("(")
        inner = self.expression()
        self.take(")")

        def folded(source: Source, at: float) -> Vector:
            groups: dict[Labels, list[float]] = defaultdict(list)
            for labels, value in inner(source, at).items():
                groups[tuple(pair for pair in labels if pair[0] in by)].append(value)
            return {labels: fold(values) for labels, values in groups.items()}

        return folded

    def _change(self, *, per_second: bool) -> Expression:
        self.take("(")
        selector = self._selector(self.take())
        span = re.fullmatch(r"\[([0-9]+)(ms|[smhd])\]", self.take())
        if span is None:
            raise ParseError("parse error: expected a range such as [5m]")
        seconds = int(span.group(1)) * _UNITS[span.group(2)]
        self.take(")")

        def changed(source: Source, at: float) -> Vector:
            before = selector(source, at - seconds)
            return {
                tuple(pair for pair in labels): max(0.0, value - before[labels]) / (seconds if per_second else 1.0)
                for labels, value in selector(source, at).items()
                if labels in before
            }

        return changed

    def _selector(self, name: str) -> _Selector:
        matchers: list[tuple[str, str, str]] = []
        if self.peek() == "{":
            self.take()
            while self.peek() != "}":
                label, operator, quoted = self.take(), self.take(), self.take()
                if operator not in {"=", "!=", "=~", "!~"} or not quoted.startswith('"'):
                    raise ParseError(f"parse error: unexpected {operator} in label matching")
                matchers.append((label, operator, re.sub(r"\\(.)", r"\1", quoted[1:-1])))
                if self.peek() == ",":
                    self.take()
            self.take("}")
        return _Selector(name, tuple(matchers))
