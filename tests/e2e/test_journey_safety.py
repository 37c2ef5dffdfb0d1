"""Nothing happens that was not decided on: conflicts, missing rights, read-only, production, two at once."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest
from textual.widgets import Button, Input

from mlcd_tui.domain.plan import Result
from tests.e2e.conftest import Lab
from tests.e2e.lab.api import LabApi, RefusedError
from tests.e2e.lab.recording.manifests import NAME, canary, deployment, template
from tests.e2e.lab.recording.stage import Object, Stage
from tests.e2e.person import Person, person

STEPS: tuple[Object, ...] = ({"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {}})


@pytest.fixture(autouse=True)
def _at_home(home: Path) -> None:
    """Audit log and settings of the test's own."""


def paused(stage: Stage) -> None:
    stage.start(canary(*STEPS))
    stage.release(template("2"))
    stage.phase("Paused", revision=2)


def step(stage: Stage) -> int:
    return int(stage.api.get("Rollout", stage.namespace, NAME)["status"]["currentStepIndex"])


def waits_at(stage: Stage, index: int, revision: int = 2) -> None:
    """Wait until it is paused at the step, and does not go on."""
    for _ in range(2):
        stage.phase("Paused", revision=revision)
        stage.status(phase="Paused", currentStepIndex=index)
        time.sleep(0.5)
    assert step(stage) == index


