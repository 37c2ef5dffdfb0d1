"""What the desks of live traffic ask of the session, and the words by which they know what routes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from mlcd_tui.config.metrics_settings import MetricsSettings
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.session.pod_usage import Get

if TYPE_CHECKING:
    from mlcd_tui.domain.comparison.report import ComparisonReport
    from mlcd_tui.domain.traffic_ports import ComparisonProgress, ComparisonRun, ComparisonWish
    from mlcd_tui.session.traffic_kept import KeptSwitches

_ROUTERS = frozenset({"traffic router", "gateway class", "gateway", "provider", "mesh"})
"""Labels of the facts that speak of what routes."""


class Comparisons(Protocol):
    """The desk of comparisons, which this one passes on to."""

    def compare(self, wish: ComparisonWish, listener: Callable[[ComparisonProgress], None]) -> ComparisonRun:
        """Begin one. Raises `Problem` for a bad wish."""
        ...

    def comparisons(self, ref: RolloutRef) -> tuple[ComparisonReport, ...]:
        """Kept results."""
        ...

    def newest(self, detail: RolloutDetail) -> ComparisonReport | None:
        """The newest of exactly the images that run now. Blocking."""
        ...


@dataclass(frozen=True, slots=True)
class Ways:
    """What the desk asks of the session."""

    settings: Callable[[], MetricsSettings]
    """Of the present context."""
    detail: Callable[[RolloutRef], Awaitable[RolloutDetail]]
    """A rollout in full; may be what is on the screen. Raises `Problem`."""
    clock: Callable[[], datetime]
    """The present moment by the server's clock, which the source's is taken to agree with."""
    comparisons: Callable[[], Comparisons] | None = None
    """None: answers cannot be compared from here."""
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Between two looks."""
    cluster: Get | None = None
    """Asked what pods use, where the source does not tell; None: nobody is."""
    kept: KeptSwitches | None = None
    """Where switches that are watched are kept; None: the watch ends with the program."""
    place: Callable[[], str] = lambda: ""
    """The cluster, by its context and address; empty: there is no connection."""


def hints(detail: RolloutDetail) -> tuple[str, ...]:
    """Words about what routes, which speak for a query set."""
    told = [str(value) for label, value in detail.facts if label in _ROUTERS]
    return (*told, str(detail.mirror.by)) if detail.mirror is not None else tuple(told)
