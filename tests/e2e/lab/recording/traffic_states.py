"""Canaries with a traffic router: nginx for weights, istio for header and mirror routes and ping-pong."""

from __future__ import annotations

from typing import Any

from tests.e2e.lab.recording.manifests import (
    analysis_step,
    analysis_template,
    canary,
    ingress,
    istio,
    nginx,
    service,
    template,
    virtual_service,
    web_metric,
)
from tests.e2e.lab.recording.stage import Object, Stage, rollout_state

HOLD: Object = {"pause": {}}
SERVICES = ("stable", "canary")
MATCH = {"headerName": "x-canary", "headerValue": {"exact": "true"}}


def _start_nginx(stage: Stage, *steps: Object, spec: Object | None = None, **fields: Any) -> None:
    stage.start(*map(service, SERVICES), ingress(), canary(*steps, canary=nginx(**fields), **(spec or {})))


def _paused_nginx(stage: Stage, *steps: Object, **fields: Any) -> None:
    _start_nginx(stage, *steps, **fields)
    stage.release(template("2"))
    stage.phase("Paused", revision=2)


def _paused_istio(stage: Stage, *steps: Object) -> None:
    stage.start(*map(service, SERVICES), virtual_service(), canary(*steps, canary=istio("by-header", "mirror")))
    stage.release(template("2"))
    stage.phase("Paused", revision=2)


@rollout_state
def traffic_weight(stage: Stage) -> None:
    _paused_nginx(stage, {"setWeight": 30}, HOLD, {"setWeight": 80}, HOLD)


@rollout_state
def traffic_max_weight(stage: Stage) -> None:
    _paused_nginx(stage, {"setWeight": 300}, HOLD, maxTrafficWeight=1000)


@rollout_state
def traffic_set_canary_scale(stage: Stage) -> None:
    _paused_nginx(
        stage,
        {"setCanaryScale": {"replicas": 3}},
        {"setWeight": 10},
        HOLD,
        {"setCanaryScale": {"matchTrafficWeight": True}},
        HOLD,
    )


@rollout_state
def traffic_canary_scale_only(stage: Stage) -> None:
    _paused_nginx(stage, {"setCanaryScale": {"weight": 25}}, HOLD, {"setWeight": 10}, HOLD)


@rollout_state
def traffic_dynamic_stable_scale(stage: Stage) -> None:
    _paused_nginx(stage, {"setWeight": 60}, HOLD, dynamicStableScale=True)


@rollout_state
def traffic_dynamic_stable_scale_aborted(stage: Stage) -> None:
    traffic_dynamic_stable_scale(stage)
    stage.patch_status({"abort": True})
    stage.phase("Degraded")


@rollout_state
def traffic_aborted(stage: Stage) -> None:
    _paused_nginx(stage, {"setWeight": 30}, HOLD, abortScaleDownDelaySeconds=3600)
    stage.patch_status({"abort": True})
    stage.phase("Degraded")


@rollout_state
def traffic_promoted_scale_down_delay(stage: Stage) -> None:
    _paused_nginx(stage, {"setWeight": 30}, HOLD, scaleDownDelaySeconds=3600)
    stage.patch_status({"promoteFull": True})
    stage.phase("Healthy", revision=2)


@rollout_state
def traffic_progressing(stage: Stage) -> None:
    _start_nginx(stage, {"setWeight": 30}, HOLD)
    stage.release(template("2", pod="never-ready"))
    stage.phase("Progressing", revision=2)


@rollout_state
def traffic_waiting_for_steps(stage: Stage) -> None:
    endless = analysis_template(
        "quality", web_metric("accuracy", f"{stage.metrics}/value/1", interval="10s", count=100)
    )
    stage.create(endless)
    _start_nginx(stage, {"setWeight": 100}, analysis_step("quality"), HOLD)
    stage.release(template("2"))
    stage.status(currentStepIndex=1, phase="Progressing")
    stage.analysis_run(lambda status: bool(status.get("metricResults")))


@rollout_state
def traffic_scaled_to_zero(stage: Stage) -> None:
    _start_nginx(stage, {"setWeight": 30}, HOLD)
    stage.patch({"replicas": 0})
    stage.until(lambda r: not r["status"].get("replicas"), "no replicas")
    stage.phase("Healthy")


@rollout_state
def traffic_service_missing(stage: Stage) -> None:
    stage.create(service("stable"), ingress(), canary({"setWeight": 30}, canary=nginx()))
    stage.phase("Degraded")


@rollout_state
def traffic_header_route(stage: Stage) -> None:
    route = {"setHeaderRoute": {"name": "by-header", "match": [MATCH]}}
    _paused_istio(stage, {"setWeight": 10}, route, HOLD, {"setHeaderRoute": {"name": "by-header"}}, HOLD)


@rollout_state
def traffic_mirror(stage: Stage) -> None:
    mirror = {
        "name": "mirror",
        "percentage": 35,
        "match": [{"path": {"prefix": "/predict"}, "method": {"exact": "POST"}}],
    }
    _paused_istio(
        stage,
        {"setCanaryScale": {"weight": 25}},
        {"setMirrorRoute": mirror},
        HOLD,
        {"setMirrorRoute": {"name": "mirror"}},
        HOLD,
    )


@rollout_state
def traffic_mirror_removed(stage: Stage) -> None:
    traffic_mirror(stage)
    stage.patch_status({"pauseConditions": None})
    stage.status(currentStepIndex=4, phase="Paused")


@rollout_state
def traffic_ping_pong(stage: Stage) -> None:
    fields = istio(pingPong={"pingService": "ping", "pongService": "pong"})
    del fields["canaryService"], fields["stableService"]
    stage.start(
        *map(service, ("ping", "pong")),
        virtual_service("ping", "pong"),
        canary({"setWeight": 30}, HOLD, canary=fields),
    )
    stage.release(template("2"))
    stage.phase("Paused", revision=2)


@rollout_state
def traffic_ping_pong_promoted(stage: Stage) -> None:
    traffic_ping_pong(stage)
    stage.patch_status({"promoteFull": True})
    stage.phase("Healthy", revision=2)


@rollout_state
def traffic_experiment_weight(stage: Stage) -> None:
    templates = [
        {"name": "baseline", "specRef": "stable", "weight": 5},
        {"name": "candidate", "specRef": "canary", "weight": 5},
    ]
    steps = ({"setWeight": 20}, {"experiment": {"templates": templates, "duration": "1h"}}, HOLD)
    stage.start(*map(service, SERVICES), virtual_service(), canary(*steps, canary=istio()))
    stage.release(template("2"))
    stage.until(lambda r: bool(r["status"]["canary"].get("weights", {}).get("additional")), "weights of the experiment")
