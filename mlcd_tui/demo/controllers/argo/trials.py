"""The experiment step of a canary: its Experiment is made, watched and ended here."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from mlcd_tui.demo.controllers.argo.analyses import arguments
from mlcd_tui.demo.controllers.argo.parts import COMPLETED, REVISION, current_step, hash_of, revision_of, status_of
from mlcd_tui.demo.controllers.argo.turn import Turn, with_hash
from mlcd_tui.demo.kinds import EXPERIMENTS
from mlcd_tui.demo.work import owner_reference

Object = dict[str, Any]


def reconcile_experiments(turn: Turn) -> None:
    """One look at the experiments of a rollout."""
    everything = [*turn.other_experiments, *([turn.experiment] if turn.experiment else [])]
    if turn.is_aborted() or turn.old_status.get("promoteFull"):
        _cancel(turn, everything)
        return
    if turn.pause_condition("InconclusiveAnalysisRun"):
        return
    step, index = current_step(turn.rollout)
    if step is None or "experiment" not in step or index is None:
        _cancel(turn, everything)
        return
    if turn.experiment is None:
        if turn.stable is None or turn.new is None:
            return
        turn.experiment = _create(turn, step["experiment"], index)
    phase, message = status_of(turn.experiment).get("phase", ""), status_of(turn.experiment).get("message")
    if phase == "Inconclusive":
        turn.added_pauses.append("InconclusiveExperiment")
    elif phase in {"Error", "Failed"}:
        words = "Experiment analysis phase is error/failed"
        turn.added_abort = f"{words}: {message}" if message else words
    elif phase != "Successful":
        turn.status["canary"]["currentExperiment"] = turn.experiment["metadata"]["name"]
    present = turn.experiment["metadata"]["name"]
    _cancel(turn, [each for each in turn.other_experiments if each["metadata"]["name"] != present])


def _cancel(turn: Turn, experiments: Sequence[Object]) -> None:
    for experiment in experiments:
        if status_of(experiment).get("phase", "") not in COMPLETED and not experiment["spec"].get("terminate"):
            fresh = copy.deepcopy(turn.store.get(EXPERIMENTS, turn.key[0], experiment["metadata"]["name"]))
            fresh["spec"]["terminate"] = True
            turn.store.update(EXPERIMENTS, fresh)


def _create(turn: Turn, step: Object, index: int) -> Object:
    revision = str(revision_of(turn.rollout))
    base = f"{turn.key[1]}-{hash_of(turn.new)}-{revision}-{index}"
    name, attempt = base, 0
    while taken := turn.store.find(EXPERIMENTS, turn.key[0], name):
        if status_of(taken).get("phase", "") not in COMPLETED:
            return taken
        attempt += 1
        name = f"{base}.{attempt}"
    spec: Object = {"templates": [_template(turn, each) for each in step["templates"]]}
    if "duration" in step:
        spec["duration"] = step["duration"]
    if step.get("analyses"):
        spec["analyses"] = [
            {**each, "args": arguments(each.get("args") or (), turn.rollout, turn.stable, turn.new)}
            for each in step["analyses"]
        ]
    made = turn.store.create(
        EXPERIMENTS,
        {
            "metadata": {
                "name": name,
                "namespace": turn.key[0],
                "labels": with_hash(turn.rollout["metadata"].get("labels") or {}, hash_of(turn.new)),
                "annotations": {REVISION: revision},
                "ownerReferences": [owner_reference(turn.rollout)],
            },
            "spec": spec,
        },
    )
    turn.tell("ExperimentCreated", f"Created Experiment '{name}'")
    return made


def _template(turn: Turn, step: Object) -> Object:
    source = turn.new if step.get("specRef") == "canary" else turn.stable
    if source is None:
        return {"name": step["name"]}
    pods = copy.deepcopy(source["spec"]["template"])
    selector = copy.deepcopy(step.get("selector") or source["spec"]["selector"])
    extra = (step.get("metadata") or {}).get("labels") or {}
    pods["metadata"]["labels"] = {**(pods["metadata"].get("labels") or {}), **extra}
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), **extra}
    template: Object = {"name": step["name"], "selector": selector, "template": pods}
    if "replicas" in step:
        template["replicas"] = step["replicas"]
    if "weight" in step or "service" in step:
        template["service"] = step.get("service") or {}
    return template
