"""Reads a check run's document back: bounded, every text cleaned, and what is wrong is told by the field's name.

It may come from anybody who may write a ConfigMap or push to a registry, so nothing in it is believed.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any

from mlcd_tui.domain.checks import CheckRun
from mlcd_tui.domain.document import API_VERSION, camel
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import Clean, clean

_MOST_ITEMS = 100_000
"""Items of one list: a run with more findings was not written by this program."""
_LONGEST = 20_000
"""Characters of one text."""
_LARGEST = 2**63


def run_from_document(value: Any) -> CheckRun:
    """The run that `run_document` wrote; what it does not know is passed over.

    Raises:
        Unreadable: it is no such document; the sentence names the field. Nothing else is ever raised.
    """
    if not isinstance(value, Mapping):
        raise Unreadable("The check run is no JSON object.")
    head = (value.get("apiVersion"), value.get("kind"))
    if head != (API_VERSION, "CheckRun"):
        shown = " ".join(clean(part, limit=60) for part in head)
        raise Unreadable(f"The check run's document is of kind {shown}, not {API_VERSION} CheckRun.")
    run: CheckRun = _object(CheckRun, value, "")
    names = [result.name for result in run.results]
    if len(set(names)) < len(names):
        raise Unreadable("The check run has two results of one name.")
    return run


def _wrong(where: str, wanted: str) -> Unreadable:
    return Unreadable(f"The check run's field {clean(where, limit=200)} is not {wanted}.")


@cache
def _slots(kind: type) -> tuple[tuple[str, str, Any, bool], ...]:
    """Of each field of a dataclass: its name, its name in JSON, its type, and whether it must be there."""
    hints = typing.get_type_hints(kind)
    missing = dataclasses.MISSING
    return tuple(
        (one.name, camel(one.name), hints[one.name], one.default is missing and one.default_factory is missing)
        for one in dataclasses.fields(kind)
    )


@cache
def _shape(kind: Any) -> tuple[Any, tuple[Any, ...], bool]:
    """Origin and arguments of a generic type, and whether it is a dataclass."""
    return typing.get_origin(kind), typing.get_args(kind), dataclasses.is_dataclass(kind)


def _object(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong(where or "(top)", "an object")
    found: dict[str, Any] = {}
    for name, key, hint, needed in _slots(kind):
        place = f"{where}.{key}" if where else key
        if key in value:
            found[name] = _value(hint, value[key], place)
        elif needed:
            raise Unreadable(f"The check run lacks the field {clean(place, limit=200)}.")
    return kind(**found)


def _value(kind: Any, value: Any, where: str) -> Any:
    if kind is Clean or kind is str:
        if not isinstance(value, str):
            raise _wrong(where, "text")
        return clean(value, limit=_LONGEST)
    origin, arguments, is_object = _shape(kind)
    if origin in {types.UnionType, typing.Union}:
        return (
            None if value is None else _value(next(one for one in arguments if one is not types.NoneType), value, where)
        )
    if origin is tuple:
        return _items(arguments, value, where)
    return _object(kind, value, where) if is_object else _scalar(kind, value, where)


def _items(arguments: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list) or len(value) > _MOST_ITEMS:
        raise _wrong(where, f"a list of at most {_MOST_ITEMS} items")
    if arguments[-1] is Ellipsis:
        return tuple(_value(arguments[0], item, f"{where}[{place}]") for place, item in enumerate(value))
    if len(value) != len(arguments):
        raise _wrong(where, f"a list of {len(arguments)}")
    return tuple(_value(one, item, where) for one, item in zip(arguments, value, strict=True))


def _scalar(kind: Any, value: Any, where: str) -> Any:
    if kind is bool:
        if not isinstance(value, bool):
            raise _wrong(where, "true or false")
        return value
    if kind is int:
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= _LARGEST:
            raise _wrong(where, "a whole number")
        return value
    if kind is float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
            raise _wrong(where, "a finite number")
        return float(value)
    if kind is datetime:
        return _moment(value, where)
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError:
            raise _wrong(where, f"one of {', '.join(str(one.value) for one in kind)}") from None
    raise _wrong(where, "known here")


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _moment(value: Any, where: str) -> datetime:
    if isinstance(value, str) and len(value) <= 40:
        try:
            moment = datetime.fromisoformat(value)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            pass
    raise _wrong(where, "a moment such as 2026-01-02T03:04:05Z")
