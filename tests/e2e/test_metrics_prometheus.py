"""Live traffic as a real Prometheus tells it of a real Envoy: held against what the customers themselves were answered."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.cli.options import Globals
from mlcd_tui.cli.wiring import wire
from mlcd_tui.domain.gates import GateState
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Result
from mlcd_tui.domain.post_switch import RollbackOffer
from mlcd_tui.domain.traffic import Judgement, TrafficReading, TrafficRole, TrafficTarget, VersionTraffic
from mlcd_tui.metrics.queries import QUERY_SETS
from mlcd_tui.metrics.queries._set import queries_for
from mlcd_tui.session.live import LiveSession
from tests.e2e.command import mlcd
from tests.e2e.gateway.load import Answer, load, versions, within
from tests.e2e.gateway.plane import Model, Plane
from tests.e2e.gateway.prometheus import prometheus_server

STEP = 15
SCRAPED = 2.5
"""Seconds after which a scrape of every second has surely seen what happened."""
SETTLED = 20
"""Seconds after which a stretch counts for a verdict."""


def configure(home: Path, address: str, **more: Any) -> None:
    """Write the settings of the test's home."""
    told = {"address": f'"{address}"', "latency_limit_ms": 50, "refresh": 5, **more}
    lines = [f"{key} = {value}" for key, value in told.items()]
    (home / "config" / "config.toml").write_text("\n".join(["[metrics]", *lines]), encoding="utf-8")


@asynccontextmanager
async def connected() -> AsyncIterator[LiveSession]:
    session = wire(Globals()).session
    try:
        await session.connect()
        yield session
    finally:
        await session.stop()


