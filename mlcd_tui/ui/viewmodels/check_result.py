"""One check in full: how it ended, on which image, and each finding with its source, or with what was expected."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from mlcd_tui.domain.checks import CheckResult, CheckRun, CheckState, Evidence, Finding, Severity, short
from mlcd_tui.ui.viewmodels.check_board import compared, where
from mlcd_tui.ui.viewmodels.check_words import age_span, digest_of, short_digest, signature_span, state_span, took
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.package_words import BLANK, size
from mlcd_tui.ui.viewmodels.spans import Line, Span, cells, crop, fit, fit_tail, pad, width, wrap
from mlcd_tui.ui.viewmodels.tones import Tone, bold

_LABEL = 11
_SEVERITIES = {
    Severity.ERROR: ("failed", Tone.BROKEN),
    Severity.WARNING: ("mark_warning", Tone.WAITS),
    Severity.INFO: ("dot", Tone.DIM),
}
_CASE = re.compile(r"(?:^|/)([^/]+?)\.(?:approved|request)\.[^/.]+$")
_ACCEPTABLE = frozenset({"snapshot", "endpoint_schema"})
_UNACCEPTABLE = frozenset({CheckState.WAITING, CheckState.RUNNING, CheckState.PASSED, CheckState.SKIPPED})


@dataclass(frozen=True, slots=True)
class Off:
    """How far a value is from the approved one."""

    by: float
    allowed: float | None

    @property
    def weight(self) -> float:
        """How many times the tolerance it is off; where nothing is allowed, how far at all."""
        return self.by / self.allowed if self.allowed else self.by


def off(finding: Finding) -> Off | None:
    """The distance that a finding of a snapshot tells; None: it tells none."""
    return None if finding.difference is None else Off(finding.difference, finding.tolerance)


def case_of(finding: Finding) -> str:
    """The case of a snapshot that a finding belongs to; empty: it belongs to none."""
    found = _CASE.search(finding.file)
    return found[1] if found is not None else ""


def acceptable(result: CheckResult) -> bool:
    """Whether what it received may be accepted by a person: also a contract that only grew, which breaks nobody."""
    if result.kind == "endpoint_schema" and result.state is CheckState.PASSED:
        return any(finding.severity is Severity.INFO for finding in result.report.findings)
    return result.kind in _ACCEPTABLE and result.state not in _UNACCEPTABLE


def ordered(result: CheckResult, new: frozenset[str] = frozenset()) -> tuple[Finding, ...]:
    """The findings, the worst first: by severity, then new ones, then how far they are off; else as they came."""
    rank = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}

    def key(finding: Finding) -> tuple[int, bool, float]:
        distance = off(finding)
        return rank[finding.severity], finding.fingerprint not in new, -distance.weight if distance else 0.0

    return tuple(sorted(result.report.findings, key=key))


# The head ---------------------------------------------------------------------------------------------------------


def head_lines(
    result: CheckResult, run: CheckRun, before: CheckRun | None, room: int, glyphs: Glyphs
) -> tuple[Line, ...]:
    """How the check ended, and what ran."""
    told = compared(result, before)
    state = (state_span(result.state, glyphs), Span(f"  {took(result.seconds)}" if result.seconds else "", Tone.DIM))
    since = Span(f"   {told} since what serves" if told else "", Tone.WAITS)
    lines = [crop((*state, Span("" if result.required else "   advisory", Tone.DIM), since), room)]
    if result.sentence:
        lines.extend(wrap((Span(result.sentence, Tone.BRIGHT),), room))
    if result.reason:
        lines.extend(wrap((Span(f"{result.state.value}: {result.reason}", Tone.WAITS),), room))
    lines.extend(_facts(result, run, room))
    return tuple(lines)


def _facts(result: CheckResult, run: CheckRun, room: int) -> Iterator[Line]:
    tool = " ".join(filter(None, (result.report.tool, result.report.version)))
    ran_on = result.ran_on or digest_of(run.image)
    code = f"exit code {result.exit_code}" if result.exit_code is not None else ""
    cached = "from the build cache" if result.from_cache else ""
    log = f"log {size(result.log_bytes)}" if result.log_bytes else ""
    what = ", ".join(filter(None, (tool, code, cached, log)))
    image = (Span(str(run.image.ref), Tone.TEXT), Span(f"  {short_digest(ran_on)}" if ran_on else "", Tone.DIM, ran_on))
    rows: list[tuple[str, Line]] = [("image", image)]
    if result.command:
        rows.append(("command", (Span(result.command, Tone.TEXT),)))
    if what:
        rows.append(("tool", (Span(what, Tone.TEXT),)))
    if result.shipped:
        rows.append(("stage", (Span(f"beside what ships: {result.shipped}", Tone.TEXT),)))
    for label, value in rows:
        yield from wrap((Span(f"{label:<{_LABEL}}", Tone.DIM), *value), room, _LABEL, 2)


def evidence_lines(evidence: Evidence, now: datetime, room: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """Digest, plan, age, signature and place of what speaks of an image."""
    run = evidence.run
    digest = digest_of(run.image)
    line = (
        Span("ran on ", Tone.DIM),
        Span(short_digest(digest) or "an unknown image", Tone.TEXT, digest),
        Span(f" {glyphs.dot} plan ", Tone.DIM),
        Span(short(run.plan_digest) or "unknown", Tone.DIM, run.plan_digest),
        Span(f" {glyphs.dot} ", Tone.DIM),
        age_span(run.finished or run.started, now),
        Span(f" {glyphs.dot} ", Tone.DIM),
        signature_span(evidence, glyphs),
        Span(f" {glyphs.dot} {evidence.found_in}" if evidence.found_in else "", Tone.DIM),
    )
    lines = list(wrap(line, room, 2))
    if evidence.note:
        lines.extend(wrap((Span(f"  {evidence.note}", Tone.DIM),), room, 2))
    return tuple(lines)


# Findings ---------------------------------------------------------------------------------------------------------


def finding_row(finding: Finding, room: int, glyphs: Glyphs, *, new: bool, wide: int) -> Line:
    """One line: severity, place, rule, message; `wide` columns for the place."""
    name, tone = _SEVERITIES[finding.severity]
    mark = "!" if name == "mark_warning" else getattr(glyphs, name)
    place = fit_tail(where(finding), wide)
    head = (
        Span(f"{mark} ", bold(tone)),
        *pad((Span(place, Tone.TEXT, where(finding)),), wide),
        Span("  " if wide else ""),
        Span("new  " if new else "", bold(Tone.WAITS)),
        Span(f"{finding.rule}  " if finding.rule else "", tone),
    )
    rest = room - width(head)
    return crop((*head, Span(fit(finding.message, max(rest, 1)), Tone.TEXT, finding.message)), room)


def place_width(findings: Sequence[Finding], room: int) -> int:
    """Columns of the widest place among the first findings."""
    widest = max((cells(where(finding)) for finding in findings[:500]), default=0)
    return min(widest, max(room // 3, 12))


def finding_lines(finding: Finding, room: int, glyphs: Glyphs, *, new: bool = False) -> tuple[Line, ...]:
    """One finding in full: message, place, what was expected, and the source around it."""
    tone = _SEVERITIES[finding.severity][1]
    head = (
        Span(f"{where(finding)}  " if where(finding) else "", Tone.BRIGHT),
        Span(finding.severity.value, bold(tone)),
        Span(f"  {finding.rule}" if finding.rule else "", tone),
        Span("  new" if new else "", bold(Tone.WAITS)),
        Span("  can be fixed by the tool" if finding.fixable else "", Tone.DIM),
    )
    lines = [*wrap(head, room, 2), *wrap((Span(finding.message, Tone.TEXT),), room)]
    lines.extend(_difference(finding, room))
    if finding.context:
        lines.extend((BLANK, *_source(finding, room, glyphs)))
    if finding.url:
        lines.extend((BLANK, *wrap((Span(finding.url, Tone.DIM),), room)))
    return tuple(lines)


def _difference(finding: Finding, room: int) -> Iterator[Line]:
    """What was expected beside what came, by how much they differ, and how much might be."""
    if not (finding.expected or finding.actual):
        return
    distance = off(finding)
    yield BLANK
    rows = [("expected", str(finding.expected), Tone.STABLE), ("actual", str(finding.actual), Tone.BROKEN)]
    if distance is not None:
        rows.append(("difference", f"{distance.by:.3g}", Tone.BRIGHT))
        rows.append(("tolerance", f"{distance.allowed:.3g}" if distance.allowed is not None else "none", Tone.DIM))
    for label, value, tone in rows:
        yield from wrap((Span(f"{label:<{_LABEL}}", Tone.DIM), Span(value or "nothing", tone)), room, _LABEL)


def _source(finding: Finding, room: int, glyphs: Glyphs) -> Iterator[Line]:
    """The lines around it, its own marked, and the column told by an arrow below."""
    digits = max(len(str(number)) for number, _ in finding.context)
    for number, text in finding.context:
        here = number == finding.line or (
            finding.line is not None and finding.end_line is not None and finding.line <= number <= finding.end_line
        )
        mark = glyphs.mark if here else " "
        tone = Tone.BRIGHT if here else Tone.DIM
        yield crop((Span(f"{mark}{number:>{digits}}  ", Tone.BROKEN if here else Tone.FAINT), Span(text, tone)), room)
        if number == finding.line and finding.column is not None and digits + 2 + finding.column < room:
            yield (Span(" " * (digits + 2 + finding.column)), Span("^", bold(Tone.BROKEN)))


def nothing_lines(result: CheckResult) -> tuple[Line, ...]:
    """What stands where there is no finding."""
    report = result.report
    if report.total is not None:
        skipped = f", {report.skipped} skipped" if report.skipped else ""
        passed = report.passed if report.passed is not None else "?"
        return ((Span(f"{passed} of {report.total} passed{skipped}.", Tone.DIM),),)
    return ((Span("No findings." if result.state.met else "No findings were told; the log may say more.", Tone.DIM),),)
