"""A registry that lies or leads astray: told in one sentence, no login goes elsewhere. Real ones are in tests/e2e."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from mlcd_tui.checks.evidence.referrers import read
from mlcd_tui.checks.evidence.registry import Registry
from mlcd_tui.domain.errors import (
    BadConfig,
    Forbidden,
    Missing,
    Problem,
    ServerFault,
    Unauthenticated,
    Unreachable,
    Unreadable,
)
from mlcd_tui.wire.registry_login import RegistryLogin
from tests.answering import Reply, Request, answering, host_of
from tests.checks.runs_made import MANIFEST

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Lying:
    """Answers as the test says, and remembers what it was asked."""

    host: str = ""
    answer: Callable[[str, str], Answer] = lambda _method, _path: (404, {}, b"")
    asked: list[tuple[str, str, str]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Lying]:
    lying = Lying()

    def answer(request: Request) -> Reply:
        lying.asked.append((request.method, request.path, request.headers.get("Authorization", "")))
        code, headers, body = lying.answer(request.method, request.path)
        return Reply(code, body, headers)

    with answering(answer) as http:
        lying.host = host_of(http)
        yield lying


def _registry(server: Lying, **more: object) -> Registry:
    return Registry(server.host, "serving/churn", RegistryLogin("alice", "secret"), **more)  # type: ignore[arg-type]


def test_another_manifest_than_asked_for(server: Lying) -> None:
    server.answer = lambda *_: (200, {}, b"{}")
    with _registry(server) as registry, pytest.raises(Unreadable, match="digest is wrong"):
        registry.manifest(MANIFEST)


def test_endless_answers(server: Lying) -> None:
    server.answer = lambda *_: (200, {}, b"x" * (2 << 20))
    with _registry(server) as registry, pytest.raises(Unreadable, match="more than 1 MiB"):
        registry.blob(MANIFEST, 1 << 20)


def test_what_could_unpack_to_a_huge_answer_is_refused(server: Lying) -> None:
    server.answer = lambda *_: (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(1 << 16)))
    with _registry(server) as registry, pytest.raises(Unreadable, match="compressed although that was not asked for"):
        registry.blob(MANIFEST, 1 << 20)


def test_redirects_never_leave_what_is_encrypted(server: Lying) -> None:
    server.answer = lambda *_: (307, {"Location": "http://127.0.0.1:1/elsewhere"}, b"")
    with _registry(server) as registry, pytest.raises(Forbidden, match="not encrypted"):
        registry.blob(MANIFEST, 1 << 20)
    server.answer = lambda *_: (307, {"Location": "/again"}, b"")
    with _registry(server) as registry, pytest.raises(ServerFault, match="without end"):
        registry.blob(MANIFEST, 1 << 20)


def test_uploads_stay_with_the_registry(server: Lying) -> None:
    server.answer = lambda *_: (202, {"Location": "https://elsewhere.example/upload"}, b"")
    with _registry(server) as registry, pytest.raises(Forbidden, match="was not"):
        registry.put_blob(b"evidence")
    assert [method for method, _, _ in server.asked] == ["POST"]


@pytest.mark.parametrize(
    ("code", "headers", "kind", "words"),
    [
        (401, {"WWW-Authenticate": 'Bearer realm="https://x.example/token"'}, Forbidden, "other host x.example"),
        (401, {"WWW-Authenticate": "Basic"}, Unauthenticated, "does not accept the login"),
        (403, {}, Forbidden, "403"),
        (404, {}, Missing, "has no"),
        (500, {}, ServerFault, "500"),
    ],
)
def test_refusals(server: Lying, code: int, headers: dict[str, str], kind: type[Problem], words: str) -> None:
    server.answer = lambda *_: (code, headers, b"\x1b[31mno")
    with _registry(server) as registry, pytest.raises(kind, match=words) as raised:
        registry.manifest(MANIFEST)
    assert "\x1b" not in str(raised.value)
    assert "secret" not in str(raised.value) + repr(registry)


def test_a_login_is_sent_once_it_is_asked_for_and_a_token_renewed_once_it_ran_out(server: Lying) -> None:
    issued: list[str] = []

    def answer(_method: str, path: str) -> Answer:
        if path.startswith("/token"):
            issued.append(f"token-{len(issued)}")
            return 200, {}, json.dumps({"token": issued[-1]}).encode()
        used = server.asked[-1][2].removeprefix("Bearer ")
        if not issued or used != issued[-1] or len(server.asked) == 4:  # the fourth comes when the token has run out
            realm = f'Bearer realm="http://{server.host}/token",service="lab",scope="repository:serving/churn:pull"'
            return 401, {"WWW-Authenticate": realm}, b""
        return 200, {}, b"{}"

    server.answer = answer
    with _registry(server) as registry:
        for _ in range(2):
            registry.manifest("1")
    told = [(path.partition("?")[0], authorization.partition(" ")[0]) for _, path, authorization in server.asked]
    manifest, token = "/v2/serving/churn/manifests/1", "/token"
    assert told == [
        *[(manifest, ""), (token, "Basic"), (manifest, "Bearer")],
        *[(manifest, "Bearer"), (token, "Basic"), (manifest, "Bearer")],
    ]
    assert len(issued) == 2


@pytest.mark.parametrize("listed", [b"", b"[]", b"[" * 50_000])
def test_a_damaged_list_is_told(server: Lying, listed: bytes) -> None:
    server.answer = lambda _method, path: (200, {}, listed) if "/referrers/" in path else (404, {}, b"")
    with _registry(server) as registry, pytest.raises(Unreadable, match="list of referrers"):
        read(registry, MANIFEST, ())


@pytest.mark.parametrize("listed", [b'{"manifests": 3}', b'{"manifests": [1, {}, {"digest": 3}]}'])
def test_what_is_no_descriptor_is_passed_over(server: Lying, listed: bytes) -> None:
    server.answer = lambda _method, path: (200, {}, listed) if "/referrers/" in path else (404, {}, b"")
    with _registry(server) as registry:
        assert read(registry, MANIFEST, ()).evidence == ()


def test_a_referrer_that_is_gone_is_told(server: Lying) -> None:
    entry = {"digest": MANIFEST, "artifactType": "application/vnd.in-toto+json"}
    pages = {"": ('<{}?page=2>; rel="next"', [entry]), "2": ("", [])}

    def answer(_method: str, path: str) -> Answer:
        if "/referrers/" not in path:
            return 404, {}, b""
        link, found = pages[path.partition("page=")[2]]
        return 200, {"Link": link.format(path)} if link else {}, json.dumps({"manifests": found}).encode()

    server.answer = answer
    with _registry(server) as registry:
        found = read(registry, MANIFEST, ())
    assert (found.evidence, len(found.troubles)) == ((), 1)
    assert "has no" in found.troubles[0]
    assert sum("/referrers/" in path for _, path, _ in server.asked) == 2


@pytest.mark.parametrize(
    ("host", "repository"),
    [
        ("a@b", "x"),
        ("registry.example", "../x"),
        ("registry.example", "X"),
        ("", "x"),
        ("h/x", "y"),
        ("h", "a?b"),
        ("h", "a" * 300),
    ],
)
def test_names_that_are_no_repository(host: str, repository: str) -> None:
    with pytest.raises(BadConfig):
        Registry(host, repository)


def test_nobody_there() -> None:
    with Registry("127.0.0.1:1", "x") as registry, pytest.raises(Unreachable, match="does not answer"):
        registry.manifest(MANIFEST)


def test_only_this_machine_is_asked_in_the_clear() -> None:
    assert Registry("127.0.0.1.evil.example", "x").base.startswith("https://")
    assert Registry("localhost:5000", "x").base.startswith("http://")
