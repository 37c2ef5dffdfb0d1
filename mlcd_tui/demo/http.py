"""HTTP/1.1 on loopback: h11 reads and writes the protocol, asyncio moves the bytes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

import h11

CHUNK = 64 * 1024

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, whole."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; with `stream` the body is sent in chunks as it comes, until it ends or the client goes."""

    code: int
    body: bytes = b""
    media: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    stream: AsyncIterator[bytes] | None = None
    warnings: tuple[str, ...] = ()
    """Values of Warning headers."""


Handler = Callable[[Request], Awaitable[Response]]


class HttpServer:
    """Serves a handler on 127.0.0.1."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self, port: int = 0) -> int:
        """Listens; returns the port."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port, limit=CHUNK)
        chosen: int = self._server.sockets[0].getsockname()[1]
        return chosen

    async def stop(self) -> None:
        """Ends every connection and stops to listen."""
        if self._server:
            self._server.close()
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._server:
            await self._server.wait_closed()

    def cut(self) -> None:
        """Resets every connection, as a failing network does."""
        for writer in self._connections.values():
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._connections[task] = writer
        try:
            await _Exchange(self._handler, reader, writer).run()
        except (OSError, h11.RemoteProtocolError, asyncio.CancelledError):
            # the client went away, spoke nonsense, or the server stops: the connection ends either way
            pass
        except Exception:  # noqa: BLE001 - see below
            # an unhandled failure would be printed onto the screen that this process draws
            _log.exception("a connection failed")
        finally:
            self._connections.pop(task, None)
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()


class _Exchange:
    def __init__(self, handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._handler = handler
        self._reader = reader
        self._writer = writer
        self._wire = h11.Connection(h11.SERVER)

    async def run(self) -> None:
        while True:
            request = await self._receive()
            if request is None:
                return
            response = await self._handler(request)
            if response.stream is None:
                await self._send_whole(request, response)
            else:
                await self._send_stream(response, response.stream)
            if self._wire.our_state is not h11.DONE or self._wire.their_state is not h11.DONE:
                return
            self._wire.start_next_cycle()

    async def _receive(self) -> Request | None:
        head: h11.Request | None = None
        body: list[bytes] = []
        while True:
            event = self._wire.next_event()
            if event is h11.NEED_DATA:
                if self._wire.they_are_waiting_for_100_continue:
                    await self._write(h11.InformationalResponse(status_code=100, headers=[]))
                self._wire.receive_data(await self._reader.read(CHUNK))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return _request(head, b"".join(body))
            else:
                return None

    async def _write(self, *events: h11.Event) -> None:
        for event in events:
            self._writer.write(self._wire.send(event) or b"")
        await self._writer.drain()

    async def _send_whole(self, request: Request, response: Response) -> None:
        headers = [*_headers(response), ("Content-Length", str(len(response.body)))]
        events: list[h11.Event] = [h11.Response(status_code=response.code, headers=headers)]
        if request.method != "HEAD" and response.body:
            events.append(h11.Data(data=response.body))
        await self._write(*events, h11.EndOfMessage())

    async def _send_stream(self, response: Response, stream: AsyncIterator[bytes]) -> None:
        headers = [*_headers(response), ("Transfer-Encoding", "chunked")]
        await self._write(h11.Response(status_code=response.code, headers=headers))
        gone = asyncio.create_task(self._reader.read(CHUNK))
        sending = asyncio.create_task(self._pump(stream))
        try:
            # a client that hangs up is noticed at once, not at the next event
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                await sending
                if not gone.done():
                    await self._write(h11.EndOfMessage())
        finally:
            for task in (gone, sending):
                task.cancel()
            await asyncio.gather(gone, sending, return_exceptions=True)
        if gone.done() and not gone.cancelled() and not gone.exception():
            self._wire.receive_data(gone.result())

    async def _pump(self, stream: AsyncIterator[bytes]) -> None:
        async for part in stream:
            await self._write(h11.Data(data=part))


def _headers(response: Response) -> list[tuple[str, str]]:
    warnings = [("Warning", text) for text in response.warnings]
    return [
        ("Content-Type", response.media),
        ("Cache-Control", "no-cache, private"),
        *response.headers.items(),
        *warnings,
    ]


def _request(head: h11.Request, body: bytes) -> Request:
    url = urlsplit(head.target.decode("ascii", "replace"))
    return Request(
        method=head.method.decode(),
        path=unquote(url.path),
        query=dict(parse_qsl(url.query, keep_blank_values=True)),
        headers={name.decode().lower(): value.decode("latin-1") for name, value in head.headers},
        body=body,
    )
