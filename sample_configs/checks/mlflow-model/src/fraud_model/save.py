"""Writes the model as MLflow serves it: python -m fraud_model.save FOLDER."""

import sys
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema

HERE = Path(__file__).parent
INPUTS = Schema([
    ColSpec(DataType.double, "amount"),
    ColSpec(DataType.long, "hour"),
    ColSpec(DataType.boolean, "foreign"),
])  # fmt: skip
OUTPUTS = Schema([ColSpec(DataType.double, "probability"), ColSpec(DataType.boolean, "stop")])


def save(folder: Path) -> None:
    """The model with its signature, an example and its code."""
    mlflow.pyfunc.save_model(
        folder,
        python_model=str(HERE / "pyfunc.py"),
        code_paths=[str(HERE)],
        signature=ModelSignature(inputs=INPUTS, outputs=OUTPUTS),
        input_example=pd.DataFrame({"amount": [42.5], "hour": [23], "foreign": [True]}),
        pip_requirements=["mlflow-skinny", "numpy", "pandas"],
        metadata={"version": "2.1.0"},
    )


if __name__ == "__main__":
    save(Path(sys.argv[1]))
