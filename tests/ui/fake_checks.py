"""A check desk by hand: what it knows and what happens in a run is what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Sequence

from mlcd_tui.domain.check_ports import Progress, RolloutChecks
from mlcd_tui.domain.checks import CheckRun, Evidence
from mlcd_tui.domain.errors import Missing, Problem
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import Clean, clean


class FakeCheckDesk:
    """domain.check_ports.CheckDesk by hand."""

    def __init__(self) -> None:
        self.kept: tuple[CheckRun, ...] | Problem = ()
        self.story: Sequence[Progress | asyncio.Event | Problem] = ()
        """What happens in a run; an event is waited for, a problem is raised."""
        self.started: list[tuple[str, str, tuple[str, ...]]] = []
        self.called_off: Collection[str] = ()
        self.closed = 0
        self.found: RolloutChecks | Problem = RolloutChecks()
        self.listeners: list[Callable[[], None]] = []
        self.asked: list[RolloutDetail] = []
        self.logs: dict[tuple[str, str], tuple[Clean, ...]] = {}
        self.accepted: list[tuple[str, str, str, str, str]] = []
        self.acceptance: Problem | None = None

    async def run(
        self, image: str, plan: str, only: Sequence[str] = (), called_off: Collection[str] = ()
    ) -> AsyncGenerator[Progress, None]:
        self.started.append((image, plan, tuple(only)))
        self.called_off = called_off
        try:
            for step in self.story:
                if isinstance(step, asyncio.Event):
                    await step.wait()
                elif isinstance(step, Problem):
                    raise step
                else:
                    yield step
        finally:
            self.closed += 1

    async def evidence(self, digests: frozenset[str], namespace: str = "", image: str = "") -> tuple[Evidence, ...]:
        return ()

    async def runs(self, limit: int = 100) -> tuple[CheckRun, ...]:
        if isinstance(self.kept, Problem):
            raise self.kept
        return self.kept[:limit]

    async def around(self, detail: RolloutDetail) -> RolloutChecks:
        self.asked.append(detail)
        if isinstance(self.found, Problem):
            raise self.found
        return self.found

    def listen(self, changed: Callable[[], None]) -> Callable[[], None]:
        self.listeners.append(changed)
        return lambda: self.listeners.remove(changed)

    async def log(self, run: str, check: str) -> tuple[Clean, ...]:
        if (run, check) not in self.logs:
            raise Missing(f"No log of {check} is kept.")
        return self.logs[run, check]

    async def accept(self, run: CheckRun, plan: str, check: str, reason: str, case: str = "") -> tuple[Clean, ...]:
        if self.acceptance is not None:
            raise self.acceptance
        self.accepted.append((run.id, plan, check, reason, case))
        return (clean(f"{case or check} accepted: {reason}"),)
