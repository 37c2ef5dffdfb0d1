"""The gate against the real API server, with no Flagger: its rights, who may approve, and a server that is away or slow.

Statuses are written as Flagger writes them, so that nobody waits for its ticks.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from mlcd_tui.config.paths import packaged
from mlcd_tui.domain.hook_approval import Hook, checksum
from tests.e2e.command import Said, mlcd
from tests.e2e.conftest import Lab
from tests.e2e.flagger.process import free_port, gate, install
from tests.e2e.flagger.stage import FlaggerStage, canary, hook
from tests.e2e.flagger.users import account, gate_account
from tests.e2e.lab.api import LabApi
from tests.e2e.lab.recording.manifests import NAME

pytestmark = pytest.mark.usefixtures("home", "canaries")

SAMPLES = packaged("sample_configs")


@pytest.fixture(scope="module")
def canaries(lab: Lab) -> None:
    """The kind, without its controller."""
    install(lab.kubeconfig)


@pytest.fixture
def gate_at(lab: Lab, tmp_path: Path) -> Iterator[str]:
    with gate(gate_account(lab, tmp_path), tmp_path) as address:
        yield address


@pytest.fixture
def waiting(api: LabApi, namespace: str, gate_at: str) -> FlaggerStage:
    """A Canary before its promotion gate."""
    stage = FlaggerStage(api, namespace)
    stage.create(canary(*(hook(kind.value, gate_at) for kind in Hook), iterations=2, mirror=True))
    stage.written(phase="WaitingPromotion", iterations=1, lastAppliedSpec="77b8678fbb")
    return stage


def promote(stage: FlaggerStage, *who: str) -> Said:
    return mlcd(*who, "rollouts", "promote", NAME, "-n", stage.namespace, "--timeout", "1s", "--yes")


def ask(address: str, stage: FlaggerStage, **more: str) -> httpx.Response:
    asked = {"name": NAME, "namespace": stage.namespace, "phase": "Progressing", "checksum": checksum(stage.status())}
    return httpx.post(f"{address}/mlcd/confirm-promotion", json={**asked, **more}, trust_env=False, timeout=30)


def _rights(lab: Lab, *who: str) -> set[tuple[str, str]]:
    listed = lab.kubectl("auth", "can-i", "--list", "--no-headers", *who)
    assert listed.returncode == 0, listed.stderr
    return {(line.split()[0], line.rpartition("[")[2].rstrip("]")) for line in listed.stdout.splitlines()}


def test_its_account_may_look_and_nothing_else(lab: Lab, waiting: FlaggerStage) -> None:
    who = ("--as=system:serviceaccount:mlcd:mlcd-gate", "-n", waiting.namespace)
    nobody = ("--as=system:serviceaccount:mlcd:default", "-n", waiting.namespace)
    own = _rights(lab, *who) - _rights(lab, *nobody)  # every account may ask a few things of itself
    assert own == {("canaries.flagger.app", "get"), ("daemonsets.apps", "get"), ("deployments.apps", "get")}
    for verb, kind in (("list", "canaries"), ("patch", "canaries"), ("update", "canaries/status"), ("get", "secrets")):
        assert lab.kubectl("auth", "can-i", verb, kind, *who).stdout.strip() == "no", (verb, kind)


def test_an_approval_holds_at_each_gate_and_for_this_wait_only(
    lab: Lab, waiting: FlaggerStage, gate_at: str, tmp_path: Path
) -> None:
    stage = waiting
    assert ask(gate_at, stage).status_code == 403
    assert promote(stage, "--context", "alice").out.count("gate confirm-promotion: shut → open") == 1
    (tmp_path / "second").mkdir()
    with gate(gate_account(lab, tmp_path), tmp_path / "second") as second:
        assert [ask(each, stage).status_code for each in (gate_at, second)] == [200, 200]
    assert ask(gate_at, stage, checksum="bbbbb").status_code == 403
    assert ask(gate_at, stage, namespace="default").status_code == 404
    assert httpx.post(f"{gate_at}/mlcd/rollback", json={}, trust_env=False).status_code == 400
    notes = stage.canary()["metadata"]["annotations"]
    # Another version, and back to the first one within the run: the condition goes on, the wait is another one.
    begun = stage.status()["conditions"][0]["lastTransitionTime"]
    time.sleep(1.1)  # the API server's moments are whole seconds
    stage.written(phase="WaitingPromotion", iterations=1)
    (condition,) = stage.status()["conditions"]
    stage.written(phase="WaitingPromotion", conditions=[{**condition, "lastTransitionTime": begun}])
    stage.merge({"metadata": {"annotations": notes}})
    assert ask(gate_at, stage).status_code == 403


def test_to_approve_can_be_made_a_right_of_its_own(lab: Lab, waiting: FlaggerStage, tmp_path: Path) -> None:
    stage, space = waiting, waiting.namespace
    policy, binding, role = yaml.safe_load_all((SAMPLES / "gate-approvers.yaml").read_text(encoding="utf-8"))
    for each in (policy, binding):  # other tests share the cluster
        each["metadata"]["name"] = space
    policy["spec"]["matchConstraints"]["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": space}}
    binding["spec"]["policyName"] = space
    maker = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "approver", "namespace": space}}
    (tmp_path / "approvers.yaml").write_text(yaml.safe_dump_all([policy, binding, role, maker]), encoding="utf-8")
    try:
        applied = lab.kubectl("apply", "--server-side", "-f", str(tmp_path / "approvers.yaml"))
        assert applied.returncode == 0, applied.stderr
        named = f"--serviceaccount={space}:approver"
        for kind in ("mlcd-approver", "mlcd-view"):
            lab.kubectl("create", "rolebinding", kind, "-n", space, f"--clusterrole={kind}", named)
        forged = f'{{"metadata":{{"annotations":{{"{Hook.ROLLBACK.annotation}":"x"}}}}}}'
        patch = ("patch", "canary", NAME, "-n", space, "--type=merge", "--dry-run=server", "-p", forged)
        for _ in range(120):  # until the API server has heard of the policy
            if lab.kubectl(*patch, user="alice").returncode:
                break
            time.sleep(0.5)
        said = promote(stage, "--context", "alice")
        assert "opening a gate takes the verb approve on this canary" in said.err + said.out, said
        skipped = mlcd("--context", "alice", "rollouts", "promote", NAME, "-n", space, "--full", "--yes")
        assert "goes round the gate" in skipped.err + skipped.out, skipped
        said = promote(stage, "--kubeconfig", str(account(lab, tmp_path, space, "approver")))
        assert "sent: accepted" in said.out, said
        notes = stage.canary()["metadata"]["annotations"]
        assert notes[Hook.CONFIRM_PROMOTION.signature].endswith(f" by system:serviceaccount:{space}:approver")
    finally:
        lab.kubectl("delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", space)


def test_the_samples_are_taken_by_the_api_server(lab: Lab, gate_at: str, namespace: str, tmp_path: Path) -> None:
    del gate_at  # it made the namespace of the gate
    for name in ("gate.yaml", "gate-approvers.yaml"):
        applied = lab.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", str(SAMPLES / name))
        assert applied.returncode == 0, applied.stderr
    sample = yaml.safe_load((SAMPLES / "flagger-canary.yaml").read_text(encoding="utf-8"))
    sample["metadata"]["namespace"] = namespace
    (tmp_path / "canary.yaml").write_text(yaml.safe_dump(sample), encoding="utf-8")
    applied = lab.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", str(tmp_path / "canary.yaml"))
    assert applied.returncode == 0, applied.stderr


def test_a_server_that_is_away_or_says_nothing_is_no_approval(lab: Lab, tmp_path: Path) -> None:
    asked = {"name": "none", "namespace": "default", "phase": "Progressing", "checksum": "abc"}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for where in (free_port(), str(silent.getsockname()[1])):
            config = yaml.safe_load(lab.kubeconfig.read_text(encoding="utf-8"))
            for each in config["clusters"]:
                each["cluster"]["server"] = f"https://127.0.0.1:{where}"
            folder = tmp_path / where
            folder.mkdir()
            (folder / "kubeconfig").write_text(yaml.safe_dump(config), encoding="utf-8")
            with gate(folder / "kubeconfig", folder) as address:
                answer = httpx.post(f"{address}/mlcd/rollback", json=asked, trust_env=False, timeout=10)
                assert answer.status_code == 503, "Flagger waits ten seconds"
                assert answer.text.startswith("The cluster "), answer.text
