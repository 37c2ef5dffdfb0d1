"""The desk of live traffic: it looks while somebody looks, owns up to old numbers, and offers the way back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mlcd_tui.config.metrics_settings import MetricsSettings
from mlcd_tui.demo.http import Response
from mlcd_tui.domain.errors import Missing
from mlcd_tui.domain.gates import GateState
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import Clean
from mlcd_tui.domain.traffic import Judgement, Mirror, TrafficReading, TrafficRole, TrafficTarget
from mlcd_tui.session import traffic_desk
from mlcd_tui.session.traffic_desk import Traffic
from mlcd_tui.session.traffic_ways import Ways
from tests.metrics.server import Prom, Value, serving
from tests.ui.fake_session import can, make_row

REF = RolloutRef("argo", "ml", "churn")
BLUE = TrafficTarget(TrafficRole.SERVING, "ml", Clean("v1"), service="blue", workload="churn-1aa", pod_hash="1aa")
GREEN = TrafficTarget(TrafficRole.CANDIDATE, "ml", Clean("v2"), service="green", workload="churn-2bb", pod_hash="2bb")
BEGUN = 1_800_000_000.0


@dataclass
class World:
    """A rollout, its metrics, and the time."""

    prom: Prom
    settings: MetricsSettings
    now: float = BEGUN
    targets: tuple[TrafficTarget, ...] = (BLUE, GREEN)
    abilities: tuple[Verb, ...] = ()
    mirror: Mirror | None = None
    gone: bool = False
    looks: int = 0
    gate: asyncio.Semaphore | None = None
    """Each release lets one pause end; None: pauses take no time but the world's."""
    paused: asyncio.Queue[float] = field(default_factory=asyncio.Queue)
    desk: Traffic = field(init=False)

    def __post_init__(self) -> None:
        clock = lambda: datetime.fromtimestamp(self.now, UTC)  # noqa: E731
        self.desk = Traffic(Ways(lambda: self.settings, self.detail, clock, pause=self.pause))

    async def pause(self, seconds: float) -> None:
        self.paused.put_nowait(seconds)
        if self.gate is not None:
            await self.gate.acquire()
        self.now += seconds

    async def detail(self, ref: RolloutRef) -> RolloutDetail:
        self.looks += 1
        if self.gone:
            raise Missing(f"{ref} does not exist any more.")
        row = make_row("churn", "ml", abilities=can(*self.abilities))
        return RolloutDetail(row, targets=self.targets, mirror=self.mirror)

    def served(self, service: str, *, rate: float, failing: float = 0.0, start: float = BEGUN - 9_000) -> None:
        """Requests to a Service from `start` on."""
        for code, part in (("200", rate - failing), ("500", failing)):
            labels = {"envoy_cluster_name": f"ml_{service}_80", "envoy_response_code": code}
            self.prom.add("envoy_cluster_upstream_rq", since(start, part), **labels)


def since(start: float, per_second: float) -> Value:
    return lambda at: None if at < start else float(round((at - start) * per_second))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    prom = Prom()
    async with serving(prom) as address:
        made = World(prom, MetricsSettings(address=address))
        yield made
        await made.desk.reset()


async def test_a_look_has_numbers_verdicts_and_where_they_are_from(world: World) -> None:
    world.served("blue", rate=40, failing=0.2)
    world.served("green", rate=10, failing=1.0)
    reading = await world.desk.look(REF)
    assert reading.problem == ""
    assert reading.source.endswith("Envoy clusters")
    assert [version.target.version for version in reading.versions] == ["v1", "v2"]
    (verdict,) = reading.verdicts
    assert verdict.judgement is Judgement.WORSE
    assert verdict.effect == pytest.approx(0.095, abs=0.005)


async def test_each_request_is_counted_once_however_often_one_looks(world: World) -> None:
    world.served("blue", rate=40)
    world.served("green", rate=10)
    await world.desk.look(REF)
    for _ in range(4):
        world.now += 37
        reading = await world.desk.look(REF)
    (verdict,) = reading.verdicts
    known = world.now // 15 * 15 - 15 * (world.now % 15 < 5) - (BEGUN // 15 * 15 - 900)
    assert verdict.candidate[1] == pytest.approx(known * 10, abs=301)
    assert verdict.candidate[1] > 10_000
    assert verdict.since == datetime.fromtimestamp(BEGUN - 900, UTC)


async def test_what_a_shadow_answered_when_it_served_is_no_copy(world: World) -> None:
    world.served("blue", rate=10)
    world.served("green", rate=10)
    world.targets = (BLUE, replace(GREEN, role=TrafficRole.SHADOW))
    world.mirror = Mirror(possible=True, on=True, since=datetime.fromtimestamp(BEGUN - 300, UTC))
    reading = await world.desk.look(REF)
    assert reading.versions[1].requests == 10 * 900
    assert reading.copied == pytest.approx(10 * 300, abs=300)  # whole stretches of the grid


