"""Access logs of proxies as JSON lines (nginx `escape=json`, Envoy `json_format`): status and time, no bodies."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlcd_tui.comparison.lines import Source
from mlcd_tui.comparison.records import Record, failure
from mlcd_tui.domain.comparison.pair import Answer

_IDS = ("rid", "request_id", "x_request_id", "x-request-id", "requestId")
_STATUS = ("status", "response_code", "responseCode")
_NAMES = ("backend", "cluster", "upstream_cluster", "upstreamCluster", "role", "version")
_MILLISECONDS = ("ms", "duration", "duration_ms")
_SECONDS = ("urt", "upstream_response_time", "rt", "request_time")
"""nginx: the upstream's time first; the request's own holds the wait for a mirror as well."""


@dataclass(frozen=True, slots=True)
class _AccessLog:
    name: str = "access_log"
    title: str = "Access log"
    requests: bool = False
    note: str = "an access log has no bodies: only status and latency are compared, which is never enough for equal"

    def fits(self, head: bytes, first: Any) -> bool:
        """An id, a status and a time, and none of what a record of ours has."""
        del head
        if not isinstance(first, dict) or {"resp", "production", "shadow", "request", "headers"} & first.keys():
            return False
        timed = any(key in first for key in (*_MILLISECONDS, *_SECONDS))
        return timed and any(key in first for key in _IDS) and any(key in first for key in _STATUS)

    def read(self, source: Source) -> Iterator[Record]:
        """Each line."""
        for _, value, size in source.objects():
            name = _first(value, _IDS)
            names = tuple(str(value[key])[:300] for key in _NAMES if isinstance(value.get(key), str))
            known = str(name)[:300] if isinstance(name, str | int) and name != "-" else ""
            yield Record(known, names, answer=_answer(value), size=size)


READER = _AccessLog()


def _first(value: dict[str, Any], keys: tuple[str, ...]) -> Any:
    return next((value[key] for key in keys if value.get(key) is not None), None)


def _answer(value: dict[str, Any]) -> Answer:
    status = _number(_first(value, _STATUS))
    if status is None or not 100 <= status <= 599:
        return failure("no status in the log")
    ms = _number(_first(value, _MILLISECONDS))
    if ms is None:
        seconds = next((took for key in _SECONDS if (took := _number(value.get(key))) is not None), None)
        ms = None if seconds is None else seconds * 1000
    return Answer(int(status), ms, recorded=False)


def _number(value: Any) -> float | None:
    """A number, also as text; of several upstreams (nginx: `0.001, 0.020`) the last, which answered."""
    if isinstance(value, str):
        value = value.replace(" : ", ", ").rpartition(",")[2].strip()
        try:
            value = float(value)
        except ValueError:
            return None
    if type(value) not in {int, float} or not math.isfinite(value) or not 0 <= value < 1e12:
        return None
    return float(value)
