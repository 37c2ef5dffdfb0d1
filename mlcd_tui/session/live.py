"""The session: one context at a time, the fleet it shows, the rollouts that are open, and the acts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from mlcd_tui.domain.errors import BadConfig, Forbidden, Missing, Problem
from mlcd_tui.domain.fleet import Fleet, Freshness, Link
from mlcd_tui.domain.intent import Intent
from mlcd_tui.domain.plan import Outcome
from mlcd_tui.domain.ports import AuditEntry, Clock, Engine, LogLine, Proposal
from mlcd_tui.domain.refs import EVENTS, NAMESPACES, RolloutRef, Scope
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.session.desks import Desks
from mlcd_tui.session.hidden import Refusals, own_up, unseen
from mlcd_tui.session.options import Options

if TYPE_CHECKING:
    from mlcd_tui.audit.log import AuditLog
    from mlcd_tui.cluster.kubeconfig import Kubeconfig, Target
    from mlcd_tui.session.acts import Acts
    from mlcd_tui.session.connection import Connection
    from mlcd_tui.session.detail_feed import DetailFeed
    from mlcd_tui.session.fleet_feed import FleetFeed
    from mlcd_tui.session.note_feed import NoteFeed

# The screen paints before anything that reaches the network is imported: see `connect`.


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


class LiveSession(Desks):
    """Implements `domain.ports.Session` on a real API server (the simulated one included)."""

    def __init__(
        self,
        engines: Callable[[], Sequence[Engine]],
        options: Options,
        audit: Callable[[], AuditLog],
        clock: Clock = utc_now,
    ) -> None:
        """Nothing is read or connected yet; `engines` and `audit` are asked when first needed."""
        self._load_engines = engines
        self._engines: dict[str, Engine] = {}
        self._options = options
        self._load_audit = audit
        self._clock = clock
        self._listeners: list[Callable[[Fleet], None]] = []
        self._namespace = options.namespace
        self._context = options.context
        self._kubeconfig: Kubeconfig | None = None
        self._connection: Connection | None = None
        self._acts: Acts | None = None
        self._feed: FleetFeed | None = None
        self._notes: NoteFeed | None = None
        self._open: set[DetailFeed] = set()
        self._fleet = Fleet(freshness=Freshness(Link.CONNECTING, clock()), namespace=clean(self._namespace))

    # --- seeing -------------------------------------------------------------------------------------------

    @property
    def fleet(self) -> Fleet:
        """The newest picture."""
        return self._fleet

    @property
    def audit_path(self) -> str:
        """Where the audit log is."""
        return str(self.audit_log.path)

    @cached_property
    def audit_log(self) -> AuditLog:
        """The audit log itself, for verification and export."""
        return self._load_audit()

    def subscribe(self, listener: Callable[[Fleet], None]) -> Callable[[], None]:
        """Call `listener` with each new fleet; returns how to stop it."""
        self._listeners.append(listener)

        def stop() -> None:
            with suppress(ValueError):
                self._listeners.remove(listener)

        return stop

    async def start(self) -> None:
        """Connect and watch until `stop`; problems travel in `Fleet.freshness`."""
        try:
            connection = await self.connect()
        except Problem as problem:
            self._publish(self._blank(Freshness(Link.DOWN, self._clock(), clean(problem))))
            return
        self._fleet = self._blank(Freshness(Link.CONNECTING, self._clock()))
        from mlcd_tui.session.fleet_feed import FleetFeed
        from mlcd_tui.session.note_feed import NoteFeed

        engines = tuple(self._engines.values())
        feed = FleetFeed(connection, engines, self._namespace, self._publish, self._clock, first=self._fleet)
        self._feed = feed
        feed.start()
        self._notes = NoteFeed(connection, self._engines, self.packages, self.checks, feed.annotate, self._server_now)
        self._notes.start(self._namespace, self.subscribe)
        self.traffic.connected()

    async def stop(self) -> None:
        """End every watch and connection."""
        for opened in tuple(self._open):
            await opened.stop()
        self._open.clear()
        if self._notes is not None:
            await self._notes.stop()
            self._notes = None
        if self._feed is not None:
            await self._feed.stop()
            self._feed = None
        if self._acts is not None:
            await self._acts.package_evidence.stop()
            await self._acts.check_evidence.stop()
        if "packages" in self.__dict__:
            await self.packages.reset()
        if "checks" in self.__dict__:
            await self.checks.reset()
        if "traffic" in self.__dict__:
            await self.traffic.reset()
        if "comparing" in self.__dict__:
            await self.comparing.stop()
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
            self._acts = None

    async def reconnect(self) -> None:
        """Drop all connections and begin anew; the kubeconfig is read again."""
        await self._restart(self._context, self._namespace)

    async def connect(self) -> Connection:
        """The connection of the present context, made when there is none. Raises `BadConfig`."""
        if self._connection is None:
            target = (await self._read_kubeconfig()).target(self._context)
            self._connection = await asyncio.to_thread(self._wire, target)
            self._acts = self._acts_in(self._connection)
        return self._connection

    def _wire(self, target: Target) -> Connection:
        """In a thread, since importing what reaches the network takes as long as three frames."""
        from mlcd_tui.session import acts, detail_feed, fleet_feed, note_feed
        from mlcd_tui.session.connection import Connection

        del acts, detail_feed, fleet_feed, note_feed
        self._engines = self._engines or {engine.name: engine for engine in self._load_engines()}
        return Connection(target)

    async def _read_kubeconfig(self) -> Kubeconfig:
        from mlcd_tui.cluster.kubeconfig import load

        self._kubeconfig = await asyncio.to_thread(load, self._options.kubeconfig)
        return self._kubeconfig

    async def contexts(self) -> tuple[Clean, ...]:
        """Names of the kubeconfig's contexts. Raises `BadConfig`."""
        kubeconfig = self._kubeconfig or await self._read_kubeconfig()
        return tuple(clean(name) for name in kubeconfig.names)

    async def namespaces(self) -> tuple[Clean, ...]:
        """Namespaces of the cluster; those known from elsewhere when the user may not list them."""
        known = {row.ref.namespace for row in self._fleet.rows} | ({self._namespace} if self._namespace else set())
        try:
            connection = await self.connect()
            known.add(connection.target.namespace)
            items = await connection.client.list_all(NAMESPACES)
        except Problem:
            return tuple(clean(name) for name in sorted(known))
        return tuple(sorted(clean(item.get("metadata", {}).get("name")) for item in items))

    async def use(self, *, context: str | None = None, namespace: str | None = None) -> None:
        """Switch context and/or namespace ('' is all); raises `BadConfig`, with nothing changed."""
        if context is not None and context != self._context:
            kubeconfig = await self._read_kubeconfig()
            by_shown = {clean(name): name for name in kubeconfig.names}
            context = by_shown.get(clean(context), context)
            kubeconfig.target(context)
        wanted = self._namespace if namespace is None else namespace
        await self._restart(self._context if context is None else context, wanted)

    def open(
        self, ref: RolloutRef, listener: Callable[[RolloutDetail | None, Freshness], None]
    ) -> Callable[[], Awaitable[None]]:
        """Watch one rollout in full; returns the async closer."""
        if self._connection is None:
            listener(None, self._fleet.freshness)
            return _nothing
        from mlcd_tui.session.detail_feed import DetailFeed

        feed = DetailFeed(self._connection, self._engines[ref.engine], ref, listener, self._clock)
        self._open.add(feed)
        feed.start()

        async def close() -> None:
            self._open.discard(feed)
            await feed.stop()

        return close

    async def find(self, namespace: str, name: str, engine: str = "") -> RolloutRef:
        """The rollout called `name`, in whatever engine has it.

        Raises:
            Missing: no engine has it.
            Forbidden: none was found, and the user may not look everywhere.
            BadConfig: two engines have one of that name and `engine` does not say which.
        """
        await self.connect()
        asked = [self._engine(engine)] if engine else list(self._engines.values())
        refused: Refusals = {}
        found = [detail for one in asked if (detail := await self._named(one, namespace, name, refused)) is not None]
        if not found:
            if refused:  # it may be there all the same
                raise unseen(namespace, name, refused)
            titles = " or ".join(one.title for one in asked)
            advice = "See what there is: mlcd-tui rollouts list -A."
            raise Missing(f"{namespace}/{name} is not known to {titles}.", advice=advice)
        claimed = {claim for detail in found for claim in detail.rollout.claims}
        own = [
            d.rollout.ref for d in found if self._engines[d.rollout.ref.engine].primary(d.rollout.ref) not in claimed
        ]
        if len(own) > 1:
            names = " and ".join(ref.engine for ref in own)
            raise BadConfig(f"{namespace}/{name} exists in {names}.", advice="Say which one with --engine.")
        return own[0]

    async def _named(self, engine: Engine, namespace: str, name: str, refused: Refusals) -> RolloutDetail | None:
        """What one engine has of that name; what joins several objects (a blue/green pair) comes before its parts."""
        connection = await self.connect()
        own = (watch.resource for watch in engine.watches[1:] if watch.looked_up_by is None)
        joined = [RolloutRef(engine.name, namespace, name, resource.kind) for resource in own]
        for ref in (*joined, RolloutRef(engine.name, namespace, name)):
            try:
                detail = engine.observe(ref, await connection.gather(engine, ref), self._server_now())
            except Missing:
                continue
            except Forbidden as problem:
                refused.setdefault(engine.primary(ref)[0], problem)
                continue
            if detail is not None:
                return detail
        return None

    async def detail(self, ref: RolloutRef) -> RolloutDetail:
        """One look at a rollout in full. Raises `Problem`."""
        connection = await self.connect()
        engine = self._engines[ref.engine]
        objects, hidden = await connection.look(engine, ref, also=(Scope(EVENTS, ref.namespace),))
        detail = engine.observe(ref, objects, self._server_now())
        if detail is None:
            raise Missing(f"{ref} does not exist any more.")
        return own_up(detail, hidden)

    async def yaml(self, ref: RolloutRef) -> tuple[Clean, ...]:
        """The primary object as YAML without managedFields. Raises `Problem`."""
        from mlcd_tui.session.texts import without_noise, yaml_lines

        connection = await self.connect()
        raw = await connection.primary(self._engines[ref.engine], ref)
        return yaml_lines(without_noise(raw))

    async def describe(self, ref: RolloutRef) -> tuple[Clean, ...]:
        """The rollout as text. Raises `Problem`."""
        from mlcd_tui.session.texts import describe_lines

        detail = await self.detail(ref)
        return describe_lines(detail, self._server_now(), self._engines[ref.engine].title)

    async def logs(
        self,
        namespace: str,
        pod: str,
        *,
        container: str = "",
        follow: bool = True,
        previous: bool = False,
        tail: int = 500,
    ) -> AsyncIterator[LogLine]:
        """Lines of a container's log. Raises `Problem` while iterating."""
        from mlcd_tui.cluster.logs import read_logs

        client = (await self.connect()).client
        lines = read_logs(client, namespace, pod, container=container, follow=follow, previous=previous, tail=tail)
        async for line in lines:
            yield line

    def audit(self, ref: RolloutRef | None = None, limit: int = 200) -> tuple[AuditEntry, ...]:
        """Newest entries first, of one rollout in this context, or all. Raises `BadConfig`."""
        context = self._fleet.context if ref is not None and self._fleet.context else None
        return self.audit_log.entries(ref, limit, context=context)

    # --- acting -------------------------------------------------------------------------------------------

    async def propose(self, intent: Intent) -> Proposal:
        """Plan from fresh objects, with evidence and rights. Raises `Problem`."""
        return await (await self._ready()).propose(intent)

    async def confirm(
        self,
        proposal: Proposal,
        *,
        reason: str = "",
        typed_name: str = "",
        patience: float = 30.0,
        progress: Callable[[Clean], None] | None = None,
    ) -> Outcome:
        """Do it: audit, send, await the effect for `patience` seconds, audit. Never raises."""
        acts = await self._ready()
        hear = progress or (lambda _sentence: None)
        done = await acts.confirm(proposal, reason=reason, typed_name=typed_name, patience=patience, progress=hear)
        self.traffic.acted(done)
        return done

    async def decline(self, proposal: Proposal, reason: str = "") -> None:
        """Record that the operator said no, or was refused."""
        await (await self._ready()).decline(proposal, reason)

    # --- inside -------------------------------------------------------------------------------------------

    async def _ready(self) -> Acts:
        await self.connect()
        assert self._acts is not None
        return self._acts

    async def _restart(self, context: str | None, namespace: str) -> None:
        await self.stop()
        self._context, self._namespace = context, namespace
        await self.start()

    def _acts_in(self, connection: Connection) -> Acts:
        from mlcd_tui.session.acts import Acts
        from mlcd_tui.session.check_asking import CheckEvidence
        from mlcd_tui.session.package_evidence import PackageEvidence
        from mlcd_tui.session.recording import Recorder

        target = connection.target
        recorder = Recorder(self.audit_log, self._clock, target.context, target.address, lambda: self._user(target))
        readonly = self._options.readonly or self._options.is_readonly(target.context)
        checks = self._options.checks
        return Acts(
            connection,
            self._engines,
            self._clock,
            recorder,
            readonly="read-only mode: nothing can be changed from here" if readonly else "",
            production=self._options.is_production(target.context),
            package_evidence=PackageEvidence(self.packages.around),
            check_evidence=CheckEvidence(self.checks.around, bool(checks and checks.required)),
            traffic_gates=self.traffic.gates,
        )

    def _blank(self, freshness: Freshness) -> Fleet:
        target = self._connection.target if self._connection else None
        context = target.context if target else self._context or ""
        return Fleet(
            number=self._fleet.number + 1,
            freshness=freshness,
            context=clean(context),
            namespace=clean(self._namespace),
            user=clean(target.user if target else ""),
            production=self._options.is_production(context),
            readonly=self._options.readonly or self._options.is_readonly(context),
            at=self._clock(),
        )

    def _publish(self, fleet: Fleet) -> None:
        self._fleet = fleet
        for listener in tuple(self._listeners):
            listener(fleet)

    def _user(self, target: Target) -> str:
        return self._fleet.user or target.user

    def _engine(self, name: str) -> Engine:
        if name not in self._engines:
            raise BadConfig(f"no engine is called {name}; there is: {', '.join(self._engines)}.")
        return self._engines[name]

    def _server_now(self) -> datetime:
        skew = self._connection.client.skew if self._connection else 0.0
        return self._clock() + timedelta(seconds=skew)


async def _nothing() -> None:
    """Close what was never opened."""
