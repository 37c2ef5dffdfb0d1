"""Intervals and tests beside values of scipy 1.17.1 (`scipy.stats.beta.ppf`, `binomtest`, `beta.cdf`)."""

from __future__ import annotations

import math
import random

import pytest

from mlcd_tui.domain.comparison.intervals import (
    at_least,
    beta_quantile,
    clopper_pearson,
    mcnemar,
    median_interval,
    needed,
    quantile,
    regularized_beta,
    share,
)

# low = beta.ppf(0.025, k, n - k + 1), high = beta.ppf(0.975, k + 1, n - k)
CLOPPER_PEARSON = {
    (0, 1): (0.0, 0.975),
    (0, 300): (0.0, 0.01222097469429355),
    (0, 2000): (0.0, 0.0018427397934059364),
    (1, 10): (0.0025285785444617865, 0.4450161170281954),
    (3, 10): (0.0667395111777345, 0.6524528500599973),
    (10, 10): (0.6915028921812392, 1.0),
    (12, 2000): (0.0031040162823773266, 0.010457313821794881),
    (60, 2000): (0.022969550402137478, 0.03844885609627015),
    (999, 1000): (0.9944410757201734, 0.9999746825125088),
    (5000, 100000): (0.04865725520727074, 0.05136892088058044),
    (99999, 100000): (0.9999442848396523, 0.9999997468219523),
    (1, 100000): (2.531780477933316e-07, 5.571516034774275e-05),
    (50000, 100000): (0.4968960624918004, 0.5031039375081996),
}


@pytest.mark.parametrize(("counted", "interval"), CLOPPER_PEARSON.items())
def test_shares_have_the_interval_that_scipy_gives(counted: tuple[int, int], interval: tuple[float, float]) -> None:
    assert clopper_pearson(*counted) == pytest.approx(interval, rel=1e-8, abs=1e-12)


def test_nothing_of_nothing_may_be_anything() -> None:
    assert clopper_pearson(0, 0) == (0.0, 1.0)
    assert share(0, 0).value == 0.0


@pytest.mark.parametrize(
    ("count", "total", "p"),  # binomtest(count, total, 0.5, alternative="greater").pvalue
    [
        (5, 5, 0.03125),
        (8, 10, 0.0546875),
        (60, 100, 0.028443966820490444),
        (530, 1000, 0.031011597549181716),
        (0, 4, 1.0),
        (20000, 39000, 2.108420723686668e-07),
    ],
)
def test_one_sided_binomial_tails(count: int, total: int, p: float) -> None:
    assert at_least(count, total) == pytest.approx(p, rel=1e-7)
    assert mcnemar(count, total - count) == pytest.approx(p, rel=1e-7)


@pytest.mark.parametrize(
    ("a", "b", "x", "probability"),  # beta.cdf(x, a, b)
    [
        (2, 3, 0.4, 0.5248),
        (0.5, 0.5, 0.1, 0.20483276469913345),
        (100, 900, 0.11, 0.8536706312207899),
        (50000, 50001, 0.501, 0.7374879418025337),
        (1, 1, 0.3, 0.3),
        (20, 1, 0.9, 0.12157665459056931),
    ],
)
def test_incomplete_beta(a: float, b: float, x: float, probability: float) -> None:
    assert regularized_beta(x, a, b) == pytest.approx(probability, rel=1e-8)
    assert beta_quantile(probability, a, b) == pytest.approx(x, rel=1e-7)


def test_so_many_clean_pairs_are_needed_and_one_less_is_too_few() -> None:
    for most in (0.05, 0.01, 0.005, 0.0001):
        enough = needed(most)
        assert clopper_pearson(0, enough)[1] <= most < clopper_pearson(0, enough - 1)[1]
    assert needed(0.005) == 736


def test_the_interval_of_a_median_is_that_of_the_sign_test() -> None:
    assert median_interval([1, 2, 3, 4, 5]) == (-math.inf, math.inf)
    assert median_interval([1, 2, 3, 4, 5, 6]) == (1, 6)
    # tables of the sign test, n = 100: the 40th and the 61st value
    assert median_interval(list(range(1, 101))) == (40, 61)


def test_the_interval_of_a_median_holds_it_as_often_as_it_says() -> None:
    draw = random.Random(7)
    held = 0
    for _ in range(400):
        low, high = median_interval(sorted(draw.expovariate(1) for _ in range(50)))
        held += low <= math.log(2) <= high
    assert held >= 400 * 0.93


def test_quantiles_lie_between_their_neighbours() -> None:
    assert quantile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.5
    assert quantile([5.0], 0.99) == 5.0
    assert math.isnan(quantile([], 0.5))
