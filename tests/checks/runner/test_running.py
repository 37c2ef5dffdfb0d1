"""What a run tells of its checks: everything, in order, and of many lines with few wakings."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest

from mlcd_tui.checks import run
from mlcd_tui.checks.plan import BudgetPart, Plan, PlannedCheck
from mlcd_tui.checks.plan_model import CheckPart
from mlcd_tui.checks.runner.bench import Workshop
from mlcd_tui.checks.runner.budget import Budget
from mlcd_tui.domain.checks import CheckResult, CheckState
from mlcd_tui.domain.text import clean


@dataclass(frozen=True, slots=True)
class _Writes:
    """Writes one line, and many more once somebody rests."""

    resting: threading.Event
    written: threading.Event
    name: str = "writes"
    title: str = "Writes"
    model: type[Any] = CheckPart

    def files(self, _: Any) -> tuple[str, ...]:
        return ()

    def run(self, _: Any, __: Any, ___: str, log: Callable[[str], None]) -> CheckResult:
        log("line 0")
        assert self.resting.wait(30)
        for number in range(1, 1_000):
            log(f"line {number}")
        self.written.set()
        return CheckResult(clean("writes"), "writes", CheckState.PASSED, clean("written"))


def test_lines_gather_while_the_teller_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    resting, written, rests = threading.Event(), threading.Event(), list[float]()

    def sleep(seconds: float) -> None:
        rests.append(seconds)
        resting.set()
        assert written.wait(30)

    monkeypatch.setattr(time, "sleep", sleep)
    kind = _Writes(resting, written)
    check = PlannedCheck("writes", "writes", CheckPart(name="writes", kind="writes"), kind, "", {})
    plan = Plan("", ".", "", None, BudgetPart(), None, (check,), "")
    running = run._Running(plan, cast(Workshop, None), Budget(99, 1 << 40), ())
    told = list(running.all((check,)))
    assert [one.line for one in told if one.line] == [f"line {number}" for number in range(1_000)]
    assert told[-1].result is not None
    assert told[-1].result.state is CheckState.PASSED
    assert len(rests) <= 2  # for the first line, and where the result was a little later than the last one
