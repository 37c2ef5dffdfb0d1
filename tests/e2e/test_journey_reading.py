"""What the opened rollout tells on the real control plane: analyses, logs, YAML, describe, events, history."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from mlcd_tui.domain.plan import Result
from mlcd_tui.domain.rollout import Phase
from tests.e2e.conftest import Lab
from tests.e2e.lab.recording.analysis_states import analysis_failed, analysis_running
from tests.e2e.lab.recording.manifests import NAME, canary, template
from tests.e2e.lab.recording.stage import Stage
from tests.e2e.person import person

pytestmark = pytest.mark.usefixtures("home")


async def test_a_running_analysis_is_stopped(lab: Lab, stage: Stage) -> None:
    analysis_running(stage)
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.see(f"{NAME}.*analysis")
        await alice.press("enter")
        await alice.see("1 Overview")
        await alice.press("3")
        await alice.see("accuracy.*result == 1")
        outcome = await alice.act("t", reason="seen enough")
        assert outcome.result is Result.DONE, outcome
        await alice.row_until(lambda row: row.phase is Phase.PAUSED, "the rollout did not go on")
        await alice.see("Successful|stopped|terminated")
    run = stage.api.list("AnalysisRun", stage.namespace)[0]
    assert run["spec"]["terminate"] is True


async def test_a_failed_analysis_shows_value_limit_and_verdict(lab: Lab, stage: Stage) -> None:
    analysis_failed(stage)
    async with person(context=lab.context("viewer"), namespace=stage.namespace) as viewer:
        await viewer.live()
        await viewer.see(f"1 degraded.*{NAME}.*degraded")
        await viewer.press("enter")
        await viewer.see("1 Overview.*accuracy")
        await viewer.press("3")
        words = await viewer.see("accuracy.*Failed|Failed.*accuracy")
        assert "result == 1" in words
        assert "result == 0" in words
        await viewer.see("2 of .*failed|failed.*(limit|allowed).*1|more than .*1")


async def test_logs_are_followed(lab: Lab, stage: Stage, write_logs: Callable[..., None]) -> None:
    stage.start(canary(replicas=1))
    pod = stage.api.list("Pod", stage.namespace)[0]["metadata"]["name"]
    write_logs(pod, "model loaded", "weights \x1b[31mred\x1b[0m", previous=("out of memory",))
    async with person(context=lab.context("viewer"), namespace=stage.namespace) as viewer:
        await viewer.live()
        await viewer.see(NAME)
        await viewer.press("enter")
        await viewer.see(pod[-5:])
        await viewer.press("l")
        await viewer.see("Log of.*proxy")
        await viewer.fill("server")
        await viewer.press("enter")
        await viewer.see("model loaded.*weights")
        assert "\x1b" not in viewer.words
        write_logs(pod, "first request served")
        await viewer.see("first request served")
        await viewer.press("p")
        await viewer.see("out of memory")
        await viewer.press("escape")
        await viewer.see("1 Overview")


async def test_yaml_describe_events_and_history(lab: Lab, stage: Stage) -> None:
    stage.start(canary({"setWeight": 20}, {"pause": {}}, replicas=2))
    stage.release(template("2"))
    stage.phase("Paused", revision=2)
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.see(NAME)
        await alice.dialog("a")
        await alice.approve("churn-2 forgets the over-60s")
        await alice.press("escape")
        await alice.see("degraded")
        await alice.press("enter")
        await alice.see("1 Overview")
        await alice.press("y")
        words = await alice.see("Whole object.*apiVersion: argoproj.io/v1alpha1")
        assert "managedFields" not in words
        await alice.press("v")
        await alice.see("- .*model-api:1.*\\+ .*model-api:2|model-api:1.*model-api:2")
        await alice.press("d")
        await alice.see(f"Describe.*{NAME}")
        await alice.see("Degraded")
        await alice.press("escape", "e")
        await alice.see("Events.*RolloutAborted|Events.*ScalingReplicaSet|Events.*RolloutPaused")
        await alice.press("escape", "7")
        await alice.see("revision 2.*revision 1")
        await alice.see("model-api:1.*model-api:2")
        await alice.see("alice abort done.*churn-2 forgets the over-60s")
        await alice.press("L")
        await alice.see("alice.*abort.*churn-2 forgets the over-60s")


async def test_it_comes_and_goes_by_itself(lab: Lab, stage: Stage) -> None:
    async with person(context=lab.context("viewer"), namespace=stage.namespace) as viewer:
        await viewer.live()
        assert NAME not in viewer.words
        await asyncio.to_thread(stage.create, canary(replicas=1))
        await viewer.see(f"{NAME}.*healthy")
        await viewer.press("enter")
        await viewer.see("1 Overview.*model-api:1|model-api:1")
        await asyncio.to_thread(stage.api.delete, "Rollout", stage.namespace, NAME)
        await viewer.see("no longer exists")
        await viewer.press("p")
        await viewer.until(lambda: viewer.toasts or "not" in viewer.words, "no answer to an act on what is gone")
        await viewer.press("escape", "escape")
        await viewer.until(lambda: viewer.row() is None, "still in the fleet")
