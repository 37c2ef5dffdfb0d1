"""Bytes that come in order: from a body that can be sought, or inflated from gzip with limits that end a bomb."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.sources._files import Body

PIECE = 256 * 1024
MOST_INFLATED = 16 << 30
"""Bytes that one archive may unpack to."""
HIGHEST_RATIO = 200
"""Bytes out per byte in; weights do not shrink, text by ten, and gzip can reach a thousand."""
FREE_OF_RATIO = 8 << 20
"""A little may be packed as tightly as it likes."""


class Stream(Protocol):
    """Bytes in order."""

    def read(self, length: int) -> bytes:
        """The next bytes, fewer only at the end. Raises `Problem`."""
        ...

    def skip(self, length: int) -> None:
        """Pass over bytes; what lies beyond the end is no failure yet."""
        ...


@dataclass(slots=True)
class BodyStream:
    """Reads a body in order, ahead by pieces; skipping costs nothing."""

    body: Body
    offset: int = 0
    piece: int = 64 * 1024
    _ahead: bytes = b""
    _begin: int = 0

    def read(self, length: int) -> bytes:
        """The next bytes."""
        begin = self.offset - self._begin
        if not 0 <= begin <= len(self._ahead) - length:
            self._ahead, self._begin, begin = self.body.part(self.offset, max(length, self.piece)), self.offset, 0
        data = self._ahead[begin : begin + length]
        self.offset += len(data)
        return data

    def skip(self, length: int) -> None:
        """Pass over bytes."""
        self.offset += length


@dataclass(slots=True)
class ChunkStream:
    """Reads what comes in chunks; skipping reads and drops."""

    chunks: Iterator[bytes]
    _ahead: bytearray = field(default_factory=bytearray)

    def read(self, length: int) -> bytes:
        """The next bytes."""
        while len(self._ahead) < length and (chunk := next(self.chunks, b"")):
            self._ahead += chunk
        data = bytes(self._ahead[:length])
        del self._ahead[:length]
        return data

    def skip(self, length: int) -> None:
        """Pass over bytes."""
        while length > 0:
            if self._ahead:
                taken = min(length, len(self._ahead))
                del self._ahead[:taken]
                length -= taken
            elif chunk := next(self.chunks, b""):
                self._ahead += chunk
            else:
                return


def pieces_of(body: Body, begin: int = 0, end: int | None = None) -> Iterator[bytes]:
    """A body from one offset to another, piece by piece."""
    while end is None or begin < end:
        piece = body.part(begin, PIECE if end is None else min(PIECE, end - begin))
        if not piece:
            return
        yield piece
        begin += len(piece)


@dataclass(slots=True)
class Inflater:
    """Inflates deflate or gzip and counts both sides."""

    name: str
    """Of the archive, for the sentence."""
    wbits: int
    cancelled: Callable[[], bool] = lambda: False
    came: int = 0
    went: int = 0

    def inflate(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The unpacked bytes in pieces; several gzip members in a row are one file, as with gzip itself."""
        machine = zlib.decompressobj(self.wbits)
        for chunk in chunks:
            self.came += len(chunk)
            rest = chunk
            while rest:
                if machine.eof:
                    if self.wbits < 0 or not rest.strip(b"\0"):
                        return
                    machine = zlib.decompressobj(self.wbits)
                piece = self._piece(machine, rest)
                rest = machine.unused_data if machine.eof else machine.unconsumed_tail
                if piece:
                    yield piece
        if not machine.eof:
            raise Unreadable(f"{self.name} is cut off: its compressed data has no end.", advice="Get it anew.")

    def _piece(self, machine: zlib._Decompress, rest: bytes) -> bytes:
        if self.cancelled():
            raise Unreadable(f"Reading {self.name} was given up.")
        try:
            piece = machine.decompress(rest, PIECE)
        except zlib.error as error:
            raise Unreadable(
                f"{self.name} is damaged: its compressed data makes no sense ({clean(error, limit=80)}).",
                advice="Get it anew.",
            ) from error
        self.went += len(piece)
        if self.went > FREE_OF_RATIO and self.went > HIGHEST_RATIO * self.came:
            raise Unreadable(
                f"{self.name} unpacks to more than {HIGHEST_RATIO} times its size, as archives made to do harm do.",
                advice="Unpack it yourself if you trust it, and open the folder.",
            )
        if self.went > MOST_INFLATED:
            raise Unreadable(
                f"{self.name} unpacks to more than {MOST_INFLATED >> 30} GB.", advice="Unpack it and open the folder."
            )
        return piece
