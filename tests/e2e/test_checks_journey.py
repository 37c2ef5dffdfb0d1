"""From the screens, on a real engine, a real registry and a real control plane: a retrained model is checked, its new answers
accepted, and the rollout of what was pushed shows 5/5 on the digest that runs; a rebuilt image shows stale."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.widgets import Input

from mlcd_tui.domain.checks import CheckState, met
from mlcd_tui.ui.screens.approval import ApprovalScreen
from mlcd_tui.ui.screens.check import CheckScreen
from mlcd_tui.ui.screens.checks import ChecksScreen
from mlcd_tui.ui.screens.form import FormScreen
from mlcd_tui.ui.widgets.check_board import CheckBoard
from tests.e2e.checks.samples import OWNER, Bases, bases, copied, forget
from tests.e2e.checks.variants import SERVER, VARIANTS
from tests.e2e.conftest import Lab
from tests.e2e.lab.recording.manifests import NAME, canary
from tests.e2e.lab.recording.stage import Object, Stage
from tests.e2e.person import Person, person
from tests.e2e.registry import process
from tests.e2e.registry.process import Registry

RETRAINED = next(each for each in VARIANTS if each.id == f"{SERVER}-other-model")
MINUTES = 240.0
"""Seconds for five checks on a machine that others use as well."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model's folder, and the repository where its images are pushed."""

    folder: Path
    repository: str

    @property
    def plan(self) -> Path:
        """Its check plan."""
        return self.folder / "checks.yaml"

    def build(self, tag: str, revision: str) -> str:
        """Builds as its users do; the image's name."""
        image = f"{self.repository}:{tag}"
        labels = ("--label", OWNER, "--build-arg", f"REVISION={revision}")
        _docker("build", "--quiet", "--network", "none", *labels, "--tag", image, str(self.folder))
        return image

    def push(self, image: str) -> str:
        """Pushes; `REPOSITORY@sha256:…` as the registry has it then."""
        _docker("push", "--quiet", image)
        told = json.loads(_docker("image", "inspect", "--format", "{{json .RepoDigests}}", image))
        (found,) = [each for each in told if each.startswith(f"{self.repository}@")]
        return str(found)


