"""Where a Rollout stands, by the rules of the controller and of its own command line.

`State` reads a lean Rollout once; everything that is shown, offered or planned is decided on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import integer, later, maybe_integer, text, when
from mlcd_tui.engines._lean import fit, fits
from mlcd_tui.engines._lean_pods import PodSpec, Template, images
from mlcd_tui.engines._workload import version as image_version
from mlcd_tui.engines.argo import lean
from mlcd_tui.engines.argo.kinds import BLUE_GREEN_PAUSE, CANARY_PAUSE, INCONCLUSIVE

_DURATION = re.compile(r"^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)")
_DURATION_PARTS = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
STEP_KINDS = (
    "setWeight",
    "pause",
    "experiment",
    "analysis",
    "setCanaryScale",
    "plugin",
    "setHeaderRoute",
    "setMirrorRoute",
)


def pause_seconds(duration: object) -> int | None:
    """Seconds of a pause: None without end; one that cannot be read is over at once, as the controller has it."""
    if duration is None:
        return None
    number = maybe_integer(duration)
    if number is not None:
        return number
    value = text(duration)
    if len(value) > 60 or not _DURATION.match(value) or _DURATION_PARTS.sub("", value.lstrip("+-")):
        return -1
    total = sum(float(amount) * _UNITS[unit] for amount, unit in _DURATION_PARTS.findall(value))
    return -1 if value.startswith("-") or total > 2**31 else int(total)


def step_kind(step: lean.Step) -> str:
    """Which kind of step it is; `unknown` for none that we know."""
    for kind in STEP_KINDS:
        if getattr(step, kind) is not None:
            return kind
    return "unknown"


@dataclass(frozen=True, slots=True)
class PauseReason:
    """A pause of the controller's."""

    reason: str
    since: datetime | None


