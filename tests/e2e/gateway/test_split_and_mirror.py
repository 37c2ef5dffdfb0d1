"""The data plane itself does what HTTPRoutes ask: weights, copies, and no customer ever pays for a shadow on Envoy."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from tests.e2e.gateway.load import Answer, load, quantile_ms, versions, within
from tests.e2e.gateway.nginx import nginx_for
from tests.e2e.gateway.plane import Model, Plane
from tests.e2e.lab.api import Object

SLOW_MS = 1000


def only(service: str) -> list[Object]:
    return [{"name": service, "port": 80}]


def copies(service: str, percent: int) -> list[Object]:
    backend = {"name": service, "port": 80}
    return [{"type": "RequestMirror", "requestMirror": {"backendRef": backend, "percent": percent}}]


def copied(shadow: Model, answers: tuple[Answer, ...]) -> int:
    return len({each.id for each in answers} & set(shadow.seen().copies))


@pytest.fixture
def models(plane: Plane, namespace: str) -> dict[str, Model]:
    return {name: plane.model(namespace, name, version=name[-1]) for name in ("model-v1", "model-v2")}


def test_weights_and_copies(plane: Plane, namespace: str, models: dict[str, Model]) -> None:
    address = plane.gateway(namespace)
    plane.route(namespace, "model", {"model-v1": 80, "model-v2": 20})
    with load(address) as customers:
        within(1000, 0.2, lambda count: versions(customers.next(count))["2"])
        plane.patch_route(
            namespace, "model", {"rules": [{"backendRefs": only("model-v1"), "filters": copies("model-v2", 25)}]}
        )
        within(1000, 0.25, lambda count: copied(models["model-v2"], customers.next(count)))
        assert versions(customers.next(300)) == {"1": 300}
    assert not customers.failed


def test_a_slow_or_dead_shadow_costs_no_customer_of_envoy(
    plane: Plane, namespace: str, models: dict[str, Model]
) -> None:
    address = plane.gateway(namespace)
    plane.route(namespace, "model", {"model-v1": 1}, mirror=("model-v2", 100))
    with load(address) as customers:
        models["model-v2"].set(delay_ms=SLOW_MS)
        slow = customers.next(400)
        assert quantile_ms(slow, 0.95) < SLOW_MS  # not the slowest: a busy machine makes some wait, whoever answers
        plane.wait(lambda: copied(models["model-v2"], slow) == len(slow), "the slow shadow did not get every copy")
        models["model-v2"].set(dead=True)
        dead = customers.next(400)
        assert quantile_ms(dead, 0.95) < SLOW_MS
    assert versions(slow + dead) == {"1": 800}
    assert not customers.failed


def test_a_slow_shadow_makes_customers_of_nginx_wait(
    plane: Plane, namespace: str, models: dict[str, Model], tmp_path: Path
) -> None:
    """Why the product warns of classes that nginx stands behind: the same route, and every next request waits for the copy."""
    plane.gateway(namespace)
    plane.route(namespace, "model", {"model-v1": 80, "model-v2": 20}, mirror=("model-v2", 100))
    with nginx_for(plane.get("HTTPRoute", namespace, "model"), models, tmp_path) as address:
        with load(address) as customers:
            within(1000, 0.2, lambda count: versions(customers.next(count))["2"])
        asked = customers.answers
        plane.wait(lambda: copied(models["model-v2"], asked) == len(asked), "the shadow did not get every copy")
        models["model-v2"].set(delay_ms=SLOW_MS)
        with load(address) as waiting:
            slow = waiting.next(40)
    # The client of a connection hears of its first answer at once, and of the next after the copy of the one before.
    assert quantile_ms(slow, 0.5) > SLOW_MS / 2
    assert not customers.failed


def test_prometheus_tells_what_each_version_got(
    plane: Plane, namespace: str, models: dict[str, Model], prometheus: str
) -> None:
    address = plane.gateway(namespace)
    plane.route(namespace, "model", {"model-v1": 50, "model-v2": 50})
    models["model-v2"].set(failing=1.0, status=503)
    with load(address) as customers:
        customers.next(200)
    cluster = f"{namespace}_model-v2_80"
    failed = len(customers.failed)
    assert failed == len([each for each in customers.answers if each.version == "2"])
    query = f'envoy_cluster_upstream_rq{{envoy_cluster_name="{cluster}",envoy_response_code="503"}} == {failed}'
    plane.wait(lambda: _asked(prometheus, query), f"Prometheus does not tell of {failed} failed requests")


def test_a_typo_in_a_backend_costs_its_share_and_is_said(
    plane: Plane, namespace: str, models: dict[str, Model]
) -> None:
    address = plane.gateway(namespace)
    plane.route(namespace, "model", {"model-v1": 1})
    backends = [{"name": "model-v1", "port": 80, "weight": 80}, {"name": "model-v9", "port": 80, "weight": 20}]
    path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes/model"
    headers = {"Content-Type": "application/merge-patch+json"}
    plane.api.request(
        "PATCH", path, content=json.dumps({"spec": {"rules": [{"backendRefs": backends}]}}), headers=headers
    )

    def said() -> bool:
        parents = plane.get("HTTPRoute", namespace, "model")["status"]["parents"]
        return [c["reason"] for c in parents[0]["conditions"]] == ["Accepted", "BackendNotFound"]

    plane.wait(said, "the route does not say that a backend is missing")
    with load(address) as customers:
        within(500, 0.2, lambda count: sum(each.status == 500 for each in customers.next(count)))
    assert {each.status for each in customers.answers} == {200, 500}


def _asked(prometheus: str, query: str) -> bool:
    answer = httpx.get(f"{prometheus}/api/v1/query", params={"query": query}, trust_env=False)
    return bool(answer.json()["data"]["result"])
