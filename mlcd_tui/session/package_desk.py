"""What screens and commands ask about packages, joined from the library, the cluster and the rules.

Imports nothing that reaches the network before it is asked something.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mlcd_tui.config.settings import PackageSettings, Settings
from mlcd_tui.domain.errors import BadConfig, Unreadable
from mlcd_tui.domain.package import ModelPackage, PackageEntry
from mlcd_tui.domain.package_ports import FoundPackage, Place, Publication, PublishOutcome, RolloutPackages
from mlcd_tui.domain.plan import Result
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.verdict import PackageDiff

if TYPE_CHECKING:
    from mlcd_tui.session.connection import Connection
    from mlcd_tui.session.package_reading import Reading
    from mlcd_tui.session.package_search import Search
    from mlcd_tui.session.published_store import PublishedStore
    from mlcd_tui.session.publishing import Publisher
    from mlcd_tui.session.recording import Recorder
    from mlcd_tui.session.running_images import RunningImage

CLUSTER = "cluster:"
CONFIG_MAP = "configmap:"
_MOST_DIFFS = 64

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The context that packages are looked for and published in."""

    connection: Connection
    recorder: Recorder
    clock: Callable[[], datetime]
    readonly: str = ""
    """Why nothing may be changed here; empty: it may."""
    production: bool = False
    namespace: str = ""
    """That the session shows; empty: all."""


@dataclass(frozen=True, slots=True)
class ClusterSide:
    """What the desk has for one connection."""

    connection: Connection
    published: PublishedStore
    search: Search
    publisher: Publisher


