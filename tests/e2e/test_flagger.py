"""Whole runs of the real Flagger on the Gateway API, opened step by step through the real gate by the real command.

The Canaries have no metrics: their checks are webhooks, so that no test depends on what a Prometheus has scraped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlcd_tui.domain.hook_approval import Hook, checksum
from tests.e2e.command import Said, mlcd
from tests.e2e.conftest import Lab
from tests.e2e.flagger.hooks import Hooks, hook_server
from tests.e2e.flagger.process import flagger, free_port, gate
from tests.e2e.flagger.stage import FlaggerStage, canary, hook
from tests.e2e.flagger.users import gate_account
from tests.e2e.lab.api import LabApi
from tests.e2e.lab.recording.manifests import NAME, template

pytestmark = pytest.mark.usefixtures("home", "controller")

GATES = ("confirm-rollout", "confirm-traffic-increase", "confirm-promotion", "rollback")


@pytest.fixture
def controller(lab: Lab, namespace: str, tmp_path: Path) -> Iterator[Path]:
    """Flagger, for the test's own namespace: tests at once do not share its loop."""
    with flagger(lab.kubeconfig, tmp_path, namespace) as log:
        yield log


@pytest.fixture
def gate_at(lab: Lab, tmp_path: Path) -> Iterator[str]:
    """The gate, with no rights but those of its sample manifest."""
    with gate(gate_account(lab, tmp_path), tmp_path) as address:
        yield address


@pytest.fixture
def flagger_stage(api: LabApi, namespace: str) -> FlaggerStage:
    return FlaggerStage(api, namespace)


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    with hook_server() as server:
        yield server


def act(stage: FlaggerStage, verb: str, *arguments: str, seconds: int = 60) -> Said:
    wait = ("--timeout", f"{seconds}s", "--yes")
    return mlcd("rollouts", verb, NAME, *arguments, "-n", stage.namespace, "--context", "alice", *wait, seconds=90)


def done(said: Said) -> None:
    assert said.code == 0, f"{said.out}{said.err}"
    assert "done: " in said.out, said


def test_copied_traffic_is_approved_to_the_end(lab: Lab, flagger_stage: FlaggerStage, tmp_path: Path) -> None:
    stage, user, port = flagger_stage, gate_account(lab, tmp_path), free_port()
    with gate(user, tmp_path, port=port) as gate_at:
        stage.start(canary(*(hook(kind, gate_at) for kind in GATES), iterations=2, mirror=True))
        stage.release(template("2"))
        stage.phase("Waiting")
    listed = mlcd("rollouts", "list", "-n", stage.namespace, "-o", "json").json
    assert [(row["name"], row["engine"]) for row in listed["items"]] == [(NAME, "flagger")], listed
    # Approved while nobody answers Flagger: the approval is on the Canary, and the gate that comes back finds it there.
    said = act(stage, "promote", "--reason", "the night's load is low", seconds=2)
    assert "sent: accepted, but not seen to take effect" in said.out, said
    with gate(user, tmp_path, port=port):
        _to_the_end(stage)


