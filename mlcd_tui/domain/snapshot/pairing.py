"""Which elements of two lists belong together when their order does not count."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mlcd_tui.domain.compatibility.values import canonical
from mlcd_tui.domain.snapshot.result import is_nan, is_number

_MOST_TRIED = 64
"""Elements without an equal that are tried against each other; each pair costs a comparison."""
_MOST_TEXT = 4_000_000
"""The same, as characters of JSON times tries."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """Places of the approved list and of the answer that belong together."""

    pairs: tuple[tuple[int, int], ...] = ()
    missing: tuple[int, ...] = ()
    """Of the approved ones."""
    extra: tuple[int, ...] = ()
    """Of the answer's."""
    trouble: str = ""
    """Why it could not be told; the rest is not to be used then."""


def by_key(approved: Sequence[Any], answer: Sequence[Any], key: str) -> Pairing:
    """By the value of a field; equal keys pair in their order."""
    waiting: dict[Any, list[int]] = defaultdict(list)
    for at, element in enumerate(answer):
        value = _key(element, key)
        if value is None:
            return Pairing(trouble=f"element {at} of the answer has no usable field {key!r} to be paired by")
        waiting[value].append(at)
    pairs: list[tuple[int, int]] = []
    missing: list[int] = []
    for places in waiting.values():
        places.reverse()
    for at, element in enumerate(approved):
        value = _key(element, key)
        if value is None:
            return Pairing(trouble=f"element {at} of the approved answer has no usable field {key!r} to be paired by")
        if waiting.get(value):
            pairs.append((at, waiting[value].pop()))
        else:
            missing.append(at)
    extra = sorted(at for places in waiting.values() for at in places)
    return Pairing(tuple(pairs), tuple(missing), tuple(extra))


def _key(element: Any, key: str) -> Any:
    value = element.get(key) if isinstance(element, dict) else None
    return None if value is None or isinstance(value, list | dict) or is_nan(value) else canonical(value)


def anyhow(approved: Sequence[Any], answer: Sequence[Any], fits: Callable[[Any, Any], bool]) -> Pairing:
    """Equal ones first; then numbers by size, and few others by trying.

    Args:
        approved: the approved list.
        answer: the answer's.
        fits: whether two elements are the same within the tolerances.
    """
    if all(is_number(value) and not is_nan(value) for value in (*approved, *answer)):
        return _by_size(approved, answer)
    theirs, mine = [_text(value) for value in approved], [_text(value) for value in answer]
    pairs, missing, extra = _equal_ones(theirs, mine)
    tries = len(missing) * len(extra)
    length = sum(len(theirs[at] or "") for at in missing) * max(len(extra), 1)
    if max(len(missing), len(extra)) > _MOST_TRIED or length > _MOST_TEXT:
        return Pairing(
            trouble=f"{len(missing):,} elements have no equal in the answer, too many to try each against each; "
            "pair them by a field (by_key)"
        )
    if tries:
        for place in list(missing):
            found = next((other for other in extra if fits(approved[place], answer[other])), None)
            if found is not None:
                pairs.append((place, found))
                missing.remove(place)
                extra.remove(found)
    return Pairing(tuple(pairs), tuple(missing), tuple(extra))


def _equal_ones(theirs: list[str | None], mine: list[str | None]) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    waiting: dict[str, list[int]] = defaultdict(list)
    for at in range(len(mine) - 1, -1, -1):
        text = mine[at]
        if text is not None:
            waiting[text].append(at)
    pairs: list[tuple[int, int]] = []
    missing: list[int] = []
    for at, text in enumerate(theirs):
        if text is not None and waiting.get(text):
            pairs.append((at, waiting[text].pop()))
        else:
            missing.append(at)
    taken = {other for _, other in pairs}
    return pairs, missing, [at for at in range(len(mine)) if at not in taken]


def _by_size(approved: Sequence[Any], answer: Sequence[Any]) -> Pairing:
    """In order of size nothing pairs closer."""
    theirs = sorted(range(len(approved)), key=approved.__getitem__)
    mine = sorted(range(len(answer)), key=answer.__getitem__)
    if len(theirs) != len(mine):
        return Pairing(trouble=f"{len(theirs):,} numbers became {len(mine):,}")
    return Pairing(tuple(zip(theirs, mine, strict=True)))


def _text(value: Any) -> str | None:
    try:
        return json.dumps(value, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return None  # nothing is its equal; it can still be tried
