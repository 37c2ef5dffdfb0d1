"""HTTPRoutes as the API server keeps them: defaults, rules, conditional patches, and a status that gateways write."""

from __future__ import annotations

import copy
import json
from typing import Any

import httpx
import pytest

from tests.contract.client import JSON_PATCH, Cluster

Object = dict[str, Any]
GATEWAY = "/apis/gateway.networking.k8s.io/v1"
PARENT = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "models"}


def _path(namespace: str) -> str:
    return f"{GATEWAY}/namespaces/{namespace}/httproutes"


def mirror(**more: Any) -> Object:
    return {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "green", "port": 80}, **more}}


def _body(*filters: Object, **rule: Any) -> Object:
    backends = [{"name": "blue", "port": 80, "weight": 100}, {"name": "green", "port": 80, "weight": 0}]
    found = {"backendRefs": backends, **({"filters": list(filters)} if filters else {}), **rule}
    spec = {"parentRefs": [{"name": "models"}], "rules": [found]}
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "m"}, "spec": spec}


def change(cluster: Cluster, namespace: str, *steps: Object, **params: str) -> httpx.Response:
    headers = {"Content-Type": JSON_PATCH}
    return cluster.ask("PATCH", f"{_path(namespace)}/m", content=json.dumps(steps), headers=headers, params=params)


def accepted(generation: int, status: str = "True") -> Object:
    """What a gateway writes."""
    at = "2026-03-01T00:00:00Z"
    conditions = [
        {"type": kind, "status": status, "reason": kind, "message": "", "observedGeneration": generation}
        for kind in ("Accepted", "ResolvedRefs")
    ]
    entry = {
        "parentRef": PARENT,
        "controllerName": "example.com/other",
        "conditions": [{**each, "lastTransitionTime": at} for each in conditions],
    }
    return {"status": {"parents": [entry]}}


def test_what_is_left_out_is_filled_in(cluster: Cluster, namespace: str) -> None:
    item = _body(mirror(fraction={"numerator": 5}), backendRefs=[{"name": "blue", "port": 80}])
    spec = cluster.post(_path(namespace), item)["spec"]
    service = {"group": "", "kind": "Service", "port": 80}
    copied = {"backendRef": {**service, "name": "green"}, "fraction": {"numerator": 5, "denominator": 100}}
    assert spec == {
        "parentRefs": [PARENT],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "backendRefs": [{**service, "name": "blue", "weight": 1}],
                "filters": [{"type": "RequestMirror", "requestMirror": copied}],
            }
        ],
    }


