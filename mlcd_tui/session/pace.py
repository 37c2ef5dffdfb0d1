"""Coalescing: many changes, few pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


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
