"""What cells of the fleet say of a new version beside its row: whether its schema fits, how its checks stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlcd_tui.domain.rollout import Rollout
from mlcd_tui.ui.viewmodels.fleet_view import View
from mlcd_tui.ui.viewmodels.spans import Line, Span
from mlcd_tui.ui.viewmodels.tones import Tone, bold

if TYPE_CHECKING:  # value classes that the first picture does without
    from mlcd_tui.domain.check_note import CheckNote
    from mlcd_tui.domain.package_ports import SchemaNote

_LEAST_NAME = 4
"""Cells in which a name that is cut still says something, its blank included."""


def cut(text: str, width: int, view: View) -> str:
    """A text within a width, with the sign of what is left out."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + view.glyphs.ellipsis


_SCHEMAS = {
    "breaking": ("failed", bold(Tone.BROKEN)),
    "unknown": ("unknown", str(Tone.DIM)),
    "compatible": ("passed", str(Tone.STABLE)),
}
"""Sign and tone of each verdict, worst first."""


def schema_cell(row: Rollout, view: View, width: int) -> Line:
    """Whether callers still fit; blank where nothing is on its way."""
    if not row.in_flight:
        return ()
    note = view.schemas.get(row.ref)
    if note is None:
        return (Span(view.glyphs.ellipsis, Tone.FAINT),)
    sign, tone = _SCHEMAS[note.verdict.value]
    word = f"{getattr(view.glyphs, sign)} {note.verdict.value}"
    return (Span(word if len(word) <= width else note.verdict.value, tone),)


def schema_key(row: Rollout, note: SchemaNote | None) -> int:
    """Breaking first, then unknown; where nothing is on its way, last."""
    if not row.in_flight:
        return len(_SCHEMAS) + 1
    return list(_SCHEMAS).index(note.verdict.value) if note is not None else len(_SCHEMAS)


_CHECKS = {
    "failed": ("failed", bold(Tone.BROKEN)),
    "missing": ("unknown", str(Tone.WAITS)),
    "stale": ("stale", str(Tone.WAITS)),
    "none": ("", str(Tone.DIM)),
    "unknown": ("unknown", str(Tone.DIM)),
    "passed": ("passed", str(Tone.STABLE)),
}
"""Sign and tone of each word on checks, worst first."""


def checks_cell(row: Rollout, view: View, width: int) -> Line:
    """How many of the required checks are met, and which are not; blank where nothing is on its way."""
    if not row.in_flight:
        return ()
    note = view.checks.get(row.ref)
    if note is None:
        return (Span(view.glyphs.ellipsis, Tone.FAINT),)
    word = note.word.value
    sign, tone = _CHECKS[word]
    shown = getattr(view.glyphs, sign) if sign else ""
    if note.of and (note.met or word in {"failed", "missing"}):
        count = f"{note.met}/{note.of} {shown}"
        return Span(count, tone), Span(_wrong(note, width - len(count), view), tone)
    told = f"{shown} {word}".strip()
    return (Span(told if len(told) <= width else word, tone),)


def _wrong(note: CheckNote, room: int, view: View) -> str:
    """As many names of what is not met as there is room for, the worst first."""
    names = [*note.wrong]
    for shown in range(len(names), 0, -1):
        more = f" +{len(names) - shown}" if shown < len(names) else ""
        text = f" {', '.join(names[:shown])}{more}"
        if len(text) <= room:
            return text
    return cut(f" {names[0]}", room, view) if names and room >= _LEAST_NAME else ""


def checks_key(row: Rollout, note: CheckNote | None) -> tuple[int, int]:
    """What failed first, of those the worst; where nothing is on its way, last."""
    if not row.in_flight:
        return len(_CHECKS) + 1, 0
    return (list(_CHECKS).index(note.word.value), note.met - note.of) if note is not None else (len(_CHECKS), 0)
