"""A model server in a process of its own, standard library only: predictions in JSON, and knobs for what may be wrong with it.

`python model_server.py '{"version": "2", "delay_ms": 5}'` prints its port, ends when told to (SIGTERM) and speaks
  POST /v1/models/NAME:predict   {"instances": [[…]]}         -> {"predictions": [{"score": …, "label": …}]}
  POST /v2/models/NAME/infer     {"inputs": [{"data": […]}]}  -> {"outputs": [{"name": "score", …}, {"name": "label", …}]}
  GET  /_lab/seen                what it got since it was last told to forget; POST /_lab/forget; PUT /_lab/knobs
The answer's header X-Version says which version spoke. Equal requests get equal answers of every version, but for the knobs.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import os
import random
import signal
import sys
from dataclasses import asdict, dataclass, replace
from typing import Any

JSON = dict[str, Any]
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 500: "Internal Server Error", 503: "Service Unavailable"}


@dataclass(frozen=True, slots=True)
class Knobs:
    """What the server does, apart from predicting."""

    version: str = "1"
    mismatch: float = 0.0
    """The share of requests which get another prediction; which ones is told by the request's body alone."""
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    """The mean of an exponential delay on top."""
    noise: float = 0.0
    """The standard deviation of what is added to every score, anew each time."""
    failing: float = 0.0
    """The share of requests which are answered with `status`."""
    status: int = 500
    dead: bool = False
    """Ends the process, after this is answered."""


class Model:
    """The knobs and the memory of one server."""

    def __init__(self, knobs: Knobs) -> None:
        self.knobs = knobs
        self.ids: list[str] = []
        self.copies: list[str] = []

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, JSON]:
        """The status and the body of the answer to a request."""
        match (method, path):
            case ("GET", "/_lab/seen"):
                return 200, {"ids": self.ids, "copies": self.copies, **asdict(self.knobs)}
            case ("POST", "/_lab/forget"):
                self.ids, self.copies = [], []
                return 200, {}
            case ("PUT", "/_lab/knobs"):
                self.knobs = replace(self.knobs, **json.loads(body))
                return 200, asdict(self.knobs)
            case ("GET", _):
                return 200, {"name": "lab", "ready": True, "version": self.knobs.version}
        # Envoy sends a copy to `<host>-shadow`; whoever mirrors otherwise says X-Shadow.
        copied = headers.get("host", "").partition(":")[0].endswith("-shadow") or "x-shadow" in headers
        (self.copies if copied else self.ids).append(headers.get("x-request-id", ""))
        if self.knobs.failing and random.random() < self.knobs.failing:
            return self.knobs.status, {"error": "planted"}
        try:
            return 200, self.predict(json.loads(body), planted(body, self.knobs.mismatch))
        except (ValueError, TypeError, KeyError) as error:
            return 400, {"error": str(error)}

    def predict(self, asked: JSON, wrong: bool) -> JSON:
        """Predictions in the shape of the question."""
        if "instances" in asked:
            rows = [self.score(row, wrong) for row in asked["instances"]]
            return {"predictions": [{"score": score, "label": label(score)} for score in rows]}
        given = asked["inputs"][0]
        count = given["shape"][0]
        width = max(1, len(given["data"]) // count)
        rows = [self.score(given["data"][at * width : (at + 1) * width], wrong) for at in range(count)]
        outputs = [
            {"name": "score", "datatype": "FP64", "shape": [count], "data": rows},
            {"name": "label", "datatype": "BYTES", "shape": [count], "data": [label(score) for score in rows]},
        ]
        return {"id": asked.get("id", ""), "model_name": "lab", "outputs": outputs}

    def score(self, row: Any, wrong: bool) -> float:
        """Between 0 and 1, from the row's numbers alone; a planted mismatch is on the other side of the middle."""
        numbers = row.values() if isinstance(row, dict) else row if isinstance(row, list) else [row]
        weighted = math.fsum(float(number) * (at % 7 + 1) for at, number in enumerate(numbers))
        score = 0.5 + math.sin(weighted) * 0.45
        return (1 - score if wrong else score) + (random.gauss(0, self.knobs.noise) if self.knobs.noise else 0)

    def seconds(self) -> float:
        """How long the next answer takes."""
        jitter = random.expovariate(1 / self.knobs.jitter_ms) if self.knobs.jitter_ms else 0
        return (self.knobs.delay_ms + jitter) / 1000


def planted(body: bytes, share: float) -> bool:
    """Whether the request is one of the share which gets another prediction."""
    return int.from_bytes(hashlib.sha256(body).digest()[:4]) < share * 2**32


def label(score: float) -> str:
    return "leaves" if score > 0.5 else "stays"


async def serve(model: Model, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, request after request."""
    try:
        while True:
            method, path, headers = _head(await reader.readuntil(b"\r\n\r\n"))
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            status, said = model.answer(method, path, headers, body)
            if not path.startswith("/_lab/") and (wait := model.seconds()):
                await asyncio.sleep(wait)
            content = json.dumps(said).encode()
            writer.write(
                f"HTTP/1.1 {status} {_REASONS.get(status, 'Planted')}\r\nContent-Type: application/json\r\n"
                f"X-Version: {model.knobs.version}\r\nContent-Length: {len(content)}\r\n\r\n".encode()
                + content
            )
            await writer.drain()
            if model.knobs.dead:
                os._exit(1)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def _head(raw: bytes) -> tuple[str, str, dict[str, str]]:
    first, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ", 2)
    return method, path, {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


async def main(knobs: Knobs) -> None:
    model = Model(knobs)
    server = await asyncio.start_server(lambda r, w: serve(model, r, w), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201  whoever started it reads this
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(main(Knobs(**json.loads(sys.argv[1] if len(sys.argv) > 1 else "{}"))))
