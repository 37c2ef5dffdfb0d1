"""Checks of a run side by side: columns where there is room, rows where there is little."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from mlcd_tui.domain.checks import CheckResult, CheckRun, CheckState, Finding, new_and_fixed
from mlcd_tui.ui.viewmodels.check_live import LiveRun
from mlcd_tui.ui.viewmodels.check_words import STATE_WIDTH, state_span, took
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, Span, crop, fit, fit_tail, pad, width, wrap
from mlcd_tui.ui.viewmodels.tones import Tone, bold

_LEAST = 20
"""Columns that one check needs to stand beside others."""
_GAP = 2
_MOST_SENTENCE = 3
_MOST_TOLD = 6
"""Lines of one check, where checks stand one under the other."""
_TAIL = 200
"""Lines of a log that are looked at: more do not fit on any screen."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One check as the board shows it."""

    name: str
    state: CheckState
    sentence: str = ""
    seconds: float | None = None
    required: bool = True
    notes: tuple[str, ...] = ()
    """Such as how many findings are new."""
    lines: tuple[str, ...] = ()
    """Last lines of its log, or its findings: as many as there is room for, from the end or the beginning."""
    tail: bool = True
    """Whether the end of `lines` matters most."""


def live_cells(live: LiveRun, now: datetime) -> tuple[Cell, ...]:
    """The checks of a run that goes on."""
    cells = []
    for check in live.checks.values():
        called_off = check.name in live.called_off and not check.state.ended
        notes = ("being called off",) if called_off else ()
        lines = tuple(check.lines)[-_TAIL:] if check.lines else ()
        result = check.result
        if result is not None and result.report.findings:
            cells.append(_of(result, result.seconds, notes))
            continue
        cells.append(
            Cell(
                check.name,
                check.state,
                result.sentence if result is not None else "",
                check.seconds(now),
                result.required if result is not None else True,
                notes,
                lines,
            )
        )
    return tuple(cells)


def run_cells(run: CheckRun, before: CheckRun | None = None) -> tuple[Cell, ...]:
    """The checks of a run that has ended; `before` is what the serving version's run found."""
    return tuple(result_cells(run.results, before))


def result_cells(results: Sequence[CheckResult], before: CheckRun | None = None) -> Iterator[Cell]:
    """Results, each with what is new and what is fixed since `before`."""
    for result in results:
        told = compared(result, before)
        yield _of(result, result.seconds, (told,) if told else ())


def compared(result: CheckResult, before: CheckRun | None) -> str:
    """`2 new, 1 fixed`; empty: nothing to compare with, or nothing differs."""
    old = before.result(result.name) if before is not None else None
    if old is None:
        return ""
    new, fixed = new_and_fixed(old, result)
    return ", ".join(filter(None, (f"{len(new)} new" if new else "", f"{fixed} fixed" if fixed else "")))


def _of(result: CheckResult, seconds: float, notes: tuple[str, ...]) -> Cell:
    findings = tuple(f"{where(one).rpartition('/')[2]} {one.message}".strip() for one in result.report.findings[:_TAIL])
    sentence = result.reason or result.sentence
    return Cell(result.name, result.state, sentence, seconds, result.required, notes, findings, tail=False)


def where(finding: Finding) -> str:
    """`src/app.py:12`; empty: the finding has no place."""
    line = f":{finding.line}" if finding.line is not None else ""
    return f"{finding.file}{line}" if finding.file else ""


def side_by_side(count: int, room: int) -> bool:
    """Whether so many checks stand beside each other in `room` columns."""
    return count > 0 and (room + _GAP) // count >= _LEAST + _GAP


def column_width(count: int, room: int) -> int:
    """Columns that each check has, the gap behind it included."""
    return (room + _GAP) // max(count, 1)


