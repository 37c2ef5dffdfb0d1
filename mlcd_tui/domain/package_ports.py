"""What the package room, the session and the screens ask of each other, as protocols and small values."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from mlcd_tui.domain.package import ModelPackage, PackageEntry
from mlcd_tui.domain.plan import Result
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import Clean
from mlcd_tui.domain.verdict import PackageDiff, Verdict

PACKAGE_ANNOTATION = "mlcd.dev/package"
"""On a workload or its pod template: the package's address. As label of a ConfigMap: it holds a published package."""
DIGEST_ANNOTATION = "mlcd.dev/image-digest"
"""On a published ConfigMap, and as tag of an MLflow model version: `sha256:…` of the image that carries the model."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a package."""

    path: str
    """Relative to the package's root, with `/`; never absolute, never with `..`."""
    size: int | None = None


class Files(Protocol):
    """The bytes of one package, wherever they lie. Blocking; called in worker threads. Ends when its context does."""

    @property
    def address(self) -> str:
        """What it was opened by."""
        ...

    @property
    def digest(self) -> str:
        """`sha256:…` of the whole where the source knows one (image, manifest); else empty."""
        ...

    def entries(self) -> Sequence[FileEntry]:
        """The files that a format may want (`PackageFormat.patterns`) and those listed for free; at most 100,000."""
        ...

    def read(self, path: str, limit: int) -> bytes:
        """A whole file. Raises `Unreadable`: absent, or larger than `limit` bytes (told before it is all read)."""
        ...

    def part(self, path: str, offset: int, length: int) -> bytes:
        """A piece of a file, shorter at its end; costs the piece, not the file, where the source can."""
        ...


@runtime_checkable
class Remarking(Protocol):
    """Files that may have left something out."""

    def remarks(self) -> tuple[Clean, ...]:
        """What was left out and why, one sentence each: links that lead outside, names that repeat, caps."""
        ...


class PackageFormat(Protocol):
    """One way of describing a model, found in the registry `mlcd_tui.packages.formats` as `FORMAT`."""

    @property
    def name(self) -> str:
        """Its name in the registry."""
        ...

    @property
    def title(self) -> str:
        """Its name for the eye."""
        ...

    @property
    def patterns(self) -> tuple[str, ...]:
        """Shell patterns of the base names that it reads (`MLmodel`, `*.safetensors`): what sources must bring."""
        ...

    def find(self, files: Files) -> tuple[str, ...]:
        """The documents that it reads, by name, or by a look at the beginning where the name does not tell."""
        ...

    def read(self, files: Files, path: str) -> ModelPackage:
        """What one document (and what belongs to it) says, with exactly one entry in `sources`; everything cleaned.

        Raises:
            Unreadable: the sentence names file and field. Nothing else is ever raised, whatever the bytes.
        """
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a source may go."""

    wanted: Callable[[str], bool] = lambda path: True  # noqa: ARG005 - the parameter is the contract
    """Whether a format wants this path: all else need not be brought."""
    mlflow: str = ""
    """Tracking URI; empty: `MLFLOW_TRACKING_URI`."""
    hosts: tuple[str, ...] | None = None
    """Hosts (with port) that may be asked; None: any, since a person typed the address. An address that came from a
    cluster or a file is only followed to hosts of the settings, never to local files."""
    insecure: tuple[str, ...] = ()
    """Hosts (with port) that may be spoken to without TLS; this machine itself always may."""
    timeout: float = 10.0
    """Seconds for one answer."""
    cancelled: Callable[[], bool] = lambda: False
    """Asked between answers: the operator has gone on."""


class PackageOrigin(Protocol):
    """One kind of place that packages come from; found in the registry `mlcd_tui.packages.sources` as `SOURCE`."""

    @property
    def name(self) -> str:
        """Its name in the registry."""
        ...

    @property
    def title(self) -> str:
        """Its name for the eye."""
        ...

    @property
    def examples(self) -> tuple[str, ...]:
        """Addresses as they are written: `mlflow:churn/7`, for help and errors."""
        ...

    def accepts(self, address: str) -> bool:
        """Whether the address is of this kind; at most one source accepts any address."""
        ...

    def open(self, address: str, reach: Reach) -> AbstractContextManager[Files]:
        """The bytes behind an address. Raises `Problem` when they cannot be had."""
        ...

    def list(self, address: str, reach: Reach) -> Iterator[PackageEntry]:
        """What lies at a place, as it comes in. Raises `Problem` while iterating."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to browse packages."""

    address: str
    """`mlflow:`, `cluster:`, `oci:registry/repo`, a folder."""
    title: Clean
    configured: bool = True
    """From the settings; False: found by itself."""


