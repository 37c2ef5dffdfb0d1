"""The model behind the endpoint: a linear one, whose numbers are read from a file and not from a pickle."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WEIGHTS = Path(__file__).with_name("weights.json")


@dataclass(frozen=True, slots=True)
class Model:
    """Minutes from the distance in kilometres, the number of items, and whether it rains (0 or 1)."""

    version: str
    features: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: np.float32

    def minutes(self, table: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of each row; a row is the model's `features`. Shape (n, features) to shape (n,)."""
        found: NDArray[np.float32] = np.maximum(table @ self.weights + self.bias, np.float32(0))
        return found


def load(file: Path = WEIGHTS) -> Model:
    """The model of a file."""
    told = json.loads(file.read_text(encoding="utf-8"))
    weights = np.asarray(told["weights"], dtype=np.float32)
    return Model(told["version"], tuple(told["features"]), weights, np.float32(told["bias"]))
