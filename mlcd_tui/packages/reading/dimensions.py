"""Shapes and element types, from every format's spelling to the canonical one."""

from __future__ import annotations

import re
from typing import Any

from mlcd_tui.domain.schema import DTYPES, Dim
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.reading.fields import Notes, shown

MOST_DIMS = 64
"""Longest shape: no framework goes beyond."""
_LARGEST = (1 << 63) - 1
_SIZE = re.compile(r"[+-]?[0-9]{1,19}")
_NUMPY = {
    "str": "string",
    "string": "string",
    "unicode": "string",
    "bytes": "bytes",
    "object": "string",
    "float": "float64",
    "double": "float64",
    "int": "int64",
    "long": "int64",
    "bool_": "bool",
    "boolean": "bool",
}


def shape_of(value: Any, name: str, notes: Notes) -> tuple[Dim, ...] | None:
    """A list of dims: -1 and null are free, text is a symbol.

    None, which makes every comparison unknown, where it is absent or one dimension is no size.
    """
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        notes.sequence(value, name)
        return None
    if len(value) > MOST_DIMS:
        notes.warn(name, f"has {len(value)} dimensions, at most {MOST_DIMS} are read")
        return None
    dims: list[Dim] = []
    for item in value:
        size = int(item) if isinstance(item, str) and _SIZE.fullmatch(item) else item
        if size is None or size == -1:
            dims.append(None)
        elif isinstance(size, str):
            dims.append(clean(size, limit=100) or None)
        elif isinstance(size, int) and not isinstance(size, bool) and 0 <= size <= _LARGEST:
            dims.append(size)
        else:
            notes.warn(name, f"has the dimension {shown(item)}, which is no size")
            return None
    return tuple(dims)


def numpy_dtype(name: str) -> str | None:
    """The canonical type of a numpy type name (`float32`, `<U16`, `datetime64[ns]`); None: not known."""
    plain = name.strip().lower().lstrip("<>|=")
    if plain.startswith("datetime64"):
        return "datetime"
    if plain[:1] in ("u", "s") and plain[1:].isdecimal():
        return "string" if plain[0] == "u" else "bytes"
    if plain in _NUMPY:
        return _NUMPY[plain]
    return plain if plain in DTYPES else None
