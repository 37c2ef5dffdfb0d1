"""A small model with a signature, in MLServer's own terms; run by the Python of the MLServer environment."""

from __future__ import annotations

from typing import Any

import numpy as np  # type: ignore[import-not-found]
from mlserver import MLModel  # type: ignore[import-not-found]
from mlserver.codecs import NumpyCodec  # type: ignore[import-not-found]
from mlserver.types import InferenceRequest, InferenceResponse  # type: ignore[import-not-found]


class Churn(MLModel):  # type: ignore[misc]
    """Leaves who has been here for less than two years."""

    async def load(self) -> bool:
        """Nothing to load."""
        return True

    async def predict(self, payload: InferenceRequest) -> Any:
        """One label for each row of the first input."""
        features = NumpyCodec.decode_input(payload.inputs[0])
        labels = (features[:, 0] < 24).astype(np.int64)
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("label", labels)])
