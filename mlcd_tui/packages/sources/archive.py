"""A zip or tar archive on this machine, read without unpacking it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from mlcd_tui.domain.errors import Missing, Unreadable
from mlcd_tui.domain.package import PackageEntry
from mlcd_tui.domain.package_ports import Files, PackageOrigin, Reach
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.sources._archive_files import fill
from mlcd_tui.packages.sources._disk import ARCHIVES, OnDisk, local_only
from mlcd_tui.packages.sources._files import PackageFiles

_PREFIX = "archive:"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


class ArchiveSource:
    """Lists members and keeps the few that a format reads."""

    name = "archive"
    title = "Archive"
    examples = ("archive:churn.tar.gz", "./churn.zip")

    def accepts(self, address: str) -> bool:
        """An `archive:` address, or a path without any scheme that ends as archives do."""
        if address.startswith(_PREFIX):
            return True
        if _SCHEME.match(address) or not address.lower().endswith(ARCHIVES):
            return False
        return not Path(address).expanduser().is_dir()

    @contextmanager
    def open(self, address: str, reach: Reach) -> Iterator[Files]:
        """The members as files."""
        local_only(address, reach)
        path = _path(address)
        files = PackageFiles(str(clean(address, limit=400)), cancelled=reach.cancelled)
        body = OnDisk(os.path.realpath(path), path.stat().st_size)
        fill(files, body, clean(path, limit=400), reach.wanted)
        yield files

    def list(self, address: str, reach: Reach) -> Iterator[PackageEntry]:
        """The archive itself."""
        local_only(address, reach)
        path = _path(address)
        found = path.stat()
        yield PackageEntry(
            address=f"{_PREFIX}{path}",
            name=clean(path.name),
            created=datetime.fromtimestamp(found.st_mtime, UTC),
            size=found.st_size,
        )


def _path(address: str) -> Path:
    text = address.removeprefix(_PREFIX)
    try:
        path = Path(text).expanduser()
        if path.is_file():
            return path
    except (OSError, ValueError, RuntimeError) as error:
        raise Unreadable(f"{clean(text)} cannot be opened: {clean(error)}.") from error
    raise Missing(f"There is no archive {clean(text)}.", advice="Check the path.")


SOURCE: PackageOrigin = ArchiveSource()
