"""Customers: clients that keep their connections and ask for predictions all the while, and what they were answered."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

PATH = "/v1/models/churn:predict"
ANSWERED_WITHIN = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What one customer got for one request."""

    id: str
    version: str
    """Which version answered; empty: none did."""
    status: int
    """0: the connection broke or nothing came in time."""
    ms: float
    began: float


class Customers:
    """The clients of one address, and everything that they got."""

    def __init__(self, address: str, clients: int, per_second: float) -> None:
        self._url = urlsplit(address)
        self._clients = clients
        self._pause = clients / per_second
        self._name = secrets.token_hex(3)
        self._answers: list[Answer] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()), daemon=True)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Everything so far."""
        return tuple(self._answers)

    @property
    def failed(self) -> tuple[Answer, ...]:
        """Everything so far that was not answered well."""
        return tuple(each for each in self.answers if each.status != 200)

    def next(self, count: int, seconds: float = 120) -> tuple[Answer, ...]:
        """The next answers to requests that were sent from now on, once there are so many."""
        now = time.monotonic()
        first = len(self._answers)
        while True:
            since = [each for each in self._answers[first:] if each.began > now]
            if len(since) >= count:
                return tuple(since[:count])
            assert time.monotonic() < now + seconds, f"{len(since)} of {count} answers in {seconds} s"
            assert self._thread.is_alive(), "the customers are gone"
            time.sleep(0.02)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No new requests; returns when the last is answered."""
        self._ended.set()
        self._thread.join(ANSWERED_WITHIN * 2)
        assert not self._thread.is_alive()

    async def _all(self) -> None:
        await asyncio.gather(*(self._client(number) for number in range(self._clients)))

    async def _client(self, number: int) -> None:
        chance = random.Random(number)
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        due = time.monotonic() + chance.random() * self._pause
        count = 0
        while not self._ended.is_set():
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due = max(due, time.monotonic() - self._pause) + self._pause
            count += 1
            began = time.monotonic()
            name = f"{self._name}-{number}-{count}"
            try:
                async with asyncio.timeout(ANSWERED_WITHIN):
                    connection = connection or await asyncio.open_connection(self._url.hostname, self._url.port)
                    status, version, keeps = await self._ask(connection, name, question(chance))
            except (OSError, EOFError, TimeoutError):
                status, version, keeps = 0, "", False
            self._answers.append(Answer(name, version, status, (time.monotonic() - began) * 1000, began))
            if connection and not keeps:
                connection[1].close()
                connection = None
        if connection:
            connection[1].close()

    async def _ask(
        self, connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], name: str, body: bytes
    ) -> tuple[int, str, bool]:
        reader, writer = connection
        head = f"POST {PATH} HTTP/1.1\r\nHost: models.example\r\nX-Request-Id: {name}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
        await reader.readexactly(int(headers.get("content-length", "0")))
        keeps = headers.get("connection", "").lower() != "close"
        return int(first.split(" ")[1]), headers.get("x-version", ""), keeps


def question(chance: random.Random) -> bytes:
    """A request's body: what is asked differs from request to request."""
    return json.dumps({"instances": [[round(chance.uniform(-5, 5), 6) for _ in range(4)]]}).encode()


@contextlib.contextmanager
def load(address: str, clients: int = 8, per_second: float = 300) -> Iterator[Customers]:
    """Customers of an address, as long as the context lasts."""
    customers = Customers(address, clients, per_second)
    customers.start()
    try:
        yield customers
    finally:
        customers.stop()


def versions(answers: Sequence[Answer]) -> Counter[str]:
    """How many answers each version gave."""
    return Counter(each.version for each in answers)


def quantile_ms(answers: Sequence[Answer], share: float) -> float:
    """Within which time that share of them was answered."""
    return sorted(each.ms for each in answers)[int(len(answers) * share)]


def likely(count: int, share: float, confidence: float = 0.999) -> tuple[int, int]:
    """The exact binomial bounds: between which counts a share of so many falls with that confidence."""
    if share in {0.0, 1.0}:
        return (round(count * share),) * 2
    tail = (1 - confidence) / 2
    logs = (math.log(share), math.log1p(-share))
    total, low, high = 0.0, 0, count
    for hits in range(count + 1):
        before = total
        ways = math.lgamma(count + 1) - math.lgamma(hits + 1) - math.lgamma(count - hits + 1)
        total += math.exp(ways + hits * logs[0] + (count - hits) * logs[1])
        if before < tail <= total:
            low = hits
        if total >= 1 - tail:
            high = hits
            break
    return low, high


def within(count: int, share: float, measure: Callable[[int], int]) -> tuple[int, ...]:
    """Measure how many of `count` there are until it is within the 99.9 % bounds of `share`, twice at most.

    Chance alone misses the bounds once in a thousand tries; two misses in a row are one in a million.

    Returns:
        The counts that were measured.
    """
    low, high = likely(count, share)
    measured = []
    for _ in range(2):
        measured.append(measure(count))
        if low <= measured[-1] <= high:
            return tuple(measured)
    raise AssertionError(f"of {count}, {measured} were had, and {share:.0%} is {low} to {high}")
