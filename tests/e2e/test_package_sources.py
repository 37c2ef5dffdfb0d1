"""Packages from real registries and a real Docker Engine."""

from __future__ import annotations

import base64
import io
import json
import platform
import secrets
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from mlcd_tui.domain.errors import Missing, Unauthenticated, Unreadable
from mlcd_tui.domain.package_ports import Files, Reach, Remarking
from mlcd_tui.packages.library import Library
from mlcd_tui.packages.sources.docker_image import SOURCE as DOCKER
from mlcd_tui.packages.sources.oci_registry import SOURCE as OCI
from tests.e2e.registry import contents, process
from tests.e2e.registry.process import Registry
from tests.e2e.registry.push import Descriptor

HERE = Path(__file__).parent
MLFLOW = contents.FIXTURES / "mlflow" / "churn-model"
REACH = Reach(
    wanted=lambda path: path.endswith((".md", ".safetensors", "MLmodel", ".json", ".yaml", "Kitfile", ".txt"))
)


@pytest.fixture(scope="module", params=["distribution", "with_referrers"])
def registry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with getattr(process, request.param)(tmp_path_factory.mktemp(request.param)) as registry:
        yield registry


@pytest.fixture(scope="module")
def pushed(registry: Registry) -> dict[str, Descriptor]:
    """Everything in one registry; where it has no referrers API, clients keep them by tag."""
    with registry.pusher("models/churn") as pusher:
        model = contents.modelpack(pusher, "7")
        statement = contents.statement(pusher, model)
        pusher.fallback_tag(model, statement)
        kit = contents.kit(pusher, "kit")
        contents.cosign_attestation(pusher, kit)
        found = {"7": model, "kit": kit}
    with registry.pusher("serving/churn") as pusher:
        return found | {"cog": contents.cog_image(pusher, "cog")}


