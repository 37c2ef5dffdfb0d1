"""A server on loopback that answers what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    body: bytes = b"{}"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    claims: int | None = None
    """Content-Length where it is not the truth."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(slots=True)
class RestStub:
    """Replies by path; several replies of one path come one after the other, the last one stays."""

    address: str
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def on(self, path: str, *replies: Reply | dict[str, Any] | list[Any] | bytes) -> None:
        """Set what a path answers: JSON values, bytes, or whole replies."""
        self.replies[path] = [
            each if isinstance(each, Reply) else Reply(each if isinstance(each, bytes) else msgspec.json.encode(each))
            for each in replies
        ]

    def to(self, path: str) -> list[Asked]:
        """The requests to a path."""
        return [each for each in self.asked if each.path == path]

    def reply(self, asked: Asked) -> Reply:
        """The next reply."""
        self.asked.append(asked)
        replies = self.replies.get(asked.path)
        if not replies:
            return Reply(b'{"error_code": "ENDPOINT_NOT_FOUND", "message": "no such path"}', 404)
        return replies.pop(0) if len(replies) > 1 else replies[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    stub: RestStub


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {key.lower(): value for key, value in self.headers.items()}
        reply = self.server.stub.reply(Asked(self.command, parts.path, query, headers))
        self.send_response(reply.status)
        for key, value in reply.headers:
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(reply.body) if reply.claims is None else reply.claims))
        self.end_headers()
        with contextlib.suppress(OSError):  # whoever asked has heard enough
            self.wfile.write(reply.body)

    do_POST = do_GET  # noqa: N815 - the base class looks for this name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""


@contextlib.contextmanager
def rest_stub() -> Iterator[RestStub]:
    """A server for one test."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.stub = RestStub(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
