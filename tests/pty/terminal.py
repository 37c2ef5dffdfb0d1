"""Runs a command in a real pseudo-terminal: types keys, keeps every byte with its moment, knows the screen."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

_KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "space": " ",
    "tab": "\t",
    "backspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "shift+left": "\x1b[1;2D",
    "shift+right": "\x1b[1;2C",
}
_ESCAPE_REST = 0.2  # an escape key is told from an escape sequence by the silence after it
# what pyte would print as text instead of passing over: private sequences and mode queries
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<>=][0-9;]*[a-z]|\x1b\[\?[0-9;]*\$p")
_UNFINISHED = re.compile(rb"\x1b[^\x1b@-Z\\^-~]*(?:\[[0-?]*[ -/]*)?$|[\xc0-\xff][\x80-\xbf]*$")
# a session of its own takes the first terminal it opens as its controlling one: no code of ours runs after the fork
_TAKE_TERMINAL = 'exec <"$0" >"$0" 2>&1; exec "$@"'


class Terminal:
    """A command that believes a person sits before it. Use it as a context manager; it ends its own child only."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: tuple[int, int] = (120, 40),
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
    ) -> None:
        """Start `command` in a terminal of `size` (columns, rows); `env` is laid over our environment."""
        self._master, slave = os.openpty()
        self._size = size
        self._set_size()
        full = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", **(env or {})}
        for unwanted in ("NO_COLOR", "COLUMNS", "LINES"):
            if unwanted not in (env or {}):
                full.pop(unwanted, None)
        self._chunks: list[tuple[float, int]] = []
        self._raw = bytearray()
        self._news = threading.Condition()
        self._ended = False
        self._fed = 0
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self.started = time.perf_counter()
        """The moment before the exec."""
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", _TAKE_TERMINAL, os.ttyname(slave), *command],
            env=full,
            cwd=cwd,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._slave = slave  # held open until the child has it, or the master reads an end at once
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    # --- what comes out -----------------------------------------------------------------------------------

    def _drain(self) -> None:
        while True:
            ready, _, _ = select.select([self._master], [], [], 0.1)
            if not ready:
                if self.process.poll() is not None:
                    break
                continue
            try:
                data = os.read(self._master, 65536)
            except OSError:  # the last writer is gone
                break
            if not data:
                break
            now = time.perf_counter()
            with self._news:
                if self._slave >= 0:
                    os.close(self._slave)
                    self._slave = -1
                self._raw += data
                self._chunks.append((now, len(self._raw)))
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    @property
    def raw(self) -> bytes:
        """Every byte so far."""
        with self._news:
            return bytes(self._raw)

    @property
    def mark(self) -> int:
        """How many bytes came so far; a place to search from."""
        with self._news:
            return len(self._raw)

    def lines(self) -> list[str]:
        """The screen as it is now, one string a row."""
        with self._news:
            pending = bytes(self._raw[self._fed :])
        rest = _UNFINISHED.search(pending)
        whole = pending[: rest.start()] if rest and len(pending) - rest.start() < 64 else pending
        self._fed += len(whole)
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", whole))
        return list(self._screen.display)

    def text(self) -> str:
        """The screen as it is now."""
        return "\n".join(line.rstrip() for line in self.lines())

    def wait_for(self, text: str, timeout: float = 15.0) -> str:
        """The screen as soon as it shows `text`; an error with the screen if it does not in time."""
        return self._wait_screen(lambda screen: text in screen, f"{text!r} did not appear", timeout)

    def wait_gone(self, text: str, timeout: float = 15.0) -> str:
        """The screen as soon as it does not show `text` any more."""
        return self._wait_screen(lambda screen: text not in screen, f"{text!r} did not go", timeout)

    def wait_match(self, pattern: str, timeout: float = 15.0) -> str:
        """The screen as soon as the regular expression is found in it."""
        return self._wait_screen(lambda screen: bool(re.search(pattern, screen)), f"{pattern!r} did not match", timeout)

    def _wait_screen(self, holds: Callable[[str], bool], what: str, timeout: float) -> str:
        end = time.monotonic() + timeout
        while True:
            seen = self.mark
            screen = self.text()
            if holds(screen):
                return screen
            with self._news:
                if len(self._raw) == seen:
                    if self._ended:
                        raise AssertionError(f"{what} before the program ended:\n{screen}")
                    self._news.wait(max(min(end - time.monotonic(), 0.5), 0.01))
            if time.monotonic() > end:
                raise AssertionError(f"{what} within {timeout:g} s:\n{screen}")

    def wait_bytes(self, needle: bytes, since: int = 0, timeout: float = 15.0) -> float:
        """The moment when `needle` had come out in full, searched from byte `since`; raises TimeoutError."""
        end = time.monotonic() + timeout
        start = since
        with self._news:
            while True:
                at = self._raw.find(needle, start)
                if at >= 0:
                    return self._moment(at + len(needle))
                start = max(since, len(self._raw) - len(needle) + 1)
                left = end - time.monotonic()
                if left <= 0 or self._ended:
                    raise TimeoutError(f"{needle!r} did not come out within {timeout:g} s")
                self._news.wait(left)

    def wait_raw(
        self,
        pattern: re.Pattern[bytes],
        since: int = 0,
        timeout: float = 15.0,
        holds: Callable[[re.Match[bytes]], bool] = lambda _match: True,
    ) -> float:
        """The moment when a match of `pattern` for which it `holds` had come out; raises TimeoutError."""
        end = time.monotonic() + timeout
        start = since
        with self._news:
            while True:
                for match in pattern.finditer(self._raw, start):
                    if holds(match):
                        return self._moment(match.end())
                start = max(start, len(self._raw) - 200)  # a match may have been cut in its middle
                left = end - time.monotonic()
                if left <= 0 or self._ended:
                    raise TimeoutError(f"{pattern.pattern!r} did not come out within {timeout:g} s")
                self._news.wait(left)

    def last_moment(self) -> float:
        """When the last byte came."""
        with self._news:
            return self._chunks[-1][0] if self._chunks else self.started

    def _moment(self, length: int) -> float:
        low, high = 0, len(self._chunks) - 1
        while low < high:
            middle = (low + high) // 2
            if self._chunks[middle][1] >= length:
                high = middle
            else:
                low = middle + 1
        return self._chunks[low][0]

    def wait_quiet(self, quiet: float = 0.3, timeout: float = 15.0) -> str:
        """The screen when nothing came out for `quiet` seconds, or after `timeout`."""
        end = time.monotonic() + timeout
        with self._news:
            while time.monotonic() < end and not self._ended:
                before = len(self._raw)
                self._news.wait(quiet)
                if len(self._raw) == before:
                    break
        return self.text()

    # --- what goes in -------------------------------------------------------------------------------------

    def press(self, *keys: str) -> float:
        """Type keys by name (`enter`, `ctrl+p`, `down`) or as themselves; returns the moment of the last write."""
        moment = time.perf_counter()
        for key in keys:
            moment = time.perf_counter()
            os.write(self._master, _code(key).encode())
            if key == "escape":
                time.sleep(_ESCAPE_REST)
        return moment

    def type(self, text: str) -> None:
        """Type text as it is."""
        os.write(self._master, text.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Another size, as when the window is dragged."""
        self.lines()
        self._size = (columns, rows)
        self._screen.resize(lines=rows, columns=columns)
        self._set_size()

    def _set_size(self) -> None:
        columns, rows = self._size
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    # --- its life -----------------------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        """Whether the program runs."""
        return self.process.poll() is None

    def wait_exit(self, timeout: float = 15.0) -> int:
        """The exit code, when the program ends by itself and everything it wrote was read."""
        code = self.process.wait(timeout)
        self._reader.join(5)
        return code

    def end(self) -> None:
        """End the program, hard if it does not listen, and close the terminal."""
        if self.alive:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)  # the session that we made: its own children too
                self.process.wait(5)
        self._reader.join(5)
        with self._news:
            descriptors = [fd for fd in (self._master, self._slave) if fd >= 0]
            self._master = self._slave = -1
        for descriptor in descriptors:
            os.close(descriptor)


def _code(key: str) -> str:
    if key.startswith("ctrl+") and len(key) == len("ctrl+") + 1:
        return chr(ord(key[-1].upper()) - 64)
    return _KEYS.get(key, key)
