"""AnalysisRuns: measurements in their time, and the verdict over them."""

from __future__ import annotations

import asyncio
import copy
import logging
import re
from typing import Any

from mlcd_tui.demo.clock import unix
from mlcd_tui.demo.controllers.argo.parts import COMPLETED, seconds, status_of
from mlcd_tui.demo.controllers.argo.providers import Reading, fetched, invented
from mlcd_tui.demo.kinds import ANALYSISRUNS
from mlcd_tui.demo.store import Store, key_of
from mlcd_tui.demo.work import REACTION, WorkQueue, record

Object = dict[str, Any]

_log = logging.getLogger(__name__)

_RETRY = 10.0
_REACTION = REACTION / 10
"""Quicker than a rollout's: its next look finds the verdict of a run that it started and that ends at once."""
_KEPT = 10
_WORST = ("Pending", "Running", "Successful", "Inconclusive", "Error", "Failed")
_COUNTS = {"Successful": "successful", "Failed": "failed", "Inconclusive": "inconclusive", "Error": "error"}


class AnalysisController:
    """Moves AnalysisRuns as argo-rollouts 1.10 does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue = WorkQueue(store, self._sync, _REACTION)
        self._queue.follow(ANALYSISRUNS)
        self._asking: dict[tuple[str, str], asyncio.Task[None]] = {}

    def _sync(self, namespace: str, name: str) -> None:
        run, metrics = self._opened(namespace, name)
        if status_of(run).get("phase") in COMPLETED:
            return
        for metric in metrics:
            if self._is_due(run, metric):
                self._measure(run, metric)
        if self._waits_for_answers(run, metrics):
            # as the real one, which waits for every answer before it writes
            return
        self._conclude(run, metrics)

    def _conclude(self, run: Object, metrics: list[Object]) -> None:
        status, (namespace, name) = run["status"], key_of(run)
        self._assess(run, metrics)
        self._store.update(ANALYSISRUNS, run)
        if status["phase"] in COMPLETED:
            words = f"Analysis Completed. Result: {status['phase']}"
            bad = status["phase"] in {"Failed", "Error"}
            record(self._store, run, f"AnalysisRun{status['phase']}", words, warning=bad)
            return
        waits = [wait for metric in metrics if (wait := self._wait(run, metric)) is not None]
        if waits:
            self._queue.after(max(min(waits), 0) + 0.05, (namespace, name))

    def _wait(self, run: Object, metric: Object) -> float | None:
        """Seconds until the next measurement of a metric is due; None when there is none to come."""
        result = _result(run, metric["name"])
        if (result or {}).get("phase") in COMPLETED or run["spec"].get("terminate"):
            return None
        now = self._store.clock.now()
        if result is None or not result["measurements"]:
            return unix(run["status"]["startedAt"]) + seconds(metric.get("initialDelay", 0)) - now
        count = _count(metric)
        if count is not None and result.get("count", 0) >= count:
            return None
        last = result["measurements"][-1]
        interval = _RETRY if last["phase"] == "Error" else seconds(metric.get("interval", _RETRY))
        return unix(last["finishedAt"]) + interval - now

    def _is_due(self, run: Object, metric: Object) -> bool:
        key = (run["metadata"]["uid"], metric["name"])
        wait = self._wait(run, metric)
        return wait is not None and wait <= 0 and key not in self._asking

    def _measure(self, run: Object, metric: Object) -> None:
        meta = run["metadata"]
        if "web" in (metric.get("provider") or {}):
            key = (meta["uid"], metric["name"])
            asking = self._ask(meta["uid"], meta["namespace"], meta["name"], metric, self._store.clock.text())
            self._asking[key] = asyncio.get_running_loop().create_task(asking)
            self._asking[key].add_done_callback(_look_at)
            return
        bounds = self._store.series.get(f"{meta['namespace']}/{metric['name']}", (0.985, 0.999))
        number = (_result(run, metric["name"]) or {}).get("count", 0)
        reading = invented(metric, bounds, f"{meta['uid']}/{metric['name']}/{number}")
        self._note(run, metric, reading, self._store.clock.text())

    async def _ask(self, uid: str, namespace: str, name: str, metric: Object, started: str) -> None:
        reading = await fetched(metric)
        self._asking.pop((uid, metric["name"]), None)
        run = self._store.find(ANALYSISRUNS, namespace, name)
        if run is None or run["metadata"]["uid"] != uid:
            return
        run, metrics = self._opened(namespace, name)
        self._note(run, metric, reading, started)
        if self._waits_for_answers(run, metrics):
            self._store.update(ANALYSISRUNS, run)
        else:
            self._conclude(run, metrics)

    def _opened(self, namespace: str, name: str) -> tuple[Object, list[Object]]:
        """A copy of a run with the beginnings of its status, and its metrics with their arguments."""
        run = self._store.copy(ANALYSISRUNS, namespace, name)
        status = run.setdefault("status", {})
        status.setdefault("startedAt", self._store.clock.text())
        status.setdefault("metricResults", [])
        return run, [_resolved(metric, run["spec"].get("args") or ()) for metric in run["spec"]["metrics"]]

    def _waits_for_answers(self, run: Object, metrics: list[Object]) -> bool:
        return any((run["metadata"]["uid"], metric["name"]) in self._asking for metric in metrics)

    def _note(self, run: Object, metric: Object, reading: Reading, started: str) -> None:
        result = _result(run, metric["name"])
        if result is None:
            result = {"name": metric["name"], "phase": "Running", "measurements": []}
            if (query := _query(metric)) is not None:
                result["metadata"] = {"ResolvedPrometheusQuery": query}
            if metric["name"] in _dry(run):
                result["dryRun"] = True
            run["status"]["metricResults"].append(result)
        measurement = {"phase": reading.phase, "startedAt": started, "finishedAt": self._store.clock.text()}
        if reading.value:
            measurement["value"] = reading.value
        if reading.message:
            measurement["message"] = reading.message
        result["measurements"] = [*result["measurements"], measurement][-_KEPT:]
        _tally(result, reading.phase)

    def _assess(self, run: Object, metrics: list[Object]) -> None:
        status, terminating = run["status"], bool(run["spec"].get("terminate"))
        dry, worst, message, all_done = _dry(run), "", "", True
        summary: Object = {"count": len(metrics)}
        dry_summary: Object = {"count": len([each for each in metrics if each["name"] in dry])}
        summary["count"] -= dry_summary["count"]
        for metric in metrics:
            result = _result(run, metric["name"])
            if result is None:
                all_done = False
                continue
            failing, why = _beyond_limits(metric, result)
            if result["phase"] not in COMPLETED:
                self._settle(run, metric, result, failing)
            if result["phase"] not in COMPLETED:
                all_done = False
                continue
            counted = dry_summary if metric["name"] in dry else summary
            field = _COUNTS[failing or "Successful"]
            counted[field] = counted.get(field, 0) + 1
            if metric["name"] in dry:
                worst = worst or "Successful"
            elif not worst or _WORST.index(result["phase"]) > _WORST.index(worst):
                worst = result["phase"]
                message = f'Metric "{metric["name"]}" assessed {worst} due to {why}' if why else message
                if why and result.get("message"):
                    message += f': "Error Message: {result["message"]}"'
        status["runSummary"], status["dryRunSummary"] = summary, dry_summary
        phase = worst if worst and (all_done or terminating or worst != "Successful") else "Running"
        if terminating and not worst:
            phase = "Successful"
        status["phase"] = phase
        if phase in COMPLETED:
            status["completedAt"] = self._store.clock.text()
            if message:
                status["message"] = message

    def _settle(self, run: Object, metric: Object, result: Object, failing: str) -> None:
        count = _count(metric)
        over = count is not None and result.get("count", 0) >= count
        phase = failing or ("Successful" if over or run["spec"].get("terminate") else "Running")
        if last := result["measurements"][-1].get("message"):
            result["message"] = last
        if phase in COMPLETED:
            words = f"Metric '{metric['name']}' Completed. Result: {phase}"
            record(self._store, run, f"Metric{phase}", words, warning=phase in {"Failed", "Error"})
        result["phase"] = phase


def _look_at(asked: asyncio.Task[None]) -> None:
    if not asked.cancelled() and (failure := asked.exception()):
        _log.error("a measurement failed", exc_info=failure)


def _result(run: Object, name: str) -> Object | None:
    return next((each for each in run["status"]["metricResults"] if each["name"] == name), None)


def _dry(run: Object) -> set[str]:
    patterns = [each["metricName"] for each in run["spec"].get("dryRun") or ()]
    names = [metric["name"] for metric in run["spec"]["metrics"]]
    return {name for name in names if any(re.fullmatch(pattern, name) for pattern in patterns)}


def _query(metric: Object) -> str | None:
    query = ((metric.get("provider") or {}).get("prometheus") or {}).get("query")
    return str(query).strip() if query else None


def _count(metric: Object) -> int | None:
    """How many measurements there shall be; None is for ever."""
    if metric.get("count") is not None:
        return int(metric["count"])
    return None if metric.get("interval") else 1


def _tally(result: Object, phase: str) -> None:
    field = _COUNTS[phase]
    result[field] = result.get(field, 0) + 1
    if phase == "Error":
        result["consecutiveError"] = result.get("consecutiveError", 0) + 1
        result.pop("consecutiveSuccess", None)
        return
    result["count"] = result.get("count", 0) + 1
    result.pop("consecutiveError", None)
    if phase == "Successful":
        result["consecutiveSuccess"] = result.get("consecutiveSuccess", 0) + 1
    else:
        result.pop("consecutiveSuccess", None)


def _beyond_limits(metric: Object, result: Object) -> tuple[str, str]:
    phase = why = ""
    for verdict, field, limit_name, label, default in _LIMITS:
        limit, number = int(metric.get(limit_name, default)), result.get(field, 0)
        if number > limit >= 0:
            phase, why = verdict, f"{label} ({number}) > {limit_name} ({limit})"
    return phase, why


_LIMITS: tuple[tuple[str, str, str, str, int], ...] = (
    ("Failed", "failed", "failureLimit", "failed", 0),
    ("Inconclusive", "inconclusive", "inconclusiveLimit", "inconclusive", 0),
    ("Error", "consecutiveError", "consecutiveErrorLimit", "consecutiveErrors", 4),
)


def _resolved(metric: Object, args: Any) -> Object:
    values = {argument["name"]: str(argument.get("value", "")) for argument in args}
    filled: Object = copy.deepcopy(metric)
    return {name: _fill(value, values) for name, value in filled.items()}


def _fill(value: Any, values: dict[str, str]) -> Any:
    if isinstance(value, str):
        return re.sub(r"\{\{\s*args\.([\w.-]+)\s*\}\}", lambda match: values.get(match[1], match[0]), value)
    if isinstance(value, dict):
        return {name: _fill(inner, values) for name, inner in value.items()}
    if isinstance(value, list):
        return [_fill(inner, values) for inner in value]
    return value
