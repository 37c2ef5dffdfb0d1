from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Direction, ModelPackage, Split
from mlcd_tui.packages.formats.mlflow_registry import FORMAT
from tests.packages.formats.hostile import broken, unclean
from tests.packages.memory_files import MemoryFiles, from_folder

_FIXTURE = Path(__file__).parents[2] / "fixtures" / "packages" / "mlflow" / "rest"
_RUN = (_FIXTURE / "runs-get.json").read_bytes()
_ALL = {
    "rest/model-version.json": (_FIXTURE / "model-versions-get.json").read_bytes(),
    "rest/registered-model.json": (_FIXTURE / "registered-models-get.json").read_bytes(),
    "rest/run.json": _RUN,
    "rest/logged-model.json": (_FIXTURE / "logged-model.json").read_bytes(),
}


def _read(document: Any, path: str = "rest/run.json", others: Any = None) -> ModelPackage:
    contents = {path: json.dumps(document).encode()}
    contents |= {f"rest/{name}.json": json.dumps(value).encode() for name, value in (others or {}).items()}
    return FORMAT.read(MemoryFiles(contents), path)


def _tags(**tags: str) -> list[dict[str, str]]:
    return [{"key": key.replace("__", "."), "value": value} for key, value in tags.items()]


def test_the_real_answers_are_found_by_name_and_beginning() -> None:
    files = MemoryFiles(_ALL | {"conf/run.json": b'{"steps": []}', "other.json": _RUN})
    assert FORMAT.find(files) == tuple(_ALL)
    assert len(FORMAT.find(from_folder(_FIXTURE))) == 4


def test_a_version_tells_what_is_registered() -> None:
    package = FORMAT.read(MemoryFiles(_ALL), "rest/model-version.json")
    assert (package.name, package.version, package.status) == ("churn-model", "1", "READY")
    assert package.aliases == ("champion",)
    assert package.description == "First candidate"
    assert package.created == datetime(2026, 11, 24, 3, 17, 45, 386000, UTC)
    assert package.training.run_id == "fdbb18c092b741e7987d672db6a56389"
    assert package.tags == (("validation", "passed"),)
    assert (package.sources[0].rank, package.sources[0].digest) == (70, "")


def test_a_run_tells_who_trained_it_on_what_and_how_good_it_is() -> None:
    package = FORMAT.read(MemoryFiles(_ALL), "rest/run.json")
    training = package.training
    assert (training.author, training.revision) == ("root", "4be1f0c2aa0d4c7e9b1d6f3a2b5c8d7e6f5a4b3c")
    assert training.entry_point == "reg.py"
    assert training.started == datetime(2026, 11, 24, 3, 17, 24, 432000, UTC)
    assert training.finished == datetime(2026, 11, 24, 3, 17, 45, 494000, UTC)
    assert training.parameters == (("C", "1.0"), ("solver", "lbfgs"))
    dataset = training.datasets[0]
    assert (dataset.name, dataset.digest, dataset.rows, dataset.split) == ("churn-2026q3", "114e80cd", 50, Split.TRAIN)
    assert dataset.uri == "s3://acme-data/churn/2026q3.parquet"
    assert [(one.name, one.dtype) for one in dataset.schema.fields] == [
        ("tenure_months", "int64"),
        ("monthly_fee", "float64"),
        ("churn", "int64"),
    ]
    assert [(one.name, one.value, one.direction) for one in package.metrics] == [
        ("roc_auc", 0.912, Direction.UNKNOWN),
        ("f1", 0.71, Direction.UNKNOWN),
    ]
    assert package.sources[0].warnings == ()


def test_a_direction_is_only_ever_declared() -> None:
    metrics = [{"key": name, "value": 1.0} for name in ("auc", "loss", "rmse")]
    run = {"run": {"info": {}, "data": {"metrics": metrics, "tags": _tags(**{"mlcd.dev/direction.auc": "higher"})}}}
    model = {
        "registered_model": {
            "name": "m",
            "tags": _tags(**{"mlcd.dev/direction.loss": "lower", "mlcd.dev/noise.loss": "0.01"}),
        }
    }
    version = {"model_version": {"name": "m", "tags": _tags(**{"mlcd.dev/direction.rmse": "down"})}}
    package = _read(run, others={"registered-model": model, "model-version": version})
    assert [(one.name, one.direction, one.noise) for one in package.metrics] == [
        ("auc", Direction.HIGHER, None),
        ("loss", Direction.LOWER, 0.01),
        ("rmse", Direction.UNKNOWN, None),
    ]


def test_the_last_value_of_a_metric_counts_and_no_number_stays_text() -> None:
    metrics = [
        {"key": "loss", "value": 0.5, "step": 2, "timestamp": 20},
        {"key": "loss", "value": 0.9, "step": 1, "timestamp": 30},
        {"key": "loss", "value": 0.4, "step": 2, "timestamp": 21},
        {"key": "gap", "value": "NaN"},
        {"key": "system/cpu", "value": 3},
    ]
    package = _read({"run": {"data": {"metrics": metrics}}})
    assert [(one.name, one.value, one.raw) for one in package.metrics] == [("loss", 0.4, ""), ("gap", None, "NaN")]


def test_the_image_of_a_version_is_taken_from_its_tag() -> None:
    digest = f"sha256:{'a' * 64}"
    version = {
        "model_version": {
            "name": "m",
            "version": 7,
            "tags": _tags(**{"mlcd.dev/image-digest": digest, "license": "MIT"}),
        }
    }
    package = _read(version, "rest/model-version.json")
    assert (package.images, package.licences, package.version) == ((digest,), ("MIT",), "7")


def test_what_does_not_fit_is_told_by_its_field() -> None:
    run = {
        "run": {
            "info": {"start_time": "soon"},
            "data": {"metrics": {"a": 1}},
            "inputs": {"dataset_inputs": [{"dataset": {"name": "d", "profile": "{", "source": "[1]"}}]},
        }
    }
    warnings = _read(run).sources[0].warnings
    assert [text.partition(" ")[2].partition(":")[0] for text in warnings] == [
        "run.inputs.dataset_inputs[0].dataset.profile is not used",
        "run.data.metrics is a map, a list was expected.",
        "run.info.start_time is “soon”, a time was expected.",
    ]


@pytest.mark.parametrize("data", [b"{}", b"[]", b'{"run": 3}', b"null"])
def test_another_document_is_told(data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"rest/run\.json is no answer of an MLflow server"):
        FORMAT.read(MemoryFiles({"rest/run.json": data}), "rest/run.json")


@given(st.sampled_from(sorted(_ALL)).flatmap(lambda path: st.tuples(st.just(path), broken(_ALL[path]))))
def test_broken_answers_are_read_or_unreadable(case: tuple[str, bytes]) -> None:
    path, data = case
    files = MemoryFiles(_ALL | {path: data})
    FORMAT.find(files)
    for one in _ALL:
        try:
            package = FORMAT.read(files, one)
        except Unreadable:
            assert one == path
        else:
            assert unclean(package) == []


_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["key", "value", "dataset", "tags", "name", "schema"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["info", "data", "inputs", "name", "tags", "aliases", "version"]),
        st.dictionaries(
            st.sampled_from(["metrics", "params", "tags", "dataset_inputs", "start_time", "run_id"]), _VALUE
        )
        | _VALUE,
    ),
    st.sampled_from(["run", "model", "model_version", "registered_model"]),
)
def test_answers_of_the_wrong_shape_are_read_with_warnings(document: Any, kind: str) -> None:
    assert unclean(_read({kind: document})) == []
