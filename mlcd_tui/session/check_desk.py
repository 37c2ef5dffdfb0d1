"""What screens and commands ask about checks, joined from the runner, the store on this machine and the cluster.

Imports nothing that reaches an engine or the network before it is asked something.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import aclosing, suppress
from datetime import datetime
from typing import TYPE_CHECKING

from mlcd_tui.config.settings import CheckSettings, PackageSettings
from mlcd_tui.domain.check_ports import CheckPublication, ImageChecks, Progress, RolloutChecks
from mlcd_tui.domain.checks import CheckRun, Evidence
from mlcd_tui.domain.errors import BadConfig, Missing, Problem
from mlcd_tui.domain.package_ports import PublishOutcome
from mlcd_tui.domain.plan import Result
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import Clean, clean, clean_lines
from mlcd_tui.session.check_memory import Touched
from mlcd_tui.session.check_plans import Judging, PlansInForce

if TYPE_CHECKING:
    from mlcd_tui.checks.evidence.store import EvidenceStore
    from mlcd_tui.session.check_publishing import CheckPublisher
    from mlcd_tui.session.check_side import Side
    from mlcd_tui.session.package_desk import Surroundings
    from mlcd_tui.session.running_images import RunningImage

Runner = Callable[[str, str, Sequence[str], Collection[str], str], Iterator[Progress]]
"""Runs a plan: image, path of the plan, names, those called off meanwhile, and who runs it. Blocking."""

Heard = Callable[[frozenset[Touched]], None]

_MOST_LOG_TEXT = 8 << 20
_CHANGED = "[This log was changed after it was kept: its digest is not the one that the run names.]"


def run_here(image: str, plan: str, only: Sequence[str], called_off: Collection[str], by: str) -> Iterator[Progress]:
    """On the Docker Engine of this machine."""
    from mlcd_tui.checks.plan import load_plan
    from mlcd_tui.checks.run import run_plan

    return run_plan(load_plan(plan), image, only=only, called_off=called_off, by=by)


def store_here() -> EvidenceStore:
    """The store on this machine, with the operator's key where there is one.

    A key that cannot be used keeps nobody from reading; what is to be signed with it is refused.
    """
    from mlcd_tui.checks.evidence.keys import own_key, trusted_keys
    from mlcd_tui.checks.evidence.reading import seal_with
    from mlcd_tui.checks.evidence.store import EvidenceStore

    def seal(run: CheckRun, most_bytes: int) -> bytes:
        return seal_with(own_key())(run, most_bytes)

    return EvidenceStore(trusted=trusted_keys()[0], seal=seal)


def _key_in_order() -> None:
    from mlcd_tui.checks.evidence.keys import own_key

    own_key()


class Checks:
    """Implements `domain.check_ports.CheckDesk`.

    Args:
        clock: the present moment.
        surroundings: the context at hand, connected when first asked for; None: there is no cluster.
        runner: runs plans.
        settings: which plan is in force, and what must be met; None: the defaults.
        packages: whether registries are asked, and how long is waited for them; None: the defaults.
        store: makes the store when it is first asked.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        surroundings: Callable[[], Awaitable[Surroundings]] | None = None,
        *,
        settings: CheckSettings | None = None,
        packages: PackageSettings | None = None,
        runner: Runner = run_here,
        store: Callable[[], EvidenceStore] = store_here,
    ) -> None:
        self._clock = clock
        self._surroundings = surroundings
        self._runner = runner
        self._make_store = store
        self._store: EvidenceStore | None = None
        self._plans = PlansInForce(settings or CheckSettings())
        self._packages = packages or PackageSettings()
        self._side: Side | None = None
        self._making = asyncio.Lock()
        self._listeners: list[Heard] = []

    async def run(
        self, image: str, plan: str, only: Sequence[str] = (), called_off: Collection[str] = ()
    ) -> AsyncIterator[Progress]:
        """Run a plan's checks on an image; the last thing told is the run, as it was kept. Raises `Problem`."""
        store = await self.store()
        await asyncio.to_thread(_key_in_order)  # before minutes of checks whose run could not be signed then
        from mlcd_tui.session.check_running import Running

        by = await asyncio.to_thread(_operator)
        running = Running(lambda off: self._runner(image, plan, only, off, by), store, called_off)
        async with aclosing(running.tell()) as told:  # type: ignore[type-var]
            async for each in told:
                if each.run is not None:
                    self._forget(_touched_by(each.run))
                yield each

    async def evidence(self, digests: frozenset[str], namespace: str = "", image: str = "") -> tuple[Evidence, ...]:
        """All evidence that is known of an image, newest first. Raises `Problem` only where nothing at all is known."""
        found = await (await self._look()).search.find(digests, namespace, image)
        if not found.evidence and found.problems:
            raise Problem(" ".join(found.problems))
        return found.evidence

    async def runs(self, limit: int = 100) -> tuple[CheckRun, ...]:
        """Runs kept on this machine, newest first."""
        kept = await asyncio.to_thread((await self.store()).runs, limit)
        return tuple(each.run for each in kept.evidence)

    async def around(self, detail: RolloutDetail) -> RolloutChecks:
        """How the images of a rollout stand, by the plan in force; remembered until something changed."""
        from mlcd_tui.session.running_images import running_images

        workload = f"{detail.rollout.ref.namespace}/{detail.rollout.ref.name}"
        return RolloutChecks(*await asyncio.gather(*(self.of(each, workload) for each in running_images(detail))))

    async def of(self, image: RunningImage | None, workload: str) -> ImageChecks | None:
        """How one image of a workload (`namespace/name`) stands; None: there is none."""
        if image is None:
            return None
        search = (await self._look()).search
        return await search.around(image, await self._plans.of(image.image, workload))

    async def judging(self, image: str, workload: str = "") -> Judging:
        """By what the evidence of an image is judged, by the settings. Never raises `Problem`."""
        return await self._plans.of(image, workload)

    def listen(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` whenever evidence was published, or kept here; returns how to stop it."""
        return self.hear(lambda _touched: changed())

    def hear(self, heard: Heard) -> Callable[[], None]:
        """As `listen`, and `heard` is told of which images; of none where it may be of any."""
        self._listeners.append(heard)
        if self._side is not None:
            self._side.watch()

        def stop() -> None:
            with suppress(ValueError):
                self._listeners.remove(heard)

        return stop

    def knows(self, namespace: str) -> bool:
        """Whether all evidence that is published in a namespace is told of at this moment."""
        return self._side is not None and self._side.knows(namespace)

    async def log(self, run: str, check: str) -> tuple[Clean, ...]:
        """The log of one check of a kept run. Raises `Missing` where it is not kept."""
        store = await self.store()

        def read() -> tuple[Clean, ...]:
            result = store.run(run).run.result(check)
            if result is None or not result.log_digest:
                raise Missing(f"Run {clean(run)} has no log of {clean(check)}.")
            log = store.log(result.log_digest)
            lines = clean_lines(log.data.decode("utf-8", "replace"), limit=_MOST_LOG_TEXT)
            return lines if log.intact else (clean(_CHANGED), *lines)

        return await asyncio.to_thread(read)

    async def accept(self, run: CheckRun, plan: str, check: str, reason: str, case: str = "") -> tuple[Clean, ...]:
        """What a run received becomes what is approved. Raises `Problem`, nothing accepted."""
        at = self._clock()

        def work() -> tuple[Clean, ...]:
            from mlcd_tui.checks.accepting import Acceptance
            from mlcd_tui.checks.plan import load_plan
            from mlcd_tui.checks.waiting import accept_check

            acceptance = Acceptance(reason, _operator(), run.image.digests, at)
            return tuple(each.sentence for each in accept_check(load_plan(plan), check, acceptance, case))

        return await asyncio.to_thread(work)

    async def propose_publish(self, run: str, digest: str, namespace: str) -> CheckPublication:
        """What would be published of a kept run, for the image that runs as `digest`. Raises `Problem`."""
        return await (await self._publisher()).propose(run, digest, namespace)

    async def publish(self, publication: CheckPublication, reason: str = "", typed_name: str = "") -> PublishOutcome:
        """Do it, audited. Never raises."""
        try:
            publisher = await self._publisher()
        except Problem as problem:
            return PublishOutcome(Result.FAILED, clean(f"nothing was sent: {problem}"))
        outcome = await publisher.publish(publication, reason, typed_name)
        self._forget()
        return outcome

    async def push(self, run: str, image: str) -> str:
        """Put a kept run beside its image (`HOST/NAME@sha256:…`) in its registry. Raises `Problem`.

        Returns the digest of what was pushed.
        """
        store, at = await self.store(), self._clock()

        def work() -> str:
            from mlcd_tui.session import check_registry

            return check_registry.push(image, run, store, at)

        pushed = await asyncio.to_thread(work)
        self._forget()
        return pushed

    async def link(self, image: str) -> str:
        """Remember which build a pushed image is, so that the build's evidence counts for it. Raises `Problem`.

        Returns the digest of its manifest.
        """
        store = await self.store()

        def work() -> str:
            from mlcd_tui.session import check_registry

            return check_registry.link(image, store)

        linked = await asyncio.to_thread(work)
        self._forget()
        return linked

    async def _publisher(self) -> CheckPublisher:
        if self._surroundings is None:
            raise BadConfig("There is no cluster here to publish in.", advice="Name a kubeconfig, or a context.")
        around, store = await self._surroundings(), await self.store()
        from mlcd_tui.session.check_publishing import CheckPublisher

        return CheckPublisher(around, store)

    async def store(self) -> EvidenceStore:
        """The store on this machine."""
        if self._store is None:
            self._store = await asyncio.to_thread(self._make_store)
        return self._store

    async def reset(self) -> None:
        """The connection is gone: forget what was found through it."""
        side, self._side = self._side, None
        if side is not None:
            await side.stop()

    def _changed(self, touched: frozenset[Touched] = frozenset()) -> None:
        for listener in tuple(self._listeners):
            listener(touched)

    def _forget(self, touched: frozenset[Touched] = frozenset()) -> None:
        if self._side is not None:
            self._side.forget()
        self._changed(touched)

    async def _look(self) -> Side:
        """What belongs to the present connection; without one, this machine and registries are asked all the same."""
        from mlcd_tui.session.check_side import Side

        store, around = await self.store(), None
        if self._surroundings is not None:
            try:
                around = await self._surroundings()
            except Problem as problem:
                return Side(None, store, self._clock, self._packages, self._changed, trouble=problem)
        async with self._making:  # who asks at the same time gets the same one
            if self._side is None or self._side.connection is not (around.connection if around else None):
                await self.reset()
                self._side = Side(around, store, self._clock, self._packages, self._changed)
            if self._listeners:
                self._side.watch()
            return self._side


def _touched_by(run: CheckRun) -> frozenset[Touched]:
    """Whom a run that was kept here speaks of: by name as well, since a build may run under a digest of its push."""
    from mlcd_tui.checks.evidence.cluster import label_value

    label = label_value(str(run.image.ref))
    return frozenset(Touched("", digest, label) for digest in run.image.digests)


def _operator() -> str:
    """Who sits here, as far as the machine knows."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container may run as a number that has no name
        user = str(os.getuid())
    return str(clean(f"{user}@{socket.gethostname()}", limit=200))
