"""A small server on loopback that answers as a test says, and the bench that runs it as an image."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.checks.fake_bench import FakeBench, RunningServer


@dataclass
class Request:
    """What came in."""

    method: str
    path: str
    body: bytes
    content_type: str


@dataclass
class Reply:
    """What goes out: JSON of `value`, or `raw` bytes."""

    value: Any = None
    status: int = 200
    raw: bytes | None = None
    content_type: str = "application/json"
    write: Callable[[Any], None] | None = None
    """Writes to the socket itself, in place of all else."""


Answering = Callable[[Request], Reply]


@dataclass
class Server:
    """A running server and what it was asked."""

    url: str
    asked: list[Request] = field(default_factory=list)


@contextmanager
def serving(answer: Answering) -> Iterator[Server]:
    server = Server("")

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            request = Request(self.command, self.path, body, self.headers.get("content-type", ""))
            server.asked.append(request)
            reply = answer(request)
            try:
                if reply.write is not None:
                    reply.write(self.wfile)
                    return
                data = json.dumps(reply.value).encode() if reply.raw is None else reply.raw
                self.send_response(reply.status)
                self.send_header("content-type", reply.content_type)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _any  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Tests are quiet."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: Any) -> None:
            """A client that has gone is part of the tests."""

    http = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    server.url = f"http://127.0.0.1:{http.server_address[1]}"
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def bench_of(server: Server, **values: Any) -> FakeBench:
    """A bench whose image serves at the server's address."""
    return FakeBench(server=RunningServer(server.url), **values)


def parsed(request: Request) -> Any:
    """The JSON that came in; None where it is none."""
    try:
        return json.loads(request.body)
    except ValueError:
        return None
