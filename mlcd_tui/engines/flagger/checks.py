"""The analysis of a run: its metrics and acceptance hooks, with what the events told of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlcd_tui.domain.analysis import AnalysisRun, Measurement, Metric
from mlcd_tui.domain.refs import JSON
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import dig, rows, text
from mlcd_tui.engines.flagger.canary import CanaryState
from mlcd_tui.engines.flagger.events import Halt, halts
from mlcd_tui.engines.flagger.kinds import Phase

_MOST_METRICS = 50
_BUILT_IN = {"request-success-rate": "success rate", "request-duration": "request duration"}
"""Metrics whose events call them otherwise than the spec."""


def runs(canary: CanaryState, events: Sequence[JSON]) -> tuple[AnalysisRun, ...]:
    """The analysis of the present run, or of the one that failed; nothing where nothing is checked."""
    failed = canary.phase is Phase.FAILED
    if not canary.running and not failed:
        return ()
    told = halts(events, None if failed else canary.begun)
    metrics = [_metric(canary, each, told) for each in rows(canary.analysis.get("metrics"))[:_MOST_METRICS]]
    metrics += [
        _made(each.name, "webhook", each.url, "", _of(told, each.name), canary.threshold)
        for each in canary.webhooks[:_MOST_METRICS]
        if each.kind == "rollout"
    ]
    if not metrics:
        return ()
    phase = "Failed" if failed else "Running" if canary.phase in {Phase.PROGRESSING, Phase.WAITING} else "Successful"
    begun = None if failed else canary.begun
    return (
        AnalysisRun(
            name=clean(canary.meta.name, limit=256),
            phase=Clean(phase),
            message=clean(f"{canary.failed_checks} of {canary.threshold} failed")
            if canary.failed_checks
            else Clean(""),
            kind=Clean("Background"),
            started=begun,
            completed=canary.begun if failed else None,
            metrics=tuple(metrics),
        ),
    )


def _metric(canary: CanaryState, raw: JSON, told: Sequence[Halt]) -> Metric:
    name = text(raw.get("name"))
    template = text(dig(raw, "templateRef", "name"))
    provider = f"template {template}" if template else "built in" if name in _BUILT_IN else "query"
    allowed = _allowed(raw)
    return _made(name, provider, text(raw.get("query")), allowed, _of(told, name), canary.threshold)


def _allowed(raw: JSON) -> str:
    parts = []
    for key, sign in (("min", ">="), ("max", "<=")):
        value = dig(raw, "thresholdRange", key)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            parts.append(f"result {sign} {value:g}")
    return " and ".join(parts)


def _of(told: Sequence[Halt], name: str) -> list[Halt]:
    wanted = {name, _BUILT_IN.get(name, name)}
    return [halt for halt in told if halt.name in wanted]


def _made(name: str, provider: str, query: str, allowed: str, told: Sequence[Halt], limit: int) -> Metric:
    newest = told[-1] if told else None
    count = sum(halt.count for halt in told)
    return Metric(
        name=clean(name, limit=256),
        phase=Clean("Failed" if newest else "Running"),
        verdict=newest.sentence if newest else Clean("no failure told"),
        provider=clean(provider, limit=256),
        query=clean(query, limit=1_000),
        success_condition=clean(allowed, limit=200),
        failure_limit=limit,
        count=count,
        failed=count,
        measurements=tuple(_measurement(halt) for halt in told[-20:]),
    )


def _measurement(halt: Halt) -> Measurement:
    return Measurement(
        Clean("Failed"),
        clean(halt.value, limit=80),
        halt.sentence,
        finished=halt.at,
        number=_number(halt.value),
    )


def _number(value: str) -> float | None:
    try:
        found = float(value.removesuffix("%"))
    except ValueError:
        return None
    return found if math.isfinite(found) else None
