"""How the parts of a check that asks a running image add up to its result."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from mlcd_tui.checks.kinds._asking import Asker, Halted
from mlcd_tui.checks.kinds._ended import ended
from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.checks.plan_model import ServingPart
from mlcd_tui.domain.check_ports import Bench, Served
from mlcd_tui.domain.checks import CheckResult, CheckState, Severity
from mlcd_tui.domain.digest import sha256_of

_WORST = (CheckState.FAILED, CheckState.ERROR, CheckState.WARNED)


def worst(states: Sequence[CheckState]) -> CheckState:
    """What several parts come to; what was left out does not count, and nothing at all is an error."""
    for state in _WORST:
        if state in states:
            return state
    return CheckState.PASSED if CheckState.PASSED in states else CheckState.ERROR


@dataclass(slots=True)
class Outcome:
    """What a check has found so far."""

    part: ServingPart
    findings: Findings = field(default_factory=Findings)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: float = field(default_factory=time.monotonic)
    written: bytes = b""
    """What the server wrote."""

    def asker(self, served: Served, bench: Bench, seconds: float, most: int) -> Asker:
        """What asks the server: within the time of the whole check, which begins when the server is ready."""
        deadline = time.monotonic() + self.part.serving().limits.seconds
        return Asker(served.url, bench.cancelled, seconds, most, deadline)

    def bad(self, message: str, rule: str, file: str = "", *, warning: bool = False) -> None:
        """One finding that is told in a sentence."""
        severity = Severity.WARNING if warning else Severity.ERROR
        self.findings.add(message, severity=severity, rule=rule, file=file)

    def result(
        self, state: CheckState, sentence: str, *, total: int | None = None, passed: int | None = None
    ) -> CheckResult:
        """As it stands now."""
        return replace(
            ended(self.part, state, sentence),
            report=self.findings.report("mlcd-tui", "", total=total, passed=passed),
            started=self.started,
            seconds=time.monotonic() - self.clock,
            log_digest=sha256_of(self.written) if self.written else "",
            log_bytes=len(self.written),
        )

    def halted(self, why: Halted, *, total: int | None = None, passed: int | None = None) -> CheckResult:
        """Ended before its time."""
        if why.cancelled:
            return self.result(CheckState.CANCELLED, "called off", total=total, passed=passed)
        seconds = self.part.serving().limits.seconds
        return self.result(CheckState.TIMED_OUT, f"not done after {seconds:g} s", total=total, passed=passed)
