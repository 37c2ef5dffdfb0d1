from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import ArtifactRole
from mlcd_tui.domain.schema import Extras, SchemaKind
from mlcd_tui.packages.formats.triton import FORMAT
from tests.packages.formats.hostile import broken, unclean
from tests.packages.memory_files import MemoryFiles, from_folder

_FIXTURE = Path(__file__).parents[2] / "fixtures" / "packages" / "triton"
_GOOD = (_FIXTURE / "churn" / "config.pbtxt").read_bytes()


def _files(text: str, **others: bytes) -> MemoryFiles:
    return MemoryFiles({"m/config.pbtxt": text.encode(), **{f"m/{path}": data for path, data in others.items()}})


def test_the_fixture_tells_its_tensors_with_their_batch() -> None:
    files = from_folder(_FIXTURE)
    assert FORMAT.find(files) == ("churn/config.pbtxt",)
    package = FORMAT.read(files, "churn/config.pbtxt")
    endpoint = package.endpoints[0]
    assert (package.name, endpoint.max_batch, endpoint.route) == ("churn", 32, "/v2/models/churn/infer")
    assert [(one.name, one.dtype, one.shape, one.raw) for one in endpoint.inputs.fields] == [
        ("features", "float32", (None, 4), "TYPE_FP32")
    ]
    assert endpoint.inputs.extras is Extras.REJECT
    assert [(one.name, one.dtype, one.shape) for one in endpoint.outputs.fields] == [
        ("label", "int64", (None, 1)),
        ("logits", "float32", (None, 2)),
    ]
    assert package.training.revision == "4be1f0c"
    assert package.sources[0].warnings == ()


def test_without_batching_dims_are_the_whole_shape() -> None:
    package = FORMAT.read(
        _files('max_batch_size: 0 input { name: "x" data_type: TYPE_STRING dims: [ -1, 3 ] optional: true }'),
        "m/config.pbtxt",
    )
    endpoint = package.endpoints[0]
    field = endpoint.inputs.fields[0]
    assert (package.name, endpoint.max_batch, field.shape, field.dtype, field.required) == (
        "m",
        0,
        (None, 3),
        "text",
        False,
    )
    assert endpoint.outputs.kind is SchemaKind.NONE


def test_a_partial_configuration_claims_no_interface_and_no_batch() -> None:
    package = FORMAT.read(_files('backend: "python"'), "m/config.pbtxt")
    assert package.endpoints == ()


def test_the_files_of_the_one_version_are_the_artifacts() -> None:
    files = _files('backend: "python"', **{"3/model.py": b"x", "3/weights.pt": b"yy", "labels.txt": b""})
    package = FORMAT.read(files, "m/config.pbtxt")
    assert package.version == "3"
    assert [(one.path, one.role, one.loader, bool(one.unsafe)) for one in package.artifacts] == [
        ("m/3/model.py", ArtifactRole.CODE, "python", False),
        ("m/3/weights.pt", ArtifactRole.WEIGHTS, "python", True),
    ]
    both = _files('platform: "onnxruntime_onnx"', **{"1/model.onnx": b"", "2/model.onnx": b""})
    assert FORMAT.read(both, "m/config.pbtxt").version == ""


def test_an_ensemble_names_what_it_is_made_of() -> None:
    text = """platform: "ensemble" ensemble_scheduling { step [
        { model_name: "tokenize" model_version: -1 }, { model_name: "classify" model_version: 4 } ] }"""
    package = FORMAT.read(_files(text), "m/config.pbtxt")
    assert package.training.base_models == ("tokenize", "classify 4")


def test_what_does_not_fit_is_told_by_its_field() -> None:
    text = 'name { a: 1 } max_batch_size: -4 input { name: "x" data_type: TYPE_FP99 dims: [ -3 ] } output: 5'
    package = FORMAT.read(_files(text), "m/config.pbtxt")
    assert package.sources[0].warnings == (
        "config.pbtxt: name is a map, text was expected.",
        "config.pbtxt: max_batch_size is “-4”, a whole number from 0 was expected.",
        "config.pbtxt: input[0].data_type is “TYPE_FP99”, which is no type of Triton's.",
        "config.pbtxt: input[0].dims has the dimension “-3”, which is no size.",
        "config.pbtxt: output[0] is a number, a map was expected.",
        "config.pbtxt: output[0].data_type is missing.",
    )


def test_an_empty_file_is_told() -> None:
    with pytest.raises(Unreadable, match=r"m/config\.pbtxt is empty"):
        FORMAT.read(_files("# nothing\n"), "m/config.pbtxt")


@given(broken(_GOOD))
def test_broken_configurations_are_read_or_unreadable(data: bytes) -> None:
    try:
        package = FORMAT.read(MemoryFiles({"m/config.pbtxt": data}), "m/config.pbtxt")
    except Unreadable:
        return
    assert unclean(package) == []
