"""The real app on a wire that fails: it says so, marks what it shows as old, and recovers by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlcd_tui.domain.fleet import Link
from mlcd_tui.domain.plan import Result
from mlcd_tui.domain.rollout import Phase
from tests.e2e.conftest import Lab
from tests.e2e.faulty_wire import FaultyWire
from tests.e2e.lab.recording.manifests import NAME, canary, template
from tests.e2e.lab.recording.stage import Stage
from tests.e2e.person import person


@pytest.fixture
def wire(lab: Lab, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyWire]:
    with FaultyWire(lab.kubeconfig) as wire:
        monkeypatch.setenv("KUBECONFIG", str(wire.kubeconfig(home / "kubeconfig")))
        yield wire


async def test_a_cut_connection_is_told_and_comes_back_with_what_was_missed(
    lab: Lab, stage: Stage, wire: FaultyWire
) -> None:
    stage.start(canary({"setWeight": 20}, {"pause": {}}, replicas=2))
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.see(f"{NAME}.*healthy")
        wire.cut()
        words = await alice.see("stale since")
        assert "was cut" in words or "refused" in words, words
        assert NAME in words  # the last that was known stays
        await alice.press("enter")
        await alice.see("Stale since|[Ss]tale")
        await alice.press("escape")
        await alice.press("p")  # no key hangs
        await asyncio.to_thread(stage.release, template("2"))
        await asyncio.to_thread(stage.phase, "Paused", revision=2)
        wire.mend()
        await alice.until(lambda: alice.app.fleet.freshness.link is Link.LIVE, "no recovery", 40)
        await alice.row_until(lambda row: row.phase is Phase.PAUSED, "the missed change did not come")
        await alice.see("live")
        assert "stale" not in alice.words
        assert (await alice.act("p")).result is Result.DONE


async def test_a_dead_connection_is_noticed_and_comes_back(lab: Lab, stage: Stage, wire: FaultyWire) -> None:
    stage.start(canary({"setWeight": 20}, {"pause": {}}, replicas=2))
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.see(f"{NAME}.*healthy")
        wire.go_dead()
        words = await alice.see("stale since", 30)
        assert "no longer answers" in words, words
        await alice.press("j", "k", "question_mark")
        await alice.see("[Kk]eys")
        await alice.press("escape")
        await asyncio.to_thread(stage.release, template("2"))
        wire.mend()
        await alice.until(lambda: alice.app.fleet.freshness.link is Link.LIVE, "no recovery", 40)
        await alice.row_until(lambda row: row.phase is Phase.PAUSED, "the missed change did not come")


async def test_a_server_that_is_away_at_the_start_is_waited_for(lab: Lab, stage: Stage, wire: FaultyWire) -> None:
    stage.start(canary(replicas=1))
    wire.cut()
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.see("not connected.*refused")
        wire.mend()
        await alice.until(lambda: alice.app.fleet.freshness.link is Link.LIVE, "no recovery", 40)
        await alice.see(f"{NAME}.*healthy")


async def test_of_an_answer_that_was_lost_the_effect_is_looked_for(lab: Lab, stage: Stage, wire: FaultyWire) -> None:
    """The request arrives and the answer does not: the outcome is what the controller shows."""
    stage.start(canary({"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {}}, replicas=2))
    stage.release(template("2"))
    stage.phase("Paused", revision=2)
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.see(f"{NAME}.*paused")
        await alice.dialog("p")
        wire.lose_answers()
        await alice.begin()
        await alice.see("lost")
        wire.mend()
        outcome = await alice.outcome()
        assert outcome.result is Result.DONE, outcome
    stage.status(phase="Paused", currentStepIndex=3)


async def test_what_could_not_be_sent_is_told_at_once(lab: Lab, stage: Stage, wire: FaultyWire) -> None:
    stage.start(canary({"setWeight": 20}, {"pause": {}}, replicas=2))
    stage.release(template("2"))
    stage.phase("Paused", revision=2)
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.see(f"{NAME}.*paused")
        await alice.dialog("p")
        wire.cut()
        await alice.see("Promote")
        await alice.begin()
        outcome = await alice.outcome(10)
        assert outcome.result is Result.FAILED, outcome
        await alice.see("Failed.*refused.*Plan again")
    assert stage.api.get("Rollout", stage.namespace, NAME)["status"]["currentStepIndex"] == 1


async def test_contexts_and_namespaces_are_changed_by_keys_and_commands(lab: Lab, stage: Stage, home: Path) -> None:
    stage.start(canary(replicas=1))
    async with person(context=lab.context("viewer"), namespace="tenant-a") as somebody:
        await somebody.live()
        await somebody.see("viewer.*tenant-a")
        await somebody.press("N")
        await somebody.see("Namespace.*all namespaces")
        await somebody.fill(stage.namespace)
        await somebody.press("enter")
        await somebody.see(f"viewer.*{stage.namespace}.*{NAME}")
        await somebody.press("C")
        await somebody.see("Cluster \\(context\\).*alice")
        await somebody.fill("bob")
        await somebody.press("enter")
        await somebody.see(f"bob.*{stage.namespace}.*{NAME}")
        await somebody.live()
        assert somebody.app.fleet.user == "bob"
        await somebody.command("ctx alice")
        await somebody.see(f"alice.*{NAME}")
        await somebody.command("ns tenant-a")
        await somebody.see("alice.*tenant-a")
        await somebody.command("ctx nowhere")
        await somebody.told("nowhere.*alice")
        await somebody.command("ctx expired")
        await somebody.see("expired.*not connected")
        await somebody.press("C")
        await somebody.see("Cluster")
        await somebody.fill("alice")
        await somebody.press("enter")
        await somebody.live()
        await somebody.press("ctrl+r")
        await somebody.live()
        await somebody.press("0")
        await somebody.see("alice.*all namespaces")
        await somebody.live()
        assert {row.ref.namespace for row in somebody.app.fleet.rows} >= {stage.namespace}
