"""One request, and the answers that two versions gave to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlcd_tui.domain.text import Clean


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request that production got, as it can be sent again. Header values may be secret: they are never shown."""

    id: str
    method: str = "POST"
    path: str = "/"
    """With its query."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one version answered."""

    status: int = 0
    """HTTP status; 0: there was no answer, and `error` says why."""
    ms: float | None = None
    """Milliseconds until the whole answer was there; None: not recorded."""
    body: Any = None
    """Decoded JSON, or bytes of anything else."""
    error: Clean = Clean("")
    truncated: bool = False
    """The body is longer than what was kept: it can not be compared."""
    recorded: bool = True
    """False: only status and time were recorded, there is no body to compare."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Production's answer and the shadow's answer to the same request."""

    id: str
    production: Answer
    shadow: Answer
    again: Answer | None = None
    """Production's second answer to the same request: the noise floor."""
    request: RecordedRequest | None = None
