from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import ArtifactRole
from mlcd_tui.domain.schema import Endpoint, Extras, SchemaKind
from mlcd_tui.packages.formats.mlflow import FORMAT
from tests.packages.formats.hostile import broken, unclean
from tests.packages.memory_files import MemoryFiles, from_folder

_FIXTURE = Path(__file__).parents[2] / "fixtures" / "packages" / "mlflow" / "churn-model"
_GOOD = (_FIXTURE / "MLmodel").read_bytes()


def _endpoint(inputs: Any = None, outputs: Any = None, params: Any = None) -> tuple[Endpoint, tuple[str, ...]]:
    signature = {
        key: json.dumps(value) for key, value in (("inputs", inputs), ("outputs", outputs), ("params", params)) if value
    }
    document = json.dumps({"flavors": {}, "signature": signature}).encode()
    package = FORMAT.read(MemoryFiles({"MLmodel": document}), "MLmodel")
    return (package.endpoints or (Endpoint(),))[0], package.sources[0].warnings


def test_the_fixture_tells_its_signature_as_mlflow_enforces_it() -> None:
    files = from_folder(_FIXTURE.parent)
    path = "churn-model/MLmodel"
    assert FORMAT.find(files) == (path,)
    endpoint = FORMAT.read(files, path).endpoints[0]
    assert [(one.name, one.dtype, one.raw, one.required) for one in endpoint.inputs.fields] == [
        ("tenure_months", "int64", "long", True),
        ("monthly_fee", "float64", "double", True),
        ("support_calls", "int64", "long", True),
        ("usage_ratio", "float32", "float", True),
    ]
    assert (endpoint.inputs.kind, endpoint.inputs.named, endpoint.inputs.extras) == (
        SchemaKind.COLUMNS,
        True,
        Extras.IGNORE,
    )
    assert (endpoint.outputs.kind, endpoint.outputs.named) == (SchemaKind.TENSORS, False)
    assert [(one.dtype, one.shape) for one in endpoint.outputs.fields] == [("int64", (None,))]
    threshold = endpoint.params.fields[0]
    assert (threshold.name, threshold.default, threshold.has_default, threshold.required) == (
        "threshold",
        0.5,
        True,
        False,
    )
    assert endpoint.coerce == "mlflow"


def test_the_fixture_tells_its_files_and_its_origin() -> None:
    package = FORMAT.read(from_folder(_FIXTURE.parent), "churn-model/MLmodel")
    assert package.created == datetime(2026, 11, 24, 3, 13, 24, 428940, UTC)
    weights = [one for one in package.artifacts if one.role is ArtifactRole.WEIGHTS]
    assert [(one.path, one.format, one.size, one.loader, one.unsafe) for one in weights] == [
        ("churn-model/model.skops", "skops", 26400, "mlflow.sklearn", "")
    ]
    examples = [one.path for one in package.artifacts if one.role is ArtifactRole.EXAMPLE]
    assert examples == ["churn-model/input_example.json", "churn-model/serving_input_example.json"]
    assert dict(package.training.environment) == {"python": "3.11.7", "sklearn": "1.9.1", "mlflow": "3.17.2"}
    assert package.training.revision == "4be1f0c"
    assert package.training.datasets[0].name == "churn-2026q3"
    assert [(one.name, one.version) for one in package.dependencies] == [
        ("mlflow", "3.17.2"),
        ("scikit-learn", ""),
        ("pandas", ""),
    ]
    assert ("owner", "risk-ml") in package.tags
    source = package.sources[0]
    assert (source.rank, source.warnings, source.text[0]) == (50, (), "flavors:")
    assert source.digest.startswith("sha256:63fc1e57")


def test_pickled_flavors_and_shipped_code_are_flagged_and_never_opened() -> None:
    document = b"""flavors:
  python_function: {loader_module: mlflow.pyfunc.model, python_model: python_model, code: code}
  sklearn: {pickled_model: deep/model.dat, serialization_format: cloudpickle}
  evil: {data: ../../etc/passwd, model_path: /etc/shadow}
"""
    names = {"deep/model.dat": b"x", "code/net.py": b"x", "model.pkl": b"x"}
    files = MemoryFiles({"MLmodel": document, **names, "rest/run.json": b"{}"})
    artifacts = {str(one.path): one for one in FORMAT.read(files, "MLmodel").artifacts}
    assert artifacts["deep/model.dat"].unsafe == "pickle runs code when loaded"
    assert artifacts["code/net.py"].unsafe == "code that runs when the model is loaded"
    assert artifacts["model.pkl"].unsafe == "pickle runs code when loaded"
    assert (artifacts["python_model"].role, artifacts["python_model"].size) == (ArtifactRole.WEIGHTS, None)
    assert not any("etc" in path or "rest" in path for path in artifacts)
    assert [path for path, _, _ in files.reads] == ["MLmodel"]


