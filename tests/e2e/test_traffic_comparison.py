"""What is planted in a new version is found by asking both versions again (that an equal one passes: test_traffic_journeys.py)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.gateway.model_server import planted
from tests.e2e.gateway.plane import Model, Plane
from tests.e2e.gateway.recorded import ENOUGH, bodies, compare

pytestmark = pytest.mark.usefixtures("home")

ROUTE = "churn"


@pytest.fixture
def blue(plane: Plane, namespace: str) -> Model:
    return plane.model(namespace, "churn-blue", version="1")


@pytest.fixture
def green(plane: Plane, namespace: str, blue: Model) -> Model:
    """The new version, which gets copies."""
    plane.gateway(namespace)
    model = plane.model(namespace, "churn-green", version="2")
    roles = {"mlcd.dev/stable": blue.name, "mlcd.dev/candidate": model.name}
    plane.route(namespace, ROUTE, {blue.name: 100}, mirror=(model.name, 100), annotations=roles)
    return model


def test_a_planted_mismatch_is_counted_exactly(namespace: str, green: Model, tmp_path: Path) -> None:
    green.set(mismatch=0.03)
    wrong = sum(planted(json.dumps(body, separators=(",", ":")).encode(), 0.03) for body in bodies(ENOUGH))
    said = compare(namespace, ROUTE, tmp_path)
    assert said.code == 1, said
    found = said.json
    assert found["verdict"] == "different"
    assert (found["mismatch"]["count"], found["mismatch"]["total"], found["noise"]["count"]) == (wrong, ENOUGH, 0)
    assert found["mismatch"]["low"] < wrong / ENOUGH < found["mismatch"]["high"]
    assert all("leaves" in each["why"] for each in found["examples"])
    # Whoever answered is told by what the pods run, so that the result counts for these images alone.
    assert len({found["productionDigest"], found["shadowDigest"]} - {""}) == 2


def test_a_slower_version_is_found(namespace: str, green: Model, tmp_path: Path) -> None:
    green.set(delay_ms=150)
    said = compare(namespace, ROUTE, tmp_path, count=200)
    assert said.code == 1, said
    assert said.json["verdict"] == "slower"
    assert said.json["mismatch"]["count"] == 0
    assert 100 < said.json["latency"]["low"] < said.json["latency"]["median"]


def test_a_version_that_fails_is_not_called_equal(namespace: str, green: Model, tmp_path: Path) -> None:
    green.set(failing=0.05, status=503)
    said = compare(namespace, ROUTE, tmp_path, count=400)
    assert said.code == 1, said
    assert said.json["verdict"] not in {"equal within limits", "slower"}
    assert said.json["statusDiffers"] + said.json["failed"] > 0
