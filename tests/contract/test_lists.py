"""Lists and watches: pages, selectors, resuming, bookmarks, 410, tables."""

from __future__ import annotations

from typing import Any

from tests.contract.client import APPS, ARGO, CORE, Cluster

Object = dict[str, Any]


def made(cluster: Cluster, namespace: str, *names: str, **labels: str) -> str:
    path = f"{ARGO}/namespaces/{namespace}/analysistemplates"
    for name in names:
        item = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AnalysisTemplate",
            "metadata": {"name": name, "labels": labels},
            "spec": {
                "metrics": [{"name": "m", "provider": {"web": {"url": "http://127.0.0.1:1", "jsonPath": "{$.x}"}}}]
            },
        }
        cluster.post(path, item)
    return path


def names_of(listed: Object) -> list[str]:
    return [item["metadata"]["name"] for item in listed["items"]]


def test_a_list_in_pages_is_the_whole_list(cluster: Cluster, namespace: str) -> None:
    path = made(cluster, namespace, *"edcba")
    first = cluster.get(path, limit=2)
    assert names_of(first) == ["a", "b"]
    assert first["metadata"]["remainingItemCount"] == 3
    assert first["kind"] == "AnalysisTemplateList"
    second = cluster.get(path, **{"limit": 2, "continue": first["metadata"]["continue"]})
    third = cluster.get(path, **{"limit": 2, "continue": second["metadata"]["continue"]})
    assert names_of(second) + names_of(third) == ["c", "d", "e"]
    assert third["metadata"]["continue"] == ""
    assert third["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_a_continue_token_that_is_none_is_refused(cluster: Cluster, namespace: str) -> None:
    path = made(cluster, namespace)
    answer = cluster.ask("GET", path, params={"limit": 2, "continue": "nonsense"})
    assert (answer.status_code, answer.json()["reason"]) == (400, "BadRequest")


def test_selectors_choose(cluster: Cluster, namespace: str) -> None:
    path = made(cluster, namespace, "red", team="one")
    made(cluster, namespace, "blue", team="two", tier="gold")
    assert names_of(cluster.get(path, labelSelector="team=one")) == ["red"]
    assert names_of(cluster.get(path, labelSelector="team in (one,two),tier")) == ["blue"]
    assert names_of(cluster.get(path, labelSelector="team!=one")) == ["blue"]
    assert names_of(cluster.get(path, labelSelector="!tier")) == ["red"]
    assert names_of(cluster.get(path, fieldSelector="metadata.name=blue")) == ["blue"]
    refused = cluster.ask("GET", path, params={"fieldSelector": "status.phase=x"})
    assert (refused.status_code, refused.json()["reason"]) == (400, "BadRequest")
    assert "field label not supported: status.phase" in refused.json()["message"]


def test_a_watch_goes_on_from_the_list(cluster: Cluster, namespace: str) -> None:
    path = made(cluster, namespace, "old")
    version = cluster.get(path)["metadata"]["resourceVersion"]
    made(cluster, namespace, "new")
    cluster.patch(f"{path}/old", {"metadata": {"labels": {"a": "b"}}})
    cluster.delete(f"{path}/new")
    events = cluster.watch(path, 1, resourceVersion=version)
    assert [(event["type"], event["object"]["metadata"]["name"]) for event in events] == [
        ("ADDED", "new"),
        ("MODIFIED", "old"),
        ("DELETED", "new"),
    ]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(set(versions))
    again = cluster.watch(path, 1, resourceVersion=events[0]["object"]["metadata"]["resourceVersion"])
    assert [event["type"] for event in again] == ["MODIFIED", "DELETED"]


def test_a_watch_without_a_version_begins_with_what_there_is(cluster: Cluster, namespace: str) -> None:
    path = made(cluster, namespace, "one", "two")
    events = cluster.watch(path, 1)
    assert [(event["type"], event["object"]["metadata"]["name"]) for event in events] == [
        ("ADDED", "one"),
        ("ADDED", "two"),
    ]


def test_what_leaves_a_selector_is_deleted_to_its_watch(cluster: Cluster, namespace: str) -> None:
    path = made(cluster, namespace, "it", team="one")
    version = cluster.get(path)["metadata"]["resourceVersion"]
    for team in ("two", "one"):
        cluster.patch(f"{path}/it", {"metadata": {"labels": {"team": team}}})
    events = cluster.watch(path, 1, resourceVersion=version, labelSelector="team=one")
    assert [event["type"] for event in events] == ["DELETED", "ADDED"]


def test_a_bookmark_tells_how_far_a_silent_watch_has_come(cluster: Cluster, namespace: str) -> None:
    path = made(cluster, namespace, "one")
    version = cluster.get(path)["metadata"]["resourceVersion"]
    seconds = 8 if cluster.real else 3
    events = cluster.watch(path, seconds, resourceVersion=version, allowWatchBookmarks="true")
    assert {event["type"] for event in events} == {"BOOKMARK"}
    bookmark = events[-1]["object"]
    assert bookmark["kind"] == "AnalysisTemplate"
    assert int(bookmark["metadata"]["resourceVersion"]) >= int(version)


def test_a_watch_from_forgotten_history_is_told_so(cluster: Cluster, namespace: str) -> None:
    path = made(cluster, namespace, "one")
    events = cluster.watch(path, 2, resourceVersion="1")
    assert [event["type"] for event in events] == ["ERROR"]
    status = events[0]["object"]
    assert (status["kind"], status["code"], status["reason"]) == ("Status", 410, "Expired")
    assert status["message"].startswith("too old resource version: 1 (")


def test_a_table_has_the_columns_of_the_crd(cluster: Cluster, namespace: str) -> None:
    spec = {
        "replicas": 0,
        "selector": {"matchLabels": {"app": "x"}},
        "strategy": {"canary": {}},
        "template": {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "x:1"}]}},
    }
    path = f"{ARGO}/namespaces/{namespace}/rollouts"
    body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "x"}, "spec": spec}
    cluster.post(path, body)
    accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
    table = cluster.ask("GET", path, headers=accept).json()
    assert table["kind"] == "Table"
    names = [column["name"] for column in table["columnDefinitions"]]
    assert names == ["Name", "Desired", "Current", "Up-to-date", "Available", "Age"]
    row = table["rows"][0]
    assert row["cells"][:2] == ["x", 0]
    assert row["object"]["kind"] == "PartialObjectMetadata"
    assert row["object"]["metadata"]["name"] == "x"
    assert "spec" not in row["object"]


