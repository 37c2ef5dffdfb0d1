"""Two Deployments behind a Service on the real data plane: copies come from the route in front, or it says that none can."""

from __future__ import annotations

import json

import pytest

from tests.e2e.command import Said, mlcd
from tests.e2e.gateway.load import load, versions
from tests.e2e.gateway.plane import Model, Plane
from tests.e2e.lab.api import Object

pytestmark = pytest.mark.usefixtures("home")

PAIR = "churn"
SAMPLE = 300


def act(namespace: str, verb: str, *arguments: str, code: int = 0) -> Said:
    said = mlcd("rollouts", verb, PAIR, *arguments, "-n", namespace, "--context", "alice", "--yes")
    assert said.code == code, f"{said.out}{said.err}"
    return said


def side(plane: Plane, namespace: str, colour: str, version: str) -> Model:
    """A Deployment of the pair with its pods, and the Service that leads to it alone."""
    labels = {"app": f"churn-{colour}", "mlcd.dev/service": PAIR, "mlcd.dev/color": colour, "pair": "yes"}
    serve = {"lab.mlcd.dev/serve": json.dumps({"version": version})}
    container = {"name": "server", "image": f"registry.example/model:{version}", "ports": [{"containerPort": 8080}]}
    template = {"metadata": {"labels": labels, "annotations": serve}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": f"churn-{colour}"}}, "template": template}
    meta = {"namespace": namespace, "name": f"churn-{colour}", "labels": {"mlcd.dev/service": PAIR}}
    plane.create("Deployment", {"apiVersion": "apps/v1", "metadata": meta, "spec": spec})
    return Model(plane, namespace, f"churn-{colour}")


def service(plane: Plane, namespace: str, name: str, colour: str, **labels: str) -> None:
    made: Object = {"namespace": namespace, "name": name, "labels": {"mlcd.dev/service": PAIR, **labels}}
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    spec = {"selector": {"pair": "yes", "mlcd.dev/color": colour}, "ports": ports}
    plane.create("Service", {"apiVersion": "v1", "metadata": made, "spec": spec})


def test_a_pair_is_mirrored_through_its_route_switched_and_brought_back(plane: Plane, namespace: str) -> None:
    blue, green = side(plane, namespace, "blue", "1"), side(plane, namespace, "green", "2")
    service(plane, namespace, PAIR, "blue")
    service(plane, namespace, "churn-preview", "green", **{"mlcd.dev/role": "preview"})
    plane.wait(lambda: blue.addresses() and green.addresses(), "the pair does not run")
    without = act(namespace, "mirror", "100", code=3)
    assert "no HTTPRoute leads to churn" in without.err
    address = plane.gateway(namespace)
    plane.route(namespace, "front", {PAIR: 1})
    with load(address) as customers:
        assert versions(customers.next(SAMPLE)) == {"1": SAMPLE}
        assert "accepted it" in act(namespace, "mirror", "100").out
        mirrored = {each.id for each in customers.next(SAMPLE)}
        plane.wait(lambda: mirrored <= set(green.seen().copies), "the shadow did not get a copy of every request")
        assert not mirrored & set(green.seen().ids), "copies only"
        switched = act(namespace, "switch")
        assert "done: Service churn leads to 1 pod of churn-green" in switched.out
        # Endpoints are the controller's word; how soon a proxy takes them is its own business.
        plane.wait(lambda: versions(customers.next(20)) == {"2": 20}, "the data plane has not taken the switch")
        assert versions(customers.next(SAMPLE)) == {"2": SAMPLE}
        rule = plane.get("HTTPRoute", namespace, "front")["spec"]["rules"][0]
        assert "filters" not in rule, "nothing is copied to what serves"
        act(namespace, "switch-back")
        plane.wait(lambda: versions(customers.next(20)) == {"1": 20}, "the data plane has not taken the way back")
        assert versions(customers.next(SAMPLE)) == {"1": SAMPLE}
    assert customers.failed == ()
