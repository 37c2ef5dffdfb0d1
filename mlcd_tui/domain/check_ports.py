"""What the checks room, the session and the screens ask of each other, as protocols and small values."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from mlcd_tui.domain.check_standing import Standing
from mlcd_tui.domain.checks import CheckResult, CheckRun, CheckState, Evidence, ImageIdentity, Report
from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import Clean


@dataclass(frozen=True, slots=True)
class Limits:
    """What a container of a check may use."""

    seconds: float = 300.0
    memory: int = 1 << 30
    """Bytes; swap included."""
    cpus: float = 1.0
    pids: int = 256
    user: str = "10001:10001"
    read_only: bool = True


@dataclass(frozen=True, slots=True)
class Command:
    """A tool to run in the image or in one of its build stages."""

    argv: tuple[str, ...]
    limits: Limits = field(default_factory=Limits)
    target: str = ""
    """Build stage; empty: the image itself."""
    workdir: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    report: str = ""
    """Path of the report that it writes inside the container; empty: standard output is the report."""
    files: tuple[tuple[str, bytes], ...] = ()
    """Put into the container beside it: path and content."""
    first: tuple[str, ...] = ()
    """Asked before it in the same container, where that has a shell: what it answers opens standard error."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a command."""

    exit_code: int | None
    stdout: bytes = b""
    """Capped, head and tail kept."""
    stderr: bytes = b""
    report: bytes | None = None
    """None: no such file, or the container was killed before it wrote one."""
    timed_out: bool = False
    out_of_memory: bool = False
    cancelled: bool = False
    seconds: float = 0.0
    ran_on: str = ""
    """Digest of the image or stage."""
    from_cache: bool = False
    log_digest: str = ""
    """`sha256:…` of the whole log, what was capped included."""
    log_bytes: int = 0
    asked_first: bool = False
    """Whether the command's `first` was asked; not so where there is no shell."""


@dataclass(frozen=True, slots=True)
class Serve:
    """How the image serves, for checks that ask it."""

    port: int
    ready: str = "/"
    """Path that answers 200 once it is ready."""
    seconds: float = 60.0
    """How long it may take to be ready."""
    argv: tuple[str, ...] = ()
    """In place of the image's own command; empty: its own."""
    environment: tuple[tuple[str, str], ...] = ()
    limits: Limits = field(default_factory=Limits)


class NotReady(Problem):
    """The image's server did not become ready. The image's fault: `state` is what the check comes to."""

    def __init__(self, sentence: str, *, advice: str = "", state: CheckState = CheckState.FAILED) -> None:
        super().__init__(sentence, advice=advice)
        self.state = state


class Served(Protocol):
    """A running container that answers on loopback."""

    @property
    def url(self) -> str:
        """Base URL without a slash at its end."""
        ...

    def alive(self) -> bool:
        """Whether the container still runs."""
        ...

    def log(self) -> bytes:
        """What it has written so far, capped."""
        ...


class Bench(Protocol):
    """One image on one Docker Engine: what a check kind may do with it. Blocking; called in worker threads.

    Everything raises `Problem` where the engine cannot be asked or the image is gone.
    """

    @property
    def image(self) -> ImageIdentity:
        """The subject."""
        ...

    @property
    def cancelled(self) -> Callable[[], bool]:
        """Asked between steps: the operator has called it off."""
        ...

    def config(self, target: str = "") -> Mapping[str, Any]:
        """The inspection (`Config`, `Size`, `Architecture`, `RootFS` …) of the image or of a build stage."""
        ...

    def file(self, path: str, limit: int = 1 << 20, target: str = "") -> bytes:
        """A file of the image or of a build stage. Raises `Missing`, or `Unreadable` when larger than `limit` bytes."""
        ...

    def tree(self, folder: str, target: str = "") -> Mapping[str, str]:
        """The files below a folder of the image or of a build stage, by path from the root: `sha256:…` of each.

        Raises `Missing`, or `Unreadable` where there is more than can be compared.
        """
        ...

    def run(self, command: Command, log: Callable[[str], None]) -> Ran:
        """Run a tool to its end; `log` hears each line as it comes, raw."""
        ...

    def serve(self, serve: Serve, log: Callable[[str], None]) -> AbstractContextManager[Served]:
        """A running server, ready; gone at the end of the context. Raises `NotReady` where it never came to be."""
        ...


class CheckKind(Protocol):
    """One kind of check; found in the registry `mlcd_tui.checks.kinds` as `CHECK`."""

    @property
    def name(self) -> str:
        """Its name in the registry and as `kind` in the plan."""
        ...

    @property
    def title(self) -> str:
        """Its name for the eye."""
        ...

    @property
    def model(self) -> type[Any]:
        """The pydantic model of its part of the plan."""
        ...

    def files(self, spec: Any) -> tuple[str, ...]:
        """Files beside the plan that decide it (snapshots, locks): they belong to the plan's digest."""
        ...

    def run(self, spec: Any, bench: Bench, folder: str, log: Callable[[str], None]) -> CheckResult:
        """Do it. Raises `Problem` only for what has nothing to do with the image; `folder` is where the plan lies."""
        ...


