"""Documents as they lie together in real packages: read by all formats, merged, and compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from mlcd_tui.domain.compatibility import compare
from mlcd_tui.domain.errors import Missing, NoPackage, ServerFault
from mlcd_tui.domain.package import ModelPackage
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.verdict import Verdict
from mlcd_tui.packages.library import FORMATS, read_files
from tests.packages.formats.document_fixtures import fixture
from tests.packages.memory_files import MemoryFiles


def package(contents: Mapping[str, bytes]) -> ModelPackage:
    """What all formats together make of these files."""
    return read_files(MemoryFiles(contents), FORMATS.all())


def cog_schema() -> dict[str, Any]:
    """The OpenAPI document in the image's labels."""
    labels = json.loads(fixture("cog").contents["image-config.json"])["config"]["Labels"]
    found: dict[str, Any] = json.loads(labels["run.cog.openapi_schema"])
    return found


def cog_image(schema: Mapping[str, Any]) -> dict[str, bytes]:
    """An image with this schema instead."""
    config = json.loads(fixture("cog").contents["image-config.json"])
    config["config"]["Labels"]["run.cog.openapi_schema"] = json.dumps(schema)
    return {"oci/config.json": json.dumps(config).encode()}


def test_an_image_of_cog_is_named_by_its_labels_and_described_by_cog() -> None:
    read = package(fixture("cog").contents)

    assert (read.name, read.version) == ("churn", "v3")
    assert {source.format for source in read.sources} == {"cog", "oci_labels"}
    assert [endpoint.name for endpoint in read.endpoints] == ["predict"]
    assert read.contradictions == ()


def test_a_bento_and_the_model_in_it_do_not_contradict_each_other() -> None:
    read = package(fixture("bentoml").contents)

    assert (read.name, read.version) == ("churn_service", "v1")
    assert read.contradictions == ()
    assert [one.path for one in read.artifacts] == ["churn_model:gixfpmxhwwjbaax4"]
    assert [one.name for one in read.metrics] == ["roc_auc"]


def test_what_serves_live_is_compared_with_the_image_that_follows() -> None:
    live = package({"openapi.json": json.dumps(cog_schema()).encode()})
    assert compare(live, package(cog_image(cog_schema()))).verdict is Verdict.COMPATIBLE

    schema = cog_schema()
    schema["components"]["schemas"]["Output"]["properties"]["score"]["nullable"] = True
    assert compare(live, package(cog_image(schema))).verdict is Verdict.BREAKING

    schema = cog_schema()
    schema["components"]["schemas"]["Input"]["properties"]["tenure"]["nullable"] = True
    assert compare(live, package(cog_image(schema))).verdict is Verdict.COMPATIBLE, "null is refused as before"


def test_a_bento_and_its_live_service_agree() -> None:
    document = yaml.safe_load(fixture("bentoml").contents["bento/apis/openapi.yaml"])
    live = package({"openapi.json": json.dumps(document).encode()})
    assert compare(live, package(fixture("bentoml").contents)).verdict is Verdict.COMPATIBLE


def test_provenance_beside_a_model_pins_its_data_and_is_shown_as_a_claim() -> None:
    read = package({**fixture("kitops").contents, **fixture("intoto").contents})

    assert read.trust.value == "unverified"
    assert read.training.builder == "https://ci.example.org/runner/7"
    (weights,) = [one for one in read.artifacts if one.path == "churn.onnx"]
    assert weights.digest == "sha256:cf2471ff7054eb6dc9187c2162001c5f33a83513213a25237306e9e20b50d2ea"


def test_a_sidecar_gives_directions_to_the_metrics_of_another_document() -> None:
    sidecar = (
        b"apiVersion: mlcd.dev/v1\nkind: ModelPackage\nmetrics: [{name: roc_auc, value: 0.912, direction: higher}]\n"
    )
    read = package({**fixture("cyclonedx").contents, "mlcd.yaml": sidecar})

    directions = {one.name: one.direction.value for one in read.metrics}
    assert directions == {"roc_auc": "higher"}


