"""Engines that are not there or fail; a real one is in tests/e2e/test_package_sources.py."""

from __future__ import annotations

import io
import json
import tarfile
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlcd_tui.domain.errors import BadConfig, Problem, ServerFault, Unreachable, Unreadable
from mlcd_tui.domain.package_ports import Reach
from mlcd_tui.packages.sources.docker_image import SOURCE
from tests.packages.sources.server import Reply, Site, serving

REACH = Reach(timeout=1.0, wanted=lambda path: path.endswith(("MLmodel", ".safetensors")))
API = "/v1.41"
STAT = {"name": "model", "size": 4096, "mode": 1 << 31, "linkTarget": ""}


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Answers as an engine that holds one image with one folder, whose stream the tests spoil."""
    with serving() as site:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{site.host}")
        for name in ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "HTTP_PROXY", "http_proxy"):
            monkeypatch.delenv(name, raising=False)
        site.put("/version", json.dumps({"ApiVersion": "1.41"}).encode())
        image = {
            "Id": f"sha256:{'1' * 64}",
            "Config": {"Labels": {"mlcd.dev/package-path": "/model"}, "Env": ["SECRET=x"]},
        }
        site.put(f"{API}/images/churn/json", json.dumps(image).encode())
        site.put(f"{API}/containers/create", b'{"Id": "c1", "Warnings": []}', 201)
        site.put(f"{API}/containers/c1?v=True&link=False&force=True", code=204)
        _archive(site, Reply(200, b"\0" * 1024))
        yield site


def _archive(site: Site, reply: Reply) -> None:
    told = {"X-Docker-Container-Path-Stat": b64encode(json.dumps(STAT).encode()).decode()}
    site.routes[f"{API}/containers/c1/archive?path=%2Fmodel"] = lambda request: (
        Reply(200, headers=told) if request.command == "HEAD" else reply
    )


def _open() -> list[str]:
    with SOURCE.open("docker:churn", REACH) as files:
        assert "SECRET" not in files.read("oci/config.json", 1 << 20).decode()
        return [entry.path for entry in files.entries()]


def _removed(site: Site) -> bool:
    return any(request.command == "DELETE" for request in site.asked)


def test_the_environment_of_an_image_is_not_shown_and_its_container_goes(site: Site) -> None:
    assert _open() == ["oci/config.json"]
    assert _removed(site)


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (Reply(200, b"no tar" * 200), "is no tar archive"),
        (Reply(200, b""), "/model of the image is empty"),
        (Reply(200, b"x" * 100, promised=4096), "The Docker Engine gave no answer"),
        (Reply(500, b'{"message": "disk on fire"}'), r"does not bring /model of the image \(500\)"),
    ],
    ids=["no tar", "empty", "cut", "500"],
)
def test_streams_that_are_spoilt_are_sentences_and_the_container_goes(reply: Reply, sentence: str, site: Site) -> None:
    _archive(site, reply)
    with pytest.raises((Unreadable, Unreachable, ServerFault), match=sentence):
        _open()
    assert _removed(site)


def test_what_may_run_code_is_flagged_behind_large_files_too(site: Site) -> None:
    """A folder is not streamed past the first large file; names are asked for then, pickles among them."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        info = tarfile.TarInfo("model/a.onnx")
        info.size = 5 << 20
        tar.addfile(info, io.BytesIO(bytes(info.size)))
    _archive(site, Reply(200, held.getvalue()))
    pickle = {"name": "model.pkl", "size": 7, "mode": 0, "linkTarget": ""}
    told = {"X-Docker-Container-Path-Stat": b64encode(json.dumps(pickle).encode()).decode()}
    site.routes[f"{API}/containers/c1/archive?path=%2Fmodel%2Fmodel.pkl"] = lambda _request: Reply(200, headers=told)
    assert "model/model.pkl" in _open()


def test_an_engine_that_fails_says_why(site: Site) -> None:
    site.put(f"{API}/containers/create", b'{"message": "no space left on device"}', 500)
    with pytest.raises(
        ServerFault, match=r"failed \(creating a container to read files from\): no space left on device"
    ):
        _open()


def test_engines_that_are_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for host, sentence in (
        (f"unix://{tmp_path}/docker.sock", "there is no socket"),
        ("tcp://127.0.0.1:1", "Connection refused"),
        ("nonsense://x", "No Docker Engine"),
    ):
        monkeypatch.setenv("DOCKER_HOST", host)
        with pytest.raises(Unreachable, match=sentence) as caught:
            _open()
        assert "DOCKER_HOST" in caught.value.advice
        with pytest.raises(Problem):
            list(SOURCE.list("docker:", REACH))


def test_addresses() -> None:
    assert SOURCE.accepts("docker:churn:7")
    assert not SOURCE.accepts("oci:docker")
    with pytest.raises(BadConfig, match="names no image"), SOURCE.open("docker:", REACH):
        pass