_PLACE = "spec.rules[0]"
_MIRROR = f"{_PLACE}.filters[0].requestMirror"


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (_body(mirror(percent=5, fraction={"numerator": 1})), f"{_MIRROR}: Invalid value: Only one of percent or"),
        (_body(mirror(fraction={"numerator": 101})), f"{_MIRROR}.fraction: Invalid value: numerator must be less"),
        (_body(mirror(percent=101)), f"{_MIRROR}.percent in body should be less than or equal to 100"),
        (_body(mirror(percent=-1)), f"{_MIRROR}.percent in body should be greater than or equal to 0"),
        (_body(mirror(percent="5")), f'{_MIRROR}.percent in body must be of type integer: "string"'),
        (
            _body({"type": "RequestMirror"}),
            f"{_PLACE}.filters[0]: Invalid value: filter.requestMirror must be specified",
        ),
        (_body({**mirror(), "type": "URLRewrite"}), "filter.requestMirror must be nil if the filter.type is not"),
        (_body({"type": "Bogus"}), f'{_PLACE}.filters[0].type: Unsupported value: "Bogus"'),
        (
            _body({"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "x"}}}),
            f"{_MIRROR}.backendRef: Invalid value: Must have port for Service reference",
        ),
        (_body(backendRefs=[{"name": "x"}]), f"{_PLACE}.backendRefs[0]: Invalid value: Must have port for Service"),
        (_body(backendRefs=[{"port": 80}]), f"{_PLACE}.backendRefs[0].name: Required value"),
        (_body(backendRefs=[{"name": "", "port": 80}]), "name in body should be at least 1 chars long"),
        (_body(backendRefs=[{"name": "x", "port": 0}]), "port in body should be greater than or equal to 1"),
        (_body(backendRefs=[{"name": "x", "port": 80, "weight": -1}]), "should be greater than or equal to 0"),
        (_body(backendRefs=[{"name": "x", "port": 80, "weight": 1000001}]), "less than or equal to 1000000"),
        (
            _body(backendRefs=[{"name": "x", "port": 80}] * 17),
            f"{_PLACE}.backendRefs: Too many: 17: must have at most 16 items",
        ),
    ],
)
def test_what_breaks_a_rule_is_refused(cluster: Cluster, namespace: str, item: Object, why: str) -> None:
    answer = cluster.ask("POST", _path(namespace), json=item)
    assert (answer.status_code, answer.json()["reason"]) == (422, "Invalid"), answer.text
    assert why in answer.json()["message"]
    # rules are not asked where the shape is wrong already, and that is said
    shape = any(word in why for word in ("of type", "Unsupported", "Required", "Too many"))
    assert ("some validation rules were not checked" in answer.json()["message"]) is shape


def test_a_field_of_a_later_version_is_dropped_unless_the_client_is_strict(cluster: Cluster, namespace: str) -> None:
    """So it went with `percent` before v1.3: dropped, and all traffic was copied."""
    later = mirror(percents=5)
    answer = cluster.ask("POST", _path(namespace), json=_body(later))
    unknown = 'unknown field \\"spec.rules[0].filters[0].requestMirror.percents\\"'
    assert answer.headers.get_list("warning") == [f'299 - "{unknown}"']
    assert "percents" not in answer.json()["spec"]["rules"][0]["filters"][0]["requestMirror"]
    step = {"op": "add", "path": "/spec/rules/0/filters/-", "value": mirror(percents=5)}
    answer = change(cluster, namespace, step, fieldValidation="Strict")
    assert (answer.status_code, answer.json()["reason"]) == (422, "Invalid")
    said = answer.json()["message"]
    assert said.startswith(' "" is invalid: patch: Invalid value: "{')
    assert said.endswith('strict decoding error: unknown field "spec.rules[0].filters[1].requestMirror.percents"')


def test_lists_are_replaced_whole_by_a_merge_patch(cluster: Cluster, namespace: str) -> None:
    cluster.post(_path(namespace), _body(mirror()))
    spec = cluster.patch(f"{_path(namespace)}/m", {"spec": {"rules": [{"backendRefs": [{"name": "b", "port": 1}]}]}})[
        "spec"
    ]
    assert [ref["name"] for ref in spec["rules"][0]["backendRefs"]] == ["b"]
    assert "filters" not in spec["rules"][0]


def test_one_patch_moves_weights_and_copies_on_conditions(cluster: Cluster, namespace: str) -> None:
    item = cluster.post(_path(namespace), _body(mirror(percent=20)))
    version = {"op": "replace", "path": "/metadata/resourceVersion", "value": item["metadata"]["resourceVersion"]}
    switch = (
        {"op": "test", "path": "/spec/rules/0/backendRefs/0/name", "value": "blue"},
        {"op": "test", "path": "/spec/rules/0/filters/0/type", "value": "RequestMirror"},
        {"op": "add", "path": "/spec/rules/0/backendRefs/0/weight", "value": 0},
        {"op": "add", "path": "/spec/rules/0/backendRefs/1/weight", "value": 100},
        {"op": "remove", "path": "/spec/rules/0/filters/0"},
        {"op": "add", "path": "/metadata/annotations", "value": {"mlcd.dev/stable": "green"}},
    )
    other = {**switch[0], "value": "somebody"}
    answer = change(cluster, namespace, version, other, *switch)
    assert (answer.status_code, answer.json()["reason"]) == (422, "Invalid")
    assert "server rejected our request" in answer.json()["message"]
    answer = change(cluster, namespace, version, *switch)
    assert answer.status_code == 200, answer.text
    (rule,) = answer.json()["spec"]["rules"]
    assert ([ref["weight"] for ref in rule["backendRefs"]], rule.get("filters", [])) == ([0, 100], [])
    assert answer.json()["metadata"]["generation"] == 2
    answer = change(cluster, namespace, version, *switch)
    assert answer.status_code in {409, 422}, "the filter is gone, and the version is another"
    stale = change(cluster, namespace, version, switch[2])
    assert (stale.status_code, stale.json()["reason"]) == (409, "Conflict")


