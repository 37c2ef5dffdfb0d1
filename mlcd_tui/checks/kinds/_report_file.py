"""Reports that another tool has left beside the plan: of which image they speak, and how old they are."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from mlcd_tui.checks.kinds._ended import ended
from mlcd_tui.checks.parsers._reading import MOST_BYTES
from mlcd_tui.checks.plain_file import read_plain
from mlcd_tui.checks.plan_model import BesidePlan, CheckPart, Reason, Seconds
from mlcd_tui.domain.check_ports import Bench
from mlcd_tui.domain.checks import CheckResult, CheckState, ImageIdentity, Report, short
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import Clean, clean

_SKEW = 300
"""Seconds that another machine's clock may be ahead."""


class ReportFilePart(CheckPart):
    """A check whose report another tool makes."""

    report: BesidePlan
    """The report, beside the plan. It is evidence: a newer one does not change the plan's digest."""
    max_age: Seconds | None = None
    """An older report is stale: `24h`. Left out: age does not matter."""
    assume_this_image: Reason | None = None
    """Why a report that names no image is taken to speak of this one. Left out: such a report is stale."""


@dataclass(slots=True)
class Taken:
    """A report on its way to a result."""

    part: ReportFilePart
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: float = field(default_factory=time.monotonic)
    report: Report = field(default_factory=Report)

    def result(self, state: CheckState, sentence: str, reason: str = "") -> CheckResult:
        """As it stands now."""
        return replace(
            ended(self.part, state, sentence),
            report=self.report,
            started=self.started,
            seconds=time.monotonic() - self.clock,
            reason=clean(reason, limit=500),
        )


def take(part: ReportFilePart, bench: Bench, folder: str, judge: Callable[[Taken, bytes], CheckResult]) -> CheckResult:
    """Read the report, have it judged, and take it back where it does not speak of this image.

    `judge` sets `Taken.report` and may raise `Unreadable`.
    """
    taken, place = Taken(part), Path(folder) / part.report
    try:
        if not place.resolve().is_relative_to(Path(folder).resolve()):
            return taken.result(CheckState.ERROR, f"{part.report} leads out of the plan's folder")
        content = read_plain(place, MOST_BYTES)
        changed = datetime.fromtimestamp(place.stat().st_mtime, UTC)
    except OSError as error:
        return taken.result(CheckState.ERROR, f"{part.report} cannot be read: {error.strerror}")
    try:
        result = judge(taken, content)
    except Unreadable as problem:
        return taken.result(CheckState.ERROR, f"{part.report}: {problem.sentence}")
    made = taken.report.created or changed
    if reason := _stale(part, taken.report, bench.image, (datetime.now(UTC) - made).total_seconds()):
        return taken.result(CheckState.STALE, result.sentence, reason)
    if not taken.report.about and part.assume_this_image and result.state is CheckState.PASSED:
        reason = f"the report names no image; taken for this one: {part.assume_this_image}"
        return replace(result, state=CheckState.WARNED, reason=clean(reason, limit=500))
    return result


def _stale(part: ReportFilePart, report: Report, image: ImageIdentity, age: float) -> str:
    if report.about and not set(report.about) & image.digests:
        mine = sorted(image.digests)
        here = short(mine[0]) if mine else "an unknown image"
        return f"the report speaks of {short(report.about[0])}, this image is {here}"
    if not report.about and part.assume_this_image is None:
        return "the report does not say of which image it speaks"
    if age < -_SKEW:
        return "the report is dated in the future"
    if part.max_age is not None and age > part.max_age:
        return f"the report is {hours(age)} old, {hours(part.max_age)} are allowed"
    return ""


def hours(seconds: float) -> Clean:
    """`3 h`, `2.5 d`."""
    return Clean(f"{seconds / 86400:.1f} d" if seconds > 2 * 86400 else f"{seconds / 3600:.1f} h")
