"""A Kubernetes API of canned objects on loopback, that can be told to answer anything: no code of the demo's or the app's."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import time
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

Object = dict[str, Any]

PLURALS = {
    "Rollout": ("argoproj.io/v1alpha1", "rollouts"),
    "AnalysisRun": ("argoproj.io/v1alpha1", "analysisruns"),
    "Experiment": ("argoproj.io/v1alpha1", "experiments"),
    "AnalysisTemplate": ("argoproj.io/v1alpha1", "analysistemplates"),
    "ReplicaSet": ("apps/v1", "replicasets"),
    "Deployment": ("apps/v1", "deployments"),
    "Pod": ("v1", "pods"),
    "Service": ("v1", "services"),
    "Event": ("v1", "events"),
    "Namespace": ("v1", "namespaces"),
    "Job": ("batch/v1", "jobs"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request gets: a code and a body, JSON unless it is bytes."""

    code: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def status(code: int, reason: str, message: str) -> Answer:
    """A failure as the API server tells it."""
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }
    return Answer(code, body)


@dataclass
class Canned:
    """What the server has; change it while it runs."""

    objects: list[Object] = field(default_factory=list)
    log: bytes = b""
    override: Callable[[str, str], Answer | None] = lambda _method, _path: None
    """Asked first, with method and path; None: the usual answer."""
    allowed: Callable[[Object], tuple[bool, str]] = lambda _attributes: (True, "")
    """Verdict and reason of an access review."""
    version: str = "v1.37.2"
    user: str = "alice"
    clock_ahead: float = 0.0
    """Seconds that the Date header is ahead."""
    api_versions: Mapping[str, tuple[str, str]] = field(default_factory=lambda: dict(PLURALS))
    patched: list[str] = field(default_factory=list)


class CannedServer:
    """Serves a `Canned` on 127.0.0.1 from `with` to its end."""

    def __init__(self, canned: Canned, *, tls: ssl.SSLContext | None = None) -> None:
        class Handler(_Handler):
            has = canned

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.block_on_close = False
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._http.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._closing = threading.Event()
        Handler.closing = self._closing
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)


def kubeconfig(server: str, *, contexts: Sequence[str] = ("test",), **cluster: str) -> str:
    """A kubeconfig of one server under one or several context names."""
    named = [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in contexts]
    document: str = yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
            "users": [{"name": "u", "user": {"token": "secret"}}],
            "contexts": named,
            "current-context": contexts[0],
        }
    )
    return document


def self_signed(folder: Path) -> ssl.SSLContext:
    """The server's side of TLS with a certificate that nobody vouches for."""
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 2"
    named = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(["openssl", *words.split(), *named], cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    has: Canned
    closing: threading.Event

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PATCH(self) -> None:
        self._answer("PATCH")

    def log_message(self, *_args: object) -> None:
        """Says nothing: the tests look at what the client says."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate((timestamp or time()) + self.has.clock_ahead, usegmt=True)

    def _answer(self, method: str) -> None:
        url = urlsplit(self.path)
        path, query = unquote(url.path), parse_qs(url.query)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        overridden = self.has.override(method, path)
        if overridden is not None:
            self._send(overridden)
        elif method == "POST":
            self._send(self._review(path, json.loads(body)))
        elif method == "PATCH":
            self.has.patched.append(path)
            self._send(self._object(path))
        elif path.endswith("/log"):
            self._send(Answer(body=self.has.log))
        elif "watch" in query:
            self._hold()
        else:
            self._send(self._read(path))

    def _send(self, answer: Answer) -> None:
        raw = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def _hold(self) -> None:
        """A watch in which nothing happens."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        self.closing.wait()
        self.close_connection = True

    def _review(self, path: str, body: Object) -> Answer:
        if path.endswith("selfsubjectreviews"):
            return Answer(201, {**body, "status": {"userInfo": {"username": self.has.user}}})
        allowed, reason = self.has.allowed(body["spec"]["resourceAttributes"])
        return Answer(201, {**body, "status": {"allowed": allowed, "reason": reason}})

    def _read(self, path: str) -> Answer:
        parts = path.strip("/").split("/")
        if path == "/version":
            return Answer(body={"gitVersion": self.has.version, "major": "1", "minor": "37"})
        if path == "/apis":
            return Answer(body={"kind": "APIGroupList", "groups": self._groups()})
        if len(parts) == (3 if parts[0] == "apis" else 2):
            wanted = "/".join(parts[1:])
            kinds = [(k, p) for k, (version, p) in self.has.api_versions.items() if version == wanted]
            return Answer(body={"resources": [{"name": p, "kind": k, "namespaced": True} for k, p in kinds]})
        return self._list(parts) or self._object(path)

    def _groups(self) -> list[Object]:
        groups: dict[str, list[str]] = {}
        for version, _ in self.has.api_versions.values():
            group, slash, short = version.partition("/")
            if slash and short not in groups.setdefault(group, []):
                groups[group].append(short)
        return [
            {"name": name, "versions": [{"version": v} for v in all_], "preferredVersion": {"version": all_[0]}}
            for name, all_ in groups.items()
        ]

    def _list(self, parts: list[str]) -> Answer | None:
        for kind, (version, plural) in self.has.api_versions.items():
            root = (["apis"] if "/" in version else ["api"]) + version.split("/")
            rest = parts[len(root) :]
            if parts[: len(root)] != root or rest[-1:] != [plural]:
                continue
            namespace = rest[1] if len(rest) == 3 else ""
            items = [
                o
                for o in self.has.objects
                if o["kind"] == kind and namespace in {"", o["metadata"].get("namespace", "")}
            ]
            return Answer(body={"kind": f"{kind}List", "metadata": {"resourceVersion": "7"}, "items": items})
        return None

    def _object(self, path: str) -> Answer:
        parts = [part for part in path.split("/") if part not in {"status", "scale"}]
        for item in self.has.objects:
            plural = self.has.api_versions[item["kind"]][1]
            namespace = item["metadata"].get("namespace", "")
            if parts[-2:] == [plural, item["metadata"]["name"]] and (not namespace or parts[-3] == namespace):
                return Answer(body=item)
        return status(404, "NotFound", f'"{parts[-1]}" not found')
