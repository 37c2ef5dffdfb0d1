"""A version is asked through the API server, on the real one: as many requests and connections as a replay needs."""

from __future__ import annotations

import asyncio
import contextlib
import json

import httpx
import pytest

from mlcd_tui.cluster.client import Client
from mlcd_tui.cluster.kubeconfig import load
from mlcd_tui.cluster.port_forward import forwarded
from mlcd_tui.domain.errors import Problem
from tests.e2e.conftest import Lab
from tests.e2e.gateway.plane import Plane

REQUESTS = 40


def client_of(lab: Lab, user: str) -> Client:
    return Client(load(lab.kubeconfig).target(lab.context(user)))


async def first(asking: httpx.AsyncClient, body: object) -> httpx.Response:
    """Kwok hears a moment after the pod that it is to forward."""
    for _ in range(100):
        with contextlib.suppress(httpx.RemoteProtocolError):
            return await asking.post("/v1/models/churn:predict", json=body)
        await asyncio.sleep(0.1)
    raise AssertionError("nothing is forwarded")


async def test_requests_reach_the_pods_real_server(lab: Lab, plane: Plane, namespace: str) -> None:
    model = plane.model(namespace, "churn", version="7")
    pod = plane.list("Pod", namespace)[0]["metadata"]["name"]
    client = client_of(lab, "alice")
    body = {"instances": [[float(each)] * 200 for each in range(200)]}
    try:
        async with (
            forwarded(client, namespace, pod, 8080) as forward,
            httpx.AsyncClient(base_url=forward.address, trust_env=False, timeout=30) as asking,
        ):
            one = (await first(asking, body)).json()
            answers = await asyncio.gather(
                *(
                    asking.post("/v1/models/churn:predict", json=body, headers={"X-Request-Id": str(number)})
                    for number in range(REQUESTS)
                )
            )
    finally:
        await client.close()
    assert {(answer.status_code, answer.headers["x-version"]) for answer in answers} == {(200, "7")}
    assert all(json.loads(answer.content) == one for answer in answers)
    assert {str(number) for number in range(REQUESTS)} <= set(model.seen().ids)


async def test_who_may_not_forward_is_told_so(lab: Lab, plane: Plane, namespace: str) -> None:
    plane.model(namespace, "churn")
    pod = plane.list("Pod", namespace)[0]["metadata"]["name"]
    client = client_of(lab, "viewer")
    try:
        with pytest.raises(Problem, match="viewer"):
            async with forwarded(client, namespace, pod, 8080):
                pass
    finally:
        await client.close()
