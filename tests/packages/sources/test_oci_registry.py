"""Registries that fail, lie or send elsewhere; the real ones are in tests/e2e/test_package_sources.py."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.errors import BadConfig, Forbidden, Missing, Problem, Unauthenticated, Unreachable, Unreadable
from mlcd_tui.domain.package_ports import Reach, Remarking
from mlcd_tui.packages.sources._oci_reference import parse
from mlcd_tui.packages.sources.oci_registry import SOURCE
from mlcd_tui.wire.registry_login import related
from tests.packages.sources.server import Reply, Site, serving

REACH = Reach(timeout=2.0)
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def _sha(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.fixture(autouse=True)
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path / "config.json"


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


def _publish(site: Site, layers: tuple[dict[str, Any], ...] = (), tag: str = "7") -> bytes:
    """A manifest with a config, as a registry has it."""
    config = b'{"config": {"Labels": {"a": "b"}}}'
    descriptor = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": _sha(config), "size": len(config)}
    manifest = json.dumps(
        {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor, "layers": layers}
    ).encode()
    site.put(f"/v2/r/manifests/{tag}", manifest)
    site.put(f"/v2/r/blobs/{_sha(config)}", config)
    return manifest


def _layer(data: bytes, path: str, size: int | None = None, media: str = "text/plain") -> dict[str, Any]:
    annotations = {"org.opencontainers.image.title": path}
    return {
        "mediaType": media,
        "digest": _sha(data),
        "size": len(data) if size is None else size,
        "annotations": annotations,
    }


def _open(site: Site, rest: str = "r:7", reach: Reach = REACH) -> None:
    with SOURCE.open(f"oci:{site.host}/{rest}", reach) as files:
        for entry in files.entries():
            files.read(entry.path, 1 << 20)


def test_what_has_another_digest_is_never_used(site: Site) -> None:
    manifest = _publish(site, (_layer(b"card", "README.md"),))
    site.put(f"/v2/r/blobs/{_sha(b'card')}", b"evil")
    with pytest.raises(Unreadable, match="something else: its digest is wrong"):
        _open(site)
    site.put(f"/v2/r/blobs/{_sha(b'card')}", b"card")
    _open(site)
    site.put(f"/v2/r/manifests/{_sha(b'other')}", manifest)
    with pytest.raises(Unreadable, match=f"the manifest {_sha(b'other')} of r is something else"):
        _open(site, f"r@{_sha(b'other')}")
    site.put("/v2/r/manifests/7", manifest, Docker_Content_Digest=_sha(b"other"))
    with pytest.raises(Unreadable, match="its digest is wrong"):
        _open(site)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"[" * 100_000,
        b'{"schemaVersion": 1, "fsLayers": []}',
        b'{"schemaVersion": 2, "config": 5}',
        b'{"schemaVersion": 2, "config": {"digest": "sha256:../../x"}}',
        b'{"schemaVersion": 2, "manifests": []}',
        b'{"schemaVersion": 2, "manifests": [{"digest": 5}, 7]}',
        b'{"schemaVersion": 2, "config": {"digest": "sha256:' + b"0" * 64 + b'", "size": 99999999999}}',
        b"x" * (5 << 20),
    ],
    ids=range(11),
)
def test_manifests_that_are_none(body: bytes, site: Site) -> None:
    site.put("/v2/r/manifests/7", body)
    with pytest.raises(Unreadable):
        _open(site)


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-(1 << 70), 1 << 70), st.text(max_size=5), st.just([]), st.just({})
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_manifests_with_any_value_anywhere_are_read_or_a_sentence(site: Site, data: st.DataObject) -> None:
    manifest = json.loads(_publish(site, (_layer(b"card", "README.md"),)))
    site.put(f"/v2/r/blobs/{_sha(b'card')}", b"card")
    index = {"manifests": [{"digest": _sha(b"m"), "platform": {"os": "linux"}, "annotations": {"a": "b"}}]}
    whole = data.draw(st.sampled_from([manifest, index]))
    place: Any = whole
    while isinstance(place, dict | list) and place:
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = data.draw(JUNK)
            break
        place = place[key]
    site.put("/v2/r/manifests/7", json.dumps(whole).encode())
    try:
        _open(site)
    except Problem as problem:
        assert str(problem)  # noqa: PT017 - some junk does no harm


def test_layers_that_lead_out_repeat_or_are_packed(site: Site) -> None:
    layers = (
        _layer(b"a", "../up"),
        _layer(b"b", "oci/config.json"),
        _layer(b"c", "model.bin", media="application/vnd.cncf.model.weight.v1.tar+gzip"),
        _layer(b"d", "README.md"),
        {"digest": _sha(b"x"), "size": 1},
    )
    _publish(site, layers)
    with SOURCE.open(f"oci:{site.host}/r:7", REACH) as files:
        assert [e.path for e in files.entries()] == ["oci/manifest.json", "oci/config.json", "README.md"]
        assert isinstance(files, Remarking)
        assert "2 files were left out, ../up the first" in files.remarks()[0]
    _publish(site, (_layer(b"d", "README.md"), _layer(b"e", "README.md")))
    with pytest.raises(Unreadable, match=r"holds README\.md twice"):
        _open(site)


def test_statements_that_cannot_be_read_are_remarks(site: Site) -> None:
    manifest = _publish(site)
    index = {"manifests": [{"digest": _sha(b"gone")}, {"digest": _sha(b"bad")}]}
    site.put(f"/v2/r/referrers/{_sha(manifest)}", json.dumps(index).encode())
    site.put(f"/v2/r/manifests/{_sha(b'bad')}", b"{}")
    with SOURCE.open(f"oci:{site.host}/r:7", REACH) as files:
        assert isinstance(files, Remarking)
        said = " ".join(files.remarks())
    assert f"The statement {_sha(b'gone')} is listed, but not there." in said
    assert f"The statement {_sha(b'bad')} was not read: What the registry sent" in said


def test_a_statement_is_told_by_its_layers_not_by_what_the_list_calls_it(site: Site) -> None:
    """Some registries list the type of the (empty) config in place of the artifact's."""
    manifest, statement = _publish(site), b'{"_type": "https://in-toto.io/Statement/v1"}'
    layer = {"mediaType": "application/vnd.in-toto+json", "digest": _sha(statement), "size": len(statement)}
    referrer = json.dumps({"schemaVersion": 2, "layers": [layer]}).encode()
    listed = {"digest": _sha(referrer), "artifactType": "application/vnd.oci.empty.v1+json"}
    site.put(f"/v2/r/referrers/{_sha(manifest)}", json.dumps({"manifests": [listed]}).encode())
    site.put(f"/v2/r/manifests/{_sha(referrer)}", referrer)
    site.put(f"/v2/r/blobs/{_sha(statement)}", statement)
    with SOURCE.open(f"oci:{site.host}/r:7", REACH) as files:
        assert "oci/statements/0.json" in [entry.path for entry in files.entries()]
        assert isinstance(files, Remarking)
        assert files.remarks() == ()


