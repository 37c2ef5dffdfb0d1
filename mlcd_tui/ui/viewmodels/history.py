"""Revisions with what changed between them, and what people did to a rollout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from mlcd_tui.domain.diff import DiffLine, diff_lines
from mlcd_tui.domain.ports import AuditEntry
from mlcd_tui.domain.rollout import Event, Revision, RolloutDetail
from mlcd_tui.domain.text import Clean
from mlcd_tui.ui.viewmodels import times
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.manifest import template
from mlcd_tui.ui.viewmodels.spans import Line, Span, apart, cells, crop, fit, fit_tail, width, wrap
from mlcd_tui.ui.viewmodels.tones import Tone, bold
from mlcd_tui.ui.viewmodels.tree import role_tone

_ROOMY = 70
_JUST_NOW = 60
_STAGES = {"done": Tone.STABLE, "failed": Tone.BROKEN, "refused": Tone.BROKEN, "conflict": Tone.WAITS}


def revision_row(revision: Revision, now: datetime, room: int) -> Line:
    """One line of the list of revisions."""
    tone = role_tone(revision.roles)
    roles = ", ".join(revision.roles)
    images = "  ".join(image.image for image in revision.images if not image.init)
    head: Line = (
        Span(f"revision {revision.number:<4}", bold(tone) if revision.roles else tone),
        Span(f"{roles:<{15 if room > _ROOMY else 7}} ", tone),
    )
    age = (Span(f" {times.ago(revision.created, now):>5}", Tone.DIM, times.full(revision.created)),)
    rest = max(room - width(head) - 7, 1)
    left = max(rest - cells(images), rest // 2) - 2  # long images give way to the cause, which nobody else tells
    cause = f"  {fit(revision.change_cause, left)}" if revision.change_cause else ""
    return apart((*head, Span(fit_tail(images, rest - cells(cause)), Tone.TEXT), Span(cause, Tone.DIM)), age, room)


def compared(
    revisions: Sequence[Revision], chosen: int, *, with_newest: bool
) -> tuple[Revision | None, Revision | None]:
    """Before and after of the diff of a revision: with the one before it, or with the newest."""
    order = sorted(revisions, key=lambda revision: revision.number)
    after = next((revision for revision in order if revision.number == chosen), None)
    if after is None:
        return None, None
    if with_newest:
        return after, order[-1]
    older = [revision for revision in order if revision.number < chosen]
    return (older[-1] if older else None), after


def diff_of(before: Revision | None, after: Revision | None) -> tuple[Line, ...]:
    """What changed in the pod template, as painted lines with one sentence in front."""
    if after is None:
        return ((Span("There is no such revision any more.", Tone.DIM),),)
    if before is None:
        return ((Span(f"Revision {after.number} is the oldest that the cluster keeps.", Tone.DIM),),)
    if before.number == after.number:
        return ((Span(f"Revision {after.number} is the newest; there is nothing to compare it with.", Tone.DIM),),)
    if before.template is None or after.template is None:
        return ((Span("The pod template of one of the two is not known.", Tone.DIM),),)
    lines = diff_lines(template(before.template), template(after.template))
    title = (
        Span("Pod template ", Tone.DIM),
        Span(f"revision {before.number}", role_tone(before.roles)),
        Span(" to ", Tone.DIM),
        Span(f"revision {after.number}", role_tone(after.roles)),
    )
    if not lines:
        return title, (Span("Both are the same.", Tone.DIM),)
    added = sum(line.sign == "+" for line in lines)
    removed = sum(line.sign == "-" for line in lines)
    return (
        (*title, Span(f"  -{removed} +{added}", Tone.DIM)),
        *map(diff_line, lines),
    )


def diff_line(line: DiffLine) -> Line:
    """One line of a diff: the sign says it, the tone helps."""
    match line.sign:
        case "+":
            return (Span(f"+ {line.text}", Tone.STABLE),)
        case "-":
            return (Span(f"- {line.text}", Tone.BROKEN),)
        case "@":
            return (Span("  ⋯", Tone.FAINT),)
        case _:
            return (Span(f"  {line.text}", Tone.DIM),)


def previous_template(detail: RolloutDetail) -> tuple[Revision | None, Revision | None]:
    """The revision that serves and the newest, or the last two where nothing is on its way."""
    newest = detail.revisions[0] if detail.revisions else None
    if newest is None:
        return None, None
    return compared(detail.revisions, newest.number, with_newest=False)


def audit_lines(entries: Sequence[AuditEntry], now: datetime, room: int, glyphs: Glyphs) -> Iterator[Line]:
    """What people did, newest first."""
    if not entries:
        yield (Span("Nobody has acted on it from here yet.", Tone.DIM),)
    moments = [_moment(entry, now) for entry in entries]
    indent = max(map(len, moments), default=0) + 2
    for entry, moment in zip(entries, moments, strict=True):
        reason = f"  “{entry.reason}”" if entry.reason else ""
        yield from wrap(
            (
                Span(f"{moment:<{indent}}", Tone.DIM, times.full(entry.at)),
                Span(f"{entry.user} ", Tone.TEXT),
                Span(f"{entry.verb} ", Tone.BRIGHT),
                Span(f"{entry.stage}", _STAGES.get(entry.stage, Tone.DIM)),
                Span(f" {glyphs.dot} {entry.told}" if entry.told else "", Tone.WAITS if entry.unfinished else Tone.DIM),
                Span(reason, Tone.TEXT),
            ),
            room,
            indent,
        )


def _moment(entry: AuditEntry, now: datetime) -> str:
    """When it was; of what has just been, how long ago, for that is what is compared."""
    return (
        times.absolute(entry.at, now) if (now - entry.at).total_seconds() >= _JUST_NOW else times.since(entry.at, now)
    )


_ROUTINE = {
    "Scheduled", "SuccessfulCreate", "SuccessfulDelete", "Pulling", "Pulled", "Created", "Started", "Killing",
    "ScalingReplicaSet", "ReplicaSetUpdated", "NewReplicaSetCreated",
}  # fmt: skip
_WINDOW = timedelta(hours=1)


def telling(events: Sequence[Event], name: str, most: int) -> tuple[Event, ...]:
    """The `most` events that say most among the latest: warnings and the rollout's own first, routine of pods last."""
    latest = next((event.last for event in events if event.last is not None), None)
    near = [e for e in events if e.last is None or latest is None or latest - e.last <= _WINDOW]

    def rank(event: Event) -> int:
        if event.reason in _ROUTINE:
            return 2
        own = event.about.rpartition("/")[2] == name
        return 0 if own or event.type not in {"Normal", ""} else 1

    chosen = sorted(near, key=rank)[:most]
    return (*chosen, *[event for event in events if event not in near][: most - len(chosen)])