class State:
    """One Rollout, read. Plain attributes, no I/O, never raises on absurd fields."""

    __slots__ = (
        "aborted", "active_hash", "annotations", "available", "blue_green", "blue_green_status", "canary",
        "canary_status", "controller_pause", "current_hash", "desired", "generation", "in_flight", "index",
        "max_weight", "meta", "observed", "pauses", "preview_hash", "promote_full", "raw_index", "ready", "replicas",
        "revision", "routed", "spec", "spec_paused", "stable_hash", "status", "steps", "updated",
    )  # fmt: skip

    def __init__(self, rollout: lean.LeanRollout) -> None:
        self.meta = rollout.metadata
        self.spec = spec = fit(lean.Spec, rollout.spec)
        self.status = status = fit(lean.Status, rollout.status)
        strategy = fit(lean.Strategy, spec.strategy)
        self.canary = strategy.canary if isinstance(strategy.canary, lean.Canary) else None
        self.blue_green = strategy.blueGreen if isinstance(strategy.blueGreen, lean.BlueGreen) else None
        self.canary_status = fit(lean.CanaryStatus, status.canary)
        self.blue_green_status = fit(lean.BlueGreenStatus, status.blueGreen)
        self.annotations = fit(lean.Annotations, self.meta.annotations)
        self.revision = integer(self.annotations.revision)
        self.generation = integer(self.meta.generation)
        seen = maybe_integer(text(status.observedGeneration))
        # whether the controller has seen the spec; an observedGeneration of before 0.10 counts as seen
        self.observed = seen is None or seen >= self.generation
        self.desired = integer(spec.replicas, 1)
        self.replicas, self.updated = integer(status.replicas), integer(status.updatedReplicas)
        self.ready, self.available = integer(status.readyReplicas), integer(status.availableReplicas)
        self.aborted, self.promote_full = status.abort is True, status.promoteFull is True
        self.spec_paused, self.controller_pause = spec.paused is True, status.controllerPause is True
        self.stable_hash, self.current_hash = text(status.stableRS), text(status.currentPodHash)
        self.active_hash = text(self.blue_green_status.activeSelector)
        self.preview_hash = text(self.blue_green_status.previewSelector)
        self.in_flight = self.stable_hash != self.current_hash
        self.pauses = [
            PauseReason(text(p.reason), when(p.startTime)) for p in fits(lean.PauseCondition, status.pauseConditions)
        ]
        self._read_steps()

    def _read_steps(self) -> None:
        canary = self.canary
        given = canary.steps if canary is not None and isinstance(canary.steps, list) else []
        self.steps = [step if isinstance(step, lean.Step) else lean.Step() for step in given]
        self.raw_index = maybe_integer(self.status.currentStepIndex)
        self.index = min(max(self.raw_index or 0, 0), len(self.steps))
        routing = canary.trafficRouting if canary is not None else None
        self.routed = isinstance(routing, lean.TrafficRouting)
        limit = maybe_integer(routing.maxTrafficWeight) if isinstance(routing, lean.TrafficRouting) else None
        self.max_weight = limit if limit is not None and limit > 0 else 100

    @property
    def step(self) -> lean.Step | None:
        """The current step; None when there are none, or all are done."""
        return self.steps[self.index] if self.index < len(self.steps) else None

    @property
    def kind(self) -> str:
        """Kind of the current step; empty when there is none."""
        return step_kind(self.steps[self.index]) if self.index < len(self.steps) else ""

    @property
    def first(self) -> bool:
        """Whether the first version of all is going out: there is nothing to go back to."""
        return not self.stable_hash

    @property
    def never_ran(self) -> bool:
        """The controller has made nothing of it yet, as of a spec that it refuses: no step was done, no weight set."""
        return not self.stable_hash and not self.current_hash

    @property
    def unpausing(self) -> bool:
        """Pause conditions were cleared and the controller has not acted on it yet."""
        return self.controller_pause and not self.pauses

    @property
    def inconclusive(self) -> bool:
        """Whether the analysis of the current step could not tell good from bad."""
        run = fit(lean.RunStatus, self.canary_status.currentStepAnalysisRunStatus)
        return self.canary is not None and run.status == "Inconclusive"

    @property
    def auto_promotes(self) -> bool:
        """Whether a blue/green switches by itself."""
        return self.blue_green is not None and self.blue_green.autoPromotionEnabled is not False

    @property
    def switched(self) -> bool:
        """Whether the active Service of a blue/green points at the newest version."""
        return bool(self.active_hash) and self.active_hash == self.current_hash

    @property
    def counting_down(self) -> bool:
        """Whether a blue/green waits for its own time to be over.

        The controller (1.10) takes a cleared pause for one that never was, and begins the time anew.
        """
        if self.blue_green is None or not self.auto_promotes or integer(self.blue_green.autoPromotionSeconds) <= 0:
            return False
        if self.blue_green_status.scaleUpPreviewCheckPoint is True:
            return False
        return any(pause.reason == BLUE_GREEN_PAUSE for pause in self.pauses)

    @property
    def judging(self) -> bool:
        """Whether the analysis before the switch of a blue/green still runs.

        Tried on the controller (1.10): after a retry it pauses for the switch while the new run still runs. A pause
        that is cleared then is forgotten: when the run has passed it pauses again.
        """
        run = fit(lean.RunStatus, self.blue_green_status.prePromotionAnalysisRunStatus)
        going = bool(text(run.name)) and text(run.status) in {"", "Pending", "Running"}
        return self.canary is None and self.in_flight and not self.aborted and not self.switched and going

    @property
    def background_unsure(self) -> bool:
        """Whether the background analysis could not tell: wherever the steps go, it pauses or runs again."""
        run = fit(lean.RunStatus, self.canary_status.currentBackgroundAnalysisRunStatus)
        return self.canary is not None and run.status == "Inconclusive"

    @property
    def unsure(self) -> bool:
        """Whether one of the pauses is of an analysis or experiment that could not tell."""
        return any(pause.reason in INCONCLUSIVE for pause in self.pauses)

    @property
    def promotion(self) -> str:
        """What a promotion does now.

        `continue` (only take pauses away), `switch`, `countdown` (nothing: only a full promotion ends it), `judging`
        (nothing: the analysis before the switch comes first), `pause`
        (end the pause of a step), `analysis` or `experiment` (go past one that could not tell), `again` (let one that
        could not tell run again), `step` (leave the step).
        """
        if self.canary is None:
            if self.counting_down:
                return "countdown"
            if self.judging and self.pauses and not self.unsure:
                return "judging"
            return "continue" if not self.pauses else "again" if self.unsure else "switch"
        if self.step is None:
            return "again" if self.unsure else "continue"
        if self.inconclusive and self.pauses and self.controller_pause:
            return "analysis"
        if self.kind == "experiment" and any(pause.reason == INCONCLUSIVE[1] for pause in self.pauses):
            return "experiment"
        if self.unsure:
            return "again"  # even in a pause step: both pauses end together, and the analysis is made again
        if any(pause.reason == CANARY_PAUSE for pause in self.pauses):
            return "pause"
        return "again" if self.pauses else "step"

    def human(self) -> PauseReason | None:
        """The pause that only a person ends, by the controller's own rule."""
        for pause in self.pauses:
            if pause.reason in INCONCLUSIVE:
                return pause
            if pause.reason == CANARY_PAUSE and self.step is not None and self._endless():
                return pause
            if pause.reason == BLUE_GREEN_PAUSE and not self.auto_promotes:
                return pause
        return None

    def _endless(self) -> bool:
        step = self.step
        return step is not None and isinstance(step.pause, lean.Pause) and step.pause.duration is None

    def deadline(self) -> tuple[PauseReason, datetime] | None:
        """The pause that time ends, and when."""
        for pause in self.pauses:
            seconds: int | None = None
            step = self.step
            if pause.reason == CANARY_PAUSE and step is not None and isinstance(step.pause, lean.Pause):
                seconds = pause_seconds(step.pause.duration)
            elif pause.reason == BLUE_GREEN_PAUSE and self.auto_promotes and self.blue_green is not None:
                seconds = integer(self.blue_green.autoPromotionSeconds)
            end = later(pause.since, max(seconds, 0) if seconds is not None else None)
            if end is not None:
                return pause, end
        return None

    def set_weight(self) -> int:
        """The weight that is asked for now."""
        if self.aborted:
            return 0
        if self.step is None:
            return self.max_weight
        return self.weight_at(self.index)

    def weight_at(self, index: int) -> int:
        """The weight of the last setWeight step up to and including `index`; past the end it is all."""
        if index >= len(self.steps):
            return self.max_weight
        for at in range(index, -1, -1):
            if (weight := self.steps[at].setWeight) is not None:
                return integer(weight)
        return 0

    def actual_weight(self, canary_available: int | None = None) -> int | None:
        """The weight that is real, as the command line prints it; None where it takes ReplicaSets to know.

        Args:
            canary_available: available pods of the ReplicaSet that is tagged canary, where it is known.
        """
        if self.step is None:
            return self.max_weight
        if self.available <= 0:
            return 0
        if self.routed:
            weights = self.canary_status.weights
            if not isinstance(weights, lean.Weights):
                return self.set_weight()
            return integer(fit(lean.Destination, weights.canary).weight)
        if not self.in_flight:
            return 0
        if canary_available is None and self.replicas == self.available:
            canary_available = self.updated  # every pod that exists is available, so those of the canary are
        if canary_available is None:
            return None
        return canary_available * self.max_weight // self.available

    def given_away(self) -> int:
        """The weight that the stable version does not have now, by what the traffic router was given."""
        weights = self.canary_status.weights
        if not isinstance(weights, lean.Weights):
            return self.set_weight()
        extra = sum(integer(d.weight) for d in fits(lean.Destination, weights.additional))
        return integer(fit(lean.Destination, weights.canary).weight) + extra

    def mirror(self) -> int | None:
        """Percent of live traffic that is mirrored now; derived, for the status does not tell."""
        if self.aborted or self.promote_full or not self.in_flight or self.first:
            return None
        return self.mirror_at(self.index)

    def mirror_at(self, index: int) -> int | None:
        """Percent that is mirrored once the canary stands at step `index`; the end takes every route away."""
        if not self.routed or index >= len(self.steps):
            return None
        on: dict[str, int] = {}
        for step in self.steps[: index + 1]:
            route = step.setMirrorRoute
            if isinstance(route, lean.Route):
                on.pop(text(route.name), None)
                if isinstance(route.match, list) and route.match:
                    on[text(route.name)] = integer(route.percentage, 100)
        return max(on.values(), default=None)

    def _runs(self) -> list[lean.RunStatus]:
        told = (
            self.canary_status.currentStepAnalysisRunStatus,
            self.canary_status.currentBackgroundAnalysisRunStatus,
            self.blue_green_status.prePromotionAnalysisRunStatus,
            self.blue_green_status.postPromotionAnalysisRunStatus,
        )
        return [run for run in told if isinstance(run, lean.RunStatus) and run.name]

    def running_run(self) -> str:
        """Name of an analysis run that the status says is running; empty: none. Not clean."""
        return next((text(run.name) for run in self._runs() if text(run.status) in {"", "Pending", "Running"}), "")

    def told_runs(self) -> str:
        """Names of the analysis runs that the status tells of, to see by whether others took their place. Not clean."""
        return " ".join(text(run.name) for run in self._runs())

    def containers(self) -> tuple[tuple[Clean, Clean, bool], ...]:
        """Name and image of the template's containers, and whether they are init containers."""
        pod = fit(PodSpec, fit(Template, self.spec.template).spec)
        return images(pod.containers, pod.initContainers)

    def version(self, containers: tuple[tuple[Clean, Clean, bool], ...] | None = None) -> Clean:
        """Tag of the first container's image, else `rev N`."""
        containers = self.containers() if containers is None else containers
        tag = image_version(containers[0][1]) if containers else ""
        return clean(tag) or Clean(f"rev {self.revision}" if self.revision else "")

    def workload(self) -> tuple[str, str] | None:
        """Kind and name of the object that the template comes from. Not clean."""
        ref = self.spec.workloadRef
        if not isinstance(ref, lean.WorkloadRef) or not text(ref.name):
            return None
        return text(ref.kind), text(ref.name)

    def condition(self, kind: str) -> lean.Condition:
        """The condition of that type, or an empty one."""
        found: Any = next((c for c in fits(lean.Condition, self.status.conditions) if c.type == kind), None)
        return found or lean.Condition()
