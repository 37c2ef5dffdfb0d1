from pathlib import Path

import mlflow
import pandas as pd
import pytest

from fraud_model.save import save

PAYMENTS = pd.DataFrame({"amount": [12.0, 4200.0], "hour": [14, 3], "foreign": [False, True]})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into: Path = tmp_path_factory.mktemp("saved") / "model"
    save(into)
    return into


def test_the_saved_model_answers_as_its_signature_says(folder: Path) -> None:
    model = mlflow.pyfunc.load_model(str(folder))
    found = model.predict(PAYMENTS)
    assert list(found.columns) == model.metadata.get_output_schema().input_names()
    assert list(found["stop"]) == [False, True]


def test_a_missing_column_is_refused(folder: Path) -> None:
    model = mlflow.pyfunc.load_model(str(folder))
    with pytest.raises(mlflow.exceptions.MlflowException, match="missing inputs"):
        model.predict(PAYMENTS.drop(columns="hour"))
