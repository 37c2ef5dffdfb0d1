"""Changes the status of random rollouts at a steady rate until told to stop; a process of its own.

Says on standard output, once a second, how many changes were answered since it began and in how many seconds.
Plain connections in threads: it shares the machine with what is measured, so it must cost little itself.
"""

from __future__ import annotations

import http.client
import itertools
import json
import random
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.population import CONNECTIONS, GROUP, MERGE, change, login, place


class Generator:
    """Shares out the turns among its connections."""

    def __init__(self, kubeconfig: Path, count: int, rate: float) -> None:
        self._login = login(kubeconfig)
        self._count = count
        self._rate = rate
        self._turns = itertools.count()
        self.began = time.monotonic()
        self.done = itertools.count()

    def work(self) -> None:
        """One connection."""
        server = urlsplit(self._login.server)
        connection = http.client.HTTPSConnection(server.hostname or "", server.port, context=self._login.context)
        # of the answer nobody reads more than that there is one
        accept = {"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}
        headers = {**MERGE, **self._login.headers, **accept}
        while True:
            turn = next(self._turns)
            wait = self.began + turn / self._rate - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            rng = random.Random(turn)
            number = rng.randrange(1, self._count)  # 0 is the probe's
            namespace, name = place(number)
            path = f"{GROUP}/namespaces/{namespace}/rollouts/{name}/status"
            connection.request("PATCH", path, json.dumps(change(number, rng)), headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status} {body[:300]!r}")
            next(self.done)


def main() -> None:
    """Run until terminated."""
    generator = Generator(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
    for _ in range(CONNECTIONS):
        threading.Thread(target=generator.work, daemon=True).start()
    for told in itertools.count():
        time.sleep(1)
        # each look takes a number of its own
        counted = next(generator.done) - told
        sys.stdout.write(json.dumps({"done": counted, "seconds": time.monotonic() - generator.began}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
