"""The list of runs: which image, how it ended, when and by which plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mlcd_tui.domain.checks import CheckRun, short
from mlcd_tui.domain.rollout import Role, Rollout
from mlcd_tui.domain.text import Clean
from mlcd_tui.ui.viewmodels.check_live import LiveRun
from mlcd_tui.ui.viewmodels.check_words import age_span, count_line, digest_of, short_digest, took
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, Span, crop, fit_tail, pad, width
from mlcd_tui.ui.viewmodels.tones import Tone, bold

_LEAST_IMAGE = 20
_COUNT = 24
_AGE = 10
_DIGEST = 18
_NEWEST = frozenset({Role.CANARY, Role.PREVIEW, Role.NEW})


def wanted(runs: Sequence[CheckRun], text: str) -> tuple[CheckRun, ...]:
    """The runs that have every word of a filter: in image, digest, check, state or author."""
    words = text.casefold().split()
    return tuple(run for run in runs if all(word in _haystack(run) for word in words)) if words else tuple(runs)


def image_to_check(row: Rollout) -> str:
    """The image of the version on its way, else of what serves; by its digest where that is known."""
    uses = [use for use in row.images if not use.init]
    new = [use for use in uses if _NEWEST & set(use.roles)]
    use = next(iter(new or uses), None)
    if use is None:
        return ""
    digest = use.digest.rpartition("@")[2]
    if not digest.startswith("sha256:") or "@" in use.image:
        return use.image
    name = use.image
    if ":" in name.rpartition("/")[2]:
        name = Clean(name.rpartition(":")[0])
    return f"{name}@{digest}"


def _haystack(run: CheckRun) -> str:
    image = run.image
    checks = " ".join(f"{result.name} {result.state.value}" for result in run.results)
    return " ".join((image.ref, *image.digests, run.by, run.plan_digest, checks)).casefold()


def run_row(run: CheckRun, now: datetime, room: int, glyphs: Glyphs) -> Line:
    """One kept run."""
    when = run.finished or run.started
    seconds = (run.finished - run.started).total_seconds() if run.finished is not None else None
    count = pad(crop(count_line(run.results, glyphs), _COUNT), _COUNT)
    tail: tuple[Span, ...] = (*count, Span("  "), *pad((age_span(when, now),), _AGE))
    if room >= 100:
        digest = digest_of(run.image)
        tail = (*pad((Span(short_digest(digest), Tone.DIM, digest),), _DIGEST), Span("  "), *tail)
        tail = (*tail, Span(f"{took(seconds) if seconds is not None else '':>8}", Tone.DIM))
    if room >= 130 and run.by:
        tail = (*tail, Span(f"  {run.by}", Tone.DIM))
    return _row(run.image.ref, tail, room)


def live_row(live: LiveRun, now: datetime, room: int, glyphs: Glyphs) -> Line:
    """The run that goes on, or has just ended without being kept."""
    ended = sum(check.state.ended for check in live.checks.values())
    if live.over:
        word = Span(f"{glyphs.failed} not done", bold(Tone.BROKEN))
    else:
        word = Span(f"{glyphs.progressing} running {ended}/{len(live.checks)}", bold(Tone.MOVING))
    seconds = Span(took((now - live.started).total_seconds()), Tone.DIM)
    return _row(live.image, (*pad((word,), _COUNT), Span("  "), seconds), room)


def _row(image: str, tail: Line, room: int) -> Line:
    left = max(room - width(tail) - 2, min(_LEAST_IMAGE, room))
    return crop((*pad((Span(fit_tail(image, left), Tone.BRIGHT, image),), left), Span("  "), *tail), room)


def count_of_runs(shown: int, total: int, state: str, glyphs: Glyphs) -> Line:
    """How many runs there are."""
    count = f"{shown} of {total}" if shown != total else str(total)
    line = (Span(count, bold(Tone.BRIGHT)), Span(f" run{'' if total == 1 else 's'} kept here", Tone.DIM))
    return (*line, Span(f"   {glyphs.progressing} {state}", Tone.MOVING)) if state else line


def no_runs(total: int, text: str, run_key: str) -> tuple[Line, ...]:
    """What stands where there is no run."""
    if total:
        return (
            (Span(f"None of {total} runs matches “{text.strip()}”.", Tone.TEXT),),
            (Span("esc clears the filter.", Tone.DIM),),
        )
    return (
        (Span("No checks have run on this machine.", Tone.TEXT),),
        (Span(run_key, bold(Tone.WAITS)), Span(" runs a plan's checks on an image.", Tone.DIM)),
    )


def under_line(run: CheckRun, now: datetime, glyphs: Glyphs) -> Line:
    """What stands above the checks of a kept run: image, digest, plan, age, engine."""
    digest = digest_of(run.image)
    parts = (
        Span(run.image.ref, Tone.BRIGHT),
        Span(f"  {short_digest(digest)}" if digest else "  no digest", Tone.DIM, digest),
        Span(f" {glyphs.dot} plan {short(run.plan_digest)}", Tone.DIM, run.plan_digest),
        Span(f" {glyphs.dot} ", Tone.DIM),
        age_span(run.finished or run.started, now),
        Span(f" {glyphs.dot} {run.engine}" if run.engine else "", Tone.DIM),
        Span(f" {glyphs.dot} by {run.by}" if run.by else "", Tone.DIM),
    )
    return tuple(span for span in parts if span.text)
