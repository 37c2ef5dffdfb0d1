"""Reads a package's document back: bounded, every string cleaned, and anything wrong is told by the field's name.

The document may come from anybody who may write a ConfigMap, so nothing in it is believed.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlcd_tui.domain.document import API_VERSION
from mlcd_tui.domain.document_values import LONGEST, Slot, WrongValueError, scalar, shape, slots
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import ModelPackage, Training
from mlcd_tui.domain.schema import DTYPES, Field, Schema
from mlcd_tui.domain.text import Clean, clean

PAIRS = frozenset({(ModelPackage, "tags"), (Training, "parameters"), (Training, "environment"), (Training, "hardware")})
"""Labels with values that are written as an object."""
NON_FINITE = "$nonFinite"
"""The one key of an object that stands for a number that JSON has not: `NaN`, `Infinity`, `-Infinity`."""
_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

_MOST_VALUES = 400_000
"""Values of one document in all: a ConfigMap's mebibyte holds fewer."""
_DEEPEST = 60


def package_from_document(value: Any) -> ModelPackage:
    """The package that `package_document` wrote; what it does not know is left out.

    Raises:
        Unreadable: not such a document, or too large; the sentence names the field. Nothing else is ever raised.
    """
    if not isinstance(value, Mapping):
        raise Unreadable("The package document is no JSON object.")
    head = (value.get("apiVersion"), value.get("kind"))
    if head != (API_VERSION, "ModelPackage"):
        shown = " ".join(clean(part, limit=60) for part in head)
        raise Unreadable(f"The package document is of kind {shown}, not {API_VERSION} ModelPackage.")
    reader = _Reader()
    reader.count(value, "", 0)
    roots = value.get("roots") or []
    if not isinstance(roots, list) or not all(isinstance(root, Mapping) for root in roots):
        raise _wrong("roots", "a list of objects")
    reader.roots = [_schema(root) for root in roots]
    package: ModelPackage = reader.read(ModelPackage, value, "")
    return _checked(package)


def _checked(package: ModelPackage) -> ModelPackage:
    """The package, if everything that points to a source points to one."""
    count = max(len(package.sources), 1)
    for place, endpoint in enumerate(package.endpoints):
        if not 0 <= endpoint.source < count:
            raise _wrong(f"endpoints[{place}].source", "the place of a source")
    for place, origin in enumerate(package.origins):
        if any(not 0 <= claim.source < count for claim in origin.claims):
            raise _wrong(f"origins[{place}].claims", "claims of its sources")
    return package


def _wrong(where: str, wanted: str) -> Unreadable:
    return Unreadable(f"The package document's field {clean(where, limit=200)} is not {wanted}.")