@pytest.fixture(autouse=True)
def docker_config(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Docker config of the test's own, logged in to the registry."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    config = tmp_path / "config.json"
    if "registry" in request.fixturenames and (login := request.getfixturevalue("registry").login):
        auth = base64.b64encode(":".join(login).encode()).decode()
        host = request.getfixturevalue("registry").host
        config.write_text(json.dumps({"auths": {host: {"auth": auth}}}))
    return config


def _paths(files: Files) -> list[str]:
    return [entry.path for entry in files.entries()]


def test_a_modelpack_is_its_manifest_config_card_and_statement(
    registry: Registry, pushed: dict[str, Descriptor]
) -> None:
    with OCI.open(f"oci:{registry.host}/models/churn:7", REACH) as files:
        assert files.digest == pushed["7"]["digest"]
        assert _paths(files) == [
            "oci/manifest.json",
            "oci/config.json",
            "churn.safetensors",
            "README.md",
            "oci/referrers/0.json",
            "oci/statements/0.json",
        ]
        assert files.read("README.md", 1 << 20).startswith(b"---")
        assert json.loads(files.read("oci/statements/0.json", 1 << 20))["_type"].startswith("https://in-toto.io")
        assert isinstance(files, Remarking)
        assert files.remarks() == ()


def test_weights_cost_their_header(registry: Registry, pushed: dict[str, Descriptor]) -> None:
    with OCI.open(f"oci:{registry.host}/models/churn@{pushed['7']['digest']}", REACH) as files:
        size = next(entry.size for entry in files.entries() if entry.path == "churn.safetensors")
        assert size == len(contents.WEIGHTS) + contents.LARGE
        assert files.part("churn.safetensors", 0, 340) == contents.WEIGHTS[:340]
        assert files.part("churn.safetensors", 1 << 20, 9) == bytes(9)
        with pytest.raises(Unreadable, match="at most"):
            files.read("churn.safetensors", 1 << 20)


def test_an_index_leads_to_this_platform_and_to_what_attests_it(
    registry: Registry, pushed: dict[str, Descriptor]
) -> None:
    with OCI.open(f"oci:{registry.host}/serving/churn:cog", REACH) as files:
        assert files.digest == pushed["cog"]["digest"]
        if platform.machine() == "x86_64":
            assert b"run.cog.openapi_schema" in files.read("oci/config.json", 1 << 20)
            assert "oci/statements/0.json" in _paths(files)
        assert "oci/index.json" in _paths(files)


def test_what_the_formats_make_of_it(registry: Registry, pushed: dict[str, Descriptor]) -> None:
    package = Library().read(f"oci:{registry.host}/models/churn:7")
    assert package.digest == pushed["7"]["digest"]
    assert {"modelpack", "safetensors", "huggingface"} <= {source.format for source in package.sources}
    assert package.trust.value == "unverified"
    kit = Library().read(f"oci:{registry.host}/models/churn:kit")
    assert "kitops" in {source.format for source in kit.sources}
    assert kit.trust.value == "unverified"  # what cosign attested


def test_tags_and_repositories_are_listed(registry: Registry, pushed: dict[str, Descriptor]) -> None:
    assert pushed
    assert [entry.address for entry in OCI.list(f"oci:{registry.host}/models/churn", REACH)] == [
        f"oci:{registry.host}/models/churn:7",
        f"oci:{registry.host}/models/churn:kit",
    ]
    names = sorted(entry.name for entry in OCI.list(f"oci:{registry.host}", REACH))  # one of the two keeps no order
    assert names == ["models/churn", "serving/churn"]


def test_what_is_not_there_is_a_sentence(registry: Registry) -> None:
    with (
        pytest.raises(Missing, match="has no models/churn nope"),
        OCI.open(f"oci:{registry.host}/models/churn:nope", REACH),
    ):
        pass
    with pytest.raises(Missing):
        list(OCI.list(f"oci:{registry.host}/no/such", REACH))


def test_a_login_is_needed_where_the_registry_says_so(tmp_path: Path, docker_config: Path) -> None:
    with process.distribution(tmp_path) as registry:
        docker_config.unlink(missing_ok=True)
        address = f"oci:{registry.host}/models/churn:7"
        with pytest.raises(Unauthenticated, match="asks for a login"), OCI.open(address, REACH):
            pass
        auth = base64.b64encode(b"alice:wrong").decode()
        docker_config.write_text(json.dumps({"auths": {registry.host: {"auth": auth}}}))
        with pytest.raises(Unauthenticated, match="does not accept the login") as caught, OCI.open(address, REACH):
            pass
        assert "wrong" not in str(caught.value)


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.APIClient]:
    """A Docker Engine: one that answers, or our own, which ends with the tests that started it."""
    said = subprocess.run([HERE / "docker" / "up.sh"], check=True, capture_output=True, text=True, timeout=600).stdout
    told = dict(line.removeprefix("export ").split("=", 1) for line in said.splitlines())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", told["DOCKER_HOST"])
        client = docker.from_env(timeout=60)
        yield client.api
        client.close()
    if "DOCKER_STARTED" in told:
        subprocess.run([HERE / "docker" / "down.sh"], check=True, timeout=120)


@pytest.fixture
def make_image(engine: docker.APIClient) -> Iterator[Callable[..., str]]:
    """Makes images of files, without pulling anything."""
    made: list[str] = []

    def make(files: dict[str, bytes], *changes: str, links: dict[str, str] | None = None) -> str:
        held = io.BytesIO()
        with tarfile.open(fileobj=held, mode="w") as tar:
            for path, data in files.items():
                info = tarfile.TarInfo(path)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
            for path, target in (links or {}).items():
                info = tarfile.TarInfo(path)
                info.type, info.linkname = tarfile.SYMTYPE, target
                tar.addfile(info)
        name = f"mlcd-e2e-{secrets.token_hex(4)}:7"
        repository, _, tag = name.partition(":")
        engine.import_image_from_data(held.getvalue(), repository=repository, tag=tag, changes=list(changes))
        made.append(name)
        return name

    yield make
    for name in made:
        engine.remove_image(name, force=True)


def _left_behind(engine: docker.APIClient) -> list[str]:
    return [one["Id"] for one in engine.containers(all=True, filters={"label": "mlcd.dev/reads-files-of"})]


