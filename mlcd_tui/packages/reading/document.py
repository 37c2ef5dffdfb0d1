"""What a format keeps of a document it read: digest, lines for the raw view, warnings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from mlcd_tui.domain.digest import sha256_of
from mlcd_tui.domain.package import PackageSource
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.text import Clean, clean, clean_lines

RAW_LIMIT = 200_000
"""Characters kept for the raw view."""
_VIRTUAL = ("rest/", "oci/", "v2/")


def source_of(
    files: Files,
    path: str,
    data: bytes | None,
    *,
    format: str,  # noqa: A002 - the field is called so
    rank: int,
    warnings: Sequence[Clean] = (),
    raw: Sequence[str] | None = None,
    live: bool = False,
) -> PackageSource:
    """The `PackageSource` of one document.

    Args:
        files: the package.
        path: the document in it.
        data: its bytes, whose sha256 and lines are kept; None where only its header was read.
        format: name of the format.
        rank: precedence, see `PackageSource.rank`.
        warnings: what could not be used.
        raw: lines to show instead of the bytes, for headers.
        live: the answer of a server, which has no digest.
    """
    if raw is not None:
        text = clean_lines("\n".join(raw), limit=RAW_LIMIT)
    else:
        text = clean_lines((data or b"")[: RAW_LIMIT * 4].decode("utf-8-sig", "replace"), limit=RAW_LIMIT)
    return PackageSource(
        format=format,
        address=clean(address_of(files, path)),
        digest="" if data is None or live else sha256_of(data),
        read_at=datetime.now(UTC),
        warnings=tuple(warnings),
        text=text,
        rank=rank,
    )


def address_of(files: Files, path: str) -> str:
    """Where a document lies, for the eye."""
    address = files.address.rstrip("/")
    if not address or address.rpartition("/")[2] == path:  # a single file was opened
        return address or path
    return f"{address}/{path}"


def is_virtual(path: str) -> bool:
    """Whether a source made it up: an answer of a server or a registry, no file of the package."""
    return path.startswith(_VIRTUAL)


def base_name(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def beside(path: str, name: str) -> str:
    """The path of a file in the same folder."""
    folder = path.rpartition("/")[0]
    return f"{folder}/{name}" if folder else name


def size_of(files: Files, path: str) -> int | None:
    """The size of a file where the source lists it."""
    return next((entry.size for entry in files.entries() if entry.path == path), None)
