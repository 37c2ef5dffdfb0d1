"""Lines of the audit log as a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mlcd_tui.domain.ports import AuditEntry
from mlcd_tui.ui.viewmodels.spans import Line, Span, cells, fit
from mlcd_tui.ui.viewmodels.times import absolute, ago
from mlcd_tui.ui.viewmodels.tones import Tone, bold

_STAGES = {
    "intended": Tone.DIM,
    "done": Tone.STABLE,
    "sent": Tone.WAITS,
    "conflict": Tone.WAITS,
    "refused": Tone.WAITS,
    "failed": Tone.BROKEN,
}


def matching(entries: Sequence[AuditEntry], text: str) -> tuple[AuditEntry, ...]:
    """Entries that contain every word."""
    words = text.lower().split()
    return tuple(entry for entry in entries if all(word in _haystack(entry) for word in words))


def _haystack(entry: AuditEntry) -> str:
    parts = (entry.user, entry.context, entry.rollout, entry.verb, entry.stage, entry.sentence, entry.reason)
    return " ".join(parts).lower()


def audit_lines(entries: Sequence[AuditEntry], now: datetime, room: int) -> tuple[Line, ...]:
    """One line per entry: when, who, what became of what, and why."""
    who = min(max((cells(entry.user) for entry in entries), default=0), 22)
    what = min(max((cells(entry.rollout) for entry in entries), default=0), 32)
    return tuple(_line(entry, now, who, what, room) for entry in entries)


def _line(entry: AuditEntry, now: datetime, who: int, what: int, room: int) -> Line:
    stage = _STAGES.get(entry.stage, Tone.TEXT)
    line: list[Span] = [
        Span(f"{absolute(entry.at, now):>12}", Tone.TEXT),
        Span(f"  {ago(entry.at, now):>4}  ", Tone.FAINT),
        Span(f"{entry.stage:<9}", bold(stage) if stage is not Tone.DIM else stage),
    ]
    if room >= 90:
        line.append(Span(f" {_column(entry.user, who)}", Tone.DIM))
    line.append(Span(f" {_column(entry.rollout, what)}", Tone.BRIGHT))
    line.append(Span(f"  {entry.verb:<13} ", Tone.NEW))
    line.append(Span(entry.sentence, Tone.TEXT))
    if entry.reason:
        line.append(Span(f"  “{entry.reason}”", Tone.DIM))
    return tuple(line)


def _column(text: str, room: int) -> str:
    shown = fit(text, room)
    return shown + " " * (room - cells(shown))
