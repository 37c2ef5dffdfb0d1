"""Plain Deployments in each state."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.lab.recording.manifests import NAME, deployment, template
from tests.e2e.lab.recording.stage import Object, Stage, deployment_state


def _rolled_out(found: Object) -> bool:
    spec, status = found["spec"], found.get("status") or {}
    counts = [status.get(key, 0) for key in ("updatedReplicas", "replicas", "availableReplicas")]
    return status.get("observedGeneration") == found["metadata"]["generation"] and counts == [spec["replicas"]] * 3


def _condition(kind: str, reason: str) -> Callable[[Object], bool]:
    return lambda d: any(
        c["type"] == kind and c["reason"] == reason for c in (d.get("status") or {}).get("conditions", [])
    )


def _start(stage: Stage, owner: Object) -> None:
    stage.create(owner)
    stage.until(_rolled_out, "rolled out")


@deployment_state
def healthy(stage: Stage) -> None:
    _start(stage, deployment())


@deployment_state
def progressing(stage: Stage) -> None:
    _start(stage, deployment())
    stage.release(template("2", pod="never-ready"))
    stage.until(
        lambda d: d["status"].get("updatedReplicas") == 1 and d["status"].get("unavailableReplicas") == 1, "one new pod"
    )


@deployment_state
def paused(stage: Stage) -> None:
    _start(stage, deployment())
    stage.release(template("2", pod="never-ready"))
    stage.until(lambda d: d["status"].get("updatedReplicas") == 1, "one new pod")
    stage.patch({"paused": True})
    stage.until(_condition("Progressing", "DeploymentPaused"), "paused")


@deployment_state
def deadline_exceeded(stage: Stage) -> None:
    _start(stage, deployment(progressDeadlineSeconds=4))
    stage.release(template("2", pod="crash"))
    stage.until(_condition("Progressing", "ProgressDeadlineExceeded"), "past its deadline")


@deployment_state
def several_revisions(stage: Stage) -> None:
    _start(stage, deployment(cause="first release"))
    for version in ("2", "3"):
        # In one step, as `kubectl apply` does: the controller copies the cause to the newest ReplicaSet at once.
        cause = {
            "op": "replace",
            "path": "/metadata/annotations/kubernetes.io~1change-cause",
            "value": f"model churn-{version}",
        }
        release = {"op": "replace", "path": "/spec/template", "value": template(version)}
        stage.api.json_patch("Deployment", stage.namespace, NAME, cause, release)
        stage.until(_rolled_out, "rolled out")


@deployment_state
def rolled_back(stage: Stage) -> None:
    several_revisions(stage)
    stage.release(template("1"))
    stage.until(_rolled_out, "rolled out")


@deployment_state
def recreate(stage: Stage) -> None:
    _start(stage, deployment(strategy={"type": "Recreate"}))
    stage.release(template("2", pod="never-ready"))
    stage.until(
        lambda d: d["status"].get("updatedReplicas") == 3 and d["status"].get("unavailableReplicas") == 3,
        "all pods new",
    )


@deployment_state
def scaled_to_zero(stage: Stage) -> None:
    _start(stage, deployment())
    stage.patch({"replicas": 0})
    stage.until(lambda d: not d["status"].get("replicas"), "no replicas")


@deployment_state
def restarted(stage: Stage) -> None:
    _start(stage, deployment())
    again = template()
    again["metadata"]["annotations"] = {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}
    stage.release(again)
    stage.until(_rolled_out, "rolled out")


@deployment_state
def replica_failure(stage: Stage) -> None:
    stage.api.request("POST", f"/api/v1/namespaces/{stage.namespace}/resourcequotas", json=_NO_PODS)
    stage.create(deployment())
    stage.until(_condition("ReplicaFailure", "FailedCreate"), "pods refused")


_NO_PODS = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
