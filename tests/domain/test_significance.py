"""Worse, not worse, not enough: sound under peeking, and strong enough to be of use."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.domain.significance import Block, EProcess, Rules, judge, newcombe, planned, wilson
from mlcd_tui.domain.traffic import Judgement

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
RULES = Rules("error rate", margin=0.01)


def drawn(source: random.Random, total: int, share: float) -> int:
    return sum(source.random() < share for _ in range(total))


def story(seed: int, candidate: float, serving: float, *, looks: int = 60) -> list[Block]:
    """Twenty requests of the candidate and eighty of what serves, look after look."""
    source = random.Random(seed)
    return [Block(drawn(source, 20, candidate), 20, drawn(source, 80, serving), 80) for _ in range(looks)]


def ever_worse(blocks: list[Block]) -> bool:
    """Whether somebody who looks after each block would ever be told `worse`."""
    process = EProcess()
    for block in blocks:
        process = process.after(block)
    return process.evidence >= 1 / RULES.alpha


@pytest.mark.parametrize("share", [0.005, 0.02, 0.2])
def test_equal_versions_are_seldom_called_worse_however_often_one_looks(share: float) -> None:
    """A z-test at each of 60 looks would raise 25 of 100 false alarms; the bound here is 5 of 100."""
    alarms = sum(ever_worse(story(seed, share, share)) for seed in range(200))
    assert alarms <= 0.05 * 200


@pytest.mark.parametrize(("candidate", "serving", "least"), [(0.06, 0.02, 0.97), (0.05, 0.01, 0.97), (0.04, 0.02, 0.6)])
def test_a_version_that_fails_more_often_is_found(candidate: float, serving: float, least: float) -> None:
    found = sum(ever_worse(story(1_000 + seed, candidate, serving)) for seed in range(100))
    assert found >= least * 100


def test_a_version_worse_by_the_margin_is_seldom_let_pass() -> None:
    passed = sum(
        judge(story(seed, 0.03, 0.02, looks=120), RULES).judgement is Judgement.NOT_WORSE for seed in range(100)
    )
    assert passed <= 0.05 * 100


def test_equal_versions_are_told_as_not_worse_once_the_planned_number_is_there() -> None:
    told = [judge(story(seed, 0.005, 0.005, looks=120), RULES).judgement for seed in range(60)]
    assert told.count(Judgement.NOT_WORSE) >= 0.75 * 60


def test_the_verdict_comes_with_effect_interval_and_counts() -> None:
    """Newcombe's own way of reckoning: 56/70 against 48/80 is 0.0524 to 0.3339 (1998, table II, column a)."""
    low, high = newcombe((56, 70), (48, 80))
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)
    assert [round(bound, 4) for bound in wilson(81, 263)] == [0.2553, 0.3662]
    found = judge(story(3, 0.08, 0.01), RULES)
    assert found.judgement is Judgement.WORSE
    assert found.evidence >= 20
    assert found.effect is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low < found.effect < found.high
    assert found.candidate[1] == 1_200
    assert found.serving[1] == 4_800
    assert "of 1,200 against" in found.sentence
    assert "worse by" in found.sentence


def test_not_enough_says_how_many_and_until_when() -> None:
    found = judge(story(1, 0.0, 0.0, looks=5), RULES, rate=2.0, now=NOW)
    assert found.judgement is Judgement.NOT_ENOUGH
    assert found.needed is not None
    assert found.needed > 100
    assert found.due is not None
    assert (found.due - NOW).total_seconds() == pytest.approx((found.needed - 100) / 2)
    assert f"{found.needed - 100:,} more requests of the candidate are needed, about" in found.sentence


@pytest.mark.parametrize(
    ("block", "silent"), [(Block(0, 0, 3, 900), "the candidate"), (Block(0, 400, 0, 0), "what serves")]
)
def test_silence_is_never_good_news(block: Block, silent: str) -> None:
    found = judge([block] * 20, RULES)
    assert found.judgement is Judgement.NOT_ENOUGH
    assert silent in found.sentence
    assert found.effect is None
    assert judge([], RULES).judgement is Judgement.NOT_ENOUGH


def test_a_candidate_that_fails_always_is_worse_within_a_minute() -> None:
    assert ever_worse([Block(3, 3, 0, 30), Block(3, 3, 0, 30), Block(3, 3, 0, 30), Block(3, 3, 0, 30)])


counts = st.tuples(st.integers(0, 400), st.integers(1, 400)).map(lambda pair: (min(pair), max(pair)))


@given(counts, counts)
def test_an_interval_holds_its_difference_and_a_surer_one_is_wider(
    candidate: tuple[int, int], serving: tuple[int, int]
) -> None:
    low, high = newcombe(candidate, serving)
    difference = candidate[0] / candidate[1] - serving[0] / serving[1]
    assert -1 <= low <= difference + 1e-9
    assert difference - 1e-9 <= high <= 1
    wider = newcombe(candidate, serving, 0.99)
    assert wider[0] <= low + 1e-12
    assert wider[1] >= high - 1e-12


blocks = st.builds(
    lambda c, s: Block(min(c), max(c), min(s), max(s)),
    st.tuples(st.integers(0, 60), st.integers(0, 60)),
    st.tuples(st.integers(0, 200), st.integers(0, 200)),
)


@given(st.lists(blocks, max_size=30))
def test_evidence_never_shrinks_and_one_more_failure_never_speaks_for_the_candidate(history: list[Block]) -> None:
    process = EProcess()
    for block in history:
        process, before = process.after(block), process
        assert process.evidence >= before.evidence >= 1.0
    last = Block(0, 20, 1, 80)
    tallies = [process.after(Block(failed, 20, last.serving_failed, 80)).log_e for failed in range(21)]
    assert tallies == sorted(tallies)


@given(st.integers(0, 50), st.integers(100, 5_000), st.floats(0.002, 0.1))
def test_a_wider_margin_never_needs_more_requests(failed: int, total: int, margin: float) -> None:
    assert planned((failed, total), 4.0, margin * 2) <= planned((failed, total), 4.0, margin)
