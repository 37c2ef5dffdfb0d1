"""A run while it goes on: what has come in of each check. Bounded, however much a check writes."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from mlcd_tui.domain.check_ports import Progress
from mlcd_tui.domain.checks import CheckResult, CheckRun, CheckState
from mlcd_tui.domain.text import Clean

MOST_LINES = 5_000
"""Log lines of one check that are kept while it runs; the whole log is in the kept run."""


@dataclass(slots=True)
class LiveCheck:
    """One check of the run."""

    name: Clean
    state: CheckState = CheckState.WAITING
    result: CheckResult | None = None
    began: datetime | None = None
    ended: datetime | None = None
    lines: deque[Clean] = field(default_factory=lambda: deque(maxlen=MOST_LINES))
    count: int = 0
    """Lines that it wrote, those no longer kept included."""

    def seconds(self, now: datetime) -> float | None:
        """How long it ran, or runs already; None: not yet."""
        if self.result is not None and self.result.seconds:
            return self.result.seconds
        return None if self.began is None else max(((self.ended or now) - self.began).total_seconds(), 0.0)


@dataclass(slots=True)
class LiveRun:
    """A run of this screen."""

    image: str
    plan: str
    started: datetime
    checks: dict[str, LiveCheck] = field(default_factory=dict)
    run: CheckRun | None = None
    """The whole run, once it has ended."""
    problem: str = ""
    """Why it could not run, or did not come to its end."""
    over: bool = False
    called_off: set[str] = field(default_factory=set)
    """Checks that the operator called off: whoever runs them looks at it from other threads."""

    def take(self, progress: Progress, now: datetime) -> None:
        """One thing happened."""
        if progress.run is not None:
            self.run = progress.run
        if not progress.check:
            return
        check = self.checks.get(progress.check)
        if check is None:
            check = self.checks[progress.check] = LiveCheck(Clean(progress.check))
        if progress.state is None and progress.result is None:
            check.lines.append(progress.line)
            check.count += 1
            return
        state = progress.result.state if progress.result is not None else progress.state
        check.state = state or check.state
        check.result = progress.result or check.result
        if check.state is CheckState.RUNNING and check.began is None:
            check.began = now
        elif check.state.ended and check.ended is None:
            check.ended = now

    def end(self, problem: str = "") -> None:
        """Nothing more comes; what did not end will not."""
        self.over, self.problem = True, problem
        for check in self.checks.values():
            if not check.state.ended:
                check.state = CheckState.CANCELLED

    def call_off(self, names: Collection[str]) -> tuple[str, ...]:
        """Call checks off; those that have ended, or were called off before, are left out of the answer."""
        found = [name for name in names if name in self.checks and not (self.over or self.checks[name].state.ended)]
        new = tuple(name for name in found if name not in self.called_off)
        self.called_off.update(new)
        return new
