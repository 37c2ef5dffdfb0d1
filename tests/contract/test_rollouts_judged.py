"""Rollouts that analyses judge: pass, fail, cannot tell; and experiments."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import ARGO, Cluster, Metric
from tests.contract.subject import Subject

Object = dict[str, Any]
ANALYSIS = {"analysis": {"templates": [{"templateName": "quality"}]}}


@pytest.fixture
def web(cluster: Cluster, namespace: str) -> Subject:
    return Subject(cluster, namespace)


def judged(web: Subject, metric: Metric, value: float, **more: Any) -> None:
    """A canary at its analysis step, with that number to judge."""
    metric.value = value
    path = f"{ARGO}/namespaces/{web.namespace}/analysistemplates"
    web.cluster.post(path, metric.template("quality", **more))
    web.create({"canary": {"steps": [{"setWeight": 50}, ANALYSIS, {"pause": {}}]}}, replicas=2)
    web.release("2")


def verdict(run: Object) -> Object:
    status = run["status"]
    result = status["metricResults"][0]
    return {
        "phase": status["phase"],
        "message": status.get("message", ""),
        "summary": status["runSummary"],
        "metric": (
            result["name"],
            result["phase"],
            result.get("count"),
            result.get("failed"),
            result.get("inconclusive"),
        ),
        "values": [each["value"] for each in result["measurements"]],
        "type": run["metadata"]["labels"]["rollout-type"],
        "step": run["metadata"]["labels"]["step-index"],
        "revision": run["metadata"]["annotations"]["rollout.argoproj.io/revision"],
        "done": "completedAt" in status,
    }


def test_a_passed_analysis_goes_on(web: Subject, metric: Metric) -> None:
    judged(web, metric, 0.95)
    item = web.phase("Paused", "CanaryPauseStep", currentStepIndex=2)
    run = web.runs()[0]
    assert verdict(run) == {
        "phase": "Successful",
        "message": "",
        "summary": {"count": 1, "successful": 1},
        "metric": ("quality", "Successful", 1, None, None),
        "values": ["0.95"],
        "type": "Step",
        "step": "1",
        "revision": "2",
        "done": True,
    }
    name = f"web-{item['status']['currentPodHash']}-2-1"
    assert run["metadata"]["name"] == name
    assert "currentStepAnalysisRunStatus" not in item["status"]["canary"]


def test_a_failed_analysis_aborts_and_retry_asks_anew(web: Subject, metric: Metric) -> None:
    judged(web, metric, 0.5)
    item = web.phase("Degraded", updatedReplicas=0)
    why = 'Metric "quality" assessed Failed due to failed (1) > failureLimit (0)'
    assert item["status"]["message"] == (
        f"RolloutAborted: Rollout aborted update to revision 2: Step-based analysis phase error/failed: {why}"
    )
    run = web.runs()[0]
    assert verdict(run) | {"values": []} == {
        "phase": "Failed",
        "message": why,
        "summary": {"count": 1, "failed": 1},
        "metric": ("quality", "Failed", 1, 1, None),
        "values": [],
        "type": "Step",
        "step": "1",
        "revision": "2",
        "done": True,
    }
    assert web.essentials(item)["abort"] == (True, True)
    assert {"AnalysisRunFailed", "RolloutAborted"} <= web.events()
    metric.value = 1.0
    web.status(abort=False)
    web.phase("Paused", "CanaryPauseStep", currentStepIndex=2)
    assert [each["metadata"]["name"].rpartition("-")[2] for each in web.runs()] == ["1", "1.1"]


def test_an_inconclusive_analysis_waits_for_a_person(web: Subject, metric: Metric) -> None:
    judged(web, metric, 0.7, failureCondition="result < 0.5")
    item = web.phase("Paused", "InconclusiveAnalysisRun")
    essentials = web.essentials(item)
    assert (essentials["step"], essentials["pauses"]) == (1, ["InconclusiveAnalysisRun"])
    assert item["status"]["canary"]["currentStepAnalysisRunStatus"]["status"] == "Inconclusive"
    assert verdict(web.runs()[0])["message"] == (
        'Metric "quality" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0)'
    )
    web.status(pauseConditions=None, controllerPause=False, currentStepIndex=2)
    web.phase("Paused", "CanaryPauseStep", currentStepIndex=2)


def test_a_run_that_is_ended_counts_as_passed(web: Subject, metric: Metric) -> None:
    judged(web, metric, 1.0, interval="60s", count=5)
    web.wait(lambda status: status["canary"].get("currentStepAnalysisRunStatus", {}).get("status") == "Running")
    path = f"{ARGO}/namespaces/{web.namespace}/analysisruns/{web.runs()[0]['metadata']['name']}"
    web.cluster.wait(path, lambda run: bool(run.get("status", {}).get("metricResults")))
    web.cluster.patch(path, {"spec": {"terminate": True}})
    web.phase("Paused", "CanaryPauseStep", currentStepIndex=2)
    assert web.runs()[0]["status"]["phase"] == "Successful"


def test_an_experiment_step_runs_both_versions(web: Subject, cluster: Cluster) -> None:
    templates = [
        {"name": "old", "specRef": "stable", "replicas": 1},
        {"name": "new", "specRef": "canary", "replicas": 1},
    ]
    steps = [{"experiment": {"duration": "2s", "templates": templates}}, {"setWeight": 50}, {"pause": {}}]
    web.create({"canary": {"steps": steps}}, replicas=2)
    web.release("2")
    item = web.wait(lambda status: bool(status["canary"].get("currentExperiment")))
    name = item["status"]["canary"]["currentExperiment"]
    assert name == f"web-{item['status']['currentPodHash']}-2-0"
    path = f"{ARGO}/namespaces/{web.namespace}/experiments/{name}"
    running = cluster.wait(path, lambda found: found.get("status", {}).get("phase") == "Running")
    found = {
        each["name"]: (each["status"], each["availableReplicas"]) for each in running["status"]["templateStatuses"]
    }
    assert found == {"old": ("Running", 1), "new": ("Running", 1)}
    owned = cluster.get(f"/apis/apps/v1/namespaces/{web.namespace}/replicasets")["items"]
    mine = [each for each in owned if each["metadata"]["ownerReferences"][0]["kind"] == "Experiment"]
    assert sorted(each["metadata"]["annotations"]["experiment.argoproj.io/template-name"] for each in mine) == [
        "new",
        "old",
    ]
    assert cluster.wait(path, lambda found: found["status"]["phase"] == "Successful")
    web.phase("Paused", "CanaryPauseStep", currentStepIndex=2)


def test_analysis_before_and_after_the_switch(web: Subject, metric: Metric) -> None:
    metric.value = 1.0
    path = f"{ARGO}/namespaces/{web.namespace}/analysistemplates"
    web.cluster.post(path, metric.template("quality"))
    spec = {
        "activeService": "active",
        "previewService": "preview",
        "prePromotionAnalysis": ANALYSIS["analysis"],
        "postPromotionAnalysis": ANALYSIS["analysis"],
    }
    web.create({"blueGreen": spec}, replicas=1)
    web.release("2")
    item = web.wait(lambda status: status["phase"] == "Healthy" and web.version(status["stableRS"]) == "2")
    for when in ("pre", "post"):
        assert item["status"]["blueGreen"][f"{when}PromotionAnalysisRunStatus"]["status"] == "Successful"
    types = sorted(run["metadata"]["labels"]["rollout-type"] for run in web.runs())
    assert types == ["PostPromotion", "PrePromotion"]


def test_a_failed_analysis_after_the_switch_goes_back(web: Subject, metric: Metric) -> None:
    metric.value = 0.1
    path = f"{ARGO}/namespaces/{web.namespace}/analysistemplates"
    web.cluster.post(path, metric.template("quality"))
    spec = {"activeService": "active", "previewService": "preview", "postPromotionAnalysis": ANALYSIS["analysis"]}
    web.create({"blueGreen": spec}, replicas=1)
    web.release("2")
    item = web.phase("Degraded")
    assert "Blue/green post-promotion analysis phase error/failed" in item["status"]["message"]
    item = web.wait(lambda status: web.version(status["blueGreen"]["activeSelector"]) == "1")
    assert web.served_by("active") == "1"
    assert web.essentials(item)["abort"] == (True, True)
