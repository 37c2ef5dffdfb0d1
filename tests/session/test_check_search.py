"""Evidence of running images: whom it is asked of, how long an answer is good, and by which plan it is judged."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.checks.evidence.store import EvidenceStore
from mlcd_tui.checks.plan import load_plan
from mlcd_tui.config.settings import CheckSettings, PackageSettings
from mlcd_tui.domain.check_ports import ImageChecks
from mlcd_tui.domain.check_standing import InForce
from mlcd_tui.domain.checks import CheckState, ImageIdentity
from mlcd_tui.domain.text import Clean
from mlcd_tui.session.check_desk import Checks
from mlcd_tui.session.check_memory import Asked, Found, Memory, Touched
from mlcd_tui.session.check_plans import PlansInForce
from mlcd_tui.session.check_search import EvidenceSearch
from mlcd_tui.session.running_images import RunningImage
from tests.answering import Reply, Request, answering, host_of
from tests.checks.runs_made import CONFIG, NOW, OTHER, pushed, result, run

AMD, ARM = ({"os": "linux", "architecture": name} for name in ("amd64", "arm64"))
PLAN = """\
apiVersion: mlcd.dev/v1
max_age: 1h
checks:
  - {name: lint, kind: lint, tool: ruff}
  - {name: unit, kind: tests, tool: pytest, required: false}
