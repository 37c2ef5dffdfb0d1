"""Watches everything around one opened rollout and makes its details."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from mlcd_tui.cluster.watch import Batch, Reflector
from mlcd_tui.domain.errors import Missing, Problem
from mlcd_tui.domain.fleet import Freshness, Link
from mlcd_tui.domain.ports import Engine
from mlcd_tui.domain.refs import EVENTS, JSON, Objects, Resource, RolloutRef, Scope
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.session.connection import Connection
from mlcd_tui.session.hidden import own_up
from mlcd_tui.session.pace import Pace
from mlcd_tui.session.tasks import begin

INTERVAL = 0.04
_RETRY = 2.0

Listener = Callable[[RolloutDetail | None, Freshness], None]


class DetailFeed:
    """Details of one rollout, from `start` to `stop`."""

    def __init__(
        self,
        connection: Connection,
        engine: Engine,
        ref: RolloutRef,
        listener: Listener,
        clock: Callable[[], datetime],
    ) -> None:
        self._connection = connection
        self._engine = engine
        self.ref = self._ref = ref
        self._listener = listener
        self._clock = clock
        self._reflectors: dict[Scope, Reflector[Any]] = {}
        self._watching: dict[Scope, asyncio.Task[None]] = {}
        self._pace = Pace(self._flush, INTERVAL)
        self._task: asyncio.Task[None] | None = None
        self._last: tuple[RolloutDetail | None, Freshness] | None = None
        self._seen_once = False
        self._scoped = False

    @property
    def detail(self) -> RolloutDetail | None:
        """The newest, while it is live; None: there is none, or it may be old."""
        detail, freshness = self._last or (None, None)
        return detail if freshness is not None and freshness.link is Link.LIVE else None

    def start(self) -> None:
        """Begin to watch."""
        self._task = begin(self._run(), f"open {self._ref}", self._fault)

    async def stop(self) -> None:
        """End every watch."""
        self._pace.stop()
        tasks = [task for task in (self._task, *self._watching.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def objects(self) -> Objects:
        """The raw objects at hand, by kind; a kind that may not be seen is not among them."""
        found: dict[Resource, dict[str, JSON]] = {}
        for scope, reflector in self._reflectors.items():
            if reflector.freshness.link is Link.FORBIDDEN:
                continue
            # Two scopes of one kind may both have an object: the rollout's own, and all of its namespace.
            found.setdefault(scope.resource, {}).update(
                (str(item["metadata"].get("uid")), item) for item in reflector.store.values() if isinstance(item, dict)
            )
        return {resource: list(items.values()) for resource, items in found.items()}

    async def _run(self) -> None:
        resource, namespace, name = self._engine.primary(self._ref)
        self._watch(Scope(resource, namespace, field_selector=f"metadata.name={name}"))
        self._watch(Scope(EVENTS, namespace))
        wanted: tuple[Scope, ...] = ()
        while True:
            try:
                primary = await self._connection.primary(self._engine, self._ref)
            except Missing:
                pass  # the watch tells when it is gone; it may also come back
            except Problem as problem:
                if not self._seen_once:  # later the watches tell, with what was known beside it
                    self._tell(None, Freshness(Link.DOWN, self._clock(), clean(problem)))
            else:
                scopes = self._engine.scopes(self._ref, primary)
                if scopes != wanted:
                    await self._replace(scopes, keep=(resource, EVENTS))
                    wanted, self._scoped = scopes, True
                    self._pace.ask()
            # Scopes follow the primary object (its selector may change), which changes seldom.
            await asyncio.sleep(_RETRY if not wanted else 30.0)

    async def _replace(self, scopes: tuple[Scope, ...], keep: tuple[Resource, ...]) -> None:
        for scope in [s for s in self._reflectors if s.resource not in keep and s not in scopes]:
            task = self._watching.pop(scope)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            del self._reflectors[scope]
        for scope in scopes:
            self._watch(scope)

    def _watch(self, scope: Scope) -> None:
        if scope in self._reflectors:
            return

        def on_batch(_batch: Batch[Any]) -> None:
            self._pace.ask()

        def on_freshness(_freshness: Freshness) -> None:
            self._pace.ask()

        reflector: Reflector[Any] = Reflector(
            self._connection.client,
            scope.resource,
            namespace=scope.namespace,
            label_selector=scope.label_selector,
            field_selector=scope.field_selector,
            on_batch=on_batch,
            on_freshness=on_freshness,
        )
        self._reflectors[scope] = reflector
        name = f"watch {scope.resource.plural} of {self._ref}"
        self._watching[scope] = begin(reflector.run(), name, self._fault)

    def _fault(self, sentence: Clean) -> None:
        self._tell(None, Freshness(Link.DOWN, self._clock(), sentence))

    def _flush(self) -> None:
        if not self._settled():
            return
        now = self._clock() + timedelta(seconds=self._connection.client.skew)
        detail = self._engine.observe(self._ref, self.objects(), now)
        self._seen_once = self._seen_once or detail is not None
        self._tell(own_up(detail, self._hidden()) if detail is not None else None, self._freshness())

    def _settled(self) -> bool:
        """Whether the first lists are here, so that nothing half-read is shown as if it were all."""
        waits = {Link.CONNECTING}
        ready = all(r.complete or r.freshness.link not in waits for r in self._reflectors.values())
        return ready and (self._scoped or self._gone())

    def _gone(self) -> bool:
        resource = self._engine.primary(self._ref)[0]
        primaries = [r for scope, r in self._reflectors.items() if scope.resource == resource]
        return all(r.freshness.link is not Link.LIVE or (r.complete and len(r.store) == 0) for r in primaries)

    def _freshness(self) -> Freshness:
        """That of the primary object; a related kind that is stale makes it stale too, a hidden one is told."""
        states = [r.freshness for r in self._reflectors.values()]
        for link in (Link.STALE, Link.DOWN):
            worst = next((state for state in states if state.link is link), None)
            if worst is not None:
                return worst
        primary = next(iter(self._reflectors.values())).freshness
        if primary.link is Link.LIVE and (hidden := self._hidden()):
            reason = f"no right to list {', '.join(kind.plural for kind in hidden)}, which are left out here."
            return Freshness(Link.FORBIDDEN, primary.since, clean(reason), primary.lag)
        return primary

    def _hidden(self) -> list[Resource]:
        """Kinds around the rollout that the user may not see."""
        forbidden = (s for s, r in self._reflectors.items() if r.freshness.link is Link.FORBIDDEN)
        return list(dict.fromkeys(scope.resource for scope in forbidden))

    def _tell(self, detail: RolloutDetail | None, freshness: Freshness) -> None:
        if self._last == (detail, freshness) and detail is not None:
            return
        self._last = (detail, freshness)
        self._listener(detail, freshness)
