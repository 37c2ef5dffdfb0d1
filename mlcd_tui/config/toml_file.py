"""TOML files of the user: read into typed values, with errors that name file, line, key and what is allowed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean

_WHERE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_PART = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]")
_PAIR = re.compile(rf"\s*({_DOTTED})\s*=")
_FENCES = ('"""', "'''")


def parse(text: str, name: str) -> dict[str, Any]:
    """A TOML document.

    Raises:
        BadConfig: it is not TOML; the sentence begins with file and line.
    """
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        message = str(error)
        where = _WHERE.search(message)
        line = (where.group(1) if where else None) or str(max(len(text.splitlines()), 1))
        raise BadConfig(f"{clean(name)}:{line}: this is not TOML: {clean(_WHERE.sub('', message))}.") from None


def _path(dotted: str) -> tuple[str, ...]:
    table: Any = tomllib.loads(f"{dotted} = 0")
    keys: list[str] = []
    while isinstance(table, dict):
        (key,) = table
        keys.append(key)
        table = table[key]
    return tuple(keys)


def lines_of(text: str) -> dict[tuple[str, ...], int]:
    """Line (from 1) of every key and table header by its path; keys inside inline tables are not told apart."""
    found: dict[tuple[str, ...], int] = {}
    header: tuple[str, ...] = ()
    fence = ""
    for number, line in enumerate(text.splitlines(), 1):
        if fence:
            fence = "" if line.count(fence) % 2 else fence
            continue
        fence = next((mark for mark in _FENCES if line.count(mark) % 2), "")
        try:
            if match := _HEADER.match(line):
                header = _path(match.group(1))
                found.setdefault(header, number)
            elif match := _PAIR.match(line):
                found.setdefault(header + _path(match.group(1)), number)
        except tomllib.TOMLDecodeError:
            continue
    return found


@dataclass(slots=True)
class Reader:
    """Takes typed values out of one document and gathers what is wrong with the rest."""

    name: str
    text: str
    problems: list[str] = field(default_factory=list)

    def line(self, path: Sequence[str]) -> int:
        """Line of a key, or of the nearest table around it."""
        lines = lines_of(self.text)
        path = tuple(path)
        while path and path not in lines:
            # The first key of a table that has no header of its own marks where it begins.
            inside = [number for known, number in lines.items() if known[: len(path)] == path]
            if inside:
                return min(inside)
            path = path[:-1]
        return lines.get(path, 1)

    def tell(self, path: Sequence[str], sentence: str) -> None:
        """Add a problem at the line of a key."""
        dotted = ".".join(key if re.fullmatch(r"[\w-]+", key) else f'"{key}"' for key in path)
        self.problems.append(f"{clean(self.name)}:{self.line(path)}: {clean(dotted)}: {sentence}")

    def complain(self, path: Sequence[str], value: object, allowed: str) -> None:
        """Add the problem that a value is not what is allowed."""
        self.tell(path, f"{_shown(value)} is not allowed here; allowed is {allowed}.")

    def fields(
        self,
        struct: type[msgspec.Struct],
        table: Mapping[str, Any],
        path: tuple[str, ...] = (),
        skip: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The good values of a table by field name; what is wrong or unknown is told and left out."""
        hints = get_type_hints(struct, include_extras=True)
        good: dict[str, Any] = {}
        for key, value in table.items():
            if key in skip:
                continue
            if key not in hints:
                near = get_close_matches(key, hints, 1)
                guess = f"did you mean {near[0]}? " if near else ""
                self.tell((*path, key), f"there is no such setting; {guess}There is: {', '.join(sorted(hints))}.")
                continue
            try:
                good[key] = msgspec.convert(value, hints[key])
            except msgspec.ValidationError:
                self.complain((*path, key), value, allowed(hints[key]))
        return good


def allowed(hint: Any) -> str:
    """What a type allows, in words: the description that stands in its annotation."""
    if get_origin(hint) is Annotated:
        for meta in get_args(hint)[1:]:
            if isinstance(meta, msgspec.Meta) and meta.description:
                return meta.description
    inner = [allowed(part) for part in get_args(hint) if part is not type(None)]
    return " or ".join(inner) if inner else getattr(hint, "__name__", str(hint))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'the text "{clean(value, limit=60)}"'
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return clean(value, limit=60)
