"""Class probabilities: whether the same classes win, and how far the rest has drifted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mlcd_tui.domain.snapshot.result import distance
from mlcd_tui.domain.snapshot.rules import ClassRule, Tolerance


@dataclass(frozen=True, slots=True)
class Judged:
    """One vector of probabilities beside the approved one."""

    note: str = ""
    """What is wrong or has drifted; empty: nothing."""
    failed: bool = False
    max_abs: float = 0.0
    tv: float = 0.0


def judge(rule: ClassRule, tolerance: Tolerance, approved: Sequence[float], answer: Sequence[float]) -> Judged:
    """How an answer's probabilities stand to the approved ones; both have the same length, at least one."""
    if any(math.isnan(value) or math.isinf(value) for value in answer):
        return Judged("NaN or infinity among the probabilities", failed=True, max_abs=math.inf, tv=math.inf)
    apart = [distance(mine, theirs) for mine, theirs in zip(answer, approved, strict=True)]
    largest, variation = max(apart), 0.5 * math.fsum(apart)
    wrong = _sum(rule, answer) or _leaders(rule, approved, answer) or _limits(rule, largest, variation)
    if wrong:
        return Judged(wrong, failed=True, max_abs=largest, tv=variation)
    if all(far <= tolerance.allowed(value) for far, value in zip(apart, approved, strict=True)):
        return Judged(max_abs=largest, tv=variation)
    limited = rule.max_abs is not None or rule.tv is not None
    text = f"probabilities moved by up to {largest:.3g}, total variation {variation:.3g}"
    return Judged(text, failed=not limited, max_abs=largest, tv=variation)


def _sum(rule: ClassRule, answer: Sequence[float]) -> str:
    if rule.sum_to_1 is None:
        return ""
    whole = math.fsum(answer)
    if abs(whole - 1) > rule.sum_to_1:
        return f"the probabilities add up to {whole:.6g}"
    lowest, highest = min(answer), max(answer)
    if lowest < -rule.sum_to_1 or highest > 1 + rule.sum_to_1:
        return f"a probability is {lowest if lowest < 0 else highest:.6g}"
    return ""


def _leaders(rule: ClassRule, approved: Sequence[float], answer: Sequence[float]) -> str:
    if rule.argmax and not _lead(approved, rule.tie) & _lead(answer, rule.tie):
        before, after = (max(range(len(one)), key=one.__getitem__) for one in (approved, answer))
        return f"class {after} wins in place of class {before}"
    if rule.top_k > 0:
        mine, perhaps_mine = _top(answer, rule.top_k, rule.tie)
        theirs, perhaps_theirs = _top(approved, rule.top_k, rule.tie)
        if not (mine <= perhaps_theirs and theirs <= perhaps_mine):
            return f"other classes are among the first {rule.top_k}"
    return ""


def _lead(values: Sequence[float], tie: float) -> set[int]:
    highest = max(values)
    return {at for at, value in enumerate(values) if value >= highest - tie}


def _top(values: Sequence[float], count: int, tie: float) -> tuple[set[int], set[int]]:
    """Those surely among the first, and those that are with the ties at the border."""
    ranked = sorted(values, reverse=True)
    last = ranked[min(count, len(ranked)) - 1]
    behind = ranked[count] if count < len(ranked) else -math.inf
    surely = {at for at, value in enumerate(values) if value > behind + tie}
    return surely, {at for at, value in enumerate(values) if value >= last - tie}


def _limits(rule: ClassRule, largest: float, variation: float) -> str:
    if rule.max_abs is not None and largest > rule.max_abs:
        return f"a probability moved by {largest:.3g}, {rule.max_abs:g} is allowed"
    if rule.tv is not None and variation > rule.tv:
        return f"total variation is {variation:.3g}, {rule.tv:g} is allowed"
    return ""
