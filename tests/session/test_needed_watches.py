"""Kinds that an engine looks at only where it has rollouts: other clusters do not pay for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mlcd_tui.domain.ports import FleetWatch
from mlcd_tui.domain.refs import SERVICES, Resource, RolloutRef
from mlcd_tui.domain.rollout import Rollout
from tests.engines.toy import CONFIG_MAPS, Lean, Toy
from tests.session.conftest import Bench, until


class Needy(Toy):
    """A toy whose version is told by the Service of its name."""

    watches = (*Toy.watches, FleetWatch(SERVICES, Lean, optional=True, when_needed=True))

    def __init__(self) -> None:
        self.seen: set[Resource] = set()

    def group(self, resource: Resource, decoded: Any) -> RolloutRef | None:
        self.seen.add(resource)
        return super().group(resource, decoded)

    def summarise(self, ref: RolloutRef, decoded: Mapping[Resource, Sequence[Any]], now: datetime) -> Rollout | None:
        return super().summarise(ref, decoded, now) if CONFIG_MAPS in decoded else None


async def test_they_are_watched_from_the_first_rollout_on(bench: Bench) -> None:
    service = {"metadata": {"name": "alpha", "namespace": "default"}, "spec": {"ports": [{"port": 80}]}}
    (await bench.http.post("/api/v1/namespaces/default/services", json=service)).raise_for_status()
    engine = Needy()
    async with bench.session(engine) as session:
        await until(session, lambda fleet: fleet.complete)
        assert not engine.seen
        await bench.toy("alpha")
        await until(session, lambda fleet: fleet.complete and SERVICES in engine.seen)
        assert len(session.fleet.rows) == 1, "the Service alone makes no row"
