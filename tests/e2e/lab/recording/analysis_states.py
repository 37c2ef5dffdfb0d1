"""Canaries whose steps run analyses and experiments."""

from __future__ import annotations

from typing import Any

from tests.e2e.lab.recording.manifests import analysis_step, analysis_template, canary, template, web_metric
from tests.e2e.lab.recording.stage import Object, Stage, rollout_state

WEIGHT = {"setWeight": 20}
HOLD: Object = {"pause": {}}


def _release_with(stage: Stage, *metrics: Object, **spec: Any) -> None:
    stage.start(
        analysis_template("quality", *metrics, **spec),
        canary(WEIGHT, analysis_step("quality"), {"setWeight": 60}, HOLD),
    )
    stage.release(template("2"))


def _value(stage: Stage, value: float, name: str = "accuracy", **fields: Any) -> Object:
    return web_metric(name, f"{stage.metrics}/value/{value}", **fields)


@rollout_state
def analysis_running(stage: Stage) -> None:
    _release_with(stage, _value(stage, 1, interval="8s", count=50))
    stage.phase("Progressing", revision=2)
    stage.analysis_run(lambda status: bool(status.get("metricResults")))


@rollout_state
def analysis_passed(stage: Stage) -> None:
    _release_with(stage, _value(stage, 1, interval="1s", count=3), _value(stage, 1, "latency"))
    stage.phase("Paused", revision=2)


@rollout_state
def analysis_failed(stage: Stage) -> None:
    _release_with(
        stage,
        _value(stage, 0, interval="1s", count=5, failureLimit=1),
        _value(stage, 1, "latency", interval="1s", count=5),
    )
    stage.status(phase="Degraded", abort=True)


@rollout_state
def analysis_error(stage: Stage) -> None:
    _release_with(
        stage, web_metric("accuracy", f"{stage.metrics}/broken", interval="1s", count=10, consecutiveErrorLimit=1)
    )
    stage.status(phase="Degraded", abort=True)


@rollout_state
def analysis_inconclusive(stage: Stage) -> None:
    _release_with(stage, _value(stage, 2))
    stage.phase("Paused", revision=2)


@rollout_state
def analysis_dry_run(stage: Stage) -> None:
    metrics = (_value(stage, 1, interval="1s", count=2), _value(stage, 0, "drift", interval="1s", count=2))
    _release_with(stage, *metrics, dryRun=[{"metricName": "drift"}])
    stage.phase("Paused", revision=2)


@rollout_state
def analysis_job(stage: Stage) -> None:
    containers = [{"name": "check", "image": "registry.example/check:1"}]
    job = {"spec": {"backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never", "containers": containers}}}}
    _release_with(stage, {"name": "smoke", "provider": {"job": job}}, _value(stage, 1))
    stage.phase("Paused", revision=2)


@rollout_state
def analysis_terminated(stage: Stage) -> None:
    analysis_running(stage)
    run = stage.api.list("AnalysisRun", stage.namespace)[0]["metadata"]["name"]
    stage.api.merge("AnalysisRun", stage.namespace, run, {"spec": {"terminate": True}})
    stage.phase("Paused", revision=2)


@rollout_state
def analysis_with_arguments(stage: Stage) -> None:
    metric = web_metric("accuracy", stage.metrics + "/value/{{args.wanted}}", interval="8s", count=20)
    templates = analysis_template("quality", metric, args=[{"name": "wanted"}, {"name": "hash"}])
    newest = {"name": "hash", "valueFrom": {"podTemplateHashValue": "Latest"}}
    step = {
        "analysis": {"templates": [{"templateName": "quality"}], "args": [{"name": "wanted", "value": "1"}, newest]}
    }
    stage.start(templates, canary(WEIGHT, step))
    stage.release(template("2"))
    stage.analysis_run(lambda status: bool(status.get("metricResults")))


@rollout_state
def background_analysis(stage: Stage) -> None:
    _background(stage, 1, interval="8s")
    stage.phase("Paused", revision=2)
    stage.analysis_run(lambda status: bool(status.get("metricResults")))


@rollout_state
def background_analysis_failed(stage: Stage) -> None:
    _background(stage, 0, interval="2s", failureLimit=1)
    stage.status(phase="Degraded", abort=True)


@rollout_state
def background_analysis_inconclusive(stage: Stage) -> None:
    _background(stage, 2, interval="1s")
    stage.until(
        lambda r: any(c["reason"] == "InconclusiveAnalysisRun" for c in r["status"].get("pauseConditions") or []),
        "an inconclusive pause",
    )
    stage.phase("Paused", revision=2)


def _background(stage: Stage, value: float, **fields: Any) -> None:
    background = {"analysis": {"templates": [{"templateName": "quality"}]}}
    stage.start(
        analysis_template("quality", _value(stage, value, **fields)),
        canary(WEIGHT, HOLD, {"setWeight": 60}, canary=background),
    )
    stage.release(template("2"))


def _experiment(*analyses: str, duration: str = "1h") -> Object:
    """Baseline and candidate side by side, judged by analyses."""
    templates = [{"name": "baseline", "specRef": "stable"}, {"name": "candidate", "specRef": "canary", "replicas": 2}]
    runs = [{"name": each, "templateName": each, "requiredForCompletion": True} for each in analyses]
    experiment: Object = {"templates": templates, "duration": duration}
    if runs:
        experiment["analyses"] = runs
    return {"experiment": experiment}


@rollout_state
def experiment_running(stage: Stage) -> None:
    stage.start(
        analysis_template("quality", _value(stage, 1, interval="8s", count=50)),
        canary(_experiment("quality"), {"setWeight": 50}, HOLD),
    )
    stage.release(template("2"))
    stage.phase("Progressing", revision=2)
    stage.analysis_run(lambda status: bool(status.get("metricResults")))


@rollout_state
def experiment_passed(stage: Stage) -> None:
    stage.start(canary(_experiment(duration="3s"), WEIGHT, HOLD))
    stage.release(template("2"))
    stage.phase("Paused", revision=2)


@rollout_state
def experiment_failed(stage: Stage) -> None:
    stage.start(analysis_template("quality", _value(stage, 0)), canary(_experiment("quality"), WEIGHT, HOLD))
    stage.release(template("2"))
    stage.status(phase="Degraded", abort=True)


@rollout_state
def experiment_inconclusive(stage: Stage) -> None:
    stage.start(analysis_template("quality", _value(stage, 2)), canary(_experiment("quality"), WEIGHT, HOLD))
    stage.release(template("2"))
    stage.phase("Paused", revision=2)
    # Argo Rollouts 1.10.1 starts the experiment anew without end in this state; here the first one stays.
    stage.hand_over()
