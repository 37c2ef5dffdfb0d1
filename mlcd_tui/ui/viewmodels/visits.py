"""The rollouts that were opened, to go back and forward in."""

from __future__ import annotations

from mlcd_tui.domain.refs import RolloutRef


class Visits:
    """Like a browser's history: opening something new forgets what was ahead."""

    def __init__(self) -> None:
        self._refs: list[RolloutRef] = []
        self._place = -1

    def add(self, ref: RolloutRef) -> None:
        """A rollout was opened."""
        if self._place < 0 or self._refs[self._place] != ref:
            self._refs = [*self._refs[: self._place + 1], ref]
            self._place = len(self._refs) - 1

    def move(self, step: int, *, at_root: bool) -> RolloutRef | None:
        """The rollout `step` places on; None: the fleet, which is what lies before the first.

        Args:
            step: -1 or 1.
            at_root: the fleet is shown; back is then the rollout that was left last.
        """
        if at_root and step < 0:
            return self._refs[self._place] if self._place >= 0 else None
        self._place = min(max(self._place + step, -1), len(self._refs) - 1)
        return self._refs[self._place] if self._place >= 0 else None

    def clear(self) -> None:
        """Another cluster: nothing that was visited is there."""
        self._refs, self._place = [], -1