def _token_dance(site: Site, realm: str, seen: list[Any]) -> None:
    def guarded(request: Any) -> Reply:
        if request.headers.get("Authorization") == "Bearer t0ken":
            return Reply(404)
        challenge = f'Bearer realm="{realm}",service="lab",scope="repository:r:pull"'
        return Reply(401, headers={"WWW-Authenticate": challenge})

    def token(request: Any) -> Reply:
        seen.append((parse_qs(urlsplit(request.path).query), request.headers.get("Authorization")))
        return Reply(200, b'{"token": "t0ken"}')

    site.routes["/v2/r/manifests/7"] = guarded
    site.routes["/token?service=lab&scope=repository%3Ar%3Apull"] = token


def test_a_token_is_fetched_with_the_login(site: Site, docker_config: Path) -> None:
    seen: list[Any] = []
    _token_dance(site, f"{site.url}/token", seen)
    with pytest.raises(Missing):
        _open(site)
    auth = b64encode(b"alice:pw").decode()
    docker_config.write_text(json.dumps({"auths": {f"https://{site.host}/v1/": {"auth": auth}}}))
    with pytest.raises(Missing):
        _open(site)
    query = {"service": ["lab"], "scope": ["repository:r:pull"]}
    assert seen == [(query, None), (query, f"Basic {auth}")]


def test_a_login_goes_to_no_other_host(site: Site, docker_config: Path) -> None:
    docker_config.write_text(json.dumps({"auths": {site.host: {"username": "alice", "password": "pw"}}}))
    _token_dance(site, "https://evil.invalid/token", [])
    with pytest.raises(Forbidden, match=r"login sent to the other host evil\.invalid; it was not"):
        _open(site)
    with pytest.raises(Forbidden, match="not among the hosts"):
        _open(site, reach=Reach(hosts=("registry.invalid",)))


