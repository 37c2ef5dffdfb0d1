"""Where one Deployment stands, as `kubectl rollout status` finds it; a lean Deployment is read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlcd_tui.domain.rollout import Phase, WaitFor, Waiting
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import integer, maybe_integer, table, text, when
from mlcd_tui.engines._lean import fit, fits
from mlcd_tui.engines._lean_pods import images
from mlcd_tui.engines._workload import version as image_version
from mlcd_tui.engines.deployment import lean

_MOVING = frozenset(
    {
        "ReplicaSetUpdated",
        "NewReplicaSetCreated",
        "FoundNewReplicaSet",
        "ProgressDeadlineExceeded",
        "ReplicaSetCreateError",
    }
)


@dataclass(slots=True)
class State:
    """The facts of one Deployment, of the right types."""

    name: str
    meta: lean.Metadata
    revision: int
    generation: int
    observed: bool
    desired: int
    replicas: int
    updated: int
    ready: int
    available: int
    paused: bool
    recreate: bool
    pod_labels: Mapping[str, Any]
    containers: tuple[tuple[Clean, Clean, bool], ...]
    """Name, image, and whether it is an init container."""
    progressing: lean.Condition
    replica_failure: str
    """Why pods cannot be made; empty where they can."""
    template: lean.PodSpec
    """Of a side of a pair all that tells one version from another: images, commands, environment, volumes."""

    @property
    def expired(self) -> bool:
        """The controller gave the new version up as not progressing."""
        return self.observed and self.progressing.reason == "ProgressDeadlineExceeded"

    @property
    def complete(self) -> bool:
        """`kubectl rollout status` would say that it is rolled out."""
        return (
            self.observed
            and not self.expired
            and self.updated >= self.desired
            and self.replicas <= self.updated
            and self.available >= self.updated
        )

    @property
    def in_flight(self) -> bool:
        """A new version is on its way: not merely scaling, or a pod that broke while at rest."""
        if self.complete:
            return False
        if not self.observed or self.replicas > self.updated or text(self.progressing.reason) in _MOVING:
            return True
        return self.paused and self.updated < self.desired

    @property
    def version(self) -> Clean:
        """The tag of the first container's image, else the revision."""
        tag = next((image_version(image) for _, image, init in self.containers if not init), Clean(""))
        return tag or Clean(f"rev {self.revision}" if self.revision else "")

    @property
    def progressed(self) -> datetime | None:
        """When its newest version last made progress."""
        return when(self.progressing.lastUpdateTime)

    @property
    def owner(self) -> Clean:
        """Its controller as `Kind name`; mostly there is none."""
        owners = fits(lean.Owner, self.meta.ownerReferences)
        return next(
            (clean(f"{text(o.kind)} {text(o.name)}", limit=320) for o in owners if o.controller is True), Clean("")
        )

    def sentence(self) -> str:
        """The words of `kubectl rollout status`. Not clean."""
        waiting = f'Waiting for deployment "{self.name}" rollout to finish:'
        if not self.observed:
            return "Waiting for deployment spec update to be observed..."
        if self.expired:
            return f'deployment "{self.name}" exceeded its progress deadline'
        if self.updated < self.desired:
            return f"{waiting} {self.updated} out of {self.desired} new replicas have been updated..."
        if self.replicas > self.updated:
            return f"{waiting} {self.replicas - self.updated} old replicas are pending termination..."
        if self.available < self.updated:
            return f"{waiting} {self.available} of {self.updated} updated replicas are available..."
        return f'deployment "{self.name}" successfully rolled out'

    def phase(self) -> Phase:
        """Degraded: no progress within its deadline, or pods cannot be made."""
        if self.expired or self.replica_failure:
            return Phase.DEGRADED
        if self.paused:
            return Phase.PAUSED
        return Phase.HEALTHY if self.complete else Phase.PROGRESSING

    def waiting(self) -> Waiting:
        """What it waits for now."""
        since = when(self.progressing.lastTransitionTime)
        if self.expired or self.replica_failure:
            return Waiting(WaitFor.REPAIR, clean(self.replica_failure or "its pods do not get ready"), since)
        if self.paused:
            return Waiting(WaitFor.PERSON, Clean("you to resume it"), since)
        if not self.observed:
            return Waiting(WaitFor.CONTROLLER, Clean("the controller"))
        if self.complete:
            return Waiting()
        moved = self.progressed  # the condition is true since the Deployment was made; its update tells the last step
        if self.updated < self.desired or self.available < self.updated:
            return Waiting(WaitFor.PODS, Clean(f"{min(self.available, self.updated)} of {self.desired} pods"), moved)
        return Waiting(WaitFor.PODS, Clean(f"{self.replicas - self.updated} old pods to end"), moved)


def read(deployment: lean.LeanDeployment) -> State:
    """The facts of a lean Deployment."""
    meta, spec, status = deployment.metadata, fit(lean.Spec, deployment.spec), fit(lean.Status, deployment.status)
    conditions = {text(c.type): c for c in reversed(fits(lean.Condition, status.conditions))}
    failure = conditions.get("ReplicaFailure")
    template = fit(lean.Template, spec.template)
    pod = fit(lean.PodSpec, template.spec)
    generation, desired = integer(meta.generation), maybe_integer(spec.replicas)
    return State(
        name=meta.name,
        meta=meta,
        revision=integer(fit(lean.Annotations, meta.annotations).revision),
        generation=generation,
        observed=generation <= integer(status.observedGeneration),
        desired=1 if desired is None else desired,
        replicas=integer(status.replicas),
        updated=integer(status.updatedReplicas),
        ready=integer(status.readyReplicas),
        available=integer(status.availableReplicas),
        paused=spec.paused is True,
        recreate=fit(lean.Strategy, spec.strategy).type == "Recreate",
        pod_labels=table(fit(lean.TemplateMetadata, template.metadata).labels),
        containers=images(pod.containers, pod.initContainers),
        progressing=conditions.get("Progressing") or lean.Condition(),
        replica_failure=text(failure.message) or "pods cannot be made" if failure and failure.status == "True" else "",
        template=pod,
    )
