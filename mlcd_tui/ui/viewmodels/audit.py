"""Lines of the audit log as a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mlcd_tui.domain.ports import AuditEntry
from mlcd_tui.ui.viewmodels.spans import Line, Span, cells, fit, width, wrap
from mlcd_tui.ui.viewmodels.times import absolute, full, since
from mlcd_tui.ui.viewmodels.tones import Tone, bold

_STAGES = {
    "intended": Tone.DIM,
    "done": Tone.STABLE,
    "sent": Tone.WAITS,
    "conflict": Tone.WAITS,
    "refused": Tone.WAITS,
    "failed": Tone.BROKEN,
}
_BESIDE = 36
"""Cells that a sentence needs to stand beside the rest of its entry."""
_BELOW = 4


def matching(entries: Sequence[AuditEntry], text: str) -> tuple[AuditEntry, ...]:
    """Entries that contain every word."""
    words = text.lower().split()
    return tuple(entry for entry in entries if all(word in _haystack(entry) for word in words))


def _haystack(entry: AuditEntry) -> str:
    parts = (entry.user, entry.context, entry.rollout, entry.verb, entry.stage, entry.told, entry.reason)
    return " ".join(parts).lower()


def audit_lines(entries: Sequence[AuditEntry], now: datetime, room: int) -> tuple[Line, ...]:
    """Entry for entry: when, who, what became of what, and why."""
    who = min(max((cells(entry.user) for entry in entries), default=0), 22)
    what = min(max((cells(entry.rollout) for entry in entries), default=0), 32)
    when = max((len(absolute(entry.at, now)) for entry in entries), default=0)
    return tuple(line for entry in entries for line in _lines(entry, now, (who, what, when), room))


def _lines(entry: AuditEntry, now: datetime, widths: tuple[int, int, int], room: int) -> tuple[Line, ...]:
    """One entry; its sentence stands below where there is little room beside."""
    who, what, when = widths
    stage = _STAGES.get(entry.stage, Tone.TEXT)
    line: list[Span] = [
        Span(f"{absolute(entry.at, now):>{when}}", Tone.TEXT, full(entry.at)),
        Span(f"  {since(entry.at, now):>4}  ", Tone.DIM),
        Span(f"{entry.stage:<9}", bold(stage) if stage is not Tone.DIM else stage),
    ]
    if room >= 90:
        line.append(Span(f" {_column(entry.user, who)}", Tone.DIM))
    line.append(Span(f" {_column(entry.rollout, what)}", Tone.BRIGHT))
    line.append(Span(f"  {entry.verb:<13} ", Tone.NEW))
    told = (
        Span(entry.told, Tone.WAITS if entry.unfinished else Tone.TEXT),
        Span(f"  “{entry.reason}”" if entry.reason else "", Tone.DIM),
    )
    indent = width(tuple(line))
    if room - indent >= _BESIDE:
        return wrap((*line, *told), room, indent)
    return (tuple(line), *wrap((Span(" " * _BELOW), *told), room, _BELOW))


def _column(text: str, room: int) -> str:
    shown = fit(text, room)
    return shown + " " * (room - cells(shown))
