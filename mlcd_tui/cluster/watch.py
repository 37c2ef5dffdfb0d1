"""A reflector keeps a store true to one kind: list, watch, bookmarks, 410 and list again, and every way to fail."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from mlcd_tui.cluster.client import METADATA, Client
from mlcd_tui.cluster.discovery import Discovery
from mlcd_tui.cluster.errors import from_status, not_kubernetes
from mlcd_tui.cluster.store import Delta, Store
from mlcd_tui.cluster.wire import BAD_JSON, Codec, Event, Lines
from mlcd_tui.domain.errors import Forbidden, Gone, Missing, Problem, Throttled, Unauthenticated, Unreachable
from mlcd_tui.domain.fleet import Freshness, Link
from mlcd_tui.domain.refs import Resource
from mlcd_tui.domain.text import clean

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timing:
    """Sizes of pages, and seconds of patience."""

    first_page: int = 100
    page: int = 500
    watch: float = 290.0
    """A watch is asked to end after this; less up to a tenth, so that not all end together."""
    silence: float = 10.0
    """Without a byte for so long, see whether the server still answers."""
    probe: float = 5.0
    quiet: float = 100.0
    """Without a byte for so long (bookmarks come each minute), begin a new watch even if the server answers."""
    grace: float = 1.0
    """A cut watch that is back within this time was never stale."""
    steady: float = 5.0
    """A watch that lived so long ends a series of failures."""
    gather: float = 0.004
    """Changes in quick succession are awaited for so long and handed over together."""
    backoff_low: float = 0.5
    backoff_high: float = 30.0
    backoff_known: float = 5.0
    """The longest wait after a cut while the same server answers other calls."""
    forbidden: float = 30.0
    absent: float = 10.0


@dataclass(frozen=True, slots=True)
class Batch(Generic[T]):
    """What one page or one chunk of the network changed; the store has it already."""

    deltas: tuple[Delta[T], ...]
    complete: bool
    """The first list has arrived in full."""
    remaining: int | None = None
    """While a list comes: objects still to come, where the server says so."""


def _now() -> datetime:
    return datetime.now(UTC)


class Reflector(Generic[T]):
    """Mirrors one kind of one cluster.

    Args:
        client: to the cluster.
        resource: the kind.
        struct: what to decode objects into; None: raw dicts.
        namespace: empty: all.
        label_selector: as in the API.
        field_selector: as in the API.
        metadata_only: nothing else of the objects is sent; for kinds with large contents.
        on_batch: called in the event loop with each batch; must be quick.
        on_freshness: called in the event loop when the freshness changes.
        timing: patience.
        clock: the time of day, for `Freshness.since`.
    """

    def __init__(
        self,
        client: Client,
        resource: Resource,
        *,
        struct: type[T] | None = None,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        metadata_only: bool = False,
        on_batch: Callable[[Batch[T]], None],
        on_freshness: Callable[[Freshness], None],
        timing: Timing = Timing(),
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.resource = resource
        self.namespace = namespace
        self.freshness = Freshness(Link.CONNECTING)
        self.complete = False
        """The first list has arrived in full."""
        self._client = client
        self._codec: Codec[T] = Codec(resource, struct)
        self.store: Store[T] = Store(self._codec.identify)
        chosen = {"labelSelector": label_selector, "fieldSelector": field_selector}
        self._selectors = {name: value for name, value in chosen.items() if value}
        self._path = resource.path(namespace)
        self._forms = [
            METADATA.format(f"PartialObjectMetadata{what}") if metadata_only else "" for what in ("List", "")
        ]
        self._on_batch = on_batch
        self._on_freshness = on_freshness
        self._timing = timing
        self._clock = clock
        self._listed = False
        self._lived = False
        self._failures = 0
        self._byte_at = 0.0
        self._true_at: datetime | None = None
        self._lost: Problem | None = None
        self._grace: asyncio.TimerHandle | None = None
        self._poked = asyncio.Event()

    def poke(self) -> None:
        """Do not wait any longer before the next attempt."""
        self._poked.set()

    async def run(self) -> None:
        """Keep the store true until cancelled."""
        try:
            while True:
                try:
                    await self._step()
                except Problem as problem:
                    await self._failed(problem)
        finally:
            self._end_grace()

    async def _step(self) -> None:
        """List where that is due, then watch until the watch ends as watches do."""
        if not self._listed:
            await self._list()
            self._listed = True
        began = time.monotonic()
        try:
            await self._watch()
        except Unreachable as problem:
            steady = self._steady(began)
            if not steady or self._lost is not None:
                raise
            # the first cut after a good time: most likely something in between ended the connection
            self._begin_grace(problem)
            return
        if not self._steady(began):
            if self._failures:
                raise Unreachable(f"{self._client.server} ends each watch at once.")
            self._failures += 1
            await self._wait(self._backoff())

    def _steady(self, began: float) -> bool:
        """Whether the watch that just ended did its work; if so the failures before it are forgotten."""
        steady = self._byte_at > began or time.monotonic() - began >= self._timing.steady
        if steady:
            self._failures = 0
        return steady

    async def _list(self) -> None:
        params = {"limit": str(self._timing.first_page), **self._selectors}
        self.store.begin()
        while True:
            body = await self._client.get_bytes(self._path, params, accept=self._forms[0])
            try:
                meta, items = self._codec.page(body)
            except BAD_JSON as error:
                raise not_kubernetes(self._client.server, body) from error
            del body
            deltas = self.store.put(items)
            if not meta.token:
                deltas += self.store.end()
                self.store.resource_version = meta.version
                self.complete = True
                self._true_at = self._clock()
                self._on_batch(Batch(tuple(deltas), complete=True))
                return
            self._on_batch(Batch(tuple(deltas), self.complete, meta.remaining))
            params |= {"limit": str(self._timing.page), "continue": meta.token}
            await asyncio.sleep(0)  # keys first

    async def _watch(self) -> None:
        """Follow from the store's version. Returns at the end of the stream; raises what else ends it."""
        seconds = int(self._timing.watch * random.uniform(0.9, 1.0))  # noqa: S311 - jitter, no secret
        params = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self.store.resource_version,
            "timeoutSeconds": str(max(seconds, 1)),
            **self._selectors,
        }
        self._lost = None
        form, gather = self._forms[1], self._timing.gather
        async with self._client.stream(self._path, params, gather=gather, accept=form) as chunks:
            self._alive()
            guard: asyncio.Task[None] | None = None
            try:
                async with asyncio.timeout(None) as scope:
                    guard = asyncio.create_task(self._guard(scope, time.monotonic()))
                    await self._follow(chunks)
            except TimeoutError:
                if self._lost is not None:
                    raise self._lost from None
            finally:
                if guard is not None:
                    guard.cancel()

    async def _follow(self, chunks: AsyncIterator[bytes]) -> None:
        lines = Lines()
        async for chunk in chunks:
            self._byte_at = time.monotonic()
            try:
                events = [self._codec.event(line) for line in lines.feed(chunk)]
            except (*BAD_JSON, ValueError) as error:
                raise not_kubernetes(self._client.server, chunk) from error
            self._true_at = self._clock()
            deltas: list[Delta[T]] = []
            failed: Event[T] | None = None
            for event in events:
                if event.type == "ERROR":
                    failed = event
                    break
                if event.item is not None:
                    deltas += self.store.drop(event.item) if event.type == "DELETED" else self.store.put((event.item,))
                self.store.resource_version = event.version or self.store.resource_version
            if deltas:
                self._on_batch(Batch(tuple(deltas), self.complete))
            if failed is not None and failed.status is not None:
                what = f"watch {self._path}"
                raise from_status(failed.status.code, failed.status, {}, what=what, server=self._client.server)

    async def _guard(self, scope: asyncio.Timeout, began: float) -> None:
        """End the watch in `scope` when it is silent and nobody answers, or silent for too long."""
        timing, loop = self._timing, asyncio.get_running_loop()
        while True:
            quiet = time.monotonic() - max(self._byte_at, began)
            if quiet < timing.silence:
                await asyncio.sleep(timing.silence - quiet)
                continue
            if quiet >= timing.quiet:
                scope.reschedule(loop.time())
                return
            try:
                async with asyncio.timeout(timing.probe):
                    await self._client.probe(max_age=timing.silence / 2)
            except (Unreachable, TimeoutError):
                self._lost = Unreachable(
                    f"{self._client.server} no longer answers; reconnecting.", advice="Check the network or the VPN."
                )
                scope.reschedule(loop.time())
                return
            self._true_at = self._clock()
            await asyncio.sleep(timing.silence / 2)

    async def _failed(self, problem: Problem) -> None:
        """Tell of the problem and wait as long as it takes."""
        timing = self._timing
        self._end_grace()
        self._failures += 1
        if isinstance(problem, Gone):
            self._listed = False
            if self._failures > 1:
                await self._wait(self._backoff())
            return
        if isinstance(problem, Forbidden):
            self._listed = False
            self._tell(Link.FORBIDDEN, problem)
            await self._wait(timing.forbidden)
            return
        if isinstance(problem, Missing):
            self._listed = False
            self._forget()
            self._tell(Link.ABSENT, await self._absence(problem))
            await self._wait(timing.absent)
            return
        if not isinstance(problem, (Unreachable, Throttled, Unauthenticated)) and self._failures > 1:
            self._listed = False  # the version to resume from may be what the server stumbles over
        self._tell(Link.STALE if self._lived else Link.DOWN, problem)
        if problem is self._lost:
            self._lost = None
            return  # it was silent long enough; try at once
        asked = problem.retry_after if isinstance(problem, Throttled) else None
        wait = self._backoff()
        if isinstance(problem, Unreachable) and self._client.answered(timing.backoff_high):
            wait = min(wait, timing.backoff_known)
        await self._wait(max(wait, asked or 0.0))

    def _forget(self) -> None:
        """The kind is gone from the cluster, and with it all objects."""
        deltas = self.store.clear()
        if deltas:
            self._on_batch(Batch(tuple(deltas), self.complete))

    async def _absence(self, problem: Problem) -> Problem:
        """Why the kind is not there, and what there is instead, where the server can tell."""
        try:
            presence = await Discovery(self._client).find(self.resource)
        except Problem:
            return problem
        return problem if presence.served else Missing(presence.sentence)

    def _backoff(self) -> float:
        """Full jitter between the shortest wait and one that doubles with each failure."""
        timing = self._timing
        most = min(timing.backoff_high, timing.backoff_low * 2.0 ** min(self._failures, 20))
        return random.uniform(timing.backoff_low, max(most, timing.backoff_low))  # noqa: S311 - jitter, no secret

    async def _wait(self, seconds: float) -> None:
        self._poked.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._poked.wait()
        except TimeoutError:
            return

    def _alive(self) -> None:
        """The watch is open: the store is true again, or will be with the next chunk."""
        self._end_grace()
        self._lived = True
        self._true_at = self._clock()
        if self.freshness.link is not Link.LIVE:
            self._set(Freshness(Link.LIVE, since=self._true_at, lag=self._client.lag))

    def _tell(self, link: Link, problem: Problem) -> None:
        reason = clean(problem, limit=500)
        if (self.freshness.link, self.freshness.reason) != (link, reason):
            self._set(Freshness(link, since=self._true_at, reason=reason))

    def _set(self, freshness: Freshness) -> None:
        self.freshness = freshness
        self._on_freshness(freshness)

    def _begin_grace(self, problem: Problem) -> None:
        self._end_grace()
        loop = asyncio.get_running_loop()
        self._grace = loop.call_later(self._timing.grace, self._tell, Link.STALE, problem)

    def _end_grace(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None
