"""The bench of a check: one image on one Docker Engine, and what all checks of a run share."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from time import monotonic, time
from typing import Any, Self

from docker.errors import APIError

from mlcd_tui.checks.runner import leavings
from mlcd_tui.checks.runner.belongings import OURS, OWNER, STAGE, labels, removing, sweep
from mlcd_tui.checks.runner.builder import Builder, Built, Order
from mlcd_tui.checks.runner.buildx import best_builder
from mlcd_tui.checks.runner.container import TICK, Attached, Blueprint, Ended, create, follow, start
from mlcd_tui.checks.runner.context import Context
from mlcd_tui.checks.runner.engine import Engine, asked
from mlcd_tui.checks.runner.exchange import absolute, exchanged, read, report_of, room, written_at
from mlcd_tui.checks.runner.freshness import is_of_stage
from mlcd_tui.checks.runner.output import Lines, Output
from mlcd_tui.checks.runner.serving import Server, make_network, serving
from mlcd_tui.checks.runner.trees import tree
from mlcd_tui.domain.check_ports import Command, Limits, Ran, Serve
from mlcd_tui.domain.checks import ImageIdentity
from mlcd_tui.domain.errors import BadConfig, Missing, Problem, Unreadable
from mlcd_tui.domain.text import clean


@dataclass(slots=True)
class Workshop:
    """What the checks of one run share: the image, its build stages, a network for servers. Safe among threads."""

    engine: Engine
    image: ImageIdentity
    run: str
    builder: Builder | None = None
    """None: the best one, found out when the first stage is needed."""
    context: Context | None = None
    """None: the plan can have no checks in build stages."""
    _network: str = ""
    _readers: dict[str, str] = field(default_factory=dict)
    _stages: dict[str, Built] = field(default_factory=dict)
    _trees: dict[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Problem):  # what stays is swept at the next start
            sweep(self.engine, self.run)

    def network(self) -> str:
        """The network of this run's servers; made when the first one needs it."""
        with self._lock:
            if not self._network:
                self._network = make_network(self.engine, labels(self.run), f"mlcd-{self.run}")
            return self._network

    def reader(self, image: str) -> str:
        """A container of an image that is never started, to read files from."""
        with self._lock:
            if image not in self._readers:
                plan = Blueprint(image, labels(self.run), Limits(), argv=("-",))
                self._readers[image] = create(self.engine, plan)
            return self._readers[image]

    def known(self, image: str) -> str:
        """An image's digest; empty: the engine does not have it, as BuildKit keeps what it builds from to itself."""
        with suppress(Missing):
            return str(self.engine.inspect(image)["Id"]) if image else ""
        return ""

    def tree(self, image: str, folder: str) -> Mapping[str, str]:
        """The files below a folder of an image, by path; read once for all checks."""
        with self._lock:
            lock = self._locks.setdefault(f"{image} {folder}", threading.Lock())
        with lock:
            if (image, folder) not in self._trees:
                self._trees[image, folder] = tree(self.engine, self.reader(image), folder)
            return self._trees[image, folder]

    def stage(self, target: str, limits: Limits, output: Output, cancelled: Callable[[], bool]) -> Built:
        """A build stage; checks that need the same one wait for the first of them to build it."""
        if self.context is None:
            raise BadConfig(
                f"The build stage {clean(target)} is needed, and there is no folder to build it from.",
                advice="Name the folder with the Dockerfile.",
            )
        with self._lock:
            builder = self.builder = self.builder or best_builder(self.engine)
            lock = self._locks.setdefault(target, threading.Lock())
        with _held(lock, cancelled) as mine:
            if not mine:
                return Built(cancelled=True)
            known = self._stages.get(target)
            if known is not None:
                output.lines.log(f"build stage {target}: built already in this run")
                return replace(known)
            output.lines.log(f"build stage {target}: {builder.name}")
            mark = f"{self.context.folder.resolve()}/{self.context.dockerfile}/{target}"
            order = Order(self.context, target, {OWNER: OURS, STAGE: mark}, limits)
            began = time()
            built = builder.build(order, output, cancelled)
            built.began = began
            start = leavings.prefix(self.context.folder, mark)
            leavings.name(self.engine, start, built.made, built.image)
            if built.image:
                with asked("looking at what was built"):
                    built.image = str(self.engine.api.inspect_image(built.image)["Id"])  # type: ignore[no-untyped-call]
                self._stages[target] = built
                self._forget_older(mark, built.image)
                leavings.forget(self.engine, start, built.made | built.used)
            return replace(built)

    def _forget_older(self, mark: str, kept: str) -> None:
        """Of one stage of one folder only the newest image is kept: it is the cache of the next build."""
        with suppress(Problem), asked("looking for older images of a stage"):
            for one in self.engine.api.images(filters={"label": [f"{OWNER}={OURS}", f"{STAGE}={mark}"]}):
                tagged = [tag for tag in one.get("RepoTags") or () if tag != "<none>:<none>"]
                if one["Id"] != kept and not tagged:
                    with suppress(APIError):  # another run may still use it
                        self.engine.api.remove_image(one["Id"])


