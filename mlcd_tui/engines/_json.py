"""Reads fields of raw objects that may be missing or absurd: each reader answers with the right type, always."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from mlcd_tui.domain.refs import JSON
from mlcd_tui.domain.text import Clean, clean


def table(value: object) -> JSON:
    """`value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[JSON]:
    """The JSON objects of a list; whatever else stands in it is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def dig(value: object, *path: str) -> Any:
    """The value at the end of a path of keys, None where the path breaks off."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def text(value: object) -> str:
    """`value` if it is a string, else the empty one. Not clean: for comparing, never for showing."""
    return value if isinstance(value, str) else ""


def maybe_integer(value: object) -> int | None:
    """A whole number, or a string of one; None for everything else."""
    if type(value) is int:  # nearly all are; bool, which is an int too, is none
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else None
    if isinstance(value, str) and len(value) < 20:
        try:
            return int(value)
        except ValueError:
            return None
    return None


def integer(value: object, default: int = 0) -> int:
    """A whole number, or a string of one, else `default`."""
    number = maybe_integer(value)
    return default if number is None else number


@lru_cache(maxsize=4096)
def _when(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def when(value: object) -> datetime | None:
    """An RFC 3339 time, None where it is not one."""
    return _when(value) if isinstance(value, str) and len(value) <= 40 else None


def later(moment: datetime | None, seconds: float | None) -> datetime | None:
    """`moment` plus `seconds`; None where either is missing or the sum is beyond the calendar."""
    if moment is None or seconds is None:
        return None
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return None


def name_of(raw: object) -> str:
    """`metadata.name`."""
    return text(dig(raw, "metadata", "name"))


def annotations_of(raw: object) -> Mapping[str, Any]:
    """`metadata.annotations`."""
    return table(dig(raw, "metadata", "annotations"))


def labels_of(raw: object) -> Mapping[str, Any]:
    """`metadata.labels`."""
    return table(dig(raw, "metadata", "labels"))


def uid_of(raw: object) -> str:
    """`metadata.uid`."""
    return text(dig(raw, "metadata", "uid"))


def created(raw: object) -> datetime | None:
    """`metadata.creationTimestamp`."""
    return when(dig(raw, "metadata", "creationTimestamp"))


def owned_by(raw: object, uid: str) -> bool:
    """Whether one of its ownerReferences has this uid (an empty uid owns nothing)."""
    return bool(uid) and any(owner.get("uid") == uid for owner in rows(dig(raw, "metadata", "ownerReferences")))


def pairs(value: object) -> tuple[tuple[Clean, Clean], ...]:
    """A string map as clean pairs, sorted."""
    return tuple(sorted((clean(key, limit=320), clean(item, limit=320)) for key, item in table(value).items()))


def selector_text(labels: object) -> Clean:
    """A map of labels as `a=b,c=d`."""
    return clean(",".join(f"{key}={value}" for key, value in sorted(table(labels).items(), key=str)))


def selects(selector: object, labels: Mapping[str, Any]) -> bool:
    """Whether a Service's selector matches these labels; an empty selector matches nothing."""
    wanted = table(selector)
    return bool(wanted) and all(labels.get(key) == value for key, value in wanted.items())


def oldest_first(objects: Iterable[JSON]) -> list[JSON]:
    """By creation, then by name."""
    start = datetime.min.replace(tzinfo=UTC)
    return sorted(objects, key=lambda raw: (created(raw) or start, name_of(raw)))
