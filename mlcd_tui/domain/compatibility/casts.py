"""Which values of one element type are accepted where another one is declared."""

from __future__ import annotations

from mlcd_tui.domain.verdict import Verdict

_SIGNED = {"int8": 8, "int16": 16, "int32": 32, "int64": 64}
_UNSIGNED = {"uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64}
_FLOATS = {"float8": 4, "bfloat16": 8, "float16": 11, "float32": 24, "float64": 53}  # bits of integers held exactly
_RANGE = {"float8": 0, "float16": 1, "bfloat16": 2, "float32": 2, "float64": 3}
VAGUE = frozenset({"any", "json"})
"""Types that say nothing of the value."""
TEXTS = frozenset({"text", "string", "bytes"})


def widens(old: str, new: str) -> bool:
    """Whether every number of `old` is one of `new`."""
    if old == new:
        return True
    bits, unsigned = _SIGNED.get(old), _UNSIGNED.get(old)
    if new in _FLOATS:
        if old in _FLOATS:
            return _FLOATS[old] <= _FLOATS[new] and _RANGE[old] <= _RANGE[new]
        return (bits or unsigned or 99) <= _FLOATS[new]
    if new in _SIGNED:
        return (bits or 99) <= _SIGNED[new] or (unsigned or 99) < _SIGNED[new]
    if new in _UNSIGNED:
        return (unsigned or 99) <= _UNSIGNED[new]
    return (old, new) == ("complex64", "complex128")


def _kind(dtype: str) -> str:
    if dtype in _SIGNED:
        return "i"
    if dtype in _UNSIGNED:
        return "u"
    return "f" if dtype in _FLOATS else ""


def _width(dtype: str) -> int:
    return int("".join(char for char in dtype if char.isdigit()) or 0)


def _mlflow(old: str, new: str) -> Verdict:
    """MLflow 3 widens integers and floats, and integers of up to 32 bits to double only.

    Recorded from the library itself, see tests/fixtures/packages/mlflow/casts.json. Texts and bytes pass each other
    unconverted: whether the model can work with them is another question.
    """
    if (old, new) in {("string", "bytes"), ("bytes", "string"), ("bytes", "bool")}:
        return Verdict.UNKNOWN
    one, two = _kind(old), _kind(new)
    if not one or not two or old in {"bfloat16", "float8"}:
        return Verdict.BREAKING
    if one == two:
        fits = _width(old) <= _width(new)
    elif one == "u" and two == "i":
        fits = _width(old) < _width(new)
    elif two == "f" and one in {"i", "u"}:
        fits = new == "float64" and _width(old) <= 32
    else:
        fits = False
    return Verdict.COMPATIBLE if fits else Verdict.BREAKING


def _mlflow_parameter(old: str, new: str) -> Verdict:
    """Of parameters MLflow takes any integer for a number, and any float for a float, without checking its size."""
    one, two = _kind(old), _kind(new)
    if (old, new) == ("string", "datetime"):
        return Verdict.UNKNOWN  # by what the text says
    if not one or not two or (one == "f" and two != "f"):
        return Verdict.BREAKING
    return Verdict.COMPATIBLE if widens(old, new) or new == "float64" else Verdict.UNKNOWN


def cast(old: str, new: str, coerce: str, *, parameter: bool = False) -> Verdict:
    """What becomes of a value of type `old` that is sent where `new` is declared."""
    if old in VAGUE or new in VAGUE:
        return Verdict.UNKNOWN
    if old == new or (old in TEXTS and new in TEXTS and "text" in {old, new}):
        return Verdict.COMPATIBLE
    if coerce == "mlflow":
        return _mlflow_parameter(old, new) if parameter else _mlflow(old, new)
    if coerce == "json" and widens(old, new):
        return Verdict.COMPATIBLE
    return Verdict.BREAKING
