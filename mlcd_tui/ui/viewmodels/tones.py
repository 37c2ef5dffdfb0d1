"""What a colour means. Widgets know how a tone looks; here is only what it says."""

from __future__ import annotations

from enum import StrEnum

from mlcd_tui.domain.fleet import Attention, attention
from mlcd_tui.domain.rollout import Phase, Rollout, StepState, Strategy, WaitFor


class Tone(StrEnum):
    """One meaning each; a tone in a `Span` may be followed by ` bold`."""

    TEXT = "text"
    BRIGHT = "bright"
    """The decision: what must be read first. Always bold."""
    DIM = "dim"
    """Labels and most text."""
    FAINT = "faint"
    """Tracks, rules, what cannot be done now."""
    NEW = "new"
    """The new version and its traffic."""
    STABLE = "stable"
    """What serves, and what passed."""
    WAITS = "waits"
    """A person is asked."""
    BROKEN = "broken"
    MIRROR = "mirror"
    """Copies of live traffic, and switches between two sides."""
    MOVING = "moving"


def bold(tone: Tone) -> str:
    """The tone in bold, as a `Span` takes it."""
    return f"{tone} bold"


ATTENTION_TONES = {
    Attention.WAITS_FOR_YOU: Tone.WAITS,
    Attention.DEGRADED: Tone.BROKEN,
    Attention.UNKNOWN: Tone.BROKEN,
    Attention.MOVING: Tone.MOVING,
    Attention.HEALTHY: Tone.STABLE,
}

STEP_TONES = {
    StepState.DONE: Tone.STABLE,
    StepState.CURRENT: Tone.NEW,
    StepState.TODO: Tone.FAINT,
    StepState.FAILED: Tone.BROKEN,
    StepState.SKIPPED: Tone.DIM,
}


def phase_tone(rollout: Rollout) -> Tone:
    """The tone of a rollout's phase: amber only where a person is asked."""
    return ATTENTION_TONES[attention(rollout)]


def step_tone(state: StepState, rollout: Rollout | None = None) -> Tone:
    """The tone of a step; the present one is amber where it waits for a person, red where it broke."""
    if state is StepState.CURRENT and rollout is not None:
        tone = phase_tone(rollout)
        return Tone.NEW if tone is Tone.STABLE else tone
    return STEP_TONES[state]


def phase_word(rollout: Rollout) -> str:
    """The phase in one word of lower case: the controller's own, but for the two moments of a blue/green."""
    if rollout.strategy is Strategy.BLUE_GREEN:
        switched = rollout.weight is not None and rollout.weight.actual == 100
        asked = rollout.waiting.what is WaitFor.PERSON and not rollout.paused
        if rollout.phase is Phase.PAUSED and asked and not switched:
            return "preview"
        if rollout.phase is Phase.PROGRESSING and switched:
            return "switching"
    return rollout.phase.value.lower()


def waiting_tone(rollout: Rollout) -> Tone:
    """The tone of what a rollout waits for."""
    match rollout.waiting.what:
        case WaitFor.PERSON:
            return Tone.WAITS
        case WaitFor.REPAIR:
            return Tone.BROKEN
        case _:
            return Tone.DIM
