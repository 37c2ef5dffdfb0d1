"""One look: rates, errors, latencies and counts of each version are those of the series, and the traps are told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from mlcd_tui.config.metrics_settings import MetricsSettings, QuerySettings
from mlcd_tui.domain.errors import BadConfig, Missing
from mlcd_tui.domain.traffic import TrafficRole, TrafficTarget
from mlcd_tui.domain.traffic_document import newest
from mlcd_tui.metrics.reader import Counted, Look, Reader
from tests.metrics.server import Prom, Value, serving

NOW = 1_800_000_000.0
OLD = TrafficTarget(TrafficRole.SERVING, "ml", service="m-blue", workload="m-blue-1aa", pod_hash="1aa")
NEW = TrafficTarget(TrafficRole.CANDIDATE, "ml", service="m-green", workload="m-green-2bb", pod_hash="2bb")


def since(start: float, per_second: float, base: float = 0.0) -> Value:
    """A counter that begins at `start`; before, there is no series."""
    return lambda at: None if at < start else base + round((at - start) * per_second)


def envoy(prom: Prom, service: str, *, rate: float, failing: float = 0.0, start: float = NOW - 3_000) -> None:
    """Requests to a Service as Envoy counts them: 80 % within 25 ms, the rest within 250."""
    name = f"ml_{service}_80"
    prom.add(
        "envoy_cluster_upstream_rq", since(start, rate - failing), envoy_cluster_name=name, envoy_response_code="200"
    )
    if failing:
        prom.add("envoy_cluster_upstream_rq", since(start, failing), envoy_cluster_name=name, envoy_response_code="503")
    for bound, share in (("25", 0.8), ("250", 1.0), ("+Inf", 1.0)):
        prom.add("envoy_cluster_upstream_rq_time_bucket", since(start, rate * share), envoy_cluster_name=name, le=bound)


@pytest.fixture
def prom() -> Prom:
    return Prom()


@pytest.fixture
async def address(prom: Prom) -> AsyncIterator[str]:
    async with serving(prom) as found:
        yield found


async def looked(address: str, *targets: TrafficTarget, window: float = 900, hints: str = "", **settings: Any) -> Look:
    reader = Reader(MetricsSettings(address=address, **settings))
    try:
        return await reader.look(targets or (OLD, NEW), (hints,), NOW, window)
    finally:
        await reader.close()


def of(look: Look, place: int) -> Counted:
    return look.versions[place]


async def test_rates_errors_latencies_and_counts(prom: Prom, address: str) -> None:
    envoy(prom, "m-blue", rate=40)
    envoy(prom, "m-green", rate=10, failing=2)
    look = await looked(address, latency_limit_ms=25.0)
    blue, green = of(look, 0), of(look, 1)
    assert look.source.endswith(", Envoy clusters")
    assert (blue.traffic.requests, blue.traffic.failed, blue.traffic.slow) == (36_000, 0, 7_200)
    assert (green.traffic.requests, green.traffic.failed) == (9_000, 1_800)
    assert newest(green.traffic.rate) == pytest.approx(10, rel=0.02)
    assert newest(green.traffic.errors) == pytest.approx(0.2, rel=0.02)
    assert {share: newest(points) for share, points in blue.traffic.latency} == pytest.approx(
        {0.5: 15.6, 0.95: 193.75, 0.99: 238.75}, rel=0.02
    )
    assert len(blue.traffic.rate) == 60
    assert blue.traffic.problem == ""


async def test_the_first_failure_of_a_process_counts_and_every_one_failing_is_no_silence(
    prom: Prom, address: str
) -> None:
    """`rate` misses the one, and a ratio of selected series the other."""
    envoy(prom, "m-blue", rate=10)
    prom.add(
        "envoy_cluster_upstream_rq",
        lambda at: 3.0 if at > NOW - 100 else None,
        envoy_cluster_name="ml_m-blue_80",
        envoy_response_code="500",
    )
    prom.add(
        "envoy_cluster_upstream_rq",
        since(NOW - 3_000, 5),
        envoy_cluster_name="ml_m-green_80",
        envoy_response_code="503",
    )
    look = await looked(address)
    assert of(look, 0).traffic.failed == 3
    assert newest(of(look, 1).traffic.errors) == 1.0


async def test_no_traffic_is_a_gap_in_the_error_rate_and_never_a_good_one(prom: Prom, address: str) -> None:
    envoy(prom, "m-blue", rate=10)
    envoy(prom, "m-green", rate=0.0)
    green = of(await looked(address), 1).traffic
    assert green.requests == 0
    assert all(point.value is None for point in green.errors)
    assert all(newest(points) is None for _, points in green.latency)


async def test_a_version_that_nothing_is_counted_for_says_so_beside_the_other(prom: Prom, address: str) -> None:
    envoy(prom, "m-blue", rate=10)
    look = await looked(address)
    assert of(look, 0).traffic.requests == 9_000
    assert of(look, 1).traffic.requests is None
    assert "nothing is counted for it in this time" in of(look, 1).traffic.problem


async def test_numbers_of_both_versions_are_given_to_neither(prom: Prom, address: str) -> None:
    envoy(prom, "m-blue", rate=10)
    look = await looked(address, OLD, replace(NEW, service="m-blue"))
    assert [one.traffic.requests for one in look.versions] == [None, None]
    assert "do not tell it from the other version" in of(look, 0).traffic.problem


async def test_failures_that_are_not_told_are_unknown(prom: Prom, address: str) -> None:
    prom.add("http_request_duration_seconds_count", since(NOW - 3_000, 4), namespace="ml", pod="m-blue-1aa-xyz")
    blue = of(await looked(address), 0).traffic
    assert (blue.requests, blue.failed) == (3_600, None)
    assert "its failures are not told" in blue.problem


async def test_the_set_that_has_the_numbers_is_used_and_the_router_speaks_for_its_own(prom: Prom, address: str) -> None:
    envoy(prom, "m-blue", rate=10)
    prom.add("istio_requests_total", since(NOW - 3_000, 1), destination_service_name="other", response_code="200")
    assert (await looked(address)).source.endswith("Envoy clusters")
    labels = {"reporter": "source", "destination_service_namespace": "ml", "destination_service_name": "m-blue"}
    prom.add("istio_requests_total", since(NOW - 3_000, 2), response_code="200", **labels)
    assert (await looked(address)).source.endswith("Istio")
    assert (await looked(address, hints="contour")).source.endswith("Envoy clusters")
    assert (await looked(address, set="envoy")).source.endswith("Envoy clusters")


async def test_what_is_known_once_is_not_asked_again(prom: Prom, address: str) -> None:
    envoy(prom, "m-blue", rate=10)
    reader = Reader(MetricsSettings(address=address))
    await reader.look((OLD, NEW), (), NOW, 900)
    first = len(prom.requests)
    await reader.look((OLD, NEW), (), NOW + 30, 900)
    await reader.close()
    assert len(prom.requests) - first == 4  # requests and buckets of two versions


async def test_own_queries_of_counters_and_of_increases(prom: Prom, address: str) -> None:
    for service, rate in (("m-blue", 6), ("m-green", 2)):
        prom.add("infer_total", since(NOW - 5_000, rate), svc=service, ok="yes")
        prom.add("infer_total", since(NOW - 5_000, 1), svc=service, ok="no")
    requests, failed = 'infer_total{svc="{service}"}', 'infer_total{svc="{service}",ok="no"}'
    counters = {"own": QuerySettings(title="GPU server", requests=requests, failed=failed)}
    look = await looked(address, queries=counters)
    assert look.source.endswith("GPU server")
    assert [(one.traffic.requests, one.traffic.failed) for one in look.versions] == [(6_300, 900), (2_700, 900)]
    increases = {
        "own": QuerySettings(
            requests=f"sum(increase({requests}[{{window}}]))", failed=f"sum(increase({failed}[{{window}}]))"
        )
    }
    look = await looked(address, queries=increases)
    assert look.step == 60
    assert [(one.traffic.requests, one.traffic.failed) for one in look.versions] == [(6_300, 900), (2_700, 900)]


async def test_nothing_known_and_a_set_that_there_is_not(prom: Prom, address: str) -> None:
    with pytest.raises(Missing, match="has no numbers of these versions"):
        await looked(address)
    with pytest.raises(BadConfig, match="no query set is called evnoy; there is: app, envoy, istio"):
        await looked(address, set="evnoy")


async def test_processor_and_memory_where_they_are_known(prom: Prom, address: str) -> None:
    envoy(prom, "m-blue", rate=10)
    labels = {"namespace": "ml", "pod": "m-blue-1aa-x", "container": "server"}
    prom.add("container_cpu_usage_seconds_total", since(NOW - 5_000, 2), **labels)
    prom.add("container_memory_working_set_bytes", lambda _: 3e9, **labels)
    blue = of(await looked(address), 0).traffic
    assert newest(blue.cpu) == pytest.approx(2.0)
    assert newest(blue.memory) == 3e9