class ReportParser(Protocol):
    """One report format; found in the registry `mlcd_tui.checks.parsers` as `PARSER`. Pure."""

    @property
    def name(self) -> str:
        """Its name in the registry and as `parser` in the plan, such as `ruff_json`."""
        ...

    @property
    def title(self) -> str:
        """Its name for the eye."""
        ...

    def parse(self, report: bytes, workdir: str = "") -> Report:
        """What a report says; absolute paths become relative to `workdir`.

        Raises:
            Unreadable: it is no such report; nothing else is ever raised, whatever the bytes.
        """
        ...


class RunExport(Protocol):
    """One form that a run is given out in; found in the registry `mlcd_tui.checks.exports` as `EXPORT`. Pure."""

    @property
    def name(self) -> str:
        """Its name in the registry and as `-o`."""
        ...

    @property
    def title(self) -> str:
        """Its name for the eye."""
        ...

    @property
    def media_type(self) -> str:
        """Of what `render` gives."""
        ...

    def render(self, run: CheckRun) -> str:
        """The run as text, a line break at its end. Raises `Unreadable` where the form cannot say it."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """One thing that happened in a run."""

    check: str
    """Name of the check; empty: of the run itself."""
    state: CheckState | None = None
    """None: a log line."""
    line: Clean = Clean("")
    result: CheckResult | None = None
    """When it has ended."""
    run: CheckRun | None = None
    """The whole run, as it is kept: the last thing that is told."""


@dataclass(frozen=True, slots=True)
class ImageChecks:
    """What is known of the checks of one image that a rollout runs."""

    image: Clean
    """As the pod template names it."""
    digest: str = ""
    """`sha256:…` that runs; empty: not known."""
    evidence: Evidence | None = None
    """What speaks of it, or what there is of another build of it; None: nothing."""
    results: tuple[CheckResult, ...] = ()
    """Of the evidence, as they count for the image that runs: stale where they do not speak of it."""
    problem: Clean = Clean("")
    """Why nothing is known, or why not everybody could be asked."""
    standings: tuple[Standing, ...] = ()
    """The results, each with the evidence whose word it is."""
    known: tuple[Evidence, ...] = ()
    """All that there is of it, newest first, what was tampered with included."""
    plan_unread: bool = False
    """The plan in force cannot be used (`problem` tells why), so nothing says which checks must be met."""


@dataclass(frozen=True, slots=True)
class RolloutChecks:
    """The checks around one rollout."""

    candidate: ImageChecks | None = None
    """None: no new version is on its way."""
    serving: ImageChecks | None = None


@dataclass(frozen=True, slots=True)
class CheckPublication:
    """Evidence about to be published in a cluster, complete: what is shown is what is sent."""

    run: CheckRun
    digest: str
    """Of the image as the cluster runs it."""
    namespace: str
    name: str
    """Of the ConfigMap."""
    method: str
    """POST: it is new; PUT: it replaces the one that was read, conditional on its resourceVersion."""
    path: str
    body: Mapping[str, Any]
    sentence: Clean
    warnings: tuple[Clean, ...] = ()
    """What is worth knowing before others rely on it: not signed, checks that are not met, findings left out."""
    denied: Clean = Clean("")
    """Why it cannot be done; empty: it can."""
    typed_name: str = ""
    """Not empty: must be typed first (a context marked production)."""


class CheckDesk(Protocol):
    """What screens and commands ask about checks. Nothing blocks the loop; problems are `Problem`s."""

    def run(
        self, image: str, plan: str, only: Sequence[str] = (), called_off: Collection[str] = ()
    ) -> AsyncIterator[Progress]:
        """Run a plan's checks on an image; ending the iteration cancels them.

        First each check comes as waiting, in the plan's order; last comes the run itself, whole. A name that the caller
        puts into `called_off` meanwhile cancels that check alone: it is looked at again and again, from other threads.
        """
        ...

    async def evidence(self, digests: frozenset[str], namespace: str = "", image: str = "") -> tuple[Evidence, ...]:
        """All evidence that is known of an image, newest first: this machine's, the cluster's, the registry's.

        The cluster is asked where `namespace` says where, the registry where `image` names the image by digest.
        """
        ...

    async def runs(self, limit: int = 100) -> tuple[CheckRun, ...]:
        """Runs kept on this machine, newest first."""
        ...

    async def around(self, detail: RolloutDetail) -> RolloutChecks:
        """What is known of the checks of the images that a rollout runs."""
        ...

    def listen(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` whenever evidence was published, or kept here: ask `around` again. Returns how to stop it.

        While somebody listens, what others publish in the cluster is watched.
        """
        ...

    async def log(self, run: str, check: str) -> tuple[Clean, ...]:
        """The log of one check of a kept run. Raises `Missing` where it is not kept."""
        ...

    async def accept(self, run: CheckRun, plan: str, check: str, reason: str, case: str = "") -> tuple[Clean, ...]:
        """What a run received becomes what is approved: of one case, or (empty) of all that wait in the check.

        Returns a sentence for each. Raises `Problem`, nothing accepted, where there is nothing, or no reason.
        """
        ...
