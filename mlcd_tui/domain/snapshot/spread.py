"""Whether a model agrees with itself: answers to one and the same input beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlcd_tui.domain.snapshot.compare import compare, compare_bytes
from mlcd_tui.domain.snapshot.result import Comparison
from mlcd_tui.domain.snapshot.rules import Rules
from mlcd_tui.domain.text import Clean, clean


@dataclass(frozen=True, slots=True)
class Spread:
    """How far the answers to one input are apart; measured before anything is compared with what was approved."""

    answers: int
    worst: Comparison
    """Of the first answer with the one that differs most from it."""
    exact: bool
    """They are all the same, to the last digit."""

    @property
    def stable(self) -> bool:
        """Whether they are the same within the tolerances."""
        return not self.worst.failed

    @property
    def sentence(self) -> Clean:
        """For the eye."""
        if self.exact:
            return clean(f"{self.answers} answers to the same input are equal")
        apart = f"differ by up to {self.worst.max_abs:.3g} (relative {self.worst.max_rel:.3g})"
        if self.stable:
            return clean(f"{self.answers} answers to the same input {apart}, within the tolerances")
        worst = self.worst.worst
        if worst is not None and worst.absolute is None:
            return clean(f"{self.answers} answers to the same input differ at {worst.path}: {worst.note or worst.kind}")
        place = f", worst at {worst.path}" if worst is not None else ""
        return clean(f"{self.answers} answers to the same input {apart}{place}")


def spread(answers: Sequence[Any], rules: Rules | None = None) -> Spread:
    """The spread of at least one answer; bytes are compared as such. Never raises."""
    worst, exact = Comparison(), True
    for answer in answers[1:]:
        both_bytes = isinstance(answer, bytes) and isinstance(answers[0], bytes)
        found = compare_bytes(answers[0], answer) if both_bytes else compare(answers[0], answer, rules)
        exact = exact and not (found.failed or found.warned or found.max_abs)
        if (found.failed, found.max_abs) > (worst.failed, worst.max_abs):
            worst = found
    return Spread(len(answers), worst, exact)
