"""What a comparison comes to: the worst first, counts and extremes, as a whole and for each output."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mlcd_tui.domain.checks import CheckState
from mlcd_tui.domain.compatibility.values import shown
from mlcd_tui.domain.snapshot.paths import Place, written
from mlcd_tui.domain.text import Clean, clean

_KEPT = 200
"""Deviations that are kept; all are counted."""
_MOST_OUTPUTS = 100
_TEXT = 200


class DeviationKind(StrEnum):
    """In what an answer differs."""

    TYPE = "type"
    SHAPE = "shape"
    MISSING = "missing"
    EXTRA = "extra"
    NAN = "nan"
    VALUE = "value"
    TEXT = "text"
    CLASSES = "classes"
    BYTES = "bytes"


_STRUCTURE = frozenset({DeviationKind.TYPE, DeviationKind.SHAPE, DeviationKind.MISSING, DeviationKind.EXTRA})


@dataclass(frozen=True, slots=True)
class Deviation:
    """One place where an answer is not what was approved."""

    path: Clean
    kind: DeviationKind
    state: CheckState
    """`FAILED`, or `WARNED` where the rules allow it."""
    expected: Clean
    actual: Clean
    absolute: float | None = None
    relative: float | None = None
    allowed: float | None = None
    """How far it might have been."""
    note: Clean = Clean("")


@dataclass(frozen=True, slots=True)
class Output:
    """One output of the model: a field of the answer, or one of its tensors."""

    name: Clean
    compared: int = 0
    """Leaves: numbers, texts, truths, nulls."""
    failed: int = 0
    warned: int = 0
    max_abs: float = 0.0
    max_rel: float = 0.0

    @property
    def state(self) -> CheckState:
        """The worst in it."""
        return CheckState.FAILED if self.failed else CheckState.WARNED if self.warned else CheckState.PASSED


@dataclass(frozen=True, slots=True)
class Comparison:
    """An answer beside the approved one."""

    compared: int = 0
    failed: int = 0
    warned: int = 0
    max_abs: float = 0.0
    """Of all numbers, those within their tolerance included."""
    max_rel: float = 0.0
    """The same, relative to what was approved; where that is 0 it does not count."""
    deviations: tuple[Deviation, ...] = ()
    """Worst first."""
    left_out: int = 0
    """Deviations that are counted but not listed."""
    outputs: tuple[Output, ...] = ()

    @property
    def state(self) -> CheckState:
        """Passed, warned or failed."""
        return CheckState.FAILED if self.failed else CheckState.WARNED if self.warned else CheckState.PASSED

    @property
    def worst(self) -> Deviation | None:
        """The first to look at."""
        return self.deviations[0] if self.deviations else None

    @property
    def sentence(self) -> Clean:
        """For the eye: `3 of 120 values are off, worst by 0.02 at $.scores[4]`."""
        worst = self.worst
        if worst is None:
            return clean(f"{self.compared:,} values agree")
        number = self.failed or self.warned
        text = f"{number:,} of {max(self.compared, number):,} values {'is' if number == 1 else 'are'} off"
        if not self.failed:
            text += " within what is allowed"
        if worst.kind is DeviationKind.VALUE and worst.absolute is not None:
            return clean(f"{text}, worst by {worst.absolute:.3g} at {worst.path}")
        return clean(f"{text}, first {worst.path}: {worst.note or worst.kind.value}")


@dataclass(slots=True)
class Tally:
    """Counts of one output while it is walked."""

    compared: int = 0
    failed: int = 0
    warned: int = 0
    max_abs: float = 0.0
    max_rel: float = 0.0


@dataclass(slots=True)
class Collector:
    """Takes what the walk finds and keeps the worst of it."""

    tally: Tally = field(default_factory=Tally)
    """Of the output that is walked now."""
    _outputs: dict[str, Tally] = field(default_factory=dict)
    _heap: list[tuple[tuple[int, int, float], int, tuple[Any, ...]]] = field(default_factory=list)
    _seen: int = 0

    def output(self, name: str) -> None:
        """What follows belongs to the output `name`."""
        if name not in self._outputs and len(self._outputs) >= _MOST_OUTPUTS:
            name = "…"
        self.tally = self._outputs.setdefault(name, Tally())

    def add(
        self,
        kind: DeviationKind,
        place: Place,
        expected: Any,
        actual: Any,
        *,
        warned: bool = False,
        excess: float = math.inf,
        allowed: float | None = None,
        note: str = "",
    ) -> None:
        """One deviation. `excess` is how many times the allowed distance it is off, to find the worst."""
        if warned:
            self.tally.warned += 1
        else:
            self.tally.failed += 1
        self._seen += 1
        rank = (0 if warned else 1, 1 if kind in _STRUCTURE else 0, excess)
        if len(self._heap) >= _KEPT:
            if rank <= self._heap[0][0]:
                return
            heapq.heappop(self._heap)
        heapq.heappush(self._heap, (rank, -self._seen, (kind, place, expected, actual, allowed, note)))

    def result(self) -> Comparison:
        """All of it."""
        outputs = tuple(
            Output(clean(name, limit=200), one.compared, one.failed, one.warned, one.max_abs, one.max_rel)
            for name, one in self._outputs.items()
        )
        kept = sorted(self._heap, key=lambda entry: (entry[0], entry[1]), reverse=True)
        return Comparison(
            compared=sum(one.compared for one in outputs),
            failed=sum(one.failed for one in outputs),
            warned=sum(one.warned for one in outputs),
            max_abs=max((one.max_abs for one in outputs), default=0.0),
            max_rel=max((one.max_rel for one in outputs), default=0.0),
            deviations=tuple(_deviation(rank, what) for rank, _, what in kept),
            left_out=self._seen - len(kept),
            outputs=outputs,
        )


def _deviation(rank: tuple[int, int, float], what: tuple[Any, ...]) -> Deviation:
    kind, place, expected, actual, allowed, note = what
    absolute = relative = None
    if kind is DeviationKind.VALUE and is_number(expected) and is_number(actual):
        absolute = distance(actual, expected)
        relative = absolute / abs(expected) if expected and abs(expected) < 1e300 else None
    return Deviation(
        path=clean(written(place), limit=500),
        kind=kind,
        state=CheckState.FAILED if rank[0] else CheckState.WARNED,
        expected=_value(expected),
        actual=_value(actual),
        absolute=absolute,
        relative=relative,
        allowed=allowed,
        note=clean(note, limit=500),
    )


NOTHING = object()
"""In place of a value that is not there."""


def _value(value: Any) -> Clean:
    if value is NOTHING:
        return Clean("")
    if isinstance(value, list | dict):
        return Clean(f"{'list' if isinstance(value, list) else 'object'} of {len(value):,}")
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 512:
        return Clean("an integer of more than 150 digits")
    if isinstance(value, str):
        return clean(shown(value[:_TEXT], _TEXT), limit=_TEXT)
    return clean(shown(value, _TEXT), limit=_TEXT)


def is_number(value: Any) -> bool:
    """Whether it is an integer or a floating-point number; a truth is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_nan(value: Any) -> bool:
    """Whether it is not a number; never asked of huge integers in a way that fails."""
    return isinstance(value, float) and math.isnan(value)


def distance(one: float, two: float) -> float:
    """`|one - two|`; infinite where that cannot be told."""
    if one == two:
        return 0.0
    try:
        apart = float(abs(one - two))
    except OverflowError:
        return math.inf
    return math.inf if math.isnan(apart) else apart
