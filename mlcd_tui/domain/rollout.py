"""A rollout: the summary that a fleet shows, and the detail of an opened one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mlcd_tui.domain.analysis import AnalysisRun
from mlcd_tui.domain.plan import Ability
from mlcd_tui.domain.refs import JSON, Resource, RolloutRef
from mlcd_tui.domain.text import Clean
from mlcd_tui.domain.traffic import Mirror, TrafficTarget


class Phase(StrEnum):
    """Where a rollout stands."""

    HEALTHY = "Healthy"
    PROGRESSING = "Progressing"
    PAUSED = "Paused"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"


class Strategy(StrEnum):
    """How a new version takes over."""

    CANARY = "canary"
    BLUE_GREEN = "blueGreen"
    ROLLING = "rolling"
    RECREATE = "recreate"


class Role(StrEnum):
    """What a version is to its rollout."""

    STABLE = "stable"
    CANARY = "canary"
    ACTIVE = "active"
    PREVIEW = "preview"
    PING = "ping"
    PONG = "pong"
    NEW = "new"
    """The version that a rolling update brings: it takes over pod by pod, with no share of its own."""


class StepState(StrEnum):
    """Where a step stands."""

    DONE = "done"
    CURRENT = "current"
    TODO = "todo"
    FAILED = "failed"
    SKIPPED = "skipped"


class WaitFor(StrEnum):
    """What a rollout waits for."""

    NOTHING = "nothing"
    PERSON = "person"
    TIMER = "timer"
    ANALYSIS = "analysis"
    EXPERIMENT = "experiment"
    PODS = "pods"
    CONTROLLER = "controller"
    REPAIR = "repair"
    """Degraded: somebody must mend, retry, or go back."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What it waits for, since when, until when."""

    what: WaitFor = WaitFor.NOTHING
    sentence: Clean = Clean("")
    """For the eye, without times: `your promotion`, `3 of 5 pods`, `analysis error-rate`."""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class StepPosition:
    """Step `index` (from 0, equal to `count` when all are done) of `count`."""

    index: int
    count: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a canary."""

    index: int
    kind: Clean
    """setWeight, pause, experiment, analysis, setCanaryScale, setHeaderRoute, setMirrorRoute, plugin, or unknown."""
    caption: Clean
    """Short: `set 20 %`, `pause 10 m`, `mirror 50 %`."""
    state: StepState = StepState.TODO
    details: tuple[tuple[Clean, Clean], ...] = ()
    """Label and value of each of its fields."""


@dataclass(frozen=True, slots=True)
class Weight:
    """Percent of live traffic for the new version: asked and observed. Weights are of `maximum` (mostly 100)."""

    set: int | None
    actual: int | None
    """None: the objects at hand do not tell."""
    maximum: int = 100
    verified: bool | None = None
    additional: tuple[tuple[Clean, int], ...] = ()
    """Shares of experiments: name and weight."""


@dataclass(frozen=True, slots=True)
class Replicas:
    """Pods, counted as `status` does."""

    desired: int = 0
    current: int = 0
    updated: int = 0
    ready: int = 0
    available: int = 0


@dataclass(frozen=True, slots=True)
class ImageUse:
    """An image, the digest that runs (from pod status, empty if unknown), and the roles it runs in."""

    container: Clean
    image: Clean
    digest: Clean = Clean("")
    roles: tuple[Role, ...] = ()
    init: bool = False
    pods: int = 0
    """Pods that were seen to run this digest."""
    experiments: tuple[Clean, ...] = ()
    """Names of the experiments' templates that run it; `kubectl argo rollouts` tags them `Σ:name`."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """What the fleet shows of one rollout: a few hundred bytes."""

    ref: RolloutRef
    strategy: Strategy
    phase: Phase
    message: Clean = Clean("")
    step: StepPosition | None = None
    steps: tuple[StepState, ...] = ()
    """The state of each step, for the fleet's row of dots."""
    weight: Weight | None = None
    mirror: int | None = None
    """Percent of live traffic that is copied to the new version now; None: none."""
    replicas: Replicas = field(default_factory=Replicas)
    images: tuple[ImageUse, ...] = ()
    waiting: Waiting = field(default_factory=Waiting)
    in_flight: bool = False
    """A new version is on its way."""
    aborted: bool = False
    paused: bool = False
    """Paused by a person through the spec."""
    version: Clean = Clean("")
    """Name of the newest version: the tag of its image, or `rev 7`."""
    stable_version: Clean = Clean("")
    """Name of the version that serves, where the objects at hand tell."""
    revision: int = 0
    created: datetime | None = None
    labels: tuple[tuple[Clean, Clean], ...] = ()
    abilities: tuple[Ability, ...] = ()
    claims: tuple[tuple[Resource, str, str], ...] = ()
    """Objects of other engines that belong to this rollout (kind, namespace, name); their rows are not shown."""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a running pod."""

    name: Clean
    image: Clean
    digest: Clean = Clean("")
    ready: bool = False
    restarts: int = 0
    state: Clean = Clean("")
    init: bool = False


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod."""

    name: Clean
    status: Clean
    """As kubectl prints it: Running, CrashLoopBackOff, Init:0/1 …"""
    healthy: bool | None = None
    """True ready, False broken, None on its way."""
    ready: int = 0
    total: int = 0
    restarts: int = 0
    created: datetime | None = None
    node: Clean = Clean("")
    containers: tuple[Container, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    """A ReplicaSet and its pods."""

    name: Clean
    pod_hash: Clean = Clean("")
    status: Clean = Clean("")
    """Healthy, Progressing, ScaledDown, ReplicaFailure."""
    roles: tuple[Role, ...] = ()
    desired: int = 0
    ready: int = 0
    available: int = 0
    created: datetime | None = None
    scale_down_at: datetime | None = None
    images: tuple[ImageUse, ...] = ()
    pods: tuple[Pod, ...] = ()
    template: Clean = Clean("")
    """Name of the experiment's template that it was made for; else empty."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment with its own ReplicaSets and analyses."""

    name: Clean
    phase: Clean
    message: Clean = Clean("")
    revision: int = 0
    started: datetime | None = None
    replica_sets: tuple[ReplicaSet, ...] = ()
    analysis_runs: tuple[AnalysisRun, ...] = ()


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of the pod template and everything that runs of it."""

    number: int
    roles: tuple[Role, ...] = ()
    created: datetime | None = None
    images: tuple[ImageUse, ...] = ()
    replica_sets: tuple[ReplicaSet, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    analysis_runs: tuple[AnalysisRun, ...] = ()
    change_cause: Clean = Clean("")
    template: JSON | None = field(default=None, compare=False)
    """The raw pod template, for the diff between revisions; not clean, never shown as it is."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of the status."""

    type: Clean
    status: Clean
    reason: Clean = Clean("")
    message: Clean = Clean("")
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServiceLink:
    """A Service that the rollout steers, and where it points."""

    name: Clean
    role: Clean
    """active, preview, stable, canary, ping, pong, root."""
    found: bool = True
    selector: Clean = Clean("")
    points_to: Clean = Clean("")
    """The ReplicaSet or Deployment behind it, with its revision."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the cluster about this rollout or something of it."""

    type: Clean
    reason: Clean
    message: Clean
    about: Clean
    """kind/name."""
    count: int = 1
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class RolloutDetail:
    """Everything about one opened rollout."""

    rollout: Rollout
    steps: tuple[Step, ...] = ()
    revisions: tuple[Revision, ...] = ()
    """Newest first."""
    conditions: tuple[Condition, ...] = ()
    services: tuple[ServiceLink, ...] = ()
    facts: tuple[tuple[Clean, Clean], ...] = ()
    """Further label and value pairs for the overview (traffic router, scale-down delay, selector …)."""
    events: tuple[Event, ...] = ()
    """Newest first."""
    hidden: tuple[Clean, ...] = ()
    """Kinds around it (plural names) that the user may not list: what they would tell is unknown, not none."""
    raw: JSON | None = field(default=None, compare=False)
    """The whole primary object; not clean, only rendered through the YAML view's gate."""
    mirror: Mirror | None = None
    """Copying of live traffic to the new version; None: the engine knows nothing of it."""
    targets: tuple[TrafficTarget, ...] = ()
    """The versions that get traffic, live or copied, as metrics name them; what serves first."""

    @property
    def analysis_runs(self) -> tuple[AnalysisRun, ...]:
        """All analysis runs, of the newest revision first, experiments' own included."""
        return tuple(
            run
            for revision in self.revisions
            for run in (*revision.analysis_runs, *(r for e in revision.experiments for r in e.analysis_runs))
        )

    @property
    def pods(self) -> tuple[Pod, ...]:
        """All pods, of the newest revision first."""
        return tuple(
            pod
            for revision in self.revisions
            for group in (*revision.replica_sets, *(s for e in revision.experiments for s in e.replica_sets))
            for pod in group.pods
        )
