"""Signs that stand beside words, in a set for today's terminals and one of plain ASCII."""

from __future__ import annotations

from dataclasses import dataclass

from mlcd_tui.domain.rollout import Phase, StepState


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One sign per meaning; each is one cell wide."""

    healthy: str = "✔"
    progressing: str = "◌"
    paused: str = "Ⅱ"
    degraded: str = "✖"
    unknown: str = "?"
    passed: str = "✔"
    failed: str = "✘"
    done: str = "●"
    current: str = "◉"
    todo: str = "○"
    broken_step: str = "✖"
    skipped: str = "◦"
    bar_full: str = "━"
    bar_half: str = "╾"
    bar_empty: str = "─"
    bar_asked: str = "╌"
    """Asked for, while nobody knows how much of it is real."""
    way_done: str = "━"
    """Between steps that are done; between the others it is as an empty bar."""
    star: str = "★"
    crumb: str = "›"
    dot: str = "·"
    ellipsis: str = "…"
    up: str = "▲"
    down: str = "▼"
    opened: str = "▾"
    closed: str = "▸"
    enter: str = "↵"
    space: str = "␣"
    live: str = "●"
    stale: str = "◌"
    restarts: str = "↻"
    mark: str = "▌"
    arrow: str = "→"
    dash: str = "–"
    cursor: str = " "


UNICODE = Glyphs()
ASCII = Glyphs(
    healthy="+",
    progressing="~",
    paused="=",
    degraded="x",
    passed="+",
    failed="x",
    done="#",
    current="@",
    todo=".",
    broken_step="x",
    skipped="-",
    bar_full="#",
    bar_half="#",
    bar_empty="-",
    bar_asked="=",
    way_done="=",
    star="*",
    crumb=">",
    dot="-",
    ellipsis="~",
    up="^",
    down="v",
    opened="v",
    closed=">",
    enter="enter",
    space="space",
    live="*",
    stale="~",
    restarts="x",
    mark="|",
    arrow="->",
    dash="-",
    cursor=">",
)

_PHASES = {
    Phase.HEALTHY: "healthy",
    Phase.PROGRESSING: "progressing",
    Phase.PAUSED: "paused",
    Phase.DEGRADED: "degraded",
    Phase.UNKNOWN: "unknown",
}
_STEPS = {
    StepState.DONE: "done",
    StepState.CURRENT: "current",
    StepState.TODO: "todo",
    StepState.FAILED: "broken_step",
    StepState.SKIPPED: "skipped",
}


def phase_glyph(phase: Phase, glyphs: Glyphs) -> str:
    """The sign of a phase."""
    sign: str = getattr(glyphs, _PHASES[phase])
    return sign


def step_glyph(state: StepState, glyphs: Glyphs) -> str:
    """The sign of a step's state."""
    sign: str = getattr(glyphs, _STEPS[state])
    return sign


def bar(share: float, width: int, glyphs: Glyphs, *, asked: bool = False) -> tuple[str, str]:
    """A bar of `width` cells, filled and unfilled part; any share above 0 shows, only a whole one fills it.

    Both parts differ in their signs, for who sees no colours. What is merely `asked` for is a hollow bar.
    """
    share = min(max(share, 0.0), 1.0)
    halves = round(share * width * 2)
    if 0 < share < 1:
        halves = min(max(halves, 1), width * 2 - 1)
    if asked:
        cells = (halves + 1) // 2
        return glyphs.bar_asked * cells, glyphs.bar_empty * (width - cells)
    full = glyphs.bar_full * (halves // 2) + (glyphs.bar_half if halves % 2 else "")
    return full, glyphs.bar_empty * (width - len(full))
