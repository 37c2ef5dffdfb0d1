"""The log file: appended under a lock and forced to disk, read from its end."""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import os
import secrets
import socket
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlcd_tui.audit import chain
from mlcd_tui.audit.record import AuditRecord, Stage
from mlcd_tui.config import paths
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.ports import AuditEntry
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.text import clean

_BLOCK = 64 * 1024
_LOCK_PATIENCE = 5.0  # seconds; an append takes milliseconds, so longer means that a process hangs


class AuditLog:
    """The hash-chained record of every act, shared safely by all processes of the user.

    Every method touches the disk; an event loop calls them in a thread.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Use the log at `path`, by default the one in the state folder. Nothing is touched yet."""
        self.path = path or paths.audit_file()
        self.broken = False
        """An append found that the line before it was not as it had been written. `verify` tells more."""

    def append(self, record: AuditRecord) -> str:
        """Write one entry, on disk when this returns.

        Returns:
            The entry's id.

        Raises:
            BadConfig: it could not be recorded; the act must not happen then.
        """
        fields = _fields(record)
        try:
            with self._locked() as file:
                prev = self._mend(file)
                self._write(file, chain.seal(fields, prev) + b"\n")
        except OSError as error:
            raise self._unwritable(error.strerror or str(error)) from error
        except (ValueError, TypeError, RecursionError) as error:
            raise self._unwritable(f"the entry cannot be written as JSON ({error})") from error
        return str(fields["id"])

    def entries(
        self, rollout: RolloutRef | None = None, limit: int = 200, *, context: str | None = None
    ) -> tuple[AuditEntry, ...]:
        """The newest entries first, of one rollout (in one context) or all; lines that are not sound are left out.

        Raises:
            BadConfig: the file is there but cannot be read.
        """
        found: list[AuditEntry] = []
        ended: set[str] = set()  # ids of acts whose ending was read, which comes first here
        for line in self._backward():
            if len(found) >= limit:
                break
            fields = chain.opened(line)
            if fields is None:
                continue
            ended.add(str(fields.get("previous")))
            if not _about(fields, rollout, context):
                continue
            entry = _entry(fields, unfinished=fields.get("stage") == Stage.INTENDED and fields.get("id") not in ended)
            if entry is not None:
                found.append(entry)
        return tuple(found)

    def obstacle(self) -> str:
        """Why nothing could be recorded now, looked at without writing; empty: it could."""
        try:
            if self.path.exists():
                file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
                try:
                    return "" if stat.S_ISREG(os.fstat(file).st_mode) else "it is not a regular file"
                finally:
                    os.close(file)
            folder = next(parent for parent in self.path.parents if parent.exists())
            return "" if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK) else f"no right to write in {folder}"
        except OSError as error:
            return error.strerror or str(error)

    def verify(self, head: str = "") -> chain.Verification:
        """Whether every entry is as it was written, and none is missing between the first and the last.

        With `head`, the hash of a line that was kept elsewhere: whether that line is still there as well.

        Raises:
            BadConfig: the file is there but cannot be read.
        """
        with self._reading() as file:
            return chain.verify(file or (), clean(self.path), head)

    def export(self, form: str, rollout: RolloutRef | None = None) -> str:
        """All entries, oldest first, as `json` (complete), `markdown` or `csv` (for the eye).

        Raises:
            BadConfig: another form is asked for, or the file cannot be read.
        """
        from mlcd_tui.audit import export  # late: only this command needs csv and its like

        with self._reading() as file:
            lines = [line.removesuffix(b"\n") for line in file or ()]
        sound = [fields for fields in map(chain.opened, lines) if fields is not None and _about(fields, rollout, None)]
        return export.render(form, sound, self.verify())

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        new = not self.path.exists()
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise OSError(0, "it is not a regular file")
            _wait_for_lock(file)
            if os.fstat(file).st_mode & 0o077:
                os.fchmod(file, 0o600)  # what is planned may carry secrets of a pod template
            yield file
            if new:
                _sync_folder(self.path.parent)
        finally:
            os.close(file)

    def _mend(self, file: int) -> str:
        """The hash that the next line must carry; a torn last line is ended and owned up to first."""
        before, last, ended = _last_lines(file)
        if not last and ended:
            return chain.GENESIS
        if ended:
            sound = chain.opened(last)
            self.broken = self.broken or sound is None or sound.get("prev") != _prev(before)
            return chain.digest(last)
        if chain.opened(last) is not None:
            self._write(file, b"\n")
            return chain.digest(last)
        note = AuditRecord(
            at=datetime.now(UTC),
            stage=Stage.NOTE,
            sentence=f"The line before this one was cut off after {len(last)} bytes (a crash or a full disk).",
        )
        line = chain.seal({**_fields(note), "torn": True}, chain.digest(last))
        self._write(file, b"\n" + line + b"\n")  # at once: a torn line that nobody owns up to counts as forged
        return chain.digest(line)

    def _write(self, file: int, data: bytes) -> None:
        while data:
            data = data[os.write(file, data) :]
        os.fsync(file)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Any]:
        """The file, open for reading; None where there is none yet."""
        try:
            with self.path.open("rb") as file:
                _wait_for_lock(file.fileno(), shared=True)
                yield file
        except FileNotFoundError:
            yield None
        except OSError as error:
            raise BadConfig(
                f"The audit log {clean(self.path)} cannot be read: {clean(error.strerror or error)}."
            ) from error

    def _backward(self) -> Iterator[bytes]:
        """Lines from the last to the first, reading only as much of the file as is asked for."""
        with self._reading() as file:
            if file is None:
                return
            position = file.seek(0, os.SEEK_END)
            parts: list[bytes] = []  # pieces of a line whose beginning is not yet read, last piece first
            while position:
                size = min(_BLOCK, position)
                position -= size
                file.seek(position)
                first, *rest = file.read(size).split(b"\n")
                for line in reversed(rest):
                    parts.append(line)
                    yield b"".join(reversed(parts))
                    parts.clear()
                parts.append(first)
            yield b"".join(reversed(parts))

    def _unwritable(self, why: str) -> BadConfig:
        return BadConfig(
            f"The audit log {clean(self.path)} cannot be written: {clean(why)}; nothing was changed in the cluster.",
            advice="Acts are never done unrecorded: free the disk, mend the rights, or set MLCD_STATE_DIR.",
        )


