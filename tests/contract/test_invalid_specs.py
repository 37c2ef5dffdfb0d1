"""Specs that the schema lets in and the controller calls invalid: phase and words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import ARGO, Cluster
from tests.contract.subject import Subject

Object = dict[str, Any]
SAME = "services, but two different services are required."
STEP = "Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause"


def canary(*steps: Object, **more: Any) -> Object:
    return {"strategy": {"canary": {"steps": list(steps), **more}}}


CASES: dict[str, tuple[Object, str]] = {
    "a weight above all": (
        canary({"setWeight": 150}),
        "spec.strategy.steps[0].setWeight: Invalid value: 150: SetWeight needs to be between 0 and 100",
    ),
    "a weight below nothing": (
        canary({"pause": {}}, {"setWeight": -1}),
        "spec.strategy.steps[1].setWeight: Invalid value: -1: SetWeight needs to be between 0 and 100",
    ),
    "a pause that is no time": (
        canary({"pause": {"duration": "soon"}}),
        "spec.strategy.steps[0].pause.duration: Invalid value: -1: Duration needs to be greater than 0",
    ),
    "a step of nothing": (
        canary({}),
        (
            'spec.strategy.steps[0]: Invalid value: "step.Experiment: true step.Pause: true step.SetWeight: true '
            "step.Analysis: true step.SetCanaryScale: true step.SetHeaderRoute: true step.SetMirrorRoute: true "
            f'step.Plugin: true": {STEP}'
        ),
    ),
    "a step of two things": (
        canary({"setWeight": 10, "pause": {}}),
        (
            'spec.strategy.steps[0]: Invalid value: "step.Experiment: false step.Pause: true step.SetWeight: true '
            f'step.Analysis: false": {STEP}'
        ),
    ),
    "a scale without a router": (
        canary({"setCanaryScale": {"weight": 10}}),
        "spec.strategy.trafficRouting: Required value: SetCanaryScale requires TrafficRouting to be set",
    ),
    "no strategy": (
        {"strategy": {}},
        (
            "spec.strategy.strategy: Required value: Rollout has missing field "
            "'.spec.strategy.canary or .spec.strategy.blueGreen'"
        ),
    ),
    "two strategies": (
        {"strategy": {"canary": {}, "blueGreen": {"activeService": "active"}}},
        'spec.strategy.strategy: Invalid value: "blueGreen: true canary: true": Multiple Strategies can not be listed',
    ),
    "one Service for two": (
        {"strategy": {"blueGreen": {"activeService": "active", "previewService": "active"}}},
        (
            'spec.strategy.activeService: Invalid value: "active": This rollout uses the same service for the active and '
            f"preview {SAME}"
        ),
    ),
    "one Service for both sides": (
        canary(stableService="active", canaryService="active"),
        (
            'spec.strategy.stableService: Invalid value: "active": This rollout uses the same service for the stable and '
            f"canary {SAME}"
        ),
    ),
    "an active Service that is not there": (
        {"strategy": {"blueGreen": {"activeService": "nowhere"}}},
        'spec.strategy.blueGreen.activeService: Invalid value: "nowhere": service "nowhere" not found',
    ),
    "a router without Services": (
        canary(trafficRouting={"nginx": {"stableIngress": "web"}}),
        (
            'spec.strategy.stableService: Invalid value: "": '
            "Canary service and Stable service must to be set to use Traffic Routing"
        ),
    ),
    "no room to move": (
        canary(maxSurge=0, maxUnavailable=0),
        "spec.strategy.maxSurge: Invalid value: 0: MaxSurge and MaxUnavailable both can not be zero",
    ),
    "a delay without a router": (
        canary(scaleDownDelaySeconds=5),
        (
            "spec.strategy.scaleDownDelaySeconds: Invalid value: 5: "
            "Canary scaleDownDelaySeconds can only be used with traffic routing"
        ),
    ),
    "a template that is not there": (
        canary({"analysis": {"templates": [{"templateName": "none"}]}}),
        "spec.strategy.canary.steps[0].analysis.templates: Invalid value: \"none\": AnalysisTemplate 'none' not found",
    ),
    "labels that do not match": (
        {**canary(), "selector": {"matchLabels": {"app": "other"}}},
        'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ),
    "a deadline before the time to be ready": (
        {**canary(), "progressDeadlineSeconds": 5, "minReadySeconds": 5},
        "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_invalid_spec_is_told_in_these_words(cluster: Cluster, namespace: str, case: str) -> None:
    spec, why = CASES[case]
    base = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": Subject.template("1")}
    head = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web"}}
    web = Subject(cluster, namespace)
    cluster.post(f"{ARGO}/namespaces/{namespace}/rollouts", {**head, "spec": {**base, **spec}})
    status = web.wait(lambda status: bool(status.get("phase")))["status"]
    assert (status["phase"], status["message"]) == (
        "Degraded",
        f'InvalidSpec: The Rollout "web" is invalid: {why}',
    )
    assert [(each["type"], each["status"]) for each in status["conditions"]] == [("InvalidSpec", "True")]
    assert web.replica_sets() == {}
