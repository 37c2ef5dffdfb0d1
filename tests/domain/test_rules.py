"""The pure rules: diff, what needs attention first, which evidence stands in front."""

from __future__ import annotations

import itertools
import time

from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.domain.diff import diff_lines
from mlcd_tui.domain.fleet import Attention, attention, attention_key
from mlcd_tui.domain.gates import Gate, GateState, blocking, ordered
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import Phase, Rollout, Strategy, WaitFor, Waiting
from mlcd_tui.domain.text import Clean, clean

LINES = st.lists(st.sampled_from(["image: a:1", "image: a:2", "-- x", "++ y", "@@ z", "", " "]), max_size=12)


@given(LINES, LINES)
def test_diff_with_all_context_holds_both_texts(before: list[str], after: list[str]) -> None:
    lines = diff_lines([clean(x) for x in before], [clean(x) for x in after], context=50)
    if before == after:
        assert lines == ()
        return
    assert [line.text for line in lines if line.sign in " -"] == before
    assert [line.text for line in lines if line.sign in " +"] == after


def test_diff_keeps_a_little_around_and_says_what_it_leaves_out() -> None:
    before = [clean(f"line {number}") for number in range(100)]
    after = [*before[:50], clean("new"), *before[50:]]
    lines = diff_lines(before, after)
    assert [line.sign for line in lines] == ["@", " ", " ", " ", "+", " ", " ", " "]


def test_diff_of_absurd_size_ends_soon() -> None:
    begun = time.monotonic()
    diff_lines([Clean(str(i % 7)) for i in range(100_000)], [Clean(str(i % 5)) for i in range(100_000)])
    assert time.monotonic() - begun < 10


def _row(name: str, phase: Phase, what: WaitFor = WaitFor.NOTHING) -> Rollout:
    return Rollout(RolloutRef("argo", "ns", name), Strategy.CANARY, phase, waiting=Waiting(what))


def test_who_waits_for_a_person_stands_first_whatever_the_phase() -> None:
    rows = [
        _row("healthy", Phase.HEALTHY),
        _row("moving", Phase.PROGRESSING, WaitFor.PODS),
        _row("timed", Phase.PAUSED, WaitFor.TIMER),
        _row("unknown", Phase.UNKNOWN),
        _row("degraded", Phase.DEGRADED, WaitFor.REPAIR),
        _row("b-waits", Phase.PAUSED, WaitFor.PERSON),
        _row("a-waits", Phase.DEGRADED, WaitFor.PERSON),
    ]
    for shuffled in itertools.islice(itertools.permutations(rows), 0, 5040, 97):
        names = [row.ref.name for row in sorted(shuffled, key=attention_key)]
        assert names == ["a-waits", "b-waits", "degraded", "unknown", "moving", "timed", "healthy"]
    assert {attention(_row("x", phase)) for phase in Phase} <= set(Attention)


GATES = st.builds(
    Gate,
    name=st.sampled_from([clean(c) for c in "abcdef"]),
    state=st.sampled_from(GateState),
    reason=st.just(clean("because")),
    required=st.booleans(),
)


@given(st.lists(GATES, max_size=12).map(tuple))
def test_unmet_required_evidence_stands_in_front(gates: tuple[Gate, ...]) -> None:
    shown = ordered(gates)
    unmet = blocking(gates)
    assert sorted(map(repr, shown)) == sorted(map(repr, gates))
    assert set(map(repr, shown[: len(unmet)])) == set(map(repr, unmet))
    rank = {GateState.FAILED: 0, GateState.UNKNOWN: 1, GateState.PASSED: 2}
    rest = [rank[gate.state] for gate in shown[len(unmet) :]]
    assert rest == sorted(rest)
