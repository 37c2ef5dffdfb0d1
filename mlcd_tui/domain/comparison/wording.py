"""Numbers of a comparison for the eye."""

from __future__ import annotations

import math

from mlcd_tui.domain.comparison.report import LatencyDelta, Share, Tail


def percent(value: float) -> str:
    """`0.5 %`, `12 %`, `0 %`: three digits, none that say nothing."""
    return f"{value * 100:.3g} %"


def share_words(share: Share) -> str:
    """`12 of 2,000 (0.6 %, 95 %: 0.31 to 1.05 %)`."""
    if not share.total:
        return "0 of 0"
    ends = f"{share.low * 100:.3g} to {percent(share.high)}"
    return f"{share.count:,} of {share.total:,} ({percent(share.value)}, 95 %: {ends})"


def milliseconds(value: float) -> str:
    """`+3.2 ms`, `-0.1 ms`."""
    return f"{value:+.3g} ms" if math.isfinite(value) else "unknown"


def latency_words(latency: LatencyDelta | None) -> str:
    """`median +3.2 ms (95 %: +2.9 to +3.4)`."""
    if latency is None:
        return "latency was not recorded"
    return f"median {milliseconds(latency.median)} (95 %: {latency.low:+.3g} to {latency.high:+.3g})"


def slow_words(latency: LatencyDelta, limit: float) -> str:
    """`slower by more than 5 ms in 100 of 2,000, faster in 3`."""
    return tail_words(latency, Tail(limit, latency.slower, latency.faster))


def tail_words(latency: LatencyDelta, tail: Tail) -> str:
    """The same of the pairs that are farthest apart."""
    return f"slower by more than {tail.ms:.3g} ms in {tail.slower:,} of {latency.pairs:,}, faster in {tail.faster:,}"
