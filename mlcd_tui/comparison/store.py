"""Comparisons kept on this machine: one file each, never changed, never replaced."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mlcd_tui.comparison.statement import MOST_BYTES
from mlcd_tui.config import paths
from mlcd_tui.config.whole_file import write_new
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean

MOST_READ = 200
"""Comparisons that are read."""
_MOST_FILE = 2 * MOST_BYTES
"""A signed one is larger by a third."""


def comparison_folder() -> Path:
    """Where they are, in the state folder."""
    return paths.state_dir() / "comparisons"


@dataclass(slots=True)
class ComparisonStore:
    """The store; nothing is touched before it is asked something. Blocking; safe for any number of writers."""

    folder: Path = field(default_factory=comparison_folder)

    def add(self, data: bytes, at: datetime) -> Path:
        """Keep a statement, signed or not. Raises `BadConfig` where it cannot be written; nothing was kept then."""
        mark = hashlib.sha256(data).hexdigest()[:16]
        path = self.folder / f"{at.astimezone(UTC):%Y%m%dT%H%M%S%f}-{mark}.json"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_new(path, data)  # where the name is taken, the very same bytes are there of the very same moment
        except OSError as error:
            raise BadConfig(
                f"Nothing can be kept in {clean(self.folder)}: {clean(error.strerror or error)}.",
                advice="Free the disk, mend the rights, or set MLCD_STATE_DIR.",
            ) from error
        return path

    def names(self) -> tuple[str, ...]:
        """Their files, the newest first. A file is never changed, so that its name is all one need know of it."""
        try:
            found = sorted(entry.name for entry in os.scandir(self.folder) if entry.name.endswith(".json"))
        except OSError:
            return ()
        return tuple(found[: -MOST_READ - 1 : -1])

    def read(self, name: str) -> bytes | None:
        """One of them; None: it is too large, or cannot be read."""
        try:
            with (self.folder / name).open("rb") as file:
                data = file.read(_MOST_FILE + 1)
        except OSError:
            return None
        return data if len(data) <= _MOST_FILE else None
