"""Blue/green from the real screens: Argo's, and two Deployments behind a Service."""

from __future__ import annotations

import asyncio
import time

import pytest
import yaml

from mlcd_tui.config.paths import packaged
from mlcd_tui.domain.plan import Result
from mlcd_tui.domain.rollout import Phase, Strategy
from tests.e2e.conftest import Lab
from tests.e2e.lab.api import LabApi
from tests.e2e.lab.recording.manifests import NAME, blue_green, deployment, service, template
from tests.e2e.lab.recording.stage import Object, Stage
from tests.e2e.person import person

pytestmark = pytest.mark.usefixtures("home")


def served(stage: Stage) -> str:
    """Image of the pods that the active Service selects."""
    selector = stage.api.get("Service", stage.namespace, "active")["spec"]["selector"]
    images = {
        pod["spec"]["containers"][0]["image"]
        for pod in stage.api.list("Pod", stage.namespace)
        if selector.items() <= pod["metadata"]["labels"].items()
    }
    assert len(images) == 1, images
    return str(images.pop())


async def test_argo_preview_switch_and_back(lab: Lab, stage: Stage) -> None:
    stage.start(service("active"), service("preview"), blue_green(replicas=2, autoPromotionEnabled=False))
    time.sleep(1.1)  # the controller tells a rollback by whole seconds of birth
    stage.release(template("2"))
    stage.phase("Paused", revision=2)
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.see(f"{NAME}.*blue/green.*paused|{NAME}.*blue/green.*preview")
        await alice.press("enter")
        await alice.see("preview.*active|active.*preview")
        await alice.dialog("b")
        await alice.see(f"{stage.namespace}/{NAME}")
        outcome = await alice.approve("preview looks right")
        assert outcome.result is Result.DONE, outcome
        await alice.press("escape")
        await alice.row_until(lambda row: row.phase is Phase.HEALTHY, "not healthy")
        assert (await asyncio.to_thread(served, stage)).endswith(":2")
        await alice.dialog("b")
        await alice.see("switches at once without a pause, since its pods are still up")
        outcome = await alice.approve()
        assert outcome.result is Result.DONE, outcome
        await alice.press("escape")
        end = time.monotonic() + 20
        while not (await asyncio.to_thread(served, stage)).endswith(":1"):
            assert time.monotonic() < end, f"{outcome.sentence}; {alice.words}"
            await asyncio.sleep(0.2)


@pytest.fixture
def pair(api: LabApi, namespace: str) -> str:
    """The sample of the README, as a user applies it, at two replicas a side."""
    sample = packaged("sample_configs") / "blue-green-deployments.yaml"
    objects: list[Object] = list(yaml.safe_load_all(sample.read_text(encoding="utf-8")))
    for each in objects:
        if each["kind"] == "Deployment":  # a probe needs something that listens
            each["spec"]["template"]["spec"]["containers"][0].pop("readinessProbe", None)
    api.create(namespace, *objects)
    for side in ("churn-blue", "churn-green"):
        api.wait("Deployment", namespace, side, lambda d: (d.get("status") or {}).get("availableReplicas") == 2)
    return namespace


async def test_a_pair_of_deployments_is_switched_and_back(lab: Lab, api: LabApi, pair: str) -> None:
    def color() -> str:
        return str(api.get("Service", pair, "churn")["spec"]["selector"]["mlcd.dev/color"])

    async with person(context=lab.context("bob"), namespace=pair) as bob:
        await bob.live()
        await bob.see("1 service ")  # one row, and none for the Deployments that make it
        await bob.see("churn.*blue/green.*preview.*you.*switch to churn-green")
        row = bob.row("churn")
        assert row is not None
        assert row.strategy is Strategy.BLUE_GREEN
        await bob.dialog("b")
        await bob.see("churn-green")
        await bob.see("PATCH /api/v1/namespaces/[^ ]+/services/churn")
        assert (await bob.approve()).result is Result.DONE
        await bob.press("escape")
        assert await asyncio.to_thread(color) == "green"
        await bob.until(lambda: (row := bob.row("churn")) and row.phase is Phase.HEALTHY, "not healthy")
        outcome = await bob.act("b")
        assert outcome.result is Result.DONE, outcome
        assert await asyncio.to_thread(color) == "blue"
        await bob.press("enter")
        await bob.see("1 Overview")
        await bob.press("7")
        await bob.see("What people did.*switch-back.*switch ")


async def test_a_plain_deployment_gets_a_version_and_goes_back(lab: Lab, deployment_stage: Stage) -> None:
    stage = deployment_stage
    stage.create(deployment(replicas=2, cause="first release"))
    stage.until(lambda d: (d.get("status") or {}).get("availableReplicas") == 2, "available")
    async with person(context=lab.context("bob"), namespace=stage.namespace) as bob:
        await bob.live()
        await bob.see(f"{NAME}.*rolling.*healthy")
        await bob.press("i")
        await bob.see("New images")
        await bob.fill("registry.example/model-api:2")
        await bob.press("enter")
        await bob.dialog()
        assert (await bob.approve()).result is Result.DONE
        await bob.press("escape")
        await bob.row_until(lambda row: row.revision == 2 and row.phase is Phase.HEALTHY, "not revision 2")
        await bob.press("enter")
        await bob.see("1 Overview.*model-api:2")
        await bob.press("u")
        await bob.see("back to which revision.*revision 1.*first release")
        await bob.press("enter")
        await bob.dialog()
        assert (await bob.approve()).result is Result.DONE
        await bob.press("escape")
        await bob.row_until(lambda row: row.revision == 3, "not revision 3")
        assert (await bob.act("space")).result is Result.DONE
        await bob.see("paused")
        assert (await bob.act("space")).result is Result.DONE
    found = stage.api.get("Deployment", stage.namespace, NAME)
    assert found["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":1")
    assert not found["spec"].get("paused")
