"""After a switch: watched whatever the result was called, across programs, and never in silence."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Outcome, Result
from mlcd_tui.domain.post_switch import RollbackOffer, SwitchWatch, WatchState
from mlcd_tui.domain.text import Clean
from mlcd_tui.domain.traffic import Judgement, TrafficRole
from mlcd_tui.session.traffic_after import AfterSwitch, _stretches
from mlcd_tui.session.traffic_desk import Traffic
from mlcd_tui.session.traffic_kept import KeptSwitches
from tests.session.test_traffic_desk import BEGUN, BLUE, GREEN, REF, World, world

__all__ = ["world"]
SERVES = (replace(GREEN, role=TrafficRole.SERVING), replace(BLUE, role=TrafficRole.IDLE))


def outcome(verb: Verb, result: Result = Result.DONE, *, untouched: bool = False) -> Outcome:
    at = datetime.fromtimestamp(BEGUN, UTC)
    return Outcome(Intent(verb, REF), result, Clean("so"), 1.0, at, untouched=untouched)


async def switched(world: World, verb: Verb = Verb.SWITCH, result: Result = Result.DONE) -> list[RollbackOffer]:
    """Green takes over from blue; then minutes pass, a look every few milliseconds."""
    offers: list[RollbackOffer] = []
    world.desk.offers(offers.append)
    await world.desk.gates(await world.detail(REF), Intent(verb, REF))
    world.desk.acted(outcome(verb, result))
    world.targets = SERVES
    return offers


def after(world: World) -> AfterSwitch:
    assert world.desk._after is not None
    return world.desk._after


async def watched(world: World) -> SwitchWatch:
    """Let the watch run to its end; the world's time passes with its pauses."""
    task = after(world)._watched[REF].task
    assert task is not None
    await asyncio.wait_for(asyncio.shield(task), 20)
    return after(world)._watched[REF].newest


def failing_green(world: World) -> None:
    world.served("blue", rate=40, failing=0.2)
    world.served("green", rate=40, failing=1.6, start=BEGUN - 30)
    world.abilities = (Verb.SWITCH_BACK, Verb.UNDO)


@pytest.mark.parametrize("result", [Result.DONE, Result.SENT, Result.FAILED, Result.CONFLICT])
async def test_a_version_that_is_worse_after_a_switch_is_offered_the_way_back(world: World, result: Result) -> None:
    failing_green(world)
    offers = await switched(world, result=result)
    await watched(world)
    (offer,) = offers
    assert offer.intent == Intent(Verb.SWITCH_BACK, REF)
    assert "v2 of ml/churn answers worse since the switch" in offer.sentence
    assert "error rate 4 % of" in offer.sentence
    assert world.desk.offer(REF) == offer
    late: list[RollbackOffer] = []
    world.desk.offers(late.append)
    assert late == [offer]
    reading = await world.desk.look(REF)
    assert [one.judgement for one in reading.since_switch] == [Judgement.WORSE]
    world.desk.decline_offer(REF)
    assert world.desk.offer(REF) is None


async def test_a_version_that_answers_as_before_is_left_alone(world: World) -> None:
    world.served("blue", rate=40, failing=0.2)
    world.served("green", rate=40, failing=0.2, start=BEGUN - 30)
    offers = await switched(world, Verb.PROMOTE_FULL)
    last = await watched(world)
    assert offers == []
    assert world.now >= BEGUN + 900
    assert (last.judgement, last.ended) == (Judgement.NOT_WORSE, True)


async def test_an_act_that_surely_changed_nothing_leaves_the_watch_of_the_one_before(world: World) -> None:
    world.gate = asyncio.Semaphore(0)
    await switched(world)
    task = after(world)._watched[REF].task
    for verb, result, untouched in (
        (Verb.SWITCH, Result.REFUSED, False),
        (Verb.SWITCH, Result.FAILED, True),
        (Verb.SWITCH_BACK, Result.SENT, False),  # whether it took effect is for the watch to see
    ):
        world.desk.acted(outcome(verb, result, untouched=untouched))
        assert after(world)._watched[REF].task is task
    world.desk.acted(outcome(Verb.SWITCH_BACK))
    assert not after(world)._watched
    assert task is not None
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_offer_is_withdrawn_where_somebody_else_went_back(world: World) -> None:
    failing_green(world)
    offers = await switched(world)

    def gone_back(_offer: RollbackOffer) -> None:
        world.targets = (BLUE, GREEN)

    world.desk.offers(gone_back)
    last = await watched(world)
    assert len(offers) == 1
    assert last.state is WatchState.BACK
    assert world.desk.offer(REF) is None


