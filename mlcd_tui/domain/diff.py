"""Line diff of two texts, bounded in time."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from mlcd_tui.domain.text import Clean

_MOST_LINES = 4_000  # difflib is quadratic at worst; a pod template has some hundred lines


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line: sign is ' ' (same), '-' (before only), '+' (after only) or '@' (lines left out)."""

    sign: str
    text: Clean


def diff_lines(before: Sequence[Clean], after: Sequence[Clean], *, context: int = 3) -> tuple[DiffLine, ...]:
    """Unified diff with `context` lines around each change; empty when both are equal."""
    before, after = before[:_MOST_LINES], after[:_MOST_LINES]
    lines = difflib.unified_diff(before, after, n=context, lineterm="")
    return tuple(DiffLine("@" if line.startswith("@@") else line[:1], Clean(line[1:])) for line in list(lines)[2:])
