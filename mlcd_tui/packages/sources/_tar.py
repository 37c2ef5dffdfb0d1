"""Tar archives read in order: headers are judged, small wanted files kept, all else passed over; nothing is unpacked.

The standard library's reader takes a long name of any size into memory and follows links, so this house has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.sources._files import MOST_ENTRIES, Held, PackageFiles, inside
from mlcd_tui.packages.sources._streams import Stream

BLOCK = 512
LARGEST_HEADER = 64 * 1024
"""Bytes of a long name or of extended attributes."""
LARGEST_KEPT = 4 << 20
"""A wanted file of this size is kept whole; of a larger one its beginning."""
HEAD = 256 * 1024
MOST_KEPT = 24 << 20
"""Bytes kept of one archive."""
_FILES = frozenset({b"0", b"\0", b"7"})
_LINKS = frozenset({b"1", b"2"})
_PASSED = frozenset({b"5", b"V", b"D"})
_WITHOUT_DATA = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})
_SPARSE = b"S"
_MOST_HEADERS = 3 * MOST_ENTRIES


@dataclass(frozen=True, slots=True)
class Member:
    """One member as its header tells."""

    name: str
    size: int
    kind: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A file whose beginning is in memory; what lies behind it is read from the archive again."""

    size: int
    head: bytes
    begin: int
    """Offset of its data in the unpacked archive."""
    again: Callable[[], AbstractContextManager[Stream]]

    def part(self, offset: int, length: int) -> bytes:
        """A piece of it."""
        length = min(length, max(self.size - offset, 0))
        if offset + length <= len(self.head) or length == 0:
            return self.head[offset : offset + length]
        with self.again() as stream:
            stream.skip(self.begin + offset)
            return stream.read(length)


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "backslashreplace")


def _number(raw: bytes, what: str, archive: str) -> int:
    """Octal digits, or the base-256 that GNU uses for large ones."""
    if raw[0] & 0x80:
        number = int.from_bytes(raw, "big") & ((1 << (8 * len(raw) - 1)) - 1)
    else:
        digits = raw.strip(b" \0")
        if digits.strip(b"01234567"):
            raise Unreadable(f"{archive} is damaged: a member's {what} is no number.", advice="Get it anew.")
        number = int(digits or b"0", 8)
    if number > 1 << 60:
        raise Unreadable(f"{archive} is damaged: a member's {what} is beyond all files.")
    return number


def _header(block: bytes, archive: str) -> Member:
    told = block[148:156].strip(b" \0")
    if told.strip(b"01234567") or sum(block[:148]) + 8 * 32 + sum(block[156:]) != int(told or b"0", 8):
        raise Unreadable(
            f"{archive} is no tar archive, or is damaged: a header's checksum is wrong.", advice="Get it anew."
        )
    name = _text(block[:100])
    if block[257:263] == b"ustar\0" and (prefix := _text(block[345:500])):
        name = f"{prefix}/{name}"
    return Member(name, _number(block[124:136], "size", archive), block[156:157])


def _extended(data: bytes, archive: str) -> dict[str, str]:
    """The records of a pax header: length, blank, key, `=`, value, line end."""
    found: dict[str, str] = {}
    at = 0
    while at < len(data) and data[at]:
        digits = data[at : at + 7].partition(b" ")[0]
        end = at + int(digits) if digits.isdigit() and len(digits) < 7 else 0
        if not at + len(digits) + 1 < end <= len(data):
            raise Unreadable(f"{archive} is damaged: an extended header has no valid length.", advice="Get it anew.")
        key, _, value = data[at + len(digits) + 1 : end - 1].partition(b"=")
        found[key.decode("utf-8", "replace")] = value.decode("utf-8", "backslashreplace")
        at = end
    return found


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


