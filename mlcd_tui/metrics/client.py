"""Asks Prometheus: bounded in time, in size and in questions at once; every failure is one sentence."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from mlcd_tui.config.metrics_settings import MetricsSettings
from mlcd_tui.domain.errors import Problem, Unreachable, Unreadable
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.metrics.answers import Series, names_of, refusal, series_of
from mlcd_tui.metrics.wire import CONNECTIONS, http_client, login
from mlcd_tui.wire.bodies import TooLarge, gathered_later
from mlcd_tui.wire.causes import causes

T = TypeVar("T")

MOST_BYTES = 16 << 20
"""Of one answer."""


class Prometheus:
    """One server; made for one event loop, closed by `close`."""

    def __init__(self, settings: MetricsSettings) -> None:
        """Nothing is connected yet."""
        self._settings = settings
        self._base = settings.address.rstrip("/")
        self._client: httpx.AsyncClient | None = None
        self._gate = asyncio.Semaphore(CONNECTIONS)
        self._making = asyncio.Lock()

    @property
    def title(self) -> Clean:
        """For the eye: `Prometheus at host:port`."""
        return clean(f"Prometheus at {urlsplit(self._base).netloc}")

    async def close(self) -> None:
        """End every connection."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def instant(self, query: str, at: float) -> tuple[Series, ...]:
        """The series of an expression at one moment. Raises `Problem`."""
        body = await self._ask("query", {"query": query, "time": f"{at:.3f}", "timeout": self._patience})
        return self._told(lambda: series_of(body, "vector"))

    async def range(self, query: str, start: float, end: float, step: float) -> tuple[Series, ...]:
        """The series of an expression at each `step` from `start` to `end`. Raises `Problem`."""
        asked = {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:.3f}"}
        body = await self._ask("query_range", {**asked, "timeout": self._patience})
        return self._told(lambda: series_of(body, "matrix"))

    async def names(self, pattern: str, start: float, end: float) -> frozenset[str]:
        """Names of metrics that match a regular expression and had samples between two moments. Raises `Problem`."""
        match = f'{{__name__=~"{pattern}"}}'
        asked = {"match[]": match, "start": f"{start:.3f}", "end": f"{end:.3f}"}
        body = await self._ask("label/__name__/values", asked, method="GET")
        return self._told(lambda: names_of(body))

    @property
    def _patience(self) -> str:
        """What the server is told, so that it gives up as well."""
        return f"{self._settings.timeout:g}s"

    def _told(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except Problem as problem:
            raise _at(self.title, problem) from None

    async def _ask(self, path: str, fields: Mapping[str, str], *, method: str = "POST") -> bytes:
        """The body of a good answer. Raises `Problem`."""
        async with self._gate:
            try:
                async with asyncio.timeout(self._settings.timeout):
                    return await self._exchange(method, f"{self._base}/api/v1/{path}", fields)
            except TimeoutError:
                pass
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                raise _at(self.title, _unreachable(error)) from None
            except Problem as problem:
                raise _at(self.title, problem) from None
        advice = "Make the window shorter, or `timeout` under [metrics] longer."
        raise Unreachable(f"{self.title}: it did not answer within {self._settings.timeout:g} s.", advice=advice)

    async def _connected(self) -> httpx.AsyncClient:
        async with self._making:
            if self._client is None:
                # in a thread: reading authorities and building the context takes some frames
                self._client = await asyncio.to_thread(http_client, self._settings)
            return self._client

    async def _exchange(self, method: str, url: str, fields: Mapping[str, str]) -> bytes:
        client = await self._connected()
        headers = await asyncio.to_thread(login, self._settings)
        data, params = (fields, None) if method == "POST" else (None, fields)
        async with client.stream(method, url, headers=headers, data=data, params=params) as answer:
            try:
                body = await gathered_later(answer.aiter_bytes(), MOST_BYTES)
            except TooLarge:
                sentence = f"its answer is larger than {MOST_BYTES >> 20} MiB."
                advice = "Make the window shorter, or write queries that sum over more."
                raise Unreadable(sentence, advice=advice) from None
            if answer.status_code != httpx.codes.OK:
                raise refusal(answer.status_code, body, answer.headers.get("content-type", ""))
            return body


def _at(title: str, problem: Problem) -> Problem:
    """The same problem, with who it is of before it."""
    problem.sentence = clean(f"{title}: {problem.sentence}")
    return problem


def _unreachable(error: Exception) -> Unreachable:
    """Why no answer came."""
    for cause in causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            advice = "Set `ca` or `server_name` under [metrics]."
            return Unreachable(f"its certificate is not trusted: {clean(cause.verify_message)}.", advice=advice)
        if isinstance(cause, ssl.SSLError):
            return Unreachable(
                f"TLS failed: {clean(cause.reason or 'it broke off').lower()}.", advice="Look at the address."
            )
    if isinstance(error, httpx.TimeoutException):
        return Unreachable("it did not answer in time.", advice="Look at the address under [metrics].")
    if isinstance(error, httpx.ConnectError):
        return Unreachable("no connection comes about.", advice="Look at the address under [metrics].", sent=False)
    return Unreachable("the connection broke off.", advice="It is tried again.")
