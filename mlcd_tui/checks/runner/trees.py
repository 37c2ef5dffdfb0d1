"""What lies below a folder of a container, as digests: to see whether two images hold the same."""

from __future__ import annotations

import hashlib
import io
import posixpath
import tarfile
from collections.abc import Iterator

from mlcd_tui.checks.runner.engine import Engine, asked
from mlcd_tui.checks.runner.exchange import closed, opened
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import clean

MOST_BYTES = 512 << 20
"""Of a folder that is compared: the engine gives all of it or nothing."""
MOST_FILES = 20_000
_PIECE = 1 << 20


class _Stream(io.RawIOBase):
    """An archive that comes in chunks, as a file that is read forwards; one that is too long ends with a fault."""

    def __init__(self, chunks: Iterator[bytes], folder: str, most: int) -> None:
        self._chunks, self._folder, self._left = chunks, folder, most
        self._held = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if not self._held:
            data = next(self._chunks, b"")
            self._left -= len(data)
            if self._left < 0:
                raise Unreadable(f"{clean(self._folder)} is too large to be compared.")
            self._held = memoryview(data)
        size = min(len(buffer), len(self._held))
        buffer[:size] = self._held[:size]
        self._held = self._held[size:]
        return size


def tree(engine: Engine, container: str, folder: str, most: int = MOST_BYTES) -> dict[str, str]:
    """The files below a folder of a container, running or not, by path from the root; a link counts as where it leads.

    Raises:
        Missing: there is no such folder.
        Unreadable: there is more than can be compared.
    """
    chunks, place, _ = opened(engine, container, folder)
    above = posixpath.dirname(place.rstrip("/"))
    found: dict[str, str] = {}
    try:
        with (
            asked(f"reading {folder}"),
            io.BufferedReader(_Stream(chunks, folder, most), _PIECE) as stream,
            tarfile.open(fileobj=stream, mode="r|") as archive,
        ):
            for entry in archive:
                if len(found) >= MOST_FILES:
                    raise Unreadable(f"{clean(folder)} has too many files to be compared.")
                if digest := _digest(archive, entry):
                    inside = posixpath.normpath(posixpath.join("/", above, entry.name))
                    found[folder.rstrip("/") + inside.removeprefix(place.rstrip("/"))] = digest
    except tarfile.TarError as error:
        raise Unreadable(f"{clean(folder)} cannot be read: {clean(error)}.") from error
    finally:
        closed(chunks)
    return found


def _digest(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> str:
    """Empty: a folder, a device or a pipe, in which nothing can be compared."""
    if entry.issym() or entry.islnk():
        return f"link:{entry.linkname}"
    file = archive.extractfile(entry) if entry.isreg() else None
    if file is None:
        return ""
    seen = hashlib.sha256()
    while piece := file.read(_PIECE):
        seen.update(piece)
    return f"sha256:{seen.hexdigest()}"
