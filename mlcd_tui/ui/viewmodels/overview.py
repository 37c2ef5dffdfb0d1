"""The first tab of an opened rollout: where it stands, what it waits for, what runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest
from typing import TypeAlias

from mlcd_tui.domain.fleet import Freshness, Link
from mlcd_tui.domain.package_ports import SchemaNote
from mlcd_tui.domain.rollout import (
    Condition,
    ImageUse,
    Phase,
    Revision,
    Role,
    Rollout,
    RolloutDetail,
    ServiceLink,
    Strategy,
    WaitFor,
)
from mlcd_tui.domain.text import Clean
from mlcd_tui.ui.viewmodels import times
from mlcd_tui.ui.viewmodels.glyphs import Glyphs, bar, phase_glyph
from mlcd_tui.ui.viewmodels.history import event_lines, telling
from mlcd_tui.ui.viewmodels.package_words import verdict_span
from mlcd_tui.ui.viewmodels.spans import Line, Span, fit, pad, width, wrap
from mlcd_tui.ui.viewmodels.timeline import timeline
from mlcd_tui.ui.viewmodels.tones import Tone, bold, phase_tone, phase_word
from mlcd_tui.ui.viewmodels.tree import role_tone, side_name

Groups: TypeAlias = tuple[tuple[Line, ...], ...]
_BLANK: Line = ()
_MOST_EVENTS = 4
_MOST_LINES = 4
"""Lines of one value; whoever wants to read a book finds it in YAML, describe and events."""
_MOST_BAR = 40
_ROOMY = 100
_TWO_COLUMNS = 120
_GUTTER = 4
_BAD_WHEN_TRUE = {"InvalidSpec", "ReplicaFailure"}
_BAD_WHEN_FALSE = {"Available", "Progressing"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the rows of a tab share."""

    now: datetime
    room: int
    glyphs: Glyphs
    label: int = 12
    """Columns of the labels at the left."""

    def row(self, label: str, *value: Span) -> tuple[Line, ...]:
        """A dim label and its value, wrapped under itself."""
        head = f"{fit(label, self.label - 1):<{self.label}}"
        return wrap((Span(head, Tone.DIM), *value), self.room, self.label, _MOST_LINES)


