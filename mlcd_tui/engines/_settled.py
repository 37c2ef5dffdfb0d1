"""The three answers to whether an act has taken effect."""

from __future__ import annotations

from mlcd_tui.domain.plan import Settled
from mlcd_tui.domain.text import clean


def yes(told: object) -> Settled:
    """It has."""
    return Settled(done=True, sentence=clean(told))


def not_yet(told: object) -> Settled:
    """It may still."""
    return Settled(done=False, sentence=clean(told))


def never(told: object) -> Settled:
    """It will not any more."""
    return Settled(done=False, sentence=clean(told), failed=True)
