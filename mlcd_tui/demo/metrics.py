"""The simulated cluster's Prometheus: its HTTP API under `/prometheus`, over requests that are invented but counted."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from mlcd_tui.demo.clock import Clock
from mlcd_tui.demo.data_plane import DataPlane
from mlcd_tui.demo.http import Request, Response
from mlcd_tui.demo.promql import Matchers, ParseError, Source, Vector, matches, parse
from mlcd_tui.demo.requests import BOUNDS_MS, TICK, Counter, Requests, Version

PREFIX = "/prometheus"
"""Where it is on the API's own port."""
LATENCY_LIMIT_MS = 100.0
"""What the demo's settings call slow."""
_REQUESTS = "http_request_duration_seconds_count"
_BUCKETS = "http_request_duration_seconds_bucket"
_CPU, _MEMORY = "container_cpu_usage_seconds_total", "container_memory_working_set_bytes"
_NAMES = (_REQUESTS, _BUCKETS, _CPU, _MEMORY)
_MOST_POINTS = 11_000
_LABELS = (*(f"{bound / 1_000:g}" for bound in BOUNDS_MS), "+Inf")


class Metrics:
    """Answers as Prometheus does."""

    def __init__(self, plane: DataPlane, clock: Clock) -> None:
        self._requests = Requests(plane)
        self._clock = clock

    def handle(self, request: Request) -> Response:
        """One question."""
        body = dict(parse_qsl(request.body.decode("utf-8", "replace"))) if request.method == "POST" else {}
        asked = {**request.query, **body}
        try:
            path = request.path.removeprefix(PREFIX)
            if path == "/api/v1/query":
                return _success(self._instant(asked))
            if path == "/api/v1/query_range":
                return _success(self._range(asked))
            if path == "/api/v1/label/__name__/values":
                return _success(self._names(asked.get("match[]", "")))
        except (ValueError, re.error) as error:
            told = {"status": "error", "errorType": "bad_data", "error": str(error)}
            return Response(400, json.dumps(told).encode())
        return Response(404, b"404 page not found\n", "text/plain; charset=utf-8")

    def _instant(self, asked: Mapping[str, str]) -> dict[str, Any]:
        at = float(asked.get("time") or self._clock.now())
        found = parse(asked.get("query", ""))(self._source(), at)
        result = [{"metric": dict(labels), "value": [at, _text(value)]} for labels, value in found.items()]
        return {"resultType": "vector", "result": result}

    def _range(self, asked: Mapping[str, str]) -> dict[str, Any]:
        start, end, step = (float(asked.get(name) or "nan") for name in ("start", "end", "step"))
        if not all(map(math.isfinite, (start, end, step))) or step <= 0 or end < start:
            raise ParseError("invalid parameter: start, end and step have to be numbers in their order")
        if (end - start) / step > _MOST_POINTS:
            raise ParseError("exceeded maximum resolution of 11,000 points per timeseries")
        expression, source = parse(asked.get("query", "")), self._source()
        rows: dict[Any, list[list[Any]]] = {}
        for index in range(int((end - start) / step + 1e-9) + 1):
            at = start + index * step
            found: Vector = expression(source, at)
            for labels, value in found.items():
                rows.setdefault(labels, []).append([at, _text(value)])
        result = [{"metric": dict(labels), "values": values} for labels, values in rows.items()]
        return {"resultType": "matrix", "result": result}

    @staticmethod
    def _names(match: str) -> list[str]:
        found = re.search(r'__name__=~"((?:[^"\\]|\\.)*)"', match)
        pattern = re.sub(r"\\(.)", r"\1", found.group(1)) if found else ".*"
        return [name for name in _NAMES if re.fullmatch(pattern, name)]

    def _source(self) -> Source:
        """The series as they are at the time of one question."""
        now = self._clock.now()
        found: dict[Matchers, list[tuple[str, Counter]]] = {}

        def series(name: str, matchers: Matchers, at: float) -> Iterable[tuple[Mapping[str, str], float]]:
            if matchers not in found:
                found[matchers] = [(v.key[1], self._requests.counter(v, now)) for v in self._asked(matchers)]
            for namespace, counter in found[matchers]:
                place = counter.at(min(at, now))
                if place is None or not counter.busy or at > now + TICK:
                    continue
                labels = {"namespace": namespace, "pod": counter.pod, "instance": f"{counter.pod}:9090"}
                yield from (
                    (({"__name__": name, **labels, **more}), value) for more, value in _told(name, counter, place)
                )

        return series

    def _asked(self, matchers: Matchers) -> Iterable[Version]:
        """The versions that matchers of namespace and pod leave: nothing is drawn for the others."""
        exact = next((value for label, operator, value in matchers if (label, operator) == ("namespace", "=")), "")
        for version in self._requests.versions(exact):
            told = {"namespace": version.key[1], "pod": version.pod}
            if all(matches(told[label], operator, value) for label, operator, value in matchers if label in told):
                yield version


def _told(name: str, counter: Counter, place: int) -> Iterable[tuple[dict[str, str], float]]:
    """Further labels and value of each series of one version."""
    if name == _REQUESTS:
        yield {"status": "200"}, float(counter.good[place])
        if counter.bad[place]:
            yield {"status": "500"}, float(counter.bad[place])
    elif name == _BUCKETS:
        for bound, count in zip(_LABELS, counter.within[place], strict=True):
            yield {"le": bound}, float(count)
    elif name == _CPU:
        yield {"container": "server"}, counter.cpu[place]
    elif name == _MEMORY:
        yield {"container": "server"}, 6.1e9 + 2.0e8 * math.sin(place / 90.0)


def _text(value: float) -> str:
    return f"{value:g}" if abs(value) < 100_000 and value == round(value, 6) else repr(value)


def _success(data: object) -> Response:
    return Response(200, json.dumps({"status": "success", "data": data}).encode())
