"""When two sources say the same in other words: what is no contradiction between documents of one package.

Each rule takes two values as text. What a rule cannot tell apart for certain counts as the same: a contradiction that
is shown must be one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

Same = Callable[[str, str], bool]

_SHORTEST_ABBREVIATION = 7  # hexadecimal digits, as git abbreviates
_HEX = re.compile(r"[0-9a-f]+")
_ADDRESS = re.compile(
    r"^(?:git\+)?(?:[a-z][a-z0-9+.-]*://)?(?:[^@/]+@)?(?P<rest>.*?)(?:\.git)?/*(?:[#?].*)?$", re.DOTALL
)
_SECONDS_OF_ONE_MOMENT = 60.0  # clocks of two machines, and documents that keep whole minutes


def text(one: str, other: str) -> bool:
    """Case and white space do not matter."""
    return one == other or " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def anything(one: str, other: str) -> bool:
    """Each document says it in its own words, or of itself: descriptions, titles, creation times, states."""
    del one, other
    return True


def number(one: str, other: str) -> bool:
    """Numbers by value, and one that is the other rounded (a card's `0.91` for a run's `0.9127`); else as text."""
    if one == other:
        return True
    first, second = _number(one), _number(other)
    if first is None or second is None:
        return text(one, other)
    if math.isclose(first, second, rel_tol=1e-9) or (first != first and second != second):  # noqa: PLR0124 - NaN
        return True
    return _is_rounded(one, second) or _is_rounded(other, first)


def exactly(one: str, other: str) -> bool:
    """Numbers by value without rounding (parameters: 0.1 is 0.10, not 0.13; seeds have many digits); else as text."""
    if text(one, other):
        return True
    try:
        return Decimal(one.strip()) == Decimal(other.strip())
    except ArithmeticError:
        return False


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _is_rounded(short: str, long: float) -> bool:
    """Whether `short`, of two decimals or more, is `long` rounded."""
    _, point, decimals = short.partition(".")
    if not point or not decimals.isdigit() or len(decimals) < 2 or not math.isfinite(long):
        return False
    return math.isclose(round(long, len(decimals)), float(short), rel_tol=1e-12)


def digest(one: str, other: str) -> bool:
    """`sha256:` may be left out, and the end may be. Hashes of different kinds are not comparable, so not different."""
    kind, first = _digest(one)
    other_kind, second = _digest(other)
    if first == second or first.startswith(second) or second.startswith(first):
        return True
    if kind and other_kind:
        return kind != other_kind
    return len(first) != len(second)


def _digest(value: str) -> tuple[str, str]:
    kind, _, rest = value.strip().casefold().rpartition(":")
    return kind, rest


def commit(one: str, other: str) -> bool:
    """An abbreviation (`4be1f0c`) is the commit that begins so."""
    first, second = one.strip().casefold(), other.strip().casefold()
    if _HEX.fullmatch(first) and _HEX.fullmatch(second):
        shorter, longer = sorted((first, second), key=len)
        return longer.startswith(shorter) if len(shorter) >= _SHORTEST_ABBREVIATION else shorter == longer
    return text(one, other)


def version(one: str, other: str) -> bool:
    """`v1.2` is `1.2`."""
    return text(_without_v(one), _without_v(other))


def _without_v(value: str) -> str:
    bare = value.strip()
    return bare[1:] if len(bare) > 1 and bare[0] in "vV" and bare[1].isdigit() else bare


def name(one: str, other: str) -> bool:
    """By the last part of a path (`registry/models/churn` is `churn`); dashes and underscores are alike."""
    return _last_part(one) == _last_part(other)


def _last_part(value: str) -> str:
    return re.sub(r"[-_.\s]+", "-", value.strip().rstrip("/").rpartition("/")[2].casefold())


def person(one: str, other: str) -> bool:
    """By name: `alice@example.org` is `alice`, `Alice <alice@example.org>` too."""
    return bool(_names(one) & _names(other)) or text(one, other)


def _names(value: str) -> set[str]:
    folded = value.casefold()
    mails = re.findall(r"([^\s<>@,;]+)@", folded)
    outside = " ".join(re.sub(r"<[^>]*>|[^\s<>@,;]+@\S+", " ", folded).split())
    return {*mails, *([outside] if outside else [])}


def licences(one: str, other: str) -> bool:
    """Comma-separated lists as sets, SPDX identifiers in any case, blanks for dashes (`apache 2.0`: `Apache-2.0`)."""
    return _licences(one) == _licences(other)


def _licences(value: str) -> set[str]:
    return {re.sub(r"[\s_-]+", "-", part.strip().casefold()) for part in value.split(",") if part.strip()}


def address(one: str, other: str) -> bool:
    """Of a repository: the protocol, the user and `.git` do not matter."""
    return _address(one) == _address(other)


def _address(value: str) -> str:
    match = _ADDRESS.match(value.strip().casefold())
    rest = match["rest"] if match else value
    host, colon, path = rest.partition(":")
    return f"{host}/{path}" if colon and "/" not in host and not path[:1].isdigit() else rest


def moment(one: str, other: str) -> bool:
    """Within a minute of each other."""
    try:
        first, second = datetime.fromisoformat(one), datetime.fromisoformat(other)
        return abs((first - second).total_seconds()) < _SECONDS_OF_ONE_MOMENT
    except (ValueError, TypeError):
        return text(one, other)


def pin(one: str, other: str) -> bool:
    """Only two exact versions of a library can differ: `2.1.0` or `==2.1.0`; a range says nothing of what is there."""
    first, second = _pinned(one), _pinned(other)
    return first is None or second is None or version(first, second)


def release(one: str, other: str) -> bool:
    """Of software around the model: `3.11` is `3.11.7`, told less exactly; else as text."""
    shorter, longer = sorted((one.strip(), other.strip()), key=len)
    return longer.startswith(f"{shorter}.") or exactly(one, other)


def is_pinned(value: str) -> bool:
    """Whether a requirement allows exactly one version."""
    return _pinned(value) is not None


def _pinned(value: str) -> str | None:
    bare = value.strip().removeprefix("===").removeprefix("==").strip()
    return bare if re.fullmatch(r"[vV]?\d[\w.+!-]*", bare) else None
