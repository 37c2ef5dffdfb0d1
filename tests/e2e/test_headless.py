"""The headless commands on the real control plane, as scripts and pipelines call them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.command import PROGRAM, Said, mlcd
from tests.e2e.lab.recording.analysis_states import analysis_running
from tests.e2e.lab.recording.manifests import (
    NAME,
    blue_green,
    canary,
    ingress,
    nginx,
    service,
    template,
)
from tests.e2e.lab.recording.stage import Object, Stage

pytestmark = pytest.mark.usefixtures("home")

STEPS: tuple[Object, ...] = ({"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {}})


def paused(stage: Stage) -> None:
    stage.start(canary(*STEPS))
    stage.release(template("2"))
    stage.phase("Paused", revision=2)
    stage.status(currentStepIndex=1, availableReplicas=5, updatedReplicas=1)


def now(stage: Stage) -> Object:
    return stage.api.get("Rollout", stage.namespace, NAME)


def act(stage: Stage, verb: str, *arguments: str) -> Said:
    return mlcd("rollouts", verb, NAME, *arguments, "-n", stage.namespace, "--context", "alice", "--yes")


def done(said: Said) -> None:
    assert said.code == 0, f"{said.out}{said.err}"
    assert "done: " in said.out, said


# Seeing ---------------------------------------------------------------------------------------------------------


def test_list_and_get_in_every_format(stage: Stage) -> None:
    paused(stage)
    where = ("-n", stage.namespace)
    table = mlcd("rollouts", "list", *where).out
    assert re.search(rf"{stage.namespace} +{NAME} +canary +Paused +1/4 +20 %.* 5/5 ", table), table
    listed = mlcd("rollouts", "list", *where, "-o", "json").json
    assert (listed["apiVersion"], listed["kind"]) == ("mlcd.dev/v1", "RolloutList")
    assert [item["name"] for item in listed["items"]] == [NAME]
    everywhere = mlcd("rollouts", "list", "-A", "-o", "json").json
    assert (stage.namespace, NAME) in {(item["namespace"], item["name"]) for item in everywhere["items"]}
    got = mlcd("rollouts", "get", NAME, *where, "-o", "json").json
    same = yaml.safe_load(mlcd("rollouts", "get", f"{stage.namespace}/{NAME}", "-o", "yaml").out)
    assert same == json.loads(json.dumps(got))
    assert got["waitingFor"]["what"] == "person"
    text = mlcd("rollouts", "get", NAME, *where).out
    for word in ("Paused", "revision", "registry.example/model-api:2", "pause"):
        assert word in text, text
    status = mlcd("rollouts", "status", NAME, *where)
    assert (status.code, status.out) == (0, "Paused - CanaryPauseStep (step 1/4)\n")


def test_get_says_what_the_argo_plugin_says(stage: Stage) -> None:
    paused(stage)
    ours = mlcd("rollouts", "get", NAME, "-n", stage.namespace, "-o", "json").json
    command = ["kubectl", "argo", "rollouts", "get", "rollout", NAME, "-n", stage.namespace, "--no-color"]
    theirs = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    head = dict(re.findall(r"^ *([A-Z]\w+): +(.*\S)", theirs, re.MULTILINE))
    assert ours["phase"] == head["Status"].split()[-1]
    assert ours["message"] == head["Message"]
    assert f"{ours['step']['index']}/{ours['step']['count']}" == head["Step"]
    assert [str(ours["weight"][key]) for key in ("set", "actual")] == [head["SetWeight"], head["ActualWeight"]]
    counted = [str(ours["replicas"][key.lower()]) for key in ("Desired", "Current", "Updated", "Ready", "Available")]
    assert counted == [head[key] for key in ("Desired", "Current", "Updated", "Ready", "Available")]
    told = re.findall(r"# revision:(\d+)|⧉ (\S+) +ReplicaSet +\S (\w+) +\S+ +(\w+)|□ (\S+) +Pod +\S (\w+)", theirs)
    assert [tuple(filter(None, row)) for row in told] == list(tree(ours))


def tree(rollout: dict[str, Any]) -> Any:
    for revision in rollout["revisions"]:
        yield (str(revision["number"]),)
        for group in revision["replicaSets"]:
            yield (group["name"], group["status"], *group["roles"])
            yield from ((pod["name"], pod["status"]) for pod in group["pods"])


def test_the_plugin_the_module_and_a_pipe(stage: Stage) -> None:
    stage.start(canary(replicas=1))
    listing = ("rollouts", "list", "-n", stage.namespace)
    expected = mlcd(*listing, "-o", "json").json["items"][0]["uid"]
    as_module = mlcd(*listing, "-o", "json", program=(sys.executable, "-m", "mlcd_tui"))
    assert as_module.json["items"][0]["uid"] == expected
    path = os.pathsep.join([str(Path(PROGRAM).parent), os.environ["PATH"]])
    as_plugin = mlcd(*listing, "-o", "json", program=("kubectl", "mlcd"), PATH=path)
    assert as_plugin.json["items"][0]["uid"] == expected
    # without a terminal the list is printed, without colours, whole however narrow
    bare = mlcd("-n", stage.namespace, COLUMNS="20")
    assert bare.code == 0
    assert "\x1b" not in bare.out
    assert re.search(rf"^{stage.namespace} +{NAME} .*Healthy", bare.out, re.MULTILINE), bare.out
    head = subprocess.run(
        f"{PROGRAM} rollouts list -A -o json | head -c 1", shell=True, capture_output=True, text=True, check=True
    )
    assert (head.stdout, head.stderr) == ("{", "")


def test_status_waits_for_what_does_not_exist_yet(stage: Stage) -> None:
    arguments = ("rollouts", "status", NAME, "-n", stage.namespace, "--watch")
    nothing = mlcd(*arguments, "--timeout", "1s")
    assert nothing.code == 1
    assert "not healthy within 1 s" in nothing.err
    later = threading.Timer(1.5, stage.create, args=[canary(replicas=2)])
    later.start()
    try:
        said = mlcd(*arguments, "--timeout", "40s")
    finally:
        later.join()
    assert said.code == 0, said
    assert said.out.splitlines()[-1].startswith("Healthy")
    stage.release(template("2", pod="crash"))
    stage.patch({"progressDeadlineSeconds": 2})
    said = mlcd(*arguments, "--timeout", "40s", "--fail-fast")
    assert said.code == 1, said
    assert said.out.splitlines()[-1].startswith("Degraded")


def test_missing_ones_and_bad_usage(stage: Stage) -> None:
    said = mlcd("rollouts", "get", "nowhere", "-n", stage.namespace)
    assert said.code == 1
    assert "nowhere" in said.err
    assert mlcd("rollouts", "undo", NAME, "--to-revision", "zero").code == 2
    assert mlcd("rollouts", "set-image", NAME, "no-equals-sign", "-n", stage.namespace).code == 2
    empty = mlcd("rollouts", "list", "-n", stage.namespace)
    assert (empty.code, empty.out) == (0, "")
    assert "No rollouts" in empty.err


# Acting ---------------------------------------------------------------------------------------------------------


def test_a_dry_run_prints_the_plan_and_does_nothing(stage: Stage, home: Path) -> None:
    paused(stage)
    spec = now(stage)["spec"]
    said = mlcd("rollouts", "promote", NAME, "-n", stage.namespace, "--context", "alice", "--dry-run")
    assert said.code == 0, said
    for word in ("60 %", "Way back", "PATCH /apis/argoproj.io/v1alpha1", "resourceVersion"):
        assert word in said.out, said.out
    for _ in range(10):  # the controller may still write that it has paused
        version = now(stage)["metadata"]["resourceVersion"]
        plan = mlcd("rollouts", "promote", NAME, "-n", stage.namespace, "--dry-run", "-o", "json").json
        if version == now(stage)["metadata"]["resourceVersion"]:
            break
    assert plan["kind"] == "Plan"
    assert plan["requests"][0]["body"]["metadata"]["resourceVersion"] == version
    assert (now(stage)["spec"], now(stage)["status"]["currentStepIndex"]) == (spec, 1)
    log = home / "state" / "audit.jsonl"
    assert not log.exists() or not log.read_text(encoding="utf-8")


def test_without_yes_nothing_is_sent_and_the_no_is_recorded(stage: Stage) -> None:
    paused(stage)
    said = mlcd("rollouts", "promote", NAME, "-n", stage.namespace, "--context", "alice")
    assert said.code == 3, said
    assert "--yes" in said.err
    assert now(stage)["status"]["currentStepIndex"] == 1
    entries = mlcd("audit", "list", "-o", "json").json["items"]
    assert [(entry["verb"], entry["stage"]) for entry in entries] == [("promote", "refused")]


def test_a_canary_through_its_life_and_the_log_of_it(stage: Stage, home: Path) -> None:
    paused(stage)
    done(act(stage, "promote", "--reason", "numbers look fine"))
    stage.status(phase="Paused", currentStepIndex=3)
    done(act(stage, "abort", "--reason", "numbers look bad"))
    assert mlcd("rollouts", "status", NAME, "-n", stage.namespace).code == 1
    done(act(stage, "retry"))
    stage.status(phase="Paused", currentStepIndex=1)
    done(act(stage, "promote", "--full", "--wait", "--timeout", "40s"))
    assert now(stage)["status"]["phase"] == "Healthy"
    said = act(stage, "set-image", "server=registry.example/model-api:3", "-o", "json")
    assert (said.code, said.json["kind"], said.json["result"]) == (0, "Outcome", "done"), said
    stage.status(phase="Paused", currentStepIndex=1)
    done(act(stage, "undo", "--to-revision", "2"))
    stage.phase("Healthy", revision=4)
    done(act(stage, "pause"))
    assert now(stage)["spec"]["paused"] is True
    done(act(stage, "resume"))
    refused = act(stage, "promote")
    assert refused.code == 3, refused
    assert "Not possible" in refused.err + refused.out
    entries = mlcd("audit", "list", "-o", "json").json["items"]
    ends = [(entry["verb"], entry["stage"]) for entry in reversed(entries) if entry["stage"] != "intended"]
    verbs = ["promote", "abort", "retry", "promote-full", "set-image", "undo", "pause", "resume"]
    assert ends == [*((verb, "done") for verb in verbs), ("promote", "refused")]
    assert {entry["user"] for entry in entries} == {"alice"}
    assert "numbers look bad" in mlcd("audit", "list").out
    assert mlcd("audit", "verify").code == 0
    exported = mlcd("audit", "export").out
    assert exported.count("numbers look fine") >= 1
    log = home / "state" / "audit.jsonl"
    log.write_text(log.read_text(encoding="utf-8").replace("numbers look bad", "numbers look sad"), encoding="utf-8")
    assert mlcd("audit", "verify").code == 1


def test_blue_green_is_switched(stage: Stage) -> None:
    stage.start(service("active"), service("preview"), blue_green(replicas=1, autoPromotionEnabled=False))
    stage.release(template("2"))
    stage.phase("Paused", revision=2)
    done(act(stage, "switch", "--wait", "--timeout", "40s"))
    active = stage.api.get("Service", stage.namespace, "active")["spec"]["selector"]
    assert active["rollouts-pod-template-hash"] == now(stage)["status"]["currentPodHash"]


def test_weight_is_set_where_traffic_is_routed_and_a_step_has_it(stage: Stage) -> None:
    steps: tuple[Object, ...] = ({"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {}}, {"setWeight": 80})
    stage.start(service("stable"), service("canary"), ingress(), canary(*steps, canary=nginx(), replicas=2))
    stage.release(template("2"))
    stage.status(phase="Paused", currentStepIndex=1)
    refused = act(stage, "set-weight", "33")
    assert refused.code == 3, refused
    assert "60 %" in refused.err + refused.out  # what is possible instead
    done(act(stage, "set-weight", "60"))
    found = stage.status(phase="Paused", currentStepIndex=3)
    assert found["status"]["canary"]["weights"]["canary"]["weight"] == 60
    done(act(stage, "set-weight", "80"))  # nothing holds it there: it goes on to the end, as the plan says


def test_an_analysis_is_stopped(stage: Stage) -> None:
    analysis_running(stage)
    run = stage.api.list("AnalysisRun", stage.namespace)[0]["metadata"]["name"]
    done(act(stage, "terminate-analysis", run))
    assert stage.api.get("AnalysisRun", stage.namespace, run)["spec"]["terminate"] is True


def test_who_may_not_is_refused_with_the_right_that_is_missing(stage: Stage) -> None:
    paused(stage)
    said = mlcd("rollouts", "promote", NAME, "-n", stage.namespace, "--context", "viewer", "--yes")
    assert said.code == 3, said
    assert "patch" in said.err + said.out
    assert "rollouts" in said.err + said.out
    said = mlcd("rollouts", "promote", NAME, "-n", stage.namespace, "--readonly", "--yes")
    assert said.code == 3, said
    assert "read-only" in said.err + said.out
    assert now(stage)["status"]["currentStepIndex"] == 1
