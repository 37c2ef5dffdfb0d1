"""Discovery, access reviews, execution and logs: what they ask and what they make of the answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.cluster.access import Reviewer
from mlcd_tui.cluster.client import Client
from mlcd_tui.cluster.discovery import Discovery
from mlcd_tui.cluster.execute import execute
from mlcd_tui.cluster.logs import parse_line, read_logs
from mlcd_tui.domain.errors import Conflict, Invalid, Missing, Problem, Unreachable
from mlcd_tui.domain.plan import JSON_PATCH, Access, Request
from mlcd_tui.domain.refs import PODS, Resource
from mlcd_tui.domain.text import clean
from tests.cluster.server import THINGS, Call, FaultServer, Reply, answer


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as one:
        yield one


@pytest.fixture
async def client(server: FaultServer) -> AsyncIterator[Client]:
    one = Client(server.target(), timeout=1.0)
    yield one
    await one.close()


async def test_discovery_says_what_there_is_instead(server: FaultServer, client: Client) -> None:
    server.installed = False
    discovery = Discovery(client)
    found = await discovery.find(THINGS)
    assert (found.served, found.versions) == (False, ("v2",))
    assert found.sentence == "example.org/v1 things is not served here; the cluster has example.org/v2 things."
    assert (await discovery.find(Resource("example.org", "v2", "things", "Thing"))).served
    assert "not installed" in (await discovery.find(Resource("argoproj.io", "v1", "rollouts", "Rollout"))).sentence
    other = await discovery.find(Resource("example.org", "v2", "others", "Other"))
    assert other.sentence == "example.org/v2 others is not served here; the cluster has example.org without others."
    assert len(server.calls) == 2, "answers are remembered"


async def test_rights_are_reviewed_once_and_failures_are_not_taken_for_rights(
    server: FaultServer, client: Client
) -> None:
    async def review(call: Call, reply: Reply) -> None:
        asked = json.loads(call.body)["spec"]["resourceAttributes"]
        status = {"allowed": asked["verb"] == "get", "reason": "RBAC: no"}
        await reply.send(201, {"status": status})

    server.always = review
    time = [0.0]
    reviewer = Reviewer(client, ttl=60, now=lambda: time[0])
    get, patch = Access("get", PODS, "ns"), Access("patch", THINGS, "ns", "status")
    verdicts = await reviewer.review([get, patch, get])
    assert verdicts[get].allowed
    assert not verdicts[patch].allowed
    assert verdicts[patch].sentence == "You may not patch things/status.example.org in namespace ns. RBAC: no."
    attributes = json.loads(server.calls[1].body)["spec"]["resourceAttributes"]
    assert attributes | {"subresource": "status", "group": "example.org", "namespace": "ns"} == attributes
    await reviewer.review([get, patch])
    assert len(server.calls) == 2
    time[0] = 61
    server.always = answer(500, "etcd")
    verdict = (await reviewer.review([get]))[get]
    assert (verdict.allowed, verdict.known) == (False, False)
    assert "could not be asked" in verdict.sentence
    server.always = review
    assert (await reviewer.review([get]))[get].allowed, "a failure is asked again at once"


async def test_a_request_is_sent_as_it_was_shown(server: FaultServer, client: Client) -> None:
    async def echo(call: Call, reply: Reply) -> None:
        await reply.send(200, {"saw": json.loads(call.body)})

    server.always = echo
    body = ({"op": "test", "path": "/metadata/resourceVersion", "value": "7"},)
    request = Request(THINGS, "ns", "a", body, JSON_PATCH, subresource="status")
    assert await execute(client, request, dry_run=True) == {"saw": list(body)}
    call = server.calls[0]
    assert (call.method, call.path) == ("PATCH", "/apis/example.org/v1/namespaces/ns/things/a/status")
    assert call.headers["content-type"] == JSON_PATCH
    assert call.query == {"fieldManager": "mlcd-tui", "dryRun": "All"}
    await execute(client, request)
    assert "dryRun" not in server.calls[1].query
    await execute(client, replace(request, strict=True))
    assert server.calls[2].query == {"fieldManager": "mlcd-tui", "fieldValidation": "Strict"}


@pytest.mark.parametrize(
    ("said", "problem", "told"),
    [
        ("the server rejected our request due to an error in our request", Conflict, "no longer as it was"),
        ('Thing "a" is invalid: spec.percent: Invalid value: 101', Invalid, "spec.percent: Invalid value: 101"),
        (
            f' "" is invalid: patch: Invalid value: "{"x" * 5000}": strict decoding error: unknown field "spec.percent"',
            Invalid,
            'does not know all that this change needs (422): unknown field "spec.percent"',
        ),
    ],
    ids=["does not apply", "invalid", "unknown field"],
)
async def test_a_patch_that_does_not_apply_is_another_matter_than_one_that_is_invalid(
    server: FaultServer, client: Client, said: str, problem: type[Problem], told: str
) -> None:
    server.always = answer(422, said)
    body = ({"op": "test", "path": "/spec/name", "value": "7"}, {"op": "add", "path": "/spec/percent", "value": 101})
    with pytest.raises(problem) as caught:
        await execute(client, Request(THINGS, "ns", "a", body, JSON_PATCH, strict=True))
    assert told in caught.value.sentence


async def test_only_a_missing_subresource_falls_back_to_the_object(server: FaultServer, client: Client) -> None:
    async def without_status(call: Call, reply: Reply) -> None:
        await (reply.status(404, "no") if call.path.endswith("/status") else reply.send(200, {"ok": True}))

    server.always = without_status
    plain = Request(THINGS, "ns", "a", {}, subresource="status")
    with pytest.raises(Missing):
        await execute(client, plain)
    assert await execute(client, Request(THINGS, "ns", "a", {}, subresource="status", fallback_to_main=True)) == {
        "ok": True
    }
    server.always = answer(409, "the object has been modified")
    server.calls.clear()
    with pytest.raises(Conflict):
        await execute(client, Request(THINGS, "ns", "a", {}, subresource="status", fallback_to_main=True))
    assert len(server.calls) == 1, "a change is never sent twice"


async def test_logs_are_followed_and_left(server: FaultServer, client: Client) -> None:
    async def log(call: Call, reply: Reply) -> None:
        await reply.start()
        await reply.chunk(b"2026-01-02T03:04:05.123456789Z first\n2026-01-02T03:04:06Z sec")
        await reply.chunk(b"ond \xff\x1b[31mred\x1b[0m \x1b]0;title\x07\r\nno time\n")
        await asyncio.sleep(60)

    server.always = log
    lines = []
    async for line in read_logs(client, "ns", "pod", container="app", tail=7):
        lines.append(line)
        if len(lines) == 3:
            break
    assert [line.text for line in lines] == ["first", r"second \xffred ␛]0;title␇", "no time"]
    assert lines[0].at == datetime(2026, 1, 2, 3, 4, 5, 123456, UTC)
    assert lines[2].at is None
    assert server.calls[0].query == {"timestamps": "true", "tailLines": "7", "container": "app", "follow": "true"}


async def test_logs_end_with_the_container_or_say_that_they_were_cut(server: FaultServer, client: Client) -> None:
    async def log(call: Call, reply: Reply) -> None:
        await reply.start()
        await reply.chunk(b"a\nb")
        await (reply.end() if call.query.get("previous") else asyncio.sleep(0.05))
        reply.cut()

    server.always = log
    assert [line.text async for line in read_logs(client, "ns", "pod", previous=True)] == ["a", "b"]
    assert "follow" not in server.calls[0].query
    with pytest.raises(Unreachable, match="was cut"):
        assert [line async for line in read_logs(client, "ns", "pod")]


async def test_a_line_of_megabytes_is_cut(server: FaultServer, client: Client) -> None:
    async def log(call: Call, reply: Reply) -> None:
        await reply.start()
        for _ in range(50):
            await reply.chunk(b"x" * 100_000)
        await reply.chunk(b"\nnext\n")
        await reply.end()

    server.always = log
    lines = [line.text async for line in read_logs(client, "ns", "pod")]
    assert len(lines[0]) == 16_001
    assert lines[0].endswith("…")
    assert lines[1] == "next"


@given(st.binary())
def test_any_bytes_are_a_line(raw: bytes) -> None:
    line = parse_line(raw)
    assert clean(line.text, limit=1_000_000) == line.text
    assert parse_line(b"2026-13-45T03:04:06Z x").at is None
