"""A file on a server, read by ranges where the server can, and by its beginning where it cannot."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from mlcd_tui.domain.errors import ServerFault, Unreadable
from mlcd_tui.packages.sources._wire import Answer, refusal, shown

FIRST = 64 * 1024
"""Bytes asked for at first: most documents are smaller, and most headers begin there."""
MOST_PASSED = 64 << 20
"""Bytes read and dropped to reach a piece where the server sends no parts."""
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})\Z")

Ask = Callable[[Mapping[str, str]], AbstractContextManager[Answer]]
"""Asks for the file, with further headers."""


@dataclass(slots=True)
class RemoteFile:
    """The bytes behind one address. What changes while it is read is refused."""

    url: str
    ask: Ask
    expected: int | None = None
    """Its size where a manifest tells; an answer of another size is refused."""
    size: int | None = None
    disposition: str = ""
    """How the server names the file."""
    ranged: bool = False
    _head: bytes = b""
    _whole: bool = False
    _mark: str = ""
    _begun: bool = False

    def begin(self) -> None:
        """Ask for the first bytes: what is there, how large it is, and whether parts can be had."""
        if self._begun:
            return
        with self.ask({"Range": f"bytes=0-{FIRST - 1}"}) as answer:
            if answer.code == 416:  # what servers say of a part of an empty file
                self.size, self._whole = 0, True
            elif answer.code == 206:
                self.size = self._told(answer, 0)
                self.ranged = True
                self._head = self._exactly(answer, min(FIRST, self.size))
                self._whole = self.size <= FIRST
            elif answer.code == 200:
                self.size = answer.length
                self._head = self._beginning(answer, FIRST)
                self._whole = len(self._head) < FIRST
                if self._whole:
                    self._check_size(answer, len(self._head))
                    self.size = len(self._head)
            else:
                raise refusal(answer)
            self._mark = _mark(answer)
            self.disposition = answer.headers.get("content-disposition", "")[:500]
        if self.expected is not None and self.size not in (None, self.expected):
            raise Unreadable(f"{shown(self.url)} has {self.size:,} bytes instead of {self.expected:,}.")
        self._begun = True

    def part(self, offset: int, length: int) -> bytes:
        """A piece: by a range, or by reading up to it and closing."""
        self.begin()
        if self.size is not None:
            length = min(length, max(self.size - offset, 0))
        if length <= 0:
            return b""
        if self._whole or offset + length <= len(self._head):
            return self._head[offset : offset + length]
        headers = {"Range": f"bytes={offset}-{offset + length - 1}"} if self.ranged else {}
        if not self.ranged and offset > MOST_PASSED:
            raise self._too_far(offset)
        with self.ask(headers) as answer:
            if answer.code not in (200, 206):
                raise refusal(answer)
            if _mark(answer) != self._mark:
                raise Unreadable(f"{shown(self.url)} changed while it was read.", advice="Try again.")
            if answer.code == 206:
                if self._told(answer, offset) != self.size:
                    raise Unreadable(f"{shown(self.url)} changed while it was read.", advice="Try again.")
                return self._exactly(answer, length)
            if offset > MOST_PASSED:
                raise self._too_far(offset)
            return self._beginning(answer, offset + length)[offset:]

    @contextmanager
    def chunks(self) -> Iterator[Iterator[bytes]]:
        """The whole in order, as one answer."""
        with self.ask({}) as answer:
            if answer.code != 200:
                raise refusal(answer)
            if self._begun and _mark(answer) != self._mark:
                raise Unreadable(f"{shown(self.url)} changed while it was read.", advice="Try again.")
            yield answer.chunks()

    def _told(self, answer: Answer, offset: int) -> int:
        """The total size as a part's header says; another part than asked for is refused."""
        match = _RANGE.match(answer.headers.get("content-range", ""))
        if match is None or int(match[1]) != offset:
            raise ServerFault(
                f"{shown(self.url)} was sent in another part than asked for.", advice="Download it, and open the file."
            )
        return int(match[3])

    def _exactly(self, answer: Answer, length: int) -> bytes:
        data = self._beginning(answer, length)
        if len(data) != length:
            raise Unreadable(f"{shown(self.url)} was cut off after {len(data):,} of {length:,} bytes.")
        return data

    @staticmethod
    def _beginning(answer: Answer, length: int) -> bytes:
        """So many bytes from the start; the rest is never read, the connection is closed instead."""
        data = bytearray()
        for chunk in answer.chunks():
            data += chunk
            if len(data) >= length:
                break
        return bytes(data[:length])

    def _check_size(self, answer: Answer, came: int) -> None:
        if answer.length is not None and answer.length != came:
            raise Unreadable(f"{shown(self.url)} was cut off after {came:,} of {answer.length:,} bytes.")

    def _too_far(self, offset: int) -> Unreadable:
        return Unreadable(
            f"{shown(self.url)} cannot be read in parts, and byte {offset:,} is too far in.",
            advice="Download it, and open the file.",
        )


@dataclass(slots=True)
class Remote:
    """A `RemoteFile` as a body that asks for nothing until it is read."""

    file: RemoteFile

    @property
    def size(self) -> int | None:
        """As known so far."""
        return self.file.size if self.file.size is not None else self.file.expected

    def part(self, offset: int, length: int) -> bytes:
        """A piece of it."""
        return self.file.part(offset, length)


def _mark(answer: Answer) -> str:
    """What changes with the content, as the server tells it."""
    return answer.headers.get("etag", "") or answer.headers.get("last-modified", "")
