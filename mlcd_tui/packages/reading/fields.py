"""Typed access to plain values of a hostile document: cleaned, capped, and a sentence for all that does not fit."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mlcd_tui.domain.package import Pairs
from mlcd_tui.domain.schema import Literal
from mlcd_tui.domain.text import LIMIT, Clean, clean

MOST_ITEMS = 2_000
"""Entries used of one list or map."""
_MOST_WARNINGS = 30
_MOST_PAIR_LEVELS = 3
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,4})?")
_MILLISECONDS = 100_000_000_000
"""Larger integers are milliseconds: as seconds they would lie after the year 5000."""
_LATEST = 253_402_300_799
_ZONE_SPACE = re.compile(r" (?=(?:[Zz]|[+-]\d\d:?\d\d)$)")


@dataclass(slots=True)
class Notes:
    """Reads the fields of one document and keeps what could not be used. No accessor ever raises.

    Every accessor takes the value and the field's dotted name; None (absent) is empty without a word.
    """

    where: str
    """The document's name, for the sentences."""
    _said: dict[Clean, None] = field(default_factory=dict)
    _more: int = 0

    @property
    def warnings(self) -> tuple[Clean, ...]:
        """One sentence each, naming file and field."""
        more = (clean(f"{self.where}: {self._more} more fields could not be used."),) if self._more else ()
        return (*self._said, *more)

    def warn(self, name: str, why: str) -> None:
        """Keeps `<file>: <field> <why>.`; `why` has no full stop."""
        sentence = clean(f"{self.where}: {clean(name, limit=120)} {why}.", limit=400)
        if sentence in self._said:
            return
        if len(self._said) < _MOST_WARNINGS:
            self._said[sentence] = None
        else:
            self._more += 1

    def text(self, value: Any, name: str, *, limit: int = LIMIT) -> Clean:
        """A scalar as clean text; numbers and booleans as JSON writes them."""
        if value is None:
            return Clean("")
        if isinstance(value, bool):
            return Clean("true" if value else "false")
        if isinstance(value, str | int | float):
            return clean(value if isinstance(value, str) else str(value), limit=limit)
        self.warn(name, f"is {kind_of(value)}, text was expected")
        return Clean("")

    def mapping(self, value: Any, name: str) -> Mapping[str, Any]:
        """A map with text keys, or an empty one. Not capped: look keys up, do not show them all."""
        if isinstance(value, Mapping):
            return value
        if value is not None:
            self.warn(name, f"is {kind_of(value)}, a map was expected")
        return {}

    def sequence(self, value: Any, name: str, *, most: int = MOST_ITEMS) -> Sequence[Any]:
        """A list, or an empty one; entries beyond `most` are left off with a warning."""
        if isinstance(value, list | tuple):
            if len(value) > most:
                self.warn(name, f"has {len(value):,} entries, {most:,} are used")
            return value[:most]
        if value is not None:
            self.warn(name, f"is {kind_of(value)}, a list was expected")
        return ()

    def mappings(self, value: Any, name: str, *, most: int = MOST_ITEMS) -> tuple[Mapping[str, Any], ...]:
        """A list of maps; what is no map counts as an empty one, with a warning, so that places stay."""
        items = enumerate(self.sequence(value, name, most=most))
        return tuple(self.mapping(item, f"{name}[{index}]") for index, item in items)

    def texts(self, value: Any, name: str, *, most: int = MOST_ITEMS) -> tuple[Clean, ...]:
        """A list of texts without empty ones; a single scalar counts as a list of one."""
        if isinstance(value, str | int | float):
            value = [value]
        items = enumerate(self.sequence(value, name, most=most))
        return tuple(filter(None, (self.text(item, f"{name}[{index}]") for index, item in items)))

    def number(self, value: Any, name: str, *, quiet: bool = False) -> float | None:
        """A finite number, also where it is written as text; `quiet`: no warning when it is none."""
        number: float | None = None
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                number = float(value)
            except OverflowError:
                number = None
        elif isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
            number = float(value)
        if number is not None and math.isfinite(number):
            return number
        if value is not None and not quiet:
            self.warn(name, f"is {shown(value)}, a number was expected")
        return None

    def integer(self, value: Any, name: str, *, least: int = 0, most: int = (1 << 63) - 1) -> int | None:
        """A whole number within bounds, also where it is written as text."""
        if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,20}", value.strip()):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        if value is not None:
            self.warn(name, f"is {shown(value)}, a whole number from {least} was expected")
        return None

    def boolean(self, value: Any, name: str) -> bool | None:
        """True or false; `"true"` and `"false"` as text too."""
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if value is not None:
            self.warn(name, f"is {shown(value)}, true or false was expected")
        return None

    def moment(self, value: Any, name: str) -> datetime | None:
        """A time in UTC: RFC 3339 and other ISO forms (without a zone: UTC), or an epoch in seconds or milliseconds."""
        found: datetime | None = None
        if isinstance(value, str) and re.fullmatch(r"[0-9]{9,16}", value):
            value = int(value)
        try:
            if isinstance(value, int | float) and not isinstance(value, bool):
                seconds = value / 1000 if abs(value) > _MILLISECONDS else value
                found = datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _LATEST else None
            elif isinstance(value, str) and 8 <= len(value) <= 40:
                # Fractions beyond microseconds, as Go writes them, are cut.
                text = re.sub(r"(\.\d{6})\d+", r"\1", _ZONE_SPACE.sub("", value.strip()))
                found = datetime.fromisoformat(text)
                found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError, OSError):
            found = None
        if found is None and value not in (None, ""):
            self.warn(name, f"is {shown(value)}, a time was expected")
        return found

    def pairs(self, value: Any, name: str, *, most: int = 500) -> Pairs:
        """A free map as label and value; maps within it as dotted labels, lists as compact JSON, nulls left out."""
        found: list[tuple[Clean, Clean]] = []
        waiting = [("", self.mapping(value, name), 1)]
        while waiting:
            prefix, mapping, level = waiting.pop(0)
            for key, item in mapping.items():
                label = f"{prefix}.{key}" if prefix else str(key)
                if isinstance(item, Mapping) and item and level < _MOST_PAIR_LEVELS:
                    waiting.append((label, item, level + 1))
                elif item is not None:
                    if len(found) >= most:
                        self.warn(name, f"has more than {most:,} entries, the rest is left out")
                        return tuple(found)
                    found.append((clean(label, limit=200), scalar_text(item)))
        return tuple(found)


def scalar_text(value: Any) -> Clean:
    """Any plain value in one line: scalars as they are, the rest as compact JSON."""
    if value is None or isinstance(value, str):
        return clean(value)
    try:
        return clean(json.dumps(value, separators=(", ", ": "), ensure_ascii=False, default=str))
    except (ValueError, RecursionError):
        return clean(kind_of(value))


def literal(value: Any, *, depth: int = 8) -> Literal:
    """A JSON value (a default, an enumeration's member) frozen, with all text clean."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return clean(value)
    if depth > 0 and isinstance(value, list | tuple):
        return tuple(literal(item, depth=depth - 1) for item in value[:MOST_ITEMS])
    if depth > 0 and isinstance(value, Mapping):
        items = list(value.items())[:MOST_ITEMS]
        return {clean(key): literal(item, depth=depth - 1) for key, item in items}
    return scalar_text(value)


def shown(value: Any) -> str:
    """A value in a sentence: quoted and short, or its kind."""
    if isinstance(value, Mapping | list | tuple):
        return kind_of(value)
    return f"“{clean(value, limit=40)}”"


def kind_of(value: Any) -> str:
    """What a value is, in words."""
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    return "text" if isinstance(value, str) else "nothing"