def test_a_blob_redirected_elsewhere_is_fetched_without_the_login(site: Site, docker_config: Path) -> None:
    docker_config.write_text(json.dumps({"auths": {site.host: {"username": "alice", "password": "pw"}}}))
    manifest = _publish(site, (_layer(b"card", "README.md"),))
    seen: list[Any] = []
    with serving() as store:

        def guarded(request: Any) -> Reply:
            if request.headers.get("Authorization") is None:
                return Reply(401, headers={"WWW-Authenticate": 'Basic realm="lab"'})
            return Reply(200, manifest)

        def stored(request: Any) -> Reply:
            seen.append(request.headers.get("Authorization"))
            return Reply(200, b"card")

        site.routes["/v2/r/manifests/7"] = guarded
        store.routes["/card"] = stored
        site.put(f"/v2/r/blobs/{_sha(b'card')}", code=307, Location=f"{store.url}/card")
        _open(site)
        with pytest.raises(Forbidden, match=f"{store.host} is not among the hosts"):
            _open(site, reach=Reach(hosts=(site.host,)))
    assert seen == [None]


def test_plain_http_is_for_this_machine_or_by_the_settings(site: Site) -> None:
    with pytest.raises(Unreachable):
        _open(Site(host="localhost.invalid:1"))
    _publish(site)
    _open(site)
    assert SOURCE.accepts("oci:x/y")
    assert not SOURCE.accepts("./oci")


@pytest.mark.parametrize(
    ("registry", "realm", "is_related"),
    [
        ("registry.example.com", "registry.example.com", True),
        ("registry.example.com:5000", "registry.example.com", True),
        ("registry.example.com", "auth.example.com", True),
        ("registry.example.com", "example.com", True),
        ("registry.example.com", "evil-example.com", False),
        ("registry.example.com", "example.com.evil.org", False),
        ("example.com", "evil.com", False),
        ("10.0.0.1", "10.0.0.2", False),
        ("10.0.0.1", "1.0.0.1", False),
        ("127.0.0.1:5000", "127.0.0.1:5001", True),
    ],
)
def test_which_token_services_belong_to_a_registry(registry: str, realm: str, is_related: bool) -> None:
    assert related(realm, registry) is is_related


@pytest.mark.parametrize(
    "address",
    [
        "oci:",
        "oci:/r",
        "oci:host/R",
        "oci:host/r:",
        "oci:host/r@sha256:00",
        "oci:host/../r",
        "oci:ho st/r",
        "oci:host/r:a/b",
    ],
)
def test_addresses_that_cannot_be(address: str) -> None:
    with pytest.raises(BadConfig):
        parse(address)


def test_addresses_come_back_as_they_were() -> None:
    digest = f"@sha256:{'0' * 64}"
    for address in ("oci:h", "oci:h:5000/a/b", "oci:[::1]:5000/a:7", f"oci:h/a:7{digest}", f"oci:h/a{digest}"):
        assert str(parse(address)) == address
    with pytest.raises(BadConfig, match="names no repository"), SOURCE.open("oci:127.0.0.1:1", REACH):
        pass


def test_a_listing_goes_on_page_by_page_and_stays_at_its_host(site: Site) -> None:
    site.put(
        "/v2/r/tags/list?n=1000",
        b'{"tags": ["1", "sha256-00"]}',
        Link='<http://evil.invalid/v2/r/tags/list?last=1>; rel="next"',
    )
    site.put("/v2/r/tags/list?last=1", b'{"tags": ["2", 5]}')
    assert [entry.version for entry in SOURCE.list(f"oci:{site.host}/r", REACH)] == ["1", "2"]
    site.put("/v2/_catalog?n=1000", code=401, WWW_Authenticate='Basic realm="x"')
    with pytest.raises(Unauthenticated, match="docker login"):
        list(SOURCE.list(f"oci:{site.host}", REACH))


@pytest.mark.parametrize("code", [400, 403, 404, 429, 500, 503])
def test_whatever_a_registry_answers_is_a_problem(code: int, site: Site) -> None:
    site.put("/v2/r/manifests/7", b"no", code)
    with pytest.raises(Problem):
        _open(site)
