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


_PROCESS = ("instance", "pod", "pod_name", "kubernetes_pod_name", "controller_pod")
"""Labels that say whose counters they are."""


Process = tuple[str, ...]
Scraped = Mapping[Process, tuple[bool, ...]]
"""Of each process, at which moments anything of it was known."""


def scraped(series: Iterable[Series], moments: Sequence[float]) -> dict[Process, tuple[bool, ...]]:
    """At which moments each process was read: what it then had no series of, it had not counted yet."""
    place = {round(moment, 3): index for index, moment in enumerate(moments)}
    found: dict[Process, list[bool]] = {}
    for one in series:
        process = _process(one)
        if process is None:
            continue
        known = found.setdefault(process, [False] * len(moments))
        for index, value in enumerate(_row(one, place, len(moments))):
            known[index] = known[index] or value is not None
    return {process: tuple(known) for process, known in found.items()}


def added(
    series: Iterable[Series], moments: Sequence[float], key: Key, *, known: Scraped | None = None
) -> dict[str, Counts]:
    """What counters counted up between neighbouring moments, summed over all series of one key.

    A counter that falls has begun anew at 0 (a process restarted), where its series is of one process: without the
    label `instance` it is a sum over several, of which one went, and the stretch is left out. A series that was
    not there when another one of the same process was read begins at 0, as the first failure of a process does: the
    rate of Prometheus would miss it. Where the process itself appears, nobody knows how long it has counted: it may be
    as old as the hills and scraped only now. Its first values are where the counting begins, and the stretch before
    them is a gap; so is the time that a process was away, for what it counted then belongs to no one stretch.

    Args:
        series: of one version.
        moments: the grid.
        key: what series are summed under.
        known: when each process was read, by all series at hand; None: only these tell.
    """
    found: dict[str, list[int | None]] = {}
    series = tuple(series)
    place = {round(moment, 3): index for index, moment in enumerate(moments)}
    known = known if known is not None else scraped(series, moments)
    for one in series:
        row = _row(one, place, len(moments))
        sums = found.setdefault(key(one.labels), [None] * (len(moments) - 1))
        process = _process(one)
        read = known.get(process, ()) if process is not None else ()
        for index in range(len(moments) - 1):
            begins = index < len(read) and read[index]
            step = _step(row[index], row[index + 1], begins=begins, alone=process is not None)
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


def _process(one: Series) -> Process | None:
    """Whose counters a series is of; None: of several."""
    return tuple(one.labels.get(name, "") for name in _PROCESS) if one.labels.get("instance") else None


def _step(before: float | None, after: float | None, *, begins: bool, alone: bool) -> int | None:
    if after is None or after < 0:
        return None
    if before is None:
        return round(after) if begins else None
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
