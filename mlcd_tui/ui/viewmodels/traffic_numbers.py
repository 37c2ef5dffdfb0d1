"""How each version answers, as numbers: a table with thin lines, and charts of what decides, on one scale for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from mlcd_tui.domain.traffic import Point, TrafficReading, TrafficRole, VersionTraffic
from mlcd_tui.ui.viewmodels.chart import Series, overlay
from mlcd_tui.ui.viewmodels.glyphs import ASCII, Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, Span, crop, fit, pad, wrap
from mlcd_tui.ui.viewmodels.sparkline import sparkline
from mlcd_tui.ui.viewmodels.tones import Tone, bold

LABEL = 11
"""Columns of the labels at the left of the tab."""
ROLE_TONES = {
    TrafficRole.SERVING: Tone.STABLE,
    TrafficRole.CANDIDATE: Tone.NEW,
    TrafficRole.SHADOW: Tone.MIRROR,
    TrafficRole.IDLE: Tone.DIM,
}
ROLE_WORDS = {
    TrafficRole.SERVING: "serves",
    TrafficRole.CANDIDATE: "candidate",
    TrafficRole.SHADOW: "shadow",
    TrafficRole.IDLE: "idle",
}
_BLANK: Line = ()
_LEAST_COLUMN = 18
_NUMBER = 11
_CHART = 6
_LEAST_POINTS = 3
_WIDEST = 120
_BEHIND = {TrafficRole.CANDIDATE, TrafficRole.SHADOW}
"""Drawn last: what is on trial is never hidden behind what serves."""

_Series = Callable[[VersionTraffic], Sequence[Point]]
_Say = Callable[[float], str]


def _quantile(wanted: float) -> _Series:
    return lambda one: next((points for quantile, points in one.latency if quantile == wanted), ())


def _rate(value: float) -> str:
    return f"{value:.0f} /s" if value >= 100 else f"{value:.1f} /s" if value >= 1 else f"{value:.2g} /s"


def _percent(value: float) -> str:
    return f"{value * 100:.2g} %" if value < 0.1 else f"{value * 100:.1f} %"


def _ms(value: float) -> str:
    return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def _bytes(value: float) -> str:
    return f"{value / 2**30:.1f} GiB" if value >= 2**30 else f"{value / 2**20:.0f} MiB"


def _errors(one: VersionTraffic) -> Sequence[Point]:
    return one.errors


_P99 = _quantile(0.99)
_ROWS: tuple[tuple[str, _Series, _Say], ...] = (
    ("Requests", lambda one: one.rate, _rate),
    ("Errors", _errors, _percent),
    ("p50", _quantile(0.5), _ms),
    ("p95", _quantile(0.95), _ms),
    ("p99", _P99, _ms),
    ("CPU", lambda one: one.cpu, lambda value: f"{value:.2g} cores"),
    ("Memory", lambda one: one.memory, _bytes),
)


def numbers_table(versions: Sequence[VersionTraffic], room: int, glyphs: Glyphs) -> Iterator[Line]:
    """The newest number of each kind and version, and how it went; how much was counted."""
    wide = max((room - LABEL) // len(versions), _LEAST_COLUMN)
    heads = [_head(one, wide - 2) for one in versions]
    yield crop((Span(" " * LABEL), *(span for head in heads for span in pad(head, wide))), room)
    for label, series, say in _ROWS:
        columns = [[point.value for point in series(one)] for one in versions]
        known = [value for column in columns for value in column if value is not None]
        if not known:
            continue
        line: list[Span] = [Span(f"{label:<{LABEL}}", Tone.DIM)]
        for one, column in zip(versions, columns, strict=True):
            line.extend(pad(_cell(one, column, max(known), say, wide, glyphs), wide))
        yield crop(tuple(line), room)
    counted: list[Span] = [Span(f"{'Counted':<{LABEL}}", Tone.DIM)]
    for one in versions:
        told = f"{one.requests:,}" if one.requests is not None else glyphs.dash
        failed = f", {one.failed:,} failed" if one.failed else ""
        counted.extend(pad((Span(fit(f"{told}{failed}", wide - 1), Tone.TEXT),), wide))
    yield crop(tuple(counted), room)
    yield from _resources(versions, room)
    for one in versions:
        if one.problem:
            told = f"{ROLE_WORDS[one.target.role]} {one.target.version}: {one.problem}"
            yield from wrap((Span(f"{glyphs.unknown} {told}", Tone.WAITS),), room, 2)


def _resources(versions: Sequence[VersionTraffic], room: int) -> Iterator[Line]:
    """Where processor and memory come from, or why they are not known: once, where it is the same of all."""
    told = {one.resources: one for one in versions if one.resources}
    for words, one in told.items():
        who = "" if len(told) == 1 else f"{ROLE_WORDS[one.target.role]} {one.target.version}: "
        yield from wrap((Span(f"{'Resources':<{LABEL}}", Tone.DIM), Span(f"{who}{words}", Tone.DIM)), room, LABEL)


def _head(one: VersionTraffic, room: int) -> Line:
    tone = ROLE_TONES[one.target.role]
    return crop((Span(f"{ROLE_WORDS[one.target.role]} ", tone), Span(str(one.target.version), bold(tone))), room)


def _cell(
    one: VersionTraffic, column: Sequence[float | None], top: float, say: _Say, wide: int, glyphs: Glyphs
) -> Line:
    """The newest number, and how it went; both versions are drawn on one scale."""
    newest = next((value for value in reversed(column) if value is not None), None)
    number = glyphs.dash if newest is None else say(newest)
    drawn = sparkline(column, wide - _NUMBER - 2, top=top, ascii_only=glyphs is ASCII)
    return Span(f"{number:<{_NUMBER}}", Tone.TEXT), Span(drawn, ROLE_TONES[one.target.role])


def charts(reading: TrafficReading, room: int, glyphs: Glyphs) -> Iterator[Line]:
    """Errors and slowest answers, all versions on one scale and one time, as far as they are known."""
    for title, series, say in (("error rate", _errors, _percent), ("p99", _P99, _ms)):
        shown = [(one, series(one)) for one in sorted(reading.versions, key=lambda one: one.target.role in _BEHIND)]
        shown = [(one, points) for one, points in shown if len(_known(points)) >= _LEAST_POINTS]
        if not any(value for _, points in shown for value in _known(points)):
            continue
        yield _BLANK
        yield crop((Span(title, bold(Tone.DIM)), *_key(shown, say, room - len(title))), room)
        lines = [
            Series([(point.at, point.value) for point in points], ROLE_TONES[one.target.role]) for one, points in shown
        ]
        yield from overlay(lines, width=min(room, _WIDEST), height=_CHART, say=say, ascii_only=glyphs is ASCII)


def _known(points: Sequence[Point]) -> list[float]:
    return [point.value for point in points if point.value is not None]


def _key(shown: Sequence[tuple[VersionTraffic, Sequence[Point]]], say: _Say, room: int) -> Line:
    """Which line is which, with its last value, and its highest where there is room for it."""
    whole, short = [], []
    for one, points in shown:
        known, tone = _known(points), ROLE_TONES[one.target.role]
        name = Span(f"   {ROLE_WORDS[one.target.role]} ", tone), Span(str(one.target.version), bold(tone))
        now = f"  now {say(known[-1])}"
        short += [*name, Span(now, Tone.DIM)]
        whole += [*name, Span(f"{now}, highest {say(max(known))}", Tone.DIM)]
    return tuple(whole if sum(len(span.text) for span in whole) <= room else short)
