"""KServe's payload logger: CloudEvents `org.kubeflow.serving.inference.request` and `.response`, one a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from mlcd_tui.comparison.formats._events import Event, event_of, record_of
from mlcd_tui.comparison.lines import Source
from mlcd_tui.comparison.records import Record

_TYPE = "org.kubeflow.serving.inference."


@dataclass(frozen=True, slots=True)
class _KServe:
    name: str = "kserve"
    title: str = "KServe payload log"
    requests: bool = True
    note: str = (
        "KServe logs only answers with status 200, and no times: errors and latency of both versions are not in it"
    )

    def fits(self, head: bytes, first: Any) -> bool:
        """By the type of its events."""
        del head
        event = event_of(first) if isinstance(first, dict) else None
        return event is not None and event.type.startswith(_TYPE)

    def read(self, source: Source) -> Iterator[Record]:
        """Each event."""
        for number, value, size in source.objects():
            try:
                event = event_of(value)
            except ValueError as error:
                raise source.problem(number, error) from error
            if event is None:
                raise source.problem(number, "no CloudEvent: neither specversion nor headers with ce-type")
            record = record_of(event, _path(event), size)
            if record is not None:
                yield record


READER = _KServe()


def _path(event: Event) -> str:
    """The path is not logged: it follows from the protocol that the body speaks, and the model's name."""
    model = quote(event.attributes.get("inferenceservicename", "") or "model", safe="")
    if isinstance(event.data, dict) and "inputs" in event.data and "instances" not in event.data:
        return f"/v2/models/{model}/infer"
    return f"/v1/models/{model}:predict"