class Desk:
    """Implements `domain.package_ports.PackageDesk`.

    Args:
        settings: where to look.
        surroundings: the context at hand, connected when first asked for; None: there is no cluster.
    """

    def __init__(
        self, settings: PackageSettings, surroundings: Callable[[], Awaitable[Surroundings]] | None = None
    ) -> None:
        self._settings = settings
        self._surroundings = surroundings
        self._reader: Reading | None = None
        self.side: ClusterSide | None = None
        """What belongs to the connection that was last asked for."""
        self._making = asyncio.Lock()
        self._diffs: OrderedDict[tuple[int, int], PackageDiff] = OrderedDict()

    # --- reading ------------------------------------------------------------------------------------------

    async def read(self, address: str) -> ModelPackage:
        """The package behind an address. Raises `Problem`."""
        if not address.startswith(CONFIG_MAP):
            return await (await self._reading()).read(address)
        from mlcd_tui.session.published_store import decoded

        side = await self.cluster()
        return await decoded(await side.search.config_map(address, side.connection.target.namespace))

    async def list(self, address: str) -> AsyncIterator[PackageEntry]:
        """What lies at a place, as it comes in. Raises `Problem` while iterating."""
        if address.startswith(CLUSTER):
            side = await self.cluster()
            for entry in await side.published.entries(_namespace(address)):
                yield entry
            return
        entries = (await self._reading()).list(address)
        try:
            async for entry in entries:
                yield entry
        finally:
            await entries.aclose()  # type: ignore[attr-defined]

    def places(self) -> tuple[Place, ...]:
        """Where packages can be browsed: those of the settings, then the cluster and the MLflow server."""
        from mlcd_tui.session.package_hosts import mlflow_address, shown_address

        found = [Place(address, clean(address)) for address in dict.fromkeys(self._settings.sources)]
        if self._surroundings is not None:
            found.append(Place(CLUSTER, clean("published in this cluster"), configured=False))
        if server := mlflow_address(self._settings):
            title = clean(f"MLflow at {shown_address(server)}")
            found.append(Place("mlflow:", title, configured=bool(self._settings.mlflow)))
        unique = {place.address: place for place in reversed(found)}
        return tuple(place for place in found if unique.pop(place.address, None) is not None)

    async def compare(self, serving: str, candidate: str) -> PackageDiff:
        """Two packages by their addresses. Raises `Problem`."""
        before, after = await asyncio.gather(self.read(serving), self.read(candidate))
        return await self._diff(before, after)

    # --- around a rollout ---------------------------------------------------------------------------------

    async def around(self, detail: RolloutDetail) -> RolloutPackages:
        """The packages of the images that run, found by digest and remembered. Raises `Problem`."""
        from mlcd_tui.session.running_images import running_images

        return await self.of(*running_images(detail))

    async def of(self, candidate_image: RunningImage | None, serving_image: RunningImage | None) -> RolloutPackages:
        """As `around`, of images that are known already."""
        search = (await self.cluster()).search

        async def find(image: RunningImage | None) -> FoundPackage | None:
            return None if image is None else await search.find(image)

        candidate, serving = await asyncio.gather(find(candidate_image), find(serving_image))
        return RolloutPackages(candidate, serving, await self._between(serving, candidate))

    async def _between(self, serving: FoundPackage | None, candidate: FoundPackage | None) -> PackageDiff | None:
        if serving is None or candidate is None or serving.contradiction or candidate.contradiction:
            return None
        if serving.package is None or candidate.package is None:
            return None
        key = (id(serving.package), id(candidate.package))
        known = self._diffs.get(key)
        if known is not None and known.serving is serving.package and known.candidate is candidate.package:
            self._diffs.move_to_end(key)
            return known
        made = await self._diff(serving.package, candidate.package)
        self._diffs[key] = made
        while len(self._diffs) > _MOST_DIFFS:
            self._diffs.popitem(last=False)
        return made

    async def _diff(self, serving: ModelPackage, candidate: ModelPackage) -> PackageDiff:
        """In a thread: a large JSON Schema takes longer than a frame."""

        def work() -> PackageDiff:
            from mlcd_tui.domain.package_diff import diff

            return diff(serving, candidate, declared_only=self._settings.declared_only)

        try:
            return await asyncio.to_thread(work)
        except Exception as error:  # a plan or a fleet must not end where two absurd packages meet
            _log.exception("comparing %s and %s failed", serving.label, candidate.label)
            sentence = f"{serving.label} and {candidate.label} cannot be compared: mlcd-tui failed at it"
            raise Unreadable(f"{sentence} ({type(error).__name__}).", advice="Its log says more.") from error

    # --- publishing ---------------------------------------------------------------------------------------

    async def propose_publish(self, address: str, image_digest: str, namespace: str) -> Publication:
        """What would be published. Raises `Problem`."""
        side = await self.cluster()
        return await side.publisher.propose(await self.read(address), image_digest, namespace)

    async def publish(self, publication: Publication, reason: str = "", typed_name: str = "") -> PublishOutcome:
        """Do it, audited. Never raises."""
        from mlcd_tui.domain.errors import Problem

        try:
            side = await self.cluster()
        except Problem as problem:
            return PublishOutcome(Result.FAILED, clean(f"nothing was sent: {problem}"))
        outcome = await side.publisher.publish(publication, reason, typed_name)
        side.search.forget([(publication.namespace, publication.image_digest)])
        return outcome

    async def decline(self, publication: Publication, reason: str = "") -> None:
        """Record that it was shown and not done. Never raises."""
        from mlcd_tui.domain.errors import Problem

        with suppress(Problem):  # without a cluster nothing was shown that could be declined
            await (await self.cluster()).publisher.decline(publication, reason)

    # --- inside -------------------------------------------------------------------------------------------

    async def cluster(self) -> ClusterSide:
        """What belongs to the present connection. Raises `Problem`."""
        if self._surroundings is None:
            raise BadConfig("There is no cluster here to look into.", advice="Name a kubeconfig, or a context.")
        around = await self._surroundings()
        async with self._making:  # who asks at the same time gets the same one
            if self.side is None or self.side.connection is not around.connection:
                await self.reset()
                self.side = _cluster_side(around, await self._reading(), self._settings)
            return self.side

    async def reset(self) -> None:
        """The connection is gone: forget what was found through it."""
        side, self.side = self.side, None
        if side is not None:
            await side.published.stop()
            await side.search.stop()

    async def close(self) -> None:
        """End what is under way."""
        await self.reset()

    async def _reading(self) -> Reading:
        if self._reader is None:
            # in a thread, since what reaches registries takes several frames to import
            await asyncio.to_thread(_import_readers)
            from mlcd_tui.session.package_reading import Reading

            self._reader = self._reader or Reading(self._settings)
        return self._reader


def _import_readers() -> None:
    from mlcd_tui.packages import library
    from mlcd_tui.session import package_search, publishing

    del library, package_search, publishing


def _cluster_side(around: Surroundings, reading: Reading, settings: PackageSettings) -> ClusterSide:
    from mlcd_tui.session.package_search import Search
    from mlcd_tui.session.published_store import PublishedStore
    from mlcd_tui.session.publishing import Publisher

    published = PublishedStore(around.connection.client)
    search = Search(reading, published, settings, around.clock)
    publisher = Publisher(
        around.connection,
        published,
        around.recorder,
        around.clock,
        readonly=around.readonly,
        production=around.production,
    )
    return ClusterSide(around.connection, published, search, publisher)


def _namespace(address: str) -> str:
    from mlcd_tui.domain.published import is_name

    namespace = address.removeprefix(CLUSTER)
    if namespace and not is_name(namespace):
        raise BadConfig(f"{clean(address)} is no place in a cluster.", advice="Write cluster: or cluster:NAMESPACE.")
    return namespace


def standalone(settings: Settings) -> Desk:
    """A desk without a cluster, for commands that only read and compare."""
    return Desk(settings.packages)
