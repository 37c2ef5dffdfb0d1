"""Acting from the real screens on the real controller: what the dialog promises happens, and is told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.domain.plan import Result
from mlcd_tui.domain.rollout import Phase
from tests.e2e.conftest import Lab
from tests.e2e.lab.recording.manifests import NAME, canary, template
from tests.e2e.lab.recording.stage import Object, Stage
from tests.e2e.person import person

pytestmark = pytest.mark.usefixtures("home")

STEPS: tuple[Object, ...] = ({"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {}})


def paused(stage: Stage, **fields: Any) -> None:
    stage.start(canary(*STEPS, **fields))
    stage.release(template("2"))
    stage.phase("Paused", revision=2)


def now(stage: Stage) -> Object:
    return stage.api.get("Rollout", stage.namespace, NAME)


async def test_a_paused_canary_is_promoted(lab: Lab, stage: Stage) -> None:
    paused(stage)
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        assert "alice" in await alice.see(rf"{NAME}.*paused.*20 %")
        await alice.dialog("p")
        assert "Send 60 % instead of 20 % of live traffic" not in alice.words  # it shares pods, not traffic
        await alice.see(f"60 %.*{stage.namespace}/{NAME}|{stage.namespace}/{NAME}.*60 %")
        await alice.see("PATCH.*resourceVersion")
        outcome = await alice.approve("looks good to me")
        assert outcome.result is Result.DONE, outcome
        await alice.see("Done")
        await alice.press("escape")
        await alice.see(rf"{NAME}.*paused.*60 %")
        await alice.press("enter")
        await alice.see("1 Overview.*set 60 %")
        await alice.press("7")
        await alice.see("What people did.*alice.*promote.*looks good to me")
        await alice.see(r"registry.example/model-api:2.*registry.example/model-api:1|- .*:1.*\+ .*:2")
    assert now(stage)["status"]["currentStepIndex"] == 3


async def test_abort_makes_it_degraded_and_retry_tries_again(lab: Lab, stage: Stage) -> None:
    paused(stage)
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.see(NAME)
        assert (await alice.act("a")).result is Result.DONE
        await alice.see(rf"1 degraded.*{NAME}.*degraded")
        assert now(stage)["status"]["abort"] is True
        outcome = await alice.act("r", reason="the metric was broken, not the model")
        assert outcome.result is Result.DONE, outcome
        await alice.see(rf"{NAME}.*paused.*20 %")
        assert not now(stage)["status"].get("abort")


async def test_promote_fully_and_back_to_a_chosen_revision(lab: Lab, stage: Stage) -> None:
    paused(stage)
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.see(f"{NAME}.*paused")
        assert (await alice.act("P")).result is Result.DONE
        await alice.row_until(lambda row: row.phase is Phase.HEALTHY, "not healthy")
        await asyncio.to_thread(stage.release, template("3"))
        await alice.row_until(lambda row: row.phase is Phase.PAUSED and row.revision == 3, "not paused")
        await alice.press("u")
        await alice.see("back to which revision.*rev 2.*rev 1|back to which revision.*2.*1")
        await alice.press("G", "enter")
        await alice.dialog()
        await alice.see("revision 1")
        outcome = await alice.approve()
        assert outcome.result is Result.DONE, outcome
        await alice.press("escape")
        await alice.row_until(lambda row: row.revision == 4, "not revision 4")
    images = [container["image"] for container in now(stage)["spec"]["template"]["spec"]["containers"]]
    assert images[0].endswith(":1")


async def test_a_new_version_is_set_by_the_prompt(lab: Lab, stage: Stage) -> None:
    stage.start(canary(*STEPS, replicas=2))
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.see(f"{NAME}.*healthy")
        await alice.press("enter")
        await alice.see("1 Overview")
        await alice.press("i")
        await alice.see("New images.*server.*registry.example/model-api:1")
        await alice.fill("registry.example/model-api:5")
        await alice.press("enter")
        await alice.dialog()
        await alice.see("registry.example/model-api:1.*registry.example/model-api:5")
        outcome = await alice.approve()
        assert outcome.result is Result.DONE, outcome
        await alice.press("escape")
        await alice.see("canary.*registry.example/model-api:5|model-api:5.*canary")
    images = [container["image"] for container in now(stage)["spec"]["template"]["spec"]["containers"]]
    assert images == ["registry.example/model-api:5", "registry.example/proxy:7"]


async def test_pause_and_resume(lab: Lab, stage: Stage) -> None:
    stage.start(canary({"setWeight": 40}, {"pause": {}}))
    stage.release(template("2", pod="never-ready"))
    stage.phase("Progressing", revision=2)
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.see(f"{NAME}.*progressing")
        assert (await alice.act("space")).result is Result.DONE
        assert now(stage)["spec"]["paused"] is True
        await alice.see(f"{NAME}.*paused")
        assert (await alice.act("space")).result is Result.DONE
        assert not now(stage)["spec"].get("paused")
        await alice.see(f"{NAME}.*progressing")


async def test_restart_replaces_the_pods(lab: Lab, stage: Stage) -> None:
    stage.start(canary(replicas=2, canary={"maxUnavailable": "50%"}))
    before = {pod["metadata"]["name"] for pod in stage.api.list("Pod", stage.namespace)}
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.see(f"{NAME}.*healthy")
        await asyncio.sleep(1.5)  # times have whole seconds: a pod of the same second is not older than the restart
        outcome = await alice.act("R", reason="memory leak")
        assert outcome.result is Result.DONE, outcome
    after = {
        pod["metadata"]["name"]
        for pod in stage.api.list("Pod", stage.namespace)
        if not pod["metadata"].get("deletionTimestamp")
    }
    assert not before & after


async def test_what_is_not_possible_says_why_and_sends_nothing(lab: Lab, stage: Stage, home: Path) -> None:
    stage.start(canary(*STEPS, replicas=1))
    before = now(stage)
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.see(f"{NAME}.*healthy")
        await alice.press("p")
        await alice.told("nothing to promote|no update|fully promoted|already")
        await alice.press("W")
        await alice.told("(?i)weight|traffic")
        await alice.dialog("R")
        await alice.press("escape")
        assert alice.row() is not None
    after = now(stage)  # the controller may write its status meanwhile; whoever acts changes the spec, or asks to abort
    assert (after["spec"], after["status"].get("abort")) == (before["spec"], None)
    lines = (home / "state" / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    recorded = [(entry["verb"], entry["stage"]) for entry in map(json.loads, lines)]
    assert recorded == [("promote", "refused"), ("set-weight", "refused"), ("restart", "refused")]
