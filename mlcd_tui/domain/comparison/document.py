"""A comparison's report as JSON, there and back: what evidence carries and what the command line prints.

Bodies and headers of requests and answers are not in it: they are other people's data. What differed is.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from mlcd_tui.domain.comparison.pair import Answer, Pair
from mlcd_tui.domain.comparison.report import ComparisonReport, Example
from mlcd_tui.domain.document import API_VERSION
from mlcd_tui.domain.document_object import DocumentReader
from mlcd_tui.domain.document_values import slots
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.snapshot import Comparison, Deviation
from mlcd_tui.domain.text import Clean, clean

KIND = "ComparisonReport"
_READER = DocumentReader("comparison", most_items=1_000)
_MOST_DEVIATIONS = 10
"""Of one example."""


@dataclass(frozen=True, slots=True)
class _Side:
    status: int = 0
    ms: float | None = None
    error: Clean = Clean("")


@dataclass(frozen=True, slots=True)
class _KeptExample:
    id: Clean
    why: Clean
    production: _Side
    shadow: _Side
    compared: int = 0
    off: int = 0
    deviations: tuple[Deviation, ...] = ()


def report_document(report: ComparisonReport) -> dict[str, Any]:
    """A report in full, its examples without bodies; `report_from_document` reads it back."""
    document: dict[str, Any] = {"apiVersion": API_VERSION, "kind": KIND}
    for slot in slots(ComparisonReport):
        if slot.name != "examples":
            document[slot.key] = _plain(getattr(report, slot.name))
    document["examples"] = [_plain(_kept(example)) for example in report.examples]
    return document


def reports_document(reports: Iterable[ComparisonReport]) -> dict[str, Any]:
    """Several reports."""
    return {"apiVersion": API_VERSION, "kind": f"{KIND}List", "items": [report_document(one) for one in reports]}


def report_from_document(value: Any) -> ComparisonReport:
    """The report that `report_document` wrote; what it does not know is passed over.

    Raises:
        Unreadable: it is no such document; the sentence names the field. Nothing else is ever raised.
    """
    if not isinstance(value, Mapping) or (value.get("apiVersion"), value.get("kind")) != (API_VERSION, KIND):
        raise Unreadable(f"It is no document of kind {API_VERSION} {KIND}.")
    examples = _READER.read(tuple[_KeptExample, ...], value.get("examples", []), "examples")
    told = {key: one for key, one in value.items() if key != "examples"}
    report: ComparisonReport = _READER.read(ComparisonReport, told)
    return dataclasses.replace(report, examples=tuple(_example(one) for one in examples))


def _kept(example: Example) -> _KeptExample:
    pair, comparison = example.pair, example.comparison
    return _KeptExample(
        id=clean(pair.id, limit=300),
        why=example.why,
        production=_Side(pair.production.status, pair.production.ms, pair.production.error),
        shadow=_Side(pair.shadow.status, pair.shadow.ms, pair.shadow.error),
        compared=comparison.compared,
        off=comparison.failed,
        deviations=comparison.deviations[:_MOST_DEVIATIONS],
    )


def _example(one: _KeptExample) -> Example:
    production, shadow = (
        Answer(side.status, side.ms, error=side.error, recorded=False) for side in (one.production, one.shadow)
    )
    comparison = Comparison(compared=one.compared, failed=one.off, deviations=one.deviations)
    return Example(Pair(one.id, production, shadow), comparison, one.why)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {slot.key: _plain(getattr(value, slot.name)) for slot in slots(type(value))}
    return value
