"""CNCF ModelPack: the descriptor, the layers and the kinds of media."""

from __future__ import annotations

import json

from mlcd_tui.domain.package import ArtifactRole
from mlcd_tui.domain.schema import SchemaKind
from mlcd_tui.packages.formats.modelpack import FORMAT
from tests.packages.formats.document_fixtures import fixture, read, warnings_of


def test_config_and_manifest_are_one_package() -> None:
    files = fixture("modelpack")
    assert FORMAT.find(files) == ("manifest.json",)
    package = FORMAT.read(files, "manifest.json")

    assert (package.name, package.version, package.title) == ("churn-model", "3", "Churn")
    assert package.created is not None
    assert package.created.isoformat() == "2026-11-20T10:00:00+00:00"
    (weights,) = package.artifacts
    assert (weights.path, weights.role, weights.size) == ("churn.safetensors", ArtifactRole.WEIGHTS, 340)
    assert weights.precisions == ("float32", "float16")
    assert weights.parameters is None, "0.1k is rounded: it is no number of weights"
    assert package.training.revision == "4be1f0c2aa0d"
    assert package.training.datasets[0].uri == "s3://acme-data/churn/2026q3.parquet"


def test_inputs_are_kinds_of_media_and_nothing_more() -> None:
    (endpoint,) = FORMAT.read(fixture("modelpack"), "manifest.json").endpoints

    assert endpoint.inputs.kind is SchemaKind.MODALITY
    assert endpoint.inputs.modalities == {"other"}
    assert endpoint.inputs.fields == ()


def test_a_dataset_layer_is_data_with_a_digest() -> None:
    digest = f"sha256:{'a' * 64}"
    layer = {
        "mediaType": "application/vnd.cncf.model.dataset.v1.raw",
        "digest": digest,
        "annotations": {"org.cncf.model.filepath": "data/train.csv"},
    }
    package = read(FORMAT, {"oci/manifest.json": json.dumps({"layers": [layer]})})

    assert [(one.name, one.digest) for one in package.training.datasets] == [("train.csv", digest)]


def test_damaged_file_metadata_is_a_warning() -> None:
    layer = {
        "mediaType": "application/vnd.cncf.model.weight.v1.raw",
        "annotations": {"org.cncf.model.file.metadata+json": "{"},
    }
    package = read(FORMAT, {"oci/manifest.json": json.dumps({"layers": [layer]})})

    assert "layers[0].annotations hold file metadata that cannot be used" in warnings_of(package)


def test_the_config_alone_is_found() -> None:
    package = read(FORMAT, {"config.json": fixture("modelpack").contents["config.json"]})
    assert (package.name, package.artifacts) == ("churn-model", ())
