"""Evidence in the reference registry that takes nothing but tokens, with every login that `docker login` leaves."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.checks.evidence.reading import seal_with
from mlcd_tui.checks.evidence.referrers import push, read
from mlcd_tui.checks.evidence.registry import Registry as Repository
from mlcd_tui.checks.evidence.statement import MOST_BYTES
from mlcd_tui.checks.evidence.store import EvidenceStore
from mlcd_tui.domain.checks import CheckRun, ImageIdentity
from mlcd_tui.domain.digest import sha256_of
from mlcd_tui.domain.errors import Forbidden, Unauthenticated
from mlcd_tui.domain.text import Clean
from mlcd_tui.session.check_desk import Checks
from mlcd_tui.session.check_registry import registry_of
from mlcd_tui.wire.registry_login import RegistryLogin
from tests.checks.runs_made import NOW, run
from tests.e2e.registry import process, tokens
from tests.e2e.registry.process import Registry
from tests.e2e.registry.tokens import TokenService

AT = "2026-11-24T12:00:00Z"
WRITER = RegistryLogin(tokens.WRITER, tokens.PASSWORD)


@dataclass(frozen=True, slots=True)
class Place:
    """A registry and its token service."""

    service: TokenService
    registry: Registry

    def repository(self, name: str, login: RegistryLogin | None) -> Repository:
        """One repository, by the program's own client."""
        return Repository(self.registry.host, name, login)

    def image(self, name: str) -> str:
        """Puts an image there; its digest."""
        with self.repository(name, WRITER) as repository:
            config, layer = b'{"architecture":"amd64","os":"linux"}', b"a layer"
            parts = [{"digest": repository.put_blob(data), "size": len(data)} for data in (config, layer)]
            kinds = ("config.v1+json", "layer.v1.tar")
            described = [
                {"mediaType": f"application/vnd.oci.image.{k}", **p} for k, p in zip(kinds, parts, strict=True)
            ]
            media = "application/vnd.oci.image.manifest.v1+json"
            manifest = {"schemaVersion": 2, "mediaType": media, "config": described[0], "layers": described[1:]}
            data = json.dumps(manifest).encode()
            repository.put_manifest("7", data, media)
            found, _ = repository.manifest("7")
            return sha256_of(found)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with tokens.token_service() as service, process.with_tokens(tmp_path_factory.mktemp("tokens"), service) as registry:
        yield Place(service, registry)


@pytest.fixture
def name() -> str:
    return f"serving/churn-{secrets.token_hex(4)}"


def _run(digest: str) -> CheckRun:
    return run(image=ImageIdentity(Clean("registry.example/churn:7"), manifest_digest=digest))


def test_pushed_and_read_with_tokens_of_just_the_rights_that_each_needs(place: Place, name: str) -> None:
    digest = place.image(name)
    place.service.asked.clear()
    with place.repository(name, WRITER) as repository:
        push(repository, digest, seal_with(None)(_run(digest), MOST_BYTES), AT)
        (evidence,) = read(repository, digest, ()).evidence
    assert evidence.run == _run(digest)
    rights = [(user, given) for user, _, given in place.service.asked]
    assert rights == [(tokens.WRITER, "pull"), (tokens.WRITER, "pull,push")], "one token for each right, then kept"


def test_who_may_only_read_reads_and_is_told_why_nothing_is_pushed(place: Place, name: str) -> None:
    digest = place.image(name)
    data = seal_with(None)(_run(digest), MOST_BYTES)
    with place.repository(name, WRITER) as repository:
        push(repository, digest, data, AT)
    with place.repository(name, RegistryLogin(tokens.READER, tokens.PASSWORD)) as repository:
        assert len(read(repository, digest, ()).evidence) == 1
        with pytest.raises(Forbidden, match="does not carry the right"):
            push(repository, digest, data, AT)
    with place.repository(name, None) as repository, pytest.raises(Forbidden):
        read(repository, digest, ())
    wrong = RegistryLogin(tokens.WRITER, "wr0ng")
    with place.repository(name, wrong) as repository, pytest.raises(Unauthenticated) as raised:
        read(repository, digest, ())
    assert "wr0ng" not in str(raised.value)


def test_what_everybody_may_read_needs_no_login(place: Place) -> None:
    name = f"{tokens.PUBLIC}churn-{secrets.token_hex(4)}"
    digest = place.image(name)
    with place.repository(name, WRITER) as repository:
        push(repository, digest, seal_with(None)(_run(digest), MOST_BYTES), AT)
    with place.repository(name, None) as repository:
        assert len(read(repository, digest, ()).evidence) == 1
    assert place.service.asked[-1][0] == ""


def _helper(folder: Path, user: str, secret: str) -> None:
    """A credential helper, as keychains have them."""
    answer = json.dumps({"Username": user, "Secret": secret})
    program = folder / "docker-credential-lab"
    program.write_text(f"#!/bin/sh\n[ \"$1\" = get ] || exit 1\ncat >>{folder}/asked\ncat <<'END'\n{answer}\nEND\n")
    program.chmod(0o755)


@pytest.mark.parametrize("kind", ["password", "identity token", "helper", "store", "helper's identity token"])
async def test_every_way_of_being_logged_in(
    place: Place, name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, host = place.image(name), place.registry.host
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    auth = base64.b64encode(f"{tokens.WRITER}:{tokens.PASSWORD}".encode()).decode()
    configs: dict[str, dict[str, Any]] = {
        "password": {"auths": {host: {"auth": auth}}},
        "identity token": {"auths": {host: {"identitytoken": tokens.IDENTITY}}},
        "store": {"auths": {host: {}}, "credsStore": "lab"},
    }
    (tmp_path / "config.json").write_text(json.dumps(configs.get(kind, {"credHelpers": {host: "lab"}})))
    if kind == "helper's identity token":
        _helper(tmp_path, "<token>", tokens.IDENTITY)
    else:
        _helper(tmp_path, tokens.WRITER, tokens.PASSWORD)
    store = EvidenceStore(tmp_path / "store")
    store.add(_run(digest))
    desk = Checks(lambda: NOW, store=lambda: store)
    await desk.push(_run(digest).id, f"{host}/{name}@{digest}")
    with registry_of(f"{host}/{name}@{digest}") as repository:
        assert len(read(repository, digest, ()).evidence) == 1
    assert place.service.asked[-1][0] == tokens.WRITER
    asked = tmp_path / "asked"
    assert asked.exists() is ("auths" not in configs.get(kind, {}) or kind == "store")
