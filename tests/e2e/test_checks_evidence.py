"""Evidence beside an image in real registries: with the referrers API, and by tag where there is none."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mlcd_tui.checks.evidence.keys import SigningKey
from mlcd_tui.checks.evidence.reading import seal_with
from mlcd_tui.checks.evidence.referrers import push, read
from mlcd_tui.checks.evidence.registry import Registry as Repository
from mlcd_tui.checks.evidence.statement import MOST_BYTES
from mlcd_tui.checks.evidence.store import EvidenceStore
from mlcd_tui.domain.checks import CheckRun, CheckState, ImageIdentity, SignatureState, judged
from mlcd_tui.domain.errors import BadConfig, Missing, Unauthenticated
from mlcd_tui.domain.text import Clean
from mlcd_tui.session.check_desk import Checks
from mlcd_tui.session.check_search import EvidenceSearch
from mlcd_tui.session.running_images import RunningImage
from mlcd_tui.wire.registry_login import RegistryLogin
from tests.checks.evidence.keys_made import made_key
from tests.checks.runs_made import NOW, OTHER, PLAN, run
from tests.e2e.registry import contents, process
from tests.e2e.registry.process import Registry
from tests.e2e.registry.push import Descriptor

AT = "2026-11-24T12:00:00Z"


@pytest.fixture(scope="module", params=["distribution", "with_referrers"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with getattr(process, request.param)(tmp_path_factory.mktemp(request.param)) as registry:
        yield registry


@pytest.fixture
def name() -> str:
    return f"serving/churn-{secrets.token_hex(4)}"


@pytest.fixture
def image(server: Registry, name: str) -> Descriptor:
    """An image as a push makes it."""
    with server.pusher(name) as pusher:
        layer = pusher.blob(b"a layer", "application/vnd.oci.image.layer.v1.tar")
        return pusher.artifact("7", b'{"architecture":"amd64","os":"linux"}', contents.CONFIG, [layer])


@pytest.fixture
def repository(server: Registry, name: str) -> Iterator[Repository]:
    with Repository(server.host, name, RegistryLogin(*server.login) if server.login else None) as repository:
        yield repository


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return made_key(tmp_path_factory.mktemp("keys"))


def _run(digest: str, number: int = 1) -> CheckRun:
    image = ImageIdentity(Clean("registry.example/churn:7"), manifest_digest=digest)
    return run(id=f"run-{number}", image=image, finished=NOW + timedelta(minutes=number))


def test_pushed_and_read_back_newest_first(
    server: Registry, repository: Repository, image: Descriptor, key: SigningKey
) -> None:
    digest = image["digest"]
    assert read(repository, digest, ()).evidence == ()
    push(repository, digest, seal_with(key)(_run(digest, 1), MOST_BYTES), AT)
    push(repository, digest, seal_with(None)(_run(digest, 2), MOST_BYTES), AT)
    found = read(repository, digest, (key.public("maria"),))
    assert [(each.run, each.signature, each.signer) for each in found.evidence] == [
        (_run(digest, 2), SignatureState.UNSIGNED, ""),
        (_run(digest, 1), SignatureState.VERIFIED, "maria"),
    ]
    assert found.troubles == ()
    assert found.by_tag is (server.login is not None)  # the reference registry has logins and no referrers API
    assert found.evidence[0].found_in == f"referrer of {repository.shown}"


def test_pushing_twice_is_once(repository: Repository, image: Descriptor) -> None:
    data = seal_with(None)(_run(image["digest"]), MOST_BYTES)
    assert push(repository, image["digest"], data, AT) == push(repository, image["digest"], data, AT)
    assert len(read(repository, image["digest"], ()).evidence) == 1


def test_other_referrers_stay_and_are_passed_over(
    server: Registry, name: str, repository: Repository, image: Descriptor
) -> None:
    with server.pusher(name) as pusher:
        stranger = contents.statement(pusher, image)
        pusher.fallback_tag(image, stranger | {"artifactType": contents.IN_TOTO})
    push(repository, image["digest"], seal_with(None)(_run(image["digest"]), MOST_BYTES), AT)
    found = read(repository, image["digest"], ())
    assert len(found.evidence) == 1
    assert len(found.troubles) == 1  # provenance tells of no tests
    if server.login is not None:
        listed = json.loads(repository.manifest(image["digest"].replace(":", "-"))[0])["manifests"]
        assert stranger["digest"] in {each["digest"] for each in listed}


def test_what_cosign_attested_by_tag(
    server: Registry, name: str, repository: Repository, image: Descriptor, key: SigningKey
) -> None:
    data = seal_with(key)(_run(image["digest"]), MOST_BYTES)
    with server.pusher(name) as pusher:
        layer = pusher.blob(data, "application/vnd.dsse.envelope.v1+json")
        pusher.artifact(f"{image['digest'].replace(':', '-')}.att", b"{}", contents.CONFIG, [layer])
    (evidence,) = read(repository, image["digest"], (key.public("maria"),)).evidence
    assert evidence.signature is SignatureState.VERIFIED


def test_evidence_of_another_image_counts_nowhere(
    server: Registry, name: str, repository: Repository, image: Descriptor
) -> None:
    other = seal_with(None)(_run(OTHER), MOST_BYTES)
    with pytest.raises(BadConfig, match="did not check"):
        push(repository, image["digest"], other, AT)
    with server.pusher(name) as pusher:  # somebody does it all the same
        layer = pusher.blob(other, contents.IN_TOTO)
        forged = pusher.artifact("", b"{}", contents.CONFIG, [layer], artifactType=contents.IN_TOTO, subject=image)
        pusher.fallback_tag(image, forged | {"artifactType": contents.IN_TOTO})
    assert read(repository, image["digest"], ()).evidence == ()


def test_an_image_that_is_not_there(repository: Repository, image: Descriptor) -> None:
    with pytest.raises(Missing):
        push(repository, OTHER, seal_with(None)(_run(OTHER), MOST_BYTES), AT)


def test_a_registry_that_asks_for_a_login(server: Registry, name: str, image: Descriptor) -> None:
    if server.login is None:
        return
    wrong = RegistryLogin("alice", "wrong")
    with Repository(server.host, name, wrong) as repository, pytest.raises(Unauthenticated) as raised:
        read(repository, image["digest"], ())
    assert "wrong" not in str(raised.value)


def test_the_build_s_evidence_counts_for_what_was_pushed(
    tmp_path: Path, repository: Repository, image: Descriptor
) -> None:
    """A build knows its config digest only; the manifest that the registry gives back ties it to what runs."""
    manifest, _ = repository.manifest("7")
    config = json.loads(manifest)["config"]["digest"]
    store = EvidenceStore(tmp_path)
    built = replace(_run(""), image=ImageIdentity(Clean("churn:dev"), config_digest=config))
    store.add(built)
    assert store.by_digest({image["digest"]}).evidence == ()
    store.link(manifest)
    (evidence,) = store.by_digest({image["digest"]}).evidence
    assert f"sha256:{hashlib.sha256(manifest).hexdigest()}" == image["digest"] == evidence.run.image.manifest_digest
    states = [each.state for each in judged(evidence, frozenset({image["digest"]}), PLAN, NOW)]
    assert states == [CheckState.FAILED, CheckState.PASSED]


@pytest.fixture
def login(server: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `docker login` leaves."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    (tmp_path / "docker").mkdir()
    auth = base64.b64encode(":".join(server.login).encode()).decode() if server.login else ""
    config = {"auths": {server.host: {"auth": auth}}} if auth else {}
    (tmp_path / "docker" / "config.json").write_text(json.dumps(config))


@pytest.mark.usefixtures("login")
async def test_from_build_to_rollout(
    tmp_path: Path, server: Registry, name: str, image: Descriptor, repository: Repository, key: SigningKey
) -> None:
    """Checked when built, pushed, put beside the image: another machine that knows the pod's image only sees it count."""
    config = json.loads(repository.manifest("7")[0])["config"]["digest"]
    here = EvidenceStore(tmp_path / "here", (key.public("you"),), seal_with(key))
    here.add(replace(_run(""), image=ImageIdentity(Clean("churn:dev"), config_digest=config)))
    deployed = f"{server.host}/{name}@{image['digest']}"
    await Checks(lambda: NOW, store=lambda: here).push("run-1", deployed)
    there = EvidenceStore(tmp_path / "there", (key.public("maria"),))
    found = await EvidenceSearch(there, None, lambda: NOW).around(RunningImage("ml", deployed, image["digest"]))
    assert found is not None
    assert found.problem == ""
    assert [each.state for each in found.results] == [CheckState.FAILED, CheckState.PASSED]
    assert found.evidence is not None
    assert (found.evidence.signature, found.evidence.signer) == (SignatureState.VERIFIED, "maria")
    assert found.evidence.run.image.digests == {config, image["digest"]}


