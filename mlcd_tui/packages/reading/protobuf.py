"""Walks protobuf's wire format over a file by small reads: what is not wanted is skipped, never read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.reading.document import size_of

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_SMALL, _LARGE = 4 << 10, 256 << 10
_END_UNKNOWN = 1 << 62
_LONGEST_HEAD = 20
"""Bytes of a tag and a length: two varints of ten."""


class Wire(NamedTuple):
    """One field as it lies in the file."""

    number: int
    kind: int
    value: int
    """Of a varint; else 0."""
    start: int
    """Where the payload begins."""
    end: int


@dataclass(slots=True)
class Walker:
    """Fields of one protobuf file; `most_*` bound the whole walk, whatever the file claims."""

    files: Files
    path: str
    most_fields: int = 300_000
    most_reads: int = 20_000
    most_bytes: int = 128 << 20
    _size: int | None = field(default=None, init=False)
    _window: bytes = field(default=b"", init=False)
    _at: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._size = size_of(self.files, self.path)

    def top(self) -> Iterator[Wire]:
        """The fields of the outermost message."""
        return self.fields(0, _END_UNKNOWN if self._size is None else self._size)

    def inside(self, wire: Wire) -> Iterator[Wire]:
        """The fields of a nested message; nothing where the field is none."""
        return self.fields(wire.start, wire.end) if wire.kind == BYTES else iter(())

    def fields(self, start: int, end: int) -> Iterator[Wire]:
        """The fields between two offsets. Raises `Unreadable` on damage, truncation and excess."""
        at = start
        while at < end:
            head = self._bytes(at, min(at + _LONGEST_HEAD, end))
            if not head and end == _END_UNKNOWN:
                if at:
                    self._must_reach(at)
                return
            self.most_fields -= 1
            if self.most_fields < 0:
                raise Unreadable(f"{clean(self.path)} has more fields than are read of one file.")
            wire = self._field(head, at)
            if wire.end > end:
                where = f"field {wire.number} at byte {at:,}"
                raise Unreadable(f"{clean(self.path)} is damaged or truncated: {where} ends beyond its place.")
            yield wire
            at = wire.end

    def text(self, wire: Wire, *, limit: int = 2_000) -> Clean:
        """A string field, clean; bytes beyond `limit` are not read."""
        return clean(self.raw(wire, limit=limit).decode("utf-8", "replace"), limit=limit)

    def raw(self, wire: Wire, *, limit: int) -> bytes:
        """The payload of a bytes field, at most `limit` bytes of it."""
        if wire.kind != BYTES:
            return b""
        return self._bytes(wire.start, min(wire.end, wire.start + limit))

    def numbers(self, wire: Wire, *, most: int) -> list[int]:
        """A repeated varint field, packed or not, as signed 64-bit numbers; what is beyond `most` is left off."""
        if wire.kind == VARINT:
            return [signed(wire.value)]
        data, at, found = self.raw(wire, limit=most * 10), 0, list[int]()
        while at < len(data) and len(found) < most:
            value, at = self._varint(data, at, wire.start)
            found.append(signed(value))
        return found

    def _field(self, head: bytes, at: int) -> Wire:
        tag, used = self._varint(head, 0, at)
        number, kind = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise Unreadable(f"{clean(self.path)} is no protobuf file: byte {at:,} begins no field.")
        start = at + used
        if kind == VARINT:
            value, used = self._varint(head, used, at)
            return Wire(number, kind, value, start, at + used)
        if kind == BYTES:
            length, used = self._varint(head, used, at)
            return Wire(number, kind, 0, at + used, at + used + length)
        if kind in (FIXED64, FIXED32):
            return Wire(number, kind, 0, start, start + (8 if kind == FIXED64 else 4))
        raise Unreadable(
            f"{clean(self.path)} is no protobuf file: field {number} at byte {at:,} is of unknown kind {kind}."
        )

    def _varint(self, data: bytes, at: int, place: int) -> tuple[int, int]:
        value = shift = 0
        while at < len(data) and shift < 70:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & (1 << 64) - 1, at
            shift += 7
        raise Unreadable(f"{clean(self.path)} is damaged or truncated: the number at byte {place:,} does not end.")

    def _bytes(self, start: int, end: int) -> bytes:
        """A piece of the file out of the window, which moves on as needed and grows while reading goes straight on."""
        offset = start - self._at
        if not (offset >= 0 and end - self._at <= len(self._window)):
            straight = 0 <= offset <= len(self._window) + _SMALL and bool(self._window)
            length = max(end - start, min(len(self._window) * 2, _LARGE) if straight else _SMALL)
            self.most_reads -= 1
            self.most_bytes -= length
            if self.most_reads < 0 or self.most_bytes < 0:
                raise Unreadable(f"{clean(self.path)} scatters its description over more places than are read.")
            self._window, self._at = self.files.part(self.path, start, length), start
            offset = 0
        return self._window[offset : offset + end - start]

    def _must_reach(self, end: int) -> None:
        if not self.files.part(self.path, end - 1, 1):
            raise Unreadable(f"{clean(self.path)} is truncated: it ends before byte {end:,}.")


def signed(value: int) -> int:
    """A varint as the signed 64-bit number it stands for."""
    return value - (1 << 64) if value >= 1 << 63 else value
