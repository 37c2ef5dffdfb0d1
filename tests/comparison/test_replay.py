"""Recorded requests sent to both versions, over real HTTP."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from mlcd_tui.comparison.asking import Version, sent_headers, shown
from mlcd_tui.comparison.replay import Replay
from mlcd_tui.domain.comparison.pair import Pair, RecordedRequest
from mlcd_tui.domain.errors import BadConfig, Unreachable, Unreadable
from tests.comparison.models import as_json, model


def _requests(count: int, **changed: Any) -> list[RecordedRequest]:
    return [
        RecordedRequest(str(n), **{"path": f"/predict?n={n}", "body": json.dumps({"x": n}).encode(), **changed})
        for n in range(count)
    ]


async def _replayed(
    production: str, shadow: str, requests: Iterable[RecordedRequest], **options: Any
) -> tuple[list[Pair], Replay, bool]:
    pairs: list[Pair] = []
    small = {key: options.pop(key) for key in ("seconds", "most_bytes") if key in options}
    async with Version("production", production, **small) as one, Version("shadow", shadow, **small) as two:
        replay = Replay(one, two, **{"rate": 10_000.0, **options})
        complete = await replay.run(requests, pairs.append)
    return pairs, replay, complete


def _double(body: Any) -> tuple[int, bytes]:
    return as_json({"y": 2 * body["x"]})


async def test_each_request_goes_to_both_and_to_production_twice() -> None:
    with model(_double) as one, model(lambda body: as_json({"y": 2 * body["x"] + 1})) as two:
        pairs, replay, complete = await _replayed(one.address + "/base/", two.address, _requests(20))
    assert complete
    assert replay.sent == 20
    assert len(one.seen) == 40
    assert len(two.seen) == 20
    assert {path for _, path, _, _ in one.seen} == {f"/base/predict?n={n}" for n in range(20)}
    for pair in pairs:
        assert pair.again is not None
        assert pair.production.body == pair.again.body == {"y": 2 * int(pair.id)}
        assert pair.shadow.body == {"y": 2 * int(pair.id) + 1}
        assert pair.production.ms is not None
        assert pair.production.ms > 0


async def test_neither_side_is_always_asked_first() -> None:
    order: list[str] = []

    def noting(name: str) -> Any:
        def answer(body: Any) -> tuple[int, bytes]:
            order.append(name)
            return as_json(body)

        return answer

    with model(noting("p")) as one, model(noting("s")) as two:
        await _replayed(one.address, two.address, _requests(40), noise=False, at_once=1)
    firsts = order[::2]
    assert 8 <= firsts.count("s") <= 32


async def test_a_version_that_remembers_its_answers_is_not_called_faster() -> None:
    """Both keep what they answered before; only production is asked a second time."""

    def remembering() -> Any:
        known: set[int] = set()

        def answer(body: Any) -> tuple[int, bytes]:
            if body["x"] not in known:
                known.add(body["x"])
                time.sleep(0.06)
            return as_json(body)

        return answer

    with model(remembering()) as one, model(remembering()) as two:
        pairs, _, _ = await _replayed(one.address, two.address, _requests(16))
    assert len(pairs) == 16
    for pair in pairs:
        assert pair.production.ms is not None
        assert pair.shadow.ms is not None
        assert min(pair.production.ms, pair.shadow.ms) >= 60


async def test_headers_of_the_connection_stay_and_copies_are_marked() -> None:
    headers = (
        ("Authorization", "Bearer secret"),
        ("Content-Type", "application/json"),
        ("Connection", "keep-alive"),
        ("Transfer-Encoding", "chunked"),
        ("Host", "models.example"),
        ("X-Forwarded-For", "10.0.0.1"),
        ("X-Api-Key", "evil\r\nInjected: yes"),
        ("Accept-Encoding", "gzip"),
    )
    with model(_double) as one, model(_double) as two:
        await _replayed(one.address, two.address, _requests(1, headers=headers), noise=False)
    for _, _, got, _ in (*one.seen, *two.seen):
        assert got["authorization"] == "Bearer secret"
        assert got["x-shadow"] == "1"
        assert got["x-request-id"] == "0"
        assert got["accept-encoding"] == "identity"
        assert got["host"].startswith("127.0.0.1")
        assert not {"x-forwarded-for", "transfer-encoding", "x-api-key", "injected"} & got.keys()


def test_a_recorded_request_id_is_kept() -> None:
    sent = dict(sent_headers(RecordedRequest("1", headers=(("X-Request-ID", "abc"),))))
    assert sent["x-request-id"] == "abc"


async def test_what_changes_something_or_leads_elsewhere_is_not_sent() -> None:
    requests = [
        *_requests(1, method="DELETE"),
        *_requests(1, path="http://127.0.0.1:1/x"),
        *_requests(1, path="/a b"),
        *_requests(1, path="/a\r\nInjected: yes"),
        *_requests(1, path="//127.0.0.1:1/x"),
        *_requests(1, method="GET", body=b""),
    ]
    with model(lambda _body: as_json({})) as one, model(lambda _body: as_json({})) as two:
        pairs, replay, _ = await _replayed(one.address, two.address, requests, noise=False)
    assert replay.left_out == 4
    assert sorted((method, path) for method, path, _, _ in one.seen) == [
        ("GET", "/predict?n=0"),
        ("POST", "/127.0.0.1:1/x"),  # the server of this test makes one slash of two
    ]
    assert all(pair.shadow.status == 200 for pair in pairs)


async def test_errors_redirects_and_large_answers_are_answers_like_others() -> None:
    def shadow(body: Any) -> tuple[int, bytes]:
        answers = [as_json({"detail": "?"}, 500), (307, b""), (200, b"x" * 5000), (200, b"<html>")]
        return answers[int(body["x"])]

    with model(_double) as one, model(shadow) as two:
        pairs, _, _ = await _replayed(one.address, two.address, _requests(4), noise=False, most_bytes=1000)
    by_id = {pair.id: pair.shadow for pair in pairs}
    assert by_id["0"].status == 500
    assert by_id["1"].status == 307
    assert by_id["2"].truncated
    assert by_id["3"].body == b"<html>"


async def test_a_slow_answer_is_none_and_the_others_go_on() -> None:
    free = threading.Event()

    def slow(body: Any) -> tuple[int, bytes]:
        if body["x"] == 1:
            free.wait(30)
        return _double(body)

    with model(_double) as one, model(slow) as two:
        pairs, _, complete = await _replayed(one.address, two.address, _requests(5), noise=False, seconds=1.5)
        free.set()
    assert complete
    errors = {pair.id: pair.shadow.error for pair in pairs if not pair.shadow.status}
    assert errors == {"1": "no answer within 1.5 s"}


def _free_port() -> Iterator[str]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets it, and nobody answers
        yield f"http://user:secret@127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture(name="dead")
def _dead() -> Iterator[str]:
    yield from _free_port()


@pytest.mark.parametrize("side", ["production", "shadow"])
async def test_a_version_out_of_reach_ends_it_soon(dead: str, side: str) -> None:
    with model(_double) as alive:
        addresses = (dead, alive.address) if side == "production" else (alive.address, dead)
        with pytest.raises(Unreachable, match=f"The {side} at http://127.0.0.1:.* does not answer") as raised:
            await _replayed(*addresses, _requests(500), at_once=2)
    assert "secret" not in str(raised.value)
    assert len(alive.seen) < 60


async def test_it_can_be_cancelled_while_answers_are_awaited() -> None:
    asked, free = threading.Event(), threading.Event()

    def stuck(body: Any) -> tuple[int, bytes]:
        asked.set()
        free.wait(30)
        return _double(body)

    with model(stuck) as one, model(stuck) as two:
        async with Version("production", one.address) as first, Version("shadow", two.address) as second:
            replay = Replay(first, second, rate=1000, at_once=2)
            running = asyncio.create_task(replay.run(_requests(500), lambda _pair: None))
            await asyncio.to_thread(asked.wait, 30)
            replay.cancel()
            async with asyncio.timeout(20):
                assert not await running
        free.set()
    assert len(one.seen) + len(two.seen) <= 2


async def test_the_rate_holds_for_each_version_also_where_production_is_asked_twice() -> None:
    with model(_double) as one, model(_double) as two:
        loop = asyncio.get_running_loop()
        started = loop.time()
        await _replayed(one.address, two.address, _requests(11), rate=50, noise=True)
        took = loop.time() - started
    assert took >= 10 * 2 / 50 - 0.01


async def test_no_more_than_so_many_are_under_way() -> None:
    now, most = 0, 0

    def counting(body: Any) -> tuple[int, bytes]:
        nonlocal now, most
        now += 1
        most = max(most, now)
        time.sleep(0.02)
        now -= 1
        return _double(body)

    with model(counting) as one, model(counting) as two:
        await _replayed(one.address, two.address, _requests(20), at_once=3)
    assert most <= 3


async def test_a_damaged_file_ends_it_with_what_is_wrong(caplog: pytest.LogCaptureFixture) -> None:
    def damaged() -> Iterator[RecordedRequest]:
        yield from _requests(3)
        raise Unreadable("requests.jsonl, line 4: no JSON.")

    with model(_double) as one, model(_double) as two, pytest.raises(Unreadable, match="line 4"):
        await _replayed(one.address, two.address, damaged())
    assert not caplog.records


async def test_ids_that_come_again_are_requests_of_their_own() -> None:
    with model(_double) as one, model(_double) as two:
        pairs, _, _ = await _replayed(one.address, two.address, [*_requests(2), *_requests(2)], noise=False, at_once=1)
    assert len({pair.id for pair in pairs}) == 4


@pytest.mark.parametrize(
    "address", ["", "x", "ftp://a", "http://", "http://a b", "http://a:99999", "http://é", "http://a?b=c"]
)
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(BadConfig, match="no address of the shadow"):
        Version("shadow", address)


def test_a_password_in_an_address_is_never_shown() -> None:
    assert shown("http://me:secret@host:1/path") == "http://host:1/path"
