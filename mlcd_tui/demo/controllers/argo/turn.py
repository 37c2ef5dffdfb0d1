"""One look of the controller at one rollout: what it found, what it decided, what it writes."""

from __future__ import annotations

import copy
from typing import Any

from mlcd_tui.demo.clock import unix
from mlcd_tui.demo.controllers.argo import conditions
from mlcd_tui.demo.controllers.argo.parts import (
    DEADLINE,
    DESIRED,
    HASH,
    abort_delay,
    annotation,
    blue_green,
    canary,
    count,
    fully_promoted,
    hash_of,
    revision_of,
    size,
    status_of,
    template_hash,
    wanted,
)
from mlcd_tui.demo.kinds import ANALYSISRUNS, EXPERIMENTS, REPLICASETS, ROLLOUTS
from mlcd_tui.demo.store import Store
from mlcd_tui.demo.work import WorkQueue, record

Object = dict[str, Any]

_RUNS = {
    "currentStepAnalysisRunStatus": "canary",
    "currentBackgroundAnalysisRunStatus": "canary",
    "prePromotionAnalysisRunStatus": "blueGreen",
    "postPromotionAnalysisRunStatus": "blueGreen",
}


class Turn:
    """The rollout, its ReplicaSets, runs and experiments as they are now, and the status in the making."""

    def __init__(self, store: Store, queue: WorkQueue, rollout: Object) -> None:
        self.store = store
        self.queue = queue
        self.rollout = rollout
        self.status: Object = {"canary": {}, "blueGreen": {}}
        for name in ("restartedAt",):
            if name in status_of(rollout):
                self.status[name] = status_of(rollout)[name]
        if weights := (status_of(rollout).get("canary") or {}).get("weights"):
            self.status["canary"]["weights"] = weights
        self.added_pauses: list[str] = []
        self.removed_pauses: list[str] = []
        self.clear_pauses = False
        self.added_abort: str | None = None
        self.removed_abort = False
        self.written = False
        self._find_replica_sets()
        self._find_runs()

    def _find_replica_sets(self) -> None:
        self.all = self.store.copies(self.rollout, REPLICASETS)
        self.all.sort(key=lambda each: str(each["metadata"]["creationTimestamp"]))
        wanted_hash = template_hash(self.rollout["spec"]["template"], status_of(self.rollout).get("collisionCount", 0))
        self.new = next((each for each in self.all if hash_of(each) == wanted_hash), None)
        stable_hash = status_of(self.rollout).get("stableRS")
        self.stable = next((each for each in self.all if stable_hash and hash_of(each) == stable_hash), None)
        left = unix(deadline) if self.new and (deadline := annotation(self.new, DEADLINE)) else 0.0
        self.new_within_delay = left > self.now

    def _find_runs(self) -> None:
        status = status_of(self.rollout)
        self.runs: dict[str, Object] = {}
        names: dict[str, str] = {}
        for field, strategy in _RUNS.items():
            if run := (status.get(strategy) or {}).get(field):
                names[run["name"]] = field
        self.other_runs: list[Object] = []
        for run in self.store.owned(self.rollout, ANALYSISRUNS):
            if field := names.get(run["metadata"]["name"], ""):
                self.runs[field] = run
            else:
                self.other_runs.append(run)
        present = (status.get("canary") or {}).get("currentExperiment")
        experiments = self.store.owned(self.rollout, EXPERIMENTS)
        self.experiment = next((each for each in experiments if each["metadata"]["name"] == present), None)
        self.other_experiments = [each for each in experiments if each is not self.experiment]

    # facts

    @property
    def now(self) -> float:
        """The present time."""
        return self.store.clock.now()

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name of the rollout."""
        return self.rollout["metadata"]["namespace"], self.rollout["metadata"]["name"]

    @property
    def old_status(self) -> Object:
        """The status as it was found."""
        return status_of(self.rollout)

    @property
    def others(self) -> list[Object]:
        """The ReplicaSets that are neither new nor stable."""
        return [each for each in self.all if each is not self.new and each is not self.stable]

    @property
    def older(self) -> list[Object]:
        """All ReplicaSets but the new one."""
        return [each for each in self.all if each is not self.new]

    def pause_condition(self, reason: str) -> Object | None:
        """The pause condition of that reason, or None."""
        found = self.old_status.get("pauseConditions") or ()
        return next((each for each in found if each["reason"] == reason), None)

    def is_aborted(self) -> bool:
        """Whether the update is aborted, by the status or by this turn."""
        if self.removed_abort:
            return False
        return self.added_abort is not None or bool(self.old_status.get("abort"))

    def halted(self) -> bool:
        """Whether nothing may move: paused by the user, or waiting for a verdict."""
        if self.rollout["spec"].get("paused"):
            return True
        return self.pause_condition("InconclusiveAnalysisRun") is not None

    def in_rollback_window(self) -> bool:
        """Whether the new version is an old one within spec.rollbackWindow."""
        if self.new is None or self.stable is None:
            return False
        new_at, stable_at = (unix(each["metadata"]["creationTimestamp"]) for each in (self.new, self.stable))
        revisions = (self.rollout["spec"].get("rollbackWindow") or {}).get("revisions", 0)
        if new_at >= stable_at or revisions <= 0:
            return False
        between = sum(new_at < unix(each["metadata"]["creationTimestamp"]) < stable_at for each in self.all)
        return bool(between < revisions)

    def is_fast_rollback(self) -> bool:
        """Whether steps are skipped, for the target is stable, within the window or still scaled up."""
        if self.new is None or self.stable is None:
            return False
        to_stable = self.old_status.get("stableRS") == hash_of(self.new)
        older = unix(self.new["metadata"]["creationTimestamp"]) < unix(self.stable["metadata"]["creationTimestamp"])
        if not to_stable and not older:
            return False
        within_delay = self.new_within_delay and bool(blue_green(self.rollout))
        return self.in_rollback_window() or within_delay or to_stable

    # deeds

    def tell(self, reason: str, message: str, *, warning: bool = False) -> None:
        """Records an event about the rollout."""
        record(self.store, self.rollout, reason, message, warning=warning)

    def again(self, seconds: float) -> None:
        """Looks at the rollout again later."""
        self.queue.after(seconds, self.key)

    def save(self, replica_set: Object) -> None:
        """Writes a ReplicaSet that was changed in place."""
        fresh = self.store.update(REPLICASETS, replica_set)
        replica_set["metadata"] = copy.deepcopy(fresh["metadata"])

    def annotate(self, replica_set: Object, name: str, value: str | None) -> None:
        """Sets or removes an annotation of a ReplicaSet."""
        notes = dict(replica_set["metadata"].get("annotations") or {})
        if notes.get(name) == value:
            return
        if value is None:
            notes.pop(name)
        else:
            notes[name] = value
        replica_set["metadata"]["annotations"] = notes
        self.save(replica_set)

    def scale(self, replica_set: Object, pods: int) -> bool:
        """Gives a ReplicaSet a size; whether that changed it."""
        before, total = size(replica_set), wanted(self.rollout)
        if before == pods and annotation(replica_set, DESIRED) == str(total):
            return False
        notes = {**(replica_set["metadata"].get("annotations") or {}), DESIRED: str(total)}
        if pods == 0 and not self.delays_scale_down_on_abort():
            notes.pop(DEADLINE, None)
        replica_set["metadata"]["annotations"] = notes
        replica_set["spec"]["replicas"] = pods
        self.save(replica_set)
        if before == pods:
            return False
        way, name = ("up" if before < pods else "down"), replica_set["metadata"]["name"]
        words = f"Scaled {way} ReplicaSet {name} (revision {revision_of(replica_set)}) from {before} to {pods}"
        self.tell("ScalingReplicaSet", words)
        return True

    def delays_scale_down_on_abort(self) -> bool:
        """Whether an aborted version keeps its pods for a while."""
        strategy = canary(self.rollout)
        if not self.is_aborted() or self.stable is None or (strategy and "trafficRouting" not in strategy):
            return False
        delay, given = abort_delay(self.rollout)
        return delay is not None and not (strategy.get("dynamicStableScale") and not given)

    # writing the status

    def base_status(self) -> None:
        """The part of the new status that both strategies share."""
        old, status = self.old_status, self.status
        status["currentPodHash"] = hash_of(self.new)
        status["replicas"] = count("replicas", self.all)
        status["updatedReplicas"] = count("replicas", [self.new])
        status["readyReplicas"] = count("readyReplicas", self.all)
        status["collisionCount"] = old.get("collisionCount")
        status["conditions"] = [each for each in old.get("conditions") or () if each["type"] != "InvalidSpec"]
        status["stableRS"] = old.get("stableRS", "")
        differs = status["currentPodHash"] != status["stableRS"]
        status["promoteFull"] = differs and bool(old.get("promoteFull"))

    def patch_conditions(self, changes: list[tuple[str, str, str, str]]) -> None:
        """Writes conditions alone, and the phase that follows."""
        status = copy.deepcopy(self.old_status)
        for type_, truth, reason, message in changes:
            conditions.put(status, type_, truth, reason, message, self.store.clock.text())
        status["observedGeneration"] = str(self.rollout["metadata"]["generation"])
        status["phase"], status["message"] = conditions.phase(self.rollout["spec"], status)
        self.write(status)

    def write(self, status: Object) -> None:
        """Writes the status, if it is another."""
        tidy = {name: value for name, value in status.items() if _matters(name, value)}
        for part in ("canary", "blueGreen"):
            inner = tidy.get(part) or {}
            tidy[part] = {name: value for name, value in inner.items() if _matters(name, value)}
        if tidy == self.old_status:
            return
        # the resolved template of a workloadRef is never written: /status leaves the spec alone
        self.store.update(ROLLOUTS, {"metadata": self.rollout["metadata"], "status": tidy}, "status")
        self.written = True

    def promoted(self) -> bool:
        """Whether the status as found has the desired version stable."""
        return fully_promoted(self.rollout)


def _matters(name: str, value: Any) -> bool:
    return (name == "currentStepIndex" and value is not None) or bool(value)


def selector_text(selector: Object) -> str:
    """A matchLabels selector as one text."""
    return ",".join(f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items()))


def with_hash(labels: Object, value: str) -> Object:
    """Labels with the pod-template hash among them."""
    return {**labels, HASH: value}
