"""A reflector ends with the truth, whatever happened on the way."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from mlcd_tui.cluster.client import Client
from mlcd_tui.cluster.store import Undecodable
from mlcd_tui.cluster.watch import Batch, Reflector, Timing
from mlcd_tui.domain.errors import Unreachable
from mlcd_tui.domain.fleet import Freshness, Link
from tests.cluster.server import THINGS, Call, FaultServer, Reply, answer, thing

QUICK = Timing(
    first_page=3,
    page=5,
    silence=0.2,
    probe=0.2,
    quiet=30.0,
    grace=0.2,
    steady=0.2,
    gather=0.001,
    backoff_low=0.01,
    backoff_high=0.05,
    forbidden=0.05,
    absent=0.05,
)


class Meta(msgspec.Struct):
    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = msgspec.field(name="resourceVersion", default="")


class Spec(msgspec.Struct):
    size: int = 0


class Thing(msgspec.Struct):
    metadata: Meta
    spec: Spec = msgspec.field(default_factory=Spec)


class Watcher:
    """A reflector at work, and all that it said."""

    def __init__(self, client: Client, struct: type[Any] | None = Thing, timing: Timing = QUICK) -> None:
        self.client = client
        self.batches: list[Batch[Any]] = []
        self.said: list[Freshness] = []
        self.reflector: Reflector[Any] = Reflector(
            client,
            THINGS,
            struct=struct,
            on_batch=self.batches.append,
            on_freshness=self.said.append,
            timing=timing,
        )

    @property
    def names(self) -> list[str]:
        return sorted(key[1] for key in tuple(self.reflector.store.keys()))

    @property
    def link(self) -> Link:
        return self.reflector.freshness.link

    @property
    def links(self) -> list[Link]:
        return [one.link for one in self.said]


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def watching(
    server: FaultServer, *, struct: type[Any] | None = Thing, timing: Timing = QUICK, live: bool = True
) -> AsyncIterator[Watcher]:
    client = Client(server.target(), timeout=1.0)
    watcher = Watcher(client, struct, timing)
    task = asyncio.create_task(watcher.reflector.run())
    try:
        if live:
            await until(lambda: watcher.link is Link.LIVE)
        yield watcher
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await client.close()


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as one:
        for number in range(12):
            one.objects[f"t{number:02}"] = thing(f"t{number:02}", number + 1)
        yield one


async def test_a_list_comes_page_by_page_and_the_first_page_is_small(server: FaultServer) -> None:
    async with watching(server) as watcher:
        assert [len(batch.deltas) for batch in watcher.batches] == [3, 5, 4]
        assert [batch.complete for batch in watcher.batches] == [False, False, True]
        assert [batch.remaining for batch in watcher.batches] == [9, 4, None]
        assert watcher.names == sorted(server.objects)


async def test_changes_are_told_with_what_was_before(server: FaultServer) -> None:
    async with watching(server) as watcher:
        await server.change("ADDED", thing("new"))
        await server.change("MODIFIED", thing("t00") | {"spec": {"size": 7}})
        await server.change("DELETED", thing("t01"))
        await until(lambda: "t01" not in watcher.names)
        deltas = {d.key[1]: d for batch in watcher.batches[3:] for d in batch.deltas}
        assert deltas["new"].old is None
        before, after = deltas["t00"].old, deltas["t00"].new
        assert isinstance(before, Thing)
        assert isinstance(after, Thing)
        assert (before.spec.size, after.spec.size) == (1, 7)
        assert deltas["t01"].new is None


async def test_the_end_of_a_watch_is_no_event_and_it_resumes_after_the_last_bookmark(server: FaultServer) -> None:
    async with watching(server) as watcher:
        await server.bookmark()
        await until(lambda: watcher.reflector.store.resource_version == str(server.version))
        await server.end_watches()
        await until(lambda: server.watching == 1 and len(_watches(server)) == 2)
        assert _watches(server)[1].query["resourceVersion"] == str(server.version)
        await server.change("ADDED", thing("later"))
        await until(lambda: "later" in watcher.names)
        assert watcher.links == [Link.LIVE]
        assert len(_lists(server)) == 3, "no list anew"


async def test_a_cut_connection_that_is_back_at_once_was_never_stale(server: FaultServer) -> None:
    async with watching(server) as watcher:
        await server.change("ADDED", thing("one"))
        await until(lambda: "one" in watcher.names)
        server.cut_watches()
        await until(lambda: len(_watches(server)) == 2)
        await server.change("ADDED", thing("two"))
        await until(lambda: "two" in watcher.names)
        assert watcher.links == [Link.LIVE]


async def test_a_cut_connection_that_does_not_come_back_is_stale_and_recovers(server: FaultServer) -> None:
    async with watching(server) as watcher:
        await server.bookmark()
        await until(lambda: watcher.reflector.store.resource_version == str(server.version))
        server.always = answer(503, "etcd is down")
        server.cut_watches()
        await until(lambda: watcher.link is Link.STALE)
        assert "503" in watcher.reflector.freshness.reason
        assert watcher.reflector.freshness.since is not None
        await server.change("DELETED", thing("t00"))
        server.always = None
        await until(lambda: watcher.link is Link.LIVE and "t00" not in watcher.names)


async def test_a_half_open_connection_is_noticed_and_replaced(server: FaultServer) -> None:
    async with watching(server) as watcher:
        server.silent = True
        await until(lambda: watcher.link is Link.STALE, 3.0)
        assert "no longer answers" in watcher.reflector.freshness.reason
        server.silent = False
        await server.change("ADDED", thing("back"))
        await until(lambda: watcher.link is Link.LIVE and "back" in watcher.names)


async def test_a_quiet_watch_on_a_living_server_stays_live(server: FaultServer) -> None:
    async with watching(server) as watcher:
        await asyncio.sleep(0.7)
        assert watcher.links == [Link.LIVE]
        assert len(_watches(server)) == 1
        assert 1 <= sum(call.path == "/version" for call in server.calls) <= 7


async def test_a_watch_too_quiet_is_begun_anew_without_a_list(server: FaultServer) -> None:
    async with watching(server, timing=_with(QUICK, quiet=0.4)) as watcher:
        await until(lambda: len(_watches(server)) >= 2)
        assert watcher.links == [Link.LIVE]
        assert len(_lists(server)) == 3


@pytest.mark.parametrize("as_event", [True, False])
async def test_410_lists_again_and_tells_only_what_differs(server: FaultServer, as_event: bool) -> None:
    async with watching(server) as watcher:
        before = len(watcher.batches)
        del server.objects["t03"]
        server.objects["t04"] = thing("t04", 999)
        server.expire()
        if as_event:
            gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
            await server.event({"type": "ERROR", "object": gone})
        else:
            await server.end_watches()
        await until(lambda: "t03" not in watcher.names)
        await until(lambda: server.watching == 1)
        changed = {d.key[1]: d.new for batch in watcher.batches[before:] for d in batch.deltas}
        assert set(changed) == {"t03", "t04"}
        assert changed["t03"] is None
        assert watcher.link is Link.LIVE


async def test_410_in_the_middle_of_a_list_begins_it_again(server: FaultServer) -> None:
    async def gone_once(call: Call, reply: Reply) -> None:
        if call.query.get("continue"):
            server.always = None
            await reply.status(410, "The provided continue parameter is too old")
        else:
            await server._list(call, reply)

    server.always = gone_once
    async with watching(server) as watcher:
        assert watcher.names == sorted(server.objects)


async def test_retry_after_is_obeyed(server: FaultServer) -> None:
    server.next_answers = [answer(429, "slow down", {"Retry-After": "1"})]
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with watching(server) as watcher:
        assert 0.95 <= loop.time() - began < 3
        assert watcher.links == [Link.DOWN, Link.LIVE]
        assert "slow down" in watcher.said[0].reason


async def test_forbidden_says_who_may_not_what_and_asks_again(server: FaultServer) -> None:
    server.always = answer(403, 'things.example.org is forbidden: User "x" cannot list resource "things"')
    async with watching(server, live=False) as watcher:
        await until(lambda: watcher.link is Link.FORBIDDEN)
        assert 'User "x" cannot list' in watcher.reflector.freshness.reason
        server.always = None
        await until(lambda: watcher.link is Link.LIVE)
        assert len(watcher.names) == 12


async def test_an_absent_kind_says_what_there_is_and_appears_when_installed(server: FaultServer) -> None:
    server.installed = False
    async with watching(server, live=False) as watcher:
        await until(lambda: watcher.link is Link.ABSENT)
        expected = "example.org/v1 things is not served here; the cluster has example.org/v2 things."
        assert watcher.reflector.freshness.reason == expected
        server.installed = True
        await until(lambda: watcher.link is Link.LIVE)
        server.installed = False
        await server.end_watches()
        await until(lambda: watcher.link is Link.ABSENT)
        assert watcher.names == []


async def test_expired_credentials_are_told(server: FaultServer) -> None:
    server.always = answer(401, "Unauthorized")
    async with watching(server, live=False) as watcher:
        await until(lambda: watcher.link is Link.DOWN)
        assert "does not accept the credentials" in watcher.reflector.freshness.reason


@pytest.mark.parametrize("body", [b"<html>Please log in</html>", b"", b'{"items": 3}', b'{"metadata":{},"items":[{]}'])
async def test_what_is_not_a_list_is_told_and_outlived(server: FaultServer, body: bytes) -> None:
    async def garbage(call: Call, reply: Reply) -> None:
        await reply.send(200, body)

    server.next_answers = [garbage]
    async with watching(server) as watcher:
        assert watcher.links == [Link.DOWN, Link.LIVE]
        assert "instead of Kubernetes JSON" in watcher.said[0].reason


async def test_garbage_in_a_watch_is_outlived(server: FaultServer) -> None:
    async with watching(server) as watcher:
        await server.event(b"}{ garbage\n")
        await until(lambda: Link.STALE in watcher.links)
        server.events.clear()
        await server.change("ADDED", thing("after"))
        await until(lambda: watcher.link is Link.LIVE and "after" in watcher.names)


async def test_an_absurd_object_does_not_take_the_others_with_it(server: FaultServer) -> None:
    server.objects["t01"]["spec"] = {"size": ["what"]}
    server.objects["t02"] = {"metadata": 7}
    async with watching(server) as watcher:
        odd = watcher.reflector.store.get(("ns", "t01"))
        assert isinstance(odd, Undecodable)
        assert "size" in odd.why
        assert odd.uid == "uid-t01"
        assert len(watcher.names) == 11
        await server.change("MODIFIED", thing("t05", spec={"size": {}}))
        await server.change("MODIFIED", thing("t01"))
        await until(lambda: isinstance(watcher.reflector.store.get(("ns", "t01")), Thing))
        assert isinstance(watcher.reflector.store.get(("ns", "t05")), Undecodable)


async def test_raw_objects_carry_their_kind(server: FaultServer) -> None:
    async with watching(server, struct=None) as watcher:
        item = watcher.reflector.store.get(("ns", "t00"))
        assert isinstance(item, dict)
        assert (item["kind"], item["apiVersion"]) == ("Thing", "example.org/v1")


async def test_a_refused_connection_is_down_and_poke_retries_at_once() -> None:
    async with FaultServer() as server:
        target = server.target()
    client = Client(target)
    watcher = Watcher(client, timing=_with(QUICK, backoff_low=60.0))
    task = asyncio.create_task(watcher.reflector.run())
    await until(lambda: watcher.link is Link.DOWN)
    assert f"Connection to 127.0.0.1:{server.port} refused." in watcher.reflector.freshness.reason
    failures = watcher.reflector._failures
    watcher.reflector.poke()
    await until(lambda: watcher.reflector._failures > failures)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await client.close()


def _with(timing: Timing, **changes: float) -> Timing:
    return dataclasses.replace(timing, **changes)  # type: ignore[arg-type]


def _watches(server: FaultServer) -> list[Call]:
    return [call for call in server.calls if call.query.get("watch")]


def _lists(server: FaultServer) -> list[Call]:
    return [call for call in server.calls if call.path == THINGS.path() and not call.query.get("watch")]


@pytest.mark.parametrize("answers", [True, False])
async def test_a_watch_cut_often_does_not_wait_long_while_the_server_answers_others(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    waited: list[float] = []

    async def wait(_self: Reflector[Any], seconds: float) -> None:
        waited.append(seconds)

    timing = dataclasses.replace(QUICK, backoff_low=20.0, backoff_high=30.0, backoff_known=5.0)
    async with watching(server, timing=timing) as watcher:
        monkeypatch.setattr(Reflector, "_wait", wait)
        monkeypatch.setattr(Client, "answered", lambda _self, _within: answers)
        await watcher.reflector._failed(Unreachable("it was cut."))
    assert (waited[0] <= 5.0) is answers
