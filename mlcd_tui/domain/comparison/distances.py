"""How far numbers of one field moved, over all pairs, in bounded memory."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

_PER_DOUBLING = 8
"""Buckets between a distance and its double: each is at most 9 % wide."""
_INFINITE = 1 << 20


def _bucket(distance: float) -> int:
    if distance == math.inf:
        return _INFINITE
    mantissa, exponent = math.frexp(distance)
    return exponent * _PER_DOUBLING + math.floor((math.log2(mantissa) + 1) * _PER_DOUBLING)


def _upper(bucket: int) -> float:
    if bucket == _INFINITE:
        return math.inf
    try:
        return math.pow(2.0, (bucket + 1) / _PER_DOUBLING - 1)
    except OverflowError:
        return math.inf


@dataclass(slots=True)
class Distances:
    """A histogram on a logarithmic scale; equal values are only counted by whoever asks."""

    worst: float = 0.0
    total: float = 0.0
    """Sum of the answers' mean shifts."""
    _buckets: Counter[int] = field(default_factory=Counter)

    def add(self, distance: float, shift: float) -> None:
        """One answer: its largest distance, its mean shift."""
        self.total += shift
        if distance > 0:
            self.worst = max(self.worst, distance)
            self._buckets[_bucket(distance)] += 1

    def beyond(self, other: Distances) -> int:
        """How many are farther than all of another's, by whole buckets: those in the same one are not."""
        last = max(other._buckets, default=-_INFINITE)
        return sum(count for bucket, count in self._buckets.items() if bucket > last)

    def covering(self, share: float, total: int) -> float:
        """A distance that at least `share` of `total` answers stay within."""
        left = math.floor(total * (1 - share) + 1e-9)
        for bucket in sorted(self._buckets, reverse=True):
            left -= self._buckets[bucket]
            if left < 0:
                return min(_upper(bucket), self.worst)
        return 0.0


@dataclass(slots=True)
class Twins:
    """The shadow's distance and production's own, pair by pair: were the versions one, either may be the larger."""

    farther: int = 0
    """Pairs in which the shadow is farther from production's answer than production's second one is."""
    nearer: int = 0
    above: int = 0
    """Pairs in which the shadow's numbers are larger than those of production's second answer."""
    below: int = 0

    def add(self, shadow: tuple[float, float], again: tuple[float, float]) -> None:
        """Largest distance and mean shift of both."""
        if shadow[0] != again[0]:
            if shadow[0] > again[0]:
                self.farther += 1
            else:
                self.nearer += 1
        if shadow[1] != again[1]:
            if shadow[1] > again[1]:
                self.above += 1
            else:
                self.below += 1
