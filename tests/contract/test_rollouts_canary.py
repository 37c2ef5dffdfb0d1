"""Whole canaries: steps, pauses, promotion, abort, retry, undo."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.contract.client import INGRESS, Cluster
from tests.contract.subject import Subject

Object = dict[str, Any]

STEPS = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "2s"}}]
HEALTHY: dict[str, tuple[str, str]] = {
    "Available": ("True", "AvailableReason"),
    "Completed": ("True", "RolloutCompleted"),
    "Healthy": ("True", "RolloutHealthy"),
    "Paused": ("False", "RolloutPaused"),
    "Progressing": ("True", "NewReplicaSetAvailable"),
}
UNDER_WAY = {"Completed": ("False", "RolloutCompleted"), "Healthy": ("False", "RolloutHealthy")}
PAUSED = {**UNDER_WAY, "Paused": ("True", "RolloutPaused"), "Progressing": ("Unknown", "RolloutPaused")}


@pytest.fixture
def web(cluster: Cluster, namespace: str) -> Subject:
    return Subject(cluster, namespace)


def at_first_pause(web: Subject, **spec: Any) -> Object:
    web.create({"canary": {"steps": STEPS}}, **spec)
    web.release("2")
    return web.phase(
        "Paused", "CanaryPauseStep", currentStepIndex=1, availableReplicas=4, updatedReplicas=1, replicas=4
    )


def test_the_first_version_skips_the_steps(web: Subject) -> None:
    web.create({"canary": {"steps": STEPS}})
    item = web.get()
    assert web.essentials(item) == {
        "phase": ("Healthy", ""),
        "step": 4,
        "stable": "1",
        "current": "1",
        "pauses": [],
        "controllerPause": False,
        "abort": (False, False),
        "promoteFull": False,
        "counts": (4, 4, 4, 4, 4),
        "selector": "app=web",
        "conditions": {name: value for name, value in HEALTHY.items() if name != "Paused"},
        "revision": "1",
    }
    assert {"RolloutCompleted", "NewReplicaSetCreated", "ScalingReplicaSet", "RolloutUpdated"} <= web.events()


def test_a_canary_from_first_to_last_step(web: Subject) -> None:
    item = at_first_pause(web)
    available = {"Available": ("True", "AvailableReason")}
    expected: Object = {
        "phase": ("Paused", "CanaryPauseStep"),
        "step": 1,
        "stable": "1",
        "current": "2",
        "pauses": ["CanaryPauseStep"],
        "controllerPause": True,
        "abort": (False, False),
        "promoteFull": False,
        "counts": (4, 1, 4, 4, 4),
        "selector": "app=web",
        "conditions": {**available, **PAUSED},
        "revision": "2",
    }
    item = web.wait(lambda status: any(each["type"] == "Paused" for each in status["conditions"]))
    assert web.essentials(item) == expected
    assert web.sizes() == {"1": 3, "2": 1}
    web.status(pauseConditions=None)
    item = web.phase("Paused", currentStepIndex=3, availableReplicas=4, updatedReplicas=2, replicas=4)
    assert web.essentials(item)["pauses"] == ["CanaryPauseStep"]
    item = web.phase("Healthy", "", currentStepIndex=4, replicas=4)
    assert web.essentials(item) == {
        **expected,
        "phase": ("Healthy", ""),
        "step": 4,
        "stable": "2",
        "pauses": [],
        "controllerPause": False,
        "counts": (4, 4, 4, 4, 4),
        "conditions": HEALTHY,
    }
    assert web.sizes() == {"1": 0, "2": 4}
    assert {"RolloutPaused", "RolloutResumed", "RolloutStepCompleted", "RolloutNotCompleted"} <= web.events()


def test_abort_goes_back_and_retry_begins_anew(web: Subject) -> None:
    at_first_pause(web)
    web.status(abort=True)
    item = web.phase("Degraded", replicas=4, updatedReplicas=0, availableReplicas=4)
    essentials = web.essentials(item)
    assert essentials["phase"] == ("Degraded", "RolloutAborted: Rollout aborted update to revision 2")
    assert (essentials["step"], essentials["abort"]) == (0, (True, True))
    assert (essentials["stable"], essentials["current"], essentials["pauses"]) == ("1", "2", [])
    assert essentials["conditions"]["Progressing"] == ("False", "RolloutAborted")
    assert web.sizes() == {"1": 4, "2": 0}
    web.status(abort=False)
    essentials = web.essentials(web.phase("Paused", "CanaryPauseStep", currentStepIndex=1, updatedReplicas=1))
    assert essentials["abort"] == (False, False)


def test_promoting_an_aborted_canary_is_lost(web: Subject) -> None:
    at_first_pause(web)
    web.status(abort=True)
    web.phase("Degraded", replicas=4, updatedReplicas=0)
    web.status(pauseConditions=None, currentStepIndex=1)
    item = web.phase("Degraded", currentStepIndex=0)
    assert web.essentials(item)["abort"] == (True, True)


def test_undo_to_the_stable_version_skips_the_steps(web: Subject) -> None:
    at_first_pause(web)
    web.release("1")
    item = web.phase("Healthy", "", replicas=4, updatedReplicas=4)
    essentials = web.essentials(item)
    assert (essentials["step"], essentials["stable"], essentials["current"]) == (4, "1", "1")
    assert essentials["revision"] == "3"
    assert web.revisions() == {"1": "3", "2": "2"}
    assert "SkipSteps" in web.events()


def test_undo_of_a_finished_update_runs_all_steps(web: Subject) -> None:
    at_first_pause(web)
    web.status(promoteFull=True)
    item = web.phase("Healthy", "", replicas=4, updatedReplicas=4)
    assert web.essentials(item)["promoteFull"] is False
    web.release("1")
    item = web.phase("Paused", "CanaryPauseStep", currentStepIndex=1)
    assert web.revisions() == {"1": "3", "2": "2"}
    assert web.version(item["status"]["stableRS"]) == "2"


def test_the_rollback_window_skips_the_steps(web: Subject) -> None:
    web.create({"canary": {"steps": STEPS}}, rollbackWindow={"revisions": 3})
    web.wait_a_second()
    web.release("2")
    web.phase("Paused", "CanaryPauseStep", currentStepIndex=1)
    web.status(promoteFull=True)
    web.phase("Healthy", "", replicas=4, updatedReplicas=4)
    web.release("1")
    item = web.phase("Healthy", "", replicas=4, updatedReplicas=4)
    assert web.version(item["status"]["stableRS"]) == "1"
    assert web.essentials(item)["step"] == 4


def test_a_step_can_be_skipped(web: Subject) -> None:
    at_first_pause(web)
    web.status(pauseConditions=None, controllerPause=False, currentStepIndex=4)
    item = web.phase("Healthy", "", replicas=4)
    assert web.essentials(item)["stable"] == "2"


def test_paused_by_the_user_and_resumed(web: Subject) -> None:
    web.create({"canary": {"steps": STEPS}})
    web.spec(paused=True)
    essentials = web.essentials(web.phase("Paused", "manually paused"))
    assert (essentials["pauses"], essentials["controllerPause"]) == ([], False)
    web.release("2")
    item = web.phase("Paused", "manually paused", currentStepIndex=0)
    assert item["status"].get("updatedReplicas", 0) == 0
    web.spec(paused=False)
    web.phase("Paused", "CanaryPauseStep", currentStepIndex=1, updatedReplicas=1)


def test_changed_steps_begin_the_update_anew(web: Subject) -> None:
    at_first_pause(web)
    web.spec(strategy={"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}})
    item = web.phase("Paused", "CanaryPauseStep", currentStepIndex=1, updatedReplicas=2, replicas=4)
    assert web.sizes() == {"1": 2, "2": 2}
    assert web.essentials(item)["revision"] == "2"


def test_scaling_in_the_middle_keeps_the_ratio(web: Subject) -> None:
    at_first_pause(web)
    web.spec(replicas=8)
    web.phase("Paused", "CanaryPauseStep", replicas=8, updatedReplicas=2, availableReplicas=8)
    assert web.sizes() == {"1": 6, "2": 2}
    web.spec(replicas=0)
    web.wait(lambda status: not status.get("replicas"))
    assert web.sizes() == {"1": 0, "2": 0}


def test_restart_replaces_the_pods(web: Subject, cluster: Cluster) -> None:
    web.create({"canary": {"steps": STEPS}}, replicas=2)
    pods = f"/api/v1/namespaces/{web.namespace}/pods"
    before = {item["metadata"]["name"] for item in cluster.get(pods)["items"]}
    web.wait_a_second()
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    web.spec(restartAt=at)
    web.phase("Healthy", "", restartedAt=at, availableReplicas=2)
    listed = cluster.wait(pods, lambda found: not before & {item["metadata"]["name"] for item in found["items"]})
    assert len([item for item in listed["items"] if "deletionTimestamp" not in item["metadata"]]) == 2
    assert web.essentials(web.get())["revision"] == "1"


def test_an_invalid_spec_says_why_and_recovers(web: Subject) -> None:
    web.create({"canary": {"steps": STEPS}})
    web.spec(strategy={"canary": {"stableService": "nowhere"}})
    item = web.phase("Degraded")
    why = 'spec.strategy.canary.stableService: Invalid value: "nowhere": service "nowhere" not found'
    assert item["status"]["message"] == f'InvalidSpec: The Rollout "web" is invalid: {why}'
    web.spec(strategy={"canary": {"stableService": None}})
    web.phase("Healthy", "")


def routed(web: Subject, **more: Any) -> None:
    """A canary whose traffic an Ingress splits."""
    backend = {"service": {"name": "active", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    spec = {"rules": [{"host": "web.example", "http": {"paths": paths}}]}
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"}, "spec": spec}
    web.cluster.post(f"{INGRESS}/namespaces/{web.namespace}/ingresses", body)
    canary = {"stableService": "active", "canaryService": "preview", "steps": STEPS}
    web.create({"canary": {**canary, "trafficRouting": {"nginx": {"stableIngress": "web"}}, **more}})


def weights(web: Subject, item: Object) -> Object:
    found = item["status"]["canary"]["weights"]
    return {
        side: (found[side]["weight"], found[side].get("serviceName"), web.version(found[side].get("podTemplateHash")))
        for side in ("canary", "stable")
    }


def weighing(percent: int) -> Any:
    return lambda status: status["canary"].get("weights", {}).get("canary", {}).get("weight") == percent


def test_a_routed_canary_splits_by_weight(web: Subject) -> None:
    routed(web, scaleDownDelaySeconds=2)
    web.release("2")
    item = web.phase("Paused", "CanaryPauseStep", currentStepIndex=1, replicas=5)
    assert weights(web, item) == {"canary": (25, "preview", "2"), "stable": (75, "active", "1")}
    assert web.sizes() == {"1": 4, "2": 1}
    assert (web.served_by("active"), web.served_by("preview")) == ("1", "2")
    web.status(pauseConditions=None)
    item = web.phase("Paused", currentStepIndex=3)
    assert weights(web, item) == {"canary": (50, "preview", "2"), "stable": (50, "active", "1")}
    item = web.phase("Healthy", "", replicas=4, updatedReplicas=4)
    assert weights(web, item) == {"canary": (0, "preview", "2"), "stable": (100, "active", "2")}
    assert (web.served_by("active"), web.served_by("preview")) == ("2", "2")
    assert web.sizes() == {"1": 0, "2": 4}


def test_an_aborted_routed_canary_sends_all_to_stable(web: Subject) -> None:
    routed(web, abortScaleDownDelaySeconds=2)
    web.release("2")
    web.phase("Paused", "CanaryPauseStep", currentStepIndex=1, replicas=5)
    web.status(abort=True)
    item = web.wait(lambda status: status["phase"] == "Degraded" and weighing(0)(status))
    assert weights(web, item) == {"canary": (0, "preview", "2"), "stable": (100, "active", "1")}
    web.wait(lambda status: status["replicas"] == 4)
    assert web.sizes() == {"1": 4, "2": 0}
    assert "scale-down-deadline" in web.replica_sets()["2"]["metadata"]["annotations"]
