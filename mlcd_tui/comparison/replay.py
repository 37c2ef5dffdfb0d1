"""Sends recorded requests to both versions, so that neither the order nor the load favours one of them."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from mlcd_tui.comparison.asking import Version, sendable
from mlcd_tui.domain.comparison.pair import Answer, Pair, RecordedRequest
from mlcd_tui.domain.errors import Unreachable
from mlcd_tui.domain.text import clean

_PATIENCE = 5
"""Requests without any answer after which a version that never answered counts as out of reach."""


@dataclass(slots=True)
class Replay:
    """One replay.

    Args:
        production: the serving version.
        shadow: the other one.
        rate: requests a second to each version, at most.
        noise: ask production twice; either of its answers is held against the shadow's, with the first one's time.
        at_once: recorded requests under way at a time.
        seed: of the order in which the versions are asked.
    """

    production: Version
    shadow: Version
    rate: float = 20.0
    noise: bool = True
    at_once: int = 8
    seed: int = 0
    sent: int = 0
    left_out: int = 0
    """Requests that are not sent again: by a method that changes something, or without a usable path."""
    _draw: random.Random = field(init=False, repr=False)
    _stop: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _problem: BaseException | None = None
    _names: set[str] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        """Seeds the order."""
        self._draw = random.Random(self.seed)  # noqa: S311 - an order, no secret

    def cancel(self) -> None:
        """Send nothing more; what is under way is dropped."""
        self._stop.set()

    async def run(self, requests: Iterable[RecordedRequest], take: Callable[[Pair], None]) -> bool:
        """Replay until the end; `take` gets each pair as it is whole. False: it was cancelled.

        Raises:
            Unreachable: a version never answered.
            Problem: the requests cannot be read to their end.
        """
        room = asyncio.Semaphore(self.at_once)
        pause = (2 if self.noise else 1) / self.rate
        loop = asyncio.get_running_loop()
        due = loop.time()
        under_way: set[asyncio.Task[None]] = set()
        try:
            for request in requests:
                if not sendable(request):
                    self.left_out += 1
                    continue
                await self._or_stop(room.acquire())
                if self._stop.is_set() or await self._slept(due - loop.time()):
                    break
                due = max(due, loop.time()) + pause
                self.sent += 1
                task = asyncio.create_task(self._one(request, take, room))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                task.add_done_callback(self._ended)
            while under_way and not self._stop.is_set():
                await self._or_stop(asyncio.wait(tuple(under_way), return_when=asyncio.FIRST_COMPLETED))
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
        if self._problem is not None:
            raise self._problem
        return not self._stop.is_set()

    async def _slept(self, seconds: float) -> bool:
        """Wait for the rate; True: it was cancelled meanwhile."""
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), seconds)
        return self._stop.is_set()

    async def _or_stop(self, work: Awaitable[Any]) -> None:
        """Await something, or the end."""
        waiting = asyncio.ensure_future(work)
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({waiting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (waiting, stopped):
                one.cancel()
            await asyncio.gather(waiting, stopped, return_exceptions=True)

    async def _one(self, request: RecordedRequest, take: Callable[[Pair], None], room: asyncio.Semaphore) -> None:
        """One request to both versions, one after the other: side by side they would disturb each other."""
        name = self._name(request.id)
        try:
            versions = [self.production, self.shadow]
            self._draw.shuffle(versions)
            if self.noise:
                versions.append(self.production)  # last: what it, or both, remember of the first would be its lead
            own: list[Answer] = []
            shadow = Answer()
            for version in versions:
                answer = await version.ask(request)
                if version is self.shadow:
                    shadow = answer
                else:
                    own.append(answer)
        finally:
            room.release()
        times = [answer.ms for answer in own]
        self._draw.shuffle(own)
        own = [
            replace(answer, ms=ms) for answer, ms in zip(own, times, strict=True)
        ]  # of the first asking, as the shadow's
        if not self._out_of_reach():
            take(Pair(name, own[0], shadow, own[1] if self.noise else None, request))

    def _name(self, recorded: str) -> str:
        """The recorded id; one that comes again is another request here, and gets a name of its own."""
        name = recorded if recorded and recorded not in self._names else f"{recorded or 'request'}#{self.sent}"
        self._names.add(name)
        return name

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A fault of whoever takes ends the replay, and is told at its end."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._problem = self._problem or error
            self._stop.set()

    def _out_of_reach(self) -> bool:
        for version in (self.production, self.shadow):
            if not version.answered and version.silent >= _PATIENCE:
                self._problem = Unreachable(
                    clean(f"The {version.name} at {version.shown} does not answer: {version.last_error}."),
                    advice="Check its address, or that its pods are ready.",
                )
                self._stop.set()
        return self._stop.is_set()
