"""Seldon Core's payload logs: documents of its request logger (as Elasticsearch exports them), or its CloudEvents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlcd_tui.comparison.formats._events import event_of, record_of
from mlcd_tui.comparison.lines import Source
from mlcd_tui.comparison.records import Record, json_bytes, value_hash
from mlcd_tui.domain.comparison.pair import Answer, RecordedRequest

_TYPE = "io.seldon.serving."
_NAMES = ("Ce-Inferenceservicename", "Ce-Endpoint", "Ce-Modelid")


@dataclass(frozen=True, slots=True)
class _Seldon:
    name: str = "seldon"
    title: str = "Seldon payload log"
    requests: bool = True
    note: str = "Seldon's request logger keeps neither status nor times: errors and latency are not in it"

    def fits(self, head: bytes, first: Any) -> bool:
        """By the logger's own fields, or by the type of its events."""
        del head
        if not isinstance(first, dict):
            return False
        document = _document(first)
        if "ServingEngine" in document or ("RequestId" in document and {"request", "response"} & document.keys()):
            return True
        event = event_of(first)
        return event is not None and event.type.startswith(_TYPE)

    def read(self, source: Source) -> Iterator[Record]:
        """Each document, or each event."""
        for number, value, size in source.objects():
            document = _document(value)
            if "RequestId" in document or "ServingEngine" in document:
                yield from _records(document, size)
                continue
            try:
                event = event_of(value)
            except ValueError as error:
                raise source.problem(number, error) from error
            if event is None:
                raise source.problem(number, "neither a document of Seldon's request logger nor a CloudEvent")
            record = record_of(event, "/api/v1.0/predictions", size)
            if record is not None:
                yield record


READER = _Seldon()


def _document(value: dict[str, Any]) -> dict[str, Any]:
    """What the search engine wrapped, or the line itself."""
    inside = value.get("_source")
    return inside if isinstance(inside, dict) else value


def _records(document: dict[str, Any], size: int) -> Iterator[Record]:
    name = str(document.get("RequestId") or "")[:300]
    names = tuple(str(document[key]) for key in _NAMES if document.get(key))
    request, digest = None, ""
    asked = _payload(document.get("request"))
    if asked is not None:
        path = "/v2/models/model/infer" if isinstance(asked, dict) and "inputs" in asked else "/api/v1.0/predictions"
        headers = (("content-type", "application/json"),)
        request, digest = RecordedRequest(name, "POST", path, headers, json_bytes(asked)), value_hash(asked)
    told = _payload(document.get("response"))
    answer = None if told is None else Answer(200, None, told)
    whole = request is not None and answer is not None  # the logger adds the answer to the document of its request
    if request is not None or answer is not None:
        yield Record(name, names, request, digest, answer, final=whole, size=size)


def _payload(part: Any) -> Any:
    """The body as it went over the wire; the logger keeps it beside what it makes of it."""
    if not isinstance(part, dict):
        return None
    if "payload" in part:
        return part["payload"]
    kept = {key: value for key, value in part.items() if not key.startswith("ce-")}
    return kept or None
