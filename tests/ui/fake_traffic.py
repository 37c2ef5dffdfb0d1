"""A desk of live traffic by hand: readings, comparisons and offers are what the test says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from mlcd_tui.domain.comparison.report import ComparisonReport
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.post_switch import RollbackOffer
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.text import Clean
from mlcd_tui.domain.traffic import TrafficReading
from mlcd_tui.domain.traffic_ports import ComparisonProgress, ComparisonRun, ComparisonWish

NOW = datetime(2026, 11, 24, 14, 14, tzinfo=UTC)
NOTHING = TrafficReading(NOW, problem=Clean("no metrics are configured: set `address` under [metrics]"))


class FakeTrafficDesk:
    """domain.traffic_ports.TrafficDesk by hand."""

    def __init__(self) -> None:
        self.configured = False
        self.readings: dict[RolloutRef, TrafficReading] = {}
        self.reports: dict[RolloutRef, tuple[ComparisonReport, ...]] = {}
        self.run: Callable[[ComparisonWish, Callable[[ComparisonProgress], None]], ComparisonRun] | None = None
        """Begins a comparison; None: every wish is refused."""
        self.wishes: list[ComparisonWish] = []
        self.declined: list[RolloutRef] = []
        self.watchers: dict[RolloutRef, list[Callable[[TrafficReading], None]]] = {}
        self._standing: dict[RolloutRef, RollbackOffer] = {}
        self._hearers: list[Callable[[RollbackOffer], None]] = []

    def tell(self, ref: RolloutRef, reading: TrafficReading) -> None:
        """Send a new reading to whoever watches."""
        self.readings[ref] = reading
        for listener in tuple(self.watchers.get(ref, ())):
            listener(reading)

    def offer_back(self, offer: RollbackOffer) -> None:
        """Offer a way back."""
        self._standing[offer.ref] = offer
        for hearer in tuple(self._hearers):
            hearer(offer)

    def watch(
        self, ref: RolloutRef, listener: Callable[[TrafficReading], None], *, window: float = 0.0
    ) -> Callable[[], Awaitable[None]]:
        listeners = self.watchers.setdefault(ref, [])
        listeners.append(listener)
        listener(self.readings.get(ref, NOTHING))

        async def close() -> None:
            listeners.remove(listener)

        return close

    async def look(self, ref: RolloutRef, *, window: float = 0.0) -> TrafficReading:
        return self.readings.get(ref, NOTHING)

    def compare(self, wish: ComparisonWish, listener: Callable[[ComparisonProgress], None]) -> ComparisonRun:
        self.wishes.append(wish)
        if self.run is None:
            raise BadConfig("this test compares nothing.")
        return self.run(wish, listener)

    def comparisons(self, ref: RolloutRef) -> tuple[ComparisonReport, ...]:
        return self.reports.get(ref, ())

    def offers(self, listener: Callable[[RollbackOffer], None]) -> Callable[[], None]:
        self._hearers.append(listener)
        for offer in tuple(self._standing.values()):
            listener(offer)
        return lambda: self._hearers.remove(listener)

    def offer(self, ref: RolloutRef) -> RollbackOffer | None:
        return self._standing.get(ref)

    def decline_offer(self, ref: RolloutRef) -> None:
        self.declined.append(ref)
        self._standing.pop(ref, None)
