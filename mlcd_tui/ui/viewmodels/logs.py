"""Lines of a log, painted: what went wrong stands out."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mlcd_tui.domain.ports import LogLine
from mlcd_tui.ui.viewmodels.spans import Line, Span
from mlcd_tui.ui.viewmodels.tones import Tone, bold

_BROKEN = re.compile(r"\b(?:error|fatal|critical|panic|exception|traceback)\b", re.IGNORECASE)
_WARNS = re.compile(r"\bwarn(?:ing)?\b", re.IGNORECASE)
_HEAD = 200
"""Characters of a line in which a level may stand."""
SWITCHES = ("follow", "previous", "times", "wrap")
"""What of a log can be turned on and off; each has an action `logs.<name>`."""


def log_line(line: LogLine, *, stamps: bool) -> Line:
    """One line; its time in front where wanted and known."""
    head = line.text[:_HEAD]
    tone = Tone.BROKEN if _BROKEN.search(head) else Tone.WAITS if _WARNS.search(head) else Tone.TEXT
    text = Span(line.text, tone)
    if not stamps:
        return (text,)
    clock = f"{line.at.astimezone():%H:%M:%S.%f}"[:12] if line.at is not None else "–"
    return Span(f"{clock:<12} ", Tone.DIM), text


def caption(
    *, following: bool, previous: bool, stamps: bool, wrapped: bool, kept: int, state: str, keys: Mapping[str, str]
) -> Line:
    """What the log shows, and the keys that change it; what is on is bright."""
    on = dict(zip(SWITCHES, (following, previous, stamps, wrapped), strict=True))
    spans = [
        Span(f"{kept} line{'' if kept == 1 else 's'}", Tone.TEXT),
        Span(f"  {state}" if state else "", Tone.WAITS),
        Span("   "),
    ]
    for name in SWITCHES:
        tone = Tone.TEXT if on[name] else Tone.DIM
        spans += [Span(f"{keys[name]} ", bold(Tone.WAITS)), Span(f"{name} {'on' if on[name] else 'off'}   ", tone)]
    return tuple(spans)
