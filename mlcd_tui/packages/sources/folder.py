"""A folder of this machine, or one file of it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from mlcd_tui.domain.errors import Missing, Unreadable
from mlcd_tui.domain.package import PackageEntry
from mlcd_tui.domain.package_ports import Files, PackageOrigin, Reach
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.sources._disk import ARCHIVES, OnDisk, local_only, shown_name
from mlcd_tui.packages.sources._files import MOST_ENTRIES, PackageFiles, Remarks

DEEPEST = 32
"""Folders below folders."""
_SKIPPED = frozenset({".git", ".hg", ".svn", "__pycache__", ".venv", "node_modules"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_PREFIX = "folder:"


class FolderSource:
    """Reads a folder where it lies; nothing outside of it."""

    name = "folder"
    title = "Folder"
    examples = ("folder:models/churn", "./models/churn")

    def accepts(self, address: str) -> bool:
        """A `folder:` address, or a path without any scheme."""
        if address.startswith(_PREFIX):
            return True
        if not address or _SCHEME.match(address):
            return False
        path = Path(address).expanduser()
        if address.lower().endswith(ARCHIVES) and not path.is_dir():
            return False
        return address[0] in "./~" or "/" in address or path.exists()

    @contextmanager
    def open(self, address: str, reach: Reach) -> Iterator[Files]:
        """The files below the folder; a single file is a package of one."""
        local_only(address, reach)
        top = _top(address)
        notes = Remarks()
        files = PackageFiles(str(clean(address, limit=400)), notes=notes, cancelled=reach.cancelled)
        if top.is_file():
            files.bodies[shown_name(top.name)] = OnDisk(os.path.realpath(top), top.stat().st_size)
        else:
            for path, body in _walk(top, notes, reach):
                files.bodies[path] = body
        yield files

    def list(self, address: str, reach: Reach) -> Iterator[PackageEntry]:
        """The folders below that hold a document some format wants."""
        local_only(address, reach)
        top = _top(address)
        if top.is_file():
            top = top.parent
        told: set[str] = set()
        for path, _ in _walk(top, Remarks(), reach):
            folder = path.rpartition("/")[0]
            if folder in told or not reach.wanted(path):
                continue
            told.add(folder)
            place = top / folder
            yield PackageEntry(
                address=f"{_PREFIX}{place}",
                name=clean(folder or shown_name(top.resolve().name)),
                created=datetime.fromtimestamp(place.stat().st_mtime, UTC) if place.exists() else None,
            )


def _top(address: str) -> Path:
    text = address.removeprefix(_PREFIX)
    try:
        top = Path(text or ".").expanduser()
        if top.exists():
            return top
    except (OSError, ValueError, RuntimeError) as error:
        raise Unreadable(f"{clean(text)} cannot be opened: {clean(error)}.") from error
    raise Missing(f"There is no folder {clean(text)}.", advice="Check the path; an image is written oci:HOST/REPO:TAG.")


def _walk(top: Path, notes: Remarks, reach: Reach) -> Iterator[tuple[str, OnDisk]]:
    """All files below, those of a folder before those of its sub-folders."""
    root = os.path.realpath(top)
    todo: list[tuple[str, str, int]] = [(root, "", 0)]
    seen = 0
    while todo:
        if reach.cancelled():
            raise Unreadable(f"Reading {clean(top)} was given up.")
        folder, prefix, depth = todo.pop(0)
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            if depth == 0:
                raise Unreadable(f"The folder {clean(top)} cannot be read: {clean(error.strerror)}.") from error
            notes.left_out("it may not be read", prefix)
            continue
        for entry in entries:
            seen += 1
            if seen > MOST_ENTRIES:
                notes.add(f"{clean(top)} holds more than {MOST_ENTRIES:,} files; the rest was not looked at.")
                return
            path = prefix + shown_name(entry.name)
            if entry.is_dir(follow_symlinks=False):
                if entry.name in _SKIPPED:
                    continue
                if depth + 1 >= DEEPEST:
                    notes.left_out(f"it lies deeper than {DEEPEST} folders", path)
                else:
                    todo.append((entry.path, f"{path}/", depth + 1))
            elif (body := _file(entry, root, path, notes)) is not None:
                yield path, body


def _file(entry: os.DirEntry[str], root: str, path: str, notes: Remarks) -> OnDisk | None:
    """The body of a file or of a link to one inside the root; anything else is left out."""
    try:
        place = entry.path
        if entry.is_symlink():
            place = os.path.realpath(entry.path, strict=True)
            if not place.startswith(root.rstrip("/") + "/"):
                notes.left_out("it is a link that leads out of the folder", path)
                return None
        found = Path(place).lstat()
    except OSError:
        notes.left_out("it is a link that leads nowhere", path)
        return None
    if stat.S_ISREG(found.st_mode):
        return OnDisk(place, found.st_size)
    notes.left_out("it is a link to a folder" if stat.S_ISDIR(found.st_mode) else "it is no file but a device", path)
    return None


SOURCE: PackageOrigin = FolderSource()
