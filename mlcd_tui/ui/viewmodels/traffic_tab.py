"""The Traffic tab: who answers, what is copied, how each version answers, and what that says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from mlcd_tui.domain.intent import Verb
from mlcd_tui.domain.post_switch import RollbackOffer
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.traffic import (
    Judgement,
    Mirror,
    Point,
    Significance,
    TrafficReading,
    TrafficRole,
    TrafficTarget,
    VersionTraffic,
)
from mlcd_tui.ui.viewmodels import times
from mlcd_tui.ui.viewmodels.chart import chart
from mlcd_tui.ui.viewmodels.glyphs import ASCII, Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, Span, crop, fit, pad, wrap
from mlcd_tui.ui.viewmodels.sparkline import sparkline
from mlcd_tui.ui.viewmodels.tones import Tone, bold

_LABEL = 11
_BLANK: Line = ()
_LEAST_COLUMN = 20
_NUMBER = 10
_CHART = 4
_NARROW = 60
_ROLE_TONES = {
    TrafficRole.SERVING: Tone.STABLE,
    TrafficRole.CANDIDATE: Tone.NEW,
    TrafficRole.SHADOW: Tone.MIRROR,
    TrafficRole.IDLE: Tone.DIM,
}
_WITHOUT_LIVE = {TrafficRole.SHADOW: "only copies", TrafficRole.IDLE: "nothing now"}
_ROLE_WORDS = {
    TrafficRole.SERVING: "serves",
    TrafficRole.CANDIDATE: "candidate",
    TrafficRole.SHADOW: "shadow",
    TrafficRole.IDLE: "idle",
}


def traffic_lines(
    detail: RolloutDetail, reading: TrafficReading | None, now: datetime, room: int, glyphs: Glyphs, *, mirror_key: str
) -> tuple[Line, ...]:
    """Everything above the comparisons.

    Args:
        detail: the opened rollout.
        reading: the newest look at its numbers; None: not looked yet.
        now: the time.
        room: columns.
        glyphs: signs.
        mirror_key: the key that starts and stops copying, as it is now; told where that is offered.
    """
    return (
        *_shares(detail, room, glyphs),
        *_copies(detail.mirror, reading, now, room, glyphs, mirror_key if _may_copy(detail) else ""),
        _BLANK,
        *_numbers(reading, now, room, glyphs),
    )


def offer_lines(offer: RollbackOffer, room: int, glyphs: Glyphs, *, back_key: str) -> tuple[Line, ...]:
    """The new version answers worse since it took over, and the key that proposes the way back."""
    told = Span(f"{glyphs.failed} {offer.sentence}", bold(Tone.BROKEN))
    key: Line = (
        (Span(f"  {back_key}", bold(Tone.WAITS)), Span(" proposes the way back", Tone.DIM)) if offer.intent else ()
    )
    return (*wrap((told, *key), room, 2), _BLANK)


# Who gets what ------------------------------------------------------------------------------------------------------


def _shares(detail: RolloutDetail, room: int, glyphs: Glyphs) -> Iterator[Line]:
    weight = detail.rollout.weight
    for target in detail.targets:
        yield crop(_share(target, glyphs), room)
    if not detail.targets:
        yield from _labelled(
            "Answers", (Span("the cluster's objects do not tell which versions get traffic", Tone.DIM),), room
        )
    if weight is not None and None not in (weight.set, weight.actual) and weight.set != weight.actual:
        told = f"{weight.set} % is asked for the new version, {weight.actual} % is what the data plane was given"
        yield from _labelled("", (Span(told, Tone.WAITS),), room)


def _share(target: TrafficTarget, glyphs: Glyphs) -> Line:
    tone = _ROLE_TONES[target.role]
    live = _WITHOUT_LIVE.get(target.role, "a share that is not known")
    if target.role not in _WITHOUT_LIVE and target.share is not None:
        live = f"{_trimmed(target.share)} % of live traffic"
    by = f"  {glyphs.dot} {target.service or target.workload}" if target.service or target.workload else ""
    return (
        Span(f"{_ROLE_WORDS[target.role]:<{_LABEL}}", tone),
        Span(f"{target.version or 'version not known'}", bold(tone)),
        Span(f"  {live}", Tone.TEXT),
        Span(by, Tone.DIM),
    )


def _copies(
    mirror: Mirror | None, reading: TrafficReading | None, now: datetime, room: int, glyphs: Glyphs, key: str
) -> Iterator[Line]:
    if mirror is None:
        yield from _labelled("Copies", (Span("this engine cannot copy live traffic", Tone.DIM),), room)
        return
    if not mirror.on:
        why = f"none: {mirror.why_not}" if not mirror.possible and mirror.why_not else "none"
        hint: Line = (Span(f"  {key}", bold(Tone.WAITS)), Span(" starts copying", Tone.DIM)) if key else ()
        yield from _labelled("Copies", (Span(why, Tone.DIM), *hint), room)
    else:
        yield from _labelled("Copies", _copying(mirror, now, glyphs, key), room)
        yield from _labelled("", _counted(reading, room), room)
    for warning in mirror.warnings:
        yield from _labelled("", (Span(f"{glyphs.unknown} {warning}", Tone.WAITS),), room)


def _may_copy(detail: RolloutDetail) -> bool:
    return any(ability.allowed and ability.verb == Verb.MIRROR for ability in detail.rollout.abilities)


def _copying(mirror: Mirror, now: datetime, glyphs: Glyphs, key: str) -> Line:
    share = "live traffic" if mirror.percent is None else f"{_trimmed(mirror.percent)} % of live traffic"
    parts = [f"{share} to {mirror.to}" if mirror.to else share]
    if mirror.by:
        parts.append(f"by {mirror.by}")
    if mirror.since is not None:
        parts.append(f"since {times.absolute(mirror.since, now)} ({times.ago(mirror.since, now)})")
    confirmed = {True: f" {glyphs.dot} confirmed", False: f" {glyphs.dot} not confirmed yet", None: ""}
    hint: Line = (Span(f"  {key}", bold(Tone.WAITS)), Span(" changes it", Tone.DIM)) if key else ()
    return (
        Span("on  ", bold(Tone.MIRROR)),
        Span(", ".join(parts), Tone.TEXT),
        Span(confirmed[mirror.confirmed], Tone.STABLE if mirror.confirmed else Tone.WAITS),
        *hint,
    )


def _counted(reading: TrafficReading | None, room: int) -> Line:
    unseen = "" if room < _NARROW else "; customers never see a copy's answer"
    if reading is None or reading.copied is None:
        return (Span("customers never see a copy's answer", Tone.DIM),)
    served = sum(one.requests or 0 for one in reading.versions if one.target.role is not TrafficRole.SHADOW)
    of = f" of {served:,} served" if served else ""
    return (Span(f"{reading.copied:,} copied{of} within {times.span(reading.window)}{unseen}", Tone.DIM),)


# Numbers ------------------------------------------------------------------------------------------------------------


def _numbers(reading: TrafficReading | None, now: datetime, room: int, glyphs: Glyphs) -> Iterator[Line]:
    if reading is None:
        yield (Span(f"looking at the live traffic{glyphs.ellipsis}", Tone.DIM),)
        return
    head = f"Live, last {times.span(reading.window)}" if reading.window else "Live"
    tail = f"  {reading.source}" if reading.source else ""
    yield crop((Span(head, bold(Tone.DIM)), Span(tail, Tone.DIM)), room)
    if reading.problem:
        yield from wrap((Span(f"{glyphs.unknown} {reading.problem}", Tone.WAITS),), room, 2)
    if reading.stale and reading.versions:
        told = f"{glyphs.stale} These numbers are of {times.absolute(reading.at, now)} ({times.ago(reading.at, now)})."
        yield from wrap((Span(told, bold(Tone.WAITS)),), room, 2)
    for verdict in reading.verdicts:  # before the numbers that they are made of: this is what one came for
        yield from _verdict(verdict, now, room, glyphs)
    if reading.versions:
        yield from _table(reading.versions, room, glyphs)
        yield from _charts(reading, room, glyphs)


_Series = Callable[[VersionTraffic], Sequence[Point]]
_Say = Callable[[float], str]


def _quantile(wanted: float) -> _Series:
    return lambda one: next((points for quantile, points in one.latency if quantile == wanted), ())


def _rate(value: float) -> str:
    return f"{value:.0f} /s" if value >= 100 else f"{value:.1f} /s" if value >= 1 else f"{value:.2g} /s"


def _percent(value: float) -> str:
    return f"{value * 100:.2g} %" if 0 < value < 0.1 else f"{value * 100:.1f} %"


def _ms(value: float) -> str:
    return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def _bytes(value: float) -> str:
    return f"{value / 2**30:.1f} GiB" if value >= 2**30 else f"{value / 2**20:.0f} MiB"


_ROWS: tuple[tuple[str, _Series, _Say], ...] = (
    ("Requests", lambda one: one.rate, _rate),
    ("Errors", lambda one: one.errors, _percent),
    ("p50", _quantile(0.5), _ms),
    ("p95", _quantile(0.95), _ms),
    ("p99", _quantile(0.99), _ms),
    ("CPU", lambda one: one.cpu, lambda value: f"{value:.2g} cores"),
    ("Memory", lambda one: one.memory, _bytes),
)


def _table(versions: Sequence[VersionTraffic], room: int, glyphs: Glyphs) -> Iterator[Line]:
    wide = max((room - _LABEL) // len(versions), _LEAST_COLUMN)
    heads = [_head(one, wide - 2) for one in versions]
    yield crop((Span(" " * _LABEL), *(span for head in heads for span in pad(head, wide))), room)
    for label, series, say in _ROWS:
        columns = [[point.value for point in series(one)] for one in versions]
        known = [value for column in columns for value in column if value is not None]
        if not known:
            continue
        line: list[Span] = [Span(f"{label:<{_LABEL}}", Tone.DIM)]
        for one, column in zip(versions, columns, strict=True):
            line.extend(pad(_cell(one, column, max(known), say, wide, glyphs), wide))
        yield crop(tuple(line), room)
    counted: list[Span] = [Span(f"{'Counted':<{_LABEL}}", Tone.DIM)]
    for one in versions:
        told = f"{one.requests:,}" if one.requests is not None else glyphs.dash
        failed = f", {one.failed:,} failed" if one.failed else ""
        counted.extend(pad((Span(fit(f"{told}{failed}", wide - 1), Tone.BROKEN if one.failed else Tone.TEXT),), wide))
    yield crop(tuple(counted), room)
    for one in versions:
        if one.problem:
            told = f"{_ROLE_WORDS[one.target.role]} {one.target.version}: {one.problem}"
            yield from wrap((Span(f"{glyphs.unknown} {told}", Tone.WAITS),), room, 2)


def _head(one: VersionTraffic, room: int) -> Line:
    tone = _ROLE_TONES[one.target.role]
    return crop((Span(f"{_ROLE_WORDS[one.target.role]} ", tone), Span(str(one.target.version), bold(tone))), room)


def _cell(
    one: VersionTraffic, column: Sequence[float | None], top: float, say: _Say, wide: int, glyphs: Glyphs
) -> Line:
    """The newest number, and how it went; both versions are drawn on one scale."""
    newest = next((value for value in reversed(column) if value is not None), None)
    number = glyphs.dash if newest is None else say(newest)
    drawn = sparkline(column, wide - _NUMBER - 2, top=top, ascii_only=glyphs is ASCII)
    return Span(f"{number:<{_NUMBER}}", Tone.TEXT), Span(drawn, _ROLE_TONES[one.target.role])


_JUDGEMENTS = {
    Judgement.WORSE: (Tone.BROKEN, "worse"),
    Judgement.NOT_WORSE: (Tone.STABLE, "not worse"),
    Judgement.NOT_ENOUGH: (Tone.WAITS, "not enough data"),
}


def _verdict(verdict: Significance, now: datetime, room: int, glyphs: Glyphs) -> Iterator[Line]:
    tone, word = _JUDGEMENTS[verdict.judgement]
    sign = {Tone.BROKEN: glyphs.failed, Tone.STABLE: glyphs.passed}.get(tone, glyphs.unknown)
    left = times.left(verdict.due, now) if verdict.judgement is Judgement.NOT_ENOUGH else ""
    yield from wrap(
        (
            Span(f"{sign} {verdict.what}: {word}", bold(tone)),
            Span(f"  {verdict.sentence}", Tone.TEXT),
            Span(f"  about {left}" if left and left != "due" else "", Tone.DIM),
        ),
        room,
        2,
    )


def _charts(reading: TrafficReading, room: int, glyphs: Glyphs) -> Iterator[Line]:
    """Errors and slowest answers of each version, one below the other, as far as they are known."""
    for title, series, say in (("error rate", _ROWS[1][1], _percent), ("p99", _ROWS[4][1], _ms)):
        for one in reading.versions:
            values = [point.value for point in series(one) if point.value is not None]
            if len(values) < 3 or not any(values):
                continue
            tone = _ROLE_TONES[one.target.role]
            yield _BLANK
            yield crop(
                (
                    Span(f"{title} ", Tone.DIM),
                    Span(f"{_ROLE_WORDS[one.target.role]} {one.target.version}", tone),
                    Span(f"  now {say(values[-1])}, highest {say(max(values))}", Tone.DIM),
                ),
                room,
            )
            shown = [value * 100 for value in values] if say is _percent else values
            drawn = chart(shown, width=min(room - 2, 100), height=_CHART, ascii_only=glyphs is ASCII)
            yield from ((Span("  "), *line) for line in drawn)


def _labelled(label: str, line: Line, room: int) -> tuple[Line, ...]:
    return wrap((Span(f"{label:<{_LABEL}}", Tone.DIM), *line), room, _LABEL)


def _trimmed(value: float) -> str:
    return f"{value:.4g}"
