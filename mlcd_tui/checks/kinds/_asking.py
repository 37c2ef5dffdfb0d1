"""Asks a server that is not to be trusted: on loopback only, and every answer bounded in time and size."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from mlcd_tui.domain.errors import BadConfig, Unreadable
from mlcd_tui.wire.addresses import is_loopback
from mlcd_tui.wire.bodies import TooLarge, gathered_later, is_plain

_PULSE = 0.2
"""Seconds between two looks at whether the operator has called it off."""


class Halted(Exception):  # noqa: N818 - no failure of the image: it ends the asking
    """The operator has called it off, or the time of the whole check is over."""

    def __init__(self, *, cancelled: bool) -> None:
        super().__init__()
        self.cancelled = cancelled


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int | None = None
    """None: no whole answer; `trouble` says why."""
    body: bytes = b""
    content_type: str = ""
    """Without its parameters, lower case."""
    seconds: float = 0.0
    trouble: str = ""
    """`no answer within 5 s`, `more than 16,777,216 bytes` …"""

    @property
    def good(self) -> bool:
        """Whether it is a whole answer of success."""
        return self.status is not None and 200 <= self.status < 300

    def json(self) -> Any:
        """Its JSON. Raises `Unreadable` where it is none."""
        return read_json(self.body)


@dataclass(slots=True)
class Asker:
    """Asks one server; one connection for each request, so that none can spoil the next."""

    url: str
    """Base URL, on loopback."""
    cancelled: Callable[[], bool]
    seconds: float = 10.0
    """For one answer, from the first byte sent to the last one read."""
    most: int = 16 << 20
    """Bytes of one answer."""
    deadline: float = field(default_factory=lambda: time.monotonic() + 300)
    """When the whole check has to be over, by the monotonic clock."""

    def __post_init__(self) -> None:
        """Raises `BadConfig` for any URL that leads away from this machine."""
        parts = urlsplit(self.url)
        if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
            raise BadConfig("Only servers on this machine's loopback are asked.")

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request. What goes wrong with the answer is told in it.

        Raises:
            Halted: called off, or the time of the whole check is over.
        """
        left = self.deadline - time.monotonic()
        if self.cancelled():
            raise Halted(cancelled=True)
        if not path.startswith("/"):  # `@elsewhere/` would make of the whole another machine's address
            return Answer(trouble="the path does not begin with /")
        if left <= 0:
            raise Halted(cancelled=False)
        return asyncio.run(self._bounded(method, path, body, dict(headers or {}), min(self.seconds, left)))

    async def _bounded(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], seconds: float
    ) -> Answer:
        """A task of its own bounds what no time-out of a read does: headers and bodies that trickle for ever."""
        started = time.monotonic()
        task = asyncio.create_task(self._request(method, path, body, headers))
        while not task.done() and (left := started + seconds - time.monotonic()) > 0:
            await asyncio.wait({task}, timeout=min(_PULSE, left))
            if self.cancelled():
                break
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        spent = time.monotonic() - started
        if self.cancelled():
            raise Halted(cancelled=True)
        if task.cancelled():
            return Answer(seconds=spent, trouble=f"no whole answer within {seconds:.3g} s")
        status, content_type, data, trouble = task.result()
        return Answer(None if trouble else status, data, content_type, spent, trouble)

    async def _request(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, str, bytes, str]:
        import httpx  # late: only where a server is asked

        from mlcd_tui.wire.tls import trusting_nobody

        head = {"accept-encoding": "identity", "user-agent": "mlcd-tui", **headers}
        try:
            async with (
                httpx.AsyncClient(trust_env=False, verify=trusting_nobody(), timeout=None) as client,  # noqa: S113
                client.stream(method, self.url + path, content=body, headers=head) as response,
            ):
                content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()[:200]
                if not is_plain(response.headers):
                    return response.status_code, content_type, b"", "is compressed, though none was asked for"
                try:
                    data = await gathered_later(response.aiter_raw(), self.most)
                except TooLarge:
                    return response.status_code, content_type, b"", f"is larger than {self.most:,} bytes"
                return response.status_code, content_type, data, ""
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return 0, "", b"", _why(error)


def _why(error: Exception) -> str:
    import httpx  # late: it is loaded by now

    if isinstance(error, httpx.ConnectError):
        return "the connection was refused"
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
        return f"the connection broke or what came is no HTTP ({type(error).__name__})"
    if isinstance(error, httpx.WriteError):
        return "the connection was closed before the request was sent"
    return f"{type(error).__name__}: {error}"


def read_json(data: bytes) -> Any:
    """JSON of a foreign server; NaN and Infinity as Python writes them are read, as models do answer them.

    Raises:
        Unreadable: it is none, or nested too deeply.
    """
    try:
        return json.loads(data)
    except RecursionError as error:
        raise Unreadable("It is nested too deeply to be read.") from error
    except ValueError as error:
        raise Unreadable(f"It is no JSON: {error}.") from error
