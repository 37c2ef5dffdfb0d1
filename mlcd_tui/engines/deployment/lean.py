# ruff: noqa: N815 - the fields are called as the API calls them
"""The fields of a Deployment and of a Service that decide where a rollout stands, decoded straight from JSON.

A field that may hold anything is `Any`; a nested object may turn out to be `Absurd` and still decodes: one mangled
object must never end the list that it came in. `fit` gives the nested object or an empty one.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from mlcd_tui.engines import _lean_pods
from mlcd_tui.engines._lean import Absurd, Lean, fit, fits
from mlcd_tui.engines.deployment.kinds import PREVIOUS, RETURNED, REVISION, SERVICE


class Annotations(Lean):
    """The annotations that matter here; the rest (last-applied-configuration …) is never kept."""

    revision: Any = msgspec.field(default=None, name=REVISION)
    previous: Any = msgspec.field(default=None, name=PREVIOUS)
    returned: Any = msgspec.field(default=None, name=RETURNED)


class Owner(Lean):
    """An owner of the object."""

    kind: Any = None
    name: Any = None
    controller: Any = None


class Metadata(_lean_pods.Identity):
    """Object metadata."""

    annotations: Annotations | Absurd = None
    ownerReferences: list[Owner | str | int | float | bool | list[Any] | None] | str | int | float | bool | None = None


class Container(_lean_pods.Container):
    """A container of the pod template; what is not its name or image is kept for the sides of a pair only."""

    command: Any = None
    args: Any = None
    env: Any = None
    envFrom: Any = None
    resources: Any = None


Containers: TypeAlias = list[Container | str | int | float | bool | list[Any] | None]


class PodSpec(Lean):
    """The pod of the template."""

    containers: Containers | str | int | float | bool | None = None
    initContainers: Containers | str | int | float | bool | None = None
    volumes: Any = None


class TemplateMetadata(Lean):
    """Labels of the pods."""

    labels: Any = None


class Template(Lean):
    """The pod template."""

    metadata: TemplateMetadata | Absurd = None
    spec: PodSpec | Absurd = None


class Strategy(Lean):
    """How pods are replaced."""

    type: Any = None


class Spec(Lean):
    """What is wished."""

    replicas: Any = None
    paused: Any = None
    strategy: Strategy | Absurd = None
    template: Template | Absurd = None


class Condition(Lean):
    """A condition of the status."""

    type: Any = None
    status: Any = None
    reason: Any = None
    message: Any = None
    lastUpdateTime: Any = None
    lastTransitionTime: Any = None


class Status(_lean_pods.DeploymentStatus):
    """What is."""

    conditions: list[Condition | str | int | float | bool | list[Any] | None] | str | int | float | bool | None = None


class LeanDeployment(Lean):
    """One Deployment."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    spec: Spec | Absurd = None
    status: Status | Absurd = None

    def __post_init__(self) -> None:
        """Keep of thousands of Deployments no more than their rows need; only sides of a pair are compared."""
        labels = self.metadata.labels
        if isinstance(labels, dict) and SERVICE in labels:
            return
        template = fit(Template, fit(Spec, self.spec).template)
        pod = template.spec
        if isinstance(pod, PodSpec):
            pod.volumes = None
            for one in (*fits(Container, pod.containers), *fits(Container, pod.initContainers)):
                one.command = one.args = one.env = one.envFrom = one.resources = None


class ServiceSpec(Lean):
    """Where a Service sends its traffic."""

    selector: Any = None


class LeanService(Lean):
    """One Service."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    spec: ServiceSpec | Absurd = None
