"""A Canary with the objects around it: what the row and the opened rollout are both made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from mlcd_tui.domain.hook_approval import Hook
from mlcd_tui.domain.refs import DEPLOYMENTS, Resource
from mlcd_tui.domain.rollout import ImageUse, Replicas, Role
from mlcd_tui.domain.text import Clean
from mlcd_tui.engines._json import integer, later, maybe_integer
from mlcd_tui.engines._lean import fit
from mlcd_tui.engines._lean_pods import DeploymentStatus, PodSpec, Template, images
from mlcd_tui.engines._workload import version as image_version
from mlcd_tui.engines.flagger import lean
from mlcd_tui.engines.flagger.canary import CanaryState, Way, Webhook
from mlcd_tui.engines.flagger.kinds import CANARIES, HTTP_ROUTES, VIRTUAL_SERVICES, Phase
from mlcd_tui.engines.flagger.route import Route, read

_SLOW_TICK: Final = 5
"""Seconds that a tick may take before its silence means anything."""


@dataclass(frozen=True, slots=True)
class Pods:
    """Counts and images of the target or the primary."""

    desired: int
    current: int
    updated: int
    ready: int
    available: int
    observed: bool
    containers: tuple[tuple[Clean, Clean, bool], ...]
    revision: int

    @property
    def complete(self) -> bool:
        """All that is wished for runs, of the newest template."""
        return self.observed and self.available >= self.desired and self.updated >= self.desired

    @property
    def renewed(self) -> int:
        """Pods of the newest template that are up, as far as the counts tell."""
        return min(self.available, self.updated) if self.observed else 0

    @property
    def version(self) -> Clean:
        """The tag of the first image."""
        return next((image_version(image) for _, image, init in self.containers if not init), Clean(""))

    def images(self, role: Role) -> tuple[ImageUse, ...]:
        """Its images in a role."""
        return tuple(ImageUse(name, image, roles=(role,), init=init) for name, image, init in self.containers)


def pods(deployment: lean.LeanDeployment) -> Pods:
    """The facts of a Deployment."""
    spec, status = fit(lean.DeploymentSpec, deployment.spec), fit(DeploymentStatus, deployment.status)
    pod = fit(PodSpec, fit(Template, spec.template).spec)
    desired = maybe_integer(spec.replicas)
    return Pods(
        desired=1 if desired is None else max(desired, 0),
        current=max(integer(status.replicas), 0),
        updated=max(integer(status.updatedReplicas), 0),
        ready=max(integer(status.readyReplicas), 0),
        available=max(integer(status.availableReplicas), 0),
        observed=integer(deployment.metadata.generation) <= integer(status.observedGeneration),
        containers=images(pod.containers, pod.initContainers),
        revision=integer(fit(lean.Annotations, deployment.metadata.annotations).revision),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A gate that Flagger asks before it goes on."""

    hook: Hook
    webhooks: tuple[Webhook, ...]
    ours: bool
    approved: bool


