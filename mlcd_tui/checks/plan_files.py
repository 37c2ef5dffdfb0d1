"""Digests of the files that a plan names: snapshots, locks, lists of what may be ignored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from mlcd_tui.domain.digest import sha256_of
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean

ABSENT = "absent"
MOST_BYTES = 256 << 20
MOST_FILES = 10_000


def digest_of(folder: Path, pattern: str) -> str:
    """Digest of a file, of all files of a folder, or of all that fit a pattern, by name and content.

    Raises:
        BadConfig: it leads out of the plan's folder, cannot be read, or is too much.
    """
    plain = folder / pattern
    if plain.is_file():
        return _file(folder, plain)
    found = _listed(folder, pattern)
    if not found:
        return ABSENT
    lines = [f"{_file(folder, path)} {path.relative_to(folder).as_posix()}\n" for path in found]
    return sha256_of("".join(lines).encode("utf-8", "surrogatepass"))


def stamp_of(paths: Iterable[Path]) -> tuple[tuple[str, int, int], ...]:
    """Names, times and sizes of files: cheap beside their digests."""
    found = []
    for path in paths:
        try:
            about = path.stat()
        except OSError:
            continue
        found.append((str(path), about.st_mtime_ns, about.st_size))
    return tuple(found)


def files_of(folder: Path, pattern: str) -> list[Path]:
    """The files that a pattern means. Raises `BadConfig`."""
    plain = folder / pattern
    return [plain] if plain.is_file() else _listed(folder, pattern)


def _listed(folder: Path, pattern: str) -> list[Path]:
    plain = folder / pattern
    try:
        if plain.is_dir():
            found = sorted(path for path in plain.rglob("*") if path.is_file())
        else:
            found = sorted(path for path in folder.glob(pattern) if path.is_file())
    except (OSError, ValueError, NotImplementedError) as error:
        raise BadConfig(f"The files {clean(pattern)} cannot be listed: {clean(error)}.") from error
    if len(found) > MOST_FILES:
        raise BadConfig(f"{clean(pattern)} means more than {MOST_FILES:,} files.")
    return found


def _file(folder: Path, path: Path) -> str:
    name = clean(path.relative_to(folder).as_posix())
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise BadConfig(f"{name} leads out of the plan's folder.")
        if path.stat().st_size > MOST_BYTES:
            raise BadConfig(f"{name} is larger than {MOST_BYTES >> 20} MiB.")
        with path.open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError as error:
        raise BadConfig(f"{name} cannot be read: {clean(error.strerror)}.") from error
