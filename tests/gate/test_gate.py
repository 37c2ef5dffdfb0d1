"""The gate over real connections: yes for the very thing that was approved, no for all else, whatever is sent."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from mlcd_tui.domain.errors import Forbidden, Missing, Problem, Unreachable
from mlcd_tui.domain.hook_approval import Hook, approval, checksum
from mlcd_tui.domain.refs import JSON
from mlcd_tui.gate.server import LARGEST_BODY, GateServer

TEMPLATE = {"spec": {"containers": [{"name": "server", "image": "m:2"}]}}
CANARY: JSON = {
    "metadata": {"uid": "u", "name": "churn", "namespace": "models", "annotations": {}},
    "spec": {"targetRef": {"kind": "Deployment", "name": "churn"}},
    "status": {
        "phase": "Waiting",
        "lastAppliedSpec": "77b8678fbb",
        "canaryWeight": 0,
        "lastTransitionTime": "2026-11-24T10:06:00Z",
        "conditions": [{"type": "Promoted", "lastTransitionTime": "a", "lastUpdateTime": "b"}],
    },
}


class Cluster:
    """What the gate sees; a problem is raised in its place."""

    def __init__(self) -> None:
        self.found = copy.deepcopy(CANARY)
        self.template = copy.deepcopy(TEMPLATE)
        self.problem: Problem | None = None
        self.hangs = False
        self.asked: list[str] = []

    async def canary(self, namespace: str, name: str) -> JSON:
        self.asked.append(f"{namespace}/{name}")
        if self.hangs:
            await asyncio.sleep(3600)
        if self.problem is not None:
            raise self.problem
        return self.found

    async def target(self, kind: str, namespace: str, name: str) -> JSON:
        return {"kind": kind, "spec": {"template": self.template}}

    def approve(self, hook: Hook) -> None:
        template = self.template if hook is Hook.CONFIRM_ROLLOUT else None
        self.found["metadata"]["annotations"][hook.annotation] = approval(hook, self.found, template)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
async def gate(cluster: Cluster) -> AsyncIterator[tuple[GateServer, int]]:
    async with running(cluster, 60.0) as found:  # never the reason of an answer, however busy the machine is
        yield found


@asynccontextmanager
async def running(cluster: Cluster, patience: float) -> AsyncIterator[tuple[GateServer, int]]:
    server = GateServer(cluster, patience=patience)
    yield server, await server.start("127.0.0.1", 0)
    await server.close()


async def send(port: int, data: bytes, *, end: bool = False) -> tuple[int, str]:
    """One raw request; status and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(OSError):  # it may have closed before it was told all
        writer.write(data)
        await writer.drain()
        if end:
            writer.write_eof()
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split()[1]), body.decode()


def request(hook: str, payload: object = None, method: str = "POST") -> bytes:
    asked = {"name": "churn", "namespace": "models", "phase": "Waiting", "checksum": checksum(CANARY["status"])}
    body = payload if isinstance(payload, bytes) else json.dumps(asked if payload is None else payload).encode()
    return (
        f"{method} /mlcd/{hook} HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


@pytest.mark.parametrize("hook", Hook)
async def test_only_the_hook_that_was_approved_is_open(
    cluster: Cluster, gate: tuple[GateServer, int], hook: Hook
) -> None:
    _, port = gate
    assert (await send(port, request(hook)))[0] == 403
    cluster.approve(hook)
    assert (await send(port, request(hook)))[0] == 200
    for other in set(Hook) - {hook}:
        assert (await send(port, request(other)))[0] == 403
    # An approval that is copied to another hook opens nothing there.
    notes = cluster.found["metadata"]["annotations"]
    for other in set(Hook) - {hook}:
        notes[other.annotation] = notes[hook.annotation]
        assert (await send(port, request(other)))[0] == 403


async def test_it_closes_by_itself(cluster: Cluster, gate: tuple[GateServer, int]) -> None:
    _, port = gate
    cluster.approve(Hook.CONFIRM_ROLLOUT)
    cluster.template["spec"] = {"containers": [{"name": "server", "image": "m:3"}]}
    status, why = await send(port, request("confirm-rollout"))
    assert (status, why) == (403, "confirm-rollout has an approval of another revision, step or run.\n")
    cluster.approve(Hook.CONFIRM_TRAFFIC_INCREASE)
    assert (await send(port, request("confirm-traffic-increase")))[0] == 200
    cluster.found["status"]["canaryWeight"] = 20
    assert (await send(port, request("confirm-traffic-increase")))[0] == 403


async def test_a_question_about_another_revision_than_the_present_is_answered_no(
    cluster: Cluster, gate: tuple[GateServer, int]
) -> None:
    _, port = gate
    cluster.approve(Hook.CONFIRM_PROMOTION)
    asked = {"name": "churn", "namespace": "models", "checksum": "bbbbb"}
    status, why = await send(port, request("confirm-promotion", asked))
    assert status == 403
    assert "bbbbb was asked about" in why


@pytest.mark.parametrize(
    ("problem", "status"),
    [(Missing("gone."), 404), (Forbidden("no."), 503), (Unreachable("refused."), 503)],
)
async def test_what_cannot_be_looked_up_is_no_approval(
    cluster: Cluster, gate: tuple[GateServer, int], problem: Problem, status: int
) -> None:
    cluster.approve(Hook.ROLLBACK)
    cluster.problem = problem
    assert (await send(gate[1], request("rollback")))[0] == status


async def test_a_cluster_that_hangs_is_waited_for_no_longer_than_flagger_waits(cluster: Cluster) -> None:
    cluster.hangs = True
    async with running(cluster, 0.3) as (_, port):
        assert (await send(port, request("rollback")))[0] in {503, 408}


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[1]",
        b"{",
        b"\xff\xfe",
        b"[" * 20_000,
        {"name": "churn", "namespace": "models"},
        {"name": "../secrets", "namespace": "models", "checksum": "abc"},
        {"name": "churn", "namespace": "a/b", "checksum": "abc"},
        {"name": "churn", "namespace": "models", "checksum": "x" * 99},
        {"name": ["churn"], "namespace": "models", "checksum": 7},
    ],
)
async def test_what_is_no_question_of_flaggers_is_not_looked_up(
    cluster: Cluster, gate: tuple[GateServer, int], payload: Any
) -> None:
    assert (await send(gate[1], request("rollback", payload)))[0] == 400
    assert not cluster.asked


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"POST /mlcd/rollback HTTP/1.1\r\n\r\n", 400),
        (b"POST /mlcd/rollback HTTP/1.1\r\nHost: g\r\nX: " + b"y" * 40_000 + b"\r\n\r\n", 413),
        (request("rollback", b" " * (LARGEST_BODY + 1)), 413),
        (request("rollback", method="PUT"), 405),
        (request("rollback").replace(b"/mlcd/", b"/gate/"), 404),
        (request("rollback").replace(b"/mlcd/rollback", b"/mlcd/../healthz"), 404),
    ],
)
async def test_other_requests_are_refused(gate: tuple[GateServer, int], data: bytes, status: int) -> None:
    assert (await send(gate[1], data, end=True))[0] == status