def _wait_for_lock(file: int, *, shared: bool = False) -> None:
    until = time.monotonic() + _LOCK_PATIENCE
    while True:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise OSError(0, f"another process has held its lock for {_LOCK_PATIENCE:.0f} seconds") from None
            time.sleep(0.005)
        else:
            return


def _sync_folder(folder: Path) -> None:
    """Make the new file's name itself survive a crash."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prev(before: bytes) -> str:
    return chain.digest(before) if before else chain.GENESIS


def _last_lines(file: int) -> tuple[bytes, bytes, bool]:
    """The line before the last, the last one, and whether it is ended by a line feed."""
    position = os.fstat(file).st_size
    if not position:
        return b"", b"", True
    ended = os.pread(file, 1, position - 1) == b"\n"
    position -= ended
    tail = b""
    while position and tail.count(b"\n") < 2:
        size = min(_BLOCK, position)
        position -= size
        tail = os.pread(file, size, position) + tail
    rest, _, last = tail.rpartition(b"\n")
    return rest.rpartition(b"\n")[2], last, ended


def _fields(record: AuditRecord) -> dict[str, Any]:
    at = record.at.astimezone(UTC)
    ref = record.ref
    return {
        "v": 1,
        "id": f"{at:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}",
        "at": at.isoformat(),
        "stage": record.stage.value,
        "verb": record.verb,
        "engine": ref.engine if ref else "",
        "namespace": ref.namespace if ref else "",
        "name": ref.name if ref else "",
        "user": record.user,
        "osUser": record.os_user or _os_user(),
        "host": record.host or socket.gethostname(),
        "context": record.context,
        "server": record.server,
        "sentence": record.sentence,
        "reason": record.reason,
        "plan": record.plan,
        "result": record.result,
        "previous": record.previous,
    }


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run as a number that has no name
        return str(os.getuid())


def _about(fields: dict[str, Any], ref: RolloutRef | None, context: str | None) -> bool:
    if context is not None and fields.get("context") != context:
        return False
    return ref is None or (ref.engine, ref.namespace, ref.name) == (
        fields.get("engine"),
        fields.get("namespace"),
        fields.get("name"),
    )


def _entry(fields: dict[str, Any], *, unfinished: bool) -> AuditEntry | None:
    try:
        at = datetime.fromisoformat(str(fields.get("at")))
    except ValueError:
        return None
    name = clean(fields.get("name"))
    return AuditEntry(
        id=clean(fields.get("id")),
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        user=clean(fields.get("user") or fields.get("osUser")),
        context=clean(fields.get("context")),
        rollout=clean(f"{fields.get('namespace')}/{name}") if name else name,
        verb=clean(fields.get("verb")),
        stage=clean(fields.get("stage")),
        sentence=clean(fields.get("sentence")),
        reason=clean(fields.get("reason")),
        unfinished=unfinished,
    )
