"""Trouble on demand, for tests of clients: cut connections, stalls, refusals, forgotten history."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from mlcd_tui.demo.statuses import ApiError, too_many, unauthorized


@dataclass(slots=True)
class Faults:
    """What is wrong with the server now; call it from the server's own loop or through `DemoCluster.call`."""

    cut: Callable[[], None]
    """Resets every open connection, watches included."""
    forget: Callable[[], None]
    """Compacts the history: watches from old versions and continued lists get 410."""
    unauthorized: bool = False
    """Every token is expired: 401."""
    throttled: int = 0
    """As many requests as this get 429 with Retry-After: 1."""
    failing: int = 0
    """As many requests as this get 503."""
    delay: float = 0.0
    """Seconds that each answer is late."""
    no_metrics: bool = False
    """The cluster's Prometheus answers 503."""
    absent: set[str] = field(default_factory=set)
    """API groups that are not installed."""
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._flowing.set()

    def stall(self) -> None:
        """Connections stay open, and nothing comes through them any more: half-open, as after a lost route."""
        self._flowing.clear()

    def resume(self) -> None:
        """Ends a stall."""
        self._flowing.set()

    async def flowing(self) -> None:
        """Returns at once, or when the stall ends."""
        await self._flowing.wait()

    async def meet(self) -> None:
        """Lets a request run into what is wrong; raises the refusal."""
        if self.delay:
            await asyncio.sleep(self.delay)
        await self.flowing()
        if self.unauthorized:
            raise unauthorized()
        if self.throttled:
            self.throttled -= 1
            raise too_many(1)
        if self.failing:
            self.failing -= 1
            raise ApiError(503, "ServiceUnavailable", "the server is currently unable to handle the request")