def overview(
    detail: RolloutDetail, now: datetime, room: int, glyphs: Glyphs, note: SchemaNote | None = None
) -> tuple[Line, ...]:
    """All lines of the tab for `room` columns; `note` is the word on the schema of what is on its way."""
    rollout = detail.rollout
    longest = max((len(label) for label in _labels(detail)), default=0)
    label = min(max(longest + 2, 12), 20 if room < _ROOMY else room // 5)
    lines: list[Line] = [*phase_lines(rollout, now, room, glyphs)]
    if steps := timeline(detail.steps, room, glyphs, rollout):
        lines.extend((_BLANK, *steps))
    if note is not None and rollout.in_flight:
        told = verdict_span(note.verdict, glyphs), Span(f"  {note.sentence}" if note.sentence else "", Tone.DIM)
        lines.extend((_BLANK, *Sheet(now, room, glyphs).row("Schema", *told)))
    if room < _TWO_COLUMNS:
        sheet = Sheet(now, room, glyphs, label if room >= _ROOMY else 12)
        groups = (*_present(detail, sheet), *_around(detail, replace(sheet, label=label)))
        return (*lines, *_spaced(groups))
    half = room * 4 // 7
    left = _spaced(_present(detail, Sheet(now, half, glyphs)))
    right = _spaced(_around(detail, Sheet(now, room - half - _GUTTER, glyphs, label)))
    pairs = zip_longest(left, right, fillvalue=_BLANK)
    return (*lines, *((*pad(one, half + _GUTTER), *other) if other else one for one, other in pairs))


def _present(detail: RolloutDetail, sheet: Sheet) -> Groups:
    """What serves now."""
    return (
        (*_weights(detail.rollout, sheet), *_replicas(detail, sheet)),
        tuple(line for revision in detail.revisions for line in _images(revision, sheet, side_name(revision, detail))),
        tuple(line for service in detail.services for line in _service(service, sheet)),
    )


def _around(detail: RolloutDetail, sheet: Sheet) -> Groups:
    """What the cluster tells about it."""
    hidden = "events" in detail.hidden
    latest = telling(detail.events, detail.rollout.ref.name, _MOST_EVENTS)
    events = event_lines(latest, sheet.now, sheet.room, 3, hidden=hidden)
    return (
        ((Span("Latest events", Tone.DIM),), *events),
        tuple(line for condition in detail.conditions for line in _condition(condition, sheet)),
        tuple(line for label, value in detail.facts for line in sheet.row(label, Span(value, Tone.TEXT))),
    )


def _spaced(groups: Groups) -> tuple[Line, ...]:
    """Groups with a blank line in front of each; those that say nothing take no place."""
    return tuple(line for group in groups if group for line in (_BLANK, *group))


def freshness_line(freshness: Freshness, now: datetime, *, loaded: bool, gone: bool) -> Line:
    """One sentence where the picture is not live; nothing where it is."""
    reason = f": {freshness.reason}" if freshness.reason else "."
    if gone:
        return (Span("This rollout no longer exists. What you see is the last that was known.", bold(Tone.BROKEN)),)
    match freshness.link:
        case Link.LIVE:
            return ()
        case Link.CONNECTING:
            return () if loaded else (Span("Loading…", Tone.DIM),)
        case Link.STALE:
            since = times.absolute(freshness.since, now)
            ago = times.ago(freshness.since, now)
            return (Span(f"Stale since {since} ({ago}), reconnecting{reason}", bold(Tone.WAITS)),)
        case Link.FORBIDDEN:
            return (Span(f"You may not see all of it{reason}", bold(Tone.WAITS)),)
        case Link.ABSENT:
            return (Span(f"The cluster does not have this kind{reason}", bold(Tone.BROKEN)),)
        case Link.DOWN:
            return (Span(f"Not connected{reason}", bold(Tone.BROKEN)),)


def _labels(detail: RolloutDetail) -> Iterator[str]:
    yield from (label for label, _ in detail.facts)
    yield from (condition.type for condition in detail.conditions)


def phase_lines(rollout: Rollout, now: datetime, room: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """The phase and in one sentence why it is so."""
    tone = phase_tone(rollout)
    head = Span(f"{phase_glyph(rollout.phase, glyphs)} {phase_word(rollout).capitalize()}", bold(tone))
    lines = list(wrap((head, Span("  " + sentence(rollout, now), Tone.TEXT)), room))
    if rollout.message and rollout.phase in {Phase.DEGRADED, Phase.UNKNOWN, Phase.PROGRESSING}:
        shown = Tone.BROKEN if rollout.phase is Phase.DEGRADED else Tone.DIM
        lines.extend(wrap((Span(rollout.message, shown),), room, 0, 6))
    return tuple(lines)


def sentence(rollout: Rollout, now: datetime) -> str:
    """Where it stands, what it waits for, since when and for how long."""
    parts: list[str] = []
    step, waiting = rollout.step, rollout.waiting
    if step is not None and step.index < step.count:
        parts.append(f"at step {step.index + 1} of {step.count}")
    if rollout.aborted:
        parts.append("aborted")
    if waiting.what is not WaitFor.NOTHING:
        parts.append(_waits(rollout, now))
    elif rollout.phase is Phase.HEALTHY:
        serving = rollout.version or rollout.stable_version
        parts.append(f"{serving} serves all traffic" if serving else "nothing is on its way")
    if rollout.paused and waiting.what is not WaitFor.PERSON:
        parts.append("paused by a person")
    return ", ".join(parts)


def _waits(rollout: Rollout, now: datetime) -> str:
    waiting = rollout.waiting
    verb = "needs" if waiting.what is WaitFor.REPAIR else "waiting for"
    text = f"{verb} {waiting.sentence}" if waiting.sentence else f"{verb} {waiting.what}"
    if waiting.since is not None:
        text += f" since {times.absolute(waiting.since, now)} ({times.ago(waiting.since, now)})"
    left = times.left(waiting.until, now)
    return f"{text}, {left}" if left else text


def _weights(rollout: Rollout, sheet: Sheet) -> Iterator[Line]:
    weight, dot = rollout.weight, sheet.glyphs.dot
    if weight is not None and (weight.set is not None or weight.actual is not None):
        maximum = weight.maximum or 100
        shown = weight.actual if weight.actual is not None else weight.set or 0
        asked = "not known" if weight.set is None else _share(weight.set, maximum)
        actual = "not known" if weight.actual is None else _share(weight.actual, maximum)
        off = weight.set is not None and weight.actual is not None and weight.set != weight.actual
        verified = {True: f" {dot} verified", False: f" {dot} not verified yet", None: ""}[weight.verified]
        told = (
            Span(f"  {asked} asked", Tone.TEXT),
            Span(f" {dot} {actual} actual", Tone.WAITS if off else Tone.TEXT),
            Span(verified, Tone.DIM),
        )
        extra = [Span(f"  {_share(share, maximum)} to {name}", Tone.TEXT) for name, share in weight.additional]
        widest = max(width(told), *(width((span,)) for span in extra), 0)
        long = max(min(sheet.room - sheet.label - widest, _MOST_BAR), 6)
        hollow = weight.actual is None
        yield from sheet.row("Traffic", *_bar(shown / maximum, long, Tone.NEW, sheet, asked=hollow), *told)
        for span, (_, share) in zip(extra, weight.additional, strict=True):
            yield from sheet.row("Experiment", *_bar(share / maximum, long, Tone.MIRROR, sheet), span)
    if rollout.mirror is not None:
        text = f"{rollout.mirror} % of live traffic is copied to the new version; its answers are dropped"
        yield from sheet.row("Mirror", Span(text, Tone.MIRROR))


def _bar(share: float, long: int, tone: Tone, sheet: Sheet, *, asked: bool = False) -> Line:
    full, empty = bar(share, long, sheet.glyphs, asked=asked)
    return Span(full, tone), Span(empty, Tone.FAINT)


def _share(weight: int, maximum: int) -> str:
    return f"{weight} %" if maximum == 100 else f"{weight} of {maximum}"


def _replicas(detail: RolloutDetail, sheet: Sheet) -> Iterator[Line]:
    count = detail.rollout.replicas
    groups = [group for revision in detail.revisions for group in revision.replica_sets]
    sides = detail.rollout.strategy is Strategy.BLUE_GREEN  # its status counts the ready pods of one side only
    ready = sum(group.ready for group in groups) if groups else count.ready
    available = sum(group.available for group in groups) if groups else count.available
    total = max(count.current, ready)
    late = count.available < count.desired
    wanted = f"{count.desired} wanted{' to serve' if sides else ''}"
    more = [
        f"{available} available" if available != ready else "",
        f"{count.updated} of the new version" if count.updated != count.desired else "",
        wanted if total != count.desired else "",
    ]
    tail = "".join(f" {sheet.glyphs.dot} {part}" for part in more if part)
    told = f"{ready} of {total} ready" if groups or not sides else f"{total} pods {sheet.glyphs.dot} {ready} ready"
    yield from sheet.row("Replicas", Span(told, Tone.WAITS if late else Tone.TEXT), Span(tail, Tone.DIM))


def short_digest(digest: str) -> str:
    """`sha256:ab12…90fe`: enough to compare by eye, both ends."""
    kind, colon, value = digest.partition(":")
    return f"{kind}{colon}{value[:4]}…{value[-4:]}" if len(value) > 12 else digest


def _images(revision: Revision, sheet: Sheet, side: str) -> Iterator[Line]:
    """The images of a revision, with the digests that its pods run."""
    alive = any(group.pods or group.desired for group in revision.replica_sets)
    if not revision.roles and not alive:
        return
    running = running_digests(revision)
    label = f"Image r{revision.number}" if revision.number and not side else "Image"
    many = len({image.container for image in revision.images}) > 1
    seen: set[tuple[str, str]] = set()
    for image in revision.images:
        key = (image.container, image.image)
        if key in seen:
            continue
        seen.add(key)
        words = f"{f'{side} ' if side and label else ''}{f'{image.container} ' if many else ''}"
        name = (Span(words, Tone.DIM),) if words else ()
        all_pods = running.get(key, Counter[Clean]())
        found = Counter({digest: count for digest, count in all_pods.items() if digest})
        total = sum(all_pods.values())
        told = _digests(image, found, total) if alive else (Span("  no pod runs it", Tone.DIM),)
        value = (*name, Span(image.image, role_tone(revision.roles)), *told)
        yield from sheet.row(label, *value)
        if len(found) > 1:
            for digest, count in found.most_common():
                yield from sheet.row("", Span(f"{short_digest(digest)} in {count}/{total} pods", Tone.BROKEN))
            warning = f"{sheet.glyphs.failed} pods of this revision run {len(found)} different images under one name"
            yield from sheet.row("", Span(warning, bold(Tone.BROKEN)))
        label = ""


def running_digests(revision: Revision) -> dict[tuple[str, str], Counter[Clean]]:
    """How many pods run which digest (empty: not known yet), by container and image."""
    running: dict[tuple[str, str], Counter[Clean]] = {}
    for group in revision.replica_sets:
        for pod in group.pods:
            for box in pod.containers:
                running.setdefault((box.name, box.image), Counter())[box.digest] += 1
    return running


def _digests(image: ImageUse, found: Counter[Clean], total: int) -> Line:
    if not found:
        text = f"  {short_digest(image.digest)}" if image.digest else "  digest not known yet"
        return (Span(text, Tone.DIM),)
    if len(found) == 1:
        digest = next(iter(found))
        known = sum(found.values())
        pinned = "  pinned" if digest in image.image else ""
        return (
            Span(f"  {short_digest(digest)}", Tone.DIM),
            Span(pinned, Tone.STABLE),
            Span(f"  same in {known}/{total} pods", Tone.STABLE)
            if known == total
            else Span(f"  known of {known}/{total} pods", Tone.DIM),
        )
    return ()


def _service(service: ServiceLink, sheet: Sheet) -> Iterator[Line]:
    role = str(service.role)
    tone = role_tone([Role(role)]) if role in set(Role) else Tone.DIM
    if not service.found:
        missing = Span(f"{sheet.glyphs.failed} {service.name} does not exist", Tone.BROKEN)
        yield from sheet.row(role.capitalize(), missing)
        return
    where = service.points_to or "nothing"
    yield from sheet.row(
        role.capitalize(), Span(service.name, tone), Span(f" {sheet.glyphs.arrow} ", Tone.FAINT), Span(where, Tone.TEXT)
    )


def _condition(condition: Condition, sheet: Sheet) -> Iterator[Line]:
    true, false = condition.status == "True", condition.status == "False"
    bad = (true and condition.type in _BAD_WHEN_TRUE) or (false and condition.type in _BAD_WHEN_FALSE)
    glyph = sheet.glyphs.failed if bad else sheet.glyphs.passed if true else sheet.glyphs.dot
    word = {"True": "yes", "False": "no"}.get(condition.status, "unknown")
    yield from sheet.row(
        str(condition.type),
        Span(f"{glyph} {word}", Tone.BROKEN if bad else Tone.TEXT if true else Tone.DIM),
        Span(f"  {condition.message or condition.reason}", Tone.DIM),
        Span(
            f"  {times.ago(condition.since, sheet.now)}" if condition.since else "",
            Tone.DIM,
            f"{condition.type}: {times.full(condition.since)}" if condition.since else "",
        ),
    )


def title(rollout: Rollout, engine: str, glyphs: Glyphs) -> Line:
    """Name, strategy and engine, for the head of the tree."""
    strategy = "blue/green" if rollout.strategy is Strategy.BLUE_GREEN else str(rollout.strategy)
    return Span(rollout.ref.name, Tone.BRIGHT), Span(f"  {strategy} {glyphs.dot} {engine}", Tone.DIM)
