"""What an operator may want of a rollout."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from mlcd_tui.domain.refs import RolloutRef


class Verb(StrEnum):
    """The acts. Engines say which of them they can do; the words stand in the audit log and on the command line."""

    PROMOTE = "promote"
    PROMOTE_FULL = "promote-full"
    SKIP_STEP = "skip-step"
    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"
    RETRY = "retry"
    RESTART = "restart"
    UNDO = "undo"
    SET_IMAGE = "set-image"
    SET_WEIGHT = "set-weight"
    SWITCH = "switch"
    SWITCH_BACK = "switch-back"
    MIRROR = "mirror"
    """Copy live traffic to the new version, change how much is copied, or stop copying."""
    TERMINATE_ANALYSIS = "terminate-analysis"
    RETRY_EXPERIMENT = "retry-experiment"


WAYS_BACK = frozenset({Verb.ABORT, Verb.UNDO, Verb.SWITCH_BACK})
"""Acts that return to what served before: one confirmation, never blocked by gates."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One wish: a verb, the rollout it is for, and what the verb needs to know."""

    verb: Verb
    ref: RolloutRef
    revision: int | None = None
    """undo: the revision to go back to; None is the one before the present."""
    images: tuple[tuple[str, str], ...] = field(default=())
    """set-image: pairs of container name (`*` is all) and image."""
    weight: int | None = None
    """set-weight: percent of live traffic for the new version, 0 to 100."""
    mirror: int | None = None
    """mirror: percent of live traffic to copy to the new version, 0 stops; None: begin with all, or stop."""
    target: str = ""
    """terminate-analysis: the AnalysisRun; retry-experiment: the Experiment."""
    by: str = field(default="", compare=False)
    """Who asks, where the plan leaves a note of it on the object; the session fills it in."""
