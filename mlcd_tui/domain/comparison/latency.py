"""How long both versions took for the same requests."""

from __future__ import annotations

import math
import random
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable

from mlcd_tui.domain.comparison.intervals import median_interval, quantile
from mlcd_tui.domain.comparison.report import LatencyDelta, Tail

QUANTILES = (0.5, 0.95, 0.99)
MOST = 100_000
"""Pairs that are kept."""
_TAILS = (0.1, 0.02)
"""Shares of the pairs that are looked at by themselves: the ones that are farthest apart."""
_LEAST = 6
"""Pairs below which no interval of a median says 95 %."""


class Latency:
    """Timed pairs: all of them, or a fair sample (reservoir) where there are more than 100,000."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._production = array("d")
        self._shadow = array("d")
        self._seen = 0
        self._draw = random.Random(most)  # noqa: S311 - nobody is to be kept from guessing which pairs are kept

    def add(self, production: float, shadow: float) -> None:
        """One pair, in milliseconds; what is no time is passed over."""
        if not (math.isfinite(production) and math.isfinite(shadow)):
            return
        self._seen += 1
        if len(self._production) < self._most:
            self._production.append(production)
            self._shadow.append(shadow)
            return
        place = self._draw.randrange(self._seen)
        if place < self._most:
            self._production[place], self._shadow[place] = production, shadow

    def delta(self, limit: Callable[[float], float]) -> LatencyDelta | None:
        """What it comes to; None: fewer than six pairs are timed.

        Args:
            limit: by how many milliseconds it may be slower, by production's median.
        """
        if self._seen < _LEAST:
            return None
        deltas = sorted(shadow - production for production, shadow in zip(self._production, self._shadow, strict=True))
        low, high = median_interval(deltas)
        one, two = sorted(self._production), sorted(self._shadow)
        most = limit(quantile(one, 0.5))
        return LatencyDelta(
            pairs=self._seen,
            median=quantile(deltas, 0.5),
            low=low,
            high=high,
            production=tuple((q, quantile(one, q)) for q in QUANTILES),
            shadow=tuple((q, quantile(two, q)) for q in QUANTILES),
            slower=len(deltas) - bisect_right(deltas, most),
            faster=bisect_left(deltas, -most),
            tails=_tails(deltas, most),
        )


def _tails(deltas: list[float], most: float) -> tuple[Tail, ...]:
    """By distances alone, whatever their signs: so the signs of two equal versions are as by a fair coin in each."""
    apart = sorted(map(abs, deltas), reverse=True)
    bounds = (apart[math.ceil(share * len(apart)) - 1] for share in _TAILS)
    return tuple(
        Tail(bound, len(deltas) - bisect_left(deltas, bound), bisect_right(deltas, -bound))
        for bound in bounds
        if bound > most
    )
