"""Files of this machine: read by seeking, never for an address that came from elsewhere."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from mlcd_tui.domain.errors import Forbidden, Unreadable
from mlcd_tui.domain.package_ports import Reach
from mlcd_tui.domain.text import clean

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar.bz2", ".tzst", ".txz")


def local_only(address: str, reach: Reach) -> None:
    """Raise `Forbidden` where the address came from a cluster or a file: those never lead to files of this machine."""
    if reach.hosts is not None:
        raise Forbidden(
            f"{clean(address)} names a file of this machine, and what comes from a cluster is never followed there.",
            advice="Open it yourself if you trust it, or publish the package.",
        )


def shown_name(name: str) -> str:
    """A file's name as text, whatever its bytes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A file that is read by seeking."""

    path: str
    size: int

    def part(self, offset: int, length: int) -> bytes:
        """A piece of it."""
        name = clean(shown_name(self.path), limit=400)
        try:
            # O_NONBLOCK: should a pipe have taken the file's place since, opening it must not wait for a writer
            file = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                if not stat.S_ISREG(os.fstat(file).st_mode):
                    raise Unreadable(f"{name} is no file any more.", advice="Look at the folder anew.")
                return self._read(file, offset, length)
            finally:
                os.close(file)
        except OSError as error:
            raise Unreadable(f"{name} cannot be read: {clean(error.strerror)}.") from error

    @staticmethod
    def _read(file: int, offset: int, length: int) -> bytes:
        pieces: list[bytes] = []
        while length > 0 and (piece := os.pread(file, min(length, 1 << 20), offset)):
            pieces.append(piece)
            offset += len(piece)
            length -= len(piece)
        return b"".join(pieces)
