"""A plain HTTP client of an API server: it shares no code with the program, so that it can judge both servers alike."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

Object = dict[str, Any]

CORE = "/api/v1"
APPS = "/apis/apps/v1"
ARGO = "/apis/argoproj.io/v1alpha1"
INGRESS = "/apis/networking.k8s.io/v1"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


class Cluster:
    """One API server and the bearer of one token; `real` only chooses how long to wait."""

    def __init__(self, client: httpx.Client, *, real: bool) -> None:
        self.client = client
        self.real = real

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Any request, whatever the answer."""
        return self.client.request(method, path, **more)

    def get(self, path: str, **params: Any) -> Any:
        """The answer to a GET that must succeed."""
        return self._good(self.ask("GET", path, params=params))

    def post(self, path: str, item: Object) -> Any:
        """Creates an object."""
        return self._good(self.ask("POST", path, json=item))

    def patch(self, path: str, patch: Any, media: str = MERGE) -> Any:
        """A patch that must succeed."""
        return self._good(self.try_patch(path, patch, media))

    def try_patch(self, path: str, patch: Any, media: str = MERGE) -> httpx.Response:
        """A patch, whatever the answer."""
        return self.ask("PATCH", path, content=json.dumps(patch), headers={"Content-Type": media})

    def delete(self, path: str) -> Any:
        """Deletes an object."""
        return self._good(self.ask("DELETE", path))

    def watch(self, path: str, seconds: int, **params: Any) -> list[Object]:
        """All events of a watch that lasts so long."""
        return list(self.events(path, timeoutSeconds=seconds, **params))

    def events(self, path: str, **params: Any) -> Iterator[Object]:
        """The events of a watch as they come."""
        with self.client.stream("GET", path, params={"watch": "true", **params}, timeout=60) as answer:
            assert answer.status_code == 200, answer.read()
            for line in answer.iter_lines():
                yield json.loads(line)

    def wait(self, path: str, holds: Callable[[Object], bool], seconds: float = 30) -> Object:
        """The object as soon as the condition holds of it."""
        end = time.monotonic() + seconds
        while True:
            found: Object = self.get(path)
            if holds(found):
                return found
            if time.monotonic() > end:
                raise AssertionError(f"{path} did not get there in {seconds} s: {json.dumps(found, indent=1)}")
            time.sleep(0.03)

    @staticmethod
    def _good(answer: httpx.Response) -> Any:
        assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
        return answer.json()


class Metric:
    """A number on loopback that analyses read."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.value: float = 1.0

    def template(self, name: str, **more: Any) -> Object:
        """An AnalysisTemplate that reads this number."""
        web = {"url": self.address, "jsonPath": "{$.value}"}
        metric = {"name": "quality", "successCondition": "result >= 0.9", "provider": {"web": web}, "count": 1, **more}
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AnalysisTemplate",
            "metadata": {"name": name},
            "spec": {"metrics": [metric]},
        }


@contextmanager
def served_metric() -> Iterator[Metric]:
    """A metric behind a real HTTP server on loopback."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"value": metric.value}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    metric = Metric(f"http://127.0.0.1:{server.server_port}/value")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield metric
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