"""


@dataclass
class Registry:
    """Holds manifests by digest, and counts what it is asked."""

    host: str = ""
    manifests: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    code: int = 404
    """Answered where nothing is held."""

    def put(self, value: Any) -> str:
        data = json.dumps(value).encode()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.manifests[digest] = data
        return digest

    def image(self, digest: str) -> RunningImage:
        return RunningImage("ml", f"{self.host}/churn@{digest}", digest)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-login"))
    made = Registry()

    def answer(request: Request) -> Reply:
        made.asked.append(request.path)
        body = made.manifests.get(request.path.rpartition("/manifests/")[2], b"")
        return Reply(200 if body else made.code, body)

    with answering(answer) as http:
        made.host = host_of(http)
        yield made


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore(tmp_path / "checks")


def _search(store: EvidenceStore, **more: Any) -> EvidenceSearch:
    return EvidenceSearch(store, None, lambda: NOW, **more)


async def _around(search: EvidenceSearch, image: RunningImage) -> ImageChecks:
    found = await search.around(image)
    assert found is not None
    return found


# --- registries -------------------------------------------------------------------------------------------------


async def test_who_switched_registries_off_is_obeyed(registry: Registry, store: EvidenceStore) -> None:
    desk = Checks(lambda: NOW, packages=PackageSettings(registry=False), store=lambda: store)
    await _around((await desk._look()).search, registry.image(OTHER))
    assert registry.asked == []
    await _around((await Checks(lambda: NOW, store=lambda: store)._look()).search, registry.image(OTHER))
    assert registry.asked


async def test_the_manifest_in_the_registry_ties_the_build_to_what_runs(
    registry: Registry, store: EvidenceStore
) -> None:
    store.add(run(result("lint"), image=ImageIdentity(Clean("churn:dev"), CONFIG)))
    digest = registry.put({"config": {"digest": CONFIG}})
    found = await _around(_search(store), registry.image(digest))
    assert [each.state for each in found.results] == [CheckState.PASSED]
    assert store.links() == ()  # looking at a rollout leaves nothing behind


async def test_of_an_index_what_one_platform_met_is_warned_and_says_which(
    registry: Registry, store: EvidenceStore
) -> None:
    store.add(run(result("lint"), image=ImageIdentity(Clean("churn:dev"), CONFIG)))
    parts = [registry.put({"config": {"digest": config}}) for config in (CONFIG, OTHER)]
    listed = [{"digest": part, "platform": platform} for part, platform in zip(parts, (AMD, ARM), strict=True)]
    index = registry.put({"manifests": listed})
    found = await _around(_search(store), registry.image(index))
    (lint,) = found.results
    assert lint.state is CheckState.WARNED
    assert "checked linux/amd64 only, one of 2" in lint.sentence
    assert found.problem == ""
    (lint,) = (await _around(_search(store), registry.image(parts[0]))).results
    assert lint.state is CheckState.PASSED
    assert (await _around(_search(store), registry.image(parts[1]))).results == ()


async def test_a_registry_that_asks_for_patience_gets_it(registry: Registry, store: EvidenceStore) -> None:
    registry.code = 429
    search = _search(store)
    assert "429" in (await _around(search, registry.image(OTHER))).problem
    asked = len(registry.asked)
    assert "429" in (await _around(search, registry.image(CONFIG))).problem
    assert len(registry.asked) == asked


# --- what is remembered -----------------------------------------------------------------------------------------


async def test_an_answer_is_good_until_something_is_kept_here_by_whomever(
    registry: Registry, store: EvidenceStore
) -> None:
    search, image = _search(store), registry.image(OTHER)
    registry.put({})
    await asyncio.gather(*(_around(search, image) for _ in range(5)))
    asked = len(registry.asked)
    assert (await _around(search, image)).results == ()
    assert len(registry.asked) == asked
    EvidenceStore(store.folder).add(pushed(run(result("lint")), OTHER))  # another process
    assert [each.state for each in (await _around(search, image)).results] == [CheckState.PASSED]


async def test_what_was_looked_for_before_something_changed_is_not_remembered() -> None:
    memory, asked, gate = Memory(), Asked("ml", OTHER, "churn"), asyncio.Event()
    looks = 0

    async def look() -> Found:
        nonlocal looks
        looks += 1
        if looks == 1:
            await gate.wait()
        return Found(digests=frozenset({OTHER}))

    async def ask() -> Found:
        return await memory.get(asked, "churn", (), look, watched=True)

    first = asyncio.create_task(ask())
    await asyncio.sleep(0)
    memory.forget({Touched("ml", OTHER, "")})
    gate.set()
    await first
    await ask()
    await ask()
    assert looks == 2
    for touched, more in (
        (Touched("other", OTHER, "churn"), 0),
        (Touched("ml", CONFIG, "another"), 0),
        (Touched("ml", CONFIG, "churn"), 1),  # another build of it
        (Touched("ml", OTHER, ""), 1),
    ):
        memory.forget({touched})
        before = looks
        await ask()
        assert looks - before == more, touched
    await memory.stop()


# --- plans ------------------------------------------------------------------------------------------------------


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "checks.yaml"
    path.write_text(PLAN)
    return path


def test_the_first_pattern_that_fits_comes_before_the_plan_for_all() -> None:
    plans = PlansInForce(CheckSettings(plan="all", plans={"hub.example/ml/*": "ml", "pay/*": "pay", "pay/x": "x"}))
    digest = f"@{OTHER}"
    for image, workload, path in (
        (f"hub.example/ml/churn:3{digest}", "pay/x", "ml"),
        ("hub.example:5000/ml/churn", "pay/x", "pay"),
        ("churn", "lab/churn", "all"),
    ):
        assert plans.path(image, workload) == path
    assert PlansInForce(CheckSettings()).path("churn", "lab/churn") == ""


async def test_a_plan_says_what_is_awaited_and_how_old_evidence_may_be(plan: Path, store: EvidenceStore) -> None:
    judging = await PlansInForce(CheckSettings(plan=str(plan))).of("churn", "lab/churn")
    told = load_plan(plan)
    assert (judging.problem, judging.plan.digest, judging.plan.max_age) == ("", told.digest, timedelta(hours=1))
    assert [(each.name, each.required) for each in judging.plan.checks] == [("lint", True), ("unit", False)]
    moment = NOW - timedelta(hours=2)
    store.add(run(result("lint"), plan_digest=told.digest, started=moment, finished=moment))
    found = await _search(store).around(RunningImage("ml", "churn", CONFIG), judging)
    assert found is not None
    states = {str(each.name): each.state for each in found.results}
    assert states == {"lint": CheckState.STALE, "unit": CheckState.MISSING}
    assert "older than 1 h" in found.results[0].reason


async def test_a_plan_is_read_again_when_its_file_changed(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlcd_tui.session.check_plans._FRESH", 0.0)
    plans = PlansInForce(CheckSettings(plan=str(plan)))
    first = await plans.of("churn", "lab/churn")
    assert await plans.of("churn", "lab/churn") is first
    plan.write_text(PLAN.replace("1h", "2h"))
    os.utime(plan, ns=(1, 1))
    second = await plans.of("churn", "lab/churn")
    assert second.plan.max_age == timedelta(hours=2)
    plan.write_text("checks: [")
    broken = await plans.of("churn", "lab/churn")
    assert (broken.plan, "The plan in force cannot be used" in broken.problem) == (InForce(), True)
    plan.write_text(PLAN)
    assert (await plans.of("churn", "lab/churn")).plan == first.plan


async def test_named_checks_are_required_with_the_plan_and_without_it(plan: Path) -> None:
    with_it = await PlansInForce(CheckSettings(plan=str(plan), required_checks=("unit", "scan"))).of("churn", "l/c")
    wanted = [("lint", True), ("unit", True), ("scan", True)]
    assert [(each.name, each.required) for each in with_it.plan.checks] == wanted
    assert with_it.plan.exhaustive
    for settings in (CheckSettings(required_checks=("scan",)), CheckSettings(plan="/no", required_checks=("scan",))):
        without = await PlansInForce(settings).of("churn", "l/c")
        assert ([each.name for each in without.plan.checks], without.plan.exhaustive) == (["scan"], False)
