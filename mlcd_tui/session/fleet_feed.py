"""Watches every engine's kinds and makes the numbered fleets that the screen shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

from mlcd_tui.cluster.watch import Batch, Reflector
from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.fleet import EngineState, Fleet, Freshness, Link
from mlcd_tui.domain.ports import Engine, FleetWatch
from mlcd_tui.domain.refs import Resource, RolloutRef
from mlcd_tui.domain.rollout import Rollout
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.session.connection import Connection
from mlcd_tui.session.groups import Groups
from mlcd_tui.session.pace import Pace
from mlcd_tui.session.tasks import begin

if TYPE_CHECKING:
    from mlcd_tui.domain.check_note import CheckNote
    from mlcd_tui.domain.package_ports import SchemaNote

INTERVAL = 0.033
"""Seconds between two fleets at least: thirty a second keep a change within two frames of the eye and cost little."""

_WORST_FIRST = (Link.STALE, Link.DOWN, Link.CONNECTING, Link.FORBIDDEN)


class FleetFeed:
    """Fleets of one context and namespace, from `start` to `stop`."""

    def __init__(
        self,
        connection: Connection,
        engines: Sequence[Engine],
        namespace: str,
        listener: Callable[[Fleet], None],
        clock: Callable[[], datetime],
        *,
        first: Fleet,
    ) -> None:
        self._connection = connection
        self._namespace = namespace
        self._listener = listener
        self._clock = clock
        self._fleet = first
        self._groups = {engine.name: Groups(engine, self._server_now) for engine in engines}
        self._reflectors: dict[tuple[str, Resource], Reflector[Any]] = {}
        self._watches = [(engine, watch) for engine in engines for watch in engine.watches]
        self._borrowers = self._borrowing()
        self._remaining: dict[tuple[str, Resource], int | None] = {}
        self._pace = Pace(self._flush, INTERVAL)
        self._tasks: list[asyncio.Task[None]] = []
        self._facts: dict[str, Clean] = {}
        self._broken: Freshness | None = None
        self._fleet_rows: tuple[Rollout, ...] = ()
        self._schemas: Mapping[RolloutRef, SchemaNote] = {}
        self._checks: Mapping[RolloutRef, CheckNote] = {}

    def _borrowing(self) -> dict[tuple[str, Resource], list[Groups]]:
        """Whose looked-up kinds another engine watches whole: these take its objects, not a watch of their own."""
        lenders = {
            watch.resource: engine.name
            for engine, watch in self._watches
            if not (watch.label_selector or watch.when_needed) and watch.looked_up_by is None
        }
        found: dict[tuple[str, Resource], list[Groups]] = {}
        for engine, watch in tuple(self._watches):
            if watch.looked_up_by is not None and (lender := lenders.get(watch.resource)):
                found.setdefault((lender, watch.resource), []).append(self._groups[engine.name])
                self._watches.remove((engine, watch))
        return found

    @property
    def fleet(self) -> Fleet:
        """The newest picture."""
        return self._fleet

    def start(self) -> None:
        """Begin to list and watch."""
        for engine, watch in self._watches:
            if not watch.when_needed:
                self._begin(engine, watch)
        self._tasks.append(begin(self._learn_facts(), "who and where", self._fault))

    def _begin(self, engine: Engine, watch: FleetWatch) -> None:
        reflector = self._reflector(engine, watch)
        self._reflectors[engine.name, watch.resource] = reflector
        self._tasks.append(begin(reflector.run(), f"watch {watch.resource.plural}", self._fault))

    def _begin_needed(self, engine: Engine) -> None:
        """What an engine looks at only where its primary kind has objects."""
        for one, watch in self._watches:
            if one is engine and watch.when_needed and (engine.name, watch.resource) not in self._reflectors:
                self._begin(engine, watch)

    def _fault(self, sentence: Clean) -> None:
        self._broken = Freshness(Link.DOWN, self._clock(), sentence)
        self._pace.ask()

    async def stop(self) -> None:
        """End every watch."""
        self._pace.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def _reflector(self, engine: Engine, watch: FleetWatch) -> Reflector[Any]:
        key = (engine.name, watch.resource)

        def on_batch(batch: Batch[Any]) -> None:
            self._remaining[key] = batch.remaining
            for groups in (self._groups[engine.name], *self._borrowers.get(key, ())):
                groups.apply(watch.resource, batch.deltas)
            if batch.deltas and watch is engine.watches[0]:
                self._begin_needed(engine)
            self._pace.ask()

        def on_freshness(freshness: Freshness) -> None:
            if freshness.link is Link.LIVE:  # the server is back: nobody need wait any longer
                self.poke(Link.STALE, Link.DOWN)
            self._pace.ask()

        return Reflector(
            self._connection.client,
            watch.resource,
            struct=watch.struct,
            namespace=self._namespace,
            label_selector=watch.label_selector,
            on_batch=on_batch,
            on_freshness=on_freshness,
        )

    async def _learn_facts(self) -> None:
        """Who we are and what the server is: for the header only, so a failure is not told twice."""
        client = self._connection.client
        while len(self._facts) < 2:
            try:
                self._facts["server"] = await client.server_version()
                self._facts["user"] = await client.whoami()
            except Problem:
                await asyncio.sleep(3)
            self._pace.ask()

    def _server_now(self) -> datetime:
        return self._clock() + timedelta(seconds=self._connection.client.skew)

    def _flush(self) -> None:
        changed = [groups.refresh() for groups in self._groups.values()]
        if any(changed):
            self._fleet_rows = self._visible()
        fleet = Fleet(
            number=self._fleet.number + 1,
            rows=self._fleet_rows,
            freshness=self._worst(),
            engines=tuple(self._engine_state(groups.engine) for groups in self._groups.values()),
            complete=self._complete(),
            expected=self._expected(),
            context=self._fleet.context,
            namespace=self._fleet.namespace,
            user=self._facts.get("user", self._fleet.user),
            server=self._facts.get("server", Clean("")),
            production=self._fleet.production,
            readonly=self._fleet.readonly,
            schemas=self._schemas,
            checks=self._checks,
            clock_skew=self._connection.client.skew,
            at=self._clock(),
        )
        self._fleet = fleet
        self._listener(fleet)

    def _visible(self) -> tuple[Rollout, ...]:
        """All rows but those of objects that belong to another engine's rollout."""
        rows = tuple(chain.from_iterable(groups.rows.values() for groups in self._groups.values()))
        claimed = {claim for groups in self._groups.values() for claim, times in groups.claims.items() if times > 0}
        if not claimed:
            return rows
        owned = {id(row) for groups in self._groups.values() for row in groups.rows_of(claimed) if not row.claims}
        return tuple(row for row in rows if id(row) not in owned)

    def _primary(self, engine: Engine) -> Reflector[Any]:
        return self._reflectors[engine.name, engine.watches[0].resource]

    def _engine_state(self, engine: Engine) -> EngineState:
        count = len(self._groups[engine.name].rows)
        return EngineState(engine.name, engine.title, self._primary(engine).freshness, count)

    def _worst(self) -> Freshness:
        if self._broken is not None:
            return self._broken
        states = [self._primary(groups.engine).freshness for groups in self._groups.values()]
        by_link = {state.link: state for state in reversed(states)}
        if Link.LIVE in by_link and not {Link.STALE, Link.DOWN, Link.CONNECTING} & set(by_link):
            live = by_link[Link.LIVE]
            return Freshness(Link.LIVE, live.since, live.reason, self._connection.client.lag)
        for link in _WORST_FIRST:
            if link in by_link:
                return self._with_way_out(by_link[link])
        reasons = " ".join(state.reason for state in states if state.reason)
        return Freshness(Link.ABSENT, self._clock(), clean(reasons or "no delivery engine was found in this cluster"))

    def _with_way_out(self, state: Freshness) -> Freshness:
        """A user who may not list everywhere mostly may in some namespace."""
        if state.link is not Link.FORBIDDEN or self._namespace:
            return state
        advice = "All namespaces are not yours to list: name one with -n NAME, or N."
        return replace(state, reason=clean(f"{state.reason} {advice}"))

    def _complete(self) -> bool:
        """Whether every list that can arrive has arrived."""
        settled = {Link.ABSENT, Link.FORBIDDEN}
        return all(one.complete or one.freshness.link in settled for one in self._reflectors.values())

    def _expected(self) -> int | None:
        missing = [count for count in self._remaining.values() if count]
        return len(self._fleet_rows) + sum(missing) if missing else None

    def poke(self, *links: Link) -> None:
        """Try again now where something failed and stands at one of `links`, by default everywhere."""
        for reflector in self._reflectors.values():
            if not links or reflector.freshness.link in links:
                reflector.poke()

    def annotate(self, schemas: Mapping[RolloutRef, SchemaNote], checks: Mapping[RolloutRef, CheckNote]) -> None:
        """The words on rollouts under way; the next fleet carries them, its rows are the same objects."""
        self._schemas, self._checks = schemas, checks
        self._pace.ask()

    def row(self, ref: RolloutRef) -> Rollout | None:
        """The row of `ref`, or None."""
        groups = self._groups.get(ref.engine)
        return groups.rows.get(ref) if groups else None
