"""The simulated cluster's Prometheus: numbers follow weights and copies, and whoever looks twice sees one past."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from mlcd_tui.demo.promql import ParseError, parse
from mlcd_tui.demo.requests import Counter, Manner
from mlcd_tui.demo.server import DemoServer

RATE = 'sum by (pod) (rate(http_request_duration_seconds_count{namespace="payments",pod=~"fraud-scorer-.*"}[5m]))'


@pytest.fixture
async def demo() -> AsyncIterator[DemoServer]:
    server = DemoServer()
    await server.start()
    yield server
    await server.stop()


async def ask(server: DemoServer, path: str, code: int = 200, token: str | None = None, **asked: Any) -> Any:
    headers = {"Authorization": f"Bearer {server.token if token is None else token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False) as http:
        answer = await http.post(f"/prometheus/api/v1/{path}", data=asked)
    assert answer.status_code == code, answer.text
    return answer.json().get("data") if code == 200 else answer


async def test_the_canary_has_its_share(demo: DemoServer) -> None:
    found = await ask(demo, "query", query=RATE)
    low, high = sorted(float(one["value"][1]) for one in found["result"])
    assert low / (low + high) == pytest.approx(0.2, abs=0.03)


async def test_copies_are_as_many_as_what_is_served(demo: DemoServer) -> None:
    query = 'sum by (pod) (rate(http_request_duration_seconds_count{namespace="vision",pod=~"nsfw-.*"}[5m]))'
    served, copied = (float(one["value"][1]) for one in (await ask(demo, "query", query=query))["result"])
    assert served == pytest.approx(copied, rel=0.1)


async def test_the_past_is_one(demo: DemoServer) -> None:
    now = demo.clock.now()
    query = 'sum by (pod,le) (http_request_duration_seconds_bucket{namespace="payments"})'
    asked: dict[str, Any] = {"query": query, "start": now - 600, "end": now - 60, "step": 15}
    first = await ask(demo, "query_range", **asked)
    again = await ask(demo, "query_range", **asked)
    assert first == again
    assert first["resultType"] == "matrix"
    for one in first["result"]:
        values = [float(value) for _, value in one["values"]]
        assert values == sorted(values)


async def test_what_is_wrong_is_refused_as_prometheus_does(demo: DemoServer) -> None:
    assert (await ask(demo, "query", 401, token="other", query="up")).text == "Unauthorized"
    refused = (await ask(demo, "query", 400, query="sum by (")).json()
    assert (refused["status"], refused["errorType"]) == ("error", "bad_data")
    await ask(demo, "query_range", 400, query="up", start=0, end=1e9, step=1)
    await ask(demo, "rules", 404)
    demo.faults.no_metrics = True
    await ask(demo, "query", 503, query="up")


@pytest.mark.parametrize("text", ["", "sum(", "up{a}", 'up{a=~"b"', "rate(up)", "up up", "1 +", '"text"'])
def test_what_is_no_expression_is_told(text: str) -> None:
    with pytest.raises(ParseError, match="parse error"):
        parse(text)


@pytest.mark.parametrize("mean", [4.0, 45.0, 180.0])
def test_large_and_small_versions_answer_alike(mean: float) -> None:
    counter = Counter("pod", Manner(0.02, 40.0))
    for tick in range(600):
        counter.count(tick, mean, f"{mean}/{tick}")
    everything = counter.within[-1][-1]
    assert everything == counter.good[-1] + counter.bad[-1]
    assert everything == pytest.approx(mean * 600, rel=0.06)
    assert counter.bad[-1] / everything == pytest.approx(0.02, abs=0.008)
    assert counter.within[-1][3] / everything == pytest.approx(0.657, abs=0.03)  # up to 50 ms, by the law
