"""KitOps: the Kitfile, the ModelKit in a registry, and the annotation that kit leaves on a ModelPack."""

from __future__ import annotations

import json

import pytest

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import ArtifactRole, Split
from mlcd_tui.packages.formats.kitops import FORMAT
from tests.packages.formats.document_fixtures import fixture, read, warnings_of


def test_a_kitfile_tells_model_code_data_and_how_it_was_trained() -> None:
    package = FORMAT.read(fixture("kitops"), "Kitfile")

    assert (package.name, package.version, package.licences) == ("churn", "3.0.0", ("Apache-2.0",))
    assert [(one.path, one.role) for one in package.artifacts] == [
        ("churn.onnx", ArtifactRole.WEIGHTS),
        ("labels.txt", ArtifactRole.CONFIG),
        ("train.py", ArtifactRole.CODE),
        ("data/churn.csv", ArtifactRole.DATASET),
        ("README.md", ArtifactRole.DOC),
    ]
    assert package.training.revision == "4be1f0c"
    assert package.training.parameters == (("learning_rate", "0.01"),)
    (dataset,) = package.training.datasets
    assert (dataset.name, dataset.split, dataset.rows) == ("churn-2026q3", Split.TRAIN, 18233)
    (features,) = package.endpoints[0].inputs.fields
    assert (features.name, features.dtype, features.shape) == ("features", "float32", (None, 4))


def test_the_manifest_of_a_modelkit_adds_digest_and_size_of_each_layer() -> None:
    package = FORMAT.read(fixture("kitops"), "manifest.json")

    weights = package.artifacts[0]
    assert weights.digest == "sha256:cf2471ff7054eb6dc9187c2162001c5f33a83513213a25237306e9e20b50d2ea"
    assert weights.size == 401
    assert package.training.datasets[0].digest.startswith("sha256:594e519a")


def test_both_are_found_and_the_config_alone_too() -> None:
    assert FORMAT.find(fixture("kitops")) == ("Kitfile", "manifest.json")
    config = fixture("kitops").contents["config.json"]
    assert read(FORMAT, {"config.json": config}).name == "churn"
    assert FORMAT.find(fixture("cog")) == ()


def test_a_model_that_is_another_modelkit_is_the_base_and_no_file() -> None:
    package = read(FORMAT, {"Kitfile": "model: {path: registry.example.org/risk/base:v1}\ncode: [{path: train.py}]\n"})

    assert package.training.base_models == ("registry.example.org/risk/base:v1",)
    assert [one.path for one in package.artifacts] == ["train.py"]
    assert package.training_part is None


def test_code_without_a_model_is_a_package_that_trains() -> None:
    package = read(FORMAT, {"kitfile": "package: {name: churn}\ncode: [{path: ./train.py}]\n"})

    assert package.training_part is not None
    assert package.training_part.entry_point == "train.py"


def test_a_layer_is_found_by_its_digest_before_its_turn() -> None:
    first, second = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
    kitfile = {"manifestVersion": "1.0.0", "code": [{"path": "one.py", "digest": second}]}
    kind = "application/vnd.kitops.modelkit.code.v1.tar"
    manifest = {
        "config": {"mediaType": "application/vnd.kitops.modelkit.config.v1+json"},
        "layers": [{"mediaType": kind, "digest": first, "size": 1}, {"mediaType": kind, "digest": second, "size": 2}],
    }
    package = read(FORMAT, {"oci/manifest.json": json.dumps(manifest), "oci/config.json": json.dumps(kitfile)})

    assert (package.artifacts[0].digest, package.artifacts[0].size) == (second, 2)


def test_the_kitfile_in_the_annotation_of_a_modelpack_is_read() -> None:
    manifest = {"annotations": {"ml.kitops.modelkit.kitfile": "package: {name: churn}\nmodel: {path: m.pkl}\n"}}
    package = read(FORMAT, {"oci/manifest.json": json.dumps(manifest)})

    assert package.name == "churn"
    assert "runs code when loaded" in package.artifacts[0].unsafe


def test_what_does_not_fit_is_told_by_its_field() -> None:
    package = read(FORMAT, {"Kitfile": "package: [churn]\nmodel: {path: m.onnx, parts: 3}\n"})

    assert "Kitfile: package is a list, a map was expected." in warnings_of(package)
    assert "model.parts" in warnings_of(package)
    with pytest.raises(Unreadable, match="Kitfile is no Kitfile"):
        read(FORMAT, {"Kitfile": "- a\n"})
