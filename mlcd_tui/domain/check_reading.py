"""Reads a check run's document back: bounded, every text cleaned, and what is wrong is told by the field's name.

It may come from anybody who may write a ConfigMap or push to a registry, so nothing in it is believed.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Any

from mlcd_tui.domain.checks import CheckRun
from mlcd_tui.domain.document import API_VERSION
from mlcd_tui.domain.document_values import LONGEST, WrongValueError, scalar, shape, slots
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import Clean, clean

_MOST_ITEMS = 100_000
"""Items of one list: a run with more findings was not written by this program."""


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


def _object(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong(where or "(top)", "an object")
    found: dict[str, Any] = {}
    for slot in slots(kind):
        place = f"{where}.{slot.key}" if where else slot.key
        if slot.key in value:
            found[slot.name] = _value(slot.type, value[slot.key], place)
        elif slot.needed:
            raise Unreadable(f"The check run lacks the field {clean(place, limit=200)}.")
    return kind(**found)


def _value(kind: Any, value: Any, where: str) -> Any:
    if kind is Clean or kind is str:
        if not isinstance(value, str):
            raise _wrong(where, "text")
        return clean(value, limit=LONGEST)
    origin, arguments, is_object = shape(kind)
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
    try:
        return scalar(kind, value)
    except WrongValueError as wrong:
        raise _wrong(where, wrong.wanted) from None
