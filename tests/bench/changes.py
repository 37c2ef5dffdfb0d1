"""Changes the status of random rollouts at a steady rate until told to stop; a process of its own.

Says on standard output, once a second, how many changes were answered since it began and in how many seconds.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path

import httpx

from tests.bench.population import GROUP, MERGE, change, client, place


async def _run(kubeconfig: Path, count: int, rate: float) -> None:
    rng = random.Random(7)
    began = time.monotonic()
    turns = iter(range(sys.maxsize))
    done = 0

    async def worker(http: httpx.AsyncClient) -> None:
        nonlocal done
        for turn in turns:
            wait = began + turn / rate - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            number = rng.randrange(1, count)  # 0 is the probe's
            namespace, name = place(number)
            path = f"{GROUP}/namespaces/{namespace}/rollouts/{name}/status"
            answer = await http.patch(path, content=json.dumps(change(number, rng)), headers=MERGE)
            answer.raise_for_status()
            done += 1

    async def tell() -> None:
        while True:
            await asyncio.sleep(1)
            sys.stdout.write(json.dumps({"done": done, "seconds": time.monotonic() - began}) + "\n")
            sys.stdout.flush()

    async with client(kubeconfig) as http, asyncio.TaskGroup() as group:
        group.create_task(tell())
        for _ in range(12):
            group.create_task(worker(http))


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
