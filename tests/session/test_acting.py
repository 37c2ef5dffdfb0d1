"""From intent to outcome on a server: what is sent is what was shown, and the log has both ends of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.audit.log import AuditLog
from mlcd_tui.demo.access import VIEWER
from mlcd_tui.domain.gates import Gate, GateState
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan, Refusal, Result, Settled
from mlcd_tui.domain.refs import Objects, RolloutRef
from mlcd_tui.domain.text import clean
from tests.engines.toy import Toy
from tests.session.conftest import TOYS, Bench

REF = RolloutRef("toy", "default", "alpha")
RESTART = Intent(Verb.RESTART, REF)


async def _restarted(bench: Bench) -> bool:
    return "restarted" in (await bench.http.get(f"{TOYS}/alpha")).json()["data"]


def _stages(bench: Bench) -> list[str]:
    return [entry.stage for entry in reversed(bench.audit.entries())]


async def test_done_means_that_the_effect_was_seen(bench: Bench) -> None:
    await bench.toy("alpha")
    async with bench.session() as session:
        proposal = await session.propose(RESTART)
        assert not await _restarted(bench), "a proposal changes nothing"
        outcome = await session.confirm(proposal, reason="because")
    assert outcome.result is Result.DONE
    assert await _restarted(bench)
    assert _stages(bench) == ["intended", "done"]
    assert bench.audit.verify().ok
    assert {entry.reason for entry in bench.audit.entries()} == {"because"}


async def test_a_change_that_does_not_matter_is_planned_again(bench: Bench) -> None:
    await bench.toy("alpha")
    async with bench.session() as session:
        proposal = await session.propose(RESTART)
        await bench.patch("alpha", {"unrelated": "x"})
        outcome = await session.confirm(proposal)
    assert outcome.result is Result.DONE


async def test_a_change_of_what_was_seen_stops_the_act_and_is_named(bench: Bench) -> None:
    await bench.toy("alpha")
    async with bench.session() as session:
        proposal = await session.propose(RESTART)
        await bench.patch("alpha", {"version": "v2"})
        outcome = await session.confirm(proposal)
    assert outcome.result is Result.CONFLICT
    assert "v1 → v2" in outcome.sentence
    assert not await _restarted(bench)
    assert _stages(bench) == ["intended", "conflict"]


async def test_an_effect_that_does_not_show_is_sent_and_not_done(bench: Bench) -> None:
    class Slow(Toy):
        def settled(self, plan: Plan, objects: Objects, now: datetime) -> Settled:
            del plan, objects, now
            return Settled(done=False, sentence=clean("the controller sleeps"))

    await bench.toy("alpha")
    heard: list[str] = []
    async with bench.session(Slow()) as session:
        proposal = await session.propose(RESTART)
        outcome = await session.confirm(proposal, patience=0.3, progress=heard.append)
    assert outcome.result is Result.SENT
    assert "the controller sleeps" in outcome.sentence
    assert "the controller sleeps" in heard
    assert _stages(bench) == ["intended", "sent"]


async def test_a_lost_answer_is_judged_by_what_the_cluster_shows(bench: Bench) -> None:
    await bench.toy("alpha")
    async with bench.session() as session:
        proposal = await session.propose(RESTART)
        bench.server.faults.failing = 1
        outcome = await session.confirm(proposal, patience=0.5)
    assert outcome.result is Result.FAILED, "the server said 503 and nothing was written"
    assert not await _restarted(bench)


@pytest.mark.parametrize("options", [{"readonly": True}, {"is_readonly": lambda context: context == "demo"}])
async def test_read_only_mode_sends_nothing(bench: Bench, options: Any) -> None:
    await bench.toy("alpha")
    async with bench.session(**options) as session:
        proposal = await session.propose(RESTART)
        assert any("read-only" in sentence for sentence in proposal.denied)
        forged = replace(proposal, denied=())
        assert (await session.confirm(forged)).result is Result.REFUSED
    assert not await _restarted(bench)
    assert _stages(bench) == ["refused"]


async def test_a_missing_right_is_told_before_and_refused_after(bench: Bench) -> None:
    await bench.toy("alpha")
    bench.server.users[bench.server.token] = VIEWER
    async with bench.session() as session:
        proposal = await session.propose(RESTART)
        assert any("patch configmaps" in sentence for sentence in proposal.denied)
        assert (await session.confirm(proposal)).result is Result.REFUSED
    assert not await _restarted(bench)


async def test_production_asks_for_the_name(bench: Bench) -> None:
    await bench.toy("alpha")
    async with bench.session(is_production=lambda context: context == "demo") as session:
        proposal = await session.propose(RESTART)
        assert proposal.typed_name == "alpha"
        assert (await session.confirm(proposal, typed_name="alpah")).result is Result.REFUSED
        assert not await _restarted(bench)
        assert (await session.confirm(proposal, typed_name="alpha")).result is Result.DONE


async def test_a_required_gate_that_is_not_passed_blocks_the_act(bench: Bench) -> None:
    await bench.toy("alpha")
    async with bench.session() as session:
        proposal = await session.propose(RESTART)
        gate = Gate(clean("approvals"), GateState.FAILED, clean("1 of 2"), required=True)
        outcome = await session.confirm(replace(proposal, gates=(*proposal.gates, gate)))
    assert (outcome.result, "approvals is required: 1 of 2" in outcome.sentence) == (Result.REFUSED, True)
    assert not await _restarted(bench)


async def test_a_refusal_cannot_be_confirmed(bench: Bench) -> None:
    await bench.toy("alpha")
    async with bench.session() as session:
        proposal = await session.propose(Intent(Verb.PROMOTE, REF))
        assert isinstance(proposal.plan, Refusal)
        outcome = await session.confirm(proposal)
    assert outcome.result is Result.REFUSED
    assert _stages(bench) == ["refused"]


async def test_what_cannot_be_recorded_is_not_done(bench: Bench, tmp_path: Path) -> None:
    await bench.toy("alpha")
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    bench.audit = AuditLog(blocked / "audit.jsonl")
    async with bench.session() as session:
        outcome = await session.confirm(await session.propose(RESTART))
    assert outcome.result is Result.REFUSED
    assert not await _restarted(bench)


async def test_a_second_act_waits_for_the_first_and_sees_what_it_did(bench: Bench) -> None:
    class Held(Toy):
        free = False

        def settled(self, plan: Plan, objects: Objects, now: datetime) -> Settled:
            return super().settled(plan, objects, now) if self.free else Settled(done=False, sentence=clean("held"))

    await bench.toy("alpha")
    engine, sent, waits = Held(), asyncio.Event(), asyncio.Event()
    async with bench.session(engine) as session:
        first, second = await session.propose(RESTART), await session.propose(RESTART)
        one = asyncio.create_task(session.confirm(first, progress=lambda s: sent.set() if s == "held" else None))
        await asyncio.wait_for(sent.wait(), 5)
        two = asyncio.create_task(session.confirm(second, progress=lambda s: waits.set() if "before" in s else None))
        await asyncio.wait_for(waits.wait(), 5)
        engine.free = True
        outcomes = await asyncio.gather(one, two)
    assert [outcome.result for outcome in outcomes] == [Result.DONE, Result.DONE]


async def test_the_request_that_is_shown_carries_its_condition(bench: Bench) -> None:
    made = await bench.toy("alpha")
    async with bench.session(start=False) as session:
        plan = (await session.propose(RESTART)).plan
    assert isinstance(plan, Plan)
    assert isinstance(plan.requests[0].body, dict)
    assert plan.requests[0].body["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
