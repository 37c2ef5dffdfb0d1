"""CycloneDX ML-BOM: the model card, its data and its libraries."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.packages.formats.cyclonedx import FORMAT
from tests.packages.formats.document_fixtures import fixture, read, warnings_of
from tests.packages.memory_files import MemoryFiles


def bom(*components: dict[str, Any]) -> dict[str, bytes | str]:
    """A document with these components."""
    return {"bom.json": json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components})}


def test_the_model_card() -> None:
    files = fixture("cyclonedx")
    (path,) = FORMAT.find(files)
    package = FORMAT.read(files, path)

    assert (package.name, package.version, package.task) == ("churn-model", "3", "tabular-classification")
    assert package.architecture == "logistic-regression (linear)"
    assert package.intended_use == ("monthly churn scoring", "retention team")
    assert package.limits == ("no new-customer rows",)
    (metric,) = package.metrics
    assert (metric.name, metric.value, metric.part) == ("roc_auc", 0.912, "")
    assert metric.noise == pytest.approx(0.01)
    (dataset,) = package.training.datasets
    assert (dataset.name, dataset.version, dataset.classification) == ("churn-2026q3", "9f1e2d3", "internal")
    assert dataset.uri == "s3://acme-data/churn/2026q3.parquet"
    assert package.artifacts[0].digest.startswith("sha256:cf2471ff")


def test_inputs_are_free_text_and_so_no_schema() -> None:
    package = FORMAT.read(fixture("cyclonedx"), "churn.cdx.json")
    assert package.endpoints == ()
    assert ("inputs", "float32[-1,4]") in package.extra


def test_ancestors_are_base_models_and_licences_of_every_kind_are_read() -> None:
    model = {
        "type": "machine-learning-model",
        "name": "m",
        "pedigree": {"ancestors": [{"type": "machine-learning-model", "name": "base", "version": "1"}]},
        "licenses": [{"expression": "MIT OR Apache-2.0"}, {"license": {"name": "in-house"}}],
        "modelCard": {"considerations": {"ethicalConsiderations": [{"name": "bias", "mitigationStrategy": "review"}]}},
        "externalReferences": [{"type": "vcs", "url": "https://git.example.org/m"}],
    }
    package = read(FORMAT, bom(model))

    assert package.training.base_models == ("base@1",)
    assert package.licences == ("MIT OR Apache-2.0", "in-house")
    assert package.limits == ("name: bias; mitigationStrategy: review",)
    assert package.training.code_uri == "https://git.example.org/m"


def test_a_plain_list_of_libraries_gives_dependencies_only() -> None:
    package = read(FORMAT, bom({"type": "library", "name": "numpy", "version": "2.1", "purl": "pkg:pypi/numpy@2.1"}))
    assert [(one.name, one.version, one.ecosystem) for one in package.dependencies] == [("numpy", "2.1", "pypi")]
    assert package.name == ""


def test_data_that_is_not_there_is_a_warning() -> None:
    card = {"modelParameters": {"datasets": [{"ref": "gone"}]}}
    package = read(FORMAT, bom({"type": "machine-learning-model", "name": "m", "modelCard": card}))
    assert package.training.datasets[0].name == "gone"
    assert "refers to gone, which is not in this document" in warnings_of(package)


def test_other_documents_of_the_name_are_left_alone() -> None:
    assert FORMAT.find(MemoryFiles({"bom.json": b'{"spdxVersion": "2.3"}'})) == ()
    with pytest.raises(Unreadable, match=r"a\.cdx\.json is no CycloneDX document"):
        read(FORMAT, {"a.cdx.json": "{}"})