class TarReader:
    """Walks the members of a stream; `position` is the offset of what comes next."""

    def __init__(self, stream: Stream, archive: str) -> None:
        self.stream = stream
        self.archive = archive
        self.position = 0

    def read(self, length: int) -> bytes:
        """The next bytes, all of them."""
        data = self.stream.read(length)
        self.position += len(data)
        if len(data) < length:
            raise Unreadable(f"{self.archive} is cut off in the middle of a member.", advice="Get it anew.")
        return data

    def skip(self, length: int) -> None:
        """Pass over bytes."""
        self.stream.skip(length)
        self.position += length

    def members(self) -> Iterator[Member]:
        """Each member, positioned at its data. The caller reads none or all of it and its padding before the next."""
        name = ""
        attributes: dict[str, str] = {}
        for _ in range(_MOST_HEADERS):
            block = self.stream.read(BLOCK)
            self.position += len(block)
            if len(block) < BLOCK:
                what = "is cut off before its end" if self.position else "is empty"
                raise Unreadable(f"{self.archive} {what}.", advice="Get it anew.")
            if not block.strip(b"\0"):
                return  # the end is marked by blocks of zeros
            member = _header(block, self.archive)
            if member.kind in (b"L", b"K", b"x", b"g"):
                data = self._header_data(member)
                if member.kind == b"L":
                    name = _text(data)
                elif member.kind == b"x":
                    attributes = _extended(data, self.archive)
                continue
            begin = self.position
            member = self._named(member, name, attributes)
            yield member
            self.skip(begin + _padded(member.size) - self.position)
            name, attributes = "", {}
        raise Unreadable(f"{self.archive} holds more than {_MOST_HEADERS:,} headers.", advice="Open a part of it.")

    def _header_data(self, member: Member) -> bytes:
        if member.size > LARGEST_HEADER:
            raise Unreadable(
                f"{self.archive} holds a name or attributes of {member.size:,} bytes, and at most "
                f"{LARGEST_HEADER:,} are read.",
                advice="Such archives are made to do harm; unpack it yourself if you trust it.",
            )
        return self.read(_padded(member.size))[: member.size]

    def _named(self, member: Member, name: str, attributes: dict[str, str]) -> Member:
        told = attributes.get("size", "")
        size = int(told) if told.isascii() and told.isdigit() and len(told) < 19 else member.size
        kind = member.kind
        if kind == _SPARSE:
            raise Unreadable(
                f"{self.archive} holds a sparse file, which is not read here.", advice="Pack it anew without --sparse."
            )
        if any(key.startswith("GNU.sparse.") for key in attributes):
            kind = _SPARSE
        # as all readers do: links, devices and folders have no data, whatever size they claim
        return Member(attributes.get("path") or name or member.name, 0 if kind in _WITHOUT_DATA else size, kind)


def collect(
    reader: TarReader,
    files: PackageFiles,
    wanted: Callable[[str], bool],
    again: Callable[[], AbstractContextManager[Stream]],
) -> None:
    """Lists the regular files of an archive into `files`, and keeps the small ones that are wanted."""
    kept = 0
    for seen, member in enumerate(reader.members()):
        if seen >= MOST_ENTRIES:
            raise Unreadable(f"{reader.archive} holds more than {MOST_ENTRIES:,} files.", advice="Open a part of it.")
        path = _acceptable(member, files)
        if not path:
            continue
        if path in files.bodies:
            if wanted(path):
                raise repeated(reader.archive, path)
            files.notes.left_out("the archive holds another file of the same name", path)
            continue
        begin, head = reader.position, b""
        if wanted(path):
            length = member.size if member.size <= LARGEST_KEPT else HEAD
            if kept + length <= MOST_KEPT:
                head = reader.read(length)
                kept += length
        whole = len(head) == member.size
        files.bodies[path] = Held(head) if whole else Kept(member.size, head, begin, again)


def repeated(archive: str, path: str) -> Unreadable:
    """Two files of one name: tools differ in which of them counts."""
    return Unreadable(
        f"{archive} holds {clean(path, limit=200)} twice, and readers differ in which one counts.",
        advice="Pack it anew.",
    )


def _acceptable(member: Member, files: PackageFiles) -> str:
    """The path of a regular file that stays inside; anything else is passed over, with a remark where it matters."""
    if member.kind in _PASSED:
        return ""
    if member.kind in _LINKS:
        files.notes.left_out("links in archives are not followed", member.name)
        return ""
    if member.kind not in _FILES or member.name.endswith("/"):
        if not member.name.endswith("/"):
            files.notes.left_out("it is no plain file", member.name)
        return ""
    path = inside(member.name)
    if not path:
        files.notes.left_out("its path leads out of the archive or cannot be used", member.name)
    return path
