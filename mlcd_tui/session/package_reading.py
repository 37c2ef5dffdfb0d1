"""The blocking library of packages, asked from the loop: in threads of its own, within time, no longer than wanted."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from mlcd_tui.domain.errors import Problem, Unreachable, Unreadable
from mlcd_tui.domain.package import ModelPackage, PackageEntry
from mlcd_tui.domain.package_ports import Reach
from mlcd_tui.domain.text import clean

if TYPE_CHECKING:
    from mlcd_tui.config.settings import PackageSettings

T = TypeVar("T")

_AT_ONCE = 4
_ANSWERS = 3.0
"""A package takes several answers: it may take so many times as long as one."""
_BATCH = 50
_BATCH_SECONDS = 0.05
_BATCHES_AHEAD = 8

_log = logging.getLogger(__name__)


class Reading:
    """Reads and lists packages.

    The threads are daemons: a server that hangs never keeps the program from ending.
    """

    def __init__(self, settings: PackageSettings) -> None:
        self._settings = settings
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def read(self, address: str, *, hosts: tuple[str, ...] | None = None) -> ModelPackage:
        """The package behind an address. Raises `Problem`.

        Args:
            address: as the sources take it.
            hosts: the only hosts that may be asked; None: any.
        """

        def work(reach: Reach) -> ModelPackage:
            from mlcd_tui.packages.library import Library

            return Library(reach).read(address)

        return await self.run(work, address, hosts=hosts)

    async def run(self, work: Callable[[Reach], T], what: str, *, hosts: tuple[str, ...] | None = None) -> T:
        """Any blocking look, `what` for the eye. Raises `Problem`."""
        over = threading.Event()
        reach = self._reach(hosts, over)
        limit = self._settings.timeout * _ANSWERS
        async with self._slots:
            try:
                async with asyncio.timeout(limit):
                    return await _in_thread(lambda: work(reach), what)
            except TimeoutError:
                raise Unreachable(
                    f"{clean(what)} was not read within {limit:g} s.", advice="Raise `timeout` under [packages]."
                ) from None
            finally:
                over.set()

    async def list(self, address: str) -> AsyncIterator[PackageEntry]:
        """What lies at a place, as it comes in; who stops listening ends the work. Raises `Problem`."""
        over = threading.Event()
        reach = self._reach(None, over)

        def entries() -> Iterator[PackageEntry]:
            from mlcd_tui.packages.library import Library

            return Library(reach).list(address)

        flow = _Flow(asyncio.get_running_loop(), over)
        thread = threading.Thread(target=flow.fill, args=(entries, address), name="mlcd-packages", daemon=True)
        thread.start()
        limit = self._settings.timeout * _ANSWERS
        try:
            while (batch := await flow.next(limit, address)) is not None:
                for entry in batch:
                    yield entry
        finally:
            over.set()

    def _reach(self, hosts: tuple[str, ...] | None, over: threading.Event) -> Reach:
        settings = self._settings
        return Reach(mlflow=settings.mlflow, hosts=hosts, timeout=settings.timeout, cancelled=over.is_set)


class _Flow:
    """Batches on their way from a thread to the loop; the thread waits where the loop is behind."""

    def __init__(self, loop: asyncio.AbstractEventLoop, over: threading.Event) -> None:
        self._loop = loop
        self._over = over
        self._ahead = threading.BoundedSemaphore(_BATCHES_AHEAD)
        self._queue: asyncio.Queue[list[PackageEntry] | Exception | None] = asyncio.Queue()

    async def next(self, limit: float, what: str) -> list[PackageEntry] | None:
        """The next batch; None: that was all."""
        try:
            got = await asyncio.wait_for(self._queue.get(), limit)
        except TimeoutError:
            raise Unreachable(f"{clean(what)} did not go on within {limit:g} s.") from None
        if isinstance(got, Exception):
            raise got
        if got is not None:
            self._ahead.release()
        return got

    def fill(self, entries: Callable[[], Iterator[PackageEntry]], what: str) -> None:
        """The thread's work."""
        end: Exception | None = None
        try:
            self._pass_on(entries())
        except Exception as error:  # noqa: BLE001 - whatever it is, the listener must learn it
            end = _as_problem(error, what)
        self._tell(end)

    def _pass_on(self, entries: Iterator[PackageEntry]) -> None:
        batch: list[PackageEntry] = []
        since = time.monotonic()
        for entry in entries:
            batch.append(entry)
            if len(batch) < _BATCH and time.monotonic() - since < _BATCH_SECONDS:
                continue
            if not self._hand_over(batch):
                return
            batch, since = [], time.monotonic()
        if batch:
            self._hand_over(batch)

    def _hand_over(self, batch: list[PackageEntry]) -> bool:
        while not self._ahead.acquire(timeout=0.2):
            if self._over.is_set():
                return False
        self._tell(batch)
        return not self._over.is_set()

    def _tell(self, what: list[PackageEntry] | Exception | None) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._queue.put_nowait, what)


async def _in_thread(work: Callable[[], T], what: str) -> T:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, problem: Exception | None) -> None:
        if done.done():
            return
        if problem is not None:
            done.set_exception(problem)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: T | None = None
        problem: Exception | None = None
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the asker must learn it
            problem = _as_problem(error, what)
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, result, problem)

    threading.Thread(target=run, name="mlcd-package", daemon=True).start()
    return await done


def _as_problem(error: Exception, what: str) -> Problem:
    if isinstance(error, Problem):
        return error
    _log.error("reading %s failed", what, exc_info=error)
    return Unreadable(f"{clean(what)} cannot be read: mlcd-tui failed at it ({type(error).__name__}).")
