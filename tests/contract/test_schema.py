"""What the CRDs' schemas refuse and drop at the door, before any controller sees it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import ARGO, Cluster
from tests.contract.subject import Subject

Object = dict[str, Any]


def body(**strategy: Any) -> Object:
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "strategy": {"canary": strategy},
        "template": Subject.template("1"),
    }
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "typed"}, "spec": spec}


def rollouts(namespace: str) -> str:
    return f"{ARGO}/namespaces/{namespace}/rollouts"


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ({"replicas": "many"}, 'spec.replicas in body must be of type integer: "string"'),
        ({"replicas": -1}, ".spec.replicas: Invalid value: -1: should be a non-negative integer"),
        ({"paused": "yes"}, 'spec.paused in body must be of type boolean: "string"'),
        ({"restartAt": "soon"}, 'spec.restartAt in body must be of type date-time: "soon"'),
        (
            {"selector": {"matchLabels": {"app": 1}}},
            'spec.selector.matchLabels.app in body must be of type string: "integ',
        ),
        ({"strategy": {"canary": {"steps": 3}}}, 'spec.strategy.canary.steps in body must be of type array: "integer"'),
        (
            {"strategy": {"canary": {"steps": [{"setWeight": "ten"}]}}},
            'spec.strategy.canary.steps[0].setWeight in body must be of type integer: "string"',
        ),
        (
            {"strategy": {"canary": {"steps": [{"pause": {}}, {"pause": {"duration": True}}]}}},
            'spec.strategy.canary.steps[1].pause.duration in body must be of type integer,string: "boolean"',
        ),
        (
            {"strategy": {"canary": {"steps": [{"experiment": {}}]}}},
            "spec.strategy.canary.steps[0].experiment.templates: Required value",
        ),
    ],
)
def test_a_spec_of_wrong_types_is_refused(cluster: Cluster, namespace: str, patch: Object, why: str) -> None:
    cluster.post(rollouts(namespace), body(steps=[{"setWeight": 10}, {"pause": {}}]))
    answer = cluster.try_patch(f"{rollouts(namespace)}/typed", {"spec": patch})
    assert (answer.status_code, answer.json()["reason"]) == (422, "Invalid")
    assert answer.json()["message"].startswith('Rollout.argoproj.io "typed" is invalid: ')
    assert why in answer.json()["message"]
    item = body()
    item["spec"] |= patch
    answer = cluster.ask("POST", rollouts(namespace), json=item)
    assert (answer.status_code, why in answer.json()["message"]) == (422, True)


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ({"currentStepIndex": "x"}, 'currentStepIndex in body must be of type integer: "string"'),
        ({"abort": "yes"}, 'abort in body must be of type boolean: "string"'),
        ({"promoteFull": 1}, 'promoteFull in body must be of type boolean: "integer"'),
        ({"pauseConditions": [{"reason": "x"}]}, "status.pauseConditions[0].startTime: Required value"),
        ({"conditions": {}}, 'conditions in body must be of type array: "object"'),
    ],
)
def test_a_status_of_wrong_types_is_refused(cluster: Cluster, namespace: str, patch: Object, why: str) -> None:
    cluster.post(rollouts(namespace), body())
    answer = cluster.try_patch(f"{rollouts(namespace)}/typed/status", {"status": patch})
    assert (answer.status_code, answer.json()["reason"]) == (422, "Invalid")
    assert why in answer.json()["message"]


def test_unknown_fields_are_warned_about_and_dropped(cluster: Cluster, namespace: str) -> None:
    item = body(steps=[{"setWeight": 10, "odd": {"deep": 1}}])
    item["spec"] |= {"bogus": 1, "paused": None}
    answer = cluster.ask("POST", rollouts(namespace), json=item)
    assert answer.headers.get_list("warning") == [
        '299 - "unknown field \\"spec.bogus\\""',
        '299 - "unknown field \\"spec.strategy.canary.steps[0].odd\\""',
    ]
    spec = answer.json()["spec"]
    assert spec["strategy"] == {"canary": {"steps": [{"setWeight": 10}]}}
    assert not spec.keys() & {"bogus", "paused"}
    answer = cluster.try_patch(f"{rollouts(namespace)}/typed/status", {"status": {"bogus": 1, "message": "kept"}})
    assert answer.headers.get_list("warning") == ['299 - "unknown field \\"status.bogus\\""']
    assert "bogus" not in answer.json()["status"]


def test_a_strict_client_is_refused_unknown_fields(cluster: Cluster, namespace: str) -> None:
    item = body()
    item["spec"]["bogus"] = 1
    answer = cluster.ask("POST", rollouts(namespace), json=item, params={"fieldValidation": "Strict"})
    why = 'cannot be handled as a Rollout: strict decoding error: unknown field "spec.bogus"'
    assert (answer.status_code, answer.json()["reason"]) == (400, "BadRequest")
    assert answer.json()["message"].endswith(why)
    answer = cluster.ask("POST", rollouts(namespace), json=item, params={"fieldValidation": "Ignore"})
    assert (answer.status_code, answer.headers.get_list("warning")) == (201, [])


def test_runs_and_experiments_have_schemas_too(cluster: Cluster, namespace: str) -> None:
    head = {"apiVersion": "argoproj.io/v1alpha1", "metadata": {"name": "typed"}}
    run = {**head, "kind": "AnalysisRun", "spec": {"metrics": [{"name": "x", "count": True}]}, "status": {"phase": 1}}
    answer = cluster.ask("POST", f"{ARGO}/namespaces/{namespace}/analysisruns", json=run)
    assert answer.status_code == 422
    for why in (
        "spec.metrics[0].provider: Required value",
        'spec.metrics[0].count in body must be of type integer,string: "boolean"',
        'status.phase in body must be of type string: "integer"',
    ):
        assert why in answer.json()["message"]
    experiment = {**head, "kind": "Experiment", "spec": {"templates": [{"name": "a", "replicas": "1"}]}}
    answer = cluster.ask("POST", f"{ARGO}/namespaces/{namespace}/experiments", json=experiment)
    assert answer.status_code == 422
    assert 'spec.templates[0].replicas in body must be of type integer: "string"' in answer.json()["message"]
