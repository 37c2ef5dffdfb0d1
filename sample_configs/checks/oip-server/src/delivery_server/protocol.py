"""The messages of the Open Inference Protocol v2 that this server speaks."""

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

MOST_NUMBERS = 100_000


class RefusedError(ValueError):
    """The caller's mistake, in words for the caller."""


class Tensor(BaseModel):
    """An input or an output with its data."""

    name: str
    shape: list[int] = Field(min_length=1, max_length=8)
    datatype: str
    data: list[Any]

    def array(self) -> NDArray[np.float32]:
        """The data as numbers in the shape that the tensor tells. Raises `RefusedError` where they do not fit."""
        if self.datatype != "FP32":
            raise RefusedError(f"input {self.name}: datatype FP32 is expected, not {self.datatype}")
        if any(size < 0 for size in self.shape) or math.prod(self.shape) > MOST_NUMBERS:
            raise RefusedError(f"input {self.name}: shape {self.shape} is not possible here")
        flat = flattened(self.data)
        if len(flat) != math.prod(self.shape):
            raise RefusedError(f"input {self.name}: {len(flat)} numbers do not fill shape {self.shape}")
        if not all(type(number) in (int, float) and abs(number) < 1e30 for number in flat):
            raise RefusedError(f"input {self.name}: only finite numbers are possible")
        return np.asarray(flat, dtype=np.float32).reshape(self.shape)


class Described(BaseModel):
    """An input or an output as the metadata describes it."""

    name: str
    datatype: str
    shape: list[int]


class InferRequest(BaseModel):
    """What a caller sends."""

    id: str | None = None
    parameters: dict[str, Any] | None = None
    inputs: list[Tensor] = Field(min_length=1)
    outputs: list[dict[str, Any]] | None = None


class InferResponse(BaseModel):
    """What comes back."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[Tensor]


class ModelMetadata(BaseModel):
    """What a model takes and gives."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[Described]
    outputs: list[Described]


class ServerMetadata(BaseModel):
    """Who serves."""

    name: str
    version: str
    extensions: list[str]


class Live(BaseModel):
    """The server lives."""

    live: Literal[True] = True


class Ready(BaseModel):
    """The model is loaded."""

    name: str
    ready: Literal[True] = True


def flattened(data: list[Any]) -> list[Any]:
    """Nested rows one after another; the protocol allows both forms."""
    flat: list[Any] = []
    rest = [iter(data)]
    while rest:
        for each in rest[-1]:
            if isinstance(each, list):
                rest.append(iter(each))
                break
            flat.append(each)
        else:
            rest.pop()
    return flat