@dataclass(frozen=True, slots=True)
class State:
    """Everything at hand about one Canary."""

    canary: CanaryState
    now: datetime
    target: Pods | None = None
    primary: Pods | None = None
    route: Route | None = None
    halted: datetime | None = None
    """When an event last told that a gate of traffic increase kept it; only the opened rollout knows."""

    @property
    def next_tick(self) -> datetime | None:
        """When Flagger looks again at the latest, counted from the last change."""
        return later(self.canary.changed, self.canary.interval)

    @property
    def _overdue(self) -> bool:
        """A tick must have come and changed nothing: some seconds are for its checks and for writing the status."""
        due = later(self.canary.changed, self.canary.interval + _SLOW_TICK)
        return due is not None and self.now >= due

    @property
    def share(self) -> int | None:
        """Percent of live traffic that really goes to the new version; None: the route is not at hand."""
        return self.route.share if self.route else None

    @property
    def mirroring(self) -> bool:
        """Requests are copied now."""
        return self.route is not None and self.route.mirror is not None

    @property
    def asked(self) -> Asked | None:
        """The gate that it stands before; of the next step's gate no phase tells."""
        canary = self.canary
        match canary.phase:
            case Phase.WAITING:
                hook = Hook.CONFIRM_ROLLOUT
            case Phase.WAITING_PROMOTION:
                hook = Hook.CONFIRM_PROMOTION
            case Phase.PROGRESSING if canary.way is Way.WEIGHTS and not self.mirroring and not canary.skips:
                hook = Hook.CONFIRM_TRAFFIC_INCREASE
            case _:
                return None
        webhooks = canary.hooks(hook)
        if not webhooks and hook is Hook.CONFIRM_TRAFFIC_INCREASE:
            return None
        ours = canary.ours(hook)
        return Asked(hook, webhooks, ours, approved=ours and canary.approved(hook))

    @property
    def waits_for_gate(self) -> bool:
        """A person keeps it: ours is shut until it is approved, of others only the events and the time tell."""
        asked = self.asked
        if asked is None or asked.approved:
            return False
        if self.canary.phase is Phase.WAITING_PROMOTION and self.switched:
            return False
        if asked.ours or asked.hook is not Hook.CONFIRM_TRAFFIC_INCREASE:
            return True
        changed = self.canary.changed
        told = self.halted is not None and changed is not None and self.halted >= changed
        return told or self._overdue

    @property
    def switched(self) -> bool:
        """Of a blue/green: all live traffic is with the new version, and the primary has the old one still."""
        return self.canary.way is Way.SWITCH and self.canary.iteration > self.canary.iterations

    @property
    def starting(self) -> bool:
        """The pods of the new version are not all up."""
        target = self.target
        return target is not None and not (target.complete and target.desired > 0)

    @property
    def ticks_left(self) -> int | None:
        """Ticks until the new version serves, if nothing fails and nobody is waited for; None: cannot be told."""
        match self.canary.phase:
            case Phase.WAITING | Phase.PROGRESSING | Phase.WAITING_PROMOTION if self.canary.skips:
                return 1 + int(self.canary.phase is Phase.WAITING)
            case Phase.WAITING:  # the tick that finds its gate open only starts the pods
                return 1 + self._analysis_left() + 1 + self._moving_back(self._most) + 1
            case Phase.PROGRESSING | Phase.WAITING_PROMOTION:
                return self._analysis_left() + 1 + self._moving_back(self._most) + 1
            case Phase.PROMOTING:
                return self._moving_back(self._most if self.share is None else self.share) + 1
            case Phase.FINALISING:
                return 1
            case _:
                return None

    def _analysis_left(self) -> int:
        canary = self.canary
        if canary.way is Way.WEIGHTS:
            if canary.phase is Phase.WAITING_PROMOTION:  # the status forgets its weight there
                return 0
            extra = int(canary.mirrors and canary.weight == 0 and not self.mirroring)
            return sum(weight > canary.weight for weight in canary.weights) + extra
        return max(canary.iterations - canary.iteration, 0) + int(canary.way is Way.SWITCH and not self.switched)

    @property
    def _most(self) -> int:
        """The share that the new version has when the primary gets it."""
        canary = self.canary
        return canary.weights[-1] if canary.way is Way.WEIGHTS and canary.weights else 100

    def _moving_back(self, share: int) -> int:
        """Ticks that live traffic takes from the target to the primary once that has the new version."""
        step = self.canary.step_back
        return max(-(-share // step), 1) if step else 1

    @property
    def whole_run(self) -> int:
        """Ticks from a new template to its service, its first tick and a gate of its beginning among them."""
        canary = self.canary
        checks = len(canary.weights) if canary.way is Way.WEIGHTS else canary.iterations + int(canary.way is Way.SWITCH)
        gate = int(bool(canary.hooks(Hook.CONFIRM_ROLLOUT)))
        return 1 + gate + checks + 1 + self._moving_back(self._most) + 1

    @property
    def eta(self) -> timedelta | None:
        """Time until the new version serves, under the same conditions; None where it is beyond counting too."""
        if self.ticks_left is None:
            return None
        try:
            return timedelta(seconds=self.ticks_left * self.canary.interval)
        except OverflowError:
            return None

    @property
    def replicas(self) -> Replicas:
        """Pods of the primary and, while it has any, of the target."""
        both = [each for each in (self.primary, self.target) if each is not None]
        return Replicas(
            desired=sum(each.desired for each in both),
            current=sum(each.current for each in both),
            updated=sum(each.updated for each in both if each.desired),
            ready=sum(each.ready for each in both),
            available=sum(each.available for each in both),
        )

    @property
    def new_version(self) -> str:
        """What to call the version that the target asks for. Clean."""
        return _called(self.target.version if self.target else "") or "the new version"

    @property
    def old_version(self) -> str:
        """What to call the version of the primary. Clean."""
        return _called(self.primary.version if self.primary else "") or "the version that serves"


def _called(tag: str) -> str:
    """A tag in a sentence: a bare number would be read as an amount."""
    return f"version {tag}" if tag.isdecimal() else tag


def assemble(decoded: Mapping[Resource, Sequence[Any]], now: datetime, halted: datetime | None = None) -> State | None:
    """The state from lean objects; None without a Canary."""
    found = next((each for each in decoded.get(CANARIES, ()) if isinstance(each, lean.LeanCanary)), None)
    if found is None:
        return None
    canary = CanaryState(found)
    deployments = {
        each.metadata.name: each for each in decoded.get(DEPLOYMENTS, ()) if isinstance(each, lean.LeanDeployment)
    }
    target, primary = deployments.get(canary.target), deployments.get(canary.primary)
    if canary.target_kind != "Deployment" or not canary.target:
        target = primary = None
    return State(
        canary,
        now,
        pods(target) if target is not None else None,
        pods(primary) if primary is not None else None,
        _route(canary, decoded),
        halted,
    )


def _route(canary: CanaryState, decoded: Mapping[Resource, Sequence[Any]]) -> Route | None:
    _, primary, new = canary.services
    for resource in (HTTP_ROUTES, VIRTUAL_SERVICES):
        routes: Iterable[Any] = decoded.get(resource, ())
        for each in routes:
            if isinstance(each, lean.LeanRoute) and each.metadata.name == canary.apex:
                return read(resource.kind, each, primary, new)
    return None
