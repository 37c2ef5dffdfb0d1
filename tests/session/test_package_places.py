"""Where else than in the namespace's ConfigMaps a running image's package is found: its annotation, its registry."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.config.settings import PackageSettings
from mlcd_tui.domain.package_document import package_document
from mlcd_tui.domain.package_ports import PACKAGE_ANNOTATION, FoundPackage
from mlcd_tui.domain.published import config_map
from mlcd_tui.session.running_images import RunningImage, running_images
from tests.answering import Reply, Request, answering, host_of
from tests.session.models import REF, Lane, lane, model

ROLLOUT = "/apis/argoproj.io/v1alpha1/namespaces/ml/rollouts/scorer"


@pytest.fixture
async def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lane]:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    async with lane(tmp_path) as made:
        yield made


@dataclass(slots=True)
class Registry:
    """A registry with one model in it, and what it was asked."""

    host: str
    digest: str
    asked: list[str]

    @property
    def image(self) -> str:
        """The model as a pod template names it."""
        return f"{self.host}/ml/scorer@{self.digest}"


@contextmanager
def registry(*, lies: bool = False) -> Iterator[Registry]:
    """Speaks just enough of the distribution API for one manifest and its config, or for another one."""
    config = json.dumps({"descriptor": {"name": "scorer", "version": "7"}, "config": {}, "modelfs": {}}).encode()
    about = "sha256:" + hashlib.sha256(config).hexdigest()
    layer = {"mediaType": "application/vnd.cncf.model.weight.v1.raw", "digest": "sha256:" + "1" * 64, "size": 5}
    layer |= {"annotations": {"org.cncf.model.filepath": "model.gguf"}}
    media = "application/vnd.oci.image.manifest.v1+json"
    head = {"mediaType": "application/vnd.cncf.model.config.v1+json", "digest": about, "size": len(config)}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": media, "config": head, "layers": [layer]}).encode()
    made = Registry("", "sha256:" + hashlib.sha256(manifest).hexdigest(), [])
    answers = {
        f"/v2/ml/scorer/manifests/{made.digest}": (manifest, media),
        f"/v2/ml/scorer/blobs/{about}": (b"{}" if lies else config, ""),
    }

    def answer(request: Request) -> Reply:
        made.asked.append(request.path)
        body, kind = answers.get(request.path, (b"{}", "application/json"))
        status = 200 if request.path in answers or request.path == "/v2/" else 404
        return Reply(status, body, {"Content-Type": kind or "application/octet-stream"})

    with answering(answer) as http:
        made.host = host_of(http)
        yield made


async def released(here: Lane, image: str, annotation: str = "", **settings: Any) -> FoundPackage:
    """What is found for a version that is released now."""
    template: dict[str, Any] = {"spec": {"containers": [{"name": "server", "image": image}]}}
    template["metadata"] = {"labels": {"app": "scorer"}}
    if annotation:
        template["metadata"]["annotations"] = {PACKAGE_ANNOTATION: annotation}
    headers = {"Content-Type": "application/json-patch+json"}
    patch = [{"op": "replace", "path": "/spec/template", "value": template}]
    (await here.http.patch(ROLLOUT, content=json.dumps(patch), headers=headers)).raise_for_status()
    session = here.session(packages=PackageSettings(timeout=2, **settings))
    try:
        for _ in range(100):
            detail = await session.detail(REF)
            new, _ = running_images(detail)
            if new is not None and new.image == image and new.digest:
                break
            await asyncio.sleep(0.03)
        candidate = (await session.packages.around(detail)).candidate
        assert candidate is not None
        return candidate
    finally:
        await session.stop()


async def test_an_image_given_by_its_digest_is_looked_up_in_its_registry(here: Lane) -> None:
    with registry() as images:
        found = await released(here, images.image)
        assert found.package is not None, found.problem
        assert (found.package.name, found.package.version, found.digest) == ("scorer", "7", images.digest)
        assert found.how == f"registry {images.host}: oci:{images.image}"
        assert not any("1" * 64 in path for path in images.asked), "weights are never fetched"


async def test_a_registry_that_lies_is_told(here: Lane) -> None:
    """Not the same as an image that says nothing of a model."""
    with registry(lies=True) as images:
        found = await released(here, images.image)
        assert found.package is None
        assert "something else: its digest is wrong" in found.problem


async def test_no_registry_is_asked_where_that_is_not_wanted(here: Lane) -> None:
    with registry() as images:
        found = await released(here, images.image, registry=False)
        assert (found.package, images.asked) == (None, [])


async def test_a_tag_is_no_reason_to_ask_a_registry(here: Lane) -> None:
    with registry() as images:
        found = await released(here, f"{images.host}/ml/scorer:7")
        assert (found.package, images.asked) == (None, [])


async def test_a_registry_that_is_down_is_told(here: Lane) -> None:
    with registry() as images:
        gone = images.image
    found = await released(here, gone)
    assert found.package is None
    assert found.problem.startswith(f"no package is published for {found.digest}; ")
    assert "127.0.0.1" in found.problem
    assert "packages publish" in found.problem


async def test_an_annotation_leads_to_another_namespaces_config_map(here: Lane) -> None:
    package = model("9", "age")
    text = json.dumps(package_document(package))
    body = config_map(package, text, digest="sha256:" + "9" * 64, namespace="other", by="bob", at=datetime.now(UTC))
    body["metadata"]["name"] = "shared"
    (await here.http.post("/api/v1/namespaces/other/configmaps", json=body)).raise_for_status()
    found = await released(here, "registry.example/scorer:v3", "configmap:other/shared")
    assert found.package is not None, found.problem
    assert (found.package.version, found.how) == ("9", "annotation: configmap:other/shared")


@pytest.mark.parametrize("address", ["/etc/passwd", "folder:/etc", "configmap:other/../../secrets/x"])
async def test_an_annotation_leads_nowhere_else(here: Lane, address: str) -> None:
    found = await released(here, "registry.example/scorer:v3", address)
    assert found.package is None
    assert address in found.problem


async def test_an_annotation_is_followed_to_hosts_of_the_settings_only(here: Lane) -> None:
    with registry() as images:
        address = f"oci:{images.image}"
        refused = await released(here, "registry.example/scorer:v3", address)
        assert f"add '{images.host}' to `hosts` under [packages]" in refused.problem
        assert images.asked == []


async def test_and_to_those_it_is(here: Lane) -> None:
    with registry() as images:
        found = await released(here, "registry.example/scorer:v3", f"oci:{images.image}", hosts=(images.host,))
        assert found.package is not None, found.problem
        assert found.package.version == "7"


async def test_a_server_that_does_not_answer_is_waited_for_once(here: Lane) -> None:
    """As behind a firewall: every image of it would else take the whole patience, one after the other."""
    asked = 0

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    silent = await asyncio.start_server(hang, "127.0.0.1", 0)
    host = f"127.0.0.1:{silent.sockets[0].getsockname()[1]}"
    session = here.session(packages=PackageSettings(timeout=0.5))
    try:
        search = (await session.packages.cluster()).search
        digests = ["sha256:" + character * 64 for character in "abcdef"]
        first = await search.find(RunningImage("ml", f"{host}/m@{digests[0]}", digests[0]))
        assert "does not answer in time" in first.problem
        began, before = time.monotonic(), asked
        for digest in digests[1:]:
            found = await search.find(RunningImage("ml", f"{host}/m@{digest}", digest))
            assert "does not answer in time" in found.problem
        assert time.monotonic() - began < 0.5
        assert asked == before
    finally:
        await session.stop()
        silent.close()
        await silent.wait_closed()