def _asking_first(command: Command) -> tuple[str, ...]:
    return ("sh", "-c", f'{shlex.join(command.first)} >&2; exec "$@"', "sh", *command.argv)


@contextmanager
def _held(lock: threading.Lock, cancelled: Callable[[], bool]) -> Iterator[bool]:
    """A lock that one may have to wait long for; False: called off meanwhile."""
    while not lock.acquire(timeout=TICK):
        if cancelled():
            yield False
            return
    try:
        yield True
    finally:
        lock.release()


@dataclass(frozen=True, slots=True)
class DockerBench:
    """The bench of one check; see `domain.check_ports.Bench`."""

    workshop: Workshop
    check: str
    cancelled: Callable[[], bool] = lambda: False

    @property
    def image(self) -> ImageIdentity:
        """The subject."""
        return self.workshop.image

    def config(self, target: str = "") -> Mapping[str, Any]:
        """The inspection of the image or of a build stage."""
        return self.workshop.engine.inspect(self._image(target))

    def file(self, path: str, limit: int = 1 << 20, target: str = "") -> bytes:
        """A file of the image or of a build stage."""
        image = self._image(target)
        return read(self.workshop.engine, self.workshop.reader(image), absolute(path, self._workdir(image)), limit)

    def tree(self, folder: str, target: str = "") -> Mapping[str, str]:
        """The files below a folder of the image or of a build stage, by path."""
        return self.workshop.tree(self._image(target), absolute(folder, "/"))

    def _image(self, target: str) -> str:
        """Digest of the image, or of a build stage that is there by now."""
        if not target:
            return self.image.config_digest
        built = self.workshop.stage(target, Limits(), Output(Lines(lambda _: None)), self.cancelled)
        if not built.image:
            raise Missing(f"The build stage {clean(target)} is not built: {clean(built.failure) or 'it was ended'}.")
        return built.image

    def run(self, command: Command, log: Callable[[str], None]) -> Ran:
        """Run a tool to its end, in the image or in a build stage; without `argv` the building itself is the check."""
        begun = monotonic()
        output = Output(Lines(log))
        image, built = self.image.config_digest, None
        if command.target:
            built = self.workshop.stage(command.target, command.limits, output, self.cancelled)
            if not built.image or not command.argv:
                return self._of_stage(command, built, output, begun)
            image, output = built.image, Output(Lines(log))
        if not command.argv:
            raise BadConfig(f"The check {clean(self.check)} names no command to run.")
        ended, report = self._contained(image, command, output)
        if ended.refused and command.first:  # no shell there to ask first: then nobody is asked
            output = Output(Lines(log))
            command = replace(command, first=())
            ended, report = self._contained(image, command, output)
        return replace(self._ran(ended, output, begun, image, report), asked_first=bool(command.first))

    def _contained(self, image: str, command: Command, output: Output) -> tuple[Ended, bytes | None]:
        engine, marks = self.workshop.engine, labels(self.workshop.run, self.check)
        workdir = command.workdir or (self._workdir(image) if command.report or command.files else "/")
        doing = f"running {self.check}"
        with exchanged(engine, image, marks, command, workdir) as given:
            argv = _asking_first(command) if command.first else command.argv
            plan = Blueprint(image, marks, command.limits, argv, command.workdir, command.environment, given.mounts)
            with removing(engine.api.remove_container, create(engine, plan), v=True, force=True) as container:
                attached = Attached(engine, container)
                try:
                    ended = start(engine, container, doing) or follow(
                        engine,
                        container,
                        attached,
                        output,
                        seconds=command.limits.seconds,
                        cancelled=self.cancelled,
                        doing=doing,
                        watch=room(engine),  # the image's own volumes and a root that may be written take room as well
                    )
                finally:
                    attached.close()
                if ended.refused and not command.first:
                    output.write(2, ended.refused.encode() + b"\n")
                    output.lines.end()
                report = None
                if command.report and not ended.refused:
                    report = report_of(engine, container, absolute(command.report, workdir), given.before)
        return ended, report

    def _of_stage(self, command: Command, built: Built, output: Output, begun: float) -> Ran:
        report = self._written_by_stage(command, built) if built.image and command.report else None
        # An instruction that failed without a code, such as an unknown stage, is a failure all the same.
        code = 0 if built.image else built.exit_code or (1 if built.failure else None)
        ended = Ended(code, code == 137, built.timed_out, built.cancelled)
        return self._ran(ended, output, begun, built.image, report, from_cache=built.from_cache)

    def _written_by_stage(self, command: Command, built: Built) -> bytes | None:
        """The report that a stage has written; None: there is none.

        Raises:
            Unreadable: it came from elsewhere.
        """
        engine, context = self.workshop.engine, self.workshop.context
        container = self.workshop.reader(built.image)
        path = absolute(command.report, command.workdir or self._workdir(built.image))
        report = report_of(engine, container, path)
        if report is None or context is None:
            return report
        said = f"The report of build stage {clean(command.target)}"
        if twin := context.twin(PurePosixPath(command.report).name, report):
            raise Unreadable(
                f"{said} is {clean(twin)} of the build context, byte for byte: nothing says that the stage has "
                "written it.",
                advice="Name that file in .dockerignore.",
            )
        written, below = written_at(engine, container, path), self.workshop.known(context.below(command.target))
        was_there = below and written == written_at(engine, self.workshop.reader(below), path)
        if was_there or not is_of_stage(engine, built.image, below, written, built.began):
            raise Unreadable(
                f"{said} is of {clean(written, limit=19)} and was there before: no RUN instruction of the stage has "
                "written it.",
                advice="Remove it first, or let the stage write elsewhere.",
            )
        return report

    def _ran(
        self, ended: Ended, output: Output, begun: float, image: str, report: bytes | None, *, from_cache: bool = False
    ) -> Ran:
        return Ran(
            exit_code=ended.exit_code,
            stdout=output.stdout.value(),
            stderr=output.stderr.value(),
            report=report,
            timed_out=ended.timed_out,
            out_of_memory=ended.out_of_memory,
            cancelled=ended.cancelled,
            seconds=monotonic() - begun,
            ran_on=image,
            from_cache=from_cache,
            log_digest=output.digest,
            log_bytes=output.size,
        )

    @contextmanager
    def serve(self, serve: Serve, log: Callable[[str], None]) -> Iterator[Server]:
        """A running server, ready; gone at the end of the context."""
        workshop = self.workshop
        marks = labels(workshop.run, self.check)
        image, network = self.image.config_digest, workshop.network()
        with serving(workshop.engine, image, network, marks, serve, log, self.cancelled) as server:
            yield server

    def _workdir(self, image: str = "") -> str:
        config = self.workshop.engine.inspect(image or self.image.config_digest).get("Config") or {}
        return str(config.get("WorkingDir") or "/")
