"""Time in the simulated cluster: one clock that may run faster, and one queue of what happens next."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

_log = logging.getLogger(__name__)


def stamp(at: float) -> str:
    """Kubernetes' whole-second time text for a Unix time."""
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fine_stamp(at: float) -> str:
    """Time text with nanoseconds, as container logs carry it."""
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def unix(text: str) -> float:
    """The Unix time of a Kubernetes time text."""
    return datetime.fromisoformat(text).timestamp()


class Clock:
    """Wall time that passes `speed` times as fast after the clock was made, and sleeps between events.

    Nothing polls: the loop's timer is set for the earliest event only, so an idle cluster costs nothing.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._began = time.time()
        self._began_steady = time.monotonic()
        self._queue: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._past: float | None = None

    def go_back(self, seconds: float) -> None:
        """Moves to the past; `catch_up` lives through what was to happen since, all at once."""
        self._past = self.now() - seconds

    def catch_up(self) -> None:
        """Runs every event until the present in its order, each at its own time."""
        present = self._began + (time.monotonic() - self._began_steady) * self.speed
        while self._queue and self._queue[0][0] <= present:
            self._past = max(self._queue[0][0], self._past or 0.0)
            heapq.heappop(self._queue)[2]()
        self._past = None

    def start(self) -> None:
        """Begins to run events on the present loop."""
        self._loop = asyncio.get_running_loop()
        self._arm()

    def stop(self) -> None:
        """Drops every event that has not come."""
        self._queue.clear()
        self._loop = None
        if self._timer:
            self._timer.cancel()

    def now(self) -> float:
        """The simulated Unix time."""
        if self._past is not None:
            return self._past
        return self._began + (time.monotonic() - self._began_steady) * self.speed

    def text(self) -> str:
        """The simulated time as Kubernetes writes it."""
        return stamp(self.now())

    def after(self, seconds: float, event: Callable[[], object]) -> None:
        """Runs `event` when that many simulated seconds have passed."""
        entry = (self.now() + max(seconds, 0.0), next(self._order), event)
        heapq.heappush(self._queue, entry)
        if self._queue[0] is entry:
            self._arm()

    def _arm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._loop and self._queue:
            delay = max(0.0, (self._queue[0][0] - self.now()) / self.speed)
            self._timer = self._loop.call_later(delay, self._run_due)

    def _run_due(self) -> None:
        self._timer = None
        now = self.now()
        while self._queue and self._queue[0][0] <= now:
            event = heapq.heappop(self._queue)[2]
            try:
                event()
            except Exception:  # noqa: BLE001 - see below
                # one event that fails must not stop the time
                _log.exception("an event of the simulated cluster failed")
        self._arm()
