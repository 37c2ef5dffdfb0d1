"""Answers beside approved ones: tolerances, order, classes, text, what is worst, and what never happens."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.checks import CheckState
from mlcd_tui.domain.snapshot import (
    BadPathError,
    ClassRule,
    DeviationKind,
    NanPolicy,
    Order,
    PathRule,
    Rules,
    TextMode,
    TextRule,
    Tolerance,
    TypePolicy,
    compare,
    compare_bytes,
    spread,
)

_PASSED, _WARNED, _FAILED = CheckState.PASSED, CheckState.WARNED, CheckState.FAILED

_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(max_size=8)
    | st.sampled_from([10**400, math.inf, -math.inf, 1e308])
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcd") | st.text(max_size=3), inner),
    max_leaves=20,
)
_PATHS = st.sampled_from(["$", "$.a", "$..b", "$[*]", "$.a[0]", "$..*", "$['c'].d"])
_PATH_RULES = st.builds(
    PathRule,
    path=_PATHS,
    ignore=st.booleans(),
    tolerance=st.none() | st.builds(Tolerance, st.floats(0, 1), st.floats(0, 1)),
    nan=st.none() | st.sampled_from(NanPolicy),
    order=st.none() | st.sampled_from(Order),
    key=st.sampled_from(["", "a"]),
    text=st.none() | st.builds(TextRule, st.sampled_from(TextMode)),
    classes=st.none() | st.builds(ClassRule, max_abs=st.none() | st.floats(0, 1), top_k=st.integers(0, 3)),
)
_RULES = st.builds(
    Rules,
    tolerance=st.none() | st.builds(Tolerance, st.floats(0, 1), st.floats(0, 1)),
    nan=st.sampled_from(NanPolicy),
    types=st.sampled_from(TypePolicy),
    order=st.sampled_from(Order),
    key=st.sampled_from(["", "a"]),
    extra_fields=st.booleans(),
    paths=st.lists(_PATH_RULES, max_size=3).map(tuple),
)


@given(_VALUES, _VALUES, _RULES)
def test_comparing_never_raises_and_counts_add_up(approved: Any, answer: Any, rules: Rules) -> None:
    found = compare(approved, answer, rules)
    assert found.failed + found.warned == len(found.deviations) + found.left_out
    assert (found.state is _PASSED) == (not found.deviations)
    assert sum(output.failed for output in found.outputs) == found.failed
    assert found.sentence


@given(_VALUES)
def test_what_is_equal_passes_under_the_defaults(value: Any) -> None:
    found = compare(value, value)
    assert found.state is _PASSED
    assert found.max_abs == 0


@given(
    st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=8),
    st.floats(1e-9, 1e-2),
    st.floats(1e-9, 1.0),
    st.integers(0, 7),
)
def test_below_the_tolerance_passes_and_above_it_fails(
    numbers: list[float], rtol: float, atol: float, chosen: int
) -> None:
    at = chosen % len(numbers)
    allowed = atol + rtol * abs(numbers[at])
    rules = Rules(tolerance=Tolerance(rtol, atol))
    below, above = list(numbers), list(numbers)
    below[at] += allowed * 0.9
    above[at] += allowed * 1.1 + abs(numbers[at]) * 1e-15
    assert compare(numbers, below, rules).state is _PASSED
    found = compare({"scores": numbers}, {"scores": above}, rules)
    assert found.state is _FAILED
    assert found.worst is not None
    assert found.worst.path == f"$.scores[{at}]"


def test_the_approved_value_is_the_measure_not_the_answer() -> None:
    rules = Rules(tolerance=Tolerance(rtol=0.1))
    assert compare(1.1, 1.0, rules).state is _PASSED
    assert compare(1.0, 1.1000001, rules).state is _FAILED


def test_the_worst_comes_first_and_everything_is_counted_by_output() -> None:
    approved = {"scores": [0.5, 0.5, 0.5], "label": "yes", "n": 3}
    found = compare(approved, {"scores": [0.5001, 0.9, 0.5], "label": "yes", "n": 3})
    assert [deviation.path for deviation in found.deviations] == ["$.scores[1]", "$.scores[0]"]
    assert found.max_abs == pytest.approx(0.4)
    assert found.max_rel == pytest.approx(0.8)
    assert [(output.name, output.failed) for output in found.outputs] == [("scores", 2), ("label", 0), ("n", 0)]
    assert found.sentence == "2 of 5 values are off, worst by 0.4 at $.scores[1]"


def test_what_is_missing_or_of_another_shape_is_worse_than_any_number() -> None:
    found = compare({"a": 1.0, "b": [1.0, 2.0], "c": 1}, {"a": 9.0, "b": [1.0], "d": 1})
    assert {(str(deviation.path), deviation.kind) for deviation in found.deviations[:3]} == {
        ("$.b", DeviationKind.SHAPE),
        ("$.c", DeviationKind.MISSING),
        ("$.d", DeviationKind.EXTRA),
    }
    assert found.deviations[3].kind is DeviationKind.VALUE


@pytest.mark.parametrize(
    ("approved", "answer", "rules", "state"),
    [
        (1, 2, Rules(tolerance=Tolerance(1.0, 5.0)), _FAILED),  # integers are exact
        (1, 2, Rules(paths=(PathRule("$", tolerance=Tolerance(0, 5)),)), _PASSED),
        (True, 1, Rules(), _FAILED),
        (1.0, 1, Rules(), _WARNED),
        (1.0, 1, Rules(types=TypePolicy.STRICT), _FAILED),
        (1, 1.0, Rules(types=TypePolicy.IGNORE), _PASSED),
        (math.nan, math.nan, Rules(), _PASSED),
        (math.nan, math.nan, Rules(nan=NanPolicy.REJECT), _FAILED),
        (math.nan, None, Rules(), _FAILED),
        (math.nan, None, Rules(nan=NanPolicy.NULL_IS_NAN), _PASSED),
        (None, math.nan, Rules(nan=NanPolicy.NULL_IS_NAN), _PASSED),
        (1.0, None, Rules(nan=NanPolicy.NULL_IS_NAN), _FAILED),
        (math.inf, math.inf, Rules(), _PASSED),
        (math.inf, -math.inf, Rules(tolerance=Tolerance(1, 1)), _FAILED),
        (math.inf, 5.0, Rules(tolerance=Tolerance(1, 1)), _FAILED),
        (10**400, 10**400 + 1, Rules(), _FAILED),
        (10**400, 0.5, Rules(tolerance=Tolerance(1, 1)), _FAILED),
        ("a  b ", "a b", Rules(text=TextRule(TextMode.WHITESPACE)), _PASSED),
        ("a b", "ab", Rules(text=TextRule(TextMode.WHITESPACE)), _FAILED),
        ("the cat sat on the mat", "the cat sat on a mat", Rules(text=TextRule(TextMode.SIMILARITY, 0.8)), _PASSED),
        ("the cat sat", "a dog ran away", Rules(text=TextRule(TextMode.SIMILARITY, 0.8)), _FAILED),
        ({"a": 1}, {"a": 1, "b": 2}, Rules(extra_fields=True), _WARNED),
        ({"a": 1, "t": 5}, {"a": 1, "t": 9}, Rules(paths=(PathRule("$.t", ignore=True),)), _PASSED),
        ({"a": 1}, {"a": 1, "t": 9}, Rules(paths=(PathRule("$.t", ignore=True),)), _PASSED),
        ([{"m": {"ms": 1}}], [{"m": {"ms": 2}}], Rules(paths=(PathRule("$..ms", ignore=True),)), _PASSED),
        ([1, 2], [9, 2], Rules(paths=(PathRule("$[0]", ignore=True),)), _PASSED),
        ([2, 1], [2, 9], Rules(paths=(PathRule("$[0]", ignore=True),)), _FAILED),
        ([3, 1, 2], [1, 2, 3], Rules(order=Order.IGNORE), _PASSED),
        ([0.5, 0.1], [0.1000001, 0.5], Rules(order=Order.IGNORE), _PASSED),
        ([1, 1, 2], [1, 2, 2], Rules(order=Order.IGNORE), _FAILED),
        ([{"s": 0.5}, {"s": 0.1}], [{"s": 0.1000001}, {"s": 0.5}], Rules(order=Order.IGNORE), _PASSED),
    ],
)
def test_rules(approved: Any, answer: Any, rules: Rules, state: CheckState) -> None:
    assert compare(approved, answer, rules).state is state


def test_elements_are_paired_by_a_field() -> None:
    approved = [{"label": "cat", "p": 0.7}, {"label": "dog", "p": 0.3}]
    rules = Rules(order=Order.BY_KEY, key="label")
    assert compare(approved, approved[::-1], rules).state is _PASSED
    found = compare(approved, [{"label": "dog", "p": 0.9}, {"label": "cow", "p": 0.1}], rules)
    assert [(str(one.path), one.kind) for one in found.deviations] == [
        ("$[0]", DeviationKind.MISSING),
        ("$[1]", DeviationKind.EXTRA),
        ("$[1].p", DeviationKind.VALUE),
    ]
    assert "no usable field" in compare(approved, [{"p": 1}, {"p": 2}], rules).sentence


def test_an_answer_that_states_its_element_type_is_measured_by_it() -> None:
    def answer(datatype: str, value: float) -> dict[str, Any]:
        return {"outputs": [{"name": "p", "datatype": datatype, "shape": [1], "data": [value]}]}

    assert compare(answer("FP16", 0.5), answer("FP16", 0.502)).state is _PASSED
    assert compare(answer("FP32", 0.5), answer("FP32", 0.502)).state is _FAILED
    assert compare(answer("FP64", 0.5), answer("FP64", 0.5000001)).state is _FAILED
    assert compare(answer("FP64", 0.5), answer("FP64", 0.502), Rules(tolerance=Tolerance(0.01))).state is _PASSED
    assert [output.name for output in compare(answer("FP32", 1), answer("FP32", 1)).outputs] == ["p"]


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        ([0.7, 0.2, 0.1], _PASSED, "agree"),
        ([0.69, 0.21, 0.1], _WARNED, "total variation 0.01"),
        ([0.6, 0.3, 0.1], _FAILED, "moved by 0.1, 0.02 is allowed"),
        ([0.2, 0.7, 0.1], _FAILED, "class 1 wins in place of class 0"),
        ([0.7, 0.2, 0.2], _FAILED, "add up to 1.1"),
        ([1.05, -0.05, 0.0], _FAILED, "a probability is -0.05"),
        ([math.nan, 0.2, 0.1], _FAILED, "NaN"),
        ([0.7, 0.3], _FAILED, "3 elements became 2"),
        ([0.7, 0.2, None], _FAILED, "became null"),
    ],
)
def test_class_probabilities(answer: list[Any], state: CheckState, words: str) -> None:
    rules = Rules(paths=(PathRule("$.p[*]", classes=ClassRule(max_abs=0.02, tv=0.02)),))
    found = compare({"p": [[0.7, 0.2, 0.1]]}, {"p": [answer]}, rules)
    assert found.state is state
    assert words in found.sentence


def test_ties_may_change_places_among_the_first_classes() -> None:
    rules = Rules(paths=(PathRule("$", classes=ClassRule(max_abs=0.5, top_k=2, tie=0.01, sum_to_1=None)),))
    assert compare([0.4, 0.3, 0.3], [0.4, 0.295, 0.305], rules).state is _WARNED
    assert compare([0.4, 0.4, 0.1], [0.4, 0.405, 0.1], rules).state is _WARNED
    assert compare([0.4, 0.3, 0.1], [0.4, 0.1, 0.3], rules).state is _FAILED
    labels = {"a": 0.9, "b": 0.1}
    assert compare(labels, {"b": 0.1, "a": 0.9}, rules).state is _PASSED


@pytest.mark.parametrize("path", ["a", "", "$a", "$.", "$[?(@.x)]", "$[1:2]", "$..", "$['a'", "$" + ".a" * 2000])
def test_a_path_that_is_not_understood_is_refused_at_once(path: str) -> None:
    with pytest.raises(BadPathError):
        PathRule(path)


def test_names_that_no_plain_step_can_hold_are_quoted_and_read_back() -> None:
    found = compare({"it's [0]": 1}, {"it's [0]": 2})
    assert found.worst is not None
    assert (
        compare({"it's [0]": 1}, {"it's [0]": 2}, Rules(paths=(PathRule(str(found.worst.path), ignore=True),))).state
        is _PASSED
    )


def test_bytes_are_told_by_digest_and_size() -> None:
    assert compare_bytes(b"abc", b"abc").state is _PASSED
    found = compare_bytes(b"abc", b"abcd")
    assert found.sentence == "1 of 1 values is off, first $: 3 bytes became 4 bytes that differ"
    assert found.worst is not None
    assert found.worst.expected.startswith('"sha256:ba7816bf')


def test_a_model_that_disagrees_with_itself_is_told_with_its_own_spread() -> None:
    rules = Rules(tolerance=Tolerance(atol=0.01))
    assert spread([{"p": 0.5}] * 3, rules).exact
    within = spread([{"p": 0.5}, {"p": 0.505}, {"p": 0.5}], rules)
    assert (within.stable, within.exact) == (True, False)
    apart = spread([{"p": 0.5}, {"p": 0.505}, {"p": 0.7}], rules)
    assert not apart.stable
    assert apart.sentence == "3 answers to the same input differ by up to 0.2 (relative 0.4), worst at $.p"
    assert not spread([b"a", b"b"]).stable


def test_hostile_answers_cost_little() -> None:
    deep: Any = 1
    for _ in range(50_000):
        deep = [deep]
    mixed = [{"id": index, "value": [index / 7]} for index in range(3_000)]
    other = [{"id": index, "value": [index / 7 + 1]} for index in range(3_000)]
    started = time.process_time()
    assert compare(deep, deep).state is _FAILED  # never compared is never passed
    assert "too many to try" in compare(mixed, other[::-1], Rules(order=Order.IGNORE)).sentence
    assert compare("ab" * 500_000, "ba" * 500_000, Rules(text=TextRule(TextMode.SIMILARITY))).failed == 1
    assert compare([10**5000], [-(10**5000)]).failed == 1
    assert time.process_time() - started < 5


@settings(deadline=None)
@given(_VALUES)
def test_json_of_any_answer_compares_like_itself(value: Any) -> None:
    try:
        again = json.loads(json.dumps(value))
    except ValueError:  # integers of more digits than Python writes
        return
    assert compare(value, again).state is _PASSED


def test_a_million_numbers_take_seconds_at_most() -> None:
    numbers = [index * 1.000001 for index in range(1_000_000)]
    off = [value + 0.001 * index for index, value in enumerate(numbers)]
    started = time.process_time()
    found = compare({"data": numbers}, {"data": off})
    assert time.process_time() - started < 6
    assert len(found.deviations) == 200
    assert found.left_out > 900_000