def _to_the_end(stage: FlaggerStage) -> None:
    stage.phase("WaitingPromotion")
    weights, copied = stage.route()
    assert weights == {f"{NAME}-primary": 100, f"{NAME}-canary": 0}  # no customer is served by the shadow
    assert copied
    notes = stage.canary()["metadata"]["annotations"]
    assert notes[Hook.CONFIRM_ROLLOUT.signature].endswith(" by alice"), notes
    done(act(stage, "promote"))
    stage.phase("Succeeded")
    primary = stage.api.get("Deployment", stage.namespace, f"{NAME}-primary")
    assert primary["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":2")
    assert stage.route() == ({f"{NAME}-primary": 100, f"{NAME}-canary": 0}, False)
    # The approvals stand on the Canary still, and hold for nothing that comes later.
    stage.release(template("3"))
    stage.phase("Waiting")
    time.sleep(12)
    assert stage.status()["phase"] == "Waiting"


def test_each_step_is_asked_for_anew_and_the_gate_rolls_back(
    flagger_stage: FlaggerStage, gate_at: str, hooks: Hooks
) -> None:
    stage = flagger_stage
    events = hook("event", hooks.url("/events"))  # also hears the checksum that Flagger reckons
    gates = [hook(kind, gate_at) for kind in GATES[1:]]
    stage.start(canary(*gates, events, stepWeights=[20, 60]))
    early = act(stage, "promote")
    assert early.code == 3, early
    assert "No new version is on its way." in early.err
    stage.release(template("2"))
    stage.event("waiting for traffic increase approval")
    done(act(stage, "promote"))
    assert stage.status()["canaryWeight"] == 20
    time.sleep(22)  # two ticks
    assert stage.status()["canaryWeight"] == 20, "the approval of one step opened the next"
    assert hooks.asked[-1][1]["checksum"] == checksum(stage.status())
    done(act(stage, "promote"))
    assert stage.status()["canaryWeight"] == 60
    detail = mlcd("rollouts", "get", NAME, "-n", stage.namespace)
    assert "your approval of the next step" in detail.out, detail.out
    done(act(stage, "abort"))
    assert stage.status()["phase"] == "Failed"
    assert stage.route()[0] == {f"{NAME}-primary": 100, f"{NAME}-canary": 0}
    # The gate of the rollback holds for that run only: tried again, the version is not rolled back at once.
    done(act(stage, "retry"))
    stage.phase("Progressing")
    done(act(stage, "promote"))
    assert stage.status()["canaryWeight"] == 20


def test_suspended_resumed_rolled_back_without_a_gate_and_set_back(flagger_stage: FlaggerStage) -> None:
    stage = flagger_stage
    stage.start(canary(stepWeight=10, maxWeight=90))
    stage.release(template("2"))
    stage.until(lambda c: (c["status"].get("canaryWeight") or 0) >= 10, "some traffic")
    done(act(stage, "pause"))
    weight = stage.status()["canaryWeight"]
    time.sleep(12)
    assert stage.status()["canaryWeight"] == weight
    nothing = act(stage, "promote")
    assert nothing.code == 3, nothing
    assert "resume it first" in nothing.err
    done(act(stage, "resume"))
    stage.until(lambda c: (c["status"].get("canaryWeight") or 0) > weight, "the next step")
    said = act(stage, "promote")
    assert "Flagger waits for no gate" in said.err, said
    done(act(stage, "abort"))
    assert stage.status()["phase"] == "Failed"
    assert stage.route()[0][f"{NAME}-canary"] == 0
    done(act(stage, "undo"))
    status = stage.status()
    assert status["lastAppliedSpec"] == status["lastPromotedSpec"]
    seen = mlcd("rollouts", "status", NAME, "-n", stage.namespace)
    assert seen.code == 0, seen
    assert seen.out.startswith("Healthy"), seen


def test_the_analysis_is_skipped_and_taken_up_again(flagger_stage: FlaggerStage) -> None:
    stage = flagger_stage
    stage.start(canary(stepWeight=10, maxWeight=90))
    stage.release(template("2"))
    stage.until(lambda c: (c["status"].get("canaryWeight") or 0) >= 10, "some traffic")
    done(act(stage, "promote", "--full", "--reason", "urgent"))
    assert stage.status()["phase"] == "Succeeded"
    done(act(stage, "resume"))
    assert stage.canary()["spec"]["skipAnalysis"] is False


def test_the_target_set_back_in_the_middle_of_a_run_is_no_rollback(flagger_stage: FlaggerStage) -> None:
    """What the plan warns of: Flagger takes no notice, promotes, and runs once more."""
    stage = flagger_stage
    stage.start(canary(stepWeight=50, maxWeight=50))
    stage.release(template("2"))
    stage.phase("Progressing", canaryWeight=50)
    first = stage.status()["lastAppliedSpec"]
    done(act(stage, "undo"))
    stage.phase("Succeeded")
    assert stage.status()["lastPromotedSpec"] == first  # of the version that was left
    stage.phase("Progressing")
