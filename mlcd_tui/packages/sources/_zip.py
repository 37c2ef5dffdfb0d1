"""Zip archives by their central directory: nothing is unpacked but the file that is asked for, and that counted.

The standard library takes a directory of any length into memory at once, so this house walks it itself.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.sources._files import LONGEST_PATH, MOST_ENTRIES, Body, PackageFiles, inside
from mlcd_tui.packages.sources._streams import ChunkStream, Inflater, pieces_of
from mlcd_tui.packages.sources._tar import repeated

LARGEST_DIRECTORY = 32 << 20
MOST_SKIPPED = 64 << 20
"""Bytes inflated and dropped to reach a piece of a compressed file."""
_END, _END64, _LOCATOR = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_ENTRY, _LOCAL = b"PK\x01\x02", b"PK\x03\x04"
_LONGEST_END = 22 + 0xFFFF + 20
_STORED, _DEFLATED = 0, 8
_METHODS = {9: "deflate64", 12: "bzip2", 14: "lzma", 93: "zstd", 95: "xz"}


@dataclass(frozen=True, slots=True)
class ZipMember:
    """A file of a zip archive."""

    archive: str
    path: str
    body: Body
    header: int
    packed: int
    size: int
    method: int
    crc: int
    encrypted: bool
    cancelled: Callable[[], bool]

    def part(self, offset: int, length: int) -> bytes:
        """A piece: of a stored file by seeking, of a compressed one by inflating up to it."""
        length = min(length, max(self.size - offset, 0))
        if length == 0:
            return b""
        begin = self._data_offset()
        if self.method == _STORED:
            data = self.body.part(begin + offset, length)
        else:
            if offset > MOST_SKIPPED:
                raise Unreadable(
                    f"{self._name} is compressed, and byte {offset:,} of it is too far in.",
                    advice="Unpack the archive and open the folder.",
                )
            inflater = Inflater(self._name, -zlib.MAX_WBITS, self.cancelled)
            stream = ChunkStream(inflater.inflate(pieces_of(self.body, begin, begin + self.packed)))
            stream.skip(offset)
            data = stream.read(length)
        if offset == 0 and length == self.size and zlib.crc32(data) != self.crc:
            raise Unreadable(f"{self._name} is damaged: its checksum is wrong.", advice="Get the archive anew.")
        return data

    @property
    def _name(self) -> str:
        return clean(f"{self.path} in {self.archive}", limit=400)

    def _data_offset(self) -> int:
        if self.encrypted:
            raise Unreadable(f"{self._name} is encrypted.", advice="Unpack the archive and open the folder.")
        if self.method not in (_STORED, _DEFLATED):
            how = _METHODS.get(self.method, f"method {self.method}")
            raise Unreadable(f"{self._name} is compressed by {how}, which is not read here.", advice="Use deflate.")
        if self.method == _STORED and self.packed != self.size:
            raise Unreadable(f"{self._name} is damaged: it has two sizes.", advice="Get the archive anew.")
        local = self.body.part(self.header, 30)
        if len(local) < 30 or local[:4] != _LOCAL:
            raise Unreadable(f"{self._name} is not where the archive says it is.", advice="Get the archive anew.")
        return self.header + 30 + int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little")


def list_zip(files: PackageFiles, body: Body, archive: str, wanted: Callable[[str], bool]) -> None:
    """Lists the regular files of a zip archive into `files`."""
    if body.size is None:
        raise Unreadable(f"{archive} cannot be read in parts, as a zip archive must be.", advice="Download it first.")
    offset, length, count = _directory(body, body.size, archive)
    for member, attributes in _members(body.part(offset, length), count, body, archive, files):
        mode = attributes >> 16
        path = inside(member.path)
        if member.path.endswith("/"):
            continue
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            why = "links in archives are not followed" if stat.S_ISLNK(mode) else "it is no plain file"
            files.notes.left_out(why, member.path)
        elif not path:
            files.notes.left_out("its path leads out of the archive or cannot be used", member.path)
        elif path not in files.bodies:
            files.bodies[path] = member
        elif wanted(path):
            raise repeated(archive, path)
        else:
            files.notes.left_out("the archive holds another file of the same name", path)


def _directory(body: Body, size: int, archive: str) -> tuple[int, int, int]:
    """Offset, length and number of entries of the central directory, checked against the caps."""
    tail_at = max(size - _LONGEST_END, 0)
    tail = body.part(tail_at, _LONGEST_END)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise Unreadable(f"{archive} is no zip archive, or is cut off: it has no directory.", advice="Get it anew.")
    count, length, offset = struct.unpack("<HII", tail[at + 10 : at + 20])
    before = tail_at + at
    if at >= 20 and tail[at - 20 : at - 16] == _LOCATOR:
        (end64,) = struct.unpack("<Q", tail[at - 12 : at - 4])
        record = body.part(min(end64, size), 56)
        if len(record) < 56 or record[:4] != _END64:
            raise Unreadable(f"{archive} is damaged: its large directory is not where it says.", advice="Get it anew.")
        count, length, offset = struct.unpack("<QQQ", record[32:56])
        before = end64
    if count > MOST_ENTRIES:
        raise Unreadable(f"{archive} holds {count:,} files, and at most {MOST_ENTRIES:,} are read.")
    if length > LARGEST_DIRECTORY:
        raise Unreadable(f"{archive} has a directory of {length:,} bytes, at most {LARGEST_DIRECTORY:,} are read.")
    if offset + length > before:
        raise Unreadable(f"{archive} is damaged: its directory lies beyond its end.", advice="Get it anew.")
    return offset, length, count


def _members(data: bytes, count: int, body: Body, archive: str, files: PackageFiles) -> Iterator[tuple[ZipMember, int]]:
    at = 0
    for _ in range(count):
        if len(data) < at + 46 or data[at : at + 4] != _ENTRY:
            raise Unreadable(f"{archive} is damaged: its directory ends too early.", advice="Get it anew.")
        flags, method = struct.unpack_from("<HH", data, at + 8)
        crc, packed, size, named, extra, comment = struct.unpack_from("<IIIHHH", data, at + 16)
        attributes, header = struct.unpack_from("<II", data, at + 38)
        raw = data[at + 46 : at + 46 + named]
        name = raw.decode("utf-8", "backslashreplace") if flags & 0x800 else raw.decode("cp437")
        size, packed, header = _large(data[at + 46 + named : at + 46 + named + extra], size, packed, header)
        at += 46 + named + extra + comment
        member = ZipMember(
            archive, name[: LONGEST_PATH + 1], body, header, packed, size, method, crc, bool(flags & 1), files.cancelled
        )
        yield member, attributes


def _large(extra: bytes, size: int, packed: int, header: int) -> tuple[int, int, int]:
    """The 64-bit values of an entry whose 32-bit ones are all ones."""
    values = [size, packed, header]
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        if kind == 1:
            at = 4
            for index, value in enumerate(values):
                if value == 0xFFFFFFFF and at + 8 <= min(4 + length, len(extra)):
                    (values[index],) = struct.unpack_from("<Q", extra, at)
                    at += 8
            break
        extra = extra[4 + length :]
    return values[0], values[1], values[2]
