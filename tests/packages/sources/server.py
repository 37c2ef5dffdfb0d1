"""A server on loopback whose answers a test writes, faults included."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What is sent. `body` may be cut (`promised` is larger), or come in pieces with pauses."""

    code: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None
    pieces: Iterator[bytes] | None = None


@dataclass
class Site:
    """Routes by path, and what was asked."""

    routes: dict[str, Callable[[Any], Reply]] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)
    sent: int = 0
    host: str = ""

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def put(self, path: str, body: bytes = b"", code: int = 200, **headers: str) -> None:
        """A plain answer that knows no ranges."""
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        self.routes[path] = lambda _: Reply(code, body, named)

    def put_ranged(self, path: str, size: int, piece: Callable[[int, int], bytes], etag: str = '"1"') -> None:
        """A file of any size whose parts can be had."""

        def answer(request: Any) -> Reply:
            match = re.match(r"bytes=(\d+)-(\d*)\Z", request.headers.get("Range", ""))
            if match is None:
                return Reply(200, pieces=iter([piece(0, min(size, 1 << 20))]), promised=size, headers={"ETag": etag})
            begin, end = int(match[1]), min(int(match[2] or size - 1), size - 1)
            told = {"Content-Range": f"bytes {begin}-{end}/{size}", "ETag": etag}
            return Reply(206, piece(begin, end - begin + 1), told)

        self.routes[path] = answer


@contextmanager
def serving() -> Iterator[Site]:
    """A site on a free port."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append(self)
            reply = site.routes.get(self.path, lambda _: Reply(404, b"nothing"))(self)
            with suppress(OSError):  # the client has read enough and closed
                self.send_response_only(reply.code)
                for key, value in reply.headers.items():
                    self.send_header(key, value)
                promised = reply.promised if reply.promised is not None else len(reply.body)
                self.send_header("Content-Length", str(promised))
                self.send_header("Connection", "close")
                self.end_headers()
                for piece in reply.pieces or iter([reply.body]):
                    if self.command != "HEAD":
                        self.wfile.write(piece)
                        site.sent += len(piece)
            self.close_connection = True

        do_HEAD = do_POST = do_DELETE = do_GET  # noqa: N815 - as http.server calls them

        def log_message(self, *_: object) -> None:
            """Silence."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that hangs up is what these tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    site.host = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