async def test_a_fault_of_ours_is_told_and_the_watch_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    failing_green(world)
    looks = [KeyError("of ours")]
    whole = AfterSwitch._verdicts

    async def faulty(self: AfterSwitch, *arguments: object) -> object:
        if looks:
            raise looks.pop()
        await asyncio.sleep(0)  # whoever follows hears of the look before
        return await whole(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(AfterSwitch, "_verdicts", faulty)
    heard: list[SwitchWatch] = []
    await switched(world)
    last = await world.desk.follow(REF, heard.append)
    assert heard[0].problem == "mlcd-tui failed at judging the answers (KeyError); it tries again"
    assert last is not None
    assert last.state is WatchState.WORSE


async def test_a_look_that_fails_by_a_fault_of_ours_is_told_in_its_place(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.served("blue", rate=40)
    world.served("green", rate=10)
    good = await world.desk.look(REF)

    async def faulty(*_arguments: object) -> object:
        raise KeyError("of ours")

    monkeypatch.setattr(world.desk, "_read", faulty)
    reading = await world.desk.look(REF)
    assert (reading.stale, reading.versions) == (True, good.versions)
    assert reading.problem == "mlcd-tui failed at reading the live traffic (KeyError); it tries again"


@pytest.fixture
def kept(world: World, tmp_path: Path) -> KeptSwitches:
    folder = KeptSwitches(tmp_path / "switches")
    world.desk = Traffic(replace(world.desk._ways, kept=folder, place=lambda: "here https://127.0.0.1"))
    return folder


async def test_the_next_program_goes_on_watching(world: World, kept: KeptSwitches) -> None:
    failing_green(world)
    world.gate = asyncio.Semaphore(0)
    offers = await switched(world)
    ways = world.desk._ways
    await world.desk.reset()
    assert offers == []
    world.gate = None
    world.now += 60
    elsewhere = Traffic(replace(ways, place=lambda: "there https://127.0.0.1"))
    elsewhere.offers(offers.append)
    assert elsewhere._after is not None
    assert not elsewhere._after._watched
    world.desk = Traffic(ways)
    world.desk.offers(offers.append)
    await watched(world)
    (offer,) = offers
    assert offer.intent == Intent(Verb.SWITCH_BACK, REF)
    assert kept.lately(ways.place(), ways.clock()) == ()  # its time is over


async def test_a_command_that_watches_shortly_leaves_the_rest_to_the_next_program(
    world: World, kept: KeptSwitches
) -> None:
    world.served("blue", rate=40)
    world.desk.watch_for(60)
    await switched(world)
    assert (await watched(world)).ended
    assert world.now < BEGUN + 100
    (switch,) = kept.lately(world.desk._ways.place(), world.desk._ways.clock())
    assert switch.until.timestamp() == pytest.approx(BEGUN + 900, abs=2)


async def test_what_was_taken_back_or_lies_there_damaged_is_not_watched_again(world: World, kept: KeptSwitches) -> None:
    world.gate = asyncio.Semaphore(0)
    await switched(world)
    now, place = datetime.fromtimestamp(world.now, UTC), world.desk._ways.place()
    (switch,) = kept.lately(place, now)
    assert (switch.ref, switch.old.workload, switch.done) == (REF, "churn-1aa", now)
    (kept.folder / "0.json").write_text('{"place": "here", "until": "yesterday"}', "utf-8")
    (kept.folder / "1.json").write_bytes(b"\xff" * 70_000)
    assert kept.lately(place, now) == (switch,)
    world.desk.acted(outcome(Verb.SWITCH_BACK))
    assert kept.lately(place, now) == ()


async def test_answers_that_are_young_are_called_settling_and_not_silence(world: World) -> None:
    world.served("blue", rate=40)
    world.served("green", rate=10, start=BEGUN - 14)
    (verdict,) = (await world.desk.look(REF)).verdicts
    assert verdict.judgement is Judgement.NOT_ENOUGH
    assert verdict.sentence.endswith("given")
    assert "answered nothing" not in verdict.sentence
    await switched(world)
    world.gate = asyncio.Semaphore(1)
    heard: list[SwitchWatch] = []
    follow = asyncio.create_task(world.desk.follow(REF, heard.append))
    async with asyncio.timeout(10):
        while not heard:
            await asyncio.sleep(0.005)
    (told,) = heard[0].verdicts
    assert (told.what, told.judgement) == ("error rate since the switch", Judgement.NOT_ENOUGH)
    assert told.sentence.startswith("settling: ")
    world.desk.decline_offer(REF)
    last = await follow
    assert last is not None
    assert last.ended


async def test_not_worse_is_no_good_news_where_what_serves_fails_now(world: World) -> None:
    world.served("blue", rate=40, failing=12)
    world.served("green", rate=40, failing=12)
    reading = await world.desk.look(REF)
    (verdict,) = reading.verdicts
    assert verdict.judgement is Judgement.NOT_WORSE
    assert verdict.caution.startswith("what serves fails itself, 30 % of its newest")
    (gate,) = await world.desk.gates(await world.detail(REF), Intent(Verb.PROMOTE, REF))
    assert gate.state is not gate.state.PASSED
    assert "what serves fails itself" in gate.reason


@given(st.floats(0, 1e6), st.floats(0, 1e4), st.floats(0, 60))
def test_what_is_judged_only_grows(done: float, first: float, more: float) -> None:
    at = datetime.fromtimestamp(done, UTC)
    start, end = _stretches(at, at + timedelta(seconds=first))
    again, later = _stretches(at, at + timedelta(seconds=first + more))
    assert start == again >= at.timestamp()
    assert end <= later
    assert (later - end) % 15 == 0
