"""Whole values of a document that is read back: bounded, every text cleaned, and what is wrong is told by its field.

A document may come from anybody who may write a ConfigMap, a file or to a registry, so nothing in it is believed.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlcd_tui.domain.document_values import LONGEST, WrongValueError, scalar, shape, slots
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import Clean, clean


@dataclass(frozen=True, slots=True)
class DocumentReader:
    """Makes dataclasses of JSON by the types of their fields; what they do not know is passed over."""

    what: str
    """As sentences name the document: `check run`."""
    most_items: int
    """Of one list: what has more was not written by this program."""

    def read(self, kind: Any, value: Any, where: str = "") -> Any:
        """A value of a type: a dataclass, a tuple of them, a scalar; `where` names the field that it stands in.

        Raises:
            Unreadable: it is none; the sentence names the field. Nothing else is ever raised.
        """
        return self._value(kind, value, where)

    def _wrong(self, where: str, wanted: str) -> Unreadable:
        return Unreadable(f"The {self.what}'s field {clean(where, limit=200)} is not {wanted}.")

    def _object(self, kind: type, value: Any, where: str) -> Any:
        if not isinstance(value, Mapping):
            raise self._wrong(where or "(top)", "an object")
        found: dict[str, Any] = {}
        for slot in slots(kind):
            place = f"{where}.{slot.key}" if where else slot.key
            if slot.key in value:
                found[slot.name] = self._value(slot.type, value[slot.key], place)
            elif slot.needed:
                raise Unreadable(f"The {self.what} lacks the field {clean(place, limit=200)}.")
        return kind(**found)

    def _value(self, kind: Any, value: Any, where: str) -> Any:
        if kind is Clean or kind is str:
            if not isinstance(value, str):
                raise self._wrong(where, "text")
            return clean(value, limit=LONGEST)
        origin, arguments, is_object = shape(kind)
        if origin in {types.UnionType, typing.Union}:
            inner = next(one for one in arguments if one is not types.NoneType)
            return None if value is None else self._value(inner, value, where)
        if origin is tuple:
            return self._items(arguments, value, where)
        if is_object:
            return self._object(kind, value, where)
        try:
            return scalar(kind, value)
        except WrongValueError as wrong:
            raise self._wrong(where, wrong.wanted) from None

    def _items(self, arguments: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > self.most_items:
            raise self._wrong(where, f"a list of at most {self.most_items} items")
        if arguments[-1] is Ellipsis:
            return tuple(self._value(arguments[0], item, f"{where}[{place}]") for place, item in enumerate(value))
        if len(value) != len(arguments):
            raise self._wrong(where, f"a list of {len(arguments)}")
        return tuple(self._value(one, item, where) for one, item in zip(arguments, value, strict=True))
