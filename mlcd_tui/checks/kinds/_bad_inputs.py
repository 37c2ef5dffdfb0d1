"""The fixed table of inputs that a server has to refuse, made for one operation."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Any

from mlcd_tui.checks.kinds._contract import Operation
from mlcd_tui.checks.kinds._schemas import objection, resolved

ROWS = (
    *("empty-body", "not-json", "not-text", "wrong-content-type", "missing-required", "wrong-type", "extra-nesting"),
    *("not-a-number", "deep-nesting", "huge-array", "unknown-path", "wrong-method"),
    *("wrong-shape", "wrong-rank", "unknown-datatype", "unknown-input"),
    *("not-rectangular", "no-format", "two-formats"),
)
"""All rows: those for every server, those of tensors, those of MLflow."""
_MOST_TRIED = 100
"""Changed bodies that are held against the schema, for one row."""
_NESTED = 100_000
_HUGE = 200_000
_JSON = "application/json"
_MISFIT: Any = {"mlcd": {"not": ["what", "was", "asked"]}}
"""In place of a number, a text, a truth or a list: nothing that a lenient server could read as one."""


class Weight(Enum):
    """What it means when a server accepts it. A failure of the server's own is always an error."""

    MUST = "must"
    SHOULD = "should"
    """Accepting it is a warning: servers of good name do."""
    MAY = "may"


@dataclass(frozen=True, slots=True)
class Input:
    """One row of the table."""

    row: str
    method: str
    path: str
    body: bytes
    content_type: str = _JSON
    weight: Weight = Weight.MUST
    lenient: bool = False
    """Its own failure is only a warning, as long as the server survives it: stock servers do fail."""


def table(operation: Operation, path: str, valid: Any, root: Mapping[str, Any], other_method: str) -> Iterator[Input]:
    """All rows that make sense for an operation.

    Args:
        operation: what is asked.
        path: its path with the parameters filled in.
        valid: a body that it accepts; None: none is known.
        root: where the references of its schemas point into.
        other_method: one that it does not know; empty: it knows all.
    """
    method = operation.method
    good = _bytes({} if valid is None else valid)
    empty = Weight.MUST if operation.needed else Weight.MAY
    yield Input("empty-body", method, path, b"", weight=empty)
    yield Input("not-json", method, path, b'{"mlcd": ')
    yield Input("not-text", method, path, b"\xff\xfe\xfd{")
    yield Input("wrong-content-type", method, path, good, "text/plain", Weight.SHOULD)
    if valid is not None:
        yield from _changed(operation, path, valid, root)
    nested = Weight.MUST if objection([[[]]], operation.body, root) else Weight.MAY
    yield Input("deep-nesting", method, path, b"[" * _NESTED + b"]" * _NESTED, weight=nested, lenient=True)
    huge = Weight.MUST if objection([None, None], operation.body, root) else Weight.MAY
    yield Input("huge-array", method, path, b"[" + b"null," * _HUGE + b"null]", weight=huge)
    yield Input("unknown-path", method, f"{path.partition('?')[0].rstrip('/')}-mlcd-unknown", good)
    if other_method:
        yield Input("wrong-method", other_method, path, good)
    for bad in operation.bad:
        weight = Weight.SHOULD if bad.row in {"unknown-input", "two-formats"} else Weight.MUST
        yield Input(bad.row, method, path, _bytes(bad.body), weight=weight)


def _changed(operation: Operation, path: str, valid: Any, root: Mapping[str, Any]) -> Iterator[Input]:
    """A valid body with one thing wrong, where the schema says that it is."""
    known = {bad.row for bad in operation.bad}
    for row, bodies in (("missing-required", _without(valid)), ("wrong-type", _mistyped(valid))):
        found = next(
            (
                body
                for body in islice(bodies, _MOST_TRIED)
                if row not in known and objection(body, operation.body, root)
            ),
            None,
        )
        if found is not None:
            yield Input(row, operation.method, path, _bytes(found))
    if objection([valid], operation.body, root):
        yield Input("extra-nesting", operation.method, path, _bytes([valid]))
    with_nan = _with_nan(valid)
    if with_nan is not None:
        yield Input("not-a-number", operation.method, path, _bytes(with_nan), weight=Weight.MAY)


def _without(value: Any, depth: int = 3) -> Iterator[Any]:
    """Each field left out, the outer ones first."""
    if isinstance(value, dict):
        for name in list(value)[:50]:
            yield {key: inner for key, inner in value.items() if key != name}
    if depth:
        yield from _inside(value, lambda inner: _without(inner, depth - 1))


def _mistyped(value: Any, depth: int = 3) -> Iterator[Any]:
    """Each value replaced by one of another kind, the innermost first: that is where servers forget to look."""
    if depth:
        yield from _inside(value, lambda inner: _mistyped(inner, depth - 1))
    yield "mlcd" if isinstance(value, dict) else _MISFIT


def _inside(value: Any, change: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for name in list(value)[:50]:
            for inner in change(value[name]):
                yield {**value, name: inner}
    elif isinstance(value, list) and value:
        for inner in change(value[0]):
            yield [inner, *value[1:]]


def _with_nan(value: Any, depth: int = 8) -> Any:
    """The first number replaced by NaN; None: there is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return math.nan
    if not depth or not isinstance(value, dict | list):
        return None
    pairs = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, inner in pairs[:50]:
        changed = _with_nan(inner, depth - 1)
        if changed is not None:
            if isinstance(value, dict):
                return {**value, key: changed}
            return [*value[:key], changed, *value[key + 1 :]]
    return None


def _bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


def other_method(root: Mapping[str, Any], path: str) -> str:
    """A method that the document does not declare for a path; empty: it declares all."""
    paths = root.get("paths")
    item = resolved(paths.get(path), root) if isinstance(paths, Mapping) else None
    declared = item if isinstance(item, Mapping) else {"get": 1, "post": 1}
    return next((name for name in ("DELETE", "PUT", "PATCH", "GET") if name.lower() not in declared), "")
