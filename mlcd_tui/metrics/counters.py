"""From counters to counts: what was added between two moments, whatever restarts in between. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from mlcd_tui.metrics.answers import Series

Counts = tuple[int | None, ...]
"""For each stretch between two moments of the grid: how many; None: not known."""


Key = Callable[[Mapping[str, str]], str]
"""What a series is summed under, by its labels."""


def grid(end: float, window: float, step: float) -> tuple[float, ...]:
    """Moments at whole multiples of `step` that span `window`, the last at `end` or just before it."""
    last = int(end // step)
    first = last - max(1, round(window / step))
    return tuple(number * step for number in range(first, last + 1))


def present(series: Iterable[Series], moments: Sequence[float]) -> tuple[bool, ...]:
    """At each moment, whether any of the series had a value: something was being counted."""
    place = {round(moment, 3): index for index, moment in enumerate(moments)}
    rows = [_row(one, place, len(moments)) for one in series]
    return tuple(any(row[index] is not None for row in rows) for index in range(len(moments)))


def added(
    series: Iterable[Series], moments: Sequence[float], key: Key, *, counting: Sequence[bool] | None = None
) -> dict[str, Counts]:
    """What counters counted up between neighbouring moments, summed over all series of one key.

    A counter that falls has begun anew at 0 (a process restarted), where its series is of one process: without the
    label `instance` it is a sum over several, of which one went, and the stretch is left out. A series that appears
    while others are counted begins at 0, as the first failure of a process does: the rate of Prometheus would miss
    it. Where all appear at once, nobody knows what they counted before, and that is left out as well; so is what a
    series counted while it was away, for that belongs to no one stretch.

    Args:
        series: of one version.
        moments: the grid.
        key: what series are summed under.
        counting: at which moments others are known to have been counted; None: only these series tell.
    """
    found: dict[str, list[int | None]] = {}
    series = tuple(series)
    place = {round(moment, 3): index for index, moment in enumerate(moments)}
    known = counting if counting is not None else present(series, moments)
    for one in series:
        row = _row(one, place, len(moments))
        sums = found.setdefault(key(one.labels), [None] * (len(moments) - 1))
        new = True
        for index in range(len(moments) - 1):
            new = new and row[index] is None
            step = _step(row[index], row[index + 1], known=known[index] and new, alone="instance" in one.labels)
            if step is not None:
                sums[index] = (sums[index] or 0) + step
    return {name: tuple(sums) for name, sums in found.items()}


def increments(series: Iterable[Series], moments: Sequence[float], key: Key) -> dict[str, Counts]:
    """The same of an expression that says itself how much was added up to each moment; rounded, for it is estimated."""
    found: dict[str, list[int | None]] = {}
    place = {round(moment, 3): index for index, moment in enumerate(moments)}
    for one in series:
        row = _row(one, place, len(moments))
        sums = found.setdefault(key(one.labels), [None] * (len(moments) - 1))
        for index, value in enumerate(row[1:]):
            if value is not None and value >= 0:
                sums[index] = (sums[index] or 0) + round(value)
    return {name: tuple(sums) for name, sums in found.items()}


def _row(one: Series, place: Mapping[float, int], length: int) -> list[float | None]:
    row: list[float | None] = [None] * length
    for at, value in one.samples:
        index = place.get(round(at, 3))
        if index is not None:
            row[index] = value
    return row


def _step(before: float | None, after: float | None, *, known: bool, alone: bool) -> int | None:
    if after is None or after < 0:
        return None
    if before is None:
        return round(after) if known and alone else None
    if after >= before:
        return round(after - before)
    return round(after) if alone else None


def total(counts: Iterable[int | None]) -> int:
    """The sum of what is known."""
    return sum(count or 0 for count in counts)


def smoothed(counts: Sequence[int | None], width: int) -> list[int | None]:
    """At each place what was counted in the last `width` stretches, scaled up where some are not known."""
    sums: list[int | None] = []
    for index in range(len(counts)):
        known = [count for count in counts[max(0, index + 1 - width) : index + 1] if count is not None]
        sums.append(round(sum(known) * width / len(known)) if known and counts[index] is not None else None)
    return sums