def event_lines(
    events: Sequence[Event], now: datetime, room: int, most: int = 0, *, hidden: bool = False
) -> Iterator[Line]:
    """Events of the cluster, newest first, each in `most` lines (0: all of it); `hidden`: they may not be listed."""
    if not events and hidden:
        yield (Span("No right to list events.", Tone.WAITS),)
    elif not events:
        yield (Span("The cluster tells of no events.", Tone.DIM),)
    for event in events:
        normal = event.type in {"Normal", ""}
        times_word = f" x{event.count}" if event.count > 1 else ""
        yield from wrap(
            (
                Span(
                    f"{times.since(event.last, now):<6}",
                    Tone.DIM,
                    f"{event.reason}: {times.full(event.last)}" if event.last else "",
                ),
                Span("" if normal else "warning ", Tone.WAITS),
                Span(f"{event.reason}{times_word} ", Tone.TEXT if normal else Tone.WAITS),
                Span(f"{event.message} ", Tone.DIM),
                Span(event.about, Tone.DIM),
            ),
            room,
            6,
            most,
        )


def yaml_lines(lines: Sequence[Clean]) -> tuple[Line, ...]:
    """YAML with its keys dim and its values bright enough to read."""
    return tuple(map(_yaml_line, lines))


def _yaml_line(text: Clean) -> Line:
    head, colon, value = text.partition(":")
    if not colon or (value and not value.startswith(" ")):
        return (Span(text, Tone.TEXT),)
    return Span(head + colon, Tone.NEW if not head.startswith(" ") else Tone.DIM), Span(value, Tone.TEXT)


def cropped(lines: Sequence[Line], room: int) -> tuple[Line, ...]:
    """Each line in at most `room` columns."""
    return tuple(crop(line, room) for line in lines)
