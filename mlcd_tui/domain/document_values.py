"""Single values of a document that is read back: of the type that a field has, or told by the field's name."""

from __future__ import annotations

import dataclasses
import math
import typing
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any

from mlcd_tui.domain.document import camel

LONGEST = 20_000
"""Characters of one text; of the raw lines too."""
_LARGEST = 2**63


class WrongValueError(ValueError):
    """A value is not of the type that its field has; `wanted` ends the sentence `the field … is not …`."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.wanted = wanted


@dataclass(frozen=True, slots=True)
class Slot:
    """A field of a dataclass: its name here and in JSON, its type, and whether it must be there."""

    name: str
    key: str
    type: Any
    needed: bool


@cache
def slots(kind: type) -> tuple[Slot, ...]:
    """The fields of a dataclass."""
    hints = typing.get_type_hints(kind)
    missing = dataclasses.MISSING
    return tuple(
        Slot(one.name, camel(one.name), hints[one.name], one.default is missing and one.default_factory is missing)
        for one in dataclasses.fields(kind)
    )


@cache
def shape(kind: Any) -> tuple[Any, tuple[Any, ...], bool]:
    """Origin and arguments of a generic type, and whether it is a dataclass."""
    return typing.get_origin(kind), typing.get_args(kind), dataclasses.is_dataclass(kind)


def scalar(kind: Any, value: Any) -> Any:
    """A truth, a number, a moment or a member of an enumeration. Raises `WrongValueError`."""
    if kind is bool:
        if not isinstance(value, bool):
            raise WrongValueError("true or false")
        return value
    if kind is int:
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= _LARGEST:
            raise WrongValueError("a whole number")
        return value
    if kind is float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
            raise WrongValueError("a finite number")
        return float(value)
    if kind is datetime:
        return _moment(value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError:
            raise WrongValueError(f"one of {', '.join(str(one.value) for one in kind)}") from None
    raise WrongValueError("known here")


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _moment(value: Any) -> datetime:
    if isinstance(value, str) and len(value) <= 40:
        try:
            moment = datetime.fromisoformat(value)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            pass
    raise WrongValueError("a moment such as 2026-01-02T03:04:05Z")