@dataclass(frozen=True, slots=True)
class FoundPackage:
    """The package of one running image, or why there is none."""

    image: Clean
    digest: str
    package: ModelPackage | None = None
    how: Clean = Clean("")
    """Where it was found: `ConfigMap mlcd-package-4be1f0c in payments, published by alice 3 d ago`."""
    problem: Clean = Clean("")
    """One sentence with what to do; set when there is no package."""
    contradiction: Clean = Clean("")
    """Not empty: the package itself names another image, so nothing is concluded from it."""
    lasting: bool = False
    """It cannot become another one unseen: it is watched, or named by its digest. Aliases, tags and addresses can."""


@dataclass(frozen=True, slots=True)
class RolloutPackages:
    """The packages around one rollout."""

    candidate: FoundPackage | None = None
    """None: no new version is on its way."""
    serving: FoundPackage | None = None
    diff: PackageDiff | None = None
    """Where both packages were found."""

    @property
    def verdict(self) -> Verdict:
        """Of the schema; unknown while either side is not there."""
        return self.diff.compatibility.verdict if self.diff is not None else Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class SchemaNote:
    """The fleet's word on a row's schema."""

    verdict: Verdict
    sentence: Clean = Clean("")
    """For the hover: the first finding, or what is missing."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A package about to be published, complete: what is shown is what is sent."""

    package: ModelPackage
    image_digest: str
    namespace: str
    name: str
    """Of the ConfigMap."""
    method: str
    """POST: it is new; PUT: it replaces the one that was read, conditional on its resourceVersion."""
    path: str
    body: Mapping[str, object]
    sentence: Clean
    before: Clean = Clean("")
    """What stands there now; empty: nothing."""
    warnings: tuple[Clean, ...] = ()
    """Lacks and contradictions worth knowing before others rely on it."""
    denied: Clean = Clean("")
    """Why it cannot be done; empty: it can."""
    typed_name: str = ""
    """Not empty: must be typed first (a context marked production)."""


@dataclass(frozen=True, slots=True)
class PublishOutcome:
    """What became of a publication."""

    result: Result
    sentence: Clean
    audit_id: str = ""


class PackageDesk(Protocol):
    """What screens and commands ask about packages. Nothing blocks the loop; problems are `Problem`s."""

    async def read(self, address: str) -> ModelPackage:
        """The package behind an address."""
        ...

    def list(self, address: str) -> AsyncIterator[PackageEntry]:
        """What lies at a place, as it comes in."""
        ...

    def places(self) -> tuple[Place, ...]:
        """Where packages can be browsed."""
        ...

    async def compare(self, serving: str, candidate: str) -> PackageDiff:
        """Two packages by their addresses."""
        ...

    async def around(self, detail: RolloutDetail) -> RolloutPackages:
        """The packages of the images that run, found by digest; remembered, so asking again costs nothing."""
        ...

    async def propose_publish(self, address: str, image_digest: str, namespace: str) -> Publication:
        """What would be published."""
        ...

    async def publish(self, publication: Publication, reason: str = "", typed_name: str = "") -> PublishOutcome:
        """Do it, audited. Never raises."""
        ...

    async def decline(self, publication: Publication, reason: str = "") -> None:
        """Record that it was shown and not done. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Published:
    """A published package as the cluster keeps it, not decoded yet."""

    namespace: str
    name: str
    digest: str
    by: Clean = Clean("")
    at: datetime | None = None
    document: str = field(default="", repr=False)
    resource_version: str = ""
