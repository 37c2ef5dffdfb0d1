"""The rarer acts, headless, on the real controller: each does what its plan says, and its outcome is the truth."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import pytest

from tests.e2e.command import Said, mlcd
from tests.e2e.lab.recording.analysis_states import analysis_inconclusive, experiment_failed
from tests.e2e.lab.recording.bluegreen_states import bluegreen_pre_promotion_failed
from tests.e2e.lab.recording.canary_states import invalid_spec, workload_ref
from tests.e2e.lab.recording.manifests import NAME, canary, deployment, template
from tests.e2e.lab.recording.stage import Object, Stage

pytestmark = pytest.mark.usefixtures("home")

STEPS: tuple[Object, ...] = ({"setWeight": 20}, {"pause": {"duration": "1h"}}, {"setWeight": 60}, {"pause": {}})


def act(stage: Stage, verb: str, *arguments: str, who: str = "alice") -> Said:
    return mlcd("rollouts", verb, NAME, *arguments, "-n", stage.namespace, "--context", who, "--yes")


def done(said: Said) -> None:
    assert said.code == 0, f"{said.out}{said.err}"
    assert "done: " in said.out, said


def image(stage: Stage, kind: str) -> str:
    found = stage.api.get(kind, stage.namespace, NAME)
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"])


def test_a_timed_pause_is_left_and_a_step_skipped(stage: Stage) -> None:
    stage.start(canary(*STEPS))
    stage.release(template("2"))
    stage.status(phase="Paused", currentStepIndex=1)
    done(act(stage, "skip-step"))
    stage.status(phase="Paused", currentStepIndex=3)
    done(act(stage, "skip-step"))
    stage.phase("Healthy", revision=2)


def test_a_template_that_lives_in_a_deployment_is_changed_there(stage: Stage) -> None:
    workload_ref(stage)
    done(act(stage, "promote", "--full"))
    stage.phase("Healthy", revision=2)
    done(act(stage, "set-image", "server=registry.example/model-api:3"))
    assert image(stage, "Deployment").endswith(":3")
    stage.phase("Paused", revision=3)
    done(act(stage, "undo", "--to-revision", "1"))
    assert image(stage, "Deployment").endswith(":1")
    stage.until(lambda r: r["metadata"]["annotations"]["rollout.argoproj.io/revision"] == "4", "revision 4")


def test_past_an_inconclusive_analysis(stage: Stage) -> None:
    analysis_inconclusive(stage)
    done(act(stage, "promote"))
    stage.status(phase="Paused", currentStepIndex=3)


def test_an_experiment_is_not_run_again_while_its_rollout_is_aborted(stage: Stage) -> None:
    """Argo Rollouts 1.10.1 would stop it at once and call it Successful, though nothing was judged."""
    experiment_failed(stage)
    name = stage.api.list("Experiment", stage.namespace)[0]["metadata"]["name"]
    said = act(stage, "retry-experiment", name)
    assert said.code == 3, said
    assert "Retry the rollout" in said.err
    done(act(stage, "retry"))
    end = time.monotonic() + 20
    while len(stage.api.list("Experiment", stage.namespace)) < 2:
        assert time.monotonic() < end, "the rollout made no new experiment"
        time.sleep(0.2)


def test_a_blue_green_that_was_judged_bad_is_tried_again(stage: Stage) -> None:
    bluegreen_pre_promotion_failed(stage)
    said = act(stage, "switch")
    assert said.code == 3, said  # what failed its analysis is not switched to by a plain switch
    retried = act(stage, "retry")
    assert retried.code in {0, 1}, retried  # the analysis fails again at once, and that is what is told
    assert re.search("done: on its way again|failed: .*aborted again", retried.out), retried


def test_a_spec_that_the_controller_refuses_is_told(stage: Stage) -> None:
    invalid_spec(stage)
    status = mlcd("rollouts", "status", NAME, "-n", stage.namespace)
    assert status.code == 1
    assert status.out.startswith("Degraded - InvalidSpec"), status
    assert act(stage, "promote").code == 3


def test_an_image_that_never_gets_ready_is_waited_for_no_longer_than_asked(stage: Stage) -> None:
    stage.start(canary({"setWeight": 50}, {"pause": {}}, pods=template("1"), replicas=2))
    stage.release(template("2", pod="never-ready"))
    stage.phase("Progressing", revision=2)
    began = time.monotonic()
    said = act(stage, "promote", "--full", "--wait", "--timeout", "2s")
    assert said.code == 1, said
    assert "sent: accepted, but not seen to take effect within 2 s" in said.out
    assert time.monotonic() - began < 10


def test_deployments_restart_and_go_back(deployment_stage: Stage) -> None:
    stage = deployment_stage
    stage.create(deployment(replicas=2))
    stage.until(lambda d: (d.get("status") or {}).get("availableReplicas") == 2, "available")
    done(act(stage, "restart", "--reason", "fresh weights", "--wait", "--timeout", "30s"))
    done(act(stage, "set-image", "*=registry.example/model-api:2", "--wait", "--timeout", "30s"))
    done(act(stage, "undo", "--wait", "--timeout", "30s"))
    assert image(stage, "Deployment").endswith(":1")
    status = mlcd("rollouts", "status", NAME, "-n", stage.namespace, "--watch", "--timeout", "20s")
    assert status.code == 0, status


def test_production_needs_the_name(stage: Stage, home: Path) -> None:
    stage.start(canary(*STEPS, replicas=1))
    settings = '[contexts."ali*"]\nproduction = true\n'
    (home / "config" / "config.toml").write_text(settings, encoding="utf-8")
    refused = act(stage, "set-image", "server=registry.example/model-api:2")
    assert refused.code == 3, refused
    assert f"--confirm-name {NAME}" in refused.err
    assert image(stage, "Rollout").endswith(":1")
    done(act(stage, "set-image", "server=registry.example/model-api:2", "--confirm-name", NAME))
    stage.phase("Paused", revision=2)
    done(act(stage, "abort"))  # a way back asks the least


def test_two_scripts_at_once_make_one_step(stage: Stage) -> None:
    stage.start(canary(*STEPS))
    stage.release(template("2"))
    stage.status(phase="Paused", currentStepIndex=1)
    said: list[Said] = []

    def promote(who: str) -> None:
        said.append(act(stage, "promote", who=who))

    scripts = [threading.Thread(target=promote, args=[who]) for who in ("alice", "bob")]
    for script in scripts:
        script.start()
    for script in scripts:
        script.join()
    assert sorted(each.code for each in said) == [0, 3], said
    stage.status(phase="Paused", currentStepIndex=3)
    assert mlcd("audit", "verify").code == 0  # both wrote to one log