def test_an_image_shows_labels_and_files_without_being_started(
    engine: docker.APIClient, make_image: Callable[..., str]
) -> None:
    model = {f"opt/ml/model/{path.name}": path.read_bytes() for path in MLFLOW.iterdir()}
    name = make_image({**model, "etc/passwd": b"root"}, "LABEL org.opencontainers.image.revision=4be1f0c", "WORKDIR /")
    with DOCKER.open(f"docker:{name}", REACH) as files:
        assert files.digest == engine.inspect_image(name)["Id"]  # type: ignore[no-untyped-call]
        config = json.loads(files.read("oci/config.json", 1 << 20))
        assert config["config"]["Labels"] == {"org.opencontainers.image.revision": "4be1f0c"}
        assert sorted(_paths(files)) == sorted({*model, "oci/config.json"})
        assert files.read("opt/ml/model/MLmodel", 1 << 20) == (MLFLOW / "MLmodel").read_bytes()
        (container,) = engine.containers(all=True, filters={"label": "mlcd.dev/reads-files-of"})
        assert container["State"] == "created"
    assert _left_behind(engine) == []
    package = Library().read(f"docker:{name}")
    assert {"mlflow"} <= {source.format for source in package.sources}


def test_weights_in_an_image_cost_their_header(engine: docker.APIClient, make_image: Callable[..., str]) -> None:
    weights = contents.WEIGHTS + bytes(100 << 20)
    files = {
        "model/a/MLmodel": b"x",
        "model/model.safetensors": weights,
        "model/README.md": b"card",
        "model/zz/MLmodel": b"y",
    }
    name = make_image(files, links={"model/config.json": "/etc/shadow", "model/requirements.txt": "README.md"})
    with DOCKER.open(f"docker:{name}", REACH) as found:
        sizes = {entry.path: entry.size for entry in found.entries()}
        assert sizes["model/model.safetensors"] == len(weights)
        assert {"model/a/MLmodel", "model/README.md", "model/requirements.txt"} <= set(sizes)
        assert found.part("model/model.safetensors", 0, 340) == contents.WEIGHTS[:340]
        assert found.part("model/model.safetensors", 5 << 20, 4) == bytes(4)
        assert found.read("model/requirements.txt", 10) == b"card"
        assert isinstance(found, Remarking)
        assert "looked for by name only" in " ".join(found.remarks())
    assert _left_behind(engine) == []


def test_the_label_names_the_package_folder_alone(make_image: Callable[..., str]) -> None:
    name = make_image({"srv/m/MLmodel": b"x", "model/MLmodel": b"y"}, "LABEL mlcd.dev/package-path=/srv/m")
    with DOCKER.open(f"docker:{name}", REACH) as files:
        assert _paths(files) == ["oci/config.json", "srv/m/MLmodel"]


def test_a_container_is_removed_when_reading_fails(engine: docker.APIClient, make_image: Callable[..., str]) -> None:
    name = make_image({"model/MLmodel": b"x"})
    with pytest.raises(KeyError), DOCKER.open(f"docker:{name}", REACH):
        raise KeyError
    assert _left_behind(engine) == []


def test_images_are_listed_and_missing_ones_told(make_image: Callable[..., str]) -> None:
    name = make_image({"model/MLmodel": b"x"}, "LABEL a=b")
    entry = next(entry for entry in DOCKER.list("docker:", REACH) if entry.address == f"docker:{name}")
    assert (entry.version, dict(entry.tags)) == ("7", {"a": "b"})
    with pytest.raises(Missing, match="Docker has no image nope:1 here"), DOCKER.open("docker:nope:1", REACH):
        pass
    digest = f"sha256:{'0' * 64}"
    with pytest.raises(Missing), DOCKER.open(f"docker:{name}@{digest}", REACH):
        pass


def test_an_image_has_one_digest_in_the_engine_and_in_the_registry(
    engine: docker.APIClient, make_image: Callable[..., str], tmp_path: Path
) -> None:
    name = make_image({"model/MLmodel": b"x"}, "LABEL org.opencontainers.image.revision=4be1f0c")
    with process.with_referrers(tmp_path) as registry:
        repository = f"{registry.host}/serving/churn"
        engine.tag(name, repository, "7")
        engine.push(repository, "7")
        with DOCKER.open(f"docker:{repository}:7", REACH) as ours, OCI.open(f"oci:{repository}:7", REACH) as theirs:
            assert ours.digest == theirs.digest
            labels = [
                json.loads(files.read("oci/config.json", 1 << 20))["config"]["Labels"] for files in (ours, theirs)
            ]
            assert labels[0] == labels[1] == {"org.opencontainers.image.revision": "4be1f0c"}
            pinned = f"{repository}@{theirs.digest}"
        with DOCKER.open(f"docker:{pinned}", REACH) as files:
            assert "model/MLmodel" in _paths(files)
        engine.remove_image(f"{repository}:7")
