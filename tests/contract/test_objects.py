"""Writing objects: preconditions, generations, subresources, refusals, reviews."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.contract.client import APPS, ARGO, CORE, JSON_PATCH, MERGE, STRATEGIC, Cluster

Object = dict[str, Any]


@pytest.fixture
def rollout(cluster: Cluster, namespace: str) -> str:
    """The path of a rollout that no controller moves: it is invalid, for its Service is not there."""
    path = f"{ARGO}/namespaces/{namespace}/rollouts"
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "still"}},
        "strategy": {"blueGreen": {"activeService": "nowhere"}},
        "template": {"metadata": {"labels": {"app": "still"}}, "spec": {"containers": [{"name": "c", "image": "x:1"}]}},
    }
    body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "still"}, "spec": spec}
    made = cluster.post(path, body)
    assert (made["metadata"]["generation"], made["metadata"]["namespace"]) == (1, namespace)
    return settled(cluster, f"{path}/still")


def settled(cluster: Cluster, path: str) -> str:
    cluster.wait(
        path, lambda item: item.get("status", {}).get("observedGeneration") == str(item["metadata"]["generation"])
    )
    return path


def refusal(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert (body["kind"], body["apiVersion"], body["status"]) == ("Status", "v1", "Failure")
    assert body["code"] == answer.status_code
    return answer.status_code, body.get("reason", "")


@pytest.mark.parametrize("subresource", ["", "/status"])
def test_a_merge_patch_with_an_old_version_conflicts(cluster: Cluster, rollout: str, subresource: str) -> None:
    old = cluster.get(rollout)["metadata"]["resourceVersion"]
    cluster.patch(rollout, {"metadata": {"labels": {"touched": "yes"}}})
    patch = {"metadata": {"resourceVersion": old}, "spec": {"paused": True}, "status": {"abort": True}}
    answer = cluster.try_patch(rollout + subresource, patch)
    assert refusal(answer) == (409, "Conflict")
    assert answer.json()["message"] == (
        'Operation cannot be fulfilled on rollouts.argoproj.io "still": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    assert answer.json()["details"] == {"name": "still", "group": "argoproj.io", "kind": "rollouts"}
    present = cluster.get(rollout)
    assert "paused" not in present["spec"]
    assert "abort" not in present["status"]


@pytest.mark.parametrize("subresource", ["", "/status"])
def test_a_merge_patch_with_the_present_version_applies(cluster: Cluster, rollout: str, subresource: str) -> None:
    version = cluster.get(rollout)["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": version}, "spec": {"replicas": 2}, "status": {"promoteFull": True}}
    fresh = cluster.patch(rollout + subresource, patch)
    assert int(fresh["metadata"]["resourceVersion"]) > int(version)
    assert fresh["spec"]["replicas"] == (1 if subresource else 2)
    assert fresh["status"].get("promoteFull", False) is bool(subresource)


def test_a_json_patch_tests_before_it_writes(cluster: Cluster, rollout: str) -> None:
    good = [
        {"op": "test", "path": "/spec/replicas", "value": 1},
        {"op": "replace", "path": "/spec/replicas", "value": 3},
    ]
    assert cluster.patch(rollout, good, JSON_PATCH)["spec"]["replicas"] == 3
    assert refusal(cluster.try_patch(rollout, good, JSON_PATCH)) == (422, "Invalid")
    missing = [{"op": "replace", "path": "/spec/nowhere/x", "value": 1}]
    assert refusal(cluster.try_patch(rollout, missing, JSON_PATCH)) == (422, "Invalid")
    assert cluster.get(rollout)["spec"]["replicas"] == 3


def test_a_json_patch_can_test_the_version_on_status_too(cluster: Cluster, rollout: str) -> None:
    version = cluster.get(rollout)["metadata"]["resourceVersion"]
    guarded = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": version},
        {"op": "add", "path": "/status/promoteFull", "value": True},
    ]
    assert cluster.patch(f"{rollout}/status", guarded, JSON_PATCH)["status"]["promoteFull"] is True
    assert refusal(cluster.try_patch(f"{rollout}/status", guarded, JSON_PATCH)) == (422, "Invalid")


def test_generation_counts_changes_of_the_spec_only(cluster: Cluster, rollout: str) -> None:
    def generation(patch: Object, subresource: str = "") -> int:
        found: int = cluster.patch(rollout + subresource, patch)["metadata"]["generation"]
        return found

    assert generation({"metadata": {"annotations": {"a": "b"}}}) == 1
    assert generation({"status": {"message": "x"}}, "/status") == 1
    assert generation({"spec": {"replicas": 5}}) == 2
    assert generation({"spec": {"replicas": 5}}) == 2
    assert generation({"spec": {"replicas": 6}}, "/status") == 2


def test_a_patch_that_changes_nothing_makes_no_version(cluster: Cluster, rollout: str) -> None:
    before = cluster.get(rollout)["metadata"]["resourceVersion"]
    assert cluster.patch(rollout, {"spec": {"replicas": 1}})["metadata"]["resourceVersion"] == before


def test_a_dry_run_answers_and_writes_nothing(cluster: Cluster, rollout: str) -> None:
    headers = {"Content-Type": MERGE}
    answer = cluster.ask("PATCH", rollout, content='{"spec":{"replicas":9}}', headers=headers, params={"dryRun": "All"})
    assert answer.json()["spec"]["replicas"] == 9
    assert cluster.get(rollout)["spec"]["replicas"] == 1


def test_put_wants_the_present_version(cluster: Cluster, rollout: str) -> None:
    item = cluster.get(rollout)
    item["spec"]["replicas"] = 4
    assert cluster.ask("PUT", rollout, json=item).json()["spec"]["replicas"] == 4
    assert refusal(cluster.ask("PUT", rollout, json=item)) == (409, "Conflict")
    del item["metadata"]["resourceVersion"]
    assert refusal(cluster.ask("PUT", rollout, json=item)) == (422, "Invalid")


def test_strategic_merge_is_for_built_in_kinds(cluster: Cluster, namespace: str, rollout: str) -> None:
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "b", "image": "b:2"}]}}}}
    answer = cluster.try_patch(rollout, patch, STRATEGIC)
    assert refusal(answer) == (415, "UnsupportedMediaType")
    path = f"{APPS}/namespaces/{namespace}/deployments"
    containers = [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]
    template = {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": containers}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "d"}}, "template": template}
    cluster.post(path, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec})
    fresh = cluster.patch(f"{path}/d", patch, STRATEGIC)
    images = [(each["name"], each["image"]) for each in fresh["spec"]["template"]["spec"]["containers"]]
    assert images == [("a", "a:1"), ("b", "b:2")]


def test_what_is_not_there_is_not_found(cluster: Cluster, namespace: str) -> None:
    answer = cluster.ask("GET", f"{ARGO}/namespaces/{namespace}/rollouts/none")
    assert refusal(answer) == (404, "NotFound")
    assert answer.json()["message"] == 'rollouts.argoproj.io "none" not found'
    assert answer.json()["details"] == {"name": "none", "group": "argoproj.io", "kind": "rollouts"}
    answer = cluster.ask("GET", f"{CORE}/namespaces/{namespace}/pods/none")
    assert answer.json()["message"] == 'pods "none" not found'
    for path in (f"{ARGO}/flights", "/apis/nothing.example/v1/things"):
        answer = cluster.ask("GET", path)
        assert (answer.status_code, answer.text) == (404, "404 page not found\n")


def test_a_name_can_be_had_once(cluster: Cluster, namespace: str) -> None:
    path = f"{CORE}/namespaces/{namespace}/configmaps"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "once"}, "data": {"a": "b"}}
    cluster.post(path, body)
    answer = cluster.ask("POST", path, json=body)
    assert refusal(answer) == (409, "AlreadyExists")
    assert answer.json()["message"] == 'configmaps "once" already exists'
    body["metadata"] = {"generateName": "made-"}
    name = cluster.post(path, body)["metadata"]["name"]
    assert name.startswith("made-")
    assert len(name) == len("made-") + 5


def test_a_namespace_must_be_there(cluster: Cluster) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "lost"}}
    answer = cluster.ask("POST", f"{CORE}/namespaces/no-such-place/configmaps", json=body)
    assert refusal(answer) == (404, "NotFound")
    assert answer.json()["message"] == 'namespaces "no-such-place" not found'


def test_a_value_of_a_wrong_type_is_invalid(cluster: Cluster, rollout: str) -> None:
    answer = cluster.try_patch(rollout, {"spec": {"replicas": "many"}})
    assert refusal(answer) == (422, "Invalid")
    assert 'spec.replicas in body must be of type integer: "string"' in answer.json()["message"]


def test_methods_that_a_path_has_not(cluster: Cluster, namespace: str, rollout: str) -> None:
    answer = cluster.ask("PUT", f"{CORE}/namespaces/{namespace}/pods", json={})
    assert refusal(answer) == (405, "MethodNotAllowed")
    assert answer.json()["message"] == "the server does not allow this method on the requested resource"
    assert refusal(cluster.ask("DELETE", f"{rollout}/status")) == (405, "MethodNotAllowed")


def test_nobody_is_nobody(cluster: Cluster) -> None:
    answer = cluster.ask("GET", f"{CORE}/namespaces", headers={"Authorization": "Bearer wrong"})
    assert refusal(answer) == (401, "Unauthorized")
    assert answer.json()["message"] == "Unauthorized"


def test_who_am_i_and_what_may_i(cluster: Cluster, namespace: str) -> None:
    kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    asked = {"namespace": namespace, "verb": "patch", "group": "argoproj.io", "resource": "rollouts"}
    body = {**kind, "spec": {"resourceAttributes": {**asked, "subresource": "status"}}}
    answer = cluster.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
    assert answer["status"]["allowed"] is True
    rules = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    answer = cluster.post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", rules)
    assert {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]} in answer["status"]["resourceRules"]
    me = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = cluster.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", me)
    assert "system:authenticated" in answer["status"]["userInfo"]["groups"]


def test_deleting_takes_along_what_was_owned(cluster: Cluster, namespace: str) -> None:
    path = f"{CORE}/namespaces/{namespace}/configmaps"
    head = {"apiVersion": "v1", "kind": "ConfigMap"}
    owner = cluster.post(path, {**head, "metadata": {"name": "owner"}})["metadata"]
    reference = {**head, "name": "owner", "uid": owner["uid"]}
    cluster.post(path, {**head, "metadata": {"name": "owned", "ownerReferences": [reference]}})
    stale = {"preconditions": {"resourceVersion": "1"}}
    assert refusal(cluster.ask("DELETE", f"{path}/owner", json=stale)) == (409, "Conflict")
    gone = cluster.delete(f"{path}/owner")
    assert (gone["status"], gone["details"]["uid"]) == ("Success", owner["uid"])
    cluster.wait(path, lambda listed: "owned" not in [item["metadata"]["name"] for item in listed["items"]])
