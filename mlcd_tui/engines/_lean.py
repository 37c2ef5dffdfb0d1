"""What the lean structs of all engines stand on: decoding that one mangled object can never end.

A field that may hold anything is `Any`; a nested object may turn out to be `Absurd` and still decodes. `fit` gives
the nested object or an empty one.
"""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

import msgspec

Absurd: TypeAlias = str | int | float | bool | list[Any] | None
"""What may stand where an object belongs."""


class Lean(msgspec.Struct, gc=False):
    """Base of all: unknown fields are skipped."""


L = TypeVar("L", bound=Lean)


def fit(kind: type[L], value: object) -> L:
    """`value` if it is of that kind, else an empty one."""
    return value if isinstance(value, kind) else kind()


def fits(kind: type[L], value: object) -> list[L]:
    """The items of a list that are of that kind."""
    return [item for item in value if isinstance(item, kind)] if isinstance(value, list) else []