@pytest.mark.usefixtures("login")
async def test_a_push_is_remembered_by_its_tag_as_it_is_now(
    tmp_path: Path, server: Registry, name: str, image: Descriptor, repository: Repository
) -> None:
    config = json.loads(repository.manifest("7")[0])["config"]["digest"]
    store = EvidenceStore(tmp_path / "here")
    store.add(replace(_run(""), image=ImageIdentity(Clean("churn:dev"), config_digest=config)))
    desk = Checks(lambda: NOW, store=lambda: store)
    assert await desk.evidence(frozenset({image["digest"]})) == ()
    assert await desk.link(f"{server.host}/{name}:7") == image["digest"]
    assert len(await desk.evidence(frozenset({image["digest"]}))) == 1
    with pytest.raises(BadConfig, match="by digest"):
        await desk.push("run-1", f"{server.host}/{name}:7")


@pytest.mark.usefixtures("login")
async def test_an_index_of_two_platforms_counts_as_the_one_that_was_checked(
    tmp_path: Path, server: Registry, name: str, image: Descriptor, repository: Repository, key: SigningKey
) -> None:
    """Its platform's evidence lies beside the platform's manifest; the registry tells that it is part of the index."""
    with server.pusher(name) as pusher:
        layer = pusher.blob(b"another layer", "application/vnd.oci.image.layer.v1.tar")
        arm = pusher.artifact("", b'{"architecture":"arm64","os":"linux"}', contents.CONFIG, [layer])
    platforms = ({"os": "linux", "architecture": each} for each in ("amd64", "arm64"))
    listed = [{**each, "platform": platform} for each, platform in zip((image, arm), platforms, strict=True)]
    media = "application/vnd.oci.image.index.v1+json"
    data = json.dumps({"schemaVersion": 2, "mediaType": media, "manifests": listed}).encode()
    index = f"sha256:{hashlib.sha256(data).hexdigest()}"
    repository.put_manifest(index, data, media)
    push(repository, image["digest"], seal_with(key)(_run(image["digest"]), MOST_BYTES), AT)
    search = EvidenceSearch(EvidenceStore(tmp_path, (key.public("maria"),)), None, lambda: NOW)
    found = await search.around(RunningImage("ml", f"{server.host}/{name}@{index}", index))
    assert found is not None
    assert found.problem == ""
    assert [each.state for each in found.results] == [CheckState.FAILED, CheckState.WARNED]
    assert "checked linux/amd64 only, one of 2" in found.results[1].sentence
