"""Coalescing and rationing: many changes, few pictures; much to do, little at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field


class Pace:
    """Runs `work` soon after `ask`, at most once per `interval` seconds; the first after a rest runs at once."""

    def __init__(self, work: Callable[[], None], interval: float) -> None:
        self._work = work
        self._interval = interval
        self._handle: asyncio.TimerHandle | None = None
        self._last = float("-inf")

    def ask(self) -> None:
        """Something changed."""
        if self._handle is not None:
            return
        loop = asyncio.get_running_loop()
        wait = max(0.0, self._last + self._interval - loop.time())
        self._handle = loop.call_later(wait, self._run)

    def stop(self) -> None:
        """Forget what was asked."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _run(self) -> None:
        self._handle = None
        self._last = asyncio.get_running_loop().time()
        self._work()


@dataclass(slots=True)
class Allowance:
    """What background work may cost: some at once, then a few every second."""

    most: float
    a_second: float
    _left: float = field(init=False)
    _at: float | None = None

    def __post_init__(self) -> None:
        self._left = self.most

    def take(self, wanted: int, now: float) -> int:
        """How many of so many pieces may be done now."""
        if self._at is not None:
            self._left = min(self.most, self._left + (now - self._at) * self.a_second)
        self._at = now
        taken = min(wanted, int(self._left))
        self._left -= taken
        return taken
