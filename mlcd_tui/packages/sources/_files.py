"""The files of one package, each with a body that knows how to bring a piece of it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package_ports import FileEntry
from mlcd_tui.domain.text import Clean, clean

MOST_ENTRIES = 100_000
"""Files listed of one package."""
LONGEST_PATH = 1_024
_MOST_REMARKS = 20


class Body(Protocol):
    """The bytes of one file."""

    @property
    def size(self) -> int | None:
        """Bytes, where known before reading."""
        ...

    def part(self, offset: int, length: int) -> bytes:
        """A piece, shorter at the end. Raises `Problem`."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """A body that is in memory already."""

    data: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data)

    def part(self, offset: int, length: int) -> bytes:
        """A piece of it."""
        return self.data[offset : offset + length]


@dataclass(slots=True)
class Remarks:
    """What a source leaves out and why; many of one kind become one sentence."""

    _counts: dict[str, tuple[int, str]] = field(default_factory=dict)
    _single: list[Clean] = field(default_factory=list)

    def left_out(self, why: str, path: str) -> None:
        """A file was left out; `why` ends the sentence `3 files … were left out: `."""
        count, first = self._counts.get(why, (0, path))
        self._counts[why] = (count + 1, first)

    def add(self, sentence: str) -> None:
        """Something else that is worth knowing."""
        if len(self._single) < _MOST_REMARKS:
            self._single.append(clean(sentence))

    def sentences(self) -> tuple[Clean, ...]:
        """All of them."""
        counted = (
            f"{clean(first, limit=200)} was left out: {why}."
            if count == 1
            else f"{count} files were left out, {clean(first, limit=200)} the first: {why}."
            for why, (count, first) in self._counts.items()
        )
        return (*(clean(sentence) for sentence in counted), *self._single)


@dataclass(slots=True)
class PackageFiles:
    """Files by path (`mlcd_tui.domain.package_ports.Files`)."""

    address: str
    digest: str = ""
    bodies: dict[str, Body] = field(default_factory=dict)
    notes: Remarks = field(default_factory=Remarks)
    cancelled: Callable[[], bool] = lambda: False
    _listed: tuple[FileEntry, ...] = field(default=(), repr=False)

    def entries(self) -> Sequence[FileEntry]:
        """What there is, in the order it was found."""
        if len(self._listed) != len(self.bodies):  # every format asks, and there may be a hundred thousand
            listed = tuple(FileEntry(path, body.size) for path, body in self.bodies.items())
            if any(entry.size is None for entry in listed):
                return listed  # a size may become known as the file is read
            self._listed = listed
        return self._listed

    def read(self, path: str, limit: int) -> bytes:
        """A whole file of at most `limit` bytes."""
        body = self._body(path)
        if body.size is not None and body.size > limit:
            raise self._too_large(path, body.size, limit)
        data = body.part(0, limit + 1)
        if len(data) > limit:
            raise self._too_large(path, None, limit)
        if body.size is not None and len(data) != body.size:
            raise Unreadable(f"{self._name(path)} ends after {len(data)} of {body.size} bytes.", advice="Get it anew.")
        return data

    def part(self, path: str, offset: int, length: int) -> bytes:
        """A piece of a file."""
        return self._body(path).part(max(offset, 0), max(length, 0))

    def remarks(self) -> tuple[Clean, ...]:
        """What was left out."""
        return self.notes.sentences()

    def _name(self, path: str) -> str:
        return clean(f"{path} in {self.address}", limit=400)

    def _body(self, path: str) -> Body:
        if self.cancelled():
            raise Unreadable(f"Reading {clean(self.address)} was given up.")
        body = self.bodies.get(path)
        if body is None:
            raise Unreadable(f"There is no {self._name(path)}.")
        return body

    def _too_large(self, path: str, size: int | None, limit: int) -> Unreadable:
        told = f"{size:,} bytes" if size is not None else f"more than {limit:,} bytes"
        return Unreadable(f"{self._name(path)} has {told}, and at most {limit:,} are read.")


def inside(name: str) -> str:
    """The path of an archive's member relative to its root; empty: it leads outside, or cannot be shown."""
    if not name or len(name) > LONGEST_PATH or name.startswith("/") or "\\" in name or "\0" in name:
        return ""
    parts = name.split("/")
    if ".." in parts or (len(parts[0]) == 2 and parts[0][1] == ":"):
        return ""
    plain = posixpath.normpath(name)
    return "" if plain == "." else plain
