"""BentoML: the Bento with its routes, and a model of the store."""

from __future__ import annotations

import pytest

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.schema import SchemaKind
from mlcd_tui.packages.formats.bentoml import FORMAT
from tests.packages.formats.document_fixtures import fixture, read


def test_a_bento_has_an_endpoint_per_route_and_its_libraries() -> None:
    package = FORMAT.read(fixture("bentoml"), "bento/bento.yaml")

    assert (package.name, package.version, package.authors) == ("churn_service", "v1", ("risk-ml",))
    (endpoint,) = package.endpoints
    assert (endpoint.name, endpoint.route) == ("predict", "/predict")
    assert endpoint.inputs.dialect == "2020-12"
    rows, threshold = endpoint.inputs.fields
    assert [(one.name, one.required) for one in rows.children[0].children] == [
        ("tenure_months", True),
        ("monthly_fee", True),
        ("usage_ratio", False),
    ]
    assert (threshold.has_default, threshold.default) == (True, 0.5)
    (answer,) = endpoint.outputs.fields
    assert (answer.name, answer.dtype) == ("", "array")
    assert [one.name for one in answer.children[0].children] == ["churn", "score"]
    assert [(one.name, one.version) for one in package.dependencies] == [("bentoml", "1.4.39")]
    assert [one.path for one in package.artifacts] == ["churn_model:gixfpmxhwwjbaax4"]
    assert ("python", "3.11") in package.training.environment


def test_a_model_of_the_store_tells_data_code_and_measures_of_its_metadata() -> None:
    package = read(FORMAT, {"model.yaml": fixture("bentoml").contents["model/model.yaml"]})

    assert (package.name, package.version) == ("churn_model", "gixfpmxhwwjbaax4")
    assert [(one.name, one.value) for one in package.metrics] == [("roc_auc", 0.912)]
    assert package.training.revision == "4be1f0c"
    assert [one.name for one in package.training.datasets] == ["churn-2026q3"]


def test_a_model_within_a_bento_is_a_part_of_it_and_no_second_name() -> None:
    files = fixture("bentoml")
    bento, model = (FORMAT.read(files, path) for path in FORMAT.find(files))

    assert (model.name, model.version) == ("", "")
    assert model.artifacts == bento.artifacts


def test_numbers_of_the_metadata_that_are_no_measures_are_parameters() -> None:
    text = "name: m\ncontext: {bentoml_version: 1.4.39}\nmetadata: {learning_rate: 0.01, f1: 0.5, metrics: {lift: 2}}\n"
    package = read(FORMAT, {"model.yaml": text})

    assert [(one.name, one.value) for one in package.metrics] == [("f1", 0.5), ("lift", 2.0)]
    assert package.training.parameters == (("learning_rate", "0.01"),)


def test_documents_are_found_once() -> None:
    assert FORMAT.find(fixture("bentoml")) == ("bento/bento.yaml", "model/model.yaml")
    schema = fixture("bentoml").contents["bento/apis/schema.json"]
    assert read(FORMAT, {"apis/schema.json": schema}).endpoints[0].inputs.kind is SchemaKind.JSON


def test_routes_come_from_the_file_beside_it_where_the_bento_has_none() -> None:
    schema = fixture("bentoml").contents["bento/apis/schema.json"]
    package = read(FORMAT, {"bento.yaml": "name: churn\n", "apis/schema.json": schema})
    assert [one.name for one in package.endpoints] == ["predict"]


def test_bentos_of_before_routes_name_their_endpoints_without_a_schema() -> None:
    package = read(FORMAT, {"bento.yaml": "name: old\napis: [{name: classify, input_type: NumpyNdarray}]\n"})
    (endpoint,) = package.endpoints
    assert (endpoint.name, endpoint.declared) == ("classify", False)


def test_what_is_no_bento_is_told() -> None:
    with pytest.raises(Unreadable, match=r"bento\.yaml is no bento\.yaml of BentoML: it has no name"):
        read(FORMAT, {"bento.yaml": "service: a\n"})
