"""A loopback server that analyses read their numbers from."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Answers(BaseHTTPRequestHandler):
    """`/value/<number>` answers it; every other path is a server error."""

    def do_GET(self) -> None:
        head, _, value = self.path.rpartition("/")
        good = head == "/value"
        body = json.dumps({"value": float(value)} if good else {"error": "no data source"}).encode()
        self.send_response(200 if good else 500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""


@contextmanager
def metrics_server() -> Iterator[str]:
    """The address of a running server; it ends with the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
