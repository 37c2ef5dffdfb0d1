"""Files into and out of containers: volumes for what is put in and for reports, and bounded reading."""

from __future__ import annotations

import io
import posixpath
import shutil
import stat
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from docker.errors import NotFound

from mlcd_tui.checks.runner.belongings import removing
from mlcd_tui.checks.runner.container import Blueprint, create
from mlcd_tui.checks.runner.engine import Engine, asked
from mlcd_tui.domain.check_ports import Command, Limits
from mlcd_tui.domain.errors import BadConfig, Missing, ServerFault, Unreadable
from mlcd_tui.domain.text import clean

LARGEST_REPORT = 32 << 20
_LEAST_ROOM = 256 << 20
_MOST_LINKS = 8


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a command's container gets."""

    mounts: tuple[tuple[str, str], ...] = ()
    """Volume and folder."""
    before: str = ""
    """When the empty file was written that is in the report's place before the tool runs; empty: there is none."""


@contextmanager
def exchanged(engine: Engine, image: str, labels: dict[str, str], command: Command, workdir: str) -> Iterator[Exchange]:
    """Volumes for the folders of a command's report and files, filled and writable for its user; gone at the end.

    A container whose root file system is only for reading takes no files, and one's memory file systems give none back;
    a volume does both. It is prepared through a second container that is never started.
    """
    report = absolute(command.report, workdir) if command.report else ""
    files = [(absolute(path, workdir), data) for path, data in command.files]
    parents = {posixpath.dirname(path) for path in (*([report] if report else []), *(path for path, _ in files))}
    folders = sorted(folder for folder in parents if not any(_is_below(folder, other) for other in parents))
    if not folders:
        yield Exchange()
        return
    if "/" in folders:
        raise BadConfig("A report or file of a check needs a folder in the container; `/` itself cannot be one.")
    with ExitStack() as stack:
        mounts: list[tuple[str, str]] = []
        for folder in folders:
            with asked("making a volume"):
                volume = str(engine.api.create_volume(labels=labels)["Name"])
            stack.enter_context(removing(engine.api.remove_volume, volume, force=True))
            mounts.append((volume, folder))
        plan = Blueprint(image, labels, Limits(read_only=False), argv=("-",), mounts=mounts, fill=True)
        with removing(engine.api.remove_container, create(engine, plan), v=True, force=True) as helper:
            before = _emptied(engine, helper, report, command.limits.user)
            with asked("putting files in"):
                engine.api.put_archive(helper, "/", _packed(posixpath.dirname(report), files, command.limits.user))
        yield Exchange(tuple(mounts), before)


def _emptied(engine: Engine, helper: str, report: str, user: str) -> str:
    """Where the image brings along what would be taken for the report: an empty file that the user may write."""
    if not report or not written_at(engine, helper, report):
        return ""
    with asked("putting files in"):
        engine.api.put_archive(helper, "/", _packed("", [(report, b"")], user))
    return written_at(engine, helper, report)


def _is_below(folder: str, other: str) -> bool:
    return folder != other and folder.startswith(f"{other.rstrip('/')}/")


def absolute(path: str, workdir: str) -> str:
    """A path inside the container, from its root."""
    return posixpath.normpath(posixpath.join("/", workdir, path))


def _packed(folder: str, files: Iterable[tuple[str, bytes]], user: str) -> bytes:
    uid, _, gid = user.partition(":")
    numeric = uid.isdecimal() and (gid or "0").isdecimal()
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:

        def add(path: str, kind: bytes, mode: int, data: bytes = b"") -> None:
            info = tarfile.TarInfo(path.lstrip("/"))
            info.type, info.mode, info.size = kind, mode, len(data)
            if numeric:
                info.uid, info.gid = int(uid), int(gid or 0)
            tar.addfile(info, io.BytesIO(data))

        if folder:
            add(folder, tarfile.DIRTYPE, 0o755 if numeric else 0o777)
        for path, data in files:
            add(path, tarfile.REGTYPE, 0o644 if numeric else 0o666, data)
    return held.getvalue()


