"""One long answer over one connection: the watch and log side of HTTP/1.1, as far as the Kubernetes API uses it.

httpx hands over each chunk on its own and spends 0.25 ms on it: a watch sends one per change, so 200 changes a
second took 5 % of a core before anything was decoded. Here what has come is read at once: less than a third of that.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from mlcd_tui.domain.errors import Unreachable
from mlcd_tui.wire.headers import basic

_CONNECT = 5.0
_READ = 256_000
_LARGE = 32_000
_HEAD = 64_000
_MOST_ERROR = 64_000


class Chunked:
    """Takes the chunked transfer coding off, wherever the network cut it."""

    def __init__(self) -> None:
        self.done = False
        """The last chunk has come."""
        self._left = 0  # bytes of the present chunk still to come
        self._line = b""  # the beginning of a size line (or of the line end before it)
        self._after = False  # the line end behind a chunk is due

    def feed(self, data: bytes) -> bytes:
        """The content in `data`.

        Raises:
            ValueError: that is not this coding.
        """
        parts: list[bytes] = []
        at, data, self._line = 0, self._line + data, b""
        while at < len(data) and not self.done:
            if self._left:
                part = data[at : at + self._left]
                parts.append(part)
                at += len(part)
                self._left -= len(part)
                self._after = not self._left
                continue
            end = data.find(b"\r\n", at)
            if end < 0:
                self._line = data[at:]
                if len(self._line) > 4096:
                    raise ValueError("no chunk size")
                break
            line, at = data[at:end], end + 2
            if self._after:
                self._after = False
                if line:
                    raise ValueError("a chunk longer than its size")
                continue
            self._left = int(line.partition(b";")[0], 16)
            self.done = self._left == 0
        return b"".join(parts)


@dataclass(slots=True)
class Answer:
    """The head of an answer, and its body to come."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def close(self) -> None:
        """End the connection at once."""
        self.writer.transport.abort()

    async def rest(self) -> bytes:
        """The beginning of the body, enough for an error's Status."""
        body = b""
        async for part in self.parts():
            body += part
            if len(body) > _MOST_ERROR:
                break
        return body

    async def parts(self, gather: float = 0.0) -> AsyncIterator[bytes]:
        """The body as it comes; what comes within `gather` seconds after a part comes as one.

        Raises:
            ConnectionError: the connection ended before the body did.
        """
        loop = asyncio.get_running_loop()
        chunked = Chunked() if "chunked" in self.headers.get("transfer-encoding", "").lower() else None
        length = self.headers.get("content-length", "")
        left = int(length) if length.isdigit() and chunked is None else None
        while not (chunked.done if chunked else left == 0):
            data = await self.reader.read(_READ)
            began = loop.time()
            if not data:
                if chunked is None and left is None:
                    return  # a body that lasts as long as the connection
                raise ConnectionResetError("cut in the middle of the body")
            if left is not None:
                left = max(left - len(data), 0)
            if part := chunked.feed(data) if chunked else data:
                yield part
            # a large part means that more is waiting already
            if gather and len(data) < _LARGE and (rest := began + gather - loop.time()) > 0:
                await asyncio.sleep(rest)


async def open_answer(
    url: str, headers: Iterable[tuple[str, str]], *, context: ssl.SSLContext | None, proxy: str = ""
) -> Answer:
    """GET `url` on a connection of its own and await the head of the answer.

    Args:
        url: absolute.
        headers: `Host` apart.
        context: for https.
        proxy: an http:// proxy; empty: none.

    Raises:
        OSError: refused, not found, cut, TLS failure.
        Unreachable: what answers does not speak HTTP, or the proxy refuses.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    shown = parts.netloc.rpartition("@")[2]  # what stands before it may be a secret
    try:
        async with asyncio.timeout(_CONNECT):
            if proxy:
                reader, writer = await _through(proxy, host, port)
            else:
                reader, writer = await asyncio.open_connection(
                    host,
                    port,
                    ssl=context if secure else None,
                    server_hostname=host if secure else None,
                    limit=_HEAD * 2,
                    happy_eyeballs_delay=None if _is_address(host) else 0.25,
                )
    except TimeoutError as error:
        raise Unreachable(f"Timed out trying to connect to {shown}.", advice="Check the network or the VPN.") from error
    try:
        if proxy and secure and context is not None:
            await writer.start_tls(context, server_hostname=host, ssl_handshake_timeout=_CONNECT)
        writer.write(_request(parts, shown, headers))
        await writer.drain()
        status, answered = await _head(reader, shown)
        while status < 200 and status != 101:  # 101: the connection is another one from here on
            status, answered = await _head(reader, shown)
    except BaseException:
        writer.transport.abort()
        raise
    return Answer(status, answered, reader, writer)


def _request(parts: SplitResult, host: str, headers: Iterable[tuple[str, str]]) -> bytes:
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"GET {target or '/'} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _is_address(host: str) -> bool:
    """With one address there is nothing to race, and asyncio's race leaks a socket when it is cancelled."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _through(proxy: str, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A tunnel to host and port."""
    parts = urlsplit(proxy)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80, limit=_HEAD * 2)
    try:
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = [f"CONNECT {address} HTTP/1.1", f"Host: {address}"]
        if parts.username:
            login = basic(unquote(parts.username), unquote(parts.password or ""))
            lines.append(f"Proxy-Authorization: {login}")
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        status, _ = await _head(reader, parts.hostname or "")
    except BaseException:
        writer.transport.abort()
        raise
    if 200 <= status < 300:
        return reader, writer
    writer.transport.abort()
    raise Unreachable(f"The proxy {parts.hostname} refused the connection to {address} ({status}).")


async def _head(reader: asyncio.StreamReader, server: str) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise Unreachable(f"What answers at {server} does not speak HTTP.") from error
        raise ConnectionResetError("cut before an answer") from error
    except asyncio.LimitOverrunError as error:
        raise Unreachable(f"What answers at {server} does not speak HTTP.") from error
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        raise Unreachable(f"What answers at {server} does not speak HTTP.")
    pairs = (line.partition(":") for line in lines if line)
    return int(words[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}
