"""What people do to rollouts by hand: promote what cannot tell, edit the Deployment behind one, set an image, scale."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.contract.client import APPS, ARGO, Cluster, Metric
from tests.contract.subject import Subject

Object = dict[str, Any]
INCONCLUSIVE = "InconclusiveAnalysisRun"


@pytest.fixture
def web(cluster: Cluster, namespace: str) -> Subject:
    return Subject(cluster, namespace)


def reasons(status: Object) -> list[str]:
    return [each["reason"] for each in status.get("pauseConditions") or ()]


def stuck_at(web: Subject, step: int) -> Object:
    """The rollout as soon as a run that cannot tell holds it at a step."""
    return web.wait(lambda status: status.get("currentStepIndex") == step and INCONCLUSIVE in reasons(status))


def undecided(web: Subject, metric: Metric, strategy: Object) -> None:
    """A release whose background analysis cannot tell."""
    metric.value = 0.7
    template = metric.template("quality", failureCondition="result < 0.5")
    web.cluster.post(f"{ARGO}/namespaces/{web.namespace}/analysistemplates", template)
    web.create({"canary": {"analysis": {"templates": [{"templateName": "quality"}], "startingStep": 1}, **strategy}})
    web.release("2")


def test_a_promoted_background_run_that_cannot_tell_is_asked_again(web: Subject, metric: Metric) -> None:
    steps = [{"setWeight": 25}, {"pause": {"duration": 3600}}, {"setWeight": 50}, {"pause": {}}]
    undecided(web, metric, {"steps": steps})
    item = web.wait(lambda status: INCONCLUSIVE in reasons(status))
    assert (reasons(item["status"]), item["status"]["currentStepIndex"]) == (["CanaryPauseStep", INCONCLUSIVE], 1)
    # what `kubectl argo rollouts promote` sends: it knows of inconclusive steps only
    web.status(pauseConditions=None)
    # The second verdict races with the pods of the next step. Mostly it wins, and halts the rollout before the weight
    # is reached; if the pods win, the halted rollout still slides past the pause (controllerPause without its reason).
    web.wait(lambda status: INCONCLUSIVE in reasons(status) and "CanaryPauseStep" not in reasons(status))
    time.sleep(1)
    item = web.get()
    index = item["status"]["currentStepIndex"]
    assert index in ({2, 4} if web.cluster.real else {2})
    assert (reasons(item["status"]), web.sizes()["2"]) == ([INCONCLUSIVE], 1 if index == 2 else 2)
    assert [each["status"]["phase"] for each in web.runs()] == ["Inconclusive", "Inconclusive"]
    assert item["status"]["canary"]["currentBackgroundAnalysisRunStatus"]["name"] == web.runs()[1]["metadata"]["name"]
    # promoted once more, with a metric that can tell by now
    metric.value = 1.0
    web.status(pauseConditions=None)
    if index == 2:
        web.phase("Paused", "CanaryPauseStep", currentStepIndex=3)
        assert web.sizes() == {"1": 2, "2": 2}
    else:
        web.phase("Healthy", "", currentStepIndex=4)


def test_a_step_that_cannot_tell_twice_is_left_by_two_promotions(web: Subject, metric: Metric) -> None:
    metric.value = 0.7
    template = metric.template("quality", failureCondition="result < 0.5")
    web.cluster.post(f"{ARGO}/namespaces/{web.namespace}/analysistemplates", template)
    asked = {"analysis": {"templates": [{"templateName": "quality"}]}}
    web.create({"canary": {"steps": [{"setWeight": 50}, asked, asked, {"pause": {}}]}}, replicas=2)
    web.release("2")
    stuck_at(web, 1)
    web.status(pauseConditions=None, controllerPause=False, currentStepIndex=2)
    stuck_at(web, 2)
    web.status(pauseConditions=None, controllerPause=False, currentStepIndex=3)
    web.phase("Paused", "CanaryPauseStep", currentStepIndex=3)
    assert [each["metadata"]["labels"]["step-index"] for each in web.runs()] == ["1", "2"]


def deployment(web: Subject) -> str:
    path = f"{APPS}/namespaces/{web.namespace}/deployments"
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": web.template("1")}
    web.cluster.post(path, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec})
    return f"{path}/web"


def referring(web: Subject, strategy: Object) -> None:
    head = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web"}}
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"replicas": 2, "workloadRef": reference, "strategy": strategy}
    web.cluster.post(web.path.rpartition("/")[0], {**head, "spec": spec})


def owned(web: Subject) -> dict[str, int]:
    items = web.cluster.get(f"{APPS}/namespaces/{web.namespace}/replicasets")["items"]
    mine = [each for each in items if each["metadata"]["ownerReferences"][0]["kind"] == "Rollout"]
    images = {each["spec"]["template"]["spec"]["containers"][0]["image"]: each["spec"]["replicas"] for each in mine}
    return {image.rpartition(":")[2]: pods for image, pods in images.items()}


def test_the_template_of_a_deployment_is_released_by_editing_it(web: Subject) -> None:
    path = deployment(web)
    referring(web, {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}})
    item = web.phase("Healthy", "", replicas=2)
    assert "template" not in item["spec"]
    assert (owned(web), item["status"]["workloadObservedGeneration"]) == ({"1": 2}, "1")
    container = {"name": "web", "image": "registry.example/web:2"}
    web.cluster.patch(path, {"spec": {"template": {"spec": {"containers": [container]}}}})
    item = web.phase("Paused", "CanaryPauseStep", currentStepIndex=1, workloadObservedGeneration="2")
    assert owned(web) == {"1": 1, "2": 1}
    web.status(promoteFull=True)
    web.phase("Healthy", "", replicas=2, updatedReplicas=2)
    assert owned(web) == {"1": 0, "2": 2}


def test_a_reference_to_nothing_is_invalid(web: Subject) -> None:
    referring(web, {"canary": {}})
    item = web.phase("Degraded")
    why = f'deployments.apps "{web.namespace}/web" not found'
    assert item["status"]["message"] == f'InvalidSpec: The Rollout "web" is invalid: {why}'


def test_setting_an_image_releases_it(web: Subject) -> None:
    web.create({"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}}, replicas=2)
    container = {"name": "web", "image": "registry.example/web:2"}
    web.spec(template={"spec": {"containers": [container]}})
    item = web.phase("Paused", "CanaryPauseStep", currentStepIndex=1)
    assert (web.sizes(), web.essentials(item)["revision"]) == ({"1": 1, "2": 1}, "2")
    web.spec(template={"metadata": {"annotations": {"note": "same image"}}})
    web.cluster.wait(web.path, lambda found: web.essentials(found)["revision"] == "3")
    assert len(web.cluster.get(f"{APPS}/namespaces/{web.namespace}/replicasets")["items"]) == 3


def test_a_resumed_countdown_begins_anew(web: Subject) -> None:
    preview = {"activeService": "active", "previewService": "preview", "autoPromotionSeconds": 6}
    web.create({"blueGreen": preview}, replicas=1)
    web.release("2")
    began = web.phase("Paused", "BlueGreenPause")["status"]["pauseConditions"][0]["startTime"]
    time.sleep(2)
    web.status(pauseConditions=None)
    item = web.wait(lambda status: any(each["startTime"] != began for each in status.get("pauseConditions") or ()))
    assert web.served_by("active") == "1"
    assert reasons(item["status"]) == ["BlueGreenPause"]
    item = web.phase("Healthy", "")
    assert web.served_by("active") == "2"


def test_full_promotion_passes_a_preview_that_is_too_small(web: Subject) -> None:
    strategy = {"activeService": "active", "previewService": "preview", "autoPromotionEnabled": False}
    web.create({"blueGreen": {**strategy, "previewReplicaCount": 1}}, replicas=2)
    web.release("2")
    web.phase("Paused", "BlueGreenPause")
    assert web.sizes() == {"1": 2, "2": 1}
    web.status(promoteFull=True)
    item = web.phase("Healthy", "", updatedReplicas=2)
    essentials = web.essentials(item)
    assert (essentials["stable"], essentials["promoteFull"], web.served_by("active")) == ("2", False, "2")


@pytest.mark.parametrize("kind", ["canary", "blueGreen"])
def test_scaled_to_nothing_and_back(web: Subject, kind: str) -> None:
    strategy: Object = {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}}
    if kind == "blueGreen":
        strategy = {"blueGreen": {"activeService": "active", "previewService": "preview"}}
    web.create(strategy, replicas=2)
    web.spec(replicas=0)
    item = web.wait(lambda status: not status.get("replicas") and status.get("phase") == "Healthy")
    assert web.sizes() == {"1": 0}
    web.spec(replicas=3)
    item = web.phase("Healthy", "", replicas=3, availableReplicas=3)
    assert web.essentials(item)["revision"] == "1"
