"""Names that KServe gives to kinds, objects, modes and states."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from mlcd_tui.domain.refs import Resource

NAME: Final = "kserve"
"""This engine's own."""

SERVICES_OF_MODELS: Final = Resource("serving.kserve.io", "v1beta1", "inferenceservices", "InferenceService")

OF: Final = "serving.kserve.io/inferenceservice"
"""Label of pods, Deployments and Services: the InferenceService that they were made for."""
KNATIVE_REVISION: Final = "serving.knative.dev/revision"
"""Label of a Deployment and its pods: the Knative revision that they run."""
MODE: Final = "serving.kserve.io/deploymentMode"
STOP: Final = "serving.kserve.io/stop"
TAGS: Final = "serving.kserve.io/enable-tag-routing"
SOURCE: Final = "internal.serving.kserve.io/storage-initializer-sourceuri"
"""Annotation of a pod template: where its model was loaded from."""

REVISION: Final = "deployment.kubernetes.io/revision"


class Mode(StrEnum):
    """How KServe runs a model. `Serverless` and `RawDeployment` are former names of the first two."""

    KNATIVE = "Knative"
    STANDARD = "Standard"
    MESH = "ModelMesh"


MODES: Final = {
    "Knative": Mode.KNATIVE,
    "Serverless": Mode.KNATIVE,
    "Standard": Mode.STANDARD,
    "RawDeployment": Mode.STANDARD,
    "ModelMesh": Mode.MESH,
}


class Transition(StrEnum):
    """`status.modelStatus.transitionStatus`."""

    UP_TO_DATE = "UpToDate"
    IN_PROGRESS = "InProgress"
    BLOCKED = "BlockedByFailedLoad"
    INVALID = "InvalidSpec"
