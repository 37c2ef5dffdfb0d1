"""The way back after a switch: offered by numbers alone, by what the engine can do now, and never by itself."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Ability
from mlcd_tui.domain.post_switch import (
    RollbackOffer,
    SwitchWatch,
    WatchState,
    _dealt,
    offered,
    paired,
    since_switch,
    took_over,
    way_back,
)
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.significance import Block, Rules, judge
from mlcd_tui.domain.text import Clean
from mlcd_tui.domain.traffic import Judgement, Significance, TrafficRole, TrafficTarget

REF = RolloutRef("argo", "ml", "churn")
NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


def serving(service: str = "churn", pod_hash: str = "", workload: str = "") -> TrafficTarget:
    return TrafficTarget(TrafficRole.SERVING, "ml", service=service, workload=workload, pod_hash=pod_hash)


def abilities(*verbs: Verb) -> tuple[Ability, ...]:
    return tuple(Ability(verb.value, allowed=verb in verbs) for verb in Verb)


@pytest.mark.parametrize(
    ("verb", "before", "after", "did"),
    [
        (Verb.PROMOTE, serving(pod_hash="1a"), serving(pod_hash="2b"), True),
        (Verb.PROMOTE, serving(pod_hash="1a"), serving(pod_hash="1a"), False),
        (Verb.SWITCH, serving(pod_hash="1a"), serving(pod_hash="1a"), False),  # sent, and not seen to take effect yet
        (Verb.SWITCH, serving("blue"), serving("green"), True),
        (Verb.SWITCH, serving(), serving(), True),  # one Service, and nothing known of its pods
        (Verb.SET_WEIGHT, serving(), serving(), False),
    ],
)
def test_another_version_serves(verb: Verb, before: TrafficTarget, after: TrafficTarget, did: bool) -> None:
    assert took_over(verb, (before,), (after,)) is did
    assert not took_over(verb, (), (after,))


def test_the_fastest_way_back_that_is_open() -> None:
    assert way_back(REF, abilities(Verb.UNDO, Verb.SWITCH_BACK)) == Intent(Verb.SWITCH_BACK, REF)
    assert way_back(REF, abilities(Verb.UNDO, Verb.PROMOTE)) == Intent(Verb.UNDO, REF)
    assert way_back(REF, abilities(Verb.PROMOTE)) is None


def test_stretches_are_paired_in_their_order_and_unknown_ones_are_left_out() -> None:
    before = [(100, 1), (None, None), (90, 0)]
    after = [(50, None), (60, 3), (70, 4), (80, 5)]
    assert paired(before, after) == (Block(3, 60, 1, 100), Block(4, 70, 0, 90))


def told(verdicts: tuple[Significance, ...], *open_: Verb) -> RollbackOffer | None:
    switched = NOW - timedelta(minutes=4)
    return offered(REF, verdicts, abilities(*open_), version="v7", switched=switched, now=NOW)


def test_an_offer_says_which_version_since_when_and_what_is_open() -> None:
    worse = judge([Block(20, 200, 1, 200)] * 4, Rules("error rate"))
    fine = judge([Block(1, 200, 1, 200)] * 40, Rules("error rate"))
    offer = told((fine, worse), Verb.SWITCH_BACK)
    assert offer is not None
    assert offer.intent == Intent(Verb.SWITCH_BACK, REF)
    head, _, numbers = offer.sentence.partition(": ")
    assert head == "v7 of ml/churn answers worse since the switch 4 min ago"
    assert numbers.startswith("error rate 10 % of 800 after, against 0.5 % of 800 before: worse by 9.5 points")
    closed = told((worse,))
    assert closed is not None
    assert closed.intent is None
    assert closed.sentence.endswith("no way back is open now")
    assert told((fine,), Verb.UNDO) is None


def test_a_version_that_served_shortly_is_dealt_out_over_the_whole_watch_before_anything_is_known() -> None:
    before = [(0, 0), (None, None), (100, 1), (100, 2)]
    after = [(10, 0), (20, 1), (30, 0), (40, 4), (50, 5), (60, 6)]
    blocks = paired(before, after, planned=6)
    assert [(block.candidate_failed, block.candidate) for block in blocks] == [
        (0, 10),
        (1, 20),
        (0, 30),
        (4, 40),
        (5, 50),
        (6, 60),
    ]
    assert [block.serving for block in blocks] == [34, 33, 33] * 2
    assert sum(block.serving_failed for block in blocks[:3]) == 1
    assert paired(before, after[:2], planned=6) == blocks[:2]  # the same at every look
    assert paired([], after, planned=6) == ()


@given(st.integers(0, 5_000), st.floats(0, 1), st.integers(1, 40), st.integers(0, 9))
def test_nothing_is_lost_or_made_up_by_dealing(asked: int, share: float, parts: int, seed: int) -> None:
    bad = round(asked * share)
    dealt = _dealt(asked, bad, parts, seed)
    assert len(dealt) == parts
    assert (sum(size for size, _ in dealt), sum(failed for _, failed in dealt)) == (asked, bad)
    assert all(0 <= failed <= size for size, failed in dealt)


def test_what_fails_is_found_beside_a_short_past_and_what_is_equal_is_not() -> None:
    chance = random.Random(7)

    def stretch(share: float, asked: int = 400) -> tuple[int, int]:
        return asked, sum(chance.random() < share for _ in range(asked))

    failing = paired([stretch(0.001), stretch(0.001)], [stretch(0.2), stretch(0.2), stretch(0.2)], planned=7)
    assert judge(failing, Rules("error rate")).judgement is Judgement.WORSE
    alarms = 0
    for _ in range(200):
        equal = paired([stretch(0.03), stretch(0.03)], [stretch(0.03) for _ in range(20)], planned=20)
        alarms += judge(equal, Rules("error rate")).judgement is Judgement.WORSE
    assert alarms <= 8  # 2.5 % are let pass: more than 8 of 200 would come once in 400 times


def test_silence_and_doubt_are_no_good_news() -> None:
    fine = judge([Block(0, 500, 0, 500)] * 4, Rules("error rate"))
    (told,) = since_switch([fine])
    assert told.what == "error rate since the switch"
    assert told.sentence.startswith("0 % of 2,000 after, against 0 % of 2,000 before: not worse by")
    watch = SwitchWatch(REF, WatchState.WATCHED, NOW, (told,))
    assert watch.judgement is Judgement.NOT_WORSE
    assert replace(watch, verdicts=()).judgement is Judgement.NOT_ENOUGH
    doubted = replace(told, caution=Clean("what serves fails itself"))
    assert replace(watch, verdicts=(doubted,)).judgement is Judgement.NOT_ENOUGH
    assert replace(watch, state=WatchState.WAITING).judgement is Judgement.NOT_ENOUGH
