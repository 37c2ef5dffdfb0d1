"""The scale subresource, as `kubectl scale` and autoscalers use it."""

from __future__ import annotations

from tests.contract.client import APPS, MERGE, Cluster
from tests.contract.subject import Subject


def test_a_rollout_is_scaled_by_its_subresource(cluster: Cluster, namespace: str) -> None:
    web = Subject(cluster, namespace)
    web.create({"canary": {}}, replicas=1)
    found = cluster.get(f"{web.path}/scale")
    assert (found["kind"], found["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert (found["spec"], found["status"]) == ({"replicas": 1}, {"replicas": 1, "selector": "app=web"})
    fresh = cluster.patch(f"{web.path}/scale", {"spec": {"replicas": 2}})
    assert fresh["spec"] == {"replicas": 2}
    web.phase("Healthy", "", replicas=2)
    found["spec"]["replicas"] = 5
    answer = cluster.ask("PUT", f"{web.path}/scale", json=found)
    assert (answer.status_code, answer.json()["reason"]) == (409, "Conflict")
    assert cluster.try_patch(f"{web.path}/scale", {"spec": {"replicas": -1}}).status_code == 422
    assert web.get()["spec"]["replicas"] == 2


def test_a_deployment_is_scaled_by_its_subresource(cluster: Cluster, namespace: str) -> None:
    path = f"{APPS}/namespaces/{namespace}/deployments"
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": Subject.template("1")}
    cluster.post(path, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec})
    cluster.patch(f"{path}/web/scale", {"spec": {"replicas": 1}}, MERGE)
    cluster.wait(f"{path}/web/scale", lambda found: found["status"].get("replicas") == 1)
    assert cluster.get(f"{path}/web/scale")["status"]["selector"] == "app=web"
