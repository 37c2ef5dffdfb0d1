"""Packages of a real MLflow server: models that its own client logged, pushed and registered."""

from __future__ import annotations

import secrets
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlcd_tui.domain.compatibility import compare
from mlcd_tui.domain.completeness import lacks
from mlcd_tui.domain.errors import BadConfig, Missing, Unauthenticated, Unreachable
from mlcd_tui.domain.package import ArtifactRole, Direction, ModelPackage, Split
from mlcd_tui.domain.package_diff import diff
from mlcd_tui.domain.package_ports import Reach
from mlcd_tui.domain.schema import Schema, SchemaKind
from mlcd_tui.domain.verdict import Judgement, Section, Verdict
from mlcd_tui.packages.library import Library
from mlcd_tui.packages.sources.mlflow_server import versions_with_image
from tests.e2e.mlflow.server import USER, MlflowServer, Registered, Registration, mlflow_server

SERVING_IMAGE = f"sha256:{secrets.token_hex(32)}"
CANDIDATE_IMAGE = f"sha256:{secrets.token_hex(32)}"
COMMIT = "4be1f0c2aa0d4c7e9b1d6f3a2b5c8d7e6f5a4b3c"


@dataclass(frozen=True, slots=True)
class Churn:
    """Two registered versions of one model: the one that serves, and one that wants a further column."""

    name: str
    reach: Reach
    serving: Registered
    candidate: Registered

    def read(self, told: str) -> ModelPackage:
        """The package `mlflow:NAME` with `told` behind it."""
        return Library(self.reach).read(f"mlflow:{self.name}{told}")


@pytest.fixture(scope="module")
def churn(mlflow: MlflowServer) -> Churn:
    name = f"churn-{secrets.token_hex(3)}"
    serving, candidate = mlflow.register(
        Registration(name, aliases=("champion",), image_digest=SERVING_IMAGE, commit=COMMIT),
        Registration(
            name,
            aliases=("challenger", "next"),
            image_digest=CANDIDATE_IMAGE,
            extra_columns=("usage_ratio",),
            regularisation=0.5,
            metrics={"roc_auc": 0.931, "f1": 0.7},
            dataset="churn-2026q4",
        ),
    )
    return Churn(name, Reach(mlflow=mlflow.address), serving, candidate)


def _columns(schema: Schema) -> list[tuple[str, str, bool]]:
    return [(field.name, field.dtype, field.required) for field in schema.fields]


def test_what_was_registered_is_read_by_its_alias(churn: Churn) -> None:
    package = churn.read("@champion")
    assert (package.name, package.version, package.aliases) == (churn.name, "1", ("champion",))
    assert package.description == "Leaves within a month?"
    assert ("owner", "risk-ml") in package.tags
    assert any(image.endswith(SERVING_IMAGE) for image in package.images)
    assert {(d.name, d.version) for d in package.dependencies} >= {("scikit-learn", "1.9.1"), ("pandas", "3.1.1")}
    assert package.created is not None
    weights = [artifact for artifact in package.artifacts if artifact.role is ArtifactRole.WEIGHTS]
    assert [(each.path, each.format, each.loader) for each in weights] == [("model.skops", "skops", "mlflow.sklearn")]
    assert (weights[0].size or 0) > 5_000
    assert [lack for lack in lacks(package) if lack.required] == []
    assert package.contradictions == ()


def test_how_it_was_trained(churn: Churn) -> None:
    package = churn.read("@champion")
    training = package.training
    assert (training.run_id, training.author, training.revision) == (churn.serving.run_id, USER, COMMIT)
    assert training.code_uri == "https://git.example/ml/churn.git"
    assert training.entry_point.endswith("train.py")
    assert dict(training.parameters) == {"C": "1.0", "solver": "lbfgs"}
    assert training.started is not None
    assert training.finished is not None
    assert training.started <= training.finished
    data, holdout = sorted(training.datasets, key=lambda each: each.name)
    assert (holdout.name, holdout.uri) == ("churn-holdout", "s3://acme-data/churn/holdout.parquet")
    assert (data.name, data.split, data.rows) == ("churn-2026q3", Split.TRAIN, 50)
    assert data.uri == "s3://acme-data/churn/churn-2026q3.parquet"
    assert len(data.digest) == 8
    assert [field.name for field in data.schema.fields] == ["tenure_months", "monthly_fee", "churn"]
    assert sorted((each.name, each.dataset, each.value, each.direction) for each in package.metrics) == [
        ("f1", "churn-holdout", 0.71, Direction.UNKNOWN),
        ("roc_auc", "churn-holdout", 0.912, Direction.HIGHER),
    ]
    assert not any(artifact.path.startswith("rest/") for artifact in package.artifacts)


def test_what_goes_in_and_comes_out(churn: Churn) -> None:
    endpoint = churn.read("@champion").endpoints[0]
    assert _columns(endpoint.inputs) == [("tenure_months", "int64", True), ("monthly_fee", "float64", True)]
    assert endpoint.outputs.kind is SchemaKind.TENSORS
    (threshold,) = endpoint.params.fields
    assert (threshold.name, threshold.has_default, threshold.default) == ("threshold", True, 0.5)


