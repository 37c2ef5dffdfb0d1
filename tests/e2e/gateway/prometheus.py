"""A real Prometheus (Debian's package) that scrapes Envoy every second."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.e2e.mlflow.server import started

EVERY = "1s"
_UP_WITHIN = 60.0


@contextlib.contextmanager
def prometheus_server(folder: Path, envoy: str) -> Iterator[str]:
    """Start it on a free port; yields its address once it has scraped Envoy.

    Args:
        folder: where it keeps everything; may be empty.
        envoy: the address of Envoy's admin interface.
    """
    program = shutil.which("prometheus")
    assert program, "Prometheus is missing; install it (apt-get install --no-install-recommends prometheus)"
    scrape = {
        "job_name": "envoy",
        "metrics_path": "/stats/prometheus",
        "static_configs": [{"targets": [envoy.removeprefix("http://")]}],
    }
    config = folder / "prometheus.yml"
    config.write_text(
        json.dumps({"global": {"scrape_interval": EVERY, "scrape_timeout": EVERY}, "scrape_configs": [scrape]}),
        encoding="utf-8",
    )
    command = [
        *(program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"),
        *("--web.listen-address=127.0.0.1:0", "--log.format=json"),
    ]
    says = rb'"address":"(127\.0\.0\.1:[1-9]\d*)"'
    with started(command, folder / "prometheus.log", says, {}) as address:
        _scraped(f"http://{address}")
        yield f"http://{address}"


def _scraped(address: str) -> None:
    end = time.monotonic() + _UP_WITHIN
    while time.monotonic() < end:
        with contextlib.suppress(httpx.HTTPError, ValueError):
            answer = httpx.get(f"{address}/api/v1/query", params={"query": 'up{job="envoy"}'}, trust_env=False).json()
            if any(each["value"][1] == "1" for each in answer["data"]["result"]):
                return
        time.sleep(0.2)
    raise AssertionError("Prometheus does not scrape Envoy")
