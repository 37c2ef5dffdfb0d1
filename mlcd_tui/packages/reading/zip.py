"""The central directory of a zip archive and single small members of it, by small reads; nothing is extracted."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.reading.document import size_of

_MOST_ENTRIES = 20_000
_MOST_DIRECTORY = 4 << 20
_END, _END64, _LOCATOR64, _ENTRY, _LOCAL = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x01\x02", b"PK\x03\x04"
_END_LENGTH, _ENTRY_LENGTH, _LOCAL_LENGTH = 22, 46, 30
_LONGEST_COMMENT = 0xFFFF
_STORED, _DEFLATED = 0, 8


@dataclass(frozen=True, slots=True)
class Member:
    """One file in the archive, as its directory claims."""

    name: str
    size: int
    packed: int
    method: int
    encrypted: bool
    offset: int
    """Of its local header."""


def members(files: Files, path: str) -> tuple[Member, ...]:
    """What the archive holds.

    Raises:
        Unreadable: no zip, damaged, more entries than are read, or names that leave the archive or appear twice.
    """
    size = size_of(files, path)
    if size is None:
        raise Unreadable(f"{clean(path)} cannot be listed: its size is not known.")
    count, length, start = _end(files, path, size)
    if count > _MOST_ENTRIES or length > _MOST_DIRECTORY:
        raise Unreadable(f"{clean(path)} has a directory of {count:,} entries; at most {_MOST_ENTRIES:,} are read.")
    data = files.part(path, start, length)
    found: list[Member] = []
    seen: set[str] = set()
    at = 0
    for _ in range(count):
        member, at = _member(data, at, path)
        if member.name in seen:
            raise Unreadable(f"{clean(path)} holds {clean(member.name, limit=200)} twice.")
        if member.name.startswith(("/", "\\")) or ".." in member.name.replace("\\", "/").split("/"):
            raise Unreadable(f"{clean(path)} holds {clean(member.name, limit=200)}, which leads out of the archive.")
        seen.add(member.name)
        found.append(member)
    return tuple(found)


def read_member(files: Files, path: str, member: Member, *, limit: int) -> bytes:
    """The bytes of one member. Raises `Unreadable`: larger than `limit` (claimed or in truth), damaged, encrypted."""
    where = f"{clean(path)}: {clean(member.name, limit=200)}"
    if member.encrypted or member.method not in (_STORED, _DEFLATED):
        raise Unreadable(f"{where} is encrypted or packed in an unknown way.")
    if member.size > limit or member.packed > limit:
        raise Unreadable(f"{where} has {max(member.size, member.packed):,} bytes; at most {limit:,} are read.")
    head = files.part(path, member.offset, _LOCAL_LENGTH)
    if len(head) < _LOCAL_LENGTH or not head.startswith(_LOCAL):
        raise Unreadable(f"{where} is not where the archive's directory says.")
    name_length, extra_length = struct.unpack_from("<HH", head, 26)
    packed = files.part(path, member.offset + _LOCAL_LENGTH + name_length + extra_length, member.packed)
    if len(packed) < member.packed:
        raise Unreadable(f"{where} is truncated.")
    if member.method == _STORED:
        return packed
    try:
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        data = unpacker.decompress(packed, limit + 1)
    except zlib.error as error:
        raise Unreadable(f"{where} is damaged: {clean(error, limit=100)}.") from error
    if len(data) > limit:
        raise Unreadable(f"{where} unpacks to more than {limit:,} bytes.")
    return data


def _end(files: Files, path: str, size: int) -> tuple[int, int, int]:
    """Number of entries, length and place of the directory."""
    length = min(size, _LONGEST_COMMENT + _END_LENGTH)
    tail = files.part(path, size - length, length)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_LENGTH:
        raise Unreadable(f"{clean(path)} is no zip archive, or it is truncated: its directory is not at its end.")
    count, directory, start = struct.unpack_from("<HII", tail, at + 10)
    if count == 0xFFFF or directory == 0xFFFFFFFF or start == 0xFFFFFFFF:
        locator = tail[at - 20 : at] if at >= 20 else b""
        if not locator.startswith(_LOCATOR64):
            raise Unreadable(f"{clean(path)} is damaged: its large directory cannot be found.")
        place = struct.unpack_from("<Q", locator, 8)[0]
        large = files.part(path, place, 56) if place < size else b""
        if len(large) < 56 or not large.startswith(_END64):
            raise Unreadable(f"{clean(path)} is damaged: its large directory cannot be found.")
        count, directory, start = struct.unpack_from("<QQQ", large, 32)
    if start + directory > size:
        raise Unreadable(f"{clean(path)} is damaged or truncated: its directory ends beyond the file.")
    return count, directory, start


def _member(data: bytes, at: int, path: str) -> tuple[Member, int]:
    if len(data) - at < _ENTRY_LENGTH or not data.startswith(_ENTRY, at):
        raise Unreadable(f"{clean(path)} is damaged: its directory holds fewer entries than it says.")
    flags, method = struct.unpack_from("<HH", data, at + 8)
    packed, size, name_length, extra_length, comment_length = struct.unpack_from("<IIHHH", data, at + 20)
    offset = struct.unpack_from("<I", data, at + 42)[0]
    begin = at + _ENTRY_LENGTH
    raw = data[begin : begin + name_length]
    extra = data[begin + name_length : begin + name_length + extra_length]
    size, packed, offset = _large(extra, size, packed, offset)
    name = raw.decode("utf-8" if flags & 0x800 else "cp437", "replace")
    member = Member(name, size, packed, method, bool(flags & 1), offset)
    return member, begin + name_length + extra_length + comment_length


def _large(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """The values that do not fit 32 bits, out of the entry's extra field 1."""
    values = [size, packed, offset]
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        at += 4
        if kind == 1:
            inner = extra[at : at + length]
            place = 0
            for index, value in enumerate(values):
                if value == 0xFFFFFFFF and place + 8 <= len(inner):
                    values[index] = struct.unpack_from("<Q", inner, place)[0]
                    place += 8
        at += length
    return values[0], values[1], values[2]
