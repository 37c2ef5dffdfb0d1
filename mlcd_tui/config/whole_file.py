"""Files that are there whole or not at all, whoever reads, dies or finds the disk full meanwhile."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file in the place of what is there; a link is replaced, never followed. Raises `OSError`."""
    with _beside(path, data) as made:
        made.chmod(mode)
        made.replace(path)


def write_new(path: Path, data: bytes) -> bool:
    """Write a file where none of that name is; False: there is one, which is left as it is. Raises `OSError`."""
    with _beside(path, data) as made:
        try:
            os.link(made, path)  # unlike a rename it fails where the name is taken
        except FileExistsError:
            return False
    return True


@contextmanager
def _beside(path: Path, data: bytes) -> Iterator[Path]:
    """A file in the same folder, on the disk, for its owner alone; gone afterwards under this name."""
    handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    made = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield made
    finally:
        made.unlink(missing_ok=True)
