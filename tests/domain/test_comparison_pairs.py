"""One pair at a time: what breaks the schema, what is only another value, what is left out."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.comparison.comparer import Comparer
from mlcd_tui.domain.comparison.limits import Limits
from mlcd_tui.domain.comparison.pair import Answer, Pair, RecordedRequest
from mlcd_tui.domain.comparison.report import ComparisonReport, ComparisonVerdict, FieldJudgement
from mlcd_tui.domain.comparison.walk import Differ, same
from mlcd_tui.domain.snapshot import ClassRule, NanPolicy, PathRule, Rules, compare
from mlcd_tui.domain.text import Clean


def _tensors(**changed: Any) -> Any:
    tensor = {"name": "score", "datatype": "FP32", "shape": [1, 2], "data": [0.25, 0.75], **changed}
    return {"model_name": "churn", "model_version": "6", "id": "a", "outputs": [tensor]}


def _one(production: Any, shadow: Any, rules: Rules | None = None, **answer: Any) -> ComparisonReport:
    comparer = Comparer(rules=rules)
    comparer.add(
        Pair("1", Answer(200, 1.0, production), Answer(**{"status": 200, "ms": 1.0, "body": shadow, **answer}))
    )
    return comparer.report()


@pytest.mark.parametrize(
    ("production", "shadow"),
    [
        (_tensors(), _tensors(datatype="FP64")),
        (_tensors(), _tensors(shape=[2, 1])),
        (_tensors(), _tensors(shape=[2])),
        (_tensors(), _tensors(name="scores")),
        (_tensors(), _tensors(data=[0.25, 0.75, 0.0])),
        (_tensors(), {**_tensors(), "outputs": []}),
        (_tensors(), {**_tensors(), "outputs": [*_tensors()["outputs"], *_tensors()["outputs"]]}),
        ({"predictions": [1.0, 2.0]}, {"predictions": [1.0]}),
        ({"predictions": [[1.0, 2.0]]}, {"predictions": [[1.0]]}),
        ({"predictions": [{"a": 1, "b": 2}]}, {"predictions": [{"a": 1}]}),
        ({"predictions": [1.0]}, {"predictions": ["1.0"]}),
        ({"score": 1.0}, {"score": 1.0, "more": 1}),
        ({"score": 1.0}, {}),
        ({"score": 1.0}, {"score": None}),
        ({"score": 1.0}, [1.0]),
        ({"score": 1.0}, b"<html>"),
        (b"picture", {"score": 1.0}),
    ],
)
def test_one_break_of_the_schema_is_enough(production: Any, shadow: Any) -> None:
    report = _one(production, shadow)
    assert report.verdict is ComparisonVerdict.BROKEN
    assert report.schema_breaks == 1
    assert report.fields[0].breaks == 1


@pytest.mark.parametrize(
    ("production", "shadow"),
    [
        (_tensors(), _tensors(data=[0.75, 0.25])),
        ({"score": 1.0}, {"score": 2.0}),
        ({"score": 1.0}, {"score": math.nan}),
        ({"label": "yes"}, {"label": "no"}),
        ({"items": [1, 2]}, {"items": [1, 2, 3]}),
        (b"one", b"two"),
    ],
)
def test_another_value_is_a_mismatch_and_no_break(production: Any, shadow: Any) -> None:
    report = _one(production, shadow)
    assert report.mismatch.count == 1
    assert report.schema_breaks == 0


def test_what_names_the_version_and_the_request_is_no_output() -> None:
    shadow = {**_tensors(), "model_version": "7", "id": "b", "model_name": "churn-new"}
    assert _one(_tensors(), shadow).mismatch.count == 0
    seldon = {"meta": {"puid": "1", "requestPath": {"m": "img:6"}}, "data": {"ndarray": [[0.5]]}}
    assert _one(seldon, {**seldon, "meta": {"puid": "2", "requestPath": {"m": "img:7"}}}).mismatch.count == 0
    assert _one({"id": 1, "score": 2}, {"id": 2, "score": 2}).mismatch.count == 1


def test_another_class_of_status_breaks_and_another_refusal_differs() -> None:
    broken = _one({"a": 1}, {"detail": "?"}, status=422)
    assert (broken.verdict, broken.status_differs, broken.failed) == (ComparisonVerdict.BROKEN, 1, 1)
    comparer = Comparer()
    comparer.add(Pair("1", Answer(400, 1.0, {"detail": "one"}), Answer(400, 1.0, {"detail": "two"})))
    comparer.add(Pair("2", Answer(400, 1.0, {}), Answer(404, 1.0, {})))
    report = comparer.report()
    assert (report.mismatch.count, report.mismatch.total, report.schema_breaks) == (1, 2, 0)


def test_what_cannot_be_judged_is_counted_and_not_compared() -> None:
    comparer = Comparer()
    good = Answer(200, 1.0, {"a": 1})
    comparer.add(Pair("1", good, good))
    comparer.add(Pair("1", good, good))
    comparer.add(Pair("2", Answer(200, 1.0, truncated=True), Answer(200, 1.0, truncated=True)))
    comparer.add(Pair("3", Answer(503, 1.0), good))
    comparer.add(Pair("4", Answer(error=Clean("timed out")), good))
    comparer.add(Pair("", good, good))
    comparer.add(Pair("", good, good))
    report = comparer.report(duplicates=2, disagreeing=4)
    assert (report.pairs, report.duplicates, report.truncated, report.production_failed) == (3, 3, 1, 2)
    assert report.disagreeing == 4
    assert report.coverage == pytest.approx(3 / 6)


@pytest.mark.parametrize(
    ("production", "shadow", "field", "told"),
    [
        (Answer(200, body={}), Answer(200, truncated=True), "(size)", "too large to be kept, production's is not"),
        (Answer(200, truncated=True), Answer(200, body={}), "(size)", "small, production's is too large to be kept"),
        (Answer(200, truncated=True), Answer(500, body={}), "(status)", "status 200 → 500"),
        (Answer(200, truncated=True), Answer(error=Clean("gone")), "(no answer)", "no answer: gone"),
    ],
)
def test_answers_that_are_too_large_on_one_side_only_are_different(
    production: Answer, shadow: Answer, field: str, told: str
) -> None:
    comparer = Comparer()
    for number in range(40):
        comparer.add(Pair(str(number), production, shadow))
    report = comparer.report()
    assert report.verdict in {ComparisonVerdict.DIFFERENT, ComparisonVerdict.BROKEN}
    assert (report.pairs, report.mismatch.count, report.truncated, report.coverage) == (40, 40, 0, 1.0)
    assert report.fields[0].path == field
    assert report.examples[0].why == told


def test_production_that_is_too_large_at_times_is_the_noise_of_it() -> None:
    draw, comparer = random.Random(7), Comparer()
    for number in range(3_000):
        own, shadow, again = (Answer(200, body={"a": 1}, truncated=draw.random() < 0.05) for _ in range(3))
        comparer.add(Pair(str(number), own, shadow, again))
    report = comparer.report()
    assert report.mismatch.count > 100
    assert report.fields[0].judgement in {FieldJudgement.NOISE, FieldJudgement.UNDECIDED}
    assert report.verdict in {ComparisonVerdict.EQUAL, ComparisonVerdict.NOT_ENOUGH}


def test_the_worst_are_kept_and_no_more_than_asked_for() -> None:
    comparer = Comparer(Limits(examples=3))
    for number in range(50):
        answer = {"score": 1.0 + number / 100}
        comparer.add(Pair(str(number), Answer(200, 1.0, {"score": 1.0}), Answer(200, 1.0, answer)))
    comparer.add(Pair("broken", Answer(200, 1.0, {"score": 1.0}), Answer(200, 1.0, {})))
    report = comparer.report()
    assert [one.pair.id for one in report.examples] == ["broken", "49", "48"]
    assert report.examples[1].why == "$.score 1.0 → 1.49, tolerance 1.1e-05"
    assert report.examples[1].comparison.deviations[0].absolute == pytest.approx(0.49)


def test_examples_do_not_hold_huge_bodies() -> None:
    comparer = Comparer()
    request = RecordedRequest("1", body=b"x" * 1_000_000)
    comparer.add(Pair("1", Answer(200, 1.0, [1.0] * 100_000), Answer(200, 1.0, [2.0] * 100_000), request=request))
    pair = comparer.report().examples[0].pair
    assert pair.production.body is None
    assert pair.production.truncated
    assert pair.request is not None
    assert not pair.request.body


def test_fields_of_hostile_answers_are_bounded_and_clean() -> None:
    comparer = Comparer()
    for number in range(300):
        evil = {f"\x1b]0;{number}\x07" * 40: 1.0}
        comparer.add(Pair(str(number), Answer(200, 1.0, {}), Answer(200, 1.0, evil)))
    report = comparer.report()
    assert report.fields
    assert all("\x1b" not in one.path + one.why for one in report.fields)
    assert "\x1b" not in report.sentence + report.examples[0].why
    assert len(comparer._fields) <= 201


def test_deep_answers_do_no_harm() -> None:
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    other = json.loads(json.dumps(deep).replace("1", "2"))
    assert _one(deep, other).mismatch.count == 1


@pytest.mark.parametrize("levels", [150, 900])
def test_answers_as_deep_as_a_reader_takes_them_are_told_apart(levels: int) -> None:
    one, two = (json.loads('{"a":' * levels + end + "}" * levels) for end in "12")
    report = _one(one, two)
    assert report.mismatch.count == 1
    assert report.examples[0].pair.production.body is None


def test_probabilities_are_judged_by_their_rule_even_when_they_are_the_same() -> None:
    rules = Rules(paths=(PathRule("$.p", classes=ClassRule()),))
    assert _one({"p": [0.5, 0.5]}, {"p": [0.5, 0.5]}, rules).mismatch.count == 0
    assert _one({"p": [0.5, 0.1]}, {"p": [0.5, 0.1]}, rules).mismatch.count == 1
    assert _one({"p": [math.nan]}, {"p": [math.nan]}, Rules(nan=NanPolicy.REJECT)).mismatch.count == 1


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.0, 1.0, 1.000001, 1.5, math.nan])
    | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
_RULES = st.sampled_from(
    [
        Rules(),
        Rules(nan=NanPolicy.REJECT),
        Rules(extra_fields=True, paths=(PathRule("$.a", ignore=True),)),
        Rules(paths=(PathRule("$..b", classes=ClassRule(sum_to_1=None)), PathRule("$.c[1]", ignore=True))),
    ]
)


@given(_JSON, _JSON, _RULES)
@settings(max_examples=300, deadline=None)
def test_it_says_what_the_snapshot_comparer_says(one: Any, two: Any, rules: Rules) -> None:
    found = Differ(rules)(one, two)
    assert bool(found and found.off) == bool(compare(one, two, rules).failed)


@given(_JSON)
@settings(max_examples=100, deadline=None)
def test_the_same_is_what_reads_the_same(value: Any) -> None:
    text = json.dumps(value)
    assert same(json.loads(text), json.loads(text)) or "NaN" in text


@pytest.mark.parametrize(
    ("one", "two"), [(1, 1.0), (True, 1), ([1], [True]), ([1, [2]], [1, [2.0]]), ({"a": 0}, {"a": False})]
)
def test_numbers_of_another_type_are_not_the_same(one: Any, two: Any) -> None:
    assert one == two
    assert not same(one, two)
