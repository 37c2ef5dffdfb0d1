"""The simulated cluster's gateway: statuses as the standard asks for them, and the story of the fraud team."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from mlcd_tui.demo.cluster import DemoCluster
from tests.contract.client import CORE, Cluster

Object = dict[str, Any]
GATEWAY = "/apis/gateway.networking.k8s.io"
CONTROLLER = "mlcd.dev/demo-gateway"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with DemoCluster("empty") as demo:
        url, token = demo.call(lambda server: (server.url, server.token))
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as client:
            found = Cluster(client, real=False)
            _world(found)
            yield found


def _world(cluster: Cluster) -> None:
    """Two namespaces, a Gateway that takes routes of its own one only, and a Service in each."""
    head = {"apiVersion": "gateway.networking.k8s.io/v1"}
    cluster.post(
        f"{GATEWAY}/v1/gatewayclasses",
        {**head, "kind": "GatewayClass", "metadata": {"name": "c"}, "spec": {"controllerName": CONTROLLER}},
    )
    for name in ("a", "b"):
        cluster.post(f"{CORE}/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        spec = {"ports": [{"port": 80}], "selector": {"app": "m"}}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "m"}, "spec": spec}
        cluster.post(f"{CORE}/namespaces/{name}/services", service)
    listener = {"name": "http", "port": 80, "protocol": "HTTP"}
    spec = {"gatewayClassName": "c", "listeners": [listener]}
    cluster.post(
        f"{GATEWAY}/v1/namespaces/a/gateways", {**head, "kind": "Gateway", "metadata": {"name": "g"}, "spec": spec}
    )


def conditions(item: Object, kind: str = "") -> dict[str, tuple[str, str, int]]:
    found = item.get("status", {}).get("conditions", []) if kind else item["status"]["parents"][0]["conditions"]
    return {each["type"]: (each["status"], each["reason"], each["observedGeneration"]) for each in found}


def made(cluster: Cluster, name: str, backend: Object, home: str = "a", **parent: Any) -> Object:
    """A route with one backend, once its gateway has answered."""
    path = f"{GATEWAY}/v1/namespaces/{home}/httproutes"
    spec = {"parentRefs": [{"name": "g", **parent}], "rules": [{"backendRefs": [{"port": 80, **backend}]}]}
    head = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": name}}
    cluster.post(path, {**head, "spec": spec})
    return cluster.wait(f"{path}/{name}", lambda item: bool(item.get("status")))


def test_class_and_gateway_say_what_they_are(cluster: Cluster) -> None:
    path = f"{GATEWAY}/v1/gatewayclasses/c"
    found = cluster.wait(path, lambda item: bool(item.get("status", {}).get("supportedFeatures")))
    assert {"name": "HTTPRouteRequestPercentageMirror"} in found["status"]["supportedFeatures"]
    gateway = cluster.wait(f"{GATEWAY}/v1/namespaces/a/gateways/g", lambda item: bool(item.get("status")))
    assert conditions(gateway, "Gateway")["Programmed"] == ("True", "Programmed", 1)


def test_a_route_is_accepted_and_again_after_each_change(cluster: Cluster) -> None:
    good = made(cluster, "good", {"name": "m"})
    assert conditions(good) == {
        "Accepted": ("True", "Accepted", 1),
        "ResolvedRefs": ("True", "ResolvedRefs", 1),
    }
    path = f"{GATEWAY}/v1/namespaces/a/httproutes/good"
    answer = cluster.patch(path, {"spec": {"hostnames": ["m.example.com"]}})
    assert conditions(answer)["Accepted"][2] == 1, "a client can see the time between"
    cluster.wait(path, lambda item: conditions(item)["Accepted"] == ("True", "Accepted", 2))


@pytest.mark.parametrize(
    ("backend", "reason"),
    [
        ({"name": "typo"}, "BackendNotFound"),
        ({"name": "m", "namespace": "b"}, "RefNotPermitted"),
        ({"name": "m", "kind": "Bucket", "group": "example.com"}, "InvalidKind"),
    ],
)
def test_what_leads_nowhere_is_said(cluster: Cluster, backend: Object, reason: str) -> None:
    found = made(cluster, reason.lower(), backend)
    assert conditions(found)["ResolvedRefs"] == ("False", reason, 1)
    assert conditions(found)["Accepted"][0] == "True"


def test_a_grant_and_a_service_that_come_later_are_seen(cluster: Cluster) -> None:
    made(cluster, "later", {"name": "late", "namespace": "b"})
    source = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "a"}
    grant = {"from": [source], "to": [{"group": "", "kind": "Service", "name": "late"}]}
    head = {"apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant", "metadata": {"name": "late"}}
    cluster.post(f"{GATEWAY}/v1beta1/namespaces/b/referencegrants", {**head, "spec": grant})
    path = f"{GATEWAY}/v1/namespaces/a/httproutes/later"
    cluster.wait(path, lambda item: conditions(item)["ResolvedRefs"][1] == "BackendNotFound")
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "late"}, "spec": {"ports": [{"port": 80}]}}
    cluster.post(f"{CORE}/namespaces/b/services", service)
    cluster.wait(path, lambda item: conditions(item)["ResolvedRefs"][0] == "True")


def test_a_listener_takes_whom_it_allows(cluster: Cluster) -> None:
    found = made(cluster, "foreign", {"name": "m"}, "b", namespace="a")
    assert conditions(found)["Accepted"][:2] == ("False", "NotAllowedByListeners")
    found = made(cluster, "nowhere", {"name": "m"}, sectionName="tls")
    assert conditions(found)["Accepted"][:2] == ("False", "NoMatchingParent")


def test_others_entries_in_the_status_are_left_alone(cluster: Cluster) -> None:
    found = made(cluster, "shared", {"name": "m"})
    (ours,) = found["status"]["parents"]
    other = {**ours, "controllerName": "example.com/other"}
    path = f"{GATEWAY}/v1/namespaces/a/httproutes/shared"
    cluster.patch(f"{path}/status", {"status": {"parents": [other]}})
    found = cluster.wait(path, lambda item: len(item["status"]["parents"]) == 2)
    assert {each["controllerName"] for each in found["status"]["parents"]} == {CONTROLLER, "example.com/other"}
