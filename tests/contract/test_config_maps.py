"""ConfigMaps, as the packages that are published in them need them: made once, replaced conditionally, found by label."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import CORE, Cluster
from tests.contract.test_objects import refusal

Object = dict[str, Any]

LABEL = "mlcd.dev/package"
LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
WATCH = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
MIB = 1024 * 1024


@pytest.fixture
def path(namespace: str) -> str:
    return f"{CORE}/namespaces/{namespace}/configmaps"


def config_map(name: str, data: Object | None = None, labels: Object | None = None, **meta: Any) -> Object:
    metadata = {"name": name, **({"labels": labels} if labels else {}), **meta}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data or {}}


def test_one_is_made_once(cluster: Cluster, path: str) -> None:
    made = cluster.post(path, config_map("one", {"package.json": "{}"}, {LABEL: "churn"}))
    assert made["data"] == {"package.json": "{}"}
    assert "generation" not in made["metadata"]
    again = cluster.ask("POST", path, json=config_map("one"))
    assert refusal(again) == (409, "AlreadyExists")
    assert again.json()["message"] == 'configmaps "one" already exists'


def test_it_is_replaced_only_as_it_was_seen(cluster: Cluster, path: str) -> None:
    seen = cluster.post(path, config_map("one", {"a": "1", "b": "2"}, {LABEL: "churn"}))["metadata"]
    version = seen["resourceVersion"]
    fresh = cluster.ask("PUT", f"{path}/one", json=config_map("one", {"a": "3"}, resourceVersion=version)).json()
    assert (fresh["data"], fresh["metadata"]["uid"]) == ({"a": "3"}, seen["uid"])
    assert "labels" not in fresh["metadata"], "a PUT replaces all of it"
    late = cluster.ask("PUT", f"{path}/one", json=config_map("one", {"a": "4"}, resourceVersion=version))
    assert refusal(late) == (409, "Conflict")
    assert 'cannot be fulfilled on configmaps "one": the object has been modified' in late.json()["message"]
    same = cluster.ask("PUT", f"{path}/one", json=fresh).json()
    assert same["metadata"]["resourceVersion"] == fresh["metadata"]["resourceVersion"]


def test_what_is_gone_is_not_replaced(cluster: Cluster, path: str) -> None:
    assert refusal(cluster.ask("PUT", f"{path}/gone", json=config_map("gone"))) == (404, "NotFound")


def test_it_holds_a_mebibyte_and_no_more(cluster: Cluster, path: str) -> None:
    assert cluster.ask("POST", path, json=config_map("full", {"package.json": "x" * MIB})).status_code == 201
    answer = cluster.ask("POST", path, json=config_map("over", {"package.json": "x" * (MIB + 1)}))
    assert refusal(answer) == (422, "Invalid")
    assert answer.json()["message"] == 'ConfigMap "over" is invalid: []: Too long: may not be more than 1048576 bytes'


def test_data_is_text(cluster: Cluster, path: str) -> None:
    answer = cluster.ask("POST", path, json=config_map("number", {"a": 1}))
    assert refusal(answer) == (400, "BadRequest")
    assert "cannot unmarshal number into Go struct field ConfigMap.data of type string" in answer.json()["message"]


@pytest.mark.parametrize(
    ("body", "field", "why"),
    [
        (config_map("Churn_7"), "metadata.name", "a lowercase RFC 1123 subdomain must consist of"),
        (config_map("one", labels={LABEL: "churn 7"}), "metadata.labels", "a valid label must be an empty string or"),
        (config_map("one", {"a/b": ""}), "data[a/b]", "a valid config key must consist of alphanumeric characters"),
    ],
)
def test_names_labels_and_keys_are_judged(cluster: Cluster, path: str, body: Object, field: str, why: str) -> None:
    answer = cluster.ask("POST", path, json=body)
    assert refusal(answer) == (422, "Invalid")
    assert answer.json()["details"]["causes"][0]["field"] == field
    assert why in answer.json()["message"]


def test_the_label_finds_them_and_their_contents_need_not_come(cluster: Cluster, path: str) -> None:
    cluster.post(path, config_map("plain"))
    cluster.post(path, config_map("one", {"package.json": "{}"}, {LABEL: "churn"}, annotations={"a": "b"}))
    listed = cluster.ask("GET", path, params={"labelSelector": LABEL}, headers={"Accept": LIST}).json()
    assert [item["metadata"]["name"] for item in listed["items"]] == ["one"]
    assert "data" not in listed["items"][0]
    version = listed["metadata"]["resourceVersion"]
    cluster.patch(f"{path}/one", {"data": {"package.json": "[]"}})
    cluster.delete(f"{path}/one")
    params = {"watch": "true", "timeoutSeconds": "1", "resourceVersion": version, "labelSelector": LABEL}
    lines = cluster.ask("GET", path, params=params, headers={"Accept": WATCH}).text.splitlines()
    assert len(lines) == 2
    for line, kind in zip(lines, ("MODIFIED", "DELETED"), strict=True):
        assert f'"type":"{kind}"' in line
        assert '"kind":"PartialObjectMetadata"' in line
        assert "package.json" not in line.replace("managedFields", "").split('"f:data"')[0]