@dataclass(slots=True)
class _Reader:
    roots: list[Mapping[str, Any]] = field(default_factory=list)
    left: int = _MOST_VALUES

    def count(self, value: Any, where: str, depth: int) -> None:
        """Walk everything once: so many values, so deep, and only what JSON has."""
        self.left -= 1
        if self.left < 0:
            raise Unreadable(f"The package document holds more than {_MOST_VALUES} values.")
        if depth > _DEEPEST:
            raise Unreadable(f"The package document's field {clean(where, limit=200)} is nested too deeply.")
        if isinstance(value, Mapping):
            for key, item in value.items():
                if not isinstance(key, str):
                    raise _wrong(where or "(top)", "an object with text for keys")
                self.count(item, where or key, depth + 1)
        elif isinstance(value, list):
            for item in value:
                self.count(item, where, depth + 1)
        elif value is not None and not isinstance(value, str | int | float):
            raise _wrong(where, "JSON")

    def read(self, kind: Any, value: Any, where: str) -> Any:
        """A dataclass from an object."""
        if not isinstance(value, Mapping):
            raise _wrong(where or "(top)", "an object")
        found: dict[str, Any] = {}
        for slot in slots(kind):
            place = f"{where}.{slot.key}" if where else slot.key
            if slot.key in value:
                found[slot.name] = self._field(kind, slot, value[slot.key], place)
            elif slot.needed:
                raise Unreadable(f"The package document lacks the field {clean(place, limit=200)}.")
        if kind is Field and found["dtype"] not in DTYPES:
            raise _wrong(f"{where}.dtype", "a known element type")
        return kind(**found)

    def _field(self, kind: type, slot: Slot, value: Any, where: str) -> Any:
        name = slot.name
        if (kind, name) in PAIRS:
            if not isinstance(value, Mapping):
                raise _wrong(where, "an object")
            return tuple(
                (clean(label), self._text(item, f"{where}.{clean(label, limit=60)}")) for label, item in value.items()
            )
        if kind is Schema and name == "root":
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < len(self.roots):
                raise _wrong(where, "the place of a document in roots")
            return self.roots[value]
        if kind is Schema and name == "document":
            if value is not None and not isinstance(value, bool | Mapping):
                raise _wrong(where, "a JSON Schema")
            return _schema(value)
        if kind is Field and name == "default":
            return _frozen(_numbered(value))
        if kind is Field and name == "choices":
            if value is not None and not isinstance(value, list):
                raise _wrong(where, "a list")
            return None if value is None else _frozen(_numbered(value))
        return self._value(slot.type, value, where)

    def _value(self, kind: Any, value: Any, where: str) -> Any:
        if kind is Clean:
            return self._text(value, where)
        origin, arguments, is_object = shape(kind)
        if origin in {types.UnionType, typing.Union}:
            if value is None and types.NoneType in arguments:
                return None
            kinds = [one for one in arguments if one is not types.NoneType]
            return self._value(_of_value(kinds, value), value, where)
        if origin in {tuple, frozenset}:
            if not isinstance(value, list):
                raise _wrong(where, "a list")
            if origin is frozenset or arguments[-1] is Ellipsis:
                read = [self._value(arguments[0], item, f"{where}[{place}]") for place, item in enumerate(value)]
                return frozenset(read) if origin is frozenset else tuple(read)
            if len(value) != len(arguments):
                raise _wrong(where, f"a list of {len(arguments)}")
            return tuple(self._value(one, item, where) for one, item in zip(arguments, value, strict=True))
        if is_object:
            return self.read(kind, value, where)
        return self._scalar(kind, value, where)

    def _scalar(self, kind: Any, value: Any, where: str) -> Any:
        if kind in {Clean, str}:
            return self._text(value, where)
        try:
            return scalar(kind, value)
        except WrongValueError as wrong:
            raise _wrong(where, wrong.wanted) from None

    @staticmethod
    def _text(value: Any, where: str) -> Clean:
        if not isinstance(value, str):
            raise _wrong(where, "text")
        return clean(value, limit=LONGEST)


def _of_value(kinds: list[Any], value: Any) -> Any:
    """Of the members of a union (dimensions: number or symbol) the one that a value is of."""
    if len(kinds) > 1 and isinstance(value, str):
        return next((one for one in kinds if one in {str, Clean}), kinds[0])
    return kinds[0]


def _schema(value: Any) -> Any:
    """A JSON Schema, which is no number itself whatever it holds."""
    return {key: _numbered(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _numbered(value: Any) -> Any:
    """A JSON value with the numbers that JSON has not, where they were marked."""
    if isinstance(value, list):
        return [_numbered(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    marked = value.get(NON_FINITE) if len(value) == 1 else None
    if isinstance(marked, str) and marked in _NUMBERS:
        return _NUMBERS[marked]
    return {key: _numbered(item) for key, item in value.items()}


def _frozen(value: Any) -> Any:
    """A JSON value whose lists are tuples, as the domain keeps them."""
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return {key: _frozen(item) for key, item in value.items()} if isinstance(value, Mapping) else value
