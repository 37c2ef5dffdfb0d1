"""How reports are read: bounded, and whatever could hide a finding is refused rather than passed over."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Never

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import clean

MOST_BYTES = 20 << 20
"""Largest report that is read."""
MOST_LINES = 200_000
"""Most lines or events of a report that is one."""


def refuse(what: str, why: str) -> Never:
    """Say why it is no such report."""
    raise Unreadable(f"The report cannot be read as {what}: {why}.")


def text_of(report: bytes, what: str) -> str:
    """The report as text, UTF-8 with or without a mark at its beginning."""
    if len(report) > MOST_BYTES:
        refuse(what, f"it has {len(report) >> 20} MiB, more than {MOST_BYTES >> 20}")
    try:
        return report.decode("utf-8-sig")
    except UnicodeDecodeError:
        refuse(what, "it is not UTF-8 text")


def json_of(report: bytes, what: str) -> Any:
    """The one JSON document of a report."""
    text = text_of(report, what)
    if not text.strip():
        refuse(what, "it is empty")
    try:
        return json.loads(text)
    except RecursionError:
        refuse(what, "it is nested too deeply")
    except ValueError as error:
        refuse(what, f"it is no JSON, {clean(error, limit=100)}")


def json_lines_of(report: bytes, what: str) -> Iterator[tuple[Any, str]]:
    """Each line that is not blank: its JSON value, or None, and the line."""
    for count, line in enumerate(text_of(report, what).splitlines()):
        if count > MOST_LINES:
            refuse(what, f"it has more than {MOST_LINES:,} lines")
        if line.strip():
            try:
                yield json.loads(line), line
            except (ValueError, RecursionError):
                yield None, line


def mapping(value: Any, what: str, where: str) -> dict[str, Any]:
    """A JSON object, or it is no such report."""
    if not isinstance(value, dict):
        refuse(what, f"{where} is no object")
    return value


def objects(value: Any, what: str, where: str) -> list[dict[str, Any]]:
    """A list of JSON objects, or it is no such report."""
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        refuse(what, f"{where} is no list of objects")
    return value


def listed(value: Any, what: str, where: str) -> list[dict[str, Any]]:
    """A list of JSON objects that may be absent."""
    return [] if value is None else objects(value, what, where)


def inner(value: dict[str, Any], *keys: str) -> dict[str, Any]:
    """An object within objects; empty where any of them is absent or something else."""
    for key in keys:
        found = value.get(key)
        value = found if isinstance(found, dict) else {}
    return value


def text(value: Any) -> str:
    """A text; empty when it is something else."""
    return value if isinstance(value, str) else ""


def whole(value: Any) -> int | None:
    """A whole number from zero that a line, a column or a count can be; None when it is something else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value) if 0 <= value < 1_000_000_000 and value == int(value) else None


def shifted(value: Any) -> int | None:
    """A number that counts from zero, counted from one."""
    number = whole(value)
    return None if number is None else number + 1


def one_based(value: Any) -> int | None:
    """A number that counts from one; None for zero, which tools write where they do not know."""
    return whole(value) or None


def moment(value: Any) -> datetime | None:
    """A time as ISO 8601 writes it, with zone (without one: UTC); None when it is something else."""
    try:
        found = datetime.fromisoformat(text(value).strip()[:64])
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def epoch(milliseconds: Any) -> datetime | None:
    """A time in milliseconds since 1970; None when it is something else."""
    if isinstance(milliseconds, str) and milliseconds.isascii() and milliseconds.isdigit():
        milliseconds = int(milliseconds[:16])
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
