"""Routes that somebody else applies or moves, and kinds older than what an act needs, on a real API server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.command import Said, mlcd
from tests.e2e.conftest import Lab
from tests.e2e.gateway.plane import API, Plane
from tests.e2e.lab.api import LabApi, Object
from tests.e2e.lab.established import wait_established

pytestmark = pytest.mark.usefixtures("home")

CRD = "httproutes.gateway.networking.k8s.io"
BACKENDS = [{"name": "churn-blue", "port": 80, "weight": 100}, {"name": "churn-green", "port": 80, "weight": 0}]
APPLIERS = {
    "kustomize-controller": "Flux keeps this route and may revert the change",
    "kapp-server": "kapp-server keeps this route and may revert the change",
    "flagger": "Flagger moves this route by itself",
    "gatewayapi-plugin-linux-amd64": "Argo Rollouts moves this route by itself",
    "kubectl": "",
}


def apply(lab: Lab, namespace: str, name: str, manager: str) -> None:
    """As that manager does: on the server, by force."""
    spec = {"parentRefs": [{"name": "gateway"}], "rules": [{"backendRefs": BACKENDS}]}
    made = {"apiVersion": API, "kind": "HTTPRoute", "metadata": {"name": name, "namespace": namespace}, "spec": spec}
    command = ["kubectl", "--kubeconfig", str(lab.kubeconfig), "apply", "--server-side", "--force-conflicts"]
    said = subprocess.run(
        [*command, "--field-manager", manager, "-f", "-"],
        input=json.dumps(made),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert said.returncode == 0, said.stderr


@pytest.fixture
def models(plane: Plane, namespace: str) -> None:
    plane.gateway(namespace)
    for name, version in (("churn-blue", "1"), ("churn-green", "2")):
        plane.model(namespace, name, version=version)


def act(namespace: str, name: str, verb: str, *arguments: str) -> Said:
    return mlcd("rollouts", verb, name, *arguments, "-n", namespace, "--context", "alice", "--yes")


@pytest.mark.usefixtures("models")
def test_who_else_applies_or_moves_a_route_is_said_before_the_act(lab: Lab, plane: Plane, namespace: str) -> None:
    for number, manager in enumerate(APPLIERS):
        apply(lab, namespace, f"churn-{number}", manager)
    for number, (manager, told) in enumerate(APPLIERS.items()):
        plane.served(namespace, f"churn-{number}")
        said = act(namespace, f"churn-{number}", "set-weight", "20", "--dry-run")
        words = said.out + said.err
        assert told in words, manager
        assert told or "keeps this route" not in words
        assert said.code == (3 if "moves" in told else 0), manager


@pytest.mark.usefixtures("models")
def test_a_revert_by_git_is_told_and_a_way_back_exists(lab: Lab, plane: Plane, namespace: str) -> None:
    apply(lab, namespace, "churn", "argocd-controller")
    plane.served(namespace, "churn")
    assert act(namespace, "churn", "set-weight", "20").code == 0
    kept = plane.get("HTTPRoute", namespace, "churn")["metadata"]["managedFields"]
    assert {"argocd-controller", "mlcd-tui"} <= {each["manager"] for each in kept}
    again = act(namespace, "churn", "set-weight", "30", "--dry-run")
    assert "Argo CD keeps this route" in again.out, "our own write does not hide whose it is"
    apply(lab, namespace, "churn", "argocd-controller")
    plane.served(namespace, "churn")
    (found,) = mlcd("rollouts", "list", "-n", namespace, "-o", "json").json["items"]
    assert found["weight"]["set"] in {0, 100}, "what Git asked for is what is told"
    assert (found["name"], found["replicas"]["ready"]) == ("churn", 2), "pods of both, and no rows beside it"
    assert {each["image"] for each in found["images"]} == {"registry.example/model:1", "registry.example/model:2"}


@pytest.fixture
def older(lab: Lab, api: LabApi) -> Iterator[None]:
    """The kind as it was before v1.3: a filter of copies knows no share, and what is not known is dropped."""
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{CRD}"
    newer: Object = api.request("GET", path)
    kubectl = ["kubectl", "--kubeconfig", str(lab.kubeconfig)]

    def put(versions: list[Object]) -> None:
        there: Object = api.request("GET", path)
        api.request("PUT", path, json={**there, "spec": {**there["spec"], "versions": versions}})
        wait_established(kubectl, f"crd/{CRD}")

    put(_without_shares(json.loads(json.dumps(newer["spec"]["versions"]))))
    try:
        yield
    finally:
        put(newer["spec"]["versions"])


def _without_shares(versions: Any) -> Any:
    """The same schema, without `percent` and `fraction` wherever requests are copied."""
    if isinstance(versions, list):
        return [_without_shares(each) for each in versions]
    if not isinstance(versions, dict):
        return versions
    fields = versions.get("properties", {})
    if isinstance(fields, dict) and {"backendRef", "percent", "fraction"} <= fields.keys():
        del fields["percent"], fields["fraction"]
        versions.pop("x-kubernetes-validations", None)  # its rule speaks of both
    return {key: _without_shares(value) for key, value in versions.items()}


@pytest.mark.usefixtures("models")
def test_a_share_that_the_kind_does_not_know_is_never_called_done(
    plane: Plane, namespace: str, request: pytest.FixtureRequest
) -> None:
    plane.route(namespace, "churn", {"churn-blue": 100, "churn-green": 0})
    request.getfixturevalue("older")

    def refused() -> Said | None:
        """The API server takes a changed kind up within moments."""
        said = act(namespace, "churn", "mirror", "25")
        if said.code == 0:
            assert act(namespace, "churn", "mirror", "0").code == 0
        return said if said.code else None

    said = plane.wait(refused, "the older kind was not taken up")
    assert said is not None
    assert said.code == 1
    assert 'unknown field "spec.rules[0].filters[0].requestMirror.percent"' in said.out
    assert "filters" not in plane.get("HTTPRoute", namespace, "churn")["spec"]["rules"][0], "nothing was sent"
    assert "done: " in act(namespace, "churn", "mirror", "100").out, "all of it is what older kinds know"
