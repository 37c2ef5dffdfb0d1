"""Canaries that share pods and not traffic, in each state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.e2e.lab.recording.manifests import analysis_step, analysis_template, canary, deployment, template, web_metric
from tests.e2e.lab.recording.stage import Object, Stage, rollout_state

WEIGHT = {"setWeight": 20}
HOLD: Object = {"pause": {}}
HOUR = {"pause": {"duration": "1h"}}


def _paused(stage: Stage, *steps: Object) -> None:
    stage.start(canary(*(steps or (WEIGHT, HOLD, {"setWeight": 60}, HOUR))))
    stage.release(template("2"))
    stage.phase("Paused", revision=2)


@rollout_state
def canary_first_deploy(stage: Stage) -> None:
    stage.start(canary(WEIGHT, HOLD))


@rollout_state
def canary_healthy(stage: Stage) -> None:
    stage.start(canary({"setWeight": 50}, {"pause": {"duration": 1}}))
    stage.release(template("2"))
    stage.phase("Healthy", revision=2)


@rollout_state
def canary_no_steps(stage: Stage) -> None:
    stage.start(canary())
    stage.release(template("2"))
    stage.phase("Healthy", revision=2)


@rollout_state
def canary_paused_step(stage: Stage) -> None:
    _paused(stage)


@rollout_state
def canary_paused_timed(stage: Stage) -> None:
    _paused(stage, WEIGHT, {"pause": {"duration": "1h30m"}}, {"setWeight": 60}, HOLD)


@rollout_state
def canary_progressing(stage: Stage) -> None:
    stage.start(canary({"setWeight": 40}, HOLD))
    stage.release(template("2", pod="never-ready"))
    stage.phase("Progressing", revision=2)


@rollout_state
def canary_crashing(stage: Stage) -> None:
    stage.start(canary({"setWeight": 40}, HOLD))
    stage.release(template("2", pod="crash"))
    stage.phase("Progressing", revision=2)


@rollout_state
def canary_paused_by_user(stage: Stage) -> None:
    stage.start(canary({"setWeight": 40}, HOLD))
    stage.release(template("2", pod="never-ready"))
    stage.phase("Progressing", revision=2)
    stage.patch({"paused": True})
    stage.phase("Paused")


@rollout_state
def canary_paused_by_user_in_step(stage: Stage) -> None:
    _paused(stage)
    stage.patch({"paused": True})
    stage.until(lambda r: r["status"].get("message") == "manually paused", "manually paused")


@rollout_state
def canary_promoted_past_pause(stage: Stage) -> None:
    _paused(stage)
    stage.patch_status({"pauseConditions": None})
    stage.status(currentStepIndex=3, phase="Paused")


@rollout_state
def canary_aborted(stage: Stage) -> None:
    _paused(stage)
    stage.patch_status({"abort": True})
    stage.phase("Degraded")


@rollout_state
def canary_retried(stage: Stage) -> None:
    canary_aborted(stage)
    stage.patch_status({"abort": False})
    stage.phase("Paused")


@rollout_state
def canary_deadline_exceeded(stage: Stage) -> None:
    stage.start(canary({"setWeight": 40}, HOLD, progressDeadlineSeconds=4))
    stage.release(template("2", pod="never-ready"))
    stage.phase("Degraded", revision=2)


@rollout_state
def canary_deadline_aborted(stage: Stage) -> None:
    stage.start(canary({"setWeight": 40}, HOLD, progressDeadlineSeconds=4, progressDeadlineAbort=True))
    stage.release(template("2", pod="crash"))
    stage.status(abort=True, phase="Degraded")


@rollout_state
def invalid_spec(stage: Stage) -> None:
    stage.create(canary({"setWeight": 200}))
    stage.phase("Degraded")


@rollout_state
def invalid_spec_after_edit(stage: Stage) -> None:
    stage.start(canary(WEIGHT))
    stage.patch({"strategy": {"canary": {"steps": [{"pause": {"duration": "1x"}}]}}})
    stage.phase("Degraded")


@rollout_state
def canary_scaled_to_zero(stage: Stage) -> None:
    stage.start(canary(WEIGHT, HOLD))
    stage.patch({"replicas": 0})
    stage.until(lambda r: not r["status"].get("replicas"), "no replicas")
    stage.phase("Healthy")


@rollout_state
def canary_created_at_zero(stage: Stage) -> None:
    stage.start(canary(WEIGHT, HOLD, replicas=0))


@rollout_state
def canary_scaled_while_paused(stage: Stage) -> None:
    _paused(stage)
    stage.patch({"replicas": 10})
    stage.status(replicas=10, availableReplicas=10)


@rollout_state
def workload_ref(stage: Stage) -> None:
    owner = canary(WEIGHT, HOLD, {"setWeight": 60})
    del owner["spec"]["template"]
    owner["spec"]["workloadRef"] = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "model-api"}
    stage.start(deployment(replicas=0), owner)
    stage.release(template("2"), kind="Deployment")
    stage.phase("Paused", revision=2)


@rollout_state
def restarting(stage: Stage) -> None:
    stage.start(canary(WEIGHT, HOLD, pods=template("1", ready_after="20s"), canary={"maxUnavailable": 1}))
    _restart(stage)
    stage.until(lambda r: r["status"].get("availableReplicas") == 4, "one pod being replaced")


@rollout_state
def restarted(stage: Stage) -> None:
    stage.start(canary(WEIGHT, HOLD))
    at = _restart(stage)
    stage.until(lambda r: r["status"].get("restartedAt") == at, "restarted")
    stage.phase("Healthy")


def _restart(stage: Stage) -> str:
    """Pods older than the given second are replaced, so it must lie after their creation."""
    at = (datetime.now(UTC) + timedelta(seconds=1)).isoformat(timespec="seconds").replace("+00:00", "Z")
    stage.patch({"restartAt": at})
    return at


@rollout_state
def canary_old_pods_pending(stage: Stage) -> None:
    stage.start(canary(canary={"maxSurge": "100%", "maxUnavailable": 0}))
    stage.release(template("2", pod="never-ready"))
    stage.status(updatedReplicas=5, phase="Progressing")


@rollout_state
def promote_full(stage: Stage) -> None:
    stage.start(canary(WEIGHT, HOLD, {"setWeight": 60}, HOLD))
    stage.release(template("2", pod="never-ready"))
    stage.phase("Progressing", revision=2)
    stage.patch_status({"promoteFull": True})
    stage.status(promoteFull=True)


@rollout_state
def promoted_full(stage: Stage) -> None:
    _paused(stage)
    stage.patch_status({"promoteFull": True})
    stage.phase("Healthy", revision=2)


@rollout_state
def rollback_to_stable(stage: Stage) -> None:
    _paused(stage)
    stage.release(template("1"))
    stage.phase("Healthy", revision=3)


def _three_revisions(stage: Stage, window: int | None) -> None:
    spec: Object = {"rollbackWindow": {"revisions": window}} if window else {}
    stage.start(canary(WEIGHT, HOLD, **spec))
    for version in ("2", "3"):
        stage.release(template(version))
        stage.phase("Paused", revision=int(version))
        stage.patch_status({"promoteFull": True})
        stage.phase("Healthy", revision=int(version))


@rollout_state
def rollback_in_window(stage: Stage) -> None:
    _three_revisions(stage, window=3)
    stage.release(template("1"))
    stage.phase("Healthy", revision=4)


@rollout_state
def rollback_outside_window(stage: Stage) -> None:
    _three_revisions(stage, window=None)
    stage.release(template("1"))
    stage.phase("Paused", revision=4)


@rollout_state
def three_revisions_healthy(stage: Stage) -> None:
    _three_revisions(stage, window=1)


@rollout_state
def ephemeral_metadata(stage: Stage) -> None:
    roles = {f"{role}Metadata": {"labels": {"role": role}} for role in ("stable", "canary")}
    stage.start(canary(WEIGHT, HOLD, canary=roles))
    stage.release(template("2"))
    stage.phase("Paused", revision=2)


@rollout_state
def superseded_in_flight(stage: Stage) -> None:
    _paused(stage)
    stage.release(template("3"))
    stage.phase("Paused", revision=3)


@rollout_state
def analysis_template_missing(stage: Stage) -> None:
    stage.create(canary(WEIGHT, analysis_step("nowhere")))
    stage.phase("Degraded")


@rollout_state
def analysis_paused_in_background(stage: Stage) -> None:
    metric = web_metric("accuracy", f"{stage.metrics}/value/1", interval="10s")
    background = {"analysis": {"templates": [{"templateName": "quality"}], "startingStep": 1}}
    stage.start(analysis_template("quality", metric), canary(WEIGHT, HOLD, {"setWeight": 60}, canary=background))
    stage.release(template("2"))
    stage.phase("Paused", revision=2)
    stage.analysis_run(lambda status: bool(status.get("metricResults")))
