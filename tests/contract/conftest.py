"""The contract on the simulated server; tests/e2e/test_contract.py holds the real one to the same."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from mlcd_tui.demo.cluster import DemoCluster
from tests.contract.client import Cluster
from tests.contract.given import metric, namespace

__all__ = ["metric", "namespace"]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with DemoCluster("empty") as demo:
        url, token = demo.call(lambda server: (server.url, server.token))
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as client:
            yield Cluster(client, real=False)
