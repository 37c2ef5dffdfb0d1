"""Tells archives apart by their first bytes and lists them, wherever they lie."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.packages.sources._files import Body, PackageFiles
from mlcd_tui.packages.sources._streams import BodyStream, ChunkStream, Inflater, Stream, pieces_of
from mlcd_tui.packages.sources._tar import TarReader, collect
from mlcd_tui.packages.sources._zip import list_zip

_OTHERS = {b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ\x00": "xz", b"BZh": "bzip2", b"7z\xbc\xaf": "7-Zip", b"Rar!": "rar"}
_GZIP = zlib.MAX_WBITS + 16
_TO_TELL = 512
_PADDING = 1 << 20
"""Zeros that may stand behind the end of a tar archive."""


def fill(
    files: PackageFiles,
    body: Body,
    archive: str,
    wanted: Callable[[str], bool],
    chunks: Callable[[], AbstractContextManager[Iterator[bytes]]] | None = None,
) -> None:
    """Lists an archive into `files`.

    Args:
        files: gets the members.
        body: the archive's bytes by offset.
        archive: its name for the sentences.
        wanted: which members a format reads.
        chunks: all its bytes in order, where that is cheaper than by offset.
    """
    first = body.part(0, _TO_TELL)
    for magic, name in _OTHERS.items():
        if first.startswith(magic):
            raise Unreadable(
                f"{archive} is compressed by {name}, which is not read here.",
                advice="Pack it as .tar.gz or .zip, or unpack it and open the folder.",
            )
    if first[:2] == b"PK":
        list_zip(files, body, archive, wanted)
        return

    @contextmanager
    def plain() -> Iterator[Stream]:
        yield BodyStream(body)

    @contextmanager
    def packed() -> Iterator[Stream]:
        if chunks is None:
            yield ChunkStream(Inflater(archive, _GZIP, files.cancelled).inflate(pieces_of(body)))
            return
        with chunks() as coming:
            yield ChunkStream(Inflater(archive, _GZIP, files.cancelled).inflate(coming))

    again = packed if first[:2] == b"\x1f\x8b" else plain
    with again() as stream:
        collect(TarReader(stream, archive), files, wanted, again)
        stream.skip(_PADDING)  # so that gzip comes to its checksum
