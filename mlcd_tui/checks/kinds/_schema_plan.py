"""The part of a plan that says what is asked of the endpoints."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from mlcd_tui.checks.kinds._bad_inputs import ROWS
from mlcd_tui.checks.kinds._snapshot_plan import Route
from mlcd_tui.checks.plan_model import BesidePlan, Bytes, Part, Reason, Seconds, ServingPart

_Model = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$")]


class SourcePart(Part):
    """Where the contract is told: exactly one of them."""

    openapi: Route | None = None
    """Path that the server answers its OpenAPI 3 document at: `/openapi.json`, `/docs.json`."""
    openinference: _Model | None = None
    """Name of the model that an Open Inference Protocol v2 server serves."""
    mlflow: Annotated[str, StringConstraints(pattern=r"^/", max_length=500)] | None = None
    """Path of the MLmodel file in the image: `/opt/ml/model/MLmodel`."""

    @model_validator(mode="after")
    def _one(self) -> SourcePart:
        if sum(one is not None for one in (self.openapi, self.openinference, self.mlflow)) != 1:
            raise ValueError("name exactly one of openapi, openinference and mlflow")
        return self


class GeneratedPart(Part):
    """Cases that schemathesis makes up; needs the extra `mlcd-tui[schema]`."""

    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 7
    """The same seed makes the same cases."""
    max_examples: Annotated[int, Field(ge=1, le=10_000)] = 50
    """For each operation."""
    seconds: Seconds = 120.0
    """Time for all of them."""


class EndpointSchemaPart(ServingPart):
    """The promises of the endpoints, and whether they are kept."""

    kind: Literal["endpoint_schema"]
    source: SourcePart
    lock: BesidePlan | None = None
    """File with the approved contract; left out: the contract is not compared."""
    unknown: Literal["warned", "failed"] = "warned"
    """What it means when it cannot be told whether callers can go on."""
    examples: BesidePlan | None = None
    """Folder of valid requests: `<name>.request.json`, with a path of its own in `<name>.case.json`."""
    operations: tuple[Route, ...] = Field(default=(), max_length=100)
    """Paths that are asked; none: all that take JSON."""
    bad_inputs: bool = True
    """Whether inputs that must be refused are sent."""
    excused: dict[str, Reason] = Field(default_factory=dict)
    """Bad inputs that this server is known to answer wrongly, with the reason; they become warnings."""
    generated: GeneratedPart | None = None
    """Cases that schemathesis makes up; left out: none."""
    answer_within: Seconds = 10.0
    """Time for one answer."""
    answer_size: Bytes = 16 << 20
    """Most bytes of one answer."""

    @model_validator(mode="after")
    def _known(self) -> EndpointSchemaPart:
        if unknown := sorted(set(self.excused) - set(ROWS)):
            raise ValueError(f"excused: {unknown[0]} is no bad input; there is: {', '.join(ROWS)}")
        return self
