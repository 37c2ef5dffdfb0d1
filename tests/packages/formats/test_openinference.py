"""Open Inference Protocol v2: what a live server says of its models."""

from __future__ import annotations

import json

import pytest

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.schema import Extras, SchemaKind
from mlcd_tui.packages.formats.openinference import FORMAT
from tests.packages.formats.document_fixtures import fixture, read, warnings_of


def test_tensors_of_a_live_model() -> None:
    package = FORMAT.read(fixture("openinference"), "v2/models/churn.json")

    assert (package.name, package.version) == ("churn", "3")
    (endpoint,) = package.endpoints
    assert endpoint.inputs.kind is SchemaKind.TENSORS
    assert endpoint.inputs.extras is Extras.REJECT
    assert [(one.name, one.dtype, one.raw, one.shape) for one in endpoint.outputs.fields] == [
        ("label", "int64", "INT64", (None,)),
        ("logits", "float32", "FP32", (None, 2)),
    ]
    (source,) = package.sources
    assert (source.rank, source.digest) == (80, "")
    assert ("server.name", "triton") in package.extra


def test_a_saved_answer_is_read_too() -> None:
    contents = {"model-metadata.json": fixture("openinference").contents["model-metadata.json"]}
    package = read(FORMAT, contents)
    assert (package.name, package.sources[0].rank) == ("churn", 50)


def test_an_empty_list_is_not_recorded_rather_than_nothing() -> None:
    package = read(FORMAT, {"v2/models/m.json": json.dumps({"name": "m", "platform": "", "inputs": [], "outputs": []})})

    assert package.endpoints == ()
    assert "inputs is empty: the server does not tell them" in warnings_of(package)


def test_bytes_may_be_text_and_an_unknown_type_is_any() -> None:
    inputs = [
        {"name": "prompt", "datatype": "BYTES", "shape": [1]},
        {"name": "odd", "datatype": "FP8", "shape": [1], "parameters": {"optional": True}},
    ]
    package = read(FORMAT, {"v2/models/m.json": json.dumps({"name": "m", "inputs": inputs})})

    prompt, odd = package.endpoints[0].inputs.fields
    assert (prompt.dtype, odd.dtype, odd.required) == ("text", "any", False)
    assert package.endpoints[0].outputs.kind is SchemaKind.NONE
    assert "inputs[1].datatype is FP8" in warnings_of(package)


def test_an_error_of_the_server_is_no_model() -> None:
    with pytest.raises(Unreadable, match=r"v2/models/m\.json is no model metadata"):
        read(FORMAT, {"v2/models/m.json": '{"error": "not found"}'})