def test_all_ways_of_naming_a_version_lead_to_it(churn: Churn, mlflow: MlflowServer) -> None:
    library, name = Library(churn.reach), churn.name
    named = {
        f"mlflow:{name}/2": "2",
        f"mlflow:{name}": "2",
        f"models:/{name}/latest": "2",
        f"models:/{name}@champion": "1",
        f"models:/{name}/1": "1",
        f"mlflow+{mlflow.address}#{name}@next": "2",
    }
    assert {address: library.read(address).version for address in named} == named
    logged = library.read(f"models:/{churn.serving.model_id}")
    assert logged.training.run_id == churn.serving.run_id
    assert _columns(logged.endpoints[0].inputs) == _columns(churn.read("/1").endpoints[0].inputs)


def test_a_candidate_with_a_further_required_column_breaks_callers(churn: Churn) -> None:
    found = compare(churn.read("@champion"), churn.read("@challenger"))
    assert found.verdict is Verdict.BREAKING
    assert any("usage_ratio" in str(finding) for finding in found.findings)


def test_a_better_metric_and_other_data_are_told(churn: Churn) -> None:
    found = diff(churn.read("@champion"), churn.read("@challenger")).differences

    def told(section: Section) -> list[tuple[str, str, str, Judgement]]:
        return [(one.label, one.before, one.after, one.judgement) for one in found if one.section is section]

    assert told(Section.PARAMETERS) == [("C", "1.0", "0.5", Judgement.CHANGED)]
    assert sorted(told(Section.METRICS)) == [
        ("f1 (churn-holdout)", "0.71", "0.7", Judgement.CHANGED),  # nobody declared which way it is better
        ("roc_auc (churn-holdout)", "0.912", "0.931", Judgement.BETTER),
    ]
    assert any("churn-2026q4" in f"{label} {after}" for label, _, after, _ in told(Section.DATA))


def test_the_running_image_leads_to_its_version(churn: Churn) -> None:
    (entry,) = versions_with_image(CANDIDATE_IMAGE, churn.reach)
    assert (entry.address, entry.version) == (f"mlflow:{churn.name}/2", "2")
    assert Library(churn.reach).read(entry.address).training.run_id == churn.candidate.run_id
    assert versions_with_image(f"sha256:{secrets.token_hex(32)}", churn.reach) == ()


def test_the_registry_and_a_models_versions_are_listed(churn: Churn) -> None:
    library = Library(churn.reach)
    (line,) = [entry for entry in library.list("mlflow:") if entry.name == churn.name]
    assert (line.version, line.author, line.status) == ("2", "risk-ml", "ready")
    assert set(line.aliases) == {"challenger", "next", "champion→1"}
    versions = list(library.list(f"mlflow:{churn.name}"))
    assert [(each.version, set(each.aliases)) for each in versions] == [
        ("2", {"challenger", "next"}),
        ("1", {"champion"}),
    ]


def test_weights_of_gigabytes_cost_nothing(churn: Churn, mlflow: MlflowServer) -> None:
    weights = [path for path in mlflow.folder.rglob("model.skops") if churn.candidate.model_id in path.parts]
    size = weights[0].stat().st_size
    with weights[0].open("r+b") as file:
        file.truncate(3 * 1024**3)  # sparse
    try:
        package = churn.read("@challenger")
    finally:
        with weights[0].open("r+b") as file:
            file.truncate(size)
    (artifact,) = [each for each in package.artifacts if each.path == "model.skops"]
    assert artifact.size == 3 * 1024**3
    assert package.endpoints[0].declared


def test_a_version_whose_files_are_gone_still_tells_of_its_training(mlflow: MlflowServer) -> None:
    name = f"gone-{secrets.token_hex(3)}"
    (registered,) = mlflow.register(Registration(name))
    shutil.rmtree(next(mlflow.folder.rglob(registered.model_id)))
    package = Library(Reach(mlflow=mlflow.address)).read(f"mlflow:{name}/1")
    assert package.training.run_id == registered.run_id
    assert package.endpoints == () or not package.endpoints[0].declared


@pytest.mark.parametrize(
    ("told", "error", "words"),
    [
        ("/99", Missing, "version=99"),
        ("@nobody", Missing, "no alias nobody"),
        ("-unknown", Missing, "has no version of"),
        ("/Production", BadConfig, "names no version"),
    ],
)
def test_what_is_not_there_is_told(churn: Churn, told: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        churn.read(told)


def test_a_server_that_is_down_is_told(churn: Churn) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(Unreachable, match="refused"):
            Library(Reach(mlflow=address)).read(f"mlflow:{churn.name}/1")


def test_a_server_with_logins_takes_those_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    password = secrets.token_hex(8)
    with mlflow_server(tmp_path, password) as server:
        library = Library(Reach(mlflow=server.address))
        with pytest.raises(Unauthenticated, match="does not accept the credentials"):
            list(library.list("mlflow:"))
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", password)
        assert list(library.list("mlflow:")) == []
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "another")
        with pytest.raises(Unauthenticated):
            list(library.list("mlflow:"))
