"""Shapes and element types, from every format's spelling to the canonical one."""

from __future__ import annotations

from typing import Any

from mlcd_tui.domain.schema import DTYPES, Dim
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.reading.fields import Notes

MOST_DIMS = 64
"""Longest shape: no framework goes beyond."""
_LARGEST = (1 << 63) - 1
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
    """A list of dims: -1 and null are free, text is a symbol; None where it is absent or no shape at all."""
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        notes.sequence(value, name)
        return None
    if len(value) > MOST_DIMS:
        notes.warn(name, f"has {len(value)} dimensions, at most {MOST_DIMS} are read")
        return None
    return tuple(_dim(item, name, notes) for item in value)


def _dim(value: Any, name: str, notes: Notes) -> Dim:
    if isinstance(value, str):
        if value.strip().lstrip("+-").isdecimal() and len(value) < 20:
            value = int(value)
        else:
            return clean(value, limit=100) or None
    if isinstance(value, int) and not isinstance(value, bool) and -1 <= value <= _LARGEST:
        return value if value >= 0 else None
    if value is not None:
        notes.warn(name, f"has the dimension {clean(value, limit=40)}, which is no size")
    return None


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
