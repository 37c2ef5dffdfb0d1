"""The simulated cluster judged by two clients that we did not write: kubectl and the plugin of Argo Rollouts."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlcd_tui.demo.cluster import DemoCluster


class Shell:
    """Commands on the simulated cluster."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig

    def __call__(self, *arguments: str) -> str:
        command = ["kubectl", *arguments, "--kubeconfig", str(self.kubeconfig)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def until(self, text: str, *arguments: str, seconds: float = 30) -> str:
        end = time.monotonic() + seconds
        while text not in (said := self(*arguments)):
            assert time.monotonic() < end, f"{text!r} is not in: {said}"
            time.sleep(0.2)
        return said


@pytest.fixture(scope="module")
def kubectl() -> Iterator[Shell]:
    with DemoCluster("default") as demo:
        yield Shell(demo.kubeconfig)


def test_get_prints_the_columns_of_the_real_one(kubectl: Shell) -> None:
    lines = kubectl("get", "rollouts", "-A").splitlines()
    assert lines[0].split() == ["NAMESPACE", "NAME", "DESIRED", "CURRENT", "UP-TO-DATE", "AVAILABLE", "AGE"]
    scorer = next(line.split() for line in lines if "fraud-scorer" in line)
    assert scorer == ["payments", "fraud-scorer", "5", "6", "1", "6", "6d"]
    assert "Running" in kubectl("get", "pods", "-n", "payments", "-o", "wide")
    assert kubectl("get", "all", "-n", "payments").count("rollout.argoproj.io/") == 0
    assert "CrashLoopBackOff" in kubectl("get", "po", "-n", "ads")
    for kind in ("analysisruns", "experiments", "deployments", "replicasets", "services", "events", "nodes", "ns"):
        assert kubectl("get", kind, "-A")


def test_published_packages_are_config_maps_like_any_other(kubectl: Shell) -> None:
    listed = kubectl("get", "cm", "-n", "payments", "-l", "mlcd.dev/package=fraud-scorer").splitlines()
    assert listed[0].split() == ["NAME", "DATA", "AGE"]
    assert len(listed) == 4
    kubectl("create", "configmap", "mine", "--from-literal=a=b", "-n", "payments")
    kubectl("label", "cm", "mine", "-n", "payments", "mlcd.dev/package=mine")
    assert "mine" in kubectl("get", "cm", "-n", "payments", "-l", "mlcd.dev/package")
    assert kubectl("get", "cm", "mine", "-n", "payments", "-o", "jsonpath={.data.a}") == "b"
    kubectl("delete", "cm", "mine", "-n", "payments")


def test_get_w_shows_what_changes(kubectl: Shell) -> None:
    command = ["kubectl", "--kubeconfig", str(kubectl.kubeconfig), "get", "ro", "ltv", "-n", "payments", "-w"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout
        assert watching.stdout.readline().startswith("NAME")
        assert watching.stdout.readline().split()[:2] == ["ltv", "2"]
        kubectl("patch", "ro", "ltv", "-n", "payments", "--type", "merge", "-p", '{"spec":{"replicas":3}}')
        assert watching.stdout.readline().split()[:2] == ["ltv", "3"]
        watching.kill()


def test_describe_logs_and_permissions(kubectl: Shell) -> None:
    said = kubectl("describe", "rollout", "fraud-scorer", "-n", "payments")
    assert "CanaryPauseStep" in said
    assert "RolloutStepCompleted" in said
    pod = kubectl("get", "po", "-n", "payments", "-l", "app=churn", "-o", "name").split()[0]
    assert kubectl("logs", pod, "-n", "payments", "--tail", "2").count("\n") == 2
    assert kubectl("describe", pod, "-n", "payments").startswith("Name:")
    assert (
        kubectl("auth", "can-i", "patch", "rollouts.argoproj.io", "--subresource=status", "-n", "payments").strip()
        == "yes"
    )
    assert "rollouts" in kubectl("api-resources", "--api-group", "argoproj.io")


def test_deployments_roll_and_go_back(kubectl: Shell) -> None:
    assert "successfully rolled out" in kubectl("rollout", "status", "deploy/ctr", "-n", "ads")
    assert "REVISION" in kubectl("rollout", "history", "deploy/ctr", "-n", "ads")
    kubectl("set", "image", "deploy/ctr", "server=registry.acme.example/ml/ctr:v32", "-n", "ads")
    assert "successfully rolled out" in kubectl("rollout", "status", "deploy/ctr", "-n", "ads", "--timeout", "60s")
    kubectl("rollout", "undo", "deploy/ctr", "-n", "ads")
    kubectl("rollout", "restart", "deploy/ctr", "-n", "ads")
    found = json.loads(kubectl("get", "deploy", "ctr", "-n", "ads", "-o", "json"))
    assert found["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":v31")


def test_apply_creates_what_is_in_a_file(kubectl: Shell, tmp_path: Path) -> None:
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "ads"}, "data": {"a": "b"}}
    file = tmp_path / "x.json"
    file.write_text(json.dumps(item), encoding="utf-8")
    assert "created" in kubectl("apply", "-f", str(file))
    assert "unchanged" in kubectl("apply", "-f", str(file))
    assert "deleted" in kubectl("delete", "-f", str(file))


def test_the_plugin_lists_shows_and_acts(kubectl: Shell) -> None:
    where = ("fraud-scorer", "-n", "payments")
    listed = kubectl("argo", "rollouts", "list", "rollouts", "-n", "payments")
    row = next(line.split() for line in listed.splitlines() if line.startswith("fraud-scorer"))
    assert row[:6] == ["fraud-scorer", "Canary", "Paused", "2/5", "20", "6/6"]
    shown = kubectl("argo", "rollouts", "get", "rollout", *where, "--no-color")
    assert "ActualWeight:  20" in shown
    assert "AnalysisRun" in shown
    kubectl("argo", "rollouts", "promote", *where)
    kubectl.until("4/5", "argo", "rollouts", "get", "rollout", *where, "--no-color")
    kubectl("argo", "rollouts", "abort", *where)
    kubectl.until("Degraded", "argo", "rollouts", "get", "rollout", *where, "--no-color")
    kubectl("argo", "rollouts", "retry", "rollout", *where)
    kubectl.until("Paused", "argo", "rollouts", "get", "rollout", *where, "--no-color")
    kubectl("argo", "rollouts", "undo", *where)
    kubectl.until("Healthy", "argo", "rollouts", "get", "rollout", *where, "--no-color", seconds=60)


def test_the_plugin_follows_a_blue_green(kubectl: Shell) -> None:
    where = ("churn", "-n", "payments")
    kubectl(
        "argo", "rollouts", "set", "image", "churn", "server=registry.acme.example/ml/churn:2025.12.0", "-n", "payments"
    )
    kubectl.until("revision:4", "argo", "rollouts", "get", "rollout", *where, "--no-color")
    kubectl("argo", "rollouts", "promote", *where, "--full")
    assert "Healthy" in kubectl("argo", "rollouts", "status", *where, "--timeout", "60s")
    shown = kubectl("argo", "rollouts", "get", "rollout", *where, "--no-color")
    assert "churn:2025.12.0 (stable, active)" in shown


def test_namespaces_and_sizes_are_kubectls_own_verbs(kubectl: Shell) -> None:
    kubectl("create", "namespace", "made")
    assert kubectl("get", "ns", "made", "-o", "jsonpath={.metadata.name} {.kind}") == "made Namespace"
    kubectl("scale", "rollout", "ltv", "-n", "payments", "--replicas", "4")
    assert kubectl("get", "ro", "ltv", "-n", "payments", "-o", "jsonpath={.spec.replicas}") == "4"
    kubectl("scale", "rollout", "ltv", "-n", "payments", "--replicas", "2", "--current-replicas", "4")
    assert kubectl("get", "ro", "ltv", "-n", "payments", "-o", "jsonpath={.spec.replicas}") == "2"
