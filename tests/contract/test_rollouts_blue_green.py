"""Whole blue/green rollouts: preview, promotion, scale-down, abort, the way back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import APPS, Cluster
from tests.contract.subject import Subject

Object = dict[str, Any]
STRATEGY = {
    "activeService": "active",
    "previewService": "preview",
    "autoPromotionEnabled": False,
    "scaleDownDelaySeconds": 2,
}


@pytest.fixture
def web(cluster: Cluster, namespace: str) -> Subject:
    return Subject(cluster, namespace)


def in_preview(web: Subject, **more: Any) -> Object:
    web.create({"blueGreen": {**STRATEGY, **more}}, replicas=2)
    web.release("2")
    item = web.phase("Paused", "BlueGreenPause")
    return web.wait(lambda status: any(each["type"] == "Paused" for each in status["conditions"])) if item else item


def selectors(web: Subject, item: Object) -> tuple[str, str]:
    found = item["status"]["blueGreen"]
    return web.version(found.get("activeSelector")), web.version(found.get("previewSelector"))


def delayed(web: Subject) -> None:
    """Waits until version 1 has its scale-down deadline."""
    name = web.replica_sets()["1"]["metadata"]["name"]
    path = f"{APPS}/namespaces/{web.namespace}/replicasets/{name}"
    web.cluster.wait(path, lambda item: "scale-down-deadline" in item["metadata"]["annotations"])


def test_preview_promote_and_scale_down(web: Subject) -> None:
    item = in_preview(web)
    paused: Object = {
        "phase": ("Paused", "BlueGreenPause"),
        "step": None,
        "stable": "1",
        "current": "2",
        "pauses": ["BlueGreenPause"],
        "controllerPause": True,
        "abort": (False, False),
        "promoteFull": False,
        "counts": (4, 2, 2, 2, 2),
        "selector": "app=web,rollouts-pod-template-hash=1",
        "conditions": {
            "Available": ("True", "AvailableReason"),
            "Completed": ("False", "RolloutCompleted"),
            "Healthy": ("False", "RolloutHealthy"),
            "Paused": ("True", "RolloutPaused"),
            "Progressing": ("Unknown", "RolloutPaused"),
        },
        "revision": "2",
    }
    assert web.essentials(item) == paused
    assert selectors(web, item) == ("1", "2")
    assert (web.served_by("active"), web.served_by("preview")) == ("1", "2")
    web.status(pauseConditions=None)
    item = web.phase("Healthy", "")
    assert selectors(web, item) == ("2", "2")
    assert (web.served_by("active"), web.served_by("preview")) == ("2", "2")
    item = web.phase("Healthy", "", replicas=2)
    assert web.essentials(item) == {
        **paused,
        "phase": ("Healthy", ""),
        "stable": "2",
        "pauses": [],
        "controllerPause": False,
        "counts": (2, 2, 2, 2, 2),
        "selector": "app=web,rollouts-pod-template-hash=2",
        "conditions": {
            "Available": ("True", "AvailableReason"),
            "Completed": ("True", "RolloutCompleted"),
            "Healthy": ("True", "RolloutHealthy"),
            "Paused": ("False", "RolloutPaused"),
            "Progressing": ("True", "NewReplicaSetAvailable"),
        },
    }
    assert web.sizes() == {"1": 0, "2": 2}
    assert "SwitchService" in web.events()


def test_the_old_version_waits_for_its_deadline(web: Subject) -> None:
    in_preview(web, scaleDownDelaySeconds=600)
    web.status(pauseConditions=None)
    web.phase("Healthy", "", replicas=4)
    delayed(web)
    assert web.sizes() == {"1": 2, "2": 2}


def test_within_the_delay_the_way_back_is_at_once(web: Subject) -> None:
    web.create({"blueGreen": {**STRATEGY, "scaleDownDelaySeconds": 600}}, replicas=2)
    web.wait_a_second()
    web.release("2")
    web.phase("Paused", "BlueGreenPause")
    web.status(pauseConditions=None)
    web.phase("Healthy", "", replicas=4)
    delayed(web)
    web.release("1")
    item = web.wait(lambda status: status["phase"] == "Healthy" and web.version(status["stableRS"]) == "1")
    assert web.served_by("active") == "1"
    assert web.essentials(item)["revision"] == "3"


def test_abort_keeps_serving_the_old_version(web: Subject) -> None:
    in_preview(web, abortScaleDownDelaySeconds=1)
    web.status(abort=True)
    item = web.phase("Degraded", "RolloutAborted: Rollout aborted update to revision 2")
    assert web.essentials(item)["abort"] == (True, True)
    assert selectors(web, item)[0] == "1"
    web.wait(lambda status: status["replicas"] == 2)
    assert web.sizes() == {"1": 2, "2": 0}
    web.status(abort=False)
    web.phase("Paused", "BlueGreenPause")


def test_a_small_preview_grows_before_the_switch(web: Subject) -> None:
    item = in_preview(web, previewReplicaCount=1)
    assert web.sizes() == {"1": 2, "2": 1}
    assert item["status"]["blueGreen"].get("scaleUpPreviewCheckPoint", False) is False
    web.status(pauseConditions=None)
    item = web.phase("Healthy", "", updatedReplicas=2)
    assert selectors(web, item)[0] == "2"
    assert web.sizes()["2"] == 2


def test_promotion_by_the_clock(web: Subject) -> None:
    blue_green = {"activeService": "active", "previewService": "preview", "autoPromotionSeconds": 2}
    web.create({"blueGreen": blue_green}, replicas=1)
    web.release("2")
    web.phase("Paused", "BlueGreenPause")
    item = web.phase("Healthy", "")
    assert web.essentials(item)["stable"] == "2"


def test_full_promotion_does_not_wait(web: Subject) -> None:
    in_preview(web)
    web.status(promoteFull=True)
    item = web.phase("Healthy", "")
    essentials = web.essentials(item)
    assert (essentials["stable"], essentials["promoteFull"], selectors(web, item)[0]) == ("2", False, "2")
