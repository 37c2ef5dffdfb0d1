"""The HTTP side of the gate: one small request a connection, bounded in size, time and number."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import h11

from mlcd_tui.domain.hook_approval import of_path
from mlcd_tui.gate.answer import Answer, Question, Reader, answer, parse

LARGEST_BODY: Final = 64 * 1024
_LARGEST_HEAD: Final = 16 * 1024
_MOST_AT_ONCE: Final = 64
_REFUSING: Final = 16
"""Connections beyond that number that are told so; the ones beyond these are only closed."""

Said = Callable[[str], None]


@dataclass(slots=True)
class GateServer:
    """Answers until it is closed."""

    reader: Reader
    said: Said = lambda _line: None
    """Hears one line for each answer."""
    patience: float = 5.0
    """Seconds for the whole request, and again for the answer: Flagger itself waits ten."""
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    """How often each hook was answered with each status, for the metrics."""
    _open: dict[asyncio.StreamWriter, asyncio.Task[None]] = field(default_factory=dict)
    _server: asyncio.Server | None = None

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen, with TLS or without; the port, where 0 was asked for any."""
        waits = {"ssl_handshake_timeout": self.patience, "ssl_shutdown_timeout": self.patience} if tls else {}
        self._server = await asyncio.start_server(self._serve, host, port, limit=_LARGEST_HEAD, ssl=tls, **waits)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening, and end what is under way: a question without an answer is asked again."""
        if self._server is None:
            return
        self._server.close()
        under_way = tuple(self._open.values())
        for writer in self._open:
            writer.transport.abort()
        if under_way:  # each sees its connection end; one that asks the cluster waits for that, no longer than patience
            await asyncio.wait(under_way)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= _MOST_AT_ONCE + _REFUSING:
            writer.transport.abort()
            return
        crowded = len(self._open) >= _MOST_AT_ONCE
        task = asyncio.current_task()
        assert task is not None
        self._open[writer] = task
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=_LARGEST_HEAD)
        try:
            if crowded:
                found = Answer(503, "Too many questions at once.")
            else:
                found = await self._answer(connection, reader)
            await asyncio.wait_for(_send(connection, writer, found), self.patience)
        except (TimeoutError, OSError):
            pass  # the other side went away or does not read; it has lost nothing but its answer
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), self.patience)
            del self._open[writer]

    async def _answer(self, connection: h11.Connection, reader: asyncio.StreamReader) -> Answer:
        try:
            async with asyncio.timeout(self.patience):
                request, body = await _receive(connection, reader)
        except TimeoutError:
            return Answer(408, "The request took too long.")
        except _TooLargeError:
            return Answer(413, "The request is too large.")
        except (h11.RemoteProtocolError, EOFError):
            return Answer(400, "That is no HTTP request.")
        path = request.target.decode("latin-1").partition("?")[0]
        if request.method in {b"GET", b"HEAD"}:
            return self._look(path)
        hook = of_path(path)
        if hook is None:
            return Answer(404, "There is nothing here; hooks are asked at /mlcd/KIND.")
        if request.method != b"POST":
            return Answer(405, "Hooks are asked by POST.")
        question = parse(body)
        if isinstance(question, Question):
            try:
                found = await asyncio.wait_for(answer(hook, question, self.reader), self.patience)
            except TimeoutError:
                found = Answer(503, "The cluster did not answer in time.")
            about = f"{question.namespace}/{question.name}"
        else:
            found, about = question, "-"
        self.answers[hook.value, found.status] += 1
        self.said(f"{hook.value} {about} {found.status} {found.sentence}")
        return found

    def _look(self, path: str) -> Answer:
        if path == "/healthz":
            return Answer(200, "ok")
        if path == "/metrics":
            rows = [
                f'mlcd_gate_answers_total{{hook="{hook}",status="{status}"}} {count}'
                for (hook, status), count in sorted(self.answers.items())
            ]
            return Answer(200, "\n".join(["# TYPE mlcd_gate_answers_total counter", *rows]))
        return Answer(404, "There is nothing here; hooks are asked at /mlcd/KIND.")


class _TooLargeError(Exception):
    """The head or the body is larger than what Flagger sends."""


async def _receive(connection: h11.Connection, reader: asyncio.StreamReader) -> tuple[h11.Request, bytes]:
    request: h11.Request | None = None
    body = b""
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError as error:
            if error.error_status_hint == 431:
                raise _TooLargeError from error
            raise
        if event is h11.NEED_DATA:
            data = await reader.read(_LARGEST_HEAD)
            if not data and request is None:
                raise EOFError
            connection.receive_data(data)
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > LARGEST_BODY:
                raise _TooLargeError
        elif isinstance(event, h11.EndOfMessage):
            assert request is not None
            return request, body
        else:
            raise EOFError


async def _send(connection: h11.Connection, writer: asyncio.StreamWriter, found: Answer) -> None:
    if connection.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:  # what came could not be understood at all
        connection = h11.Connection(h11.SERVER)
    body = f"{found.sentence}\n".encode()
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
    ]
    sent = connection.send(h11.Response(status_code=found.status, headers=headers)) or b""
    with suppress(h11.LocalProtocolError):  # an answer to HEAD has no body
        sent += connection.send(h11.Data(data=body)) or b""
    writer.write(sent)
    await writer.drain()
