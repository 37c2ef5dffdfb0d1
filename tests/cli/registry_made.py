"""A registry in this process, as small as one can be that keeps what is pushed; real ones are in tests/e2e/registry."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import ThreadingHTTPServer
from typing import Any

from mlcd_tui.domain.checks import CheckRun
from tests.answering import Reply, Request, answering, host_of
from tests.checks.runs_made import result

_PATH = re.compile(r"/v2/(.+)/(manifests|blobs)/(uploads/\?digest=)?(.*)")


def good(made: CheckRun, **more: Any) -> CheckRun:
    """The run, with nothing failed."""
    return replace(made, results=(result("lint"), result("tests")), **{"id": "good", **more})


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass
class SmallRegistry:
    """Has no referrers API and asks for no login; a tag is a tag of every repository."""

    http: ThreadingHTTPServer
    things: dict[str, bytes] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """Host and port."""
        return host_of(self.http)

    @property
    def referrers(self) -> int:
        """How many manifests refer to another."""
        whole = [json.loads(data) for key, data in self.things.items() if key.startswith("sha256:")]
        return sum({"subject", "layers"} <= set(each) for each in whole)

    def image(self, repository: str, config: str) -> str:
        """Puts an image with this config under the tag 7; its digest."""
        told = {"schemaVersion": 2, "config": {"digest": config}, "layers": [], "annotations": {"name": repository}}
        data = json.dumps(told).encode()
        self.things |= {"7": data, _digest(data): data}
        return _digest(data)

    def close(self) -> None:
        """It listens no more."""
        self.http.server_close()

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        found = _PATH.fullmatch(path.replace("%3A", ":"))
        if found is None:
            return 404, {}, b""
        if method == "POST":
            return 202, {"Location": path}, b""
        if method == "PUT":
            self.things |= {found[4]: body, _digest(body): body}
            return 201, {}, b""
        data = self.things.get(found[4])
        return (404, {}, b"") if data is None else (200, {}, data)


@contextmanager
def serving() -> Iterator[SmallRegistry]:
    """A registry that is gone when its context ends."""

    def answer(request: Request) -> Reply:
        code, headers, data = registry.answer(request.method, request.path, request.body)
        return Reply(code, data, headers)

    with answering(answer) as http:
        registry = SmallRegistry(http)
        yield registry