def _docker(*arguments: str) -> str:
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=600, check=False, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def images(docker_host: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bases]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", docker_host)
        yield bases()
        forget(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with process.with_referrers(tmp_path_factory.mktemp("registry")) as found:
        yield found


@pytest.fixture
def model(images: Bases, registry: Registry, tmp_path: Path) -> Iterator[Model]:
    """The delivery model, retrained: its answers are others than those that were approved."""
    folder = copied(SERVER, tmp_path, images)
    for edit in RETRAINED.edits:
        edit.apply(folder)
    made = Model(folder, f"{registry.host}/models/delivery")
    yield made
    tags = _docker("images", "--format", "{{.Repository}}:{{.Tag}}", made.repository).split()
    if tags:
        _docker("rmi", "--force", *tags)


def pods(image: str) -> Object:
    """A pod template with the model alone."""
    return {"metadata": {"labels": {"app": NAME}}, "spec": {"containers": [{"name": "server", "image": image}]}}


def report_digests(stage: Stage) -> None:
    """What a kubelet reports of an image that is deployed by digest; the lab's nodes cannot know digests."""
    for pod in stage.api.list("Pod", stage.namespace):
        image = pod["spec"]["containers"][0]["image"]
        if "@" not in image:
            continue
        states = [{**state, "imageID": image} for state in pod["status"]["containerStatuses"]]
        stage.api.merge(
            "Pod", stage.namespace, pod["metadata"]["name"], {"status": {"containerStatuses": states}}, "status"
        )


def deploy(stage: Stage, image: str, revision: int) -> None:
    """The next revision, which waits for a person."""
    stage.release(pods(image))
    stage.phase("Paused", revision=revision)
    report_digests(stage)


async def five(user: Person, image: str, model: Model) -> None:
    """Runs all checks of an image from the screen of checks and watches them to their end."""
    screen = user.app.screen
    assert isinstance(screen, ChecksScreen)
    await user.press("x")
    await user.until(lambda: isinstance(user.app.screen, FormScreen), "no form")
    await user.fill(image, "#field-0")
    await user.fill(str(model.plan), "#field-1")
    await user.press("enter")
    await user.until(lambda: screen.busy, "nothing runs")
    await user.until(lambda: not screen.busy or "running" in user.words, "what runs is not shown")
    await user.until(lambda: screen.live is None, "it did not end", MINUTES)


async def at_check(user: Person, name: str) -> None:
    """Puts the cursor on a check of the run that is shown."""
    board = user.app.screen.query_one(CheckBoard)
    board.focus()
    await user.press("g")
    for _ in range(10):
        if board.name_at_cursor == name:
            return
        await user.press("j")
    raise AssertionError(f"no check {name}\n{user.words}")


async def accept(user: Person, model: Model, reason: str) -> None:
    """Accepts what is under the cursor."""
    await user.press("U")
    await user.until(lambda: isinstance(user.app.screen, FormScreen), "no form")
    await user.fill(reason, "#field-0")
    assert user.app.screen.query_one("#field-1", Input).value == str(model.plan), "the plan of the run is known"
    await user.press("enter")
    await user.told(f"accepted: {reason}")


async def checks_tab(user: Person, pattern: str) -> str:
    """The tab of checks of the rollout under the cursor, as soon as the pattern is seen there."""
    await user.press("enter")
    await user.see("1 Overview")
    await user.press("5")
    words = await user.see(pattern)
    await user.press("escape")
    return words


def seen(digest: str) -> str:
    """A digest as the screens show it where there is little room."""
    return f"{digest[:11]}…{digest[-4:]}"


async def approval_says(user: Person, pattern: str) -> None:
    """What the approval dialog of a promotion says of the checks."""
    await user.dialog("p")
    await user.see(pattern)
    await user.press("escape")
    await user.until(lambda: not isinstance(user.app.screen, ApprovalScreen), "the dialog stays")


@pytest.mark.usefixtures("home")
async def test_from_a_failed_snapshot_to_five_of_five_on_what_runs(lab: Lab, stage: Stage, model: Model) -> None:
    image = await asyncio.to_thread(model.build, "1", "0" * 40)
    stage.start(canary({"setWeight": 50}, {"pause": {}}, pods=pods("registry.example/models/delivery:0"), replicas=2))
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.press("X")
        await alice.until(lambda: isinstance(alice.app.screen, ChecksScreen), "no screen of checks")
        await five(alice, image, model)
        (failed,) = await alice.app.session.checks.runs()
        assert {str(each.name): each.state for each in failed.results}["snapshot"] is CheckState.FAILED
        assert met(failed.results) == (4, 5)

        await at_check(alice, "snapshot")
        await alice.press("enter")
        await alice.until(lambda: isinstance(alice.app.screen, CheckScreen), "the check does not open")
        await alice.see("expected.*actual.*difference.*tolerance")
        await accept(alice, model, "retrained on wet roads")
        await alice.press("escape")
        await at_check(alice, "snapshot")
        await accept(alice, model, "so are all the others")
        approvals = [json.loads(each.read_text("utf-8")) for each in model.folder.rglob("snapshots/*.approved-by.json")]
        assert sorted(each["reason"] for each in approvals) == ["retrained on wet roads", "so are all the others"]
        await five(alice, image, model)
        passed, _ = await alice.app.session.checks.runs()
        assert met(passed.results) == (5, 5), [f"{each.name}: {each.sentence}" for each in passed.results]
        assert passed.plan_digest != failed.plan_digest
        await alice.press("escape", "escape")  # from the checks to the runs, and back
        await alice.see(f"{NAME}.*healthy")

        deployed = await asyncio.to_thread(model.push, image)
        await asyncio.to_thread(deploy, stage, deployed, 2)
        digest = deployed.partition("@")[2]
        await alice.row_until(lambda row: row.waiting.what.value == "person", "does not wait")
        words = await checks_tab(alice, "candidate 5/5")
        assert seen(digest) in words
        await alice.see(f"{NAME}.*paused.*5/5")
        await approval_says(alice, f"check snapshot 2 of 2 cases as approved; on {digest[:19]}")

        rebuilt = await asyncio.to_thread(model.build, "2", "1" * 40)
        other = await asyncio.to_thread(model.push, rebuilt)
        assert other.partition("@")[2] != digest
        await asyncio.to_thread(deploy, stage, other, 3)
        words = await checks_tab(alice, "candidate 0/5.*stale")
        for each in (passed.image.config_digest, other.partition("@")[2]):
            assert each[:19] in words, "both digests stand there"
        await alice.see(f"{NAME}.*paused.*stale")
        await approval_says(alice, "check snapshot.*stale, ")
