"""Cog: cog.yaml and the labels of a built image."""

from __future__ import annotations

import json
from typing import Any

from mlcd_tui.domain.schema import Extras, SchemaKind
from mlcd_tui.packages.formats.cog import FORMAT
from mlcd_tui.packages.formats.openapi import FORMAT as OPENAPI
from tests.packages.formats.document_fixtures import fixture, read, warnings_of
from tests.packages.memory_files import MemoryFiles


def image(labels: dict[str, Any]) -> dict[str, bytes | str]:
    """The config of an image that bears these labels."""
    return {"oci/config.json": json.dumps({"config": {"Labels": labels}})}


def test_the_labels_of_an_image_tell_schema_libraries_and_environment() -> None:
    package = FORMAT.read(fixture("cog"), "image-config.json")

    (endpoint,) = package.endpoints
    assert (endpoint.name, endpoint.route, endpoint.coerce) == ("predict", "/predictions", "json")
    assert endpoint.inputs.kind is SchemaKind.JSON
    assert endpoint.inputs.dialect == "openapi-3.0"
    assert endpoint.inputs.extras is Extras.IGNORE
    tenure, threshold = endpoint.inputs.fields
    assert (tenure.name, tenure.dtype, tenure.required, tenure.minimum) == ("tenure", "int64", True, 0)
    assert (threshold.required, threshold.default, threshold.maximum) == (False, 0.5, 1)
    assert [one.name for one in endpoint.outputs.fields] == ["churn", "score"]
    assert [(one.name, one.version) for one in package.dependencies] == [("numpy", "2.4.6"), ("onnxruntime", "1.32.0")]
    assert ("cog", "0.23.1") in package.training.environment


def test_cog_yaml_tells_what_is_run_and_takes_its_requirements_along() -> None:
    package = read(
        FORMAT,
        {
            "cog.yaml": fixture("cog").contents["cog.yaml"],
            "requirements.txt": "# pins\nnumpy == 2.1 ; python_version>'3'\n",
        },
    )

    assert [one.path for one in package.artifacts] == ["run.py"]
    assert ("python", "3.12") in package.training.environment
    assert [(one.name, one.version) for one in package.dependencies] == [("numpy", "2.1")]


def test_train_makes_it_a_package_that_can_train() -> None:
    package = read(FORMAT, {"cog.yaml": "build: {python_version: '3.12'}\ntrain: train.py:train\n"})
    assert package.training_part is not None
    assert package.training_part.entry_point == "train.py:train"


def test_nullable_inputs_may_be_left_out_but_null_is_refused_while_outputs_may_be_null() -> None:
    text = {"type": "string", "nullable": True}
    schemas = {
        "Input": {
            "type": "object",
            "properties": {
                "prompt": text,
                "nullable": {"type": "boolean", "nullable": True},
                "size": {"$ref": "#/components/schemas/Size"},
            },
        },
        "Size": {"type": "integer", "nullable": True, "enum": [1, 2]},
        "Output": text,
    }
    document = json.dumps({"openapi": "3.0.2", "components": {"schemas": schemas}})
    (endpoint,) = read(FORMAT, image({"run.cog.openapi_schema": document})).endpoints

    assert endpoint.inputs.document["properties"] == {
        "prompt": {"type": "string"},
        "nullable": {"type": "boolean"},
        "size": {"$ref": "#/components/schemas/Size"},
    }
    assert endpoint.inputs.root == {"components": {"schemas": {"Size": {"type": "integer", "enum": [1, 2]}}}}
    assert [(one.name, one.nullable) for one in endpoint.inputs.fields][:2] == [("prompt", False), ("nullable", False)]
    assert endpoint.outputs.document["nullable"] is True


def test_training_has_an_endpoint_of_its_own() -> None:
    document = json.dumps({"components": {"schemas": {"Input": {}, "TrainingInput": {"type": "object"}}}})
    package = read(FORMAT, image({"run.cog.openapi_schema": document}))
    assert [(one.name, one.route) for one in package.endpoints] == [
        ("predict", "/predictions"),
        ("train", "/trainings"),
    ]


def test_labels_of_old_versions_are_read() -> None:
    package = read(FORMAT, image({"org.cogmodel.cog_version": "0.3.1", "org.cogmodel.config": '{"predict": "p.py:P"}'}))
    assert [one.path for one in package.artifacts] == ["p.py"]
    assert ("cog", "0.3.1") in package.training.environment


def test_a_damaged_label_does_not_hide_the_others() -> None:
    package = read(FORMAT, image({"run.cog.openapi_schema": "{", "run.cog.pip_freeze": "numpy==2.0\n"}))
    assert [one.name for one in package.dependencies] == ["numpy"]
    assert "run.cog.openapi_schema cannot be used" in warnings_of(package)


def test_the_live_server_and_the_image_describe_the_same_endpoint() -> None:
    labels = json.loads(fixture("cog").contents["image-config.json"])["config"]["Labels"]
    live = {"openapi.json": labels["run.cog.openapi_schema"]}
    (endpoint,) = read(FORMAT, live).endpoints

    assert endpoint == FORMAT.read(fixture("cog"), "image-config.json").endpoints[0]
    assert read(FORMAT, live).sources[0].rank == 80
    assert OPENAPI.find(MemoryFiles({"openapi.json": live["openapi.json"].encode()})) == ()
