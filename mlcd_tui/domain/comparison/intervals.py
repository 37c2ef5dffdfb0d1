"""Exact intervals and tests for counts and medians, in plain Python.

Clopper and Pearson (1934) for shares, the binomial distribution for one-sided tests (McNemar's exact test is one at
p = 1/2, on the discordant pairs only), order statistics for a median (the interval that the sign test turns into).
The incomplete beta function behind all of them is the continued fraction of Numerical Recipes, § 6.4 (Lentz's way).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlcd_tui.domain.comparison.report import Share

CONFIDENCE = 0.95
_TINY = 1e-300
_PRECISE = 1e-15
_NARROW = 1e-12
_MOST_TERMS = 100_000


def regularized_beta(x: float, a: float, b: float) -> float:
    """Probability that a Beta(a, b) variable is at most `x`; a and b above 0."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    if x < (a + 1) / (a + b + 2):
        return min(math.exp(log_front) * _fraction(x, a, b) / a, 1.0)
    return max(1 - math.exp(log_front) * _fraction(1 - x, b, a) / b, 0.0)


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction; it takes about the root of max(a, b) terms."""
    upper = 1.0
    lower = 1 / _away(1 - (a + b) * x / (a + 1))
    result = lower
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        lower = 1 / _away(1 + even * lower)
        upper = _away(1 + even / upper)
        result *= lower * upper
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        lower = 1 / _away(1 + odd * lower)
        upper = _away(1 + odd / upper)
        step = lower * upper
        result *= step
        if abs(step - 1) < _PRECISE:
            break
    return result


def _away(value: float) -> float:
    """Away from nothing, by which is divided."""
    return value if abs(value) > _TINY else _TINY


def beta_quantile(q: float, a: float, b: float) -> float:
    """The value that a Beta(a, b) variable stays below with probability `q`, by halving."""
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        if high - low <= _NARROW * high:
            break
        if regularized_beta(middle, a, b) < q:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def clopper_pearson(count: int, total: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Exact interval of a share: each end is wrong with at most half of what `confidence` leaves.

    Nothing of nothing may be anything.
    """
    if total <= 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = 0.0 if count <= 0 else beta_quantile(tail, count, total - count + 1)
    high = 1.0 if count >= total else beta_quantile(1 - tail, count + 1, total - count)
    return low, high


def share(count: int, total: int) -> Share:
    """A share with its 95 % interval."""
    low, high = clopper_pearson(count, total)
    return Share(count, total, low, high)


def at_least(count: int, total: int, p: float = 0.5) -> float:
    """Probability of `count` or more successes in `total` tries."""
    if count <= 0:
        return 1.0
    return 0.0 if count > total else regularized_beta(p, count, total - count + 1)


def mcnemar(first_only: int, second_only: int) -> float:
    """How probable at least so many discordant pairs of the first kind are where both kinds are as probable.

    Exact (binomial) and one-sided; 1.0 without discordant pairs.
    """
    return at_least(first_only, first_only + second_only)


def excess_high(first_only: int, second_only: int, total: int, confidence: float = CONFIDENCE) -> float:
    """Upper end of the difference of two shares of the same pairs, from their discordant pairs.

    The exact ends of both, put together by squares (MOVER: Zou and Donner, Statistics in Medicine 27, 2008), with the
    correlation of two kinds that exclude each other in a pair.
    """
    first, second = first_only / total, second_only / total
    high = clopper_pearson(first_only, total, confidence)[1]
    low = clopper_pearson(second_only, total, confidence)[0]
    apart = math.sqrt(first * second / ((1 - first) * (1 - second))) if first < 1 and second < 1 else 0.0
    up, down = high - first, second - low
    return min(first - second + math.sqrt(up * up + down * down + 2 * apart * up * down), 1.0)


def needed(most: float, confidence: float = CONFIDENCE) -> int:
    """Pairs without a single mismatch that it takes until the interval of the mismatch ends at `most`.

    The rule of three, exact and for one end of a two-sided interval: about 3.7 / most.
    """
    if most >= 1:
        return 1
    return max(math.ceil(math.log((1 - confidence) / 2) / math.log1p(-most) - 1e-9), 1)


def median_interval(ordered: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Exact interval of the median of whatever distribution, from values in rising order.

    Up to five values do not tell 95 % of anything: the interval has no ends then.
    """
    total, tail = len(ordered), (1 - confidence) / 2
    low, high = 0, total // 2 + 1  # how many order statistics may be left out at each end, and one more
    while high - low > 1:
        middle = (low + high) // 2
        if 1 - at_least(middle, total) <= tail:  # P(X < middle)
            low = middle
        else:
            high = middle
    if low == 0:
        return -math.inf, math.inf
    return ordered[low - 1], ordered[total - low]


def quantile(ordered: Sequence[float], q: float) -> float:
    """The value at a share of a list in rising order, between its neighbours; NaN of nothing."""
    if not ordered:
        return math.nan
    place = (len(ordered) - 1) * q
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