def test_composite_columns_keep_what_they_hold() -> None:
    inner = {
        "type": "object",
        "properties": {"b": {"type": "string", "required": False}, "a": {"type": "long", "required": True}},
    }
    endpoint, warnings = _endpoint(
        [
            {"type": "array", "items": inner, "name": "events", "required": True},
            {"type": "map", "values": {"type": "double"}, "name": "weights", "required": False},
            {"type": "any", "name": "rest", "required": True},
        ]
    )
    events, weights, rest = endpoint.inputs.fields
    assert [(one.name, one.dtype, one.required) for one in events.children[0].children] == [
        ("b", "string", False),
        ("a", "int64", True),
    ]
    assert (weights.dtype, weights.required, weights.children[0].dtype) == ("map", False, "float64")
    assert rest.dtype == "any"
    assert warnings == ()


def test_columns_without_names_are_known_by_their_place() -> None:
    endpoint, _ = _endpoint([{"type": "double", "required": True}, {"type": "double", "required": True}])
    assert endpoint.inputs.named is False
    named, _ = _endpoint([{"name": "x", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 28, 28]}}])
    assert (named.inputs.kind, named.inputs.named) == (SchemaKind.TENSORS, True)
    assert named.inputs.fields[0].shape == (None, 28, 28)


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        ({"inputs": "[{"}, "signature.inputs is not used: MLmodel: signature.inputs is not valid JSON"),
        ({"inputs": "[" * 100}, "nesting is deeper than 64"),
        ({"inputs": '{"a": 1}'}, "signature.inputs is a map, a list was expected"),
        ({"inputs": json.dumps([{}] * 30_000)}, "30,000 entries"),
        ({"inputs": 7}, "signature.inputs is a number"),
        ([1], "signature is a list, a map was expected"),
    ],
)
def test_a_signature_that_cannot_be_used_is_told_and_claims_nothing(signature: Any, reason: str) -> None:
    document = json.dumps({"flavors": {}, "signature": signature}).encode()
    package = FORMAT.read(MemoryFiles({"MLmodel": document}), "MLmodel")
    assert package.endpoints == ()
    assert reason in " ".join(package.sources[0].warnings)


def test_a_column_of_unknown_type_stays_and_is_told() -> None:
    endpoint, warnings = _endpoint([{"name": "a", "type": "quantum"}, 7])
    assert [(one.name, one.dtype, one.raw) for one in endpoint.inputs.fields] == [
        ("a", "any", "quantum"),
        ("", "any", ""),
    ]
    assert "signature.inputs[0].type is “quantum”" in warnings[1]


@pytest.mark.parametrize("data", [b"", b"a: 1", b"flavors: 3", b"[1]", b"- flavors"])
def test_what_is_no_model_is_told(data: bytes) -> None:
    with pytest.raises(Unreadable, match="m/MLmodel is no MLflow model: flavors is missing"):
        FORMAT.read(MemoryFiles({"m/MLmodel": data}), "m/MLmodel")


def test_requirements_of_all_three_files_are_joined() -> None:
    files = MemoryFiles(
        {
            "MLmodel": b"flavors: {}",
            "conda.yaml": b"dependencies: [python=3.10, conda-forge::cudatoolkit=11.8, pip, {pip: [old==1]}]",
            "requirements.txt": b"# pins\n-r other.txt\ntorch[cuda]==2.1.0+cu118 ; python_version > '3'\nnumpy >=1.2,<2\n\nA==1\n",
        }
    )
    package = FORMAT.read(files, "MLmodel")
    assert [(one.name, one.version, one.ecosystem) for one in package.dependencies] == [
        ("torch", "2.1.0+cu118", "pypi"),
        ("numpy", ">=1.2,<2", "pypi"),
        ("A", "1", "pypi"),
        ("cudatoolkit", "11.8", "conda"),
    ]
    assert package.training.environment == (("python", "3.10"),)


def test_a_damaged_companion_leaves_the_model_readable() -> None:
    files = MemoryFiles({"MLmodel": _GOOD, "conda.yaml": b"a: &b [*b]", "requirements.txt": b"\xff\xfe"})
    package = FORMAT.read(files, "MLmodel")
    assert package.endpoints[0].declared
    assert "conda.yaml cannot be used" in package.sources[0].warnings[0]


@given(broken(_GOOD))
def test_broken_models_are_read_or_unreadable(data: bytes) -> None:
    try:
        package = FORMAT.read(MemoryFiles({"MLmodel": data, "model.skops": b""}), "MLmodel")
    except Unreadable:
        return
    assert unclean(package) == []


@given(broken(json.dumps([{"type": "array", "items": {"type": "long"}, "name": "a"}]).encode()))
def test_broken_signatures_never_break_the_model(data: bytes) -> None:
    document = json.dumps({"flavors": {}, "signature": {"inputs": data.decode("latin-1")}}).encode()
    try:
        package = FORMAT.read(MemoryFiles({"MLmodel": document}), "MLmodel")
    except Unreadable:
        return  # YAML forbids some characters that JSON may escape
    assert unclean(package) == []


@given(broken((_FIXTURE / "conda.yaml").read_bytes()), broken((_FIXTURE / "requirements.txt").read_bytes()))
def test_broken_companions_never_break_the_model(conda: bytes, requirements: bytes) -> None:
    files = MemoryFiles(
        {"MLmodel": _GOOD, "conda.yaml": conda, "python_env.yaml": conda, "requirements.txt": requirements}
    )
    assert unclean(FORMAT.read(files, "MLmodel")) == []
