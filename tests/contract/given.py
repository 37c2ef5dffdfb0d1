"""What the contract tests start from, on whichever server: a namespace of their own and a number for analyses."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from tests.contract.client import CORE, Cluster, Metric, served_metric


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    name = f"contract-{secrets.token_hex(4)}"
    cluster.post(f"{CORE}/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    cluster.delete(f"{CORE}/namespaces/{name}")


@pytest.fixture(scope="module")
def metric() -> Iterator[Metric]:
    with served_metric() as served:
        yield served
