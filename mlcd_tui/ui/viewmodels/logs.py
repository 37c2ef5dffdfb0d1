"""Lines of a log, painted: what went wrong stands out."""

from __future__ import annotations

import re

from mlcd_tui.domain.ports import LogLine
from mlcd_tui.ui.viewmodels.spans import Line, Span
from mlcd_tui.ui.viewmodels.tones import Tone

_BROKEN = re.compile(r"\b(?:error|fatal|critical|panic|exception|traceback)\b", re.IGNORECASE)
_WARNS = re.compile(r"\bwarn(?:ing)?\b", re.IGNORECASE)
_HEAD = 200
"""Characters of a line in which a level may stand."""


def log_line(line: LogLine, *, stamps: bool) -> Line:
    """One line; its time in front where wanted and known."""
    head = line.text[:_HEAD]
    tone = Tone.BROKEN if _BROKEN.search(head) else Tone.WAITS if _WARNS.search(head) else Tone.TEXT
    text = Span(line.text, tone)
    if not stamps:
        return (text,)
    clock = f"{line.at.astimezone():%H:%M:%S.%f}"[:12] if line.at is not None else "–"
    return Span(f"{clock:<12} ", Tone.FAINT), text


def caption(*, following: bool, previous: bool, stamps: bool, wrapped: bool, kept: int, state: str) -> Line:
    """What the log shows, and the keys that change it; what is on is bright."""

    def switch(key: str, word: str, *, on: bool) -> tuple[Span, Span]:
        return Span(f"{key} ", Tone.WAITS), Span(f"{word} {'on' if on else 'off'}  ", Tone.TEXT if on else Tone.FAINT)

    return (
        Span(f"{kept} lines  ", Tone.DIM),
        Span(f"{state}  " if state else "", Tone.WAITS),
        *switch("f", "follow", on=following),
        *switch("p", "previous", on=previous),
        *switch("t", "times", on=stamps),
        *switch("w", "wrap", on=wrapped),
        Span("/ ", Tone.WAITS),
        Span("filter  ", Tone.FAINT),
        Span("o ", Tone.WAITS),
        Span("other container", Tone.FAINT),
    )
