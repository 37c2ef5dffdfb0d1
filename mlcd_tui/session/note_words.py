"""What is said of each rollout, given out whole: whoever was given it may keep it and compare it with the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

from mlcd_tui.domain.refs import RolloutRef

N = TypeVar("N")


class Words(Generic[N]):
    """Notes by rollout; those that were given out never change, and are given out again while nothing does."""

    def __init__(self) -> None:
        self._now: dict[RolloutRef, N] = {}
        self._shown: dict[RolloutRef, N] = {}

    def say(self, ref: RolloutRef, note: N) -> bool:
        """Whether this is another word than before."""
        if self._now.get(ref) == note:
            return False
        self._own()[ref] = note
        return True

    def drop(self, ref: RolloutRef) -> bool:
        """Whether there was a word."""
        if ref not in self._now:
            return False
        del self._own()[ref]
        return True

    def shown(self) -> Mapping[RolloutRef, N]:
        """All of them."""
        self._shown = self._now
        return self._shown

    def _own(self) -> dict[RolloutRef, N]:
        if self._now is self._shown:
            self._now = dict(self._shown)
        return self._now
