"""The model as MLflow loads it, from this code and not from a pickle."""

from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

from fraud_model.score import probabilities

THRESHOLD = 0.5


class Fraud(PythonModel):
    """One row for each payment: its probability, and whether it is stopped."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """The answer, in the order of the payments."""
        found = probabilities(model_input)
        return pd.DataFrame({"probability": found, "stop": found >= THRESHOLD})


set_model(Fraud())
