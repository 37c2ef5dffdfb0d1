"""Log lines of a model server that is not there."""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

from mlcd_tui.demo.clock import Clock, fine_stamp, unix
from mlcd_tui.demo.selectors import dig

_BEGINNING = (
    "INFO  loading model from /models/{app}/{version}",
    "INFO  manifest sha256:{digest} verified",
    "INFO  runtime onnxruntime 1.20.1, provider CUDAExecutionProvider, precision fp16",
    "INFO  warm-up: 32 requests, p50 {p50} ms",
    "INFO  listening on 0.0.0.0:8080 (/v2/models/{app}/infer), metrics on :9090",
)


class LogBook:
    """The lines of one container: the same pod at the same second always says the same."""

    def __init__(self, pod: dict[str, Any], container: str, clock: Clock) -> None:
        spec: dict[str, Any] = next((c for c in pod["spec"]["containers"] if c["name"] == container), {})
        image = str(spec.get("image", ""))
        self._version = image.rpartition(":")[2] or "latest"
        self._app = (pod["metadata"].get("labels") or {}).get("app") or container
        self._seed = zlib.crc32(f"{pod['metadata']['name']}/{container}".encode())
        self._began = unix(dig(pod, "status.startTime") or pod["metadata"]["creationTimestamp"])
        self._clock = clock

    def _line(self, number: int) -> str:
        chance = random.Random(self._seed + number)  # noqa: S311 - prose, not secrets
        if number < len(_BEGINNING):
            return _BEGINNING[number].format(
                app=self._app,
                version=self._version,
                digest=f"{chance.getrandbits(64):016x}",
                p50=chance.randint(6, 14),
            )
        took, batch = chance.gauss(11, 3), chance.choice((1, 1, 4, 8, 16))
        if chance.random() < 0.03:
            return f"WARN  slow inference id={chance.getrandbits(32):08x} batch={batch} took={took * 12:.1f}ms"
        if chance.random() < 0.02:
            return "INFO  batch queue drained, depth 0"
        return (
            f"INFO  infer model={self._app}@{self._version} id={chance.getrandbits(32):08x} batch={batch} "
            f"took={abs(took):.1f}ms score={chance.random():.3f}"
        )

    def _times(self, now: float) -> Iterator[tuple[float, str]]:
        at, number = self._began, 0
        if now - at > 3600:
            # a pod of many days would cost as many lines: what is older has been rotated away
            at = now // 300 * 300 - 600
            number = int(at)
        gap = random.Random(self._seed + number)  # noqa: S311 - prose, not secrets
        while True:
            yield at, self._line(number)
            number += 1
            at += 0.4 if number < len(_BEGINNING) else gap.uniform(0.4, 3.5)

    def _render(self, at: float, line: str, *, timestamps: bool) -> bytes:
        return (f"{fine_stamp(at)} {line}\n" if timestamps else f"{line}\n").encode()

    def past(self, tail: int | None, *, since: float = 0.0, timestamps: bool = False) -> bytes:
        """What was said until now; long-running pods keep their beginning and the last ten minutes."""
        lines: list[bytes] = []
        now = self._clock.now()
        for at, line in self._times(now):
            if at > now:
                break
            if at >= since:
                lines.append(self._render(at, line, timestamps=timestamps))
        if tail is not None:
            lines = lines[max(len(lines) - tail, 0) :]
        return b"".join(lines)

    async def follow(self, tail: int | None, *, since: float = 0.0, timestamps: bool = False) -> AsyncIterator[bytes]:
        """The past, then each line as it is said, for ever."""
        last = self._clock.now()
        if past := self.past(tail, since=since, timestamps=timestamps):
            yield past
        for at, line in self._times(last):
            if at <= last:
                continue
            await asyncio.sleep(max(0.0, (at - self._clock.now()) / self._clock.speed))
            yield self._render(at, line, timestamps=timestamps)

    def crash(self, *, timestamps: bool) -> bytes:
        """The last words of the container before its restart."""
        at = self._began - 12
        words = (
            *(self._line(number) for number in range(4)),
            "ERROR CUDA out of memory: tried to allocate 2.00 GiB (GPU 0; 23.69 GiB total, 0.91 GiB free)",
            "FATAL worker exited with code 137",
        )
        return b"".join(self._render(at + 2 * n, word, timestamps=timestamps) for n, word in enumerate(words))
