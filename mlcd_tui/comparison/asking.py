"""Sends one recorded request to one version, with bounds on everything."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from mlcd_tui.comparison.lines import any_json
from mlcd_tui.domain.comparison.pair import Answer, RecordedRequest
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.wire.tls import trusting_nobody

MOST_ANSWER = 4 << 20
"""Bytes of one answer; one that is longer is counted and not compared."""
SECONDS = 30.0
"""For one answer as a whole."""
_CONNECT = 5.0
_METHODS = frozenset({"GET", "HEAD", "POST"})
"""Others change something by their nature. Inference by POST is taken not to: who records knows."""
_SENT = frozenset(
    {
        "accept",
        "accept-language",
        "authorization",
        "content-encoding",
        "content-type",
        "cookie",
        "inference-header-content-length",
        "seldon-model",
        "traceparent",
        "user-agent",
        "x-api-key",
        "x-request-id",
    }
)
"""Headers that go along. All others are about the connection of then, or about proxies of then."""
MARK = ("x-shadow", "1")
"""By which a model can tell a copy from a customer: it may leave out what it does besides answering."""


@dataclass(slots=True)
class Version:
    """One version, reached at a base address.

    Args:
        name: for the eye: `production`, `shadow`.
        address: http(s), with a path in front of the recorded ones if there is any.

    Raises:
        BadConfig: that is no such address.
    """

    name: str
    address: str
    at_once: int = 8
    seconds: float = SECONDS
    most_bytes: int = MOST_ANSWER
    answered: int = 0
    silent: int = 0
    """Requests that got no answer at all."""
    last_error: Clean = Clean("")
    _client: httpx.AsyncClient | None = field(default=None, repr=False)
    _base: httpx.URL = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Looks at the address."""
        problem = BadConfig(
            f"{shown(self.address) or 'nothing'} is no address of the {self.name}.",
            advice="Write it as http://HOST:PORT.",
        )
        if not self.address.isascii() or not self.address.isprintable() or " " in self.address:
            raise problem
        try:
            self._base = httpx.URL(self.address)
        except httpx.InvalidURL as error:
            raise problem from error
        if (
            self._base.scheme not in {"http", "https"}
            or not self._base.host
            or self._base.query
            or not 0 < (self._base.port or 1) < 65536
        ):
            raise problem

    @property
    def shown(self) -> Clean:
        """Its address for the eye."""
        return shown(self.address)

    async def __aenter__(self) -> Self:
        """Opens nothing yet."""
        limits = httpx.Limits(max_connections=self.at_once, max_keepalive_connections=self.at_once)
        timeout = httpx.Timeout(self.seconds, connect=_CONNECT)
        verify = True if self._base.scheme == "https" else trusting_nobody()
        self._client = httpx.AsyncClient(
            verify=verify, timeout=timeout, limits=limits, trust_env=False, follow_redirects=False
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends its connections."""
        if self._client is not None:
            await self._client.aclose()

    async def ask(self, request: RecordedRequest) -> Answer:
        """Its answer; whatever goes wrong is told in it."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self.seconds):
                answer = await self._ask(request, started)
        except TimeoutError:
            answer = Answer(error=clean(f"no answer within {self.seconds:g} s"))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            answer = Answer(error=clean(str(error) or type(error).__name__, limit=300))
        if answer.status:
            self.answered += 1
        else:
            self.silent += 1
            self.last_error = answer.error
        return answer

    async def _ask(self, request: RecordedRequest, started: float) -> Answer:
        assert self._client is not None
        path = self._base.raw_path.rstrip(b"/") + request.path.encode("ascii")
        url = self._base.copy_with(raw_path=path)
        headers = sent_headers(request)
        async with self._client.stream(request.method, url, content=request.body or None, headers=headers) as response:
            body = bytearray()
            async for part in response.aiter_raw():
                body += part
                if len(body) > self.most_bytes:
                    return Answer(response.status_code, _since(started), truncated=True)
            return Answer(response.status_code, _since(started), _decoded(bytes(body)))


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def _decoded(body: bytes) -> object:
    try:
        return any_json(body)
    except (ValueError, RecursionError):
        return body


def sendable(request: RecordedRequest) -> bool:
    """Whether a request may be sent again: it only asks, and its path is one."""
    path = request.path
    plain = path.startswith("/") and path.isascii() and path.isprintable() and " " not in path and "#" not in path
    return request.method in _METHODS and plain


def sent_headers(request: RecordedRequest) -> list[tuple[str, str]]:
    """The recorded headers that go along, and the mark of a copy."""
    kept = [
        (name.lower(), value)
        for name, value in request.headers
        if (name.lower() in _SENT or name.lower().startswith("ce-")) and value.isascii() and value.isprintable()
    ]
    names = {name for name, _ in kept}
    if "x-request-id" not in names and request.id and request.id.isascii() and request.id.isprintable():
        kept.append(("x-request-id", request.id))
    if "accept" not in names:
        kept.append(("accept", "application/json"))
    kept.append(("accept-encoding", "identity"))  # a small answer could unpack to a huge one
    return [*kept, MARK]


def shown(address: str) -> Clean:
    """An address for the eye: without a user and a password."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return clean("")
    return clean(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}", limit=200)
