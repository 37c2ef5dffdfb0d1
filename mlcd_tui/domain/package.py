"""A model package, normalised: what it is, who trained it on what, how good it is, what it takes and gives.

Unknown is None or empty and is shown as "not recorded", never guessed. Every format fills what it knows;
`package_merge` joins several into one and keeps who said what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mlcd_tui.domain.schema import Endpoint, Schema
from mlcd_tui.domain.text import Clean

Pairs = tuple[tuple[Clean, Clean], ...]
"""Label and value, in order."""


class ArtifactRole(StrEnum):
    """What a part of a package is for."""

    WEIGHTS = "weights"
    CODE = "code"
    DATASET = "dataset"
    CONFIG = "config"
    DOC = "doc"
    EXAMPLE = "example"
    OTHER = "other"


class Split(StrEnum):
    """What a dataset was used for."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    """Which way a metric is better."""

    HIGHER = "higher"
    LOWER = "lower"
    UNKNOWN = "unknown"
    """Not declared: a change is shown, never judged."""


class TrustState(StrEnum):
    """What is known of a signature or provenance: being there is not being verified."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    FAILED = "failed"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class PackageSource:
    """A document that facts were read from."""

    format: str
    """Name of the format in its registry."""
    address: Clean
    """Where it lies: `folder churn/MLmodel`, `oci:…`, for the eye."""
    digest: str = ""
    """`sha256:…` of the document's bytes; empty for answers of a live server."""
    read_at: datetime | None = None
    warnings: tuple[Clean, ...] = ()
    """What could not be used, one sentence each, naming file and field."""
    text: tuple[Clean, ...] = ()
    """The document's lines for the raw view, capped."""
    rank: int = 50
    """Precedence where sources contradict, higher wins: verified provenance 90, live endpoint 80, registry run 70,
    package file 50, graph or weights header 45, image labels 30, free text card 20."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file or layer of the package. Never opened beyond its header, never loaded."""

    path: Clean
    role: ArtifactRole = ArtifactRole.OTHER
    format: Clean = Clean("")
    """`safetensors`, `onnx`, `skops`, `pickle` …"""
    size: int | None = None
    """Bytes."""
    digest: str = ""
    media_type: Clean = Clean("")
    loader: Clean = Clean("")
    """How it is loaded: `mlflow.sklearn`, a Triton backend."""
    unsafe: Clean = Clean("")
    """Why loading it may run code (`pickle runs code when loaded`); empty: not known to."""
    parameters: int | None = None
    """Number of weights, where the header tells."""
    precisions: tuple[Clean, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainingPart:
    """A package that trains instead of holding weights: what is run."""

    entry_point: Clean
    environment: Clean = Clean("")
    """Image, conda file or requirements that it runs in."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Data that the model was made with or measured on."""

    name: Clean
    split: Split = Split.UNKNOWN
    version: Clean = Clean("")
    digest: Clean = Clean("")
    """As recorded; `sha256:…` only where it is one (MLflow's are 8 hex digits of another hash)."""
    uri: Clean = Clean("")
    rows: int | None = None
    schema: Schema = field(default_factory=Schema)
    licence: Clean = Clean("")
    classification: Clean = Clean("")


@dataclass(frozen=True, slots=True)
class Metric:
    """How good the model is, by one measure."""

    name: Clean
    value: float | None
    """None: recorded as text that is no number, see `raw`."""
    raw: Clean = Clean("")
    direction: Direction = Direction.UNKNOWN
    dataset: Clean = Clean("")
    split: Split = Split.UNKNOWN
    part: Clean = Clean("")
    """The slice of data that it was measured on."""
    noise: float | None = None
    """Half-width within which two values are the same (confidence interval, or declared); None: not recorded."""
    verified: bool | None = None


@dataclass(frozen=True, slots=True)
class Training:
    """How the model was made."""

    run_id: Clean = Clean("")
    run_uri: Clean = Clean("")
    author: Clean = Clean("")
    started: datetime | None = None
    finished: datetime | None = None
    code_uri: Clean = Clean("")
    revision: Clean = Clean("")
    """Of the code: a commit."""
    entry_point: Clean = Clean("")
    builder: Clean = Clean("")
    parameters: Pairs = ()
    environment: Pairs = ()
    """Python, frameworks, CUDA, base image."""
    hardware: Pairs = ()
    datasets: tuple[Dataset, ...] = ()
    base_models: tuple[Clean, ...] = ()

    @property
    def recorded(self) -> bool:
        """Whether anything of it is known."""
        return self != Training()


@dataclass(frozen=True, slots=True)
class Dependency:
    """A library that the package needs."""

    name: Clean
    version: Clean = Clean("")
    """As pinned or required: `2.1.0`, `>=2`."""
    ecosystem: Clean = Clean("pypi")


@dataclass(frozen=True, slots=True)
class Statement:
    """A signature or a provenance statement."""

    kind: Clean
    """`slsa provenance v1`, `openssf model signature` …"""
    state: TrustState
    by: Clean = Clean("")
    """Builder or signer as claimed."""
    subject: str = ""
    """`sha256:…` that it speaks of."""
    reason: Clean = Clean("")
    """Why it is in that state."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One value that one source gives for one field."""

    source: int
    """Index into the package's sources."""
    value: Clean


@dataclass(frozen=True, slots=True)
class Origin:
    """Who says what of one field, the value in use first. Several distinct values are a contradiction."""

    field: str
    """Dotted, such as `training.revision`, `datasets[churn].digest`."""
    claims: tuple[Claim, ...]
    contradicts: bool = False


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that a well-made package has and this one does not."""

    field: str
    sentence: Clean
    required: bool
    """Artifact or training part, training metadata with its data, input and output schema."""


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """Everything known of one version of a model."""

    name: Clean = Clean("")
    version: Clean = Clean("")
    digest: str = ""
    """Identity (`sha256:…` of image or artifact); empty: cannot be pinned."""
    title: Clean = Clean("")
    description: Clean = Clean("")
    created: datetime | None = None
    authors: tuple[Clean, ...] = ()
    licences: tuple[Clean, ...] = ()
    task: Clean = Clean("")
    architecture: Clean = Clean("")
    intended_use: tuple[Clean, ...] = ()
    limits: tuple[Clean, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    training_part: TrainingPart | None = None
    training: Training = field(default_factory=Training)
    endpoints: tuple[Endpoint, ...] = ()
    """In order of precedence; several may describe the same thing in different terms."""
    metrics: tuple[Metric, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    statements: tuple[Statement, ...] = ()
    aliases: tuple[Clean, ...] = ()
    status: Clean = Clean("")
    tags: Pairs = ()
    images: tuple[Clean, ...] = ()
    """Container images that carry it, as `repository@sha256:…`."""
    sources: tuple[PackageSource, ...] = ()
    origins: tuple[Origin, ...] = ()
    extra: Pairs = ()
    """What the formats say beyond this model, for the raw view."""
    fallback_name: Clean = Clean("")
    """Of one document: what its file, or the subject of its statement, is called. `merge` names the package by it only
    where no document does, and keeps it no longer."""

    @property
    def label(self) -> str:
        """Name and version for the eye."""
        return " ".join(filter(None, (self.name or "unnamed", self.version)))

    @property
    def trust(self) -> TrustState:
        """The worst that its statements say; absent without any."""
        states = {statement.state for statement in self.statements}
        for state in (TrustState.FAILED, TrustState.UNVERIFIED, TrustState.VERIFIED):
            if state in states:
                return state
        return TrustState.ABSENT

    @property
    def contradictions(self) -> tuple[Origin, ...]:
        """Fields that its sources give different values for."""
        return tuple(origin for origin in self.origins if origin.contradicts)


@dataclass(frozen=True, slots=True)
class PackageEntry:
    """A line of a listing: what a source tells without reading the package."""

    address: str
    """What to open it by."""
    name: Clean
    version: Clean = Clean("")
    format: Clean = Clean("")
    created: datetime | None = None
    author: Clean = Clean("")
    aliases: tuple[Clean, ...] = ()
    status: Clean = Clean("")
    description: Clean = Clean("")
    size: int | None = None
    tags: Mapping[str, Clean] = field(default_factory=dict)
