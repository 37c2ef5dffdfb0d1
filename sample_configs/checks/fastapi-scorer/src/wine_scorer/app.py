"""The endpoint: POST /predict."""

import os
from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from wine_scorer.model import FEATURES, Scorer

VERSION = "1.4.0"
Amount = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class Wine(BaseModel):
    """What the laboratory measured."""

    model_config = ConfigDict(extra="forbid", strict=True)
    alcohol: Amount = Field(examples=[13.2])
    flavanoids: Amount = Field(examples=[2.76])
    color_intensity: Amount = Field(examples=[4.38])
    proline: Amount = Field(examples=[1050.0])


class Wines(BaseModel):
    """A request: at most a thousand wines."""

    model_config = ConfigDict(extra="forbid")
    wines: Annotated[list[Wine], Field(min_length=1, max_length=1000)]


class Grower(BaseModel):
    """The answer for one wine."""

    grower: str
    probabilities: dict[str, Share]


class Growers(BaseModel):
    """The answer: one grower for each wine, in the same order."""

    predictions: list[Grower]
    version: str


class Health(BaseModel):
    """Whether the model is loaded."""

    status: str


app = FastAPI(title="wine-scorer", version=VERSION)


@cache
def scorer() -> Scorer:
    """The model, loaded once."""
    return Scorer(Path(os.environ["WINE_MODEL"]))


@app.exception_handler(RequestValidationError)
async def refuse(_: Request, error: RequestValidationError) -> JSONResponse:
    """What is wrong and where, without the input: a NaN in it could not be answered as JSON, and would be a 500."""
    told = [{"loc": each["loc"], "msg": each["msg"], "type": each["type"]} for each in error.errors()]
    return JSONResponse({"detail": told}, status_code=422)


@app.get("/health")
def health() -> Health:
    """Ready once the model is loaded."""
    scorer()
    return Health(status="ok")


@app.post("/predict")
def predict(wines: Wines) -> Growers:
    """The grower of each wine."""
    rows = [[getattr(wine, feature) for feature in FEATURES] for wine in wines.wines]
    found = scorer().predict(rows)
    growers = [Grower(grower=each.grower, probabilities=each.probabilities) for each in found]
    return Growers(predictions=growers, version=VERSION)
