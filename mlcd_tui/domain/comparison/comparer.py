"""Takes pairs one by one and says at any time what they come to, in bounded memory."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from mlcd_tui.domain.comparison.answers import Finding, beside
from mlcd_tui.domain.comparison.fields import FieldCount
from mlcd_tui.domain.comparison.latency import Latency
from mlcd_tui.domain.comparison.limits import Limits
from mlcd_tui.domain.comparison.pair import Answer, Pair
from mlcd_tui.domain.comparison.report import ComparisonReport, Example
from mlcd_tui.domain.comparison.verdict import Tally, report_of
from mlcd_tui.domain.comparison.walk import Differ
from mlcd_tui.domain.snapshot import Rules
from mlcd_tui.domain.text import clean

_MOST_IDS = 1_000_000
_MOST_SIGNATURES = 5_000
_LARGE = 2_000
"""Values of an answer above which an example is kept without its bodies."""
_DEEP = 100
"""Levels beyond which it is, too: what shows it would have to go down as far."""


@dataclass(slots=True)
class _Kept:
    """One of the worst pairs."""

    pair: Pair
    finding: Finding


class Comparer:
    """Compares pairs.

    Args:
        limits: what is let pass.
        rules: how exact answers have to be, as of a snapshot; None: its defaults.
    """

    def __init__(self, limits: Limits | None = None, rules: Rules | None = None) -> None:
        self.limits = limits or Limits()
        self._differ = Differ(rules)
        self._tally = Tally()
        self._fields: dict[str, FieldCount] = {}
        self._signatures: Counter[frozenset[str]] = Counter()
        self._latency = Latency()
        self._ids: dict[str, None] = {}
        self._worst: list[tuple[tuple[int, float], int, _Kept]] = []

    def add(self, pair: Pair) -> None:
        """One pair."""
        tally = self._tally
        if self._known(pair.id):
            tally.duplicates += 1
            return
        tally.offered += 1
        if not pair.production.status or pair.production.status >= 500:
            tally.production_failed += 1
            return
        finding = beside(self._differ, pair.production, pair.shadow)
        if finding.cut:
            tally.truncated += 1
            return
        again = self._again(pair)
        self._time(pair)
        tally.pairs += 1
        tally.failed += finding.failed
        tally.status_differs += pair.shadow.status not in {0, pair.production.status}
        tally.schema_breaks += bool(finding.broken)
        tally.unrecorded += not finding.recorded
        tally.blank += finding.blank
        tally.mismatch += bool(finding.off)
        tally.agreed += finding.agreed
        if again is not None:
            tally.twice += 1
            tally.noisy += bool(again.off)
            tally.agrees_with_itself += again.agreed
        if finding.off or (again is not None and again.off):
            self._count(pair, finding, again)
        if finding.drifts or (again is not None and again.drifts):
            self._measure(pair, finding, again)
        if finding.off:
            self._keep(pair, finding)

    def unpaired(self, production: int = 0, shadow: int = 0) -> None:
        """Requests of which only one side is there."""
        self._tally.production_alone += production
        self._tally.shadow_alone += shadow

    def report(self, *, duplicates: int = 0, disagreeing: int = 0, copied: float = 1.0) -> ComparisonReport:
        """What the pairs so far come to. Costs some milliseconds.

        Args:
            duplicates: answers that came twice and were left out before they became pairs.
            disagreeing: answers of one id to different requests, never paired.
            copied: share of production's requests that was copied at all.
        """
        tally = replace(
            self._tally, duplicates=self._tally.duplicates + duplicates, disagreeing=disagreeing, copied=copied
        )
        fields = tuple(self._fields.values())
        report = report_of(tally, self.limits, fields, self._signatures, self._latency.delta(self.limits.latency))
        return replace(report, examples=self._examples())

    # --- inside -------------------------------------------------------------------------------------------

    def _known(self, name: str) -> bool:
        """Whether a request of that id was compared already; without an id there is nothing to know it by."""
        if not name:
            return False
        if name in self._ids:
            return True
        if len(self._ids) >= _MOST_IDS:
            del self._ids[next(iter(self._ids))]
        self._ids[name] = None
        return False

    def _again(self, pair: Pair) -> Finding | None:
        return None if pair.again is None else beside(self._differ, pair.production, pair.again)

    def _time(self, pair: Pair) -> None:
        """Only where both answered: how long an error takes says nothing of a model."""
        one, two = pair.production, pair.shadow
        if one.ms is not None and two.ms is not None and one.status < 400 and 0 < two.status < 400:
            self._latency.add(one.ms, two.ms)

    def _field(self, path: str, pair: Pair) -> FieldCount:
        found = self._fields.get(path)
        if found is None:
            found = self._fields[path] = FieldCount(path, _tensor(path, pair.production.body))
        return found

    def _count(self, pair: Pair, finding: Finding, again: Finding | None) -> None:
        noisy: frozenset[str] = again.off if again is not None else frozenset()
        for path in finding.off | noisy:
            self._field(path, pair).count(
                off=path in finding.off,
                noisy=None if again is None else path in noisy,
                broken=path in finding.broken,
                broken_noisy=again is not None and path in again.broken,
            )
        if finding.off:
            known = finding.off in self._signatures or len(self._signatures) < _MOST_SIGNATURES
            self._signatures[finding.off if known else frozenset({"…"})] += 1

    def _measure(self, pair: Pair, finding: Finding, again: Finding | None) -> None:
        noise = again.drifts if again is not None else {}
        for path in (finding.drifts.keys() | noise.keys()) if noise else finding.drifts:
            one = self._field(path, pair)
            one.numbers = True
            moved = _moved(finding, path)
            one.shadow.add(*moved)
            if again is not None:
                own = _moved(again, path)
                one.again.add(*own)
                if finding.recorded and not finding.failed and not again.failed:
                    one.twins.add(moved, own)

    def _keep(self, pair: Pair, finding: Finding) -> None:
        rank = (1 if finding.broken else 0, finding.excess)
        if len(self._worst) >= self.limits.examples:
            if not self._worst or rank <= self._worst[0][0]:
                return
            heapq.heappop(self._worst)
        heapq.heappush(self._worst, (rank, -self._tally.offered, _Kept(_bounded(pair), finding)))

    def _examples(self) -> tuple[Example, ...]:
        worst = sorted(self._worst, key=lambda each: each[:2], reverse=True)
        return tuple(Example(kept.pair, kept.finding.comparison(), kept.finding.why) for _, _, kept in worst)


def _moved(finding: Finding, path: str) -> tuple[float, float]:
    drift = finding.drifts.get(path)
    return (0.0, 0.0) if drift is None else (drift.farthest, drift.mean)


def _tensor(path: str, body: Any) -> str:
    """Name of the tensor that `$.outputs[1].data[*]` leads into."""
    head, _, rest = path.partition("$.outputs[")
    number = rest.partition("]")[0]
    if head or not number.isdigit() or not isinstance(body, dict):
        return ""
    outputs = body.get("outputs")
    if not isinstance(outputs, list) or int(number) >= len(outputs) or not isinstance(outputs[int(number)], dict):
        return ""
    return str(clean(outputs[int(number)].get("name"), limit=200))


def _bounded(pair: Pair) -> Pair:
    """A pair whose large bodies are left out: twenty examples must not fill the memory."""
    again = None if pair.again is None else _small(pair.again)
    request = pair.request
    if request is not None and len(request.body) > 64 * 1024:
        request = replace(request, body=b"")
    return replace(pair, production=_small(pair.production), shadow=_small(pair.shadow), again=again, request=request)


def _small(answer: Answer) -> Answer:
    return answer if _values(answer.body, _LARGE) > 0 else replace(answer, body=None, truncated=True)


def _values(body: Any, left: int, depth: int = 0) -> int:
    """What is left of a budget after all values of a body are counted; at most 0: more than that, or too deep."""
    if depth > _DEEP:
        return 0
    left -= 1 + (len(body) // 32 if isinstance(body, str | bytes) else 0)
    if isinstance(body, dict | list):
        for value in body.values() if isinstance(body, dict) else body:
            if left <= 0:
                break
            left = _values(value, left, depth + 1)
    return left
