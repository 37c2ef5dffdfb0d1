"""Experiments: templates scaled up side by side for a while, with analyses beside them."""

from __future__ import annotations

import copy
from typing import Any

from mlcd_tui.demo.clock import unix
from mlcd_tui.demo.controllers.argo.analyses import create_run, phase_of, run_spec_of
from mlcd_tui.demo.controllers.argo.parts import (
    COMPLETED,
    HASH,
    available,
    count,
    seconds,
    size,
    status_of,
    template_hash,
)
from mlcd_tui.demo.controllers.argo.turn import with_hash
from mlcd_tui.demo.kinds import ANALYSISRUNS, EXPERIMENTS, REPLICASETS, SERVICES
from mlcd_tui.demo.statuses import ApiError
from mlcd_tui.demo.store import Store
from mlcd_tui.demo.work import WorkQueue, owner_key, owner_reference, record

Object = dict[str, Any]

EXPERIMENT_NAME = "experiment.argoproj.io/name"
TEMPLATE_NAME = "experiment.argoproj.io/template-name"
_PROGRESS_SECONDS = 600.0


class ExperimentController:
    """Moves Experiments as argo-rollouts 1.10 does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue = WorkQueue(store, self._sync)
        self._queue.follow(EXPERIMENTS)
        self._queue.follow(REPLICASETS, owner_key("Experiment"))
        self._queue.follow(ANALYSISRUNS, owner_key("Experiment"))

    def _sync(self, namespace: str, name: str) -> None:
        experiment = self._store.copy(EXPERIMENTS, namespace, name)
        status = experiment.setdefault("status", {})
        if status.get("phase") in COMPLETED and not self._still_up(experiment):
            return
        over = status.get("phase") in COMPLETED or bool(experiment["spec"].get("terminate"))
        over = over or self._time_left(experiment) == 0.0
        templates = experiment["spec"]["templates"]
        status["templateStatuses"] = [self._template(experiment, template, over=over) for template in templates]
        status["analysisRuns"] = self._analyses(experiment)
        if not status["analysisRuns"]:
            status.pop("analysisRuns")
        self._assess(experiment, over=over)
        self._store.update(EXPERIMENTS, experiment)
        if (left := self._time_left(experiment)) and status["phase"] not in COMPLETED:
            self._queue.after(left + 0.05, (namespace, name))

    def _time_left(self, experiment: Object) -> float | None:
        """Seconds until the duration is over; None when there is none or it has not begun."""
        began, duration = status_of(experiment).get("availableAt"), experiment["spec"].get("duration")
        if not began or not duration:
            return None
        return max(unix(began) + seconds(duration) - self._store.clock.now(), 0.0)

    def _replica_set(self, experiment: Object, template: Object) -> Object | None:
        found = self._store.owned(experiment, REPLICASETS)
        name = template["name"]
        return next((each for each in found if each["metadata"]["annotations"][TEMPLATE_NAME] == name), None)

    def _still_up(self, experiment: Object) -> bool:
        return any(size(each) for each in self._store.owned(experiment, REPLICASETS))

    def _template(self, experiment: Object, template: Object, *, over: bool) -> Object:
        wanted = 0 if over else int(template.get("replicas", 1))
        replica_set = self._replica_set(experiment, template)
        old: Object = next(
            (each for each in status_of(experiment).get("templateStatuses") or () if each["name"] == template["name"]),
            {},
        )
        status: Object = {"name": template["name"], "lastTransitionTime": old.get("lastTransitionTime")}
        status["lastTransitionTime"] = status["lastTransitionTime"] or self._store.clock.text()
        if replica_set is None:
            replica_set = self._create(experiment, template, wanted)
        elif size(replica_set) != wanted:
            fresh = copy.deepcopy(replica_set)
            fresh["spec"]["replicas"] = wanted
            replica_set = self._store.update(REPLICASETS, fresh)
        status["podTemplateHash"] = replica_set["metadata"]["labels"][HASH]
        if "service" in template and not over:
            status["serviceName"] = self._service(experiment, template, replica_set)
        status["replicas"] = status["updatedReplicas"] = count("replicas", [replica_set])
        status["readyReplicas"] = count("readyReplicas", [replica_set])
        status["availableReplicas"] = available(replica_set)
        status["status"] = old.get("status", "")
        if status["status"] not in COMPLETED:
            status["status"] = self._template_phase(status, wanted, over=over)
            if status["status"] == "Failed":
                words = f"Template '{template['name']}' exceeded its progressDeadlineSeconds ({int(_PROGRESS_SECONDS)})"
                status["message"] = words
        if status["status"] != old.get("status", ""):
            words = f"Template '{template['name']}' transitioned from {old.get('status', '')} -> {status['status']}"
            bad = status["status"] == "Failed"
            record(self._store, experiment, f"Template{status['status']}", words, warning=bad)
        return status

    def _template_phase(self, status: Object, wanted: int, *, over: bool) -> str:
        if over:
            return "Successful"
        if status["availableReplicas"] == wanted:
            return "Running"
        late = unix(status["lastTransitionTime"]) + _PROGRESS_SECONDS < self._store.clock.now()
        return "Failed" if late else "Progressing"

    def _create(self, experiment: Object, template: Object, wanted: int) -> Object:
        meta = experiment["metadata"]
        pod_hash = template_hash([meta["name"], template["name"], template["template"]])
        pods = copy.deepcopy(template["template"])
        labels = with_hash(pods["metadata"].get("labels") or {}, pod_hash)
        pods["metadata"]["labels"] = labels
        selector = with_hash((template.get("selector") or {}).get("matchLabels") or {}, pod_hash)
        fresh: Object = {
            "metadata": {
                "name": f"{meta['name']}-{template['name']}",
                "namespace": meta["namespace"],
                "labels": labels,
                "annotations": {EXPERIMENT_NAME: meta["name"], TEMPLATE_NAME: template["name"]},
                "ownerReferences": [owner_reference(experiment)],
            },
            "spec": {"replicas": wanted, "selector": {"matchLabels": selector}, "template": pods},
        }
        return self._store.create(REPLICASETS, fresh)

    def _service(self, experiment: Object, template: Object, replica_set: Object) -> str:
        meta = replica_set["metadata"]
        name = (template["service"] or {}).get("name") or meta["name"]
        ports = [
            {"port": port["containerPort"], "targetPort": port["containerPort"], "protocol": "TCP"}
            for container in replica_set["spec"]["template"]["spec"]["containers"]
            for port in container.get("ports") or ()
        ]
        fresh: Object = {
            "metadata": {
                "name": name,
                "namespace": meta["namespace"],
                "annotations": {EXPERIMENT_NAME: experiment["metadata"]["name"], TEMPLATE_NAME: template["name"]},
                "ownerReferences": [owner_reference(experiment)],
            },
            "spec": {"selector": replica_set["spec"]["selector"]["matchLabels"], "ports": ports, "type": "ClusterIP"},
        }
        if self._store.find(SERVICES, meta["namespace"], name) is None:
            self._store.create(SERVICES, fresh)
        return str(name)

    def _analyses(self, experiment: Object) -> list[Object]:
        status, meta = experiment["status"], experiment["metadata"]
        found: list[Object] = []
        old = {each["name"]: each for each in status.get("analysisRuns") or ()}
        for analysis in experiment["spec"].get("analyses") or ():
            entry = dict(old.get(analysis["name"]) or {})
            if not entry:
                if "availableAt" not in status:
                    continue
                try:
                    spec = run_spec_of(self._store, meta["namespace"], [analysis], analysis.get("args") or [])
                except ApiError as error:
                    found.append({"name": analysis["name"], "phase": "Error", "message": error.message})
                    continue
                labels = {"experiment-name": meta["name"]}
                run = create_run(self._store, f"{meta['name']}-{analysis['name']}", experiment, spec, labels, {})
                if run is None:
                    continue
                entry = {"name": analysis["name"], "analysisRun": run["metadata"]["name"], "phase": "Pending"}
            elif run := self._store.find(ANALYSISRUNS, meta["namespace"], entry.get("analysisRun", "")):
                entry["phase"] = phase_of(run) or "Pending"
                if status_of(run).get("message"):
                    entry["message"] = status_of(run)["message"]
            found.append(entry)
        return found

    def _assess(self, experiment: Object, *, over: bool) -> None:
        status, before = experiment["status"], experiment["status"].get("phase", "")
        if before in COMPLETED:
            return
        templates = {each["status"] for each in status["templateStatuses"]}
        runs = [each for each in status.get("analysisRuns") or () if each["phase"] in COMPLETED]
        bad = next((each for each in runs if each["phase"] != "Successful"), None)
        required = {
            each["name"] for each in experiment["spec"].get("analyses") or () if each.get("requiredForCompletion")
        }
        finished = bool(required) and required <= {each["name"] for each in runs}
        if bad:
            status["phase"] = bad["phase"]
            status["message"] = f"Analysis '{bad['name']}' {bad['phase'].lower()}: {bad.get('message', '')}".rstrip(
                ": "
            )
        elif "Failed" in templates:
            status["phase"] = "Failed"
            status["message"] = next(
                each["message"] for each in status["templateStatuses"] if each["status"] == "Failed"
            )
        elif over or finished:
            status["phase"] = "Successful"
        elif templates == {"Running"}:
            status["phase"] = "Running"
            status.setdefault("availableAt", self._store.clock.text())
        else:
            status["phase"] = "Pending" if before in {"", "Pending"} else before
        if status["phase"] != before:
            words = f"Experiment transitioned from {before} -> {status['phase']}"
            is_bad = status["phase"] in {"Failed", "Error"}
            record(self._store, experiment, f"Experiment{status['phase']}", words, warning=is_bad)