def audited(home: Path) -> list[tuple[str, str]]:
    lines = (home / "state" / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    return [(entry["verb"], entry["stage"]) for entry in map(json.loads, lines)]


async def at_the_dialog(who: Person, *keys: str) -> None:
    await who.live()
    await who.see(f"{NAME}.*paused")
    await who.dialog(*keys)


async def test_another_version_behind_the_dialog_is_a_conflict(lab: Lab, stage: Stage, home: Path) -> None:
    paused(stage)
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await at_the_dialog(alice, "p")
        await asyncio.to_thread(stage.release, template("3"))
        await asyncio.to_thread(waits_at, stage, 1, 3)
        outcome = await alice.approve()
        assert outcome.result is Result.CONFLICT, outcome
        await alice.see("Not done: it changed meanwhile.*no longer holds.*Plan again")
        await asyncio.to_thread(waits_at, stage, 1, 3)
        assert audited(home) == [("promote", "intended"), ("promote", "conflict")]
        await alice.press("enter")
        await alice.until(lambda: alice.app.screen.query_one("#cancel", Button).has_focus, "no fresh plan")
        assert (await alice.approve()).result is Result.DONE
    waits_at(stage, 3, 3)


async def test_a_harmless_change_behind_the_dialog_is_no_conflict(lab: Lab, stage: Stage) -> None:
    paused(stage)
    note = {"metadata": {"annotations": {"team": "fraud"}}}
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await at_the_dialog(alice, "p")
        await asyncio.to_thread(stage.api.merge, "Rollout", stage.namespace, NAME, note)
        outcome = await alice.approve()
        assert outcome.result is Result.DONE, outcome
    waits_at(stage, 3)
    assert stage.api.get("Rollout", stage.namespace, NAME)["metadata"]["annotations"]["team"] == "fraud"


async def test_of_two_who_promote_at_once_one_is_told(lab: Lab, stage: Stage) -> None:
    paused(stage)
    async with (
        person(context=lab.context("alice"), namespace=stage.namespace) as alice,
        person(context=lab.context("bob"), namespace=stage.namespace) as bob,
    ):
        await at_the_dialog(alice, "p")
        await at_the_dialog(bob, "p")
        await alice.begin()
        await bob.begin()
        outcomes = [await alice.outcome(), await bob.outcome()]
        assert sorted(outcome.result for outcome in outcomes) == [Result.CONFLICT, Result.DONE], outcomes
    waits_at(stage, 3)  # never two steps at once


async def test_a_second_act_waits_for_the_outcome_of_the_first(lab: Lab, stage: Stage) -> None:
    slow = template("1", ready_after="4s")
    stage.start(canary(*STEPS, pods=slow, replicas=2, canary={"maxUnavailable": 1}))
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.see(f"{NAME}.*healthy")
        await asyncio.sleep(1.5)
        await alice.dialog("R")
        await alice.begin()
        await alice.see("Leave it running")
        await alice.press("escape", "escape")
        await alice.see("1 service")
        await alice.dialog("R")
        await alice.see("still in flight")
        assert alice.app.screen.query_one("#approve", Button).disabled
        await alice.press("escape")
        await alice.told("restarted")  # the first one's outcome, though its dialog was left


async def test_who_may_only_look_is_told_which_right_is_missing(lab: Lab, stage: Stage, home: Path) -> None:
    paused(stage)
    async with person(context=lab.context("viewer"), namespace=stage.namespace) as viewer:
        await at_the_dialog(viewer, "p")
        await viewer.see("patch.*rollouts.*argoproj.io")
        assert viewer.app.screen.query_one("#approve", Button).disabled
        await viewer.press("escape")
        await viewer.see("1 service")
    assert step(stage) == 1
    assert audited(home) == [("promote", "refused")]


async def test_readonly_offers_nothing(lab: Lab, stage: Stage) -> None:
    paused(stage)
    async with person(context=lab.context("alice"), namespace=stage.namespace, readonly=True) as alice:
        await alice.live()
        await alice.see("read-only.*paused")
        await alice.press("p")
        await alice.told("read-only")
        assert "Approve" not in alice.words
    assert step(stage) == 1


async def test_production_asks_for_the_name(lab: Lab, stage: Stage, home: Path) -> None:
    paused(stage)
    settings = f'[contexts."{lab.context("alice")}"]\nproduction = true\n'
    (home / "config" / "config.toml").write_text(settings, encoding="utf-8")
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.see("production")
        await alice.see(f"{NAME}.*paused")
        await alice.dialog("p")
        approve = alice.app.screen.query_one("#approve", Button)
        await alice.see(f"Type {NAME} to confirm")
        assert approve.disabled
        alice.app.screen.query_one("#name", Input).focus()
        await alice.fill("model", "#name")
        assert approve.disabled
        await alice.fill(NAME, "#name")
        await alice.press("enter", "enter")
        assert (await alice.outcome()).result is Result.DONE
        await alice.press("escape")
        await asyncio.to_thread(waits_at, stage, 3)
        assert (await alice.act("a")).result is Result.DONE  # a way back asks the least


@pytest.fixture
def tenants_rollout(api: LabApi) -> None:
    """A Deployment in the only namespace that the tenant may see; others' tests may have left it there."""
    try:
        api.create("tenant-a", deployment(replicas=1))
    except RefusedError as error:
        if error.status != 409:
            raise
    api.wait("Deployment", "tenant-a", NAME, lambda d: (d.get("status") or {}).get("availableReplicas") == 1)


@pytest.mark.usefixtures("tenants_rollout")
async def test_a_tenant_works_in_the_own_namespace(lab: Lab) -> None:
    async with person(context=lab.context("tenant"), namespace="tenant-a") as tenant:
        await tenant.live()
        await tenant.see(f"{NAME}.*rolling")
        await asyncio.sleep(1.1)
        assert (await tenant.act("R", reason="fresh weights")).result is Result.DONE


async def test_a_tenant_without_a_namespace_is_told_what_to_do(lab: Lab) -> None:
    async with person(context=lab.context("tenant")) as tenant:
        await tenant.see("forbidden")
        await tenant.see("name one with -n NAME, or N")
        await tenant.command("ns tenant-a")
        await tenant.live()
        await tenant.see("tenant-a")


async def test_who_may_see_a_part_sees_that_part_and_is_told(lab: Lab, stage: Stage) -> None:
    """Rollouts and nothing around them: no ReplicaSets, no pods, no analyses, no events, no Deployments."""
    paused(stage)
    group = "rbac.authorization.k8s.io"
    path = f"/apis/{group}/v1/namespaces/{stage.namespace}"
    rule = {"apiGroups": ["argoproj.io"], "resources": ["rollouts"], "verbs": ["get", "list", "watch"]}
    stage.api.request("POST", f"{path}/roles", json={"metadata": {"name": "part"}, "rules": [rule]})
    binding = {
        "metadata": {"name": "part"},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "part"},
        "subjects": [{"kind": "User", "name": "nobody", "apiGroup": group}],
    }
    stage.api.request("POST", f"{path}/rolebindings", json=binding)
    async with person(context=lab.context("nobody"), namespace=stage.namespace) as nobody:
        await nobody.see(f"Deployments: .*forbidden.*{NAME}.*paused")
        await nobody.press("enter")
        await nobody.see("1 Overview.*You may not see all of it")
        await nobody.see("set 20 %")
        await nobody.press("l")
        await nobody.told("no pod")
        await nobody.press("y")
        await nobody.see("apiVersion: argoproj.io/v1alpha1")
        await nobody.press("d")
        await nobody.see("Describe")
        await nobody.press("escape")
        await nobody.dialog("p")
        await nobody.see("may not|patch")
        assert nobody.app.screen.query_one("#approve", Button).disabled
