"""The server's own matters: its token, its faults, its logs, what a user may not do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from mlcd_tui.demo.access import User
from mlcd_tui.demo.cluster import DemoCluster
from mlcd_tui.demo.scenarios import SCENARIOS
from mlcd_tui.demo.scenarios.many import crowd
from mlcd_tui.demo.serve import serve
from mlcd_tui.demo.server import DemoServer

NAMESPACES = "/api/v1/namespaces"


@pytest.fixture
async def server() -> AsyncIterator[DemoServer]:
    server = DemoServer(crowd(3))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(server: DemoServer) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {server.token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False) as client:
        yield client


async def test_it_listens_on_loopback_and_wants_its_token(server: DemoServer) -> None:
    assert server.url.startswith("http://127.0.0.1:")
    address = server.kubeconfig()["clusters"][0]["cluster"]["server"]
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(server.url + NAMESPACES)).status_code == 401
        assert (await client.get(server.url + NAMESPACES, auth=("demo", "wrong"))).status_code == 401
        assert (await client.get(address + NAMESPACES)).status_code == 200


async def test_a_user_may_no_more_than_its_role(server: DemoServer, client: httpx.AsyncClient) -> None:
    server.users["tenant"] = User("tenant", namespaces=frozenset({"ads"}), writes=False)
    client.headers["Authorization"] = "Bearer tenant"
    refused = await client.get("/apis/argoproj.io/v1alpha1/rollouts")
    assert refused.status_code == 403
    assert refused.json()["message"] == (
        'rollouts.argoproj.io is forbidden: User "tenant" cannot list resource "rollouts" in API group "argoproj.io" '
        "at the cluster scope"
    )
    path = "/apis/argoproj.io/v1alpha1/namespaces/ads/rollouts"
    assert (await client.get(path)).status_code == 200
    assert (await client.delete(f"{path}/model-00000")).status_code == 403


async def test_faults_come_and_go(server: DemoServer, client: httpx.AsyncClient) -> None:
    server.faults.throttled = 1
    throttled = await client.get(NAMESPACES)
    assert (throttled.status_code, throttled.headers["Retry-After"]) == (429, "1")
    server.faults.failing = 1
    assert (await client.get(NAMESPACES)).status_code == 503
    server.faults.unauthorized = True
    assert (await client.get(NAMESPACES)).status_code == 401
    server.faults.unauthorized = False
    server.faults.absent.add("argoproj.io")
    assert (await client.get("/apis/argoproj.io/v1alpha1/rollouts")).status_code == 404
    assert "argoproj.io" not in (await client.get("/apis")).text
    server.faults.stall()
    with pytest.raises(httpx.ReadTimeout):
        await client.get(NAMESPACES, timeout=0.1)
    server.faults.resume()
    assert (await client.get(NAMESPACES)).status_code == 200


async def test_a_cut_ends_a_watch_and_forgetting_gives_410(server: DemoServer, client: httpx.AsyncClient) -> None:
    listed = await client.get(NAMESPACES, params={"limit": 1})
    meta = listed.json()["metadata"]
    async with client.stream(
        "GET", NAMESPACES, params={"watch": "1", "resourceVersion": meta["resourceVersion"]}
    ) as watch:
        asyncio.get_running_loop().call_later(0.05, server.faults.cut)
        with pytest.raises(httpx.TransportError):
            await watch.aread()
    server.faults.forget()
    expired = await client.get(NAMESPACES, params={"limit": 1, "continue": meta["continue"]})
    assert (expired.status_code, expired.json()["reason"]) == (410, "Expired")
    assert expired.json()["metadata"]["continue"]
    params = {"watch": "1", "resourceVersion": meta["resourceVersion"]}
    assert json.loads((await client.get(NAMESPACES, params=params)).text)["object"]["code"] == 410


async def test_nonsense_on_the_wire_ends_only_its_connection(server: DemoServer, client: httpx.AsyncClient) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"\x00\xff what is this\r\n\r\n")
    await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    assert (await client.get("/readyz")).text == "ok"


async def test_a_crowd_changes_at_its_rate() -> None:
    server = DemoServer(crowd(20, changes_per_second=200))
    await server.start()
    before = server.store.version
    await asyncio.sleep(0.5)
    changes = server.store.version - before
    await server.stop()
    assert 40 <= changes <= 140


def test_a_cluster_in_a_thread_dies_with_its_block() -> None:
    with DemoCluster("empty") as demo:
        assert demo.kubeconfig.stat().st_mode & 0o777 == 0o600
        url = demo.call(lambda server: server.url)
        path = demo.kubeconfig
    assert not path.exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


def test_a_story_that_is_not_known_is_told_with_those_that_are() -> None:
    assert {"default", "empty", "many"} <= set(SCENARIOS.names())
    with pytest.raises(LookupError, match="there is: default, empty, many"):
        DemoCluster("fairy-tale").start()


async def test_serving_tells_where_and_ends_when_interrupted() -> None:
    import signal

    said: list[str] = []
    task = asyncio.create_task(serve(said.append, scenario="empty"))
    while not said:
        await asyncio.sleep(0.01)
    assert said[0].startswith("export KUBECONFIG=")
    signal.raise_signal(signal.SIGINT)
    await asyncio.wait_for(task, 5)
