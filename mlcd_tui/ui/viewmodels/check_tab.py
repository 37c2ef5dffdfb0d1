"""The Checks tab of a rollout: what speaks of the image that runs as candidate, and what is new since what serves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mlcd_tui.domain.check_ports import ImageChecks, RolloutChecks
from mlcd_tui.domain.checks import CheckResult, CheckRun, CheckState
from mlcd_tui.ui.viewmodels.check_board import compared
from mlcd_tui.ui.viewmodels.check_result import evidence_lines
from mlcd_tui.ui.viewmodels.check_words import STATE_WIDTH, count_line, digest_of, short_digest, state_span, took
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.package_words import BLANK
from mlcd_tui.ui.viewmodels.spans import Line, Span, apart, crop, fit, pad, width, wrap
from mlcd_tui.ui.viewmodels.tones import Tone, bold

CANDIDATE, SERVING = "candidate", "serving"
_NAME = 18
_LEAST = 12
"""Columns below which a sentence says nothing."""


def shown_side(checks: RolloutChecks) -> tuple[str, ImageChecks | None]:
    """The side that the tab is about: the candidate, or where none is on its way what serves."""
    return (CANDIDATE, checks.candidate) if checks.candidate is not None else (SERVING, checks.serving)


def before(checks: RolloutChecks) -> CheckRun | None:
    """The serving version's run, that the candidate's is held against; None: there is none that counts."""
    side = checks.serving
    if checks.candidate is None or side is None or side.evidence is None:
        return None
    if any(result.state is CheckState.STALE for result in side.results):
        return None
    return side.evidence.run


def check_row(result: CheckResult, old: CheckRun | None, room: int, glyphs: Glyphs, wide: int = _NAME) -> Line:
    """One check of the image that runs; `wide` columns for its name."""
    told = compared(result, old)
    head = (
        *pad((state_span(result.state, glyphs),), STATE_WIDTH),
        Span("  "),
        *pad((Span(fit(result.name, wide), Tone.BRIGHT, result.name),), wide),
        Span("  "),
    )
    tail: Line = (
        Span(f"  {told}" if told else "", Tone.WAITS),
        Span("" if result.required else "  advisory", Tone.DIM),
    )
    tail = (*tail, Span(f"  {took(result.seconds)}" if result.seconds and room >= 70 else "", Tone.DIM))
    sentence = str(result.sentence)
    rest = room - width(head) - width(tail) - 1
    shown = Span(fit(sentence, rest) if rest >= _LEAST else "", Tone.TEXT, sentence)
    return apart((*head, shown), tail, room)


def tab_head(checks: RolloutChecks, now: datetime, room: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """Both images: how many checks are met on the very digest that runs."""
    lines: list[Line] = []
    for name, side in ((CANDIDATE, checks.candidate), (SERVING, checks.serving)):
        if side is not None:
            lines.extend(_side(name, side, room, glyphs))
    name, side = shown_side(checks)
    if side is not None and side.evidence is not None:
        # what is stale stands first: where there is little room, the rest is below the fold
        lines.extend((BLANK, *_stale(side, room, glyphs), *evidence_lines(side.evidence, now, room, glyphs)))
    return tuple(lines)


def _side(name: str, side: ImageChecks, room: int, glyphs: Glyphs) -> Iterator[Line]:
    tone = Tone.NEW if name == CANDIDATE else Tone.STABLE
    digest = (Span(f"  {short_digest(side.digest) or 'digest not known'}", Tone.DIM, side.digest),)
    count: Line = (
        count_line(side.results, glyphs)
        if side.results
        else (Span(f"{glyphs.unknown} none recorded", bold(Tone.WAITS)),)
    )
    yield crop((Span(f"{name:<10}", tone), *count, *digest), room)
    if side.problem:
        yield from wrap((Span(f"{'':<10}"), Span(side.problem, Tone.WAITS)), room, 10)


def _stale(side: ImageChecks, room: int, glyphs: Glyphs) -> Iterator[Line]:
    """Both digests, one under the other, so that they can be compared."""
    stale = [result for result in side.results if result.state is CheckState.STALE]
    if not stale or side.evidence is None:
        return
    ran_on = digest_of(side.evidence.run.image)
    if side.digest and side.digest not in side.evidence.run.image.digests:
        for label, digest, tone in (
            ("running", side.digest, Tone.BRIGHT),
            ("checked", ran_on or "unknown", Tone.WAITS),
        ):
            yield (Span(f"  {label}  ", Tone.DIM), Span(_middle_out(digest, room - 11), tone, digest))
    yield from wrap((Span(f"{glyphs.stale} stale: {stale[0].reason}.", bold(Tone.WAITS)),), room, 2)


def _middle_out(digest: str, room: int) -> str:
    """A digest in full, or its two ends where there is no room for it."""
    if len(digest) <= room:
        return digest
    half = max((room - 1) // 2, 4)
    return f"{digest[:half]}…{digest[-half:]}"


def nothing_lines(checks: RolloutChecks, run_key: str, room: int) -> tuple[Line, ...]:
    """What stands where nothing speaks of the image."""
    name, side = shown_side(checks)
    if side is None:
        return wrap((Span("No image of this rollout has a known digest yet.", Tone.DIM),), room)
    text = f"No checks are recorded for the image of the {'new version' if name == CANDIDATE else 'serving version'}."
    lines = list(wrap((Span(text, Tone.TEXT),), room))
    lines.extend(wrap((Span(run_key, bold(Tone.WAITS)), Span(" runs a plan's checks on it.", Tone.DIM)), room))
    return tuple(lines)
