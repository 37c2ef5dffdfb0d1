"""The files of a package held in memory, as formats see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package_ports import FileEntry


@dataclass
class MemoryFiles:
    """`Files` over a dict; counts what was read so that tests can see the cost."""

    contents: Mapping[str, bytes]
    address: str = "folder test"
    digest: str = ""
    sizes_known: bool = True
    reads: list[tuple[str, int, int]] = field(default_factory=list)

    def entries(self) -> Sequence[FileEntry]:
        return [FileEntry(path, len(data) if self.sizes_known else None) for path, data in self.contents.items()]

    def read(self, path: str, limit: int) -> bytes:
        data = self._data(path)
        if len(data) > limit:
            raise Unreadable(f"{path} has {len(data)} bytes; at most {limit} are read.")
        self.reads.append((path, 0, len(data)))
        return data

    def part(self, path: str, offset: int, length: int) -> bytes:
        piece = self._data(path)[offset : offset + length]
        self.reads.append((path, offset, len(piece)))
        return piece

    def _data(self, path: str) -> bytes:
        if path not in self.contents:
            raise Unreadable(f"{path} is not in {self.address}.")
        return self.contents[path]


@dataclass
class DiskFiles:
    """`Files` over a folder, reading pieces by seeking: for sparse giants."""

    folder: Path
    digest: str = ""
    reads: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return "folder giants"

    def entries(self) -> Sequence[FileEntry]:
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return [FileEntry(path.relative_to(self.folder).as_posix(), path.stat().st_size) for path in paths]

    def read(self, path: str, limit: int) -> bytes:
        target = self.folder / path
        if not target.is_file():
            raise Unreadable(f"{path} is not in {self.address}.")
        if target.stat().st_size > limit:
            raise Unreadable(f"{path} has more than {limit} bytes.")
        return target.read_bytes()

    def part(self, path: str, offset: int, length: int) -> bytes:
        with (self.folder / path).open("rb") as opened:
            opened.seek(offset)
            piece = opened.read(length)
        self.reads.append((path, offset, len(piece)))
        return piece


def from_folder(folder: Path, address: str = "folder test") -> MemoryFiles:
    """A fixture folder, whole, in memory."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return MemoryFiles({path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}, address)
