"""The real Flagger moves real requests: through Envoy to real model servers, customers asking all the while."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.command import mlcd
from tests.e2e.conftest import Lab
from tests.e2e.flagger.process import flagger, gate
from tests.e2e.flagger.stage import FlaggerStage, Object, canary, hook
from tests.e2e.gateway.load import load, versions
from tests.e2e.gateway.plane import Model, Plane
from tests.e2e.lab.api import LabApi
from tests.e2e.lab.recording.manifests import NAME

pytestmark = pytest.mark.usefixtures("home", "controller")

GATES = ("confirm-rollout", "confirm-promotion", "rollback")


@pytest.fixture
def controller(lab: Lab, namespace: str, tmp_path: Path) -> Iterator[Path]:
    with flagger(lab.kubeconfig, tmp_path, namespace) as log:
        yield log


@pytest.fixture
def flagger_stage(api: LabApi, namespace: str) -> FlaggerStage:
    return FlaggerStage(api, namespace)


def served(version: str, **knobs: object) -> Object:
    """A pod template that a real server stands behind."""
    told = json.dumps({"version": version, **knobs})
    container = {
        "name": "server",
        "image": f"registry.example/model:{version}",
        "ports": [{"containerPort": 8080}],
    }
    meta = {"labels": {"app": NAME}, "annotations": {"lab.mlcd.dev/serve": told}}
    return {"metadata": meta, "spec": {"containers": [container]}}


def approve(stage: FlaggerStage) -> None:
    said = mlcd("rollouts", "promote", NAME, "-n", stage.namespace, "--timeout", "90s", "--yes", seconds=120)
    assert said.code == 0, f"{said.out}{said.err}"


def test_no_customer_is_answered_by_the_shadow_and_none_pays_for_the_switch(
    lab: Lab, plane: Plane, flagger_stage: FlaggerStage, tmp_path: Path
) -> None:
    stage = flagger_stage
    address = plane.gateway(stage.namespace, "models")
    with gate(lab.kubeconfig, tmp_path) as gate_at:
        stage.start(canary(*(hook(kind, gate_at) for kind in GATES), iterations=2, mirror=True), served("1"))
        plane.served(stage.namespace, NAME)
        with load(address) as customers:
            assert versions(customers.next(200)) == {"1": 200}
            stage.release(served("2"))
            stage.phase("Waiting")
            approve(stage)
            stage.phase("WaitingPromotion")
            plane.served(stage.namespace, NAME)
            mirrored = customers.next(500)
            assert versions(mirrored) == {"1": 500}
            shadow, ids = Model(plane, stage.namespace, NAME), {each.id for each in mirrored}
            plane.wait(lambda: ids <= set(shadow.seen().copies), "the shadow did not get every copy")
            assert not ids & set(shadow.seen().ids), "a customer's own request went to the shadow"
            before = customers.answers
            assert len(before) > 2_000
            assert versions(before) == {"1": len(before)}, "somebody was answered by the shadow"
            approve(stage)  # seen to take effect: all live traffic is with the new version
            plane.served(stage.namespace, NAME)
            assert versions(customers.next(500)) == {"2": 500}
            stage.phase("Succeeded")
            plane.served(stage.namespace, NAME)
            assert versions(customers.next(500)) == {"2": 500}
        assert not customers.failed, customers.failed[:3]
        assert len(customers.answers) > 4_000, "of the whole journey"


def test_a_metric_that_flagger_measured_is_told_with_its_value(
    plane: Plane, prometheus: str, flagger_stage: FlaggerStage
) -> None:
    stage = flagger_stage
    address = plane.gateway(stage.namespace, "models")
    cluster = f'envoy_cluster_name="{stage.namespace}_{NAME}-canary_80"'
    query = (
        f'100 * sum(rate(envoy_cluster_upstream_rq{{{cluster},envoy_response_code="500"}}[15s])) '
        f"/ sum(rate(envoy_cluster_upstream_rq_total{{{cluster}}}[15s]))"
    )
    template = {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "MetricTemplate",
        "metadata": {"name": "errors"},
        "spec": {"provider": {"type": "prometheus", "address": prometheus}, "query": query},
    }
    templates = f"/apis/flagger.app/v1beta1/namespaces/{stage.namespace}/metrictemplates"
    stage.api.request("POST", templates, json=template)
    metric = {"name": "error-rate", "templateRef": {"name": "errors"}, "thresholdRange": {"max": 1}, "interval": "15s"}
    stage.start(canary(stepWeight=50, maxWeight=50, metrics=[metric], threshold=3), served("1"))
    plane.served(stage.namespace, NAME)
    with load(address):
        stage.release(served("2", failing=1.0))
        stage.event("advancement error-rate")
        found = mlcd("rollouts", "get", NAME, "-n", stage.namespace, "-o", "json").json
        (run,) = (run for revision in found["revisions"] for run in revision["analysisRuns"])
        (told,) = run["metrics"]
        assert (told["name"], told["phase"]) == ("error-rate", "Failed"), run
        assert max(each["number"] or 0 for each in told["measurements"]) > 1, told
        stage.phase("Failed", seconds=180)
