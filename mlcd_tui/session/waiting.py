"""Evidence is waited for as long as a person waits for a plan; what comes late is there for the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE = 1.5
"""Seconds that a plan waits for what is not known yet."""


class Waiting:
    """Who is waited for, until `stop`."""

    def __init__(self) -> None:
        self._late: set[asyncio.Future[Any]] = set()

    async def on(self, work: Awaitable[T]) -> T:
        """What comes of `work`, which goes on when patience ends. Raises `TimeoutError`, and what the work raises."""
        task = asyncio.ensure_future(work)
        self._late.add(task)
        task.add_done_callback(self._over)
        return await asyncio.wait_for(asyncio.shield(task), PATIENCE)

    def _over(self, task: asyncio.Future[Any]) -> None:
        self._late.discard(task)
        if not task.cancelled():
            task.exception()  # a late one has nobody left to tell

    async def stop(self) -> None:
        """End what is still under way."""
        late = list(self._late)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
