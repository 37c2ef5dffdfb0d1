"""The steps of a canary as a line of dots, or as a list where the line would not fit."""

from __future__ import annotations

from collections.abc import Sequence

from mlcd_tui.domain.rollout import Rollout, Step, StepState
from mlcd_tui.ui.viewmodels.glyphs import Glyphs, step_glyph
from mlcd_tui.ui.viewmodels.spans import Line, Span, cells, crop
from mlcd_tui.ui.viewmodels.tones import Tone, bold, step_tone

_GAPS = (3, 2)
_ROUTE = "setHeaderRoute"
_HERE = {StepState.CURRENT, StepState.FAILED}
_WORDS = {
    StepState.DONE: "done",
    StepState.CURRENT: "now",
    StepState.TODO: "",
    StepState.FAILED: "failed",
    StepState.SKIPPED: "skipped",
}


def timeline(steps: Sequence[Step], room: int, glyphs: Glyphs, rollout: Rollout | None = None) -> tuple[Line, ...]:
    """All steps; the present one is bright. Below a horizontal line stand the present step's own fields."""
    if not steps:
        return ()
    for gap in _GAPS:
        slots = [cells(step.caption) + gap for step in steps]
        if sum(slots) - gap <= room:
            return (*_horizontal(steps, slots, gap, rollout, glyphs), *_fields(steps, room))
    return _vertical(steps, room, rollout, glyphs)


def _tone(step: Step, rollout: Rollout | None) -> Tone:
    return Tone.DIM if step.state in {StepState.TODO, StepState.SKIPPED} else step_tone(step.state, rollout)


def _horizontal(
    steps: Sequence[Step], slots: Sequence[int], gap: int, rollout: Rollout | None, glyphs: Glyphs
) -> tuple[Line, Line]:
    captions: list[Span] = []
    dots: list[Span] = []
    for step, slot in zip(steps, slots, strict=True):
        last = step is steps[-1]
        tone = _tone(step, rollout)
        captions.append(Span(step.caption, bold(tone) if step.state in _HERE else tone))
        dots.append(Span(step_glyph(step.state, glyphs), tone))
        if not last:
            captions.append(Span(" " * gap))
            done = step.state is StepState.DONE
            way = glyphs.way_done if done else glyphs.bar_empty
            dots.append(Span(way * (slot - 1), Tone.STABLE if done else Tone.FAINT))
    return tuple(captions), tuple(dots)


def _fields(steps: Sequence[Step], room: int) -> tuple[Line, ...]:
    """What the present step does in full, and which header routes that were set before are still in force."""
    lines = [
        crop((Span(f"{step.caption}: {_details(step)}", Tone.DIM),), room)
        for step in steps
        if step.state is StepState.DONE and step.kind == _ROUTE and step.details and not _replaced(step, steps)
    ]
    here = next((step for step in steps if step.state in _HERE and step.details), None)
    return (*lines, *([crop((Span(_details(here), Tone.DIM),), room)] if here else []))


def _details(step: Step) -> str:
    return " · ".join(f"{label} {value}" for label, value in step.details)


def _replaced(step: Step, steps: Sequence[Step]) -> bool:
    """Whether a later step that was done, or is, sets or removes the same route; the end removes all."""
    reached = [other for other in steps if other.state in {StepState.DONE, *_HERE}]
    name = step.caption.removeprefix("header route ")
    same = (
        other.kind == _ROUTE and other.caption.endswith(f" route {name}")
        for other in reached
        if other.index > step.index
    )
    return all(other.state is StepState.DONE for other in steps) or any(same)


def _vertical(steps: Sequence[Step], room: int, rollout: Rollout | None, glyphs: Glyphs) -> tuple[Line, ...]:
    number = len(str(len(steps)))
    widest = min(max(cells(step.caption) for step in steps), 28)
    lines: list[Line] = []
    for step in steps:
        tone = _tone(step, rollout)
        here = step.state in _HERE
        details = " · ".join(f"{label} {value}" for label, value in step.details)
        word = _WORDS[step.state]
        line = (
            Span(f"{step.index + 1:>{number}} ", Tone.FAINT),
            Span(f"{step_glyph(step.state, glyphs)} ", tone),
            Span(step.caption, bold(tone) if here else tone),
            Span(" " * max(widest - cells(step.caption), 0)),
            Span(f"  {word}" if word else "", tone),
            Span(f"  {details}" if here or room > 100 else "", Tone.DIM),
        )
        lines.append(crop(tuple(span for span in line if span.text), room))
    return tuple(lines)
