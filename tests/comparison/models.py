"""Model servers on loopback, real ones over HTTP, that answer as a test wants it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answering = Callable[[Any], "tuple[int, bytes]"]


def as_json(value: Any, status: int = 200) -> tuple[int, bytes]:
    """An answer."""
    return status, json.dumps(value).encode()


@dataclass
class Model:
    """A running server and what it was asked."""

    address: str = ""
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    """Method, path, headers (names in lower case), body."""


@contextmanager
def model(answer: Answering) -> Iterator[Model]:
    """Serve until the end of the context."""
    made = Model()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.seen.append((self.command, self.path, headers, body))
            status, data = answer(json.loads(body) if body else None)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", "http://127.0.0.1:1/elsewhere")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Silent."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A client that went away is what some tests want."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
