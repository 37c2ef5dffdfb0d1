"""The JSON documents of checks: what evidence carries and what the headless commands print, told in docs/json.md."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any

from mlcd_tui.domain.check_reading import run_from_document
from mlcd_tui.domain.checks import CheckRun, Evidence, Finding, Report, met
from mlcd_tui.domain.document import API_VERSION, camel

__all__ = ["evidence_document", "run_document", "run_from_document", "runs_document"]

_BRIEF = (Finding, Report)
"""Of these only what differs from the default is written: a run has thousands of findings."""


def run_document(run: CheckRun) -> dict[str, Any]:
    """A run in full; `run_from_document` reads the very same back."""
    return {"apiVersion": API_VERSION, "kind": "CheckRun", **_encode(run)}


def runs_document(runs: Iterable[CheckRun]) -> dict[str, Any]:
    """Runs, each with what it comes to: how many of its required checks are met, of how many."""
    items = []
    for run in runs:
        done, of = met(run.results)
        items.append({**run_document(run), "met": done, "of": of})
    return {"apiVersion": API_VERSION, "kind": "CheckRunList", "items": items}


def evidence_document(evidence: Iterable[Evidence]) -> dict[str, Any]:
    """Evidence as it was read back, with what is known of its signature."""
    items = [
        {
            "signature": each.signature.value,
            "signer": each.signer,
            "note": each.note,
            "foundIn": each.found_in,
            "run": run_document(each.run),
        }
        for each in evidence
    ]
    return {"apiVersion": API_VERSION, "kind": "CheckEvidenceList", "items": items}


@cache
def _fields(kind: Any) -> tuple[tuple[str, str, Any], ...]:
    """Name, name in JSON and default of each field of a dataclass."""
    return tuple(
        (
            one.name,
            camel(one.name),
            one.default if one.default_factory is dataclasses.MISSING else one.default_factory(),
        )
        for one in dataclasses.fields(kind)
    )


def _encode(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):  # to the microsecond, or what is read back were another run
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, float):
        return value if math.isfinite(value) else 0.0
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        brief = isinstance(value, _BRIEF)
        return {
            key: _encode(content)
            for name, key, default in _fields(type(value))
            if not ((content := getattr(value, name)) == default and brief)
        }
    return value
