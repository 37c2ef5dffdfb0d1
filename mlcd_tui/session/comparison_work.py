"""The work of one comparison: requests sent, or files read in a thread, each pair given to the comparer."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from mlcd_tui.domain.comparison.comparer import Comparer
from mlcd_tui.domain.comparison.limits import Limits
from mlcd_tui.domain.comparison.pair import Pair
from mlcd_tui.domain.comparison.report import ComparisonReport
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.snapshot import Rules
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.traffic_ports import ComparisonProgress, ComparisonWish

if TYPE_CHECKING:
    from mlcd_tui.comparison.reading import Pairs
    from mlcd_tui.comparison.replay import Replay

_TELL = 0.25
"""Seconds between two words on progress."""
_REPORT = 2.0
"""Seconds between two reports on the way: each costs some milliseconds."""
_LOOK = 256
"""Pairs between two looks at the clock."""


@dataclass(slots=True)
class Work:
    """One comparison's work."""

    wish: ComparisonWish
    limits: Limits
    rules: Rules
    loop: asyncio.AbstractEventLoop
    listener: Callable[[ComparisonProgress], None]
    done: int = 0
    total: int | None = None
    _path: Path = field(init=False)
    _stop: threading.Event = field(default_factory=threading.Event)
    _comparer: Comparer = field(init=False)
    _replay: Replay | None = None
    _pairs: Pairs | None = None
    _told: float = 0.0
    _reported: float = 0.0
    _complete: bool = False

    def __post_init__(self) -> None:
        """Looks at the files. Raises `BadConfig`."""
        from mlcd_tui.comparison.reading import Pairs, requests  # late: the screen starts without

        self._comparer = Comparer(self.limits, self.rules)
        self._told = self._reported = time.monotonic()
        path = self._path = Path(self.wish.source).expanduser()
        if self.wish.replay:
            requests(path, self.wish.format)
            return
        paths = [path, *(Path(name).expanduser() for name in self.wish.also)]
        self._pairs = Pairs(paths, self.wish.format, self.wish.production_name, self.wish.shadow_name)

    def cancel(self) -> None:
        """Stop as soon as may be."""
        self._stop.set()
        if self._replay is not None:
            self._replay.cancel()

    @property
    def stopped(self) -> bool:
        """Whether it was called off."""
        return self._stop.is_set()

    async def run(self, production: str, shadow: str) -> None:
        """All of it. Raises `Problem`; what was compared until then can be reported."""
        if self._pairs is not None:
            self._complete = await asyncio.to_thread(self._read, self._pairs)
            return
        self._complete = await self._send(production, shadow)

    def report(self, *, complete: bool) -> ComparisonReport:
        """What the pairs so far come to."""
        joiner = self._pairs.joiner if self._pairs is not None else None
        report = self._comparer.report(
            duplicates=joiner.duplicates if joiner else 0,
            disagreeing=joiner.disagreeing if joiner else 0,
            copied=self.wish.copied,
        )
        warnings = (*report.warnings, *(clean(one, limit=300) for one in self._notes()))
        return replace(report, source=self._source(), warnings=warnings, complete=complete and self._complete)

    # --- recorded pairs ------------------------------------------------------------------------------------

    def _read(self, pairs: Pairs) -> bool:
        """In a thread. False: it was called off."""
        found: Iterator[Pair] = iter(pairs)
        if self.wish.limit:
            found = islice(found, self.wish.limit)
        for pair in found:
            if self._stop.is_set():
                return False
            self._comparer.add(pair)
            self.done += 1
            if self.done % _LOOK == 0:
                self._tell()
        joiner = pairs.joiner
        self._comparer.unpaired(joiner.production_alone, joiner.shadow_alone)
        return True

    # --- replay --------------------------------------------------------------------------------------------

    async def _send(self, production: str, shadow: str) -> bool:
        from mlcd_tui.comparison.asking import Version
        from mlcd_tui.comparison.reading import requests
        from mlcd_tui.comparison.replay import Replay

        wish, path = self.wish, self._path
        # read to its end once before anything is sent: what is wrong with it is told now, and how many there are
        count = await asyncio.to_thread(lambda: sum(1 for _ in requests(path, wish.format)))
        if not count:
            raise BadConfig(f"{clean(path, limit=300)} has no requests.")
        self.total = min(count, wish.limit) if wish.limit else count
        async with Version("production", production) as one, Version("shadow", shadow) as two:
            self._replay = Replay(one, two, wish.rate, wish.noise)
            if self._stop.is_set():
                return False
            return await self._replay.run(islice(requests(path, wish.format), self.total), self._take)

    def _take(self, pair: Pair) -> None:
        self._comparer.add(pair)
        self.done += 1
        self._tell()

    # --- telling -------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told < _TELL:
            return
        self._told = now
        report = None
        if now - self._reported >= _REPORT:
            report = self.report(complete=False)
            self._reported = time.monotonic()
        progress = ComparisonProgress(self.done, self.total, report)
        if self._pairs is None:
            self.listener(progress)
        else:
            self.loop.call_soon_threadsafe(self.listener, progress)

    def _source(self) -> Clean:
        names = ", ".join(Path(name).name for name in (self.wish.source, *self.wish.also))
        if self._pairs is None:
            return clean(f"replay of {self.done:,} requests from {names}", limit=300)
        return clean(f"recorded pairs from {names} ({self._pairs.title})", limit=300)

    def _notes(self) -> Iterator[str]:
        if self._replay is not None and self._replay.left_out:
            yield f"{self._replay.left_out:,} requests were not sent: only GET, HEAD and POST with a plain path are"
        if self._pairs is None:
            return
        yield from self._pairs.notes
        joiner = self._pairs.joiner
        if joiner.unverified:
            yield f"{joiner.unverified:,} pairs were joined by their id alone: their requests were not recorded"
        if joiner.nameless:
            yield f"{joiner.nameless:,} records have no id and were not paired"
        if joiner.given_up:
            yield f"{joiner.given_up:,} answers waited too long for their other side: read both sides' logs together"
