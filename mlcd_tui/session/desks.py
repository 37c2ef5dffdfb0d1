"""The desks of a session: whoever asks about packages or checks is sent there, and nothing is read before."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlcd_tui.domain.ports import Clock
from mlcd_tui.session.options import Options

if TYPE_CHECKING:
    from datetime import datetime

    from mlcd_tui.cluster.client import Client
    from mlcd_tui.config.metrics_settings import MetricsSettings
    from mlcd_tui.domain.fleet import Fleet
    from mlcd_tui.domain.refs import RolloutRef
    from mlcd_tui.domain.rollout import RolloutDetail
    from mlcd_tui.session.acts import Acts
    from mlcd_tui.session.check_desk import Checks
    from mlcd_tui.session.comparison_desk import ComparisonDesk
    from mlcd_tui.session.connection import Connection
    from mlcd_tui.session.detail_feed import DetailFeed
    from mlcd_tui.session.package_desk import Desk, Surroundings
    from mlcd_tui.session.traffic_desk import Traffic


class Desks:
    """The part of the session that has the desks."""

    _options: Options
    _clock: Clock
    _namespace: str
    _open: set[DetailFeed]
    _connection: Connection | None

    @cached_property
    def packages(self) -> Desk:
        """Packages: reading, comparing, finding those of a rollout, publishing."""
        from mlcd_tui.config.settings import PackageSettings
        from mlcd_tui.session.package_desk import Desk

        return Desk(self._options.packages or PackageSettings(), self._surroundings)

    @cached_property
    def checks(self) -> Checks:
        """Checks: running them, evidence of images, accepting."""
        from mlcd_tui.session.check_desk import Checks

        return Checks(self._clock, self._surroundings, settings=self._options.checks, packages=self._options.packages)

    @cached_property
    def traffic(self) -> Traffic:
        """Live traffic, and comparisons of answers."""
        from mlcd_tui.session.traffic_desk import Traffic
        from mlcd_tui.session.traffic_kept import KeptSwitches
        from mlcd_tui.session.traffic_ways import Ways

        ways = Ways(
            lambda: self.metrics,
            self._known,
            self._server_now,
            lambda: self.comparing,
            kept=KeptSwitches(),
            place=self._place,
            cluster=self._told,
        )
        return Traffic(ways)

    async def _told(self, path: str) -> Any:
        """What the API server has at a path. Raises `Problem`."""
        return await (await self._client()).get(path)

    def _place(self) -> str:
        """The cluster, as those name it who come back to it; empty: there is no connection."""
        target = self._connection.target if self._connection is not None else None
        return f"{target.context} {target.address}" if target is not None else ""

    @cached_property
    def comparing(self) -> ComparisonDesk:
        """Comparisons of answers: running them, and what is kept of them."""
        from mlcd_tui.session.comparison_desk import ComparisonDesk
        from mlcd_tui.session.comparison_reach import reaching

        return ComparisonDesk(self._clock, self.detail, reaching(self._client), self._watched)

    async def _client(self) -> Client:
        return (await self._ready()).connection.client

    def _watched(self, ref: RolloutRef) -> RolloutDetail | None:
        """A rollout as it is watched; None: it is not open."""
        return next((feed.detail for feed in self._open if feed.ref == ref and feed.detail is not None), None)

    @property
    def metrics(self) -> MetricsSettings:
        """Where the numbers of live traffic come from in the present context."""
        from mlcd_tui.config.metrics_settings import MetricsSettings

        told = self._options.metrics
        context = self._connection.target.context if self._connection is not None else self.fleet.context
        return told(context) if told is not None else MetricsSettings()

    async def _known(self, ref: RolloutRef) -> RolloutDetail:
        """A rollout in full: as it is watched, where it is open. Raises `Problem`."""
        watched = self._watched(ref)
        return watched if watched is not None else await self.detail(ref)

    async def _surroundings(self) -> Surroundings:
        from mlcd_tui.session.package_desk import Surroundings

        acts = await self._ready()
        return Surroundings(
            acts.connection, acts.recorder, self._clock, acts.readonly, acts.production, self._namespace
        )

    @property
    def fleet(self) -> Fleet:
        """The newest picture."""
        raise NotImplementedError

    async def detail(self, ref: RolloutRef) -> RolloutDetail:
        """One look at a rollout in full."""
        raise NotImplementedError

    def _server_now(self) -> datetime:
        """The present moment by the server's clock."""
        raise NotImplementedError

    async def _ready(self) -> Acts:
        """What acts in the present context, connected."""
        raise NotImplementedError