def test_notes_alone_are_no_new_generation(cluster: Cluster, namespace: str) -> None:
    cluster.post(_path(namespace), _body())
    meta = cluster.patch(f"{_path(namespace)}/m", {"metadata": {"annotations": {"mlcd.dev/stable": "blue"}}})[
        "metadata"
    ]
    assert (meta["generation"], meta["annotations"]["mlcd.dev/stable"]) == (1, "blue")


def test_a_status_is_written_beside_the_spec_and_tells_its_generation(cluster: Cluster, namespace: str) -> None:
    """Nothing on either server acts on a Gateway that is not there: the test writes as an implementation would."""
    item = cluster.post(_path(namespace), _body())
    found = cluster.patch(f"{_path(namespace)}/m/status", {**accepted(1), "spec": {"rules": []}})
    assert found["spec"] == item["spec"]
    assert found["metadata"]["generation"] == 1
    assert found["metadata"]["resourceVersion"] != item["metadata"]["resourceVersion"]
    step = {"op": "replace", "path": "/spec/rules/0/backendRefs/1/weight", "value": 20}
    moved = change(cluster, namespace, step).json()
    assert moved["metadata"]["generation"] == 2
    (entry,) = moved["status"]["parents"]
    assert {each["observedGeneration"] for each in entry["conditions"]} == {1}, "a client can see the time between"
    cluster.patch(f"{_path(namespace)}/m", {"status": {"parents": []}})
    assert cluster.get(f"{_path(namespace)}/m")["status"]["parents"] == [entry]


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"status": {"parents": None}}, "status.parents: Required value"),
        ({"status": {"parents": [{"parentRef": {"name": "x"}}]}}, "status.parents[0].controllerName: Required value"),
    ],
)
def test_a_status_without_its_parts_is_refused(cluster: Cluster, namespace: str, broken: Object, why: str) -> None:
    cluster.post(_path(namespace), _body())
    cluster.patch(f"{_path(namespace)}/m/status", accepted(1))
    answer = cluster.try_patch(f"{_path(namespace)}/m/status", copy.deepcopy(broken))
    assert answer.status_code == 422, answer.text
    assert why in answer.json()["message"]


def test_grants_and_classes_are_served_in_their_versions(cluster: Cluster, namespace: str) -> None:
    groups = {each["name"]: each for each in cluster.get("/apis")["groups"]}
    group = groups["gateway.networking.k8s.io"]
    assert group["preferredVersion"]["version"] == "v1"
    assert {"v1", "v1beta1"} <= {each["version"] for each in group["versions"]}
    source = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "elsewhere"}
    head = {"apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant", "metadata": {"name": "g"}}
    spec = {"from": [source], "to": [{"group": "", "kind": "Service"}]}
    grants = f"/apis/gateway.networking.k8s.io/v1beta1/namespaces/{namespace}/referencegrants"
    assert cluster.post(grants, {**head, "spec": spec})["spec"] == spec
    assert [item["metadata"]["name"] for item in cluster.get(grants)["items"]] == ["g"]
