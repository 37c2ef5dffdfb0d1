"""A file line by line, with bounds, and errors that name file and line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from mlcd_tui.domain.errors import BadConfig, Unreadable
from mlcd_tui.domain.text import Clean, clean

LONGEST_LINE = 32 << 20
MOST_WHOLE = 64 << 20
"""Bytes of a file that has to be read as one."""
_HEAD = 64 * 1024
_BAD = (msgspec.DecodeError, ValueError, RecursionError)


@dataclass(frozen=True, slots=True)
class Source:
    """A file of records."""

    path: Path

    @property
    def shown(self) -> Clean:
        """Its name for the eye."""
        return clean(self.path.name, limit=200)

    def problem(self, line: int, why: object) -> Unreadable:
        """What is wrong with a line."""
        return Unreadable(f"{clean(self.path, limit=300)}, line {line}: {clean(why, limit=300)}.")

    def head(self) -> bytes:
        """Its beginning. Raises `BadConfig`."""
        try:
            with self.path.open("rb") as file:
                return file.read(_HEAD)
        except OSError as error:
            raise self._unopened(error) from error

    def whole(self) -> bytes:
        """All of it. Raises `BadConfig`, or `Unreadable` where it is too large."""
        try:
            with self.path.open("rb") as file:
                data = file.read(MOST_WHOLE + 1)
        except OSError as error:
            raise self._unopened(error) from error
        if len(data) > MOST_WHOLE:
            raise Unreadable(f"{clean(self.path, limit=300)} has more than {MOST_WHOLE >> 20} MiB.")
        return data

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Each line that is not empty, with its number from 1. Raises `Unreadable`."""
        try:
            with self.path.open("rb") as file:
                number = 0
                while line := file.readline(LONGEST_LINE + 1):
                    number += 1
                    if len(line) > LONGEST_LINE:
                        raise self.problem(number, f"longer than {LONGEST_LINE >> 20} MiB")
                    if not line.isspace():
                        yield number, line
        except OSError as error:
            raise self._unopened(error) from error

    def objects(self) -> Iterator[tuple[int, dict[str, Any], int]]:
        """Each line as a JSON object, with its number and its bytes. Raises `Unreadable`."""
        for number, line in self.lines():
            value = self.value(number, line)
            if value is not None:
                yield number, value, len(line)

    def value(self, number: int, line: bytes) -> dict[str, Any] | None:
        """A line as a JSON object; None: the file ends in the middle of it, as a log does that is being written."""
        try:
            value = any_json(line)
        except _BAD as error:
            if not line.endswith(b"\n") and number > 1:
                return None
            raise self.problem(number, f"no JSON ({clean(error, limit=120)})") from error
        if not isinstance(value, dict):
            raise self.problem(number, "no JSON object")
        return value

    def _unopened(self, error: OSError) -> BadConfig:
        return BadConfig(f"{clean(self.path, limit=300)} cannot be read: {clean(error.strerror or error)}.")


def any_json(data: bytes) -> Any:
    """JSON, also the NaN and Infinity that Python servers write. Raises `ValueError` or `RecursionError`."""
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        return json.loads(data)