def past_the_grid() -> None:
    """Wait until a moment of the grid has passed, and what happened before it is scraped."""
    now = time.time()
    time.sleep(now // STEP * STEP + STEP - now + SCRAPED)


async def until(wanted: Callable[[], bool], told: str, seconds: float = 150) -> None:
    end = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < end, told
        await asyncio.sleep(0.5)


@pytest.fixture
def models(plane: Plane, namespace: str) -> dict[str, Model]:
    return {name: plane.model(namespace, name, version=name[-1]) for name in ("model-v1", "model-v2")}


async def looked(namespace: str) -> TrafficReading:
    async with connected() as session:
        reading = await session.traffic.look(await session.find(namespace, "model"), window=300)
    assert reading.problem == ""
    return reading


def of(answers: tuple[Answer, ...], version: str) -> tuple[int, int]:
    """Requests and failures of one version, as the customers had them."""
    own = [each for each in answers if each.version == version]
    return len(own), sum(each.status >= 500 for each in own)


def test_counts_errors_and_latencies_are_those_that_the_customers_had(
    plane: Plane, namespace: str, models: dict[str, Model], prometheus: str, home: Path
) -> None:
    address = plane.gateway(namespace)
    plane.route(namespace, "model", {"model-v1": 80, "model-v2": 20})
    configure(home, prometheus)
    with load(address, per_second=60) as customers:
        customers.next(60)  # every counter is there before what is counted here
    models["model-v2"].set(failing=0.1, delay_ms=60)
    past_the_grid()
    with load(address, per_second=65) as customers:  # over several stretches: the first is never bet on
        within(2500, 0.2, lambda count: versions(customers.next(count))["2"])
    past_the_grid()
    time.sleep(SETTLED)
    reading = asyncio.run(looked(namespace))

    old, new = reading.versions
    assert (old.target.role, new.target.role) == (TrafficRole.SERVING, TrafficRole.CANDIDATE)
    assert (old.target.share, new.target.share) == (80, 20)
    for version, name in ((old, "1"), (new, "2")):
        asked, failed = of(customers.answers, name)
        assert version.requests is not None
        # what was asked before the grid's first known moment may or may not be within the window
        assert asked <= version.requests <= asked + 60
        assert version.failed == failed
    assert new.failed is not None
    assert new.failed > 20
    assert _middle(old) < 50 < _middle(new) < 120
    assert new.slow == new.requests or (new.requests or 0) - (new.slow or 0) <= 60
    by_what = {str(verdict.what): verdict for verdict in reading.verdicts}
    assert by_what["requests above 50 ms"].judgement is Judgement.WORSE
    assert by_what["error rate"].judgement is Judgement.WORSE
    assert reading.source.endswith("Envoy clusters")

    said = mlcd("rollouts", "traffic", f"{namespace}/model", "-o", "json", "--window", "5m")
    assert said.code == 0
    assert [each["role"] for each in said.json["versions"]] == ["serving", "candidate"]
    assert said.json["versions"][1]["failed"] == new.failed


def _middle(version: VersionTraffic) -> float:
    points = [point.value for share, row in version.latency if share == 0.5 for point in row if point.value is not None]
    return sorted(points)[len(points) // 2]


def test_a_real_prometheus_takes_every_query_of_every_set(tmp_path: Path) -> None:
    """Its own parser, for each way that a set tells versions apart."""
    program = shutil.which("promtool")
    assert program, "promtool is missing; it comes with Prometheus"
    whole = TrafficTarget(TrafficRole.SERVING, "ml", service="churn.v1", workload="churn", pod_hash="6d5f7c")
    known = (
        whole,
        replace(whole, service=""),
        replace(whole, workload="", pod_hash=""),
        replace(whole, workload="churn-6d5f7c"),
        replace(whole, pod_hash=""),
    )
    asked = [queries_for(found, target, 15) for found in QUERY_SETS.all() for target in known]
    texts = {text for queries in asked if queries for text in (queries.requests, queries.latency)}
    assert len(texts) >= 2 * len(QUERY_SETS.names())
    rules = [{"record": f"asked:{number}", "expr": text} for number, text in enumerate(sorted(texts))]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "asked", "rules": rules}]}), encoding="utf-8")
    said = subprocess.run([program, "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    assert f"{len(rules)} rules found" in said.stdout


def test_copies_are_counted_apart_and_speak_for_the_shadow(
    plane: Plane, namespace: str, models: dict[str, Model], prometheus: str, home: Path
) -> None:
    address = plane.gateway(namespace)
    plane.route(namespace, "model", {"model-v1": 1}, mirror=("model-v2", 100))
    configure(home, prometheus)
    with load(address, per_second=60) as customers:
        customers.next(30)
    past_the_grid()
    with load(address) as customers:
        customers.next(1000)
    past_the_grid()
    reading = asyncio.run(looked(namespace))
    old, new = reading.versions
    assert (old.target.role, new.target.role) == (TrafficRole.SERVING, TrafficRole.SHADOW)
    asked = len(customers.answers)
    assert old.requests is not None
    assert reading.copied is not None
    assert asked <= old.requests <= asked + 60
    assert abs(reading.copied - old.requests) <= 2  # Envoy lets a copy go when its connection ends
    assert versions(customers.answers) == {"1": asked}


def test_a_prometheus_that_ends_is_told_and_nothing_else_suffers(
    plane: Plane, namespace: str, models: dict[str, Model], home: Path, tmp_path: Path
) -> None:
    address = plane.gateway(namespace)
    plane.route(namespace, "model", {"model-v1": 80, "model-v2": 20})

    async def story() -> None:
        heard: list[TrafficReading] = []
        with prometheus_server(tmp_path, plane.envoy) as source:
            configure(home, source)
            session = wire(Globals()).session
            await session.start()
            ref = await session.find(namespace, "model")
            close = session.traffic.watch(ref, heard.append, window=60)
            await until(lambda: any(r.versions and not r.problem for r in heard), "no numbers came")
        await until(lambda: heard[-1].stale, "nobody told that the numbers are old")
        assert "no connection comes about" in heard[-1].problem
        assert heard[-1].versions
        assert (await session.detail(ref)).targets
        begun = time.monotonic()
        proposal = await session.propose(Intent(Verb.SET_WEIGHT, ref, weight=30))
        assert time.monotonic() - begun < 10
        (gate,) = [gate for gate in proposal.gates if gate.name == "live traffic"]
        assert gate.state is GateState.UNKNOWN
        assert "no connection comes about" in gate.reason
        outcome = await session.confirm(proposal)
        assert outcome.result is Result.DONE, outcome.sentence
        await close()
        await session.stop()

    with load(address, per_second=80) as customers:
        customers.next(50)
        asyncio.run(story())
    assert not customers.failed


def test_a_version_that_fails_after_the_switch_is_offered_the_way_back(
    plane: Plane, namespace: str, models: dict[str, Model], prometheus: str, home: Path
) -> None:
    address = plane.gateway(namespace)
    plane.route(namespace, "model", {"model-v1": 1}, mirror=("model-v2", 100))
    configure(home, prometheus, watch_after=120)

    async def story() -> None:
        offers: list[RollbackOffer] = []
        async with connected() as session:
            session.traffic.offers(offers.append)
            ref = await session.find(namespace, "model")
            await asyncio.sleep(3 * STEP + SCRAPED)  # something to hold the new version against
            outcome = await session.confirm(await session.propose(Intent(Verb.SWITCH, ref)))
            assert outcome.result is Result.DONE, outcome.sentence
            models["model-v2"].set(failing=0.2)
            await until(lambda: bool(offers), "no way back was offered")
            assert "answers worse since the switch" in offers[0].sentence
            assert offers[0].intent is not None
            back = await session.confirm(await session.propose(offers[0].intent))
            assert back.result is Result.DONE, back.sentence
            assert session.traffic.offer(ref) is None

    with load(address, per_second=100) as customers:
        customers.next(50)
        asyncio.run(story())
        assert versions(customers.next(100)) == {"1": 100}
