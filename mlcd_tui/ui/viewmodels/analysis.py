"""Analysis runs as text: metrics with their limits, verdicts, measurements and charts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from mlcd_tui.domain.analysis import AnalysisRun, Measurement, Metric
from mlcd_tui.ui.viewmodels import times
from mlcd_tui.ui.viewmodels.chart import chart
from mlcd_tui.ui.viewmodels.glyphs import ASCII, Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, Span, apart, crop, wrap
from mlcd_tui.ui.viewmodels.tones import Tone, bold

_CHART_LINES = 5
_MOST_MEASUREMENTS = 12
_LABEL = 11
_BLANK: Line = ()

_TONES = {
    "Successful": Tone.STABLE,
    "Failed": Tone.BROKEN,
    "Error": Tone.BROKEN,
    "Inconclusive": Tone.WAITS,
    "Running": Tone.MOVING,
}
_KINDS = {
    "Background": "background analysis",
    "PrePromotion": "analysis before the switch",
    "PostPromotion": "analysis after the switch",
}


def tone_of(phase: str) -> Tone:
    """The tone of a phase of a run, metric or measurement."""
    return _TONES.get(phase, Tone.DIM)


def glyph_of(phase: str, glyphs: Glyphs) -> str:
    """The sign of a phase of a run, metric or measurement."""
    match phase:
        case "Successful":
            return glyphs.passed
        case "Failed" | "Error":
            return glyphs.failed
        case "Inconclusive":
            return glyphs.unknown
        case _:
            return glyphs.progressing


def run_tone(run: AnalysisRun) -> Tone:
    """The tone of a run."""
    return tone_of(run.phase)


def run_glyph(run: AnalysisRun, glyphs: Glyphs) -> str:
    """The sign of a run."""
    return glyph_of(run.phase, glyphs)


def run_word(run: AnalysisRun) -> str:
    """The phase of a run in lower case; what the controller has not seen yet is pending."""
    word = str(run.phase or "Pending").lower()
    return f"{word}, being stopped" if run.terminate and run.running else word


def run_title(run: AnalysisRun) -> str:
    """What a run is for: `background analysis`, `analysis of step 2`."""
    if run.kind == "Step" and run.step_index is not None:
        return f"analysis of step {run.step_index + 1}"
    return _KINDS.get(run.kind, "analysis")


def run_short(run: AnalysisRun) -> str:
    """What a run is for, where there is little room."""
    if run.kind == "Step" and run.step_index is not None:
        return f"step {run.step_index + 1} analysis"
    return {"Background": "background analysis", "PrePromotion": "pre-analysis", "PostPromotion": "post-analysis"}.get(
        run.kind, "analysis"
    )


def counts(run: AnalysisRun) -> tuple[int, int]:
    """Good and bad measurements of the metrics that count (dry runs do not)."""
    real = [metric for metric in run.metrics if not metric.dry_run]
    return sum(metric.successful for metric in real), sum(metric.failed + metric.error for metric in real)


def run_row(run: AnalysisRun, now: datetime, room: int, glyphs: Glyphs) -> Line:
    """One line of the list of runs."""
    good, bad = counts(run)
    tone = run_tone(run)
    left = (
        Span(f"{run_glyph(run, glyphs)} ", tone),
        Span(run_title(run), Tone.TEXT),
        Span(f" of revision {run.revision}" if run.revision else "", Tone.DIM),
        Span(f"  {run_word(run)}", tone),
    )
    right = (
        Span(f"{good} {glyphs.passed} ", Tone.STABLE if good else Tone.FAINT),
        Span(f"{bad} {glyphs.failed}", Tone.BROKEN if bad else Tone.FAINT),
        Span(f"{times.since(run.started, now):>6}", Tone.DIM, _times(run)),
    )
    return apart(left, right, room)


def _times(run: AnalysisRun) -> str:
    """When it began and ended, in full."""
    moments = (("began", run.started), ("ended", run.completed))
    return "\n".join(f"{word} {times.full(moment)}" for word, moment in moments if moment is not None)


def run_lines(run: AnalysisRun, now: datetime, room: int, glyphs: Glyphs, *, stop_key: str = "t") -> tuple[Line, ...]:
    """Everything about one run."""
    tone = run_tone(run)
    since = (
        f"since {times.absolute(run.started, now)} ({times.since(run.started, now)})" if run.started else "not started"
    )
    if run.completed is not None and run.started is not None:
        took = times.span((run.completed - run.started).total_seconds())
        since = f"took {took}, ended {times.absolute(run.completed, now)}"
    lines: list[Line] = [
        *wrap(
            (
                Span(f"{run_glyph(run, glyphs)} {run_word(run).capitalize()}", bold(tone)),
                Span(f"  {run_title(run)} {glyphs.dot} {since}", Tone.TEXT, _times(run)),
            ),
            room,
        ),
        (Span(run.name, Tone.DIM),),
    ]
    if run.message:
        lines.extend(wrap((Span(run.message, Tone.BROKEN if tone is Tone.BROKEN else Tone.TEXT),), room))
    if run.running and not run.terminate:
        lines.append((Span(f"{stop_key} stops this run.", Tone.DIM),))
    if not run.metrics:
        lines.extend((_BLANK, (Span("It has no metrics yet.", Tone.DIM),)))
    for metric in run.metrics:
        lines.append(_BLANK)
        lines.extend(_metric(metric, now, room, glyphs))
    if run.jobs:
        lines.extend((_BLANK, *_labelled("Jobs", ", ".join(run.jobs), room)))
    return tuple(lines)


def _metric(metric: Metric, now: datetime, room: int, glyphs: Glyphs) -> Iterator[Line]:
    tone = tone_of(metric.phase)
    yield crop(
        (
            Span(f"{glyph_of(metric.phase, glyphs)} ", tone),
            Span(metric.name, bold(Tone.TEXT)),
            Span(f"  {str(metric.phase or 'Pending').lower()}", tone),
            Span("  dry run, does not count" if metric.dry_run else "", Tone.WAITS),
        ),
        room,
    )
    if metric.verdict:
        yield from wrap((Span("  "), Span(metric.verdict, Tone.TEXT)), room, 2)
    if metric.message and metric.message not in metric.verdict:
        yield from wrap((Span("  "), Span(metric.message, tone if tone is Tone.BROKEN else Tone.DIM)), room, 2)
    yield from _labelled("Limits", _limits(metric, glyphs), room)
    if metric.success_condition:
        yield from _labelled("Good when", metric.success_condition, room)
    if metric.failure_condition:
        yield from _labelled("Bad when", metric.failure_condition, room)
    if metric.query:
        yield from _labelled(str(metric.provider or "query").capitalize(), str(metric.query), room)
    numbers = [m.number for m in metric.measurements if m.number is not None]
    if len(numbers) > 1:
        drawn = chart(
            numbers,
            width=min(room - 2, 100),
            height=_CHART_LINES,
            threshold=metric.threshold,
            ascii_only=glyphs is ASCII,
        )
        yield from ((Span("  "), *line) for line in drawn)
        if metric.threshold is not None and drawn:
            dash = "-" if glyphs is ASCII else "┄"
            yield (Span(f"  {dash * 3} limit {metric.threshold:g}", Tone.BROKEN),)
    yield from _measurements(metric.measurements, now, room, glyphs)


def _limits(metric: Metric, glyphs: Glyphs) -> str:
    dot = f" {glyphs.dot} "
    parts = [
        f"{metric.count} of {metric.count_limit} measured" if metric.count_limit else f"{metric.count} measured",
        f"failed {metric.failed} of {metric.failure_limit} allowed"
        if metric.failure_limit >= 0
        else f"failed {metric.failed}, no limit",
    ]
    if metric.inconclusive or metric.inconclusive_limit:
        parts.append(f"inconclusive {metric.inconclusive} of {metric.inconclusive_limit} allowed")
    if metric.error:
        parts.append(f"errors {metric.error}, at most {metric.error_limit} in a row")
    if metric.interval:
        parts.append(f"every {metric.interval}")
    return dot.join(parts)


def _labelled(label: str, text: str, room: int) -> tuple[Line, ...]:
    return wrap((Span(f"  {label:<{_LABEL}}", Tone.DIM), Span(text, Tone.DIM)), room, _LABEL + 2)


def _measurements(all_of_them: Sequence[Measurement], now: datetime, room: int, glyphs: Glyphs) -> Iterator[Line]:
    shown = all_of_them[-_MOST_MEASUREMENTS:]
    if len(shown) < len(all_of_them):
        yield (Span(f"  {len(all_of_them) - len(shown)} older measurements are not shown", Tone.DIM),)
    for one in reversed(shown):
        moment = one.finished or one.started
        clock = moment.astimezone().strftime("%H:%M:%S") if moment else "–"
        yield crop(
            (
                Span(f"  {clock:<9}", Tone.DIM, times.full(moment)),
                Span(f"{glyph_of(one.phase, glyphs)} ", tone_of(one.phase)),
                Span(f"{one.value or 'no value'}", Tone.TEXT),
                Span(f"  {str(one.phase).lower()}", tone_of(one.phase)),
                Span(f"  {one.message}" if one.message else "", Tone.DIM),
                Span(f"  {times.since(moment, now)}" if moment and not one.message else "", Tone.DIM),
            ),
            room,
        )
