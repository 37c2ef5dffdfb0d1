"""Finds the package of a running image by its digest: the cluster, then the registries that may know it."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mlcd_tui.config.settings import PackageSettings
from mlcd_tui.domain.errors import BadConfig, Forbidden, Missing, NoPackage, Problem, Throttled, Unreachable, Unreadable
from mlcd_tui.domain.package import ArtifactRole, ModelPackage, PackageEntry
from mlcd_tui.domain.package_ports import DIGEST_ANNOTATION, FoundPackage, Published, Reach
from mlcd_tui.domain.published import image_digest, is_name, published
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.session.package_hosts import (
    CLUSTER,
    CONFIG_MAP,
    mlflow_address,
    registry_host,
    repository,
    trusted_hosts,
    way,
)
from mlcd_tui.session.package_reading import Reading
from mlcd_tui.session.published_store import PublishedStore, decoded
from mlcd_tui.session.running_images import RunningImage

NEGATIVE = 30.0
"""Seconds after which a package that was not found, or may have been replaced unseen, is looked for again."""
_POSITIVE = 600.0
DOWN = 30.0
"""Seconds for which a server that did not answer is not asked again: behind a firewall each question takes its time."""
_MOST_KEPT = 256
_SOCKET = "/var/run/docker.sock"

Place = Callable[[RunningImage], Awaitable[tuple[ModelPackage, str] | None]]

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Kept:
    found: FoundPackage
    until: float


class Search:
    """Remembers what it found, by namespace, digest and annotation."""

    def __init__(
        self,
        reading: Reading,
        published: PublishedStore,
        settings: PackageSettings,
        clock: Callable[[], datetime],
    ) -> None:
        self._reading = reading
        self._published = published
        self._settings = settings
        self._clock = clock
        self._kept: OrderedDict[RunningImage, _Kept] = OrderedDict()
        self._under_way: dict[RunningImage, asyncio.Task[FoundPackage]] = {}
        self._down: dict[str, tuple[float, Problem]] = {}

    async def find(self, image: RunningImage) -> FoundPackage:
        """The package of an image, or why there is none. Never raises `Problem`."""
        kept = self._kept.get(image)
        if kept is not None and time.monotonic() < kept.until:
            self._kept.move_to_end(image)
            return kept.found
        task = self._under_way.get(image)
        if task is None:
            task = asyncio.create_task(self._look(image), name=f"package of {image.image}")
            self._under_way[image] = task
            task.add_done_callback(lambda _task: self._under_way.pop(image, None))
        # who asked may lose patience; the answer is still worth having
        return await asyncio.shield(task)

    def forget(self, changed: Iterable[tuple[str, str]]) -> None:
        """Packages of these namespaces and digests were published, replaced or removed."""
        keys = set(changed)
        for image in [each for each in self._kept if (each.namespace, each.digest) in keys]:
            del self._kept[image]

    async def stop(self) -> None:
        """End what is being looked for."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self, image: RunningImage) -> FoundPackage:
        try:
            found = await self._search(image)
        except Exception as error:  # noqa: BLE001 - whatever one image leads to, the others' packages are still wanted
            _log.exception("looking for the package of %s failed", clean(image.image))
            why = f"its package cannot be looked for: mlcd-tui failed at it ({type(error).__name__}); see its log"
            found = FoundPackage(clean(image.image), image.digest, problem=clean(why))
        self._kept[image] = _Kept(found, time.monotonic() + (_POSITIVE if found.lasting else NEGATIVE))
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return found

    async def _search(self, image: RunningImage) -> FoundPackage:
        shown = clean(image.image)
        if not image.digest:
            return FoundPackage(shown, "", problem=image.why_no_digest)
        troubles: list[str] = []
        head = f"no package is published for {image.digest}"
        for place in (self._in_cluster, self._annotated, self._in_mlflow, self._in_registry, self._in_docker):
            try:
                told = await self._asked(place, image)
            except Problem as problem:
                if place == self._in_docker:
                    continue  # an engine that is off, or not this user's, is no trouble worth telling of
                if isinstance(problem, Unreadable):
                    head = f"the package of {image.digest} cannot be used"
                troubles.append(str(clean(problem, limit=400)).rstrip("."))
                continue
            if told is not None:
                package, how = told
                other = contradiction(package, image.digest)
                how = "; not used: ".join((how, *troubles))
                # one that is published, replaced or removed is told of by the watch, where there is one
                lasting = not troubles and place in self._fixed and self._published.knows(image.namespace)
                return FoundPackage(
                    shown, image.digest, package, clean(how, limit=1_000), contradiction=other, lasting=lasting
                )
        advice = f"run `mlcd-tui packages publish PACKAGE --image {image.digest} -n {image.namespace}`"
        return FoundPackage(shown, image.digest, problem=clean(f"{'; '.join((head, *troubles))}: {advice}"))

    async def _asked(self, place: Place, image: RunningImage) -> tuple[ModelPackage, str] | None:
        """What a place knows; one that did not answer a moment ago is not waited for again, image after image."""
        servers: dict[Place, str] = {
            self._in_mlflow: "mlflow",
            self._in_registry: registry_host(image.image),
            self._in_docker: "docker",
        }
        server = servers.get(place, "")
        until, why = self._down.get(server, (0.0, None))
        if why is not None and time.monotonic() < until:
            raise Unreachable(why.sentence, advice=why.advice)
        try:
            return await place(image)
        except (Unreachable, Throttled) as problem:
            if server:
                self._down[server] = (time.monotonic() + DOWN, problem)
            raise

    @property
    def _fixed(self) -> tuple[Place, ...]:
        """Places whose package for a digest stays what it is, but for what the watch tells."""
        return (self._in_cluster, self._in_registry, self._in_docker)

    async def _in_cluster(self, image: RunningImage) -> tuple[ModelPackage, str] | None:
        try:
            found = await self._published.find(image.namespace, image.digest)
        except Forbidden:
            raise Forbidden(f"no right to get configmaps in namespace {image.namespace}, where packages are") from None
        if found is None:
            return None
        return await decoded(found), self._told(found)

    def _told(self, found: Published) -> str:
        how = f"ConfigMap {found.name} in {found.namespace}"
        how += f", published by {found.by}" if found.by else ""
        return how + (f" {_ago(self._clock(), found.at)}" if found.at else "")

    async def _annotated(self, image: RunningImage) -> tuple[ModelPackage, str] | None:
        if not image.annotation:
            return None
        allowed = way(image.annotation, image.image, self._settings)
        if allowed.no:
            raise Forbidden(allowed.no)
        how = f"annotation: {image.annotation}"
        if image.annotation.startswith(CONFIG_MAP):
            return await decoded(await self.config_map(image.annotation, image.namespace)), how
        return await self._reading.read(image.annotation, hosts=allowed.hosts), how

    async def config_map(self, address: str, namespace: str) -> Published:
        """A published package by its address. Raises `Problem`."""
        first, slash, second = address.removeprefix(CONFIG_MAP).partition("/")
        where, name = (first, second) if slash else (namespace, first)
        if not is_name(where) or not is_name(name):
            raise BadConfig(f"{clean(address)} is no ConfigMap.", advice="Write configmap:NAMESPACE/NAME.")
        try:
            return published(await self._published.raw(where, name))
        except Missing as problem:
            sentence = f"There is no ConfigMap {name} in namespace {where}."
            raise Missing(sentence, advice=f"List what is published there: {CLUSTER}{where}.") from problem

    async def _in_mlflow(self, image: RunningImage) -> tuple[ModelPackage, str] | None:
        if not mlflow_address(self._settings):
            return None

        def look(reach: Reach) -> tuple[PackageEntry, ...]:
            from mlcd_tui.packages.sources.mlflow_server import versions_with_image

            return versions_with_image(image.digest, reach)

        entries = await self._reading.run(look, "the MLflow server")
        if not entries:
            return None
        newest = entries[0]
        how = f"MLflow {newest.name} {newest.version}, tagged {DIGEST_ANNOTATION}"
        how += f" (the newest of {len(entries)})" if len(entries) > 1 else ""
        return await self._reading.read(newest.address), how

    async def _in_registry(self, image: RunningImage) -> tuple[ModelPackage, str] | None:
        host = registry_host(image.image)
        if not self._settings.registry or not host or not image_digest(image.image):
            return None
        address = f"oci:{repository(image.image)}@{image.digest}"
        hosts = trusted_hosts(self._settings, image.image)
        return await self._of_image(address, hosts, f"registry {host}: {address}")

    async def _in_docker(self, image: RunningImage) -> tuple[ModelPackage, str] | None:
        """The engine of this machine, where there is one: labels only, without pulling anything."""
        kind, _, path = os.environ.get("DOCKER_HOST", f"unix://{_SOCKET}").partition("://")
        if kind != "unix" or not await asyncio.to_thread(Path(path).exists):
            return None
        address = f"docker:{repository(image.image)}@{image.digest}"
        return await self._of_image(address, None, f"the local Docker engine: {address}")

    async def _of_image(self, address: str, hosts: tuple[str, ...] | None, how: str) -> tuple[ModelPackage, str] | None:
        """What an image says of its model: most images say nothing, which is no trouble worth telling of."""
        try:
            package = await self._reading.read(address, hosts=hosts)
        except (Missing, NoPackage):
            return None
        return (package, how) if _speaks_of_a_model(package) else None


def _speaks_of_a_model(package: ModelPackage) -> bool:
    """Whether there is more than the name, author and commit that every image may be labelled with."""
    weights = any(artifact.role is ArtifactRole.WEIGHTS for artifact in package.artifacts)
    return bool(weights or package.endpoints or package.metrics or package.training.datasets or package.training_part)


def contradiction(package: ModelPackage, digest: str) -> Clean:
    """What the package says of its images, where that is another one than the one that runs; else empty."""
    named = {found for image in package.images if (found := image_digest(image))}
    named |= {found for key, value in package.tags if key == DIGEST_ANNOTATION and (found := image_digest(value))}
    if not named or digest in named:
        return Clean("")
    return clean(f"the package names image {', '.join(sorted(named))}, but {digest} runs")


def _ago(now: datetime, at: datetime) -> str:
    seconds = max(0, int((now - at).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return "just now"


def still_reading(image: RunningImage) -> FoundPackage:
    """Stands for a package that is being read."""
    return FoundPackage(clean(image.image), image.digest, problem=clean("its package is still being read"))
