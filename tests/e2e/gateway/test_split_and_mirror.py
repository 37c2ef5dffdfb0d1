"""The data plane itself does what HTTPRoutes ask: weights, copies, and no customer ever pays for a shadow."""

from __future__ import annotations

from tests.e2e.gateway.load import load, median_ms, versions, within
from tests.e2e.gateway.plane import Plane


def test_weights_and_copies(plane: Plane, namespace: str) -> None:
    address = plane.gateway(namespace)
    plane.model(namespace, "model-v1", version="1")
    shadow = plane.model(namespace, "model-v2", version="2")
    plane.route(namespace, "model", {"model-v1": 80, "model-v2": 20})
    with load(address) as customers:
        within(1000, 0.2, lambda count: versions(customers.next(count))["2"])
        mirror = {
            "type": "RequestMirror",
            "requestMirror": {"backendRef": {"name": "model-v2", "port": 80}, "percent": 25},
        }
        only = [{"name": "model-v1", "port": 80}]
        plane.patch_route(namespace, "model", {"rules": [{"backendRefs": only, "filters": [mirror]}]})

        def copied(count: int) -> int:
            asked = {each.id for each in customers.next(count)}
            return len(asked & set(shadow.seen().copies))

        within(1000, 0.25, copied)
        assert versions(customers.next(300)) == {"1": 300}
    assert not customers.failed
    assert median_ms(customers.answers) < 5000
