"""AnalysisRuns: what was asked, what was measured, and why it stands where it stands."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from datetime import datetime

from mlcd_tui.domain.analysis import AnalysisRun, Measurement, Metric
from mlcd_tui.domain.refs import JSON
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import (
    annotations_of,
    created,
    dig,
    integer,
    labels_of,
    maybe_integer,
    name_of,
    owned_by,
    rows,
    table,
    text,
    when,
)
from mlcd_tui.engines.argo.kinds import REVISION, RUN_TYPE, STEP_INDEX

_THRESHOLD = re.compile(
    r"^\s*(?:result(?:\[0\])?|asFloat\(result(?:\[0\])?\))\s*(?:<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*$"
)
_MEASUREMENTS = 500  # a metric may be measured for days; the newest are shown
_BAD = frozenset({"Failed", "Error", "Inconclusive"})


def chart_number(value: object) -> float | None:
    """The number of a measurement, if it is one finite number or a list of one."""
    given = text(value)
    if not given or len(given) > 400:
        return None
    try:
        number = json.loads(given)
    except (ValueError, RecursionError):
        return None
    if isinstance(number, list) and len(number) == 1:
        number = number[0]
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    try:
        return float(number) if math.isfinite(number) else None
    except OverflowError:
        return None


def threshold(condition: object) -> float | None:
    """The number in a condition such as `result[0] >= 0.95`."""
    match = _THRESHOLD.match(text(condition)[:200])
    number = float(match.group(1)) if match else None
    return number if number is not None and math.isfinite(number) else None


def _measurement(raw: JSON) -> Measurement:
    return Measurement(
        phase=clean(text(raw.get("phase")), limit=40),
        value=clean(text(raw.get("value")), limit=400),
        message=clean(text(raw.get("message"))),
        started=when(raw.get("startedAt")),
        finished=when(raw.get("finishedAt")),
        number=chart_number(raw.get("value")),
    )


def _provider(spec: JSON) -> tuple[str, str]:
    """Kind of the provider and what it is asked."""
    for kind, body in table(spec.get("provider")).items():
        if kind == "plugin":
            names = list(table(body))
            inner = table(body).get(names[0]) if names else None
            return f"plugin {names[0] if names else ''}", _question(inner)
        return kind, _question(body)
    return "", ""


def _question(body: object) -> str:
    for key in ("query", "url", "address"):
        if asked := text(dig(body, key)):
            return asked
    queries = table(dig(body, "queries"))
    if queries:
        return "; ".join(f"{key}={value}" for key, value in queries.items())
    return json.dumps(body, default=str)[:400] if body else ""


class _Tally:
    """The numbers of one metric result."""

    __slots__ = ("consecutive_error", "consecutive_success", "count", "error", "failed", "inconclusive", "successful")

    def __init__(self, result: JSON) -> None:
        self.count = integer(result.get("count"))
        self.successful = integer(result.get("successful"))
        self.failed = integer(result.get("failed"))
        self.inconclusive = integer(result.get("inconclusive"))
        self.error = integer(result.get("error"))
        self.consecutive_error = integer(result.get("consecutiveError"))
        self.consecutive_success = integer(result.get("consecutiveSuccess"))


def _metric(spec: JSON, result: JSON, *, dry: bool, terminated: bool) -> Metric:
    tally = _Tally(result)
    provider, query = _provider(spec)
    measured = tuple(_measurement(m) for m in rows(result.get("measurements"))[-_MEASUREMENTS:])
    phase = text(result.get("phase"))
    return Metric(
        name=clean(text(spec.get("name")) or text(result.get("name")), limit=256),
        phase=clean(phase, limit=40),
        message=clean(text(result.get("message"))),
        verdict=clean(_verdict(spec, phase, tally, measured, dry=dry, terminated=terminated)),
        provider=clean(provider, limit=120),
        query=clean(query, limit=4000),
        success_condition=clean(text(spec.get("successCondition")), limit=500),
        failure_condition=clean(text(spec.get("failureCondition")), limit=500),
        interval=clean(text(spec.get("interval")), limit=40),
        count_limit=clean(spec.get("count"), limit=40),
        failure_limit=integer(spec.get("failureLimit")),
        inconclusive_limit=integer(spec.get("inconclusiveLimit")),
        error_limit=integer(spec.get("consecutiveErrorLimit"), 4),
        count=tally.count,
        successful=tally.successful,
        failed=tally.failed,
        inconclusive=tally.inconclusive,
        error=tally.error,
        dry_run=dry,
        threshold=threshold(spec.get("successCondition") or spec.get("failureCondition")),
        measurements=measured,
    )


def _latest(measured: Iterable[Measurement], phases: frozenset[str]) -> Measurement | None:
    return next((m for m in reversed(tuple(measured)) if m.phase in phases), None)


def _times(count: int) -> str:
    return f"{count} measurement" + ("" if count == 1 else "s")


def _met(spec: JSON, measurement: Measurement) -> str:
    """How one measurement met or missed the conditions, in words."""
    success, failure = text(spec.get("successCondition")), text(spec.get("failureCondition"))
    if not measurement.value and not (success or failure) and measurement.phase != "Error":
        return measurement.message or "no value"
    value = measurement.value or "no value"
    if measurement.phase == "Error":
        return f"the measurement failed: {measurement.message or 'no reason given'}"
    if measurement.phase == "Failed":
        return f"{value} meets the failure condition {failure}" if failure and not success else (
            f"{value} does not meet {success}" if success else f"{value} failed"
        )  # fmt: skip
    if measurement.phase == "Inconclusive":
        return f"{value} meets neither {success or 'success'} nor {failure or 'failure'}"
    return f"{value} meets {success}" if success else f"{value} does not meet {failure}" if failure else value


def _verdict(
    spec: JSON, phase: str, tally: _Tally, measured: tuple[Measurement, ...], *, dry: bool, terminated: bool
) -> str:
    """One sentence: the value, the condition, and which limit decided; contradictions are told."""
    tail = " (dry run: it does not decide)" if dry else ""
    if not phase or (not measured and phase in {"Pending", "Running"}):
        return f"nothing measured yet{tail}"
    decisive = _latest(measured, frozenset({phase}) & _BAD) or (measured[-1] if measured else None)
    last = _met(spec, decisive) if decisive else ""
    match phase:
        case "Failed":
            limit = integer(spec.get("failureLimit"))
            sentence = f"{last or 'it failed'}; {tally.failed} failed, {max(limit, 0)} allowed"
        case "Inconclusive":
            limit = integer(spec.get("inconclusiveLimit"))
            sentence = f"{last or 'undecided'}; {tally.inconclusive} inconclusive, {limit} allowed"
        case "Error":
            limit = integer(spec.get("consecutiveErrorLimit"), 4)
            sentence = f"{last or 'errors'}; {tally.consecutive_error} errors in a row, {limit} allowed"
        case "Successful":
            sentence = _success(spec, tally, last, terminated=terminated)
        case _:
            wanted = text(spec.get("count")) or maybe_integer(spec.get("count"))
            sentence = f"{last}; {tally.successful} of {wanted or 'unlimited'} good so far"
    return sentence + tail


def _success(spec: JSON, tally: _Tally, last: str, *, terminated: bool) -> str:
    good, total = tally.successful, tally.successful + tally.failed + tally.inconclusive + tally.error
    wanted = maybe_integer(spec.get("count"))
    if total and not good:
        cause = "it was stopped early" if terminated else "the limits allow it"
        return f"called successful though none of {_times(total)} was good: {cause}"
    if terminated and (wanted is None or tally.count < wanted):
        taken = f"{tally.count} of {wanted}" if wanted else _times(tally.count)
        return f"called successful because it was stopped early, after {taken}; {last}".rstrip("; ")
    return f"{last or 'passed'}; {good} of {_times(total)} good"


def _metrics(raw: JSON, *, terminated: bool) -> tuple[Metric, ...]:
    results = {text(r.get("name")): r for r in rows(dig(raw, "status", "metricResults"))}
    patterns = [text(d.get("metricName")) for d in rows(dig(raw, "spec", "dryRun"))]
    specs = {text(m.get("name")): m for m in rows(dig(raw, "spec", "metrics"))}
    found = []
    for name in [*specs, *(name for name in results if name not in specs)]:
        result = results.get(name, {})
        dry = result.get("dryRun") is True or (not result and any(_matches(p, name) for p in patterns))
        found.append(_metric(specs.get(name, {}), result or {"name": name}, dry=dry, terminated=terminated))
    return tuple(sorted(found, key=lambda metric: metric.dry_run))


def _matches(pattern: str, name: str) -> bool:
    """Whether a dry-run entry means this metric; a pattern that is more than a name or `.*` waits for the result."""
    return pattern in {name, ".*", "*"}


def _jobs(raw: JSON) -> tuple[Clean, ...]:
    names = (
        text(dig(measurement, "metadata", "job-name"))
        for result in rows(dig(raw, "status", "metricResults"))
        for measurement in rows(result.get("measurements"))
    )
    return tuple(clean(name, limit=256) for name in names if name)


def analysis_run(raw: JSON) -> AnalysisRun:
    """One AnalysisRun, with the verdict of each of its metrics; those that only run dry come last."""
    labels, terminate = labels_of(raw), dig(raw, "spec", "terminate") is True
    return AnalysisRun(
        name=clean(name_of(raw), limit=256),
        phase=clean(text(dig(raw, "status", "phase")), limit=40),
        message=clean(text(dig(raw, "status", "message"))),
        kind=clean(text(labels.get(RUN_TYPE)), limit=40),
        step_index=maybe_integer(labels.get(STEP_INDEX)),
        revision=integer(annotations_of(raw).get(REVISION)),
        started=when(dig(raw, "status", "startedAt")),
        completed=when(dig(raw, "status", "completedAt")),
        terminate=terminate,
        metrics=_metrics(raw, terminated=terminate),
        jobs=_jobs(raw),
    )


def runs_of(owner_uid: str, raws: Iterable[JSON]) -> tuple[AnalysisRun, ...]:
    """The runs that an object owns: newest revision first, oldest first within, as the command line sorts them."""
    owned = [raw for raw in raws if owned_by(raw, owner_uid)]
    owned.sort(key=name_of, reverse=True)
    owned.sort(key=lambda raw: (-integer(annotations_of(raw).get(REVISION)), _stamp(created(raw))))
    return tuple(analysis_run(raw) for raw in owned)


def _stamp(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
