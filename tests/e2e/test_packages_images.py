"""From a running rollout to the package that its image speaks of: in a real registry, and in the engine of this machine."""

from __future__ import annotations

import base64
import io
import json
import secrets
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.e2e.command import mlcd
from tests.e2e.lab.recording.manifests import NAME, canary, template
from tests.e2e.lab.recording.stage import Stage
from tests.e2e.registry import contents, process
from tests.e2e.registry.process import Registry
from tests.e2e.test_package_sources import engine

__all__ = ["engine"]
MODEL = contents.FIXTURES / "mlflow" / "churn-model"
pytestmark = pytest.mark.usefixtures("home")


def pods(image: str) -> dict[str, Any]:
    made = template()
    made["spec"]["containers"][0]["image"] = image
    return made


def shown(stage: Stage) -> dict[str, Any]:
    said = mlcd("packages", "show", "--rollout", NAME, "-n", stage.namespace, "-o", "json")
    assert said.code == 0, said
    assert said.json["candidate"] is None, "nothing new is on its way"
    serving: dict[str, Any] = said.json["serving"]
    return serving


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """The reference registry, which asks for a login."""
    folder = tmp_path / "registry"
    folder.mkdir()
    with process.distribution(folder) as running:
        yield running


def test_in_the_images_own_registry_with_the_login_of_docker(
    stage: Stage, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with registry.pusher("models/churn") as pusher:
        digest = contents.modelpack(pusher, "7")["digest"]
    image = f"{registry.host}/models/churn@{digest}"
    stage.start(canary({"pause": {}}, pods=pods(image), replicas=1))
    stage.phase("Healthy", revision=1)

    unknown = shown(stage)
    assert unknown["package"] is None
    assert f"Log in: docker login {registry.host}" in unknown["problem"]

    assert registry.login is not None
    auth = base64.b64encode(":".join(registry.login).encode()).decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {registry.host: {"auth": auth}}}))
    found = shown(stage)
    assert found["how"] == f"registry {registry.host}: oci:{image}"
    assert found["digest"] == digest
    assert found["package"]["digest"] == digest
    assert {source["format"] for source in found["package"]["sources"]} >= {"modelpack", "safetensors"}


def test_in_the_engine_of_this_machine_by_the_digest_that_was_pushed(
    stage: Stage, registry: Registry, engine: docker.APIClient, home: Path
) -> None:
    """The registry is not asked: the engine remembers by which digest it knows the image."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for file in MODEL.iterdir():
            tar.add(file, f"opt/ml/model/{file.name}")
    repository = f"{registry.host}/models/{secrets.token_hex(4)}"
    engine.import_image_from_data(held.getvalue(), repository=repository, tag="7")
    try:
        assert registry.login is not None
        user, password = registry.login
        auth = {"username": user, "password": password}
        told = [json.loads(line) for line in engine.push(repository, "7", auth_config=auth).splitlines() if line]
        digest = next(each["aux"]["Digest"] for each in told if "aux" in each)
        (home / "config" / "config.toml").write_text("[packages]\nregistry = false\n")
        stage.start(canary({"pause": {}}, pods=pods(f"{repository}@{digest}"), replicas=1))
        stage.phase("Healthy", revision=1)
        found = shown(stage)
        assert found["how"] == f"the local Docker engine: docker:{repository}@{digest}"
        assert found["package"]["endpoints"], "the signature of the MLflow model inside"
    finally:
        engine.remove_image(f"{repository}:7", force=True)
