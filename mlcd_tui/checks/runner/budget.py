"""What checks that run side by side may use together: each waits for its turn until there is room for it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mlcd_tui.checks.runner.container import TICK
from mlcd_tui.domain.check_ports import Limits


@dataclass(slots=True)
class Budget:
    """Processors, memory, number of checks. First come, first served: a large one is not overtaken for ever."""

    cpus: float
    memory: int
    checks: int = 64
    _all: tuple[float, int] = (0.0, 0)
    _waiting: deque[object] = field(default_factory=deque)
    _changed: threading.Condition = field(default_factory=threading.Condition)  # its lock may be taken again

    def __post_init__(self) -> None:
        self._all = (self.cpus, self.memory)

    @contextmanager
    def share(self, limits: Limits, cancelled: Callable[[], bool]) -> Iterator[bool]:
        """A share for one check while the context lasts; False: it was called off while it waited.

        What asks for more than there is at all gets everything, alone.
        """
        cpus, memory = min(limits.cpus, self._all[0]), min(limits.memory, self._all[1])
        if not self._take(cpus, memory, cancelled):
            yield False
            return
        try:
            yield True
        finally:
            self._give(cpus, memory, 1)

    def _take(self, cpus: float, memory: int, cancelled: Callable[[], bool]) -> bool:
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            while not cancelled():
                if self._waiting[0] is ticket and self._fits(cpus, memory):
                    self._waiting.popleft()
                    self._give(-cpus, -memory, -1)
                    return True
                self._changed.wait(TICK)
            self._waiting.remove(ticket)
            self._changed.notify_all()
        return False

    def _fits(self, cpus: float, memory: int) -> bool:
        return cpus <= self.cpus + 1e-9 and memory <= self.memory and self.checks > 0

    def _give(self, cpus: float, memory: int, checks: int) -> None:
        with self._changed:
            self.cpus += cpus
            self.memory += memory
            self.checks += checks
            self._changed.notify_all()