def test_a_file_that_is_listed_and_not_there_is_a_warning() -> None:
    """A registry whose weights were collected as garbage still knows what the model is."""

    class Gone(MemoryFiles):
        def part(self, path: str, offset: int, length: int) -> bytes:
            if path in {"gone.safetensors", "openapi.json"}:
                raise Missing("There is no blob sha256:0 (404).")
            return super().part(path, offset, length)

    held = {
        "MLmodel": fixture("mlflow/churn-model").contents["MLmodel"],
        "gone.safetensors": b"x",
        "openapi.json": b"{}",
    }
    read = read_files(Gone(held), FORMATS.all())
    assert read.endpoints
    assert "There is no blob sha256:0 (404)." in read.sources[0].warnings
    with pytest.raises(Missing):
        read_files(Gone({"gone.safetensors": b"x"}), FORMATS.all())


def test_what_was_left_out_is_told_where_nothing_else_is_there() -> None:
    class Escaping(MemoryFiles):
        def remarks(self) -> tuple[Clean, ...]:
            return (clean("../../etc/MLmodel was left out: its path leads out of the archive."),)

    with pytest.raises(
        NoPackage, match=r"holds no model package: \.\./\.\./etc/MLmodel was left out: its path leads out"
    ):
        read_files(Escaping({"notes.txt": b"x"}), FORMATS.all())


def test_a_document_of_another_artifact_than_the_opened_one_contradicts() -> None:
    opened, other = (f"sha256:{letter * 64}" for letter in "ab")
    for declared, fields in ((opened, []), (other, ["digest"])):
        sidecar = f"apiVersion: mlcd.dev/v1\nkind: ModelPackage\ndigest: '{declared}'\n".encode()
        files = MemoryFiles({**fixture("mlflow/churn-model").contents, "mlcd.yaml": sidecar})
        files.digest = opened
        read = read_files(files, FORMATS.all())
        assert (read.digest, [origin.field for origin in read.contradictions]) == (opened, fields)


def test_half_a_package_is_none() -> None:
    class Failing(MemoryFiles):
        def part(self, path: str, offset: int, length: int) -> bytes:
            if path == "gone.safetensors":
                raise ServerFault("The registry failed (503).")
            return super().part(path, offset, length)

    held = {"MLmodel": fixture("mlflow/churn-model").contents["MLmodel"], "gone.safetensors": b"x"}
    with pytest.raises(ServerFault):
        read_files(Failing(held), FORMATS.all())


@pytest.mark.parametrize(
    ("folder", "path", "name"),
    [
        ("safetensors", "churn.safetensors", "churn"),
        ("intoto", "statement.json", "churn"),
        ("intoto", "churn.intoto.jsonl", "churn"),
        ("model_signing", "model.sig", "sm"),
    ],
)
def test_a_document_that_names_nothing_names_the_package_where_it_is_alone(folder: str, path: str, name: str) -> None:
    alone = {path: fixture(folder).contents[path]}
    read = package(alone)
    (origin,) = [one for one in read.origins if one.field == "name"]
    assert (read.name, origin.claims[0].value) == (name, name)

    card = b"---\nmodel-index:\n- name: churn-card\n  results: []\n---\n"
    named = package({**alone, "README.md": card})
    assert named.name == "churn-card", "a better source, whatever the rank of the file"
    assert "name" not in {one.field for one in named.contradictions}


def test_two_files_of_weights_do_not_name_a_package() -> None:
    weights = fixture("safetensors").contents["churn.safetensors"]
    assert package({"unet.safetensors": weights, "vae.safetensors": weights}).name == ""
    shards = {f"m-0000{n}-of-00002.safetensors": weights for n in (1, 2)}
    assert package(shards).name == "m"