async def test_another_version_is_another_comparison(world: World) -> None:
    world.served("blue", rate=40)
    world.served("green", rate=10, failing=3)
    assert (await world.desk.look(REF)).verdicts[0].judgement is Judgement.WORSE
    world.targets = (BLUE, replace(GREEN, pod_hash="3cc", workload="churn-3cc", service="teal"))
    world.served("teal", rate=10, start=BEGUN - 200)
    world.now += 30
    assert (await world.desk.look(REF)).verdicts[0].judgement is not Judgement.WORSE


async def test_old_numbers_stay_and_are_called_old(world: World) -> None:
    world.served("blue", rate=40)
    world.served("green", rate=10)
    good = await world.desk.look(REF)
    world.prom.answer = Response(503, b"", "text/plain")
    world.now += 60
    reading = await world.desk.look(REF)
    assert reading.stale
    assert "it is overloaded or not ready (503)" in reading.problem
    assert (reading.at, reading.versions) == (good.at, good.versions)
    world.targets = (replace(GREEN, role=TrafficRole.SERVING),)
    assert (await world.desk.look(REF)).versions == ()
    world.prom.answer = None
    assert not (await world.desk.look(REF)).stale


async def test_what_cannot_be_read_is_told_in_its_place(world: World) -> None:
    world.gone = True
    assert "does not exist any more" in (await world.desk.look(REF)).problem
    world.gone, world.targets = False, ()
    assert "which versions get traffic cannot be told" in (await world.desk.look(REF)).problem
    world.settings = MetricsSettings()
    assert (await world.desk.look(REF)).problem == traffic_desk.UNCONFIGURED
    assert not world.desk.configured


async def test_one_looks_while_somebody_looks_and_all_hear_the_same(world: World) -> None:
    world.served("blue", rate=40)
    heard: list[list[TrafficReading]] = [[], []]
    world.gate = asyncio.Semaphore(0)
    closers = [world.desk.watch(REF, one.append) for one in heard]

    async def next_look() -> None:
        before = world.paused.qsize()
        assert world.gate is not None
        world.gate.release()
        async with asyncio.timeout(10):
            while world.paused.qsize() == before:
                await asyncio.sleep(0.005)

    async with asyncio.timeout(10):
        while not world.paused.qsize():
            await asyncio.sleep(0.005)
    await next_look()
    world.prom.answer = Response(500, b"")
    await next_look()
    await next_look()
    await next_look()
    assert heard[0] == heard[1]
    assert [bool(reading.problem) for reading in heard[0]] == [False, True, True, True]
    assert [world.paused.get_nowait() for _ in range(5)] == [0.0, 15, 30, 60, 120]
    for close in closers:
        await close()
    world.gate.release()
    await asyncio.sleep(0.02)
    assert world.looks == 4


@pytest.mark.parametrize(
    ("failing", "rate", "state", "reason"),
    [
        (2.0, 10, GateState.FAILED, "error rate: 20 % of"),
        (0.0, 10, GateState.PASSED, "not worse by 1 point or more"),
        (0.0, 0.1, GateState.UNKNOWN, "not enough data"),
    ],
)
async def test_the_gate_of_an_approval(
    world: World, failing: float, rate: float, state: GateState, reason: str
) -> None:
    world.served("blue", rate=40)
    world.served("green", rate=rate, failing=failing)
    detail = await world.detail(REF)
    (gate,) = await world.desk.gates(detail, Intent(Verb.PROMOTE, REF))
    assert (gate.name, gate.state, gate.required) == ("live traffic", state, False)
    assert reason in gate.reason
    assert gate.at == datetime.fromtimestamp(BEGUN, UTC)


async def test_no_gate_where_no_metrics_are_configured_and_none_on_the_way_back(world: World) -> None:
    detail = await world.detail(REF)
    assert await world.desk.gates(detail, Intent(Verb.SWITCH_BACK, REF)) == ()
    world.settings = MetricsSettings()
    assert await world.desk.gates(detail, Intent(Verb.SWITCH, REF)) == ()


async def test_an_approval_does_not_wait_for_numbers(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(traffic_desk, "_GATE_PATIENCE", 0.05)

    async def never(_ref: RolloutRef) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(world.desk, "_read", never)
    monkeypatch.setattr(world.desk, "_look", lambda *_args: never(REF))
    (gate,) = await world.desk.gates(await world.detail(REF), Intent(Verb.SWITCH, REF))
    assert gate.state is GateState.UNKNOWN
    assert "there were no numbers within" in gate.reason
