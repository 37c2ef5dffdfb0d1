"""Trains, logs and registers models with MLflow's own client; run by the Python of the MLflow environment.

Reads a JSON list of models from standard input (see `Registration` in server.py), writes what became of them as JSON.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

import mlflow  # type: ignore[import-not-found]
import numpy as np  # type: ignore[import-not-found]
import pandas as pd  # type: ignore[import-untyped]
from mlflow.models import infer_signature  # type: ignore[import-not-found]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-not-found]

_ROWS = 50


def _data(columns: list[str]) -> Any:
    generator = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "tenure_months": generator.integers(1, 72, _ROWS),
            "monthly_fee": generator.uniform(5, 99, _ROWS).round(2),
            **{name: generator.uniform(0, 1, _ROWS) for name in columns},
        }
    )
    return frame.assign(churn=(frame["tenure_months"] < 24).astype("int64"))


def _logged(model: dict[str, Any]) -> tuple[str, str]:
    """One training run with all that MLflow can keep of it: the ids of the run and of the logged model."""
    frame = _data(model["extra_columns"])
    inputs = frame.drop(columns="churn")
    mlflow.set_experiment(f"{model['name']}-training")
    tags = {
        "mlflow.source.git.commit": model["commit"],
        "mlflow.source.git.repoURL": "https://git.example/ml/churn.git",
        "mlflow.source.git.branch": "main",
    }
    with mlflow.start_run(run_name=f"train-{model['name']}", tags=tags) as run:
        source = f"s3://acme-data/churn/{model['dataset']}.parquet"
        data = mlflow.data.from_pandas(frame, source=source, name=model["dataset"], targets="churn")
        mlflow.log_input(data, context="training")
        mlflow.log_params({"C": model["regularisation"], "solver": "lbfgs"})
        fitted = LogisticRegression(C=model["regularisation"], max_iter=500).fit(inputs, frame["churn"])
        logged = mlflow.sklearn.log_model(
            fitted,
            name="model",
            signature=infer_signature(inputs, fitted.predict(inputs), params={"threshold": 0.5}),
            input_example=inputs.head(2),
            metadata={"training_commit": model["commit"]},
            pip_requirements=["scikit-learn==1.9.1", "pandas==3.1.1"],
        )
        holdout = mlflow.data.from_pandas(
            _data([]), source="s3://acme-data/churn/holdout.parquet", name=model["measured_on"]
        )
        mlflow.log_metrics(model["metrics"], model_id=logged.model_id, dataset=holdout)
    return run.info.run_id, logged.model_id


def _register(client: Any, model: dict[str, Any]) -> dict[str, Any]:
    run_id, model_id = _logged(model)
    version = mlflow.register_model(f"models:/{model_id}", model["name"]).version
    client.set_registered_model_tag(model["name"], "owner", model["owner"])
    client.update_model_version(model["name"], version, description=model["description"])
    if model["image_digest"]:
        client.set_model_version_tag(model["name"], version, "mlcd.dev/image-digest", model["image_digest"])
    for metric, direction in model["directions"].items():
        client.set_model_version_tag(model["name"], version, f"mlcd.dev/direction.{metric}", direction)
    for alias in model["aliases"]:
        client.set_registered_model_alias(model["name"], alias, version)
    return {"name": model["name"], "version": str(version), "run_id": run_id, "model_id": model_id}


def _fill(client: Any, prefix: str, count: int) -> None:
    """Many registered models of one version each, with owner, tag and alias, as a registry of a large house has them."""
    for number in range(count):
        name = f"{prefix}-{number:04d}"
        client.create_registered_model(name, tags={"owner": f"team-{number % 20}"}, description=f"model {number}")
        client.create_model_version(name, source=f"s3://acme-models/{name}", tags={"stage": "live"})
        client.set_registered_model_alias(name, "champion", "1")


def main() -> None:
    """Register what standard input asks for at the server that the first argument names."""
    mlflow.set_tracking_uri(sys.argv[1])
    client = mlflow.MlflowClient()
    asked = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):  # the client tells there where a run can be seen
        _fill(client, asked["prefix"], asked["fill"])
        done = [_register(client, model) for model in asked["models"]]
    json.dump(done, sys.stdout)


if __name__ == "__main__":
    main()
