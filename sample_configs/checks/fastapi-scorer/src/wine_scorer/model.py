"""The model behind the endpoint, and nothing of HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np

FEATURES = ("alcohol", "flavanoids", "color_intensity", "proline")
"""In the order in which the model takes them."""
GROWERS = ("Aldo", "Bruna", "Carlo")


@dataclass(frozen=True, slots=True)
class Prediction:
    """The most probable grower, and how probable each is."""

    grower: str
    probabilities: dict[str, float]


class Scorer:
    """A trained pipeline."""

    def __init__(self, file: Path) -> None:
        """Load the pipeline that `train` wrote."""
        self._pipeline: Any = joblib.load(file)

    def predict(self, wines: Sequence[Sequence[float]]) -> list[Prediction]:
        """One prediction for each wine; a wine is its `FEATURES`."""
        table = np.asarray(wines, dtype=np.float64)
        growers = [str(grower) for grower in self._pipeline.classes_]
        found = []
        for row in self._pipeline.predict_proba(table):
            probabilities = dict(zip(growers, map(float, row), strict=True))
            found.append(Prediction(max(probabilities, key=probabilities.__getitem__), probabilities))
        return found
