"""The contract tests of tests/contract on the real API server with the real Argo controller and CRDs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.client import Cluster
from tests.contract.given import metric, namespace
from tests.contract.test_config_maps import *  # noqa: F403
from tests.contract.test_invalid_specs import *  # noqa: F403
from tests.contract.test_lists import *  # noqa: F403 - the same functions, collected once more
from tests.contract.test_objects import *  # noqa: F403
from tests.contract.test_rollouts_blue_green import *  # noqa: F403
from tests.contract.test_rollouts_canary import *  # noqa: F403
from tests.contract.test_rollouts_edited import *  # noqa: F403
from tests.contract.test_rollouts_judged import *  # noqa: F403
from tests.contract.test_routes import *  # noqa: F403
from tests.contract.test_scale import *  # noqa: F403
from tests.contract.test_schema import *  # noqa: F403
from tests.e2e.conftest import Lab

__all__ = ["metric", "namespace"]


@pytest.fixture(scope="session")
def cluster(lab: Lab) -> Iterator[Cluster]:
    with lab.api() as api:
        yield Cluster(api._client, real=True)
