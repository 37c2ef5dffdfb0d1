"""Quantiles and shares from the counts of histogram buckets, as Prometheus reckons them. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mlcd_tui.metrics.counters import Counts, smoothed

QUANTILES = (0.5, 0.95, 0.99)
_NEAR = 1.25  # a bound that is off by more than this factor is no stand-in for the limit


def bounds(counts: Mapping[str, Counts], unit_ms: float) -> dict[float, Counts]:
    """Counts by the upper bound in milliseconds; labels that are no number are left out."""
    found: dict[float, Counts] = {}
    for label, row in counts.items():
        try:
            bound = float(label)
        except ValueError:
            continue
        if not math.isnan(bound):
            found[bound * unit_ms] = row
    return dict(sorted(found.items()))


def quantile(share: float, cumulative: Sequence[tuple[float, float]]) -> float | None:
    """The value that `share` of all are below, by straight lines within buckets; None: nothing was counted.

    Args:
        share: 0 to 1.
        cumulative: upper bound and count up to it, in the order of bounds, the last bound infinite.
    """
    if len(cumulative) < 2 or not math.isinf(cumulative[-1][0]):
        return None
    counts: list[float] = []
    for _, count in cumulative:  # buckets are scraped one after another: none may hold less than a smaller one
        counts.append(max(count, counts[-1] if counts else 0.0))
    rank = share * counts[-1]
    if counts[-1] <= 0:
        return None
    index = next(place for place, count in enumerate(counts) if count >= rank)
    if index == len(counts) - 1:
        return cumulative[-2][0]  # beyond the last finite bound nothing is known
    low = cumulative[index - 1][0] if index else 0.0
    below = counts[index - 1] if index else 0.0
    inside = counts[index] - below
    high = cumulative[index][0]
    if high <= 0 or inside <= 0:
        return high
    return low + (high - low) * (rank - below) / inside


def quantiles(by_bound: Mapping[float, Counts], length: int, width: int) -> dict[float, tuple[float | None, ...]]:
    """Each quantile in milliseconds at each of `length` stretches, over the last `width` of them."""
    rows = {bound: smoothed(row, width) for bound, row in by_bound.items()}
    found: dict[float, list[float | None]] = {share: [] for share in QUANTILES}
    for index in range(length):
        at = [(bound, float(row[index] or 0)) for bound, row in rows.items()]
        for share in QUANTILES:
            found[share].append(quantile(share, at))
    return {share: tuple(values) for share, values in found.items()}


def slow_bound(by_bound: Mapping[float, Counts], limit_ms: float) -> float | None:
    """The bucket's bound that stands for the limit; None: none is near enough, or there is no limit."""
    finite = [bound for bound in by_bound if math.isfinite(bound) and bound > 0]
    if limit_ms <= 0 or not finite:
        return None
    nearest = min(finite, key=lambda bound: abs(math.log(bound / limit_ms)))
    return nearest if 1 / _NEAR <= nearest / limit_ms <= _NEAR else None


def slow(by_bound: Mapping[float, Counts], bound: float) -> Counts:
    """How many took longer than a bound, stretch by stretch."""
    everything, below = by_bound.get(math.inf, ()), by_bound[bound]
    return tuple(
        None if all_of is None else max(0, all_of - (fast or 0)) for all_of, fast in zip(everything, below, strict=True)
    )
