"""A webhook of somebody else's: open or shut by path, as a test says; it keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Hooks:
    """Paths that answer 200, and each question with its path, in order."""

    address: str
    opened: set[str] = field(default_factory=set)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def url(self, path: str) -> str:
        """The address of a path."""
        return self.address + path


@contextmanager
def hook_server() -> Iterator[Hooks]:
    """Runs until the context ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hooks.asked.append((self.path, json.loads(body)))
            opened = self.path in hooks.opened
            self.send_response(200 if opened else 403)
            self.end_headers()
            self.wfile.write(b"open" if opened else b"shut")

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hooks = Hooks(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hooks
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
