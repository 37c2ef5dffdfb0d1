"""The output of a container: taken apart, capped, counted, and told line by line, however fast it comes."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

LIMIT = 5 << 20
"""Bytes kept of one stream: half of it from its beginning, half from its end."""
MOST_LINES = 20_000
"""Lines told live of one run."""
PER_SECOND = 2_000
"""Lines told live in one second; a reader can follow none of them anyway."""
LAST = 200
"""Of what was left out, the last lines are told after all."""
LONGEST = 8_192
"""Characters of a line that is told; what never breaks a line must not fill the memory."""
_LONGEST_RAW = 4 * LONGEST
"""Bytes that so many characters can take."""
_HEADER = 8


class Demultiplexer:
    """Docker's framing of attached output: 1 byte stream, 3 bytes nothing, 4 bytes length, then that many bytes."""

    def __init__(self) -> None:
        self._held = b""
        self._stream = 1
        self._left = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Pieces of output as `(1 stdout | 2 stderr, bytes)`; neighbours of one stream come as one."""
        data = self._held + data
        at, size = 0, len(data)
        joined: list[bytes] = []
        stream = self._stream
        while True:
            if self._left:
                piece = data[at : at + self._left]
                if not piece:
                    break
                if joined and stream != self._stream:
                    yield stream, b"".join(joined)
                    joined.clear()
                stream = self._stream
                joined.append(piece)
                at += len(piece)
                self._left -= len(piece)
            elif size - at >= _HEADER:
                self._stream = data[at] or 1
                self._left = int.from_bytes(data[at + 4 : at + _HEADER], "big")
                at += _HEADER
            else:
                break
        self._held = data[at:]
        if joined:
            yield stream, b"".join(joined)


class Ends:
    """The first and the last bytes of a stream of any length."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._half = limit // 2
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self.left_out = 0

    def write(self, data: bytes) -> None:
        """Take more."""
        room = self._half - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if not data:
            return
        self._tail.append(data)
        self._tail_size += len(data)
        while self._tail_size - len(self._tail[0]) >= self._half:
            gone = len(self._tail.popleft())
            self._tail_size -= gone
            self.left_out += gone

    def value(self) -> bytes:
        """What was kept; where something was left out between, a line says how much."""
        over = max(self._tail_size - self._half, 0)
        tail = b"".join(self._tail)[over:]
        missing = self.left_out + over
        if not missing:
            return bytes(self._head) + tail
        return bytes(self._head) + b"\n... %d bytes left out ...\n" % missing + tail


@dataclass(slots=True)
class Lines:
    """Tells complete lines to a listener, at a pace that it can bear; the last ones are told whatever came before."""

    log: Callable[[str], None]
    now: Callable[[], float] = time.monotonic
    _partial: dict[int, bytes] = field(default_factory=dict)
    _told: int = 0
    _allowance: float = PER_SECOND
    _since: float | None = None
    _withheld: deque[bytes] = field(default_factory=lambda: deque(maxlen=LAST))
    _left_out: int = 0

    def write(self, stream: int, data: bytes) -> None:
        """More of a stream: what makes lines is told, what is left waits for its end."""
        *complete, rest = (self._partial.get(stream, b"") + data).split(b"\n")
        if len(rest) > LONGEST:
            complete, rest = [*complete, rest], b""
        self._partial[stream] = rest
        if complete:
            self._take(complete)

    def end(self) -> None:
        """No more will come: tell what was begun, and the last of what was left out."""
        rests = [rest for rest in self._partial.values() if rest]
        self._partial.clear()
        self._take(rests)
        self._release()

    def _take(self, lines: list[bytes]) -> None:
        now = self.now()
        passed = now - (self._since if self._since is not None else now)
        self._since = now
        self._allowance = min(self._allowance + passed * PER_SECOND, PER_SECOND)
        if self._left_out and self._may() >= len(lines) + LAST:
            self._release()
        if not self._left_out:
            may = self._may()
            for line in lines[:may]:
                self.log(_text(line))
            told = len(lines[:may])
            self._told += told
            self._allowance -= told
            lines = lines[told:]
        self._left_out += len(lines)
        # Made into text only when they are told: of a hundred thousand lines a second nearly all are forgotten here.
        self._withheld.extend(line[:_LONGEST_RAW] for line in lines[-LAST:])

    def _may(self) -> int:
        return max(min(int(self._allowance), MOST_LINES - self._told), 0)

    def _release(self) -> None:
        missing = self._left_out - len(self._withheld)
        if missing:
            self.log(f"… {missing:,} lines left out …")
        for line in self._withheld:
            self.log(_text(line))
        self._told += len(self._withheld)
        self._allowance -= len(self._withheld)
        self._withheld.clear()
        self._left_out = 0


@dataclass(slots=True)
class Output:
    """Everything that a run writes: both streams capped, the whole hashed and counted, lines told."""

    lines: Lines
    stdout: Ends = field(default_factory=Ends)
    stderr: Ends = field(default_factory=Ends)
    size: int = 0
    _hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    def write(self, stream: int, data: bytes) -> None:
        """More of a stream: 1 is stdout, 2 is stderr."""
        self._hash.update(data)
        self.size += len(data)
        (self.stderr if stream == 2 else self.stdout).write(data)
        self.lines.write(stream, data)

    @property
    def digest(self) -> str:
        """`sha256:…` over all bytes, in the order in which they came."""
        return f"sha256:{self._hash.hexdigest()}"


def _text(line: bytes) -> str:
    text = line[:_LONGEST_RAW].decode("utf-8", "backslashreplace").removesuffix("\r")
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
