"""A model behind a FastAPI application, as many teams serve theirs; run by the Python of the MLServer environment."""

from __future__ import annotations

from fastapi import FastAPI  # type: ignore[import-not-found]
from pydantic import BaseModel, Field  # type: ignore[import-not-found,unused-ignore]

app = FastAPI(title="churn", version="3")


class Customer(BaseModel):  # type: ignore[misc,unused-ignore]
    """What a caller sends."""

    tenure_months: int = Field(ge=0)
    monthly_fee: float
    segment: str | None = None


class Answer(BaseModel):  # type: ignore[misc,unused-ignore]
    """What comes back."""

    leaves: bool
    score: float = Field(ge=0, le=1)


@app.post("/predict")  # type: ignore[untyped-decorator,unused-ignore]
def predict(customer: Customer) -> Answer:
    """Leaves who has been here for less than two years."""
    return Answer(leaves=customer.tenure_months < 24, score=0.5)
