"""Which AnalysisRuns a rollout needs now, and what their verdicts do to it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from mlcd_tui.demo.controllers.argo.parts import (
    COMPLETED,
    DESIRED,
    HASH,
    REVISION,
    annotation,
    available,
    blue_green,
    canary,
    current_step,
    hash_of,
    is_blue_green,
    revision_of,
    size,
    status_of,
    wanted,
)
from mlcd_tui.demo.controllers.argo.turn import Turn
from mlcd_tui.demo.kinds import ANALYSISRUNS, ANALYSISTEMPLATES, CLUSTERANALYSISTEMPLATES
from mlcd_tui.demo.selectors import dig
from mlcd_tui.demo.statuses import ApiError
from mlcd_tui.demo.store import Store
from mlcd_tui.demo.work import owner_reference

Object = dict[str, Any]

STEP = "currentStepAnalysisRunStatus"
BACKGROUND = "currentBackgroundAnalysisRunStatus"
BEFORE = "prePromotionAnalysisRunStatus"
AFTER = "postPromotionAnalysisRunStatus"
_WORDS = {
    STEP: "Step-based analysis phase error/failed",
    BACKGROUND: "Background analysis phase error/failed",
    BEFORE: "Blue/green pre-promotion analysis phase error/failed",
    AFTER: "Blue/green post-promotion analysis phase error/failed",
}
_TYPES = {STEP: "Step", BACKGROUND: "Background", BEFORE: "PrePromotion", AFTER: "PostPromotion"}


def phase_of(run: Object | None) -> str:
    """The phase of a run, empty before it has one."""
    return str(status_of(run).get("phase", "")) if run else ""


def reconcile_analyses(turn: Turn) -> None:
    """Starts, ends and judges runs."""
    status = turn.old_status
    over = turn.promoted() or turn.is_aborted() or status.get("promoteFull") or turn.is_fast_rollback()
    found: dict[str, Object] = {}
    if over or not status.get("stableRS"):
        _cancel(turn, list(turn.runs.values()))
        found = {name: run for name, run in turn.runs.items() if name in {BEFORE, AFTER}}
    elif is_blue_green(turn.rollout):
        found = _blue_green_runs(turn)
    else:
        found = _canary_runs(turn)
    turn.runs = found
    part = "blueGreen" if is_blue_green(turn.rollout) else "canary"
    for name, run in found.items():
        seen = status_of(run)
        entry = {"name": run["metadata"]["name"], "status": phase_of(run)}
        turn.status[part][name] = {**entry, **({"message": seen["message"]} if seen.get("message") else {})}
        _tell_change(turn, name, run, (status.get(part) or {}).get(name))
    names = {run["metadata"]["name"] for run in found.values()}
    _cancel(turn, [run for run in turn.other_runs if run["metadata"]["name"] not in names])


def _tell_change(turn: Turn, name: str, run: Object, before: Object | None) -> None:
    phase = phase_of(run)
    if not phase or (before and (before["name"] != run["metadata"]["name"] or before.get("status") == phase)):
        return
    was = before.get("status", "") if before else "NoPreviousStatus"
    words = f"{_TYPES[name]} Analysis Run '{run['metadata']['name']}' Status New: '{phase}' Previous: '{was}'"
    turn.tell(f"AnalysisRun{phase}", words, warning=phase in {"Failed", "Error"})


def _canary_runs(turn: Turn) -> dict[str, Object]:
    found: dict[str, Object] = {}
    if run := _step_run(turn):
        found[STEP] = run
    if run := _background_run(turn):
        found[BACKGROUND] = run
    return found


def _step_run(turn: Turn) -> Object | None:
    run = turn.runs.get(STEP)
    if turn.old_status.get("pauseConditions") or turn.old_status.get("abort"):
        return run
    step, index = current_step(turn.rollout)
    stale = run is not None and (run["metadata"].get("labels") or {}).get("step-index") != str(index)
    if step is None or "analysis" not in step or stale:
        _cancel(turn, [run] if run else [])
        return None
    return _judged(turn, STEP, run, step["analysis"], str(index))


def _background_run(turn: Turn) -> Object | None:
    spec, run = canary(turn.rollout).get("analysis"), turn.runs.get(BACKGROUND)
    if not spec or not spec.get("templates"):
        _cancel(turn, [run] if run else [])
        return None
    _, index = current_step(turn.rollout)
    if (index or 0) < int(spec.get("startingStep") or 0) or not turn.old_status.get("currentPodHash"):
        return None
    if turn.pause_condition("InconclusiveAnalysisRun"):
        return run
    return _judged(turn, BACKGROUND, run, spec, "")


def _blue_green_runs(turn: Turn) -> dict[str, Object]:
    found: dict[str, Object] = {}
    selectors = turn.old_status.get("blueGreen") or {}
    active, current = selectors.get("activeSelector", ""), hash_of(turn.new)
    for name, field, infix in ((BEFORE, "prePromotionAnalysis", "pre"), (AFTER, "postPromotionAnalysis", "post")):
        spec, run = blue_green(turn.rollout).get(field), turn.runs.get(name)
        if not spec:
            continue
        wrong = active in {"", current} if name == BEFORE else active != current
        if turn.old_status.get("stableRS") == current or wrong or (run is None and not _enough(turn, name)):
            _cancel(turn, [run] if run else [])
        elif not turn.pause_condition("InconclusiveAnalysisRun"):
            run = _judged(turn, name, run, spec, infix)
        if run:
            found[name] = run
    return found


def _enough(turn: Turn, name: str) -> bool:
    preview, new = blue_green(turn.rollout).get("previewReplicaCount"), turn.new
    if new is None:
        return False
    if name == BEFORE and preview is not None:
        return size(new) == int(preview) == available(new)
    total = wanted(turn.rollout)
    return annotation(new, DESIRED) == str(total) and size(new) == total == available(new)


def _judged(turn: Turn, name: str, run: Object | None, spec: Object, infix: str) -> Object | None:
    if _needs_new(turn, run):
        return _create(turn, name, spec, infix)
    phase = phase_of(run)
    if phase == "Inconclusive":
        turn.added_pauses.append("InconclusiveAnalysisRun")
    elif phase in {"Error", "Failed"} and run:
        message = status_of(run).get("message")
        turn.added_abort = f"{_WORDS[name]}: {message}" if message else _WORDS[name]
    return run


def _needs_new(turn: Turn, run: Object | None) -> bool:
    if run is None:
        return True
    if turn.old_status.get("controllerPause") and not (
        turn.pause_condition("CanaryPauseStep") or turn.pause_condition("BlueGreenPause")
    ):
        return phase_of(run) == "Inconclusive"
    return turn.old_status.get("abortedAt") is not None


def _cancel(turn: Turn, runs: Sequence[Object]) -> None:
    for run in runs:
        if phase_of(run) not in COMPLETED and not run["spec"].get("terminate"):
            fresh = copy.deepcopy(turn.store.get(ANALYSISRUNS, turn.key[0], run["metadata"]["name"]))
            fresh["spec"]["terminate"] = True
            turn.store.update(ANALYSISRUNS, fresh)


def _create(turn: Turn, name: str, spec: Object, infix: str) -> Object | None:
    revision = str(revision_of(turn.rollout))
    base = "-".join(filter(None, (turn.key[1], hash_of(turn.new), revision, infix)))
    labels = {HASH: hash_of(turn.new), "rollout-type": _TYPES[name]}
    if name == STEP:
        labels["step-index"] = infix
    labels |= turn.rollout["spec"]["selector"].get("matchLabels") or {}
    args = arguments(spec.get("args") or (), turn.rollout, turn.stable, turn.new)
    run_spec = run_spec_of(turn.store, turn.key[0], spec["templates"], args)
    if "dryRun" in spec:
        run_spec["dryRun"] = spec["dryRun"]
    return create_run(turn.store, base, turn.rollout, run_spec, labels, {REVISION: revision})


def create_run(
    store: Store, base: str, owner: Object, spec: Object, labels: Object, annotations: Object
) -> Object | None:
    """Makes an AnalysisRun under the first name that is free."""
    namespace = owner["metadata"]["namespace"]
    for attempt in range(100):
        meta: Object = {"name": f"{base}.{attempt}" if attempt else base, "namespace": namespace}
        meta |= {"labels": labels, "annotations": annotations, "ownerReferences": [owner_reference(owner)]}
        try:
            return store.create(ANALYSISRUNS, {"metadata": meta, "spec": spec})
        except ApiError:
            there = store.get(ANALYSISRUNS, namespace, str(meta["name"]))
            if phase_of(there) not in COMPLETED and there["spec"] == spec:
                return there
    return None


def arguments(given: Sequence[Object], rollout: Object, stable: Object | None, new: Object | None) -> list[Object]:
    """The arguments of a run with their values."""
    found = []
    for argument in given:
        source = argument.get("valueFrom") or {}
        value = argument.get("value")
        if "podTemplateHashValue" in source:
            value = hash_of(new if source["podTemplateHashValue"] == "Latest" else stable)
        elif "fieldRef" in source:
            value = str(dig(rollout, source["fieldRef"]["fieldPath"]) or "")
        found.append({"name": argument["name"], **({"value": value} if value is not None else {})})
    return found


def run_spec_of(store: Store, namespace: str, templates: Sequence[Object], args: list[Object]) -> Object:
    """The spec of a run: the metrics of its templates with the arguments filled in over their defaults."""
    metrics: list[Object] = []
    values = {argument["name"]: argument for argument in args}
    for reference in templates:
        kind = CLUSTERANALYSISTEMPLATES if reference.get("clusterScope") else ANALYSISTEMPLATES
        where = "" if reference.get("clusterScope") else namespace
        template = store.get(kind, where, reference["templateName"])
        metrics += copy.deepcopy(template["spec"].get("metrics") or [])
        for argument in template["spec"].get("args") or ():
            values.setdefault(argument["name"], copy.deepcopy(argument))
    return {"metrics": metrics, **({"args": list(values.values())} if values else {})}
