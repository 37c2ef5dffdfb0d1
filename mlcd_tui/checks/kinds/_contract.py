"""What a server promises: its operations with the JSON that goes in and out, whatever protocol tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlcd_tui.domain.schema import Endpoint


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter in the path, the query or a header."""

    name: str
    place: str
    required: bool
    schema: Any


@dataclass(frozen=True, slots=True)
class Bad:
    """One input that has to be refused."""

    row: str
    """Its name in the table: `missing-required`, `wrong-shape` …"""
    body: Any
    """A JSON value."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked with a JSON body."""

    method: str
    path: str
    """With `{parameters}`."""
    body: Any = None
    """JSON Schema of what is sent; None: not told."""
    needed: bool = True
    """Whether a request without a body is wrong."""
    answers: Mapping[str, Any] = field(default_factory=dict)
    """By status (`200`, `2XX`, `default`): JSON Schema, None where it is not told."""
    parameters: tuple[Parameter, ...] = ()
    examples: tuple[Any, ...] = ()
    """Bodies that the document itself gives."""
    sure: Any = None
    """JSON Schema of inputs that are certainly valid, where `body` only tells what certainly is not."""
    bad: tuple[Bad, ...] = ()
    """What only this protocol can say is wrong."""

    @property
    def label(self) -> str:
        """`POST /predict`."""
        return f"{self.method} {self.path}"

    def answer(self, status: int) -> Any:
        """The schema of an answer of this status; None: not told."""
        for key in (str(status), f"{status // 100}XX", f"{status // 100}xx", "default"):
            if key in self.answers:
                return self.answers[key]
        return None


@dataclass(frozen=True, slots=True)
class Contract:
    """Everything that was told."""

    kind: str
    """`openapi`, `openinference` or `mlflow`."""
    document: Mapping[str, Any]
    """As it is locked."""
    operations: tuple[Operation, ...]
    endpoints: tuple[Endpoint, ...]
    """The same, as the rules of compatibility take it."""
    root: Mapping[str, Any] = field(default_factory=dict)
    """Where `#/…` of the schemas point into, as JSON Schema 2020-12."""
    troubles: tuple[str, ...] = ()
    """What is not valid in the document itself, as sentences."""
