"""The Traffic tab: who answers, what is copied, how each version answers, and what that says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mlcd_tui.domain.intent import Verb
from mlcd_tui.domain.post_switch import RollbackOffer
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.traffic import (
    Judgement,
    Mirror,
    Significance,
    TrafficReading,
    TrafficRole,
    TrafficTarget,
)
from mlcd_tui.ui.viewmodels import times
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, Span, crop, wrap
from mlcd_tui.ui.viewmodels.tones import Tone, bold
from mlcd_tui.ui.viewmodels.traffic_numbers import LABEL, ROLE_TONES, ROLE_WORDS, charts, numbers_table

_BLANK: Line = ()
_NARROW = 60
_WITHOUT_LIVE = {TrafficRole.SHADOW: "only copies", TrafficRole.IDLE: "nothing now"}


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
    tone = ROLE_TONES[target.role]
    live = _WITHOUT_LIVE.get(target.role, "a share that is not known")
    if target.role not in _WITHOUT_LIVE and target.share is not None:
        live = f"{_trimmed(target.share)} % of live traffic"
    by = f"  {glyphs.dot} {target.service or target.workload}" if target.service or target.workload else ""
    return (
        Span(f"{ROLE_WORDS[target.role]:<{LABEL}}", tone),
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
    for verdict in (
        *reading.since_switch,
        *reading.verdicts,
    ):  # before the numbers that they are made of: this is what one came for
        yield from _verdict(verdict, now, room, glyphs)
    if reading.versions:
        yield from numbers_table(reading.versions, room, glyphs)
        yield from charts(reading, room, glyphs)


_JUDGEMENTS = {
    Judgement.WORSE: (Tone.BROKEN, "worse"),
    Judgement.NOT_WORSE: (Tone.STABLE, "not worse"),
    Judgement.NOT_ENOUGH: (Tone.WAITS, "not enough data"),
}


def _verdict(verdict: Significance, now: datetime, room: int, glyphs: Glyphs) -> Iterator[Line]:
    tone, word = _JUDGEMENTS[verdict.judgement]
    tone = Tone.WAITS if verdict.caution else tone
    sign = {Tone.BROKEN: glyphs.failed, Tone.STABLE: glyphs.passed}.get(tone, glyphs.unknown)
    left = times.left(verdict.due, now) if verdict.judgement is Judgement.NOT_ENOUGH else ""
    yield from wrap(
        (
            Span(f"{sign} {verdict.what}: {word}", bold(tone)),
            Span(f"  {verdict.caution}:" if verdict.caution else "", bold(Tone.WAITS)),
            Span(f"  {verdict.sentence}", Tone.TEXT),
            Span(f"  about {left}" if left and left != "due" else "", Tone.DIM),
        ),
        room,
        2,
    )


def _labelled(label: str, line: Line, room: int) -> tuple[Line, ...]:
    return wrap((Span(f"{label:<{LABEL}}", Tone.DIM), *line), room, LABEL)


def _trimmed(value: float) -> str:
    return f"{value:.4g}"
