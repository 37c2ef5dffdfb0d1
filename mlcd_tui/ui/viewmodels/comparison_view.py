"""A shadow comparison as text: the verdict first, then what it is made of, then the worst pairs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from mlcd_tui.domain.comparison.pair import Answer
from mlcd_tui.domain.comparison.report import ComparisonReport, ComparisonVerdict, Example, FieldDrift, Share
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.traffic import TrafficTarget
from mlcd_tui.domain.traffic_ports import ComparisonProgress
from mlcd_tui.ui.viewmodels import times
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, Span, apart, crop, fit, wrap
from mlcd_tui.ui.viewmodels.tones import Tone, bold

_BLANK: Line = ()
_LABEL = 13
_MOST_FIELDS = 12
_MOST_BODY = 40
_MOST_TEXT = 4_000
_VERDICTS = {
    ComparisonVerdict.EQUAL: Tone.STABLE,
    ComparisonVerdict.DIFFERENT: Tone.BROKEN,
    ComparisonVerdict.SLOWER: Tone.BROKEN,
    ComparisonVerdict.BROKEN: Tone.BROKEN,
    ComparisonVerdict.NOT_ENOUGH: Tone.WAITS,
}


def verdict_span(report: ComparisonReport, glyphs: Glyphs) -> Span:
    """The verdict with its sign."""
    tone = _VERDICTS[report.verdict]
    sign = {Tone.STABLE: glyphs.passed, Tone.BROKEN: glyphs.failed}.get(tone, glyphs.unknown)
    return Span(f"{sign} {report.verdict.value}", bold(tone))


def share_text(share: Share) -> str:
    """`0.40 % (0.17 to 0.79), 8 of 2,000`."""
    return (
        f"{share.value * 100:.3g} % ({share.low * 100:.3g} to {share.high * 100:.3g}), "
        f"{share.count:,} of {share.total:,}"
    )


def report_row(report: ComparisonReport, now: datetime, room: int, glyphs: Glyphs, *, present: bool) -> Line:
    """One comparison in the list of a rollout.

    Args:
        report: the comparison.
        now: the time.
        room: columns.
        glyphs: signs.
        present: both its digests are those that run now.
    """
    shown = report.excess or report.mismatch
    left = (verdict_span(report, glyphs), Span(f"  {shown.value * 100:.3g} % of {report.pairs:,} differ", Tone.TEXT))
    stale: Line = () if present else (Span(f"{glyphs.stale} other digests", Tone.WAITS),)
    cut: Line = () if report.complete else (Span("not complete ", Tone.WAITS),)
    age: Line = (Span(f"{times.ago(report.at, now):>6}", Tone.DIM, times.full(report.at)),)
    return apart(left, (*cut, *stale, *age), room)


def report_lines(report: ComparisonReport, now: datetime, room: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """Everything but the examples."""
    return (
        *wrap((verdict_span(report, glyphs), Span(f"  {report.sentence}", Tone.TEXT)), room, 2),
        *_warned(report, room, glyphs),
        _BLANK,
        *_counted(report, room),
        *_latency(report, room, glyphs),
        *_fields(report, room, glyphs),
        _BLANK,
        *_about(report, now, room),
    )


def _warned(report: ComparisonReport, room: int, glyphs: Glyphs) -> Iterator[Line]:
    if not report.complete:
        yield from wrap((Span(f"{glyphs.unknown} It did not run to its end.", Tone.WAITS),), room, 2)
    for warning in report.warnings:
        yield from wrap((Span(f"{glyphs.unknown} {warning}", Tone.WAITS),), room, 2)


def _about(report: ComparisonReport, now: datetime, room: int) -> Iterator[Line]:
    when = f"{times.absolute(report.at, now)} ({times.ago(report.at, now)})" if report.at is not None else "not known"
    for label, text in (
        ("Pairs from", str(report.source) or "not known"),
        ("When", when),
        ("Production", str(report.production_digest) or "digest not known"),
        ("Shadow", str(report.shadow_digest) or "digest not known"),
    ):
        yield from _row(label, (Span(text, Tone.TEXT),), room)


def _counted(report: ComparisonReport, room: int) -> Iterator[Line]:
    yield from _row("Differ", (Span(share_text(report.mismatch), Tone.TEXT),), room)
    noise = "not measured: production was not asked twice"
    if report.noise is not None:
        noise = f"{share_text(report.noise)}, production against itself"
    yield from _row("Noise", (Span(noise, Tone.TEXT if report.noise is not None else Tone.DIM),), room)
    if report.excess is not None and report.noise is not None:
        limit = f"; at most {report.max_mismatch * 100:.3g} % is let pass"
        yield from _row("Beyond noise", (Span(f"{share_text(report.excess)}{limit}", Tone.BRIGHT),), room)
    parts = (
        (report.schema_breaks, "break the schema"),
        (report.status_differs, "differ in status"),
        (report.failed, "failed on the shadow"),
        (report.production_failed, "failed on production"),
        (report.unpaired, "have one side only"),
        (report.duplicates, "ids twice"),
        (report.disagreeing, "ids of different requests"),
        (report.truncated, "cut off"),
        (report.unrecorded, "without a body"),
    )
    told = ", ".join(f"{count:,} {words}" for count, words in parts if count)
    loud = report.schema_breaks or report.failed or report.status_differs
    yield from _row("Besides", (Span(told or "nothing", Tone.BROKEN if loud else Tone.DIM),), room)
    if report.coverage < 1:
        yield from _row(
            "Covered", (Span(f"{report.coverage * 100:.1f} % of what should have been there", Tone.TEXT),), room
        )


def _latency(report: ComparisonReport, room: int, glyphs: Glyphs) -> Iterator[Line]:
    delta = report.latency
    if delta is None:
        yield from _row("Latency", (Span("not recorded", Tone.DIM),), room)
        return
    median = f"{delta.median:+.1f} ms in the middle ({delta.low:+.1f} to {delta.high:+.1f}), {delta.pairs:,} pairs"
    slower = report.latency_limit_ms is not None and delta.low > report.latency_limit_ms
    limit = f"; limit {report.latency_limit_ms:+.1f} ms" if report.latency_limit_ms is not None else ""
    yield from _row("Latency", (Span(f"{median}{limit}", Tone.BROKEN if slower else Tone.TEXT),), room)
    mine = dict(delta.shadow)
    pairs = [
        f"p{quantile * 100:g} {value:.1f} {glyphs.arrow} {mine[quantile]:.1f} ms"
        for quantile, value in delta.production
        if quantile in mine
    ]
    if pairs:
        yield from _row("", (Span(f"  {glyphs.dot} ".join(pairs), Tone.DIM),), room)


def _fields(report: ComparisonReport, room: int, glyphs: Glyphs) -> Iterator[Line]:
    if not report.fields:
        return
    yield _BLANK
    yield crop((Span("Outputs, the one that differs most often first", bold(Tone.DIM)),), room)
    for field in report.fields[:_MOST_FIELDS]:
        yield _field(field, room, glyphs)
    if len(report.fields) > _MOST_FIELDS:
        yield (Span(f"{len(report.fields) - _MOST_FIELDS} more outputs", Tone.DIM),)


def _field(field: FieldDrift, room: int, glyphs: Glyphs) -> Line:
    tone = Tone.BROKEN if field.breaks else Tone.WAITS if field.differs.count else Tone.STABLE
    name = f"{field.path}{f' {field.name}' if field.name else ''}"
    noise = f" {glyphs.dot} noise {field.noise.value * 100:.3g} %" if field.noise is not None else ""
    shift = f" {glyphs.dot} mean {field.mean_shift:+.3g}" if field.mean_shift is not None else ""
    worst = f" {glyphs.dot} worst {field.worst:.3g}" if field.worst is not None else ""
    right = (Span(f"{field.differs.value * 100:.3g} %", tone), Span(f"{noise}{shift}{worst}", Tone.DIM))
    return apart((Span(fit(name, max(room // 2, 12)), Tone.TEXT, name),), right, room)


# Examples -----------------------------------------------------------------------------------------------------------


def example_row(example: Example, room: int) -> Line:
    """One of the worst pairs in the list."""
    return crop((Span(f"{fit(example.pair.id, 24):<26}", Tone.BRIGHT), Span(str(example.why), Tone.TEXT)), room)


def example_lines(example: Example, room: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """One pair in full: what differs, both answers, the request. Header values are never shown."""
    pair = example.pair
    lines: list[Line] = [
        *wrap((Span(str(example.why), bold(Tone.TEXT)),), room),
        _BLANK,
        *_answer("production", pair.production, Tone.STABLE, room),
        *_answer("shadow", pair.shadow, Tone.MIRROR, room),
    ]
    if pair.again is not None:
        lines.extend(_answer("production again", pair.again, Tone.DIM, room))
    if pair.request is not None:
        asked = pair.request
        head = f"{asked.method} {asked.path}, {len(asked.headers)} headers, {len(asked.body):,} bytes"
        lines.extend((_BLANK, crop((Span("request ", Tone.DIM), Span(clean(head), Tone.TEXT)), room)))
        lines.extend(_body(asked.body, room))
    deviations = example.comparison.deviations
    if deviations:
        lines.extend((_BLANK, (Span("What differs, the worst first", bold(Tone.DIM)),)))
        for one in deviations[:_MOST_BODY]:
            told = f"{one.path}  {one.expected} {glyphs.arrow} {one.actual}"
            allowed = f"  {one.allowed:.3g} allowed" if one.allowed is not None else ""
            lines.extend(wrap((Span(told, Tone.TEXT), Span(allowed, Tone.DIM)), room, 2))
    return tuple(lines)


def _answer(who: str, answer: Answer, tone: Tone, room: int) -> Iterator[Line]:
    status = f"{answer.status}" if answer.status else f"no answer: {answer.error}"
    took = f" in {answer.ms:.1f} ms" if answer.ms is not None else ""
    yield from wrap((Span(f"{who}  ", bold(tone)), Span(f"{status}{took}", Tone.TEXT)), room, 2)
    yield from _body(answer.body, room)


def _body(body: Any, room: int) -> Iterator[Line]:
    text = _written(body, room - 2)
    rows = text.splitlines()
    for row in rows[:_MOST_BODY]:
        yield crop((Span("  "), Span(clean(row), Tone.DIM)), room)
    if len(rows) > _MOST_BODY:
        yield (Span(f"  {len(rows) - _MOST_BODY} more lines", Tone.FAINT),)


def _written(body: Any, room: int) -> str:
    """A body for the eye: JSON in one line where it fits, else indented, other text as it is; cut where it is long."""
    if body is None or body == b"":
        return ""
    try:
        decoded = json.loads(body) if isinstance(body, bytes) else body
    except (ValueError, RecursionError):
        return bytes(body[:_MOST_TEXT]).decode("utf-8", "replace")
    try:
        short = json.dumps(decoded, ensure_ascii=False)
        return short if len(short) <= room else json.dumps(decoded, indent=1, ensure_ascii=False)[:_MOST_TEXT]
    except (TypeError, ValueError, RecursionError):
        return str(body)[:_MOST_TEXT]


def _row(label: str, line: Sequence[Span], room: int) -> tuple[Line, ...]:
    return wrap((Span(f"{label:<{_LABEL}}", Tone.DIM), *line), room, _LABEL)


# In the tab ---------------------------------------------------------------------------------------------------------


def runs_now(report: ComparisonReport, targets: Sequence[TrafficTarget]) -> bool:
    """Whether both digests of a comparison are among those that run now."""
    running = {str(digest) for target in targets for digest in target.digests}
    return {str(report.production_digest), str(report.shadow_digest)} <= running


def progress_line(progress: ComparisonProgress, room: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """How far a comparison is, or how it ended."""
    of = f" of {progress.total:,}" if progress.total is not None else ""
    line: list[Span] = [Span(f"{progress.done:,}{of} compared  ", Tone.TEXT)]
    if progress.report is not None:
        line.append(verdict_span(progress.report, glyphs))
        line.append(Span(" so far" if not progress.ended else "", Tone.DIM))
    if progress.problem:
        line.append(Span(f"  {progress.problem}", Tone.WAITS))
    return wrap(tuple(line), room, 2)