async def test_a_request_that_never_ends_is_ended(cluster: Cluster) -> None:
    begun = b"POST /mlcd/rollback HTTP/1.1\r\nHost: g\r\nContent-Length: 90\r\n\r\n{"
    async with running(cluster, 0.3) as (_, port):
        assert await send(port, begun) == (408, "The request took too long.\n")


async def test_more_than_it_can_answer_are_told_so(cluster: Cluster, gate: tuple[GateServer, int]) -> None:
    _, port = gate
    cluster.approve(Hook.ROLLBACK)
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(64)]
    assert (await send(port, request("rollback")))[0] == 503
    for _, writer in held:
        writer.close()
    while (await send(port, request("rollback")))[0] == 503:
        await asyncio.sleep(0.01)
    assert (await send(port, request("rollback")))[0] == 200


async def test_what_is_under_way_ends_with_the_gate_and_without_an_answer(cluster: Cluster) -> None:
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
    async with running(cluster, 60.0) as (_, port):
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        assert (await send(port, request("rollback")))[0] == 403  # all of them were taken
    for reader, writer in held:
        with suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
    assert not told


@pytest.mark.parametrize(
    "note",
    [
        lambda _: "2099-01-01T00:00:00Z",
        lambda right: right.upper(),
        lambda right: f"{right} ",
        lambda right: f"{right}.{right}",
        lambda right: right.rpartition(".")[0],
        lambda right: right * 9,
    ],
)
async def test_an_annotation_that_is_nearly_an_approval_is_none(
    cluster: Cluster, gate: tuple[GateServer, int], note: Any
) -> None:
    """And the moment that stands beside it (`…-given`) opens nothing, whatever the clocks say."""
    cluster.approve(Hook.CONFIRM_ROLLOUT)
    notes = cluster.found["metadata"]["annotations"]
    notes[Hook.CONFIRM_ROLLOUT.signature] = "2099-01-01T00:00:00Z by alice"
    assert (await send(gate[1], request("confirm-rollout")))[0] == 200
    notes[Hook.CONFIRM_ROLLOUT.annotation] = note(notes[Hook.CONFIRM_ROLLOUT.annotation])
    assert (await send(gate[1], request("confirm-rollout")))[0] == 403


async def test_an_approval_holds_for_no_other_canary_of_that_name(
    cluster: Cluster, gate: tuple[GateServer, int]
) -> None:
    """Deleted and made again, or in another namespace: the same name and the same revision, and another uid."""
    cluster.approve(Hook.CONFIRM_PROMOTION)
    cluster.found["metadata"]["uid"] = "another"
    assert (await send(gate[1], request("confirm-promotion")))[0] == 403


async def test_a_promotion_is_asked_for_anew_with_each_wait(cluster: Cluster, gate: tuple[GateServer, int]) -> None:
    status = cluster.found["status"]
    status["phase"] = "WaitingPromotion"
    cluster.approve(Hook.CONFIRM_PROMOTION)
    assert (await send(gate[1], request("confirm-promotion")))[0] == 200
    status["iterations"] = 4  # after the switch Flagger asks once more before it changes the primary
    assert (await send(gate[1], request("confirm-promotion")))[0] == 200
    status["conditions"][0]["lastUpdateTime"] = "c"
    assert (await send(gate[1], request("confirm-promotion")))[0] == 403


async def test_health_and_numbers(cluster: Cluster, gate: tuple[GateServer, int]) -> None:
    _, port = gate
    assert await send(port, b"GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n") == (200, "ok\n")
    await send(port, request("rollback"))
    assert await send(port, b"HEAD /healthz HTTP/1.1\r\nHost: g\r\n\r\n") == (200, "")
    _, numbers = await send(port, b"GET /metrics HTTP/1.1\r\nHost: g\r\n\r\n")
    assert 'mlcd_gate_answers_total{hook="rollback",status="403"} 1' in numbers
    assert not cluster.problem
