"""Analysis runs and experiments, as every engine that has them tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mlcd_tui.domain.text import Clean


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured value of a metric."""

    phase: Clean
    value: Clean
    """As the provider gave it; may be a number, a JSON list or object, NaN or nothing."""
    message: Clean = Clean("")
    started: datetime | None = None
    finished: datetime | None = None
    number: float | None = None
    """The value for a chart, where it is one finite number (or a list of one)."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of an analysis run: what it asks, what it allows, what it measured, and its verdict."""

    name: Clean
    phase: Clean
    message: Clean = Clean("")
    verdict: Clean = Clean("")
    """In one sentence why it stands where it stands: value, condition and limits."""
    provider: Clean = Clean("")
    query: Clean = Clean("")
    success_condition: Clean = Clean("")
    failure_condition: Clean = Clean("")
    interval: Clean = Clean("")
    count_limit: Clean = Clean("")
    """Measurements to take; empty: until stopped."""
    failure_limit: int = 0
    inconclusive_limit: int = 0
    error_limit: int = 4
    """Consecutive errors allowed."""
    count: int = 0
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0
    dry_run: bool = False
    threshold: float | None = None
    """The number that the condition compares with, where it is of the form `result <op> number`."""
    measurements: tuple[Measurement, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalysisRun:
    """One run of an analysis."""

    name: Clean
    phase: Clean
    """Pending, Running, Successful, Failed, Error, Inconclusive; empty before the controller saw it."""
    message: Clean = Clean("")
    kind: Clean = Clean("")
    """Step, Background, PrePromotion, PostPromotion; empty when it stands alone."""
    step_index: int | None = None
    revision: int = 0
    started: datetime | None = None
    completed: datetime | None = None
    terminate: bool = False
    metrics: tuple[Metric, ...] = ()
    jobs: tuple[Clean, ...] = ()

    @property
    def running(self) -> bool:
        """Whether it can still be stopped."""
        return self.phase in {"", "Pending", "Running"}