def room(engine: Engine) -> Callable[[], None]:
    """A watch on the engine's disk, where it is this machine's: a check that fills it is ended in time."""

    def look() -> None:
        try:
            free = shutil.disk_usage(engine.root).free
        except OSError:
            return  # the engine's disk is not to be seen from here
        if free < _LEAST_ROOM:
            raise ServerFault(
                f"The disk of the Docker Engine is nearly full: {free >> 20} MiB left in {clean(engine.root)}.",
                advice="Make room on it.",
            )

    return look


def report_of(engine: Engine, container: str, path: str, before: str = "") -> bytes | None:
    """The report that a container left; None: there is none, or no tool has touched what was there before."""
    try:
        if before and written_at(engine, container, path) == before:
            return None
        return read(engine, container, path, LARGEST_REPORT)
    except Missing:
        return None


@dataclass(frozen=True, slots=True)
class _Stat:
    size: int
    mode: int
    link: str
    written: str


def read(engine: Engine, container: str, path: str, limit: int) -> bytes:
    """A file of a container, running or not; links are followed within it.

    Raises:
        Missing: there is no such file.
        Unreadable: it is no file, or larger than `limit` bytes.
    """
    chunks, path, seen = opened(engine, container, path)
    with asked(f"reading {path}"):
        return _unpacked(chunks, path, seen, limit)


def written_at(engine: Engine, container: str, path: str) -> str:
    """When a file was last written, in the engine's words; empty: there is none."""
    try:
        chunks, _, seen = opened(engine, container, path)
    except Missing:
        return ""
    closed(chunks)
    return seen.written


def opened(engine: Engine, container: str, path: str) -> tuple[Iterator[bytes], str, _Stat]:
    """The archive of a file or folder, not read yet, and where links have led to. Raises `Missing`."""
    for _ in range(_MOST_LINKS):
        with asked(f"reading {path}"):
            try:
                chunks, told = engine.api.get_archive(container, path)
            except NotFound as error:
                raise Missing(f"The image has no {clean(path)}.") from error
            seen = _Stat(
                int(told["size"]), int(told["mode"]), str(told.get("linkTarget") or ""), str(told.get("mtime") or "")
            )
            if not seen.link:
                return chunks, path, seen
            _exhausted(chunks)
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), seen.link))
    raise Unreadable(f"{clean(path)} leads from link to link without an end.")


_GO_KINDS = 0x8F280000
"""Kinds of files as the engine's language marks them: folder, link, device, pipe, socket, irregular."""


def _unpacked(chunks: Iterator[bytes], path: str, seen: _Stat, limit: int) -> bytes:
    try:
        if seen.mode & _GO_KINDS:
            raise Unreadable(f"{clean(path)} in the image is no file.")
        if seen.size > limit:
            raise Unreadable(f"{clean(path)} in the image has {seen.size:,} bytes; at most {limit:,} are read.")
        held = bytearray()
        for chunk in chunks:
            held += chunk
            if len(held) > limit + (1 << 16):
                raise Unreadable(f"{clean(path)} in the image is larger than the engine said.")
    finally:
        closed(chunks)
    try:
        with tarfile.open(fileobj=io.BytesIO(bytes(held))) as tar:
            entry = tar.next()
            found = (
                tar.extractfile(entry) if entry is not None and stat.S_IFMT(entry.mode) in {0, stat.S_IFREG} else None
            )
            return found.read(limit) if found else b""
    except tarfile.TarError as error:
        raise Unreadable(f"{clean(path)} in the image cannot be read: {clean(error)}.") from error


def _exhausted(chunks: Iterable[bytes]) -> None:
    for _ in chunks:
        pass


def closed(chunks: Iterator[bytes]) -> None:
    """Let go of an archive, read or not."""
    close = getattr(chunks, "close", None)
    if close:
        close()
