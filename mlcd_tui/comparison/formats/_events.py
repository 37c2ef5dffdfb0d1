"""CloudEvents of payload loggers, kept as JSON lines: structured, or binary with their headers beside the body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlcd_tui.comparison.lines import any_json
from mlcd_tui.comparison.records import Record, decoded, from_base64, hash_of, json_bytes, value_hash
from mlcd_tui.domain.comparison.pair import Answer, RecordedRequest

_REQUEST, _RESPONSE = ".inference.request", ".inference.response"


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its attributes (names in lower case, without `ce-`) and its data."""

    attributes: dict[str, str]
    data: Any
    raw: bool = False

    @property
    def type(self) -> str:
        """Its type."""
        return self.attributes.get("type", "")


def event_of(value: dict[str, Any]) -> Event | None:
    """The event in a line; None: it is none."""
    headers = value.get("headers")
    if isinstance(headers, dict):
        lowered = {str(key).lower(): one for key, one in headers.items()}
        attributes = {key[3:]: _text(one) for key, one in lowered.items() if key.startswith("ce-")}
        return Event(attributes, *_data(value, "body", "body_b64", "body_base64")) if "type" in attributes else None
    if "specversion" in value or str(value.get("type", "")).endswith((_REQUEST, _RESPONSE)):
        kept = {str(key).lower(): _text(one) for key, one in value.items() if key not in {"data", "data_base64"}}
        return Event(kept, *_data(value, "data", "data_base64"))
    return None


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    return value[:10_000] if isinstance(value, str) else "" if value is None else str(value)[:10_000]


def _data(value: dict[str, Any], plain: str, *encoded: str) -> tuple[Any, bool]:
    for key in encoded:
        if isinstance(value.get(key), str):
            raw = from_base64(value[key])
            if raw is None:
                raise ValueError(f"{key} is no base64")
            return decoded(raw), True
    data = value.get(plain)
    if isinstance(data, str):  # a body that was kept as text
        return decoded(data.encode("utf-8", "replace")), False
    return data, False


def request_id(event: Event) -> str:
    """What joins the two sides: `X-Request-Id` among the logged headers, else the logger's own request id, else its id.

    The id alone is made afresh by each pod's logger: it joins request and answer of one side, never two sides.
    """
    try:
        logged = any_json(event.attributes.get("metadata", "").encode())
    except (ValueError, RecursionError):
        logged = None
    if isinstance(logged, dict):
        for key, held in logged.items():
            if str(key).lower() == "x-request-id":
                found = held[0] if isinstance(held, list) and held else held
                if isinstance(found, str) and found:
                    return found[:300]
    return (event.attributes.get("requestid") or event.attributes.get("id", ""))[:300]


def record_of(event: Event, path: str, size: int) -> Record | None:
    """A request or an answer; None: an event of another kind (feedback, drift)."""
    attributes = event.attributes
    kept = ("inferenceservicename", "endpoint", "component", "modelid", "source")
    names = tuple(attributes[key] for key in kept if attributes.get(key))
    name = request_id(event)
    if event.type.endswith(_REQUEST):
        is_bytes = isinstance(event.data, bytes)
        body = event.data if is_bytes else json_bytes(event.data)
        digest = hash_of(body) if is_bytes else value_hash(event.data)
        headers = () if is_bytes else (("content-type", "application/json"), ("x-request-id", name))
        request = RecordedRequest(name, "POST", path, headers, body)
        return Record(name, names, request, digest, final=False, size=size)
    if event.type.endswith(_RESPONSE):
        return Record(name, names, answer=Answer(200, None, event.data), final=False, size=size)
    return None
