"""A Prometheus made of functions of time, on loopback; and one that answers whatever a test says."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from mlcd_tui.demo.http import HttpServer, Request, Response
from mlcd_tui.demo.promql import Matchers, Vector, parse

Value = Callable[[float], float | None]


@dataclass
class Prom:
    """Series by the name of their metric: labels, and the value at a moment (None: no sample)."""

    series: dict[str, list[tuple[dict[str, str], Value]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Expressions, in the order asked."""
    answer: Response | None = None
    """What every question gets in place of an honest answer."""
    requests: list[Request] = field(default_factory=list)

    def add(self, name: str, value: Value, **labels: str) -> None:
        """One more series; `instance` is there unless said otherwise."""
        kept = {label: text for label, text in {"instance": "i:1", **labels}.items() if text}
        self.series.setdefault(name, []).append((kept, value))

    async def handle(self, request: Request) -> Response:
        """One question."""
        self.requests.append(request)
        if self.answer is not None:
            return self.answer
        asked = {**request.query, **dict(parse_qsl(request.body.decode()))}
        if request.path.endswith("/label/__name__/values"):
            pattern = asked["match[]"].split('"')[1].replace("\\\\", "\\")
            return _success([name for name in self.series if re.fullmatch(pattern, name)])
        self.asked.append(asked["query"])
        expression = parse(asked["query"])
        if request.path.endswith("/query"):
            found = expression(self._source, float(asked["time"]))
            return _success(
                {
                    "resultType": "vector",
                    "result": [{"metric": dict(k), "value": [0, str(v)]} for k, v in found.items()],
                }
            )
        start, end, step = (float(asked[name]) for name in ("start", "end", "step"))
        rows: dict[Any, list[list[Any]]] = {}
        for index in range(int((end - start) / step + 1e-9) + 1):
            at = start + index * step
            vector: Vector = expression(self._source, at)
            for labels, value in vector.items():
                rows.setdefault(labels, []).append([at, str(value)])
        result = [{"metric": dict(labels), "values": values} for labels, values in rows.items()]
        return _success({"resultType": "matrix", "result": result})

    def _source(self, name: str, matchers: Matchers, at: float) -> Iterable[tuple[Mapping[str, str], float]]:
        for labels, value in self.series.get(name, []):
            if (here := value(at)) is not None:
                yield {"__name__": name, **labels}, here


def _success(data: object) -> Response:
    return Response(200, json.dumps({"status": "success", "data": data}).encode())


@asynccontextmanager
async def serving(prom: Prom) -> AsyncIterator[str]:
    """The address of a running server."""
    server = HttpServer(prom.handle)
    port = await server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await server.stop()
