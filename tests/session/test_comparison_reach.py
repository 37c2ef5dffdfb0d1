"""From a version to one of its pods, through an API server's port-forward."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from mlcd_tui.cluster.client import Client
from mlcd_tui.domain.errors import BadConfig, Missing
from mlcd_tui.domain.text import Clean
from mlcd_tui.domain.traffic import TrafficRole, TrafficTarget
from mlcd_tui.session.comparison_reach import pod_of, reaching
from tests.cluster.forwarding import Forwarding
from tests.cluster.server import Call, FaultServer, Reply
from tests.comparison.models import as_json, model


def _pod(name: str, *, ready: bool = True, version: str = "v1", **labels: str) -> dict[str, Any]:
    ports = [{"name": "metrics", "containerPort": 9000}, {"name": "http", "containerPort": 8501}]
    return {
        "metadata": {"name": name, "labels": {"app": "churn", "rollouts-pod-template-hash": version, **labels}},
        "spec": {"containers": [{"name": "model", "ports": ports}]},
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
    }


class _Cluster:
    """Services, pods and port-forwards of one namespace."""

    def __init__(self, ports: list[Any], pods: list[Any], forwarding: Forwarding, selector: Any = None) -> None:
        selector = {"app": "churn"} if selector is None else selector
        self.service = {"metadata": {"name": "churn"}, "spec": {"selector": selector, "ports": ports}}
        self.pods = pods
        self.forwarding = forwarding
        self.forwarded: list[str] = []

    async def __call__(self, call: Call, reply: Reply) -> None:
        if call.path.endswith("/services/churn"):
            await reply.send(200, self.service)
        elif call.path.endswith("/pods"):
            assert call.query["labelSelector"] == "app=churn"
            await reply.send(200, {"items": self.pods})
        elif call.path.endswith("/portforward"):
            self.forwarded.append(call.path)
            await self.forwarding(call, reply)
        else:
            await reply.status(404, "services not found")


def _target(**changed: Any) -> TrafficTarget:
    fields = {"service": "churn", "version": Clean("v2"), **changed}
    return TrafficTarget(TrafficRole.SHADOW, "ml", **fields)


@asynccontextmanager
async def _client(cluster: _Cluster) -> AsyncIterator[Client]:
    async with FaultServer(always=cluster) as server:
        client = Client(server.target())
        try:
            yield client
        finally:
            await client.close()


_HTTP = {"name": "http", "port": 80, "targetPort": "http"}


async def test_a_versions_own_ready_pod_answers() -> None:
    pods = [
        _pod("a", version="v1"),
        _pod("b", ready=False, version="v2"),
        _pod("c", version="v2"),
        _pod("d", version="v2"),
    ]
    with model(lambda _body: as_json({"who": "v2"})) as served:
        forwarding = Forwarding({8501: int(served.address.rpartition(":")[2])})
        cluster = _Cluster([{"name": "metrics", "port": 9000}, _HTTP], pods, forwarding)
        async with _client(cluster) as client:

            async def connected() -> Client:
                return client

            async with (
                reaching(connected)(_target(pod_hash="v2")) as address,
                httpx.AsyncClient(trust_env=False) as http,
            ):
                assert address.startswith("http://127.0.0.1:")
                assert (await http.get(f"{address}/v2")).json() == {"who": "v2"}
    assert set(cluster.forwarded) == {"/api/v1/namespaces/ml/pods/c/portforward"}


@pytest.mark.parametrize(
    ("ports", "asked", "found"),
    [
        ([{"port": 80, "targetPort": 8080}], None, 8080),
        ([{"port": 8080}], None, 8080),
        ([{"name": "grpc", "port": 9}, _HTTP], None, 8501),
        ([{"name": "grpc", "port": 9, "targetPort": 7}, _HTTP], 9, 7),
        ([{"port": 1, "appProtocol": "grpc"}, {"port": 2, "appProtocol": "http"}], None, 2),
    ],
)
async def test_the_port_behind_the_services_port(ports: list[Any], asked: int | None, found: int) -> None:
    async with _client(_Cluster(ports, [_pod("a")], Forwarding())) as client:
        assert await pod_of(client, _target(port=asked)) == ("a", found)


@pytest.mark.parametrize(
    ("cluster", "target", "told"),
    [
        (_Cluster([_HTTP], [], Forwarding()), _target(), "No pod of Service churn is ready"),
        (_Cluster([_HTTP], [_pod("a", ready=False)], Forwarding()), _target(), "No pod of Service churn is ready"),
        (_Cluster([_HTTP], [_pod("a")], Forwarding()), _target(pod_hash="v9"), "No pod of Service churn is ready"),
        (_Cluster([_HTTP], [_pod("a")], Forwarding()), _target(service="gone"), "not found"),
        (_Cluster([_HTTP], [_pod("a")], Forwarding()), _target(service=""), "No Service of the version v2 is known"),
        (_Cluster([], [_pod("a")], Forwarding()), _target(), "has no ports"),
        (_Cluster([_HTTP], [_pod("a")], Forwarding(), selector={}), _target(), "selects no pods"),
        (_Cluster([{"port": 1, "targetPort": "x"}], [_pod("a")], Forwarding()), _target(), "no port called x"),
    ],
)
async def test_what_cannot_be_reached_says_why(cluster: _Cluster, target: TrafficTarget, told: str) -> None:
    async with _client(cluster) as client:
        with pytest.raises((BadConfig, Missing), match=told):
            await pod_of(client, target)
