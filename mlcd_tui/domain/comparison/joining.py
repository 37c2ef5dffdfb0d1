"""Joins what both versions answered to the same request, in bounded memory.

Answers belong together where their ids and the hashes of their requests agree: ids are used again by retries and by
clients that count from one. What comes a second time is counted and left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from mlcd_tui.domain.comparison.pair import Answer, Pair, RecordedRequest

_MOST_WAITING = 200_000
_MOST_BYTES = 128 << 20
_MOST_DONE = 1_000_000


class Side(StrEnum):
    """Whose answer it is."""

    PRODUCTION = "production"
    SHADOW = "shadow"
    AGAIN = "again"
    """Production's second answer."""


@dataclass(frozen=True, slots=True)
class Half:
    """What one log entry tells of one side of a request: the answer, the request, or both."""

    id: str
    side: Side
    answer: Answer | None = None
    request_hash: str = ""
    request: RecordedRequest | None = None
    final: bool = True
    """False: the log tells of request and answer in entries of their own, so that the hash may still come."""
    size: int = 0
    """Bytes of the entry."""


@dataclass(slots=True)
class _Part:
    answer: Answer | None = None
    hash: str = ""
    final: bool = False

    @property
    def settled(self) -> bool:
        return self.answer is not None and (self.final or bool(self.hash))


@dataclass(slots=True)
class _Waiting:
    parts: dict[Side, _Part] = field(default_factory=dict)
    request: RecordedRequest | None = None
    size: int = 0


@dataclass(slots=True)
class Joiner:
    """Pairs from halves that come in any order.

    What waits longest is given up where there is too much of it: logs of both sides have to be read side by side.
    """

    most_waiting: int = _MOST_WAITING
    most_bytes: int = _MOST_BYTES
    duplicates: int = 0
    disagreeing: int = 0
    unverified: int = 0
    """Pairs whose requests are not known on both sides: joined by their id alone."""
    production_alone: int = 0
    shadow_alone: int = 0
    given_up: int = 0
    """Of those alone: what was left behind for want of room."""
    nameless: int = 0
    """Without an id: never paired."""
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _bytes: int = 0
    _done: dict[str, None] = field(default_factory=dict)
    _wanted: set[Side] = field(default_factory=lambda: {Side.PRODUCTION, Side.SHADOW})

    def add(self, half: Half) -> Iterator[Pair]:
        """The pairs that this half completes (one), or that have to be settled to make room for it."""
        if not half.id:
            self.nameless += 1
            self._alone(half.side)
            return
        self._wanted.add(half.side)
        if half.id in self._done:
            self.duplicates += half.answer is not None
            return
        waiting = self._waiting.setdefault(half.id, _Waiting())
        if not self._merge(waiting, half):
            return
        if self._wanted <= waiting.parts.keys() and all(part.settled for part in waiting.parts.values()):
            yield from self._settle(half.id)
        while len(self._waiting) > self.most_waiting or self._bytes > self.most_bytes:
            oldest = next(iter(self._waiting))
            alone = self.production_alone + self.shadow_alone
            yield from self._settle(oldest)
            self.given_up += self.production_alone + self.shadow_alone - alone

    def rest(self) -> Iterator[Pair]:
        """The pairs among what still waits, when nothing more comes; what is left is counted as alone."""
        while self._waiting:
            yield from self._settle(next(iter(self._waiting)))

    def _merge(self, waiting: _Waiting, half: Half) -> bool:
        part = waiting.parts.setdefault(half.side, _Part())
        if half.answer is not None and part.answer is not None:
            self.duplicates += 1
            return False
        part.answer = half.answer or part.answer
        part.hash = part.hash or half.request_hash
        part.final = part.final or half.final
        waiting.request = waiting.request or half.request
        waiting.size += half.size
        self._bytes += half.size
        return True

    def _settle(self, name: str) -> Iterator[Pair]:
        waiting = self._waiting.pop(name)
        self._bytes -= waiting.size
        answered = {side: part for side, part in waiting.parts.items() if part.answer is not None}
        production, shadow = answered.get(Side.PRODUCTION), answered.get(Side.SHADOW)
        if production is None or shadow is None:
            for side in answered:
                self._alone(side)
            return
        self._remember(name)
        hashes = {part.hash.lower() for part in answered.values() if part.hash}
        if len(hashes) > 1:
            self.disagreeing += 1
            return
        if not (production.hash and shadow.hash):
            self.unverified += 1
        again = answered.get(Side.AGAIN)
        assert production.answer is not None
        assert shadow.answer is not None
        yield Pair(name, production.answer, shadow.answer, again.answer if again else None, waiting.request)

    def _remember(self, name: str) -> None:
        if len(self._done) >= _MOST_DONE:
            del self._done[next(iter(self._done))]
        self._done[name] = None

    def _alone(self, side: Side) -> None:
        self.production_alone += side is Side.PRODUCTION
        self.shadow_alone += side is Side.SHADOW
