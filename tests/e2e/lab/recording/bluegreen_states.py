"""Blue/green rollouts in each state."""

from __future__ import annotations

from typing import Any

from tests.e2e.lab.recording.manifests import analysis_template, blue_green, service, template, web_metric
from tests.e2e.lab.recording.stage import Object, Stage, rollout_state

SERVICES = ("active", "preview")


def _start(stage: Stage, *objects: Object, **fields: Any) -> None:
    stage.start(*map(service, SERVICES), *objects, blue_green(**fields))


def _quality(stage: Stage, value: float, **fields: Any) -> Object:
    return analysis_template("quality", web_metric("accuracy", f"{stage.metrics}/value/{value}", **fields))


def _judged() -> Object:
    return {"templates": [{"templateName": "quality"}]}


@rollout_state
def bluegreen_first_deploy(stage: Stage) -> None:
    _start(stage)


@rollout_state
def bluegreen_healthy(stage: Stage) -> None:
    _start(stage, scaleDownDelaySeconds=1)
    stage.release(template("2"))
    stage.phase("Healthy", revision=2)
    stage.status(replicas=3)


@rollout_state
def bluegreen_without_preview_service(stage: Stage) -> None:
    owner = blue_green(autoPromotionEnabled=False)
    del owner["spec"]["strategy"]["blueGreen"]["previewService"]
    stage.start(service("active"), owner)
    stage.release(template("2"))
    stage.phase("Paused", revision=2)


@rollout_state
def bluegreen_preview_waiting(stage: Stage) -> None:
    _start(stage, autoPromotionEnabled=False)
    stage.release(template("2"))
    stage.phase("Paused", revision=2)


@rollout_state
def bluegreen_preview_replicas(stage: Stage) -> None:
    _start(stage, autoPromotionEnabled=False, previewReplicaCount=1)
    stage.release(template("2"))
    stage.phase("Paused", revision=2)


@rollout_state
def bluegreen_auto_promotion(stage: Stage) -> None:
    _start(stage, autoPromotionSeconds=3600)
    stage.release(template("2"))
    stage.phase("Paused", revision=2)


@rollout_state
def bluegreen_progressing(stage: Stage) -> None:
    _start(stage, autoPromotionEnabled=False)
    stage.release(template("2", pod="never-ready"))
    stage.phase("Progressing", revision=2)


@rollout_state
def bluegreen_paused_by_user(stage: Stage) -> None:
    bluegreen_preview_waiting(stage)
    stage.patch({"paused": True})
    stage.until(lambda r: r["status"].get("message") == "manually paused", "manually paused")


@rollout_state
def bluegreen_deadline_exceeded(stage: Stage) -> None:
    _start(stage, spec={"progressDeadlineSeconds": 4})
    stage.release(template("2", pod="crash"))
    stage.phase("Degraded", revision=2)


@rollout_state
def bluegreen_pre_promotion_running(stage: Stage) -> None:
    _start(
        stage, _quality(stage, 1, interval="8s", count=50), prePromotionAnalysis=_judged(), autoPromotionEnabled=False
    )
    stage.release(template("2"))
    stage.analysis_run(lambda status: bool(status.get("metricResults")))


@rollout_state
def bluegreen_pre_promotion_retried(stage: Stage) -> None:
    """The controller pauses for the switch although the analysis, which a retry began anew, still runs."""
    bluegreen_pre_promotion_running(stage)
    stage.patch_status({"abort": True})
    stage.phase("Degraded")
    stage.patch_status({"abort": False})
    stage.phase("Paused")
    stage.until(lambda r: r["status"]["blueGreen"]["prePromotionAnalysisRunStatus"]["name"].endswith(".1"))
    stage.analysis_run(lambda status: status.get("phase") == "Running" and bool(status.get("metricResults")))


@rollout_state
def bluegreen_pre_promotion_passed(stage: Stage) -> None:
    _start(stage, _quality(stage, 1), prePromotionAnalysis=_judged(), autoPromotionEnabled=False)
    stage.release(template("2"))
    stage.analysis_run(lambda status: status.get("phase") == "Successful")
    stage.phase("Paused", revision=2)


@rollout_state
def bluegreen_pre_promotion_failed(stage: Stage) -> None:
    _start(stage, _quality(stage, 0), prePromotionAnalysis=_judged(), autoPromotionEnabled=False)
    stage.release(template("2"))
    stage.status(phase="Degraded", abort=True)


@rollout_state
def bluegreen_pre_promotion_inconclusive(stage: Stage) -> None:
    _start(stage, _quality(stage, 2), prePromotionAnalysis=_judged())
    stage.release(template("2"))
    stage.analysis_run(lambda status: status.get("phase") == "Inconclusive")
    stage.phase("Paused", revision=2)


@rollout_state
def bluegreen_post_promotion_running(stage: Stage) -> None:
    _start(stage, _quality(stage, 1, interval="8s", count=50), postPromotionAnalysis=_judged())
    stage.release(template("2"))
    stage.analysis_run(lambda status: bool(status.get("metricResults")))


@rollout_state
def bluegreen_post_promotion_failed(stage: Stage) -> None:
    _start(stage, _quality(stage, 0), postPromotionAnalysis=_judged())
    stage.release(template("2"))
    stage.status(phase="Degraded", abort=True)


@rollout_state
def bluegreen_aborted(stage: Stage) -> None:
    _start(stage, autoPromotionEnabled=False, abortScaleDownDelaySeconds=3600)
    stage.release(template("2"))
    stage.phase("Paused", revision=2)
    stage.patch_status({"abort": True})
    stage.phase("Degraded")


@rollout_state
def bluegreen_switched_scale_down_delay(stage: Stage) -> None:
    _start(stage, scaleDownDelaySeconds=3600)
    stage.release(template("2"))
    stage.phase("Healthy", revision=2)


@rollout_state
def bluegreen_rolled_back_in_delay(stage: Stage) -> None:
    _start(stage, scaleDownDelaySeconds=3600)
    stage.release(template("2"))
    stage.phase("Healthy", revision=2)
    stage.release(template("1"))
    stage.phase("Healthy", revision=3)


@rollout_state
def bluegreen_scaled_to_zero(stage: Stage) -> None:
    _start(stage)
    stage.patch({"replicas": 0})
    stage.until(lambda r: not r["status"].get("replicas"), "no replicas")
    stage.phase("Healthy")


@rollout_state
def bluegreen_service_missing(stage: Stage) -> None:
    stage.create(service("active"), blue_green())
    stage.phase("Degraded")


@rollout_state
def bluegreen_preview_resumed(stage: Stage) -> None:
    """Promoted, but the preview is still being scaled up from previewReplicaCount."""
    slow = template("2", ready_after="25s")
    _start(stage, autoPromotionEnabled=False, previewReplicaCount=1)
    stage.release(slow)
    stage.phase("Paused", revision=2)
    stage.patch_status({"pauseConditions": None})
    stage.until(lambda r: r["status"]["blueGreen"].get("scaleUpPreviewCheckPoint") is True, "scaling up the preview")
    stage.phase("Progressing")


@rollout_state
def bluegreen_promoted(stage: Stage) -> None:
    bluegreen_preview_waiting(stage)
    stage.patch_status({"pauseConditions": None})
    stage.phase("Healthy", revision=2)
