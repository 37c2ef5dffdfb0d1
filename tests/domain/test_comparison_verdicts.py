"""What a comparison says of planted differences, planted slowness, and models that are only noisy."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from mlcd_tui.domain.comparison.comparer import Comparer
from mlcd_tui.domain.comparison.limits import Limits
from mlcd_tui.domain.comparison.pair import Answer, Pair
from mlcd_tui.domain.comparison.report import ComparisonReport, ComparisonVerdict, FieldJudgement
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.snapshot import PathRule, Rules, Tolerance
from mlcd_tui.domain.text import Clean

Body = Callable[[random.Random, float], Any]
"""An answer to an input, from a model with chance in it."""
PAIRS = 2000


def _score(_draw: random.Random, x: float) -> Any:
    return {"score": x, "label": "yes" if x > 0.5 else "no"}


def _compare(
    production: Body,
    shadow: Body,
    *,
    pairs: int = PAIRS,
    seed: int = 1,
    noise: bool = True,
    limits: Limits | None = None,
    rules: Rules | None = None,
    ms: Callable[[random.Random], tuple[float, float]] = lambda draw: (5 + draw.random(), 5 + draw.random()),
) -> ComparisonReport:
    draw = random.Random(seed)
    comparer = Comparer(limits or Limits(), rules)
    for number in range(pairs):
        x = draw.random()
        one, two = ms(draw)
        again = Answer(200, 5.0, production(draw, x)) if noise else None
        comparer.add(Pair(str(number), Answer(200, one, production(draw, x)), Answer(200, two, shadow(draw, x)), again))
    return comparer.report()


def _judged(report: ComparisonReport, path: str) -> FieldJudgement:
    return next(one.judgement for one in report.fields if one.path == path)


def test_equal_models_are_equal_with_the_numbers_that_say_so() -> None:
    report = _compare(_score, _score)
    assert report.verdict is ComparisonVerdict.EQUAL
    assert report.mismatch.count == 0
    assert report.mismatch.high == pytest.approx(0.00184, abs=1e-5)
    assert report.latency is not None
    assert report.latency.pairs == PAIRS
    assert "0 of 2,000" in report.sentence


@pytest.mark.parametrize("noise", [True, False])
def test_a_planted_mismatch_of_three_percent_is_found(noise: bool) -> None:
    planted = 0

    def shifted(draw: random.Random, x: float) -> Any:
        nonlocal planted
        if draw.random() < 0.03:
            planted += 1
            return {**_score(draw, x), "score": x + 1}
        return _score(draw, x)

    report = _compare(_score, shifted, noise=noise)
    assert report.verdict is ComparisonVerdict.DIFFERENT
    assert report.mismatch.count == planted
    assert report.mismatch.low > 0.02
    assert [(one.path, one.differs.count) for one in report.fields] == [("$.score", planted)]
    assert report.fields[0].worst == pytest.approx(1.0)
    assert report.fields[0].mean_shift == pytest.approx(planted / PAIRS)
    assert len(report.examples) == 20
    assert "$.score" in report.examples[0].why


def test_a_shift_of_one_is_not_hidden_by_large_values() -> None:
    """A relative tolerance of 1e-3 found 10 of 40 of these."""

    def large(_draw: random.Random, x: float) -> Any:
        return {
            "outputs": [{"name": "amount", "datatype": "FP32", "shape": [1], "data": [x * 4000]}],
            "model_name": "m",
        }

    def shifted(draw: random.Random, x: float) -> Any:
        return large(draw, x + (1 / 4000 if draw.random() < 0.02 else 0))

    report = _compare(large, shifted)
    assert report.mismatch.count > 25
    assert report.fields[0].name == "amount"
    assert report.fields[0].path == "$.outputs[0].data[*]"


def test_a_planted_slowness_is_found_and_told_in_milliseconds() -> None:
    report = _compare(_score, _score, ms=lambda draw: (5 + draw.random(), 30 + draw.random()))
    assert report.verdict is ComparisonVerdict.SLOWER
    assert report.latency is not None
    assert 24 < report.latency.low < report.latency.median < report.latency.high < 26
    assert dict(report.latency.shadow)[0.5] > 30
    allowed = _compare(
        _score, _score, ms=lambda draw: (5 + draw.random(), 30 + draw.random()), limits=Limits(latency_ms=40)
    )
    assert allowed.verdict is ComparisonVerdict.EQUAL


@pytest.mark.parametrize("share", [0.03, 0.2, 0.5])
def test_a_slowness_of_some_requests_is_found_though_the_median_does_not_see_it(share: float) -> None:
    report = _compare(_score, _score, ms=lambda draw: (5 + draw.random(), 5 + 300 * (draw.random() < share)))
    assert report.verdict is ComparisonVerdict.SLOWER
    assert "slower by more than 5 ms in" in report.sentence
    assert report.latency is not None
    assert report.latency.faster == 0


@pytest.mark.parametrize("pairs", [800, 2_000])
def test_a_slow_tenth_does_not_drown_in_ordinary_jitter(pairs: int) -> None:
    def times(draw: random.Random, more: float) -> tuple[float, float]:
        one, two = draw.lognormvariate(3, 0.5), draw.lognormvariate(3, 0.5)
        return one, two + more * (draw.random() < 0.1)

    slow = [_compare(_score, _score, pairs=pairs, ms=lambda draw: times(draw, 300), seed=seed) for seed in range(10)]
    assert {report.verdict for report in slow} == {ComparisonVerdict.SLOWER}
    fair = [_compare(_score, _score, pairs=pairs, ms=lambda draw: times(draw, 0), seed=seed) for seed in range(40)]
    assert sum(report.verdict is ComparisonVerdict.SLOWER for report in fair) <= 3


def test_versions_that_are_slow_by_turns_are_as_fast_once_there_are_enough_pairs() -> None:
    def turns(draw: random.Random) -> tuple[float, float]:
        return draw.choice(((5.0, 45.0), (45.0, 5.0), (5.0, 5.0)))

    limits = Limits(latency_ms=20)
    verdicts = [_compare(_score, _score, ms=turns, limits=limits, seed=seed).verdict for seed in range(20)]
    assert verdicts.count(ComparisonVerdict.SLOWER) <= 2
    assert verdicts.count(ComparisonVerdict.EQUAL) >= 14
    few = iter([(5.0, 45.0)] * 200 + [(45.0, 5.0)] * 170 + [(5.0, 5.0)] * 370)
    report = _compare(_score, _score, pairs=740, ms=lambda _draw: next(few), limits=limits)
    assert report.verdict is ComparisonVerdict.NOT_ENOUGH
    assert "some requests are slower cannot be told yet" in report.sentence


def _cached(draw: random.Random, x: float) -> Any:
    return {**_score(draw, x), "cache": draw.random() < 0.5, **({"hint": 1} if draw.random() < 0.2 else {})}


def test_noise_of_an_equal_model_is_no_difference() -> None:
    report = _compare(_cached, _cached)
    assert report.verdict is ComparisonVerdict.EQUAL
    assert report.mismatch.count > 900
    assert report.excess is not None
    assert report.excess.count == 0
    assert _judged(report, "$.hint") is FieldJudgement.NOISE
    assert report.noise is not None
    assert report.noise.count > 900


def test_without_the_noise_floor_the_same_is_a_difference() -> None:
    report = _compare(_cached, _cached, noise=False)
    assert report.verdict is ComparisonVerdict.BROKEN
    assert any("noise floor was not measured" in one for one in report.warnings)


def test_noise_does_not_hide_a_regression_of_another_field() -> None:
    def worse(draw: random.Random, x: float) -> Any:
        return {**_cached(draw, x), "score": x + (draw.random() < 0.03)}

    report = _compare(_cached, worse)
    assert report.verdict is ComparisonVerdict.DIFFERENT
    assert _judged(report, "$.score") is FieldJudgement.DIFFERENT
    assert report.excess is not None
    assert report.excess.count < 100 < report.mismatch.count


def _jittery(draw: random.Random, x: float) -> Any:
    return {"score": x + draw.gauss(0, 0.01)}


def test_a_model_that_never_repeats_itself_is_judged_by_how_far_it_moves() -> None:
    report = _compare(_jittery, _jittery)
    assert report.mismatch.value > 0.9
    assert _judged(report, "$.score") is FieldJudgement.NOISE
    proposed = report.fields[0].proposed_atol
    assert proposed is not None
    assert 0.03 < proposed < 0.07


@pytest.mark.parametrize(
    ("worse", "what"),
    [
        (lambda draw, x: {"score": x + draw.gauss(0, 0.01) + (draw.random() < 0.03)}, "farther off than production"),
        (lambda draw, x: {"score": x + draw.gauss(0.01, 0.01)}, "larger than production's second answer"),
        (lambda draw, x: {"score": x + draw.gauss(0, 0.03)}, "farther"),
    ],
    ids=["few far away", "all a little larger", "wider"],
)
def test_noise_in_a_field_does_not_hide_its_own_regression(worse: Body, what: str) -> None:
    report = _compare(_jittery, worse)
    assert report.verdict is ComparisonVerdict.DIFFERENT
    assert what in report.sentence


def test_a_flaky_field_that_got_flakier_is_found() -> None:
    def flaky(rate: float) -> Body:
        return lambda draw, _x: {"label": "a" if draw.random() < rate else "b", "score": 1.0}

    assert _compare(flaky(0.02), flaky(0.02)).verdict is ComparisonVerdict.EQUAL
    report = _compare(flaky(0.02), flaky(0.08))
    assert report.verdict is ComparisonVerdict.DIFFERENT
    assert "production differs from itself in" in report.sentence


def test_equal_noisy_models_are_rarely_accused() -> None:
    """At most 5 % of false alarms are promised; fixed seeds, so that it never fails by chance."""

    def noisy(draw: random.Random, x: float) -> Any:
        return {
            "score": x + draw.gauss(0, 0.01),
            "label": "a" if draw.random() < 0.05 else "b",
            "rare": draw.random() < 0.003,
            "steady": 1,
        }

    verdicts = [_compare(noisy, noisy, pairs=3000, seed=seed).verdict for seed in range(15)]
    assert verdicts.count(ComparisonVerdict.DIFFERENT) + verdicts.count(ComparisonVerdict.BROKEN) <= 1
    assert verdicts.count(ComparisonVerdict.EQUAL) >= 12


def test_a_regression_in_a_field_that_is_seldom_noisy_is_rarely_called_equal() -> None:
    """Twice the limit, where production itself flips in 1 of 100: few pairs cannot show that it is let pass."""

    def flips(rate: float) -> Body:
        return lambda draw, _x: {"label": draw.random() < rate}

    verdicts = [_compare(flips(0.01), flips(0.02), pairs=740, seed=seed).verdict for seed in range(40)]
    assert verdicts.count(ComparisonVerdict.EQUAL) <= 3


def test_a_share_at_the_limit_is_rarely_called_different_and_rarely_equal() -> None:
    def at_limit(draw: random.Random, x: float) -> Any:
        return {"score": x + (draw.random() < 0.005)}

    verdicts = [_compare(lambda _draw, x: {"score": x}, at_limit, noise=False, seed=seed).verdict for seed in range(30)]
    assert verdicts.count(ComparisonVerdict.DIFFERENT) <= 3
    assert verdicts.count(ComparisonVerdict.EQUAL) <= 3


def test_text_that_production_never_repeats_is_not_judged() -> None:
    def talkative(draw: random.Random, x: float) -> Any:
        return {"text": str(draw.random()), "score": x}

    report = _compare(talkative, talkative)
    assert report.verdict is ComparisonVerdict.EQUAL
    assert any("$.text is not judged" in one for one in report.warnings)
    alone = _compare(lambda draw, _x: {"text": str(draw.random())}, lambda draw, _x: {"text": str(draw.random())})
    assert alone.verdict is ComparisonVerdict.NOT_ENOUGH
    assert "never agrees with itself" in alone.sentence


def test_rules_of_a_check_plan_hold_here() -> None:
    def shifted(draw: random.Random, x: float) -> Any:
        return {**_score(draw, x), "score": x + 0.01, "took": draw.random()}

    strict = _compare(_score, shifted, noise=False)
    assert strict.verdict is ComparisonVerdict.BROKEN
    rules = Rules(paths=(PathRule("$.took", ignore=True), PathRule("$.score", tolerance=Tolerance(0, 0.02))))
    report = _compare(_score, shifted, noise=False, rules=rules)
    assert report.verdict is ComparisonVerdict.EQUAL


def test_too_few_pairs_are_never_a_pass() -> None:
    report = _compare(_score, _score, pairs=735)
    assert report.verdict is ComparisonVerdict.NOT_ENOUGH
    assert "735 pairs, at least 736 are needed" in report.sentence
    assert _compare(_score, _score, pairs=736).verdict is ComparisonVerdict.EQUAL
    assert Comparer().report().verdict is ComparisonVerdict.NOT_ENOUGH


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, float("nan")])
def test_a_limit_that_nothing_can_meet_is_refused(share: float) -> None:
    with pytest.raises(BadConfig):
        Limits(max_mismatch=share)


def test_what_is_missing_keeps_the_verdict_back() -> None:
    comparer = Comparer()
    for number in range(1000):
        comparer.add(Pair(str(number), Answer(200, 1.0, {"a": 1}), Answer(200, 1.0, {"a": 1})))
    comparer.unpaired(production=100)
    report = comparer.report()
    assert report.verdict is ComparisonVerdict.NOT_ENOUGH
    assert report.coverage == pytest.approx(1000 / 1100)
    assert report.unpaired == 100
    assert comparer.report(copied=0.9).verdict is ComparisonVerdict.EQUAL


def test_answers_that_were_not_recorded_are_not_equal() -> None:
    comparer = Comparer()
    for number in range(1000):
        comparer.add(Pair(str(number), Answer(200, 1.0, recorded=False), Answer(200, 1.2, recorded=False)))
    report = comparer.report()
    assert report.verdict is ComparisonVerdict.NOT_ENOUGH
    assert "only status and time" in report.sentence
    assert report.latency is not None
    assert report.latency.median == pytest.approx(0.2)


def test_a_dead_shadow_is_different_and_says_why() -> None:
    comparer = Comparer()
    for number in range(100):
        comparer.add(Pair(str(number), Answer(200, 1.0, {"a": 1}), Answer(error=Clean("connection refused"))))
    report = comparer.report()
    assert report.verdict is ComparisonVerdict.DIFFERENT
    assert report.failed == 100
    assert report.examples[0].why == "no answer: connection refused"


@pytest.mark.parametrize(
    "answer", [Answer(404, 1.0, {"detail": "Not Found"}), Answer(302, 1.0, b""), Answer(200, 1.0, b"")]
)
def test_versions_that_agree_in_refusing_everything_are_not_equal(answer: Answer) -> None:
    """As where the path of the recorded requests leads nowhere: nobody has seen an output."""
    comparer = Comparer()
    for number in range(1000):
        comparer.add(Pair(str(number), answer, answer, answer))
    report = comparer.report()
    assert report.verdict is ComparisonVerdict.NOT_ENOUGH
    assert report.blank == report.pairs == 1000
    assert "no output was compared" in report.sentence


def test_requests_that_both_refuse_do_not_count_for_those_needed() -> None:
    comparer = Comparer()
    for number in range(1000):
        answer = Answer(200, 1.0, {"a": 1}) if number < 700 else Answer(422, 1.0, {"detail": "?"})
        comparer.add(Pair(str(number), answer, answer, answer))
    report = comparer.report()
    assert report.verdict is ComparisonVerdict.NOT_ENOUGH
    assert "700 pairs, at least 736 are needed" in report.sentence
    assert any("both refused 300 requests" in told for told in report.warnings)