def board_lines(cells: Sequence[Cell], chosen: int, room: int, high: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """All checks, within `high` lines where they stand side by side."""
    if not cells:
        return ()
    if not side_by_side(len(cells), room):
        return _rows(cells, chosen, room, high, glyphs)
    wide = column_width(len(cells), room)
    columns = [_column(cell, place == chosen, wide - _GAP, high, glyphs) for place, cell in enumerate(cells)]
    tall = max(len(column) for column in columns)
    filled = [[*column, *([()] * (tall - len(column)))] for column in columns]
    return tuple(_joined(row, wide) for row in zip(*filled, strict=True))


def _joined(parts: Sequence[Line], wide: int) -> Line:
    spans: list[Span] = []
    for part in parts[:-1]:
        spans.extend(pad(part, wide))
    return (*spans, *parts[-1])


def _mark(cell: Cell, glyphs: Glyphs, *, here: bool) -> Line:
    name = Span(cell.name, Tone.BRIGHT if here else bold(Tone.TEXT))
    return Span(f"{glyphs.mark} " if here else "  ", Tone.NEW), name


def _after(cell: Cell) -> Line:
    """How long, and that it is only advice."""
    seconds = f"  {took(cell.seconds)}" if cell.seconds is not None else ""
    return Span(seconds, Tone.DIM), Span("" if cell.required else "  advisory", Tone.DIM)


def _column(cell: Cell, here: bool, room: int, high: int, glyphs: Glyphs) -> list[Line]:  # noqa: FBT001 - whether the cursor is on it
    inner = max(room - 2, 1)
    lines: list[Line] = [crop(_mark(cell, glyphs, here=here), room)]
    lines.append(crop((Span("  "), state_span(cell.state, glyphs), *_after(cell)), room))
    lines.extend(crop((Span(f"  {note}", Tone.WAITS),), room) for note in cell.notes)
    if cell.sentence:
        told = wrap((Span(cell.sentence, Tone.TEXT),), inner, 0, _MOST_SENTENCE)
        lines.extend(crop((Span("  "), *line), room) for line in told)
    left = high - len(lines) - 1
    if left > 0 and cell.lines:
        lines.append(())
        shown = cell.lines[-left:] if cell.tail else cell.lines[:left]
        cut = fit_tail if cell.tail else fit  # the lines of a log begin alike; what they end in tells them apart
        lines.extend((Span("  "), Span(cut(line, inner), Tone.DIM, line)) for line in shown)
    return lines


def _rows(cells: Sequence[Cell], chosen: int, room: int, high: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """One under the other; what height is left goes to those that have something to tell."""
    heads = [tuple(_row(cell, place == chosen, room, glyphs)) for place, cell in enumerate(cells)]
    telling = [bool(cell.lines) and (cell.state is CheckState.RUNNING or not cell.tail) for cell in cells]
    left = high - sum(map(len, heads))
    each = min(max(left // max(sum(telling), 1), 1), _MOST_TOLD)
    lines: list[Line] = []
    for cell, head, tells in zip(cells, heads, telling, strict=True):
        lines.extend(head)
        shown = () if not tells else cell.lines[-each:] if cell.tail else cell.lines[:each]
        lines.extend((Span("    "), Span(fit(text, max(room - 4, 1)), Tone.DIM, text)) for text in shown)
    return tuple(lines)


def _row(cell: Cell, here: bool, room: int, glyphs: Glyphs) -> Iterator[Line]:  # noqa: FBT001 - whether the cursor is on it
    head = (*_mark(cell, glyphs, here=here), Span("  "))
    state = pad((state_span(cell.state, glyphs),), STATE_WIDTH)
    notes = tuple(Span(f"  {note}", Tone.WAITS) for note in cell.notes)
    line = (*pad(head, 16), *state, *_after(cell), *notes)
    rest = room - width(line) - 2
    told = Span(f"  {fit(cell.sentence, rest)}" if rest > 8 and cell.sentence else "", Tone.TEXT, cell.sentence)
    yield crop((*line, told), room)
    if cell.sentence and rest <= 8:
        yield crop((Span("    "), Span(cell.sentence, Tone.TEXT, cell.sentence)), room)


def progress_line(live: LiveRun, now: datetime, room: int, glyphs: Glyphs) -> Line:
    """What runs, how far it is, and how long already."""
    ended = sum(check.state.ended for check in live.checks.values())
    of = len(live.checks)
    seconds = (now - live.started).total_seconds()
    state = "ended" if live.over else f"{ended} of {of} ended" if of else "beginning"
    mark = glyphs.dot if live.over else glyphs.progressing
    tail = (Span(f"  {mark} {state}", Tone.MOVING if not live.over else Tone.DIM), Span(f"  {took(seconds)}", Tone.DIM))
    left = max(room - width(tail), 10)
    plan = fit_tail(PurePath(live.plan).name, 40)
    image = fit_tail(live.image, max(left - len(plan) - 2, left // 2))
    return crop((Span(image, Tone.BRIGHT), Span(f"  {plan}", Tone.DIM, live.plan), *tail), room)
