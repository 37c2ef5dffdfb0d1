# ruff: noqa: N815 - the fields are called as the API calls them
"""The fields of a Rollout that decide where it stands, decoded straight from JSON.

A field that may hold anything is `Any`; a nested object may turn out to be `Absurd` and still decodes: one
mangled object must never end the list that it came in. `fit` gives the nested object or an empty one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from mlcd_tui.engines import _lean_pods
from mlcd_tui.engines._lean import Absurd, Lean
from mlcd_tui.engines._lean_pods import Blank, Identity, Odd, Template


class Annotations(Lean):
    """The annotations that matter here; the rest (last-applied-configuration …) is never kept."""

    revision: Any = msgspec.field(default=None, name="rollout.argoproj.io/revision")


class Metadata(Identity):
    """Object metadata."""

    annotations: Annotations | Absurd = None


class Pause(Lean):
    """A pause step."""

    duration: Any = None


class Scale(Lean):
    """A setCanaryScale step."""

    weight: Any = None
    replicas: Any = None
    matchTrafficWeight: Any = None


class Route(Lean):
    """A header or mirror route, or a plugin step."""

    name: Any = None
    percentage: Any = None
    match: list[Blank | Absurd] | Odd = None


class Step(Lean):
    """One canary step: which of its kinds is there, and the numbers."""

    setWeight: Any = None
    pause: Pause | Absurd = None
    experiment: Blank | Absurd = None
    analysis: Blank | Absurd = None
    setCanaryScale: Scale | Absurd = None
    setHeaderRoute: Route | Absurd = None
    setMirrorRoute: Route | Absurd = None
    plugin: Route | Absurd = None


Steps: TypeAlias = list[Step | Absurd]


class TrafficRouting(Lean):
    """Traffic router of a canary."""

    maxTrafficWeight: Any = None


class Canary(Lean):
    """The canary strategy."""

    steps: Steps | Odd = None
    trafficRouting: TrafficRouting | Absurd = None


class BlueGreen(Lean):
    """The blue/green strategy."""

    autoPromotionEnabled: Any = None
    autoPromotionSeconds: Any = None
    prePromotionAnalysis: Blank | Absurd = None
    postPromotionAnalysis: Blank | Absurd = None


class Strategy(Lean):
    """How a new version takes over."""

    canary: Canary | Absurd = None
    blueGreen: BlueGreen | Absurd = None


class WorkloadRef(Lean):
    """The object that the template comes from."""

    kind: Any = None
    name: Any = None


class Spec(Lean):
    """What is wished."""

    replicas: Any = None
    paused: Any = None
    restartAt: Any = None
    strategy: Strategy | Absurd = None
    template: Template | Absurd = None
    workloadRef: WorkloadRef | Absurd = None


class PauseCondition(Lean):
    """Why the controller paused."""

    reason: Any = None
    startTime: Any = None


class Condition(Lean):
    """A condition of the status."""

    type: Any = None
    status: Any = None
    reason: Any = None
    message: Any = None
    lastTransitionTime: Any = None


class RunStatus(Lean):
    """An analysis run as the status mentions it."""

    name: Any = None
    status: Any = None
    message: Any = None


class Destination(Lean):
    """A share of the traffic."""

    weight: Any = None
    serviceName: Any = None
    podTemplateHash: Any = None


class Weights(Lean):
    """The weights that the traffic router was given."""

    canary: Destination | Absurd = None
    additional: list[Destination | Absurd] | Odd = None
    verified: Any = None


class CanaryStatus(Lean):
    """What the controller tells of a canary."""

    weights: Weights | Absurd = None
    stablePingPong: Any = None
    currentStepAnalysisRunStatus: RunStatus | Absurd = None
    currentBackgroundAnalysisRunStatus: RunStatus | Absurd = None
    currentExperiment: Any = None


class BlueGreenStatus(Lean):
    """What the controller tells of a blue/green."""

    activeSelector: Any = None
    previewSelector: Any = None
    scaleUpPreviewCheckPoint: Any = None
    prePromotionAnalysisRunStatus: RunStatus | Absurd = None
    postPromotionAnalysisRunStatus: RunStatus | Absurd = None


Conditions: TypeAlias = list[Condition | Absurd]
PauseConditions: TypeAlias = list[PauseCondition | Absurd]


class Status(Lean):
    """What is."""

    phase: Any = None
    message: Any = None
    abort: Any = None
    promoteFull: Any = None
    controllerPause: Any = None
    pauseConditions: PauseConditions | Odd = None
    conditions: Conditions | Odd = None
    currentPodHash: Any = None
    stableRS: Any = None
    currentStepIndex: Any = None
    observedGeneration: Any = None
    workloadObservedGeneration: Any = None
    replicas: Any = None
    updatedReplicas: Any = None
    readyReplicas: Any = None
    availableReplicas: Any = None
    restartedAt: Any = None
    canary: CanaryStatus | Absurd = None
    blueGreen: BlueGreenStatus | Absurd = None


class LeanRollout(Lean):
    """One Rollout."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    spec: Spec | Absurd = None
    status: Status | Absurd = None


def from_raw(raw: Mapping[str, Any]) -> LeanRollout:
    """The lean form of a raw Rollout."""
    return _lean_pods.from_raw(LeanRollout, raw)
