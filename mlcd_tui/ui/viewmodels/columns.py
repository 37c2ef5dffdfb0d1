"""The columns of the fleet: what each shows, how it sorts, and which of them fit a width."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mlcd_tui.domain.fleet import attention_key
from mlcd_tui.domain.rollout import Rollout, StepState, Strategy, WaitFor
from mlcd_tui.ui.viewmodels.fleet_notes import checks_cell, checks_key, cut, schema_cell, schema_key
from mlcd_tui.ui.viewmodels.fleet_view import View
from mlcd_tui.ui.viewmodels.glyphs import bar, phase_glyph, step_glyph
from mlcd_tui.ui.viewmodels.spans import Line, Span, cells, plain
from mlcd_tui.ui.viewmodels.times import absolute, ago, left, waited
from mlcd_tui.ui.viewmodels.tones import Tone, bold, phase_tone, phase_word, step_tone, waiting_tone

if TYPE_CHECKING:  # thirty value classes that the first picture does without
    from mlcd_tui.domain.check_note import CheckNote
    from mlcd_tui.domain.package_ports import SchemaNote

_BAR = 12
_VERSION = 9
"""Cells for the name of a version beside a bar; a longer one is cut."""
_DOTS = 10  # more steps than these are told in numbers


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    id: str
    title: str
    cell: Callable[[Rollout, View, int], Line]
    """The cell for a width; whatever is longer is cut."""
    key: Callable[[Rollout], Any]
    """Ascending order is the one that puts first what is looked for."""
    width: int
    """The least that makes sense."""
    good: int
    """What it should have before columns of a higher rank are shown."""
    most: int
    """The most that it can use."""
    rank: int
    """Columns of a low rank stay when the screen is narrow."""
    wide: bool = False
    """Only shown when more columns are asked for."""
    ticks: bool = False
    """Its text changes with time alone."""


def _service(row: Rollout, view: View, width: int) -> Line:
    name, namespace = row.ref.name, row.ref.namespace
    if view.namespaced:
        return (Span(cut(name, width, view), Tone.BRIGHT),)
    room = width - len(name) - 1
    if room < 2:
        return (Span(cut(name, width, view), Tone.BRIGHT),)
    return Span(f"{cut(namespace, room, view)}/", Tone.DIM), Span(name, Tone.BRIGHT)


_STRATEGIES = {Strategy.BLUE_GREEN: "blue/green"}


def strategy_word(strategy: Strategy) -> str:
    """A strategy as people write it."""
    return _STRATEGIES.get(strategy, strategy.value)


def _strategy(row: Rollout, view: View, width: int) -> Line:
    del view, width
    return (Span(strategy_word(row.strategy), Tone.DIM),)


def _phase(row: Rollout, view: View, width: int) -> Line:
    del width
    tone = phase_tone(row)
    return (Span(f"{phase_glyph(row.phase, view.glyphs)} {phase_word(row)}", _loud(tone)),)


def _loud(tone: Tone) -> str:
    return bold(tone) if tone in {Tone.BROKEN, Tone.WAITS} else tone


def _steps(row: Rollout, view: View, width: int) -> Line:
    if row.mirror is not None:
        return (Span("mirror", Tone.MIRROR),)
    if row.strategy is Strategy.BLUE_GREEN:
        return (Span("switch", Tone.MIRROR),) if row.in_flight else ()
    if not row.in_flight or row.step is None or not row.steps:
        return ()
    count = f"{min(row.step.index, row.step.count)}/{row.step.count}"
    if len(row.steps) > min(_DOTS, width):
        present = next((state for state in row.steps if state is StepState.CURRENT), StepState.TODO)
        return Span(f"{step_glyph(present, view.glyphs)} ", step_tone(present, row)), Span(count, Tone.DIM)
    return tuple(Span(step_glyph(state, view.glyphs), step_tone(state, row)) for state in row.steps)


def _traffic(row: Rollout, view: View, width: int) -> Line:
    if not row.in_flight or row.weight is None:
        return _resting(row)
    share, words, asked = _share(row)
    words_width = 5 if row.mirror is None else len(words)
    # Bars of one column are of one length, so that they can be compared; words of a mirror are longer and take some.
    length = min(_BAR, max(width - words_width - _VERSION - 2, 4))
    full, empty = bar(share, length, view.glyphs, asked=asked)
    drawn = Span(full, Tone.NEW), Span(empty, Tone.FAINT)
    if asked and row.mirror is None:
        return _asked(row, words, drawn, view, width)
    tone = Tone.MIRROR if row.mirror is not None else Tone.TEXT
    room = width - words_width - length - 2
    if room < len(row.version) and row.mirror is not None:
        return Span(words, tone), Span(f" {cut(row.version, max(width - words_width - 1, 4), view)}", Tone.NEW)
    version = Span(f" {cut(row.version, max(room, 4), view)}", Tone.NEW)
    return *drawn, Span(f" {words:>{words_width}}", tone), version


def _resting(row: Rollout) -> Line:
    """Who serves, where no share is on its way."""
    if row.in_flight:
        return Span("moving to", Tone.DIM), Span(f" {row.version}", Tone.NEW)
    if row.stable_version:
        return Span("stable ", Tone.DIM), Span(row.stable_version, Tone.TEXT)
    return () if row.revision else (Span("never ran", Tone.DIM),)


def _asked(row: Rollout, words: str, drawn: Line, view: View, width: int) -> Line:
    """What is merely asked for is never shown as what is: in words first, then the bar, then the version."""
    told = Span(words, Tone.DIM)
    length = sum(len(span.text) for span in drawn)
    with_bar = length + 1 + len(words) <= width
    line = (*drawn, Span(" "), told) if with_bar else (told,)
    room = width - sum(len(span.text) for span in line) - 1
    return (*line, Span(f" {cut(row.version, room, view)}", Tone.NEW)) if room > 1 and row.version else line


def _share(row: Rollout) -> tuple[float, str, bool]:
    """The share of the new version, its words, and whether it is only asked for: nobody knows what is real."""
    weight = row.weight
    if weight is None:
        return 0.0, "", False
    asked = weight.actual is None
    shown = weight.set if asked else weight.actual
    share = (shown or 0) / max(weight.maximum, 1)
    if row.mirror is not None:
        return share, f"copy {row.mirror} %", asked
    if shown is None:
        return share, "? %", False
    return share, f"{round(share * 100)} %{' asked' if asked else ''}", asked


def _waiting(row: Rollout, view: View, width: int) -> Line:
    waiting = row.waiting
    if waiting.what is WaitFor.NOTHING:
        return (Span(view.glyphs.dash, Tone.FAINT),) if row.in_flight else ()
    tone = waiting_tone(row)
    if waiting.what is WaitFor.TIMER and waiting.until is not None:
        return (Span(left(waiting.until, view.now), tone),)
    words = "you" if waiting.what is WaitFor.PERSON else waiting.sentence or waiting.what.value
    time = waited(waiting, view.now)
    tail = f" {view.glyphs.dot} {time}" if time else ""
    if len(words) + len(tail) > width:  # what it waits for says more than since when
        return (Span(cut(words, width, view), tone),)
    return Span(words, tone), Span(tail, tone if tone is Tone.WAITS else Tone.DIM)


def _replicas(row: Rollout, view: View, width: int) -> Line:
    del view, width
    replicas = row.replicas
    short = replicas.ready < replicas.desired
    return (Span(f"{replicas.ready}/{replicas.desired}", Tone.WAITS if short else Tone.DIM),)


def _updated(row: Rollout, view: View, width: int) -> Line:
    del view, width
    return (Span(str(row.replicas.updated), Tone.DIM),)


def _image(row: Rollout, view: View, width: int) -> Line:
    image = row.images[0].image if row.images else ""
    if len(image) > width:  # the end names the version, so the beginning goes
        image = view.glyphs.ellipsis + image[len(image) - width + 1 :]
    return (Span(image, Tone.DIM),)


def _age(row: Rollout, view: View, width: int) -> Line:
    del width
    return (Span(ago(row.created, view.now), Tone.DIM),)


def _engine(row: Rollout, view: View, width: int) -> Line:
    del width
    return (Span(dict(view.engines).get(row.ref.engine, row.ref.engine), Tone.DIM),)


def _message(row: Rollout, view: View, width: int) -> Line:
    return (Span(cut(row.message, width, view), Tone.DIM),)


def _version_key(row: Rollout) -> tuple[Any, ...]:
    """Most real traffic first; behind it those of whom only is known what was asked for."""
    moving = row.in_flight and row.weight is not None
    share, _, asked = _share(row)
    return (not moving, asked, -share, row.version)


def _waiting_key(row: Rollout) -> tuple[Any, ...]:
    order = (WaitFor.PERSON, WaitFor.REPAIR, WaitFor.ANALYSIS, WaitFor.EXPERIMENT, WaitFor.TIMER)
    what = row.waiting.what
    since = row.waiting.until or row.waiting.since
    rank = order.index(what) if what in order else len(order) + (what is WaitFor.NOTHING)
    return rank, since.timestamp() if since else 0.0


SCHEMA, CHECKS = "schema", "checks"
"""The columns that are not told by the row alone."""
COLUMNS: tuple[Column, ...] = (
    Column("service", "Service", _service, lambda r: (r.ref.namespace, r.ref.name), 14, 20, 44, 0),
    Column("strategy", "Strategy", _strategy, lambda r: strategy_word(r.strategy), 10, 10, 10, 7),
    Column("phase", "Phase", _phase, attention_key, 13, 13, 13, 1),
    Column("steps", "Steps", _steps, lambda r: (not r.in_flight, -(r.step.index if r.step else 0)), 10, 10, 10, 6),
    Column("traffic", "Traffic to new", _traffic, _version_key, 15, 17, 27, 3),
    Column(CHECKS, "Checks", checks_cell, lambda r: checks_key(r, None), 7, 7, 14, 4),
    Column(SCHEMA, "Schema", schema_cell, lambda r: schema_key(r, None), 10, 10, 12, 5),
    Column("waiting", "Waiting for", _waiting, _waiting_key, 12, 15, 34, 2, ticks=True),
    Column("replicas", "Ready", _replicas, lambda r: r.replicas.ready - r.replicas.desired, 7, 7, 7, 8, wide=True),
    Column("updated", "New", _updated, lambda r: -r.replicas.updated, 4, 4, 4, 10, wide=True),
    Column(
        "age", "Age", _age, lambda r: -(r.created.timestamp() if r.created else 0.0), 5, 5, 5, 9, wide=True, ticks=True
    ),
    Column("engine", "Engine", _engine, lambda r: r.ref.engine, 13, 13, 13, 11, wide=True),
    Column("image", "Image", _image, lambda r: r.images[0].image if r.images else "", 16, 24, 44, 12, wide=True),
    Column("message", "Message", _message, lambda r: r.message, 12, 24, 200, 13, wide=True),
)
BY_ID = {column.id: column for column in COLUMNS}
GAP = 2
_ESSENTIAL = 4  # ranks below this one are shown as soon as the least of them fits
_GROWING = ("service", "waiting", "traffic", "image", "message")
_COMFORT = {"service": 24, "checks": 11, "traffic": 19, "waiting": 18}
"""What these have before any has more: names of what failed, and reasons of waiting."""
_GROWING_ON = ("checks", "schema", "service", "traffic", "waiting", "image", "message")


@dataclass(frozen=True, slots=True)
class Placed:
    """A column with its place on the screen."""

    column: Column
    x: int
    width: int


def layout(
    width: int, *, wide: bool = False, spare_only: bool = False, service: int = 24, marks: int = 3
) -> tuple[Placed, ...]:
    """Columns that fit `width`, in their order: by rank, each only where those before it have a good width.

    Args:
        width: cells of the table.
        wide: whether columns that are only for wide tables take part.
        spare_only: whether these take only the room that no other column can use.
        service: the longest service name there is.
        marks: cells at the left for the mark of attention and the star.
    """
    room = max(width - marks, 8)
    most = {column.id: column.most for column in COLUMNS} | {"service": min(max(service, 8), BY_ID["service"].most)}
    ranked = sorted((c for c in COLUMNS if wide or not c.wide), key=lambda c: c.rank)
    chosen: dict[str, int] = {}
    for column in ranked:
        if column.rank < _ESSENTIAL:
            wanted = {name: BY_ID[name].width for name in chosen}
        else:
            full = spare_only and column.wide
            wanted = {n: most[n] if full and not BY_ID[n].wide else min(BY_ID[n].good, most[n]) for n in chosen}
        before = sum(wanted.values()) + GAP * len(wanted)
        if chosen and before + column.width > room:
            break
        chosen[column.id] = min(column.width, room)
    spare = room - sum(chosen.values()) - GAP * (len(chosen) - 1)
    good = {name: min(BY_ID[name].good, most[name]) for name in most}
    comfort = {name: min(size, most[name]) for name, size in _COMFORT.items()}
    stages = ((good, _GROWING), (comfort, tuple(_COMFORT)), (most, _GROWING_ON))
    passes = [(limits, name) for limits, order in stages for name in order]
    if spare_only:
        passes.sort(key=lambda one: BY_ID[one[1]].wide)
    for limits, name in passes:
        if name in chosen:
            more = min(max(limits[name] - chosen[name], 0), spare)
            chosen[name] += more
            spare -= more
    placed, x = [], marks
    for column in COLUMNS:
        if column.id in chosen:
            placed.append(Placed(column, x, chosen[column.id]))
            x += chosen[column.id] + GAP
    return tuple(placed)


def hover(row: Rollout, now: datetime, note: SchemaNote | None = None, checks: CheckNote | None = None) -> str:
    """What a row does not have the room to say: the message, the whole image, and times as they are."""
    lines = [str(row.ref)]
    if row.message:
        lines.append(row.message)
    if row.waiting.since is not None:
        lines.append(f"waiting since {absolute(row.waiting.since, now)}")
    if row.waiting.until is not None:
        lines.append(f"until {absolute(row.waiting.until, now)}")
    if note is not None and row.in_flight:
        lines.append(f"schema {note.verdict.value}" + (f": {note.sentence}" if note.sentence else ""))
    if checks is not None and row.in_flight:
        count = f" {checks.met}/{checks.of}" if checks.of else ""
        lines.append(f"checks {checks.word.value}{count}" + (f": {checks.sentence}" if checks.sentence else ""))
    lines += [use.image for use in row.images[:2]]
    if row.created is not None:
        lines.append(f"created {absolute(row.created, now)}")
    return "\n".join(lines)


def as_text(rows: Sequence[Rollout], view: View) -> str:
    """All columns of all rows as aligned plain text."""
    table = [[column.title for column in COLUMNS]]
    table += [[plain(column.cell(row, view, column.most)).strip() for column in COLUMNS] for row in rows]
    widths = [max(cells(line[place]) for line in table) for place in range(len(COLUMNS))]
    lines = (
        "  ".join(text + " " * (room - cells(text)) for text, room in zip(line, widths, strict=True)) for line in table
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)
