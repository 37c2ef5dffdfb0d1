"""A pod's port on a port of ours: over a double of the API server, which a client that we did not write judges too."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from kubernetes import client as kube
from kubernetes import stream as kube_stream

from mlcd_tui.cluster.client import Client
from mlcd_tui.cluster.port_forward import forwarded
from mlcd_tui.cluster.websocket import masked
from mlcd_tui.domain.errors import Forbidden, Problem, Unreachable
from tests.cluster.forwarding import Forwarding, proof_of
from tests.cluster.server import Call, FaultServer, Reply
from tests.comparison.models import as_json, model


@asynccontextmanager
async def _cluster(handler: Any) -> AsyncIterator[tuple[FaultServer, Client]]:
    async with FaultServer(always=handler) as server:
        client = Client(server.target(user={"token": "t"}))
        try:
            yield server, client
        finally:
            await client.close()


@pytest.mark.parametrize("pieces", [False, True])
async def test_many_requests_of_any_size_come_back_as_they_were(pieces: bool) -> None:
    with model(lambda body: as_json({"got": body, "more": "y" * 200_000})) as served:
        forwarding = Forwarding({8080: int(served.address.rpartition(":")[2])}, pieces=pieces)
        async with (
            _cluster(forwarding) as (server, client),
            forwarded(client, "ml", "churn-0", 8080) as forward,
            httpx.AsyncClient(base_url=forward.address, trust_env=False, timeout=30) as http,
        ):
            bodies = [{"n": n, "x": "x" * size} for n, size in enumerate((1, 200, 70_000, 300_000))]
            answers = await asyncio.gather(*(http.post("/predict", json=body) for body in bodies))
            assert [answer.json()["got"] for answer in answers] == bodies
            assert forward.problem == ""
        assert server.calls[0].path == "/api/v1/namespaces/ml/pods/churn-0/portforward"
        assert server.calls[0].headers["authorization"] == "Bearer t"
    assert forwarding.opened == len(served.seen) + 1
    assert not pieces or forwarding.pongs > 0


async def test_the_double_speaks_as_the_kubernetes_library_expects() -> None:
    with model(lambda _body: as_json({"hello": "pod"})) as served:
        forwarding = Forwarding({8080: int(served.address.rpartition(":")[2])})
        async with FaultServer(always=forwarding) as server:
            answer = await asyncio.to_thread(_through_the_library, server.url)
    assert b'{"hello": "pod"}' in answer


def _through_the_library(url: str) -> bytes:
    api = kube.CoreV1Api(kube.ApiClient(kube.Configuration(host=url)))
    forward = kube_stream.portforward(api.connect_get_namespaced_pod_portforward, "p", "ns", ports="8080")
    held: socket.socket = forward.socket(8080)
    held.setblocking(True)
    held.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    found = b""
    while b"pod" not in found and (data := held.recv(4096)):
        found += data
    held.close()
    for _ in range(300):  # its thread says goodbye, unless the server did so first
        if forward.websocket.sock is None:
            break
        time.sleep(0.01)
    forward.websocket.shutdown()
    return found


async def test_what_the_user_may_not_do_is_said_before_anything_is_sent() -> None:
    async def forbid(_call: Call, reply: Reply) -> None:
        await reply.status(403, 'pods "churn-0" is forbidden: User "x" cannot create resource "pods/portforward"')

    async with _cluster(forbid) as (_, client):
        with pytest.raises(Forbidden, match="pods/portforward"):
            async with forwarded(client, "ml", "churn-0", 8080):
                pass


async def test_a_port_where_nobody_listens_hangs_up_and_says_why() -> None:
    async with _cluster(Forwarding()) as (_, client), forwarded(client, "ml", "p", 9) as forward:
        async with httpx.AsyncClient(trust_env=False) as http:
            with pytest.raises(httpx.HTTPError):
                await http.get(forward.address)
        assert "port 9 cannot be reached: error forwarding port 9" in forward.problem


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)
async def test_servers_and_proxies_that_cannot_forward_are_told(answer: bytes) -> None:
    async def odd(_call: Call, reply: Reply) -> None:
        reply.writer.write(answer)
        await reply.writer.drain()

    async with _cluster(odd) as (_, client):
        with pytest.raises(Problem) as raised:
            async with forwarded(client, "ml", "p", 80):
                pass
    assert raised.value.exit_code == 4


async def test_another_protocol_is_refused() -> None:
    async with _cluster(Forwarding(protocol="v5.channel.k8s.io")) as (_, client):
        with pytest.raises(Unreachable, match=r"does not speak v4\.channel"):
            async with forwarded(client, "ml", "p", 80):
                pass


@pytest.mark.parametrize(
    "frame", [b"\xf2\x00", b"\x82\xff", b"\x82\x7f" + b"\xff" * 8, b"\x89\x7e\x01\x00", b"\x82\x03\x00\x01\x00"]
)
async def test_frames_that_are_none_end_the_connection(frame: bytes) -> None:
    async def odd(call: Call, reply: Reply) -> None:
        proof = proof_of(call.headers["sec-websocket-key"])
        head = f"Upgrade: websocket\r\nSec-WebSocket-Accept: {proof}\r\nSec-WebSocket-Protocol: v4.channel.k8s.io"
        reply.writer.write(f"HTTP/1.1 101 Switching Protocols\r\n{head}\r\n\r\n".encode() + frame)
        await reply.writer.drain()

    async with _cluster(odd) as (_, client), forwarded(client, "ml", "p", 80) as forward:
        async with httpx.AsyncClient(trust_env=False) as http:
            with pytest.raises(httpx.HTTPError):
                await http.get(forward.address, timeout=20)
        assert forward.problem


def test_masking_twice_is_as_before() -> None:
    for size in (0, 1, 3, 4, 5, 1000):
        data = bytes(range(256)) * 4
        assert masked(masked(data[:size], b"\1\2\3\4"), b"\1\2\3\4") == data[:size]
    assert masked(b"Hello", b"\x37\xfa\x21\x3d") == bytes.fromhex("7f9f4d5158")  # RFC 6455, section 5.7