def test_metadata_alone_can_be_had(cluster: Cluster, namespace: str) -> None:
    path = made(cluster, namespace, "one")
    accept = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
    listed = cluster.ask("GET", path, headers=accept).json()
    assert listed["kind"] == "PartialObjectMetadataList"
    assert names_of(listed) == ["one"]
    assert "spec" not in listed["items"][0]


def test_discovery_names_what_is_served(cluster: Cluster) -> None:
    groups = {group["name"]: group["preferredVersion"]["version"] for group in cluster.get("/apis")["groups"]}
    assert groups["argoproj.io"] == "v1alpha1"
    assert groups["apps"] == "v1"
    for base, plural, kind, short in (
        (ARGO, "rollouts", "Rollout", "ro"),
        (ARGO, "analysisruns", "AnalysisRun", "ar"),
        (APPS, "deployments", "Deployment", "deploy"),
        (CORE, "pods", "Pod", "po"),
    ):
        entry = next(each for each in cluster.get(base)["resources"] if each["name"] == plural)
        assert (entry["kind"], entry["namespaced"], entry["shortNames"]) == (kind, True, [short])
        assert {"get", "list", "watch", "patch", "create", "update", "delete"} <= set(entry["verbs"])
    there = {each["name"] for each in cluster.get(ARGO)["resources"]}
    assert "rollouts/status" in there
    assert "analysisruns/status" not in there
    assert cluster.get("/version")["major"] == "1"
    assert cluster.ask("GET", "/readyz").text == "ok"
