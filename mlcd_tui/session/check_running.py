"""A run of checks in a thread of its own, told in the loop: what it logged and came to is kept on this machine."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from mlcd_tui.domain.check_ports import Progress
from mlcd_tui.domain.checks import CheckResult, CheckRun
from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.text import Clean, clean

if TYPE_CHECKING:
    from mlcd_tui.checks.evidence.store import EvidenceStore

T = TypeVar("T")
Start = Callable[[Collection[str]], Iterator[Progress]]
"""Begins a run; names that are put into the collection meanwhile are called off."""

_MOST_WAITING = 500
"""Tellings that wait for a slow listener before the run's own queue does."""
_MOST_LOG = 2 << 20
"""Characters kept of the beginning of a check's log, and as many of its end."""
_FAREWELL = 30.0
"""Seconds that the containers have to end after the listener went away."""


class _CalledOff(Collection[str]):
    """The caller's names, or everything once nobody listens any more."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names
        self.everything = False

    def __contains__(self, name: object) -> bool:
        return self.everything or name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._names))

    def __len__(self) -> int:
        return len(self._names)


@dataclass(slots=True)
class _Log:
    """The beginning and the end of what one check wrote."""

    head: list[str] = field(default_factory=list)
    tail: deque[str] = field(default_factory=deque)
    head_size: int = 0
    tail_size: int = 0
    left_out: int = 0

    def hear(self, line: str) -> None:
        """One more line."""
        if self.head_size < _MOST_LOG:
            self.head.append(line)
            self.head_size += len(line) + 1
            return
        self.tail.append(line)
        self.tail_size += len(line) + 1
        while self.tail_size > _MOST_LOG:
            self.tail_size -= len(self.tail.popleft()) + 1
            self.left_out += 1

    def data(self) -> bytes:
        """All that was kept."""
        cut = [f"[... {self.left_out:,} lines left out ...]"] if self.left_out else []
        return "".join(f"{line}\n" for line in (*self.head, *cut, *self.tail)).encode()


class Running:
    """One run: its thread, and what waits to be told."""

    def __init__(self, start: Start, store: EvidenceStore, called_off: Collection[str] = ()) -> None:
        self._start = start
        self._store = store
        self._called_off = _CalledOff(called_off)
        self._loop = asyncio.get_running_loop()
        self._told: deque[Progress] = deque()
        self._room = threading.Condition()
        self._news = asyncio.Event()
        self._over = False
        self._fault: BaseException | None = None
        self._logs: dict[str, _Log] = {}

    async def tell(self) -> AsyncIterator[Progress]:
        """Everything that happens, in order. Raises `Problem`. Ending the iteration calls the run off."""
        thread = threading.Thread(target=self._work, name="checks", daemon=True)
        thread.start()
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                await asyncio.sleep(0)  # waiting for what has come already lets nobody else run
                with self._room:
                    batch, over = tuple(self._told), self._over
                    self._told.clear()
                    self._room.notify()
                for each in batch:
                    yield each
                if over:
                    break
            if self._fault is not None:
                raise self._fault
        finally:
            self._called_off.everything = True
            with self._room:
                self._room.notify()
            await asyncio.shield(asyncio.to_thread(thread.join, _FAREWELL))

    def _work(self) -> None:
        try:
            run = self._start(self._called_off)
            try:
                for each in run:
                    if self._called_off.everything:
                        break
                    self._put(self._kept(each))
            finally:
                if (close := getattr(run, "close", None)) is not None:
                    close()
        except BaseException as fault:  # noqa: BLE001 - raised again in the loop, to whoever listens
            self._fault = fault
        with self._room:
            self._over = True
        self._ring()

    def _put(self, progress: Progress) -> None:
        with self._room:
            while len(self._told) >= _MOST_WAITING and not self._called_off.everything:
                self._room.wait(1.0)
            self._told.append(progress)
            first = len(self._told) == 1
        if first:  # one ring for a whole batch: a hundred thousand lines a second do not ring as often
            self._ring()

    def _ring(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._news.set)
        except RuntimeError:  # the loop is closed: nobody listens
            self._called_off.everything = True

    def _kept(self, progress: Progress) -> Progress:
        """The telling, its log line or its whole run kept."""
        if progress.run is not None:
            return replace(progress, run=self._keep(progress.run))
        if progress.state is None and progress.check:
            self._logs.setdefault(progress.check, _Log()).hear(progress.line)
        return progress

    def _keep(self, run: CheckRun) -> CheckRun:
        """Keep logs and run; a full disk takes nothing from what was found, but it is told.

        What a run says of its logs is digest and size of what is kept of them, so that they can be proven later on:
        of all that was written nobody has the bytes any more, where it was much or not fit to be shown.
        """
        run = replace(run, results=tuple(map(self._with_log, run.results)))
        self._attempt(lambda: self._store.add(run))
        return run

    def _with_log(self, result: CheckResult) -> CheckResult:
        log = self._logs.get(result.name)
        data = log.data() if log is not None else b""
        kept = self._attempt(lambda: self._store.add_log(data)) if data else None
        digest, size = kept or ("", 0)
        return replace(result, log_digest=digest, log_bytes=size)

    def _attempt(self, keep: Callable[[], T]) -> T | None:
        try:
            return keep()
        except Problem as problem:
            self._put(Progress("", line=Clean(clean(f"The run was not kept whole: {problem}"))))
            return None
