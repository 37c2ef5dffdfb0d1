"""Counts from counters and quantiles from buckets: nothing is counted twice, and nothing that was not there."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.metrics.answers import Series
from mlcd_tui.metrics.counters import added, grid, increments, scraped, smoothed, total
from mlcd_tui.metrics.histogram import bounds, quantile, slow, slow_bound

MOMENTS = (0.0, 15.0, 30.0, 45.0, 60.0)


def series(*values: float | None, **labels: str) -> Series:
    labels = labels or {"instance": "a:1"}
    return Series(labels, tuple((at, value) for at, value in zip(MOMENTS, values, strict=True) if value is not None))


def counted(*rows: Series) -> tuple[int | None, ...]:
    return added(rows, MOMENTS, lambda _: "").get("", ())


@pytest.mark.parametrize(
    ("rows", "counts"),
    [
        ([series(10, 12, 12, 20, 21)], (2, 0, 8, 1)),
        ([series(10, 12, 3, 5, 5)], (2, 3, 2, 0)),  # a restart: it counts from 0
        ([series(10, 12, 3, 5, 5, pod="only")], (2, None, 2, 0)),  # a sum that falls: one of several went
        ([series(10, None, None, 20, 21)], (None, None, None, 1)),  # a gap: nobody knows when
        ([series(None, None, 500, 510, 510)], (None, None, 10, 0)),  # scraped from here on: what came before is old
        ([series(10, 20, 30, 40, 50), series(None, None, 1, 1, 2, instance="a:1", code="500")], (10, 11, 10, 11)),
        ([series(10, 20, 30, 40, 50), series(7, 8, None, None, None, instance="b:1")], (11, 10, 10, 10)),
        # a process that is old and scraped only from here on, or away for longer than one looks, beside one that is not
        ([series(10, 20, 30, 40, 50), series(None, None, 900_000, 900_001, 900_001, instance="b:1")], (10, 10, 11, 10)),
        # away for a while, beside one that is not: what it has counted in its life was not asked just now
        ([series(10, 20, 30, 40, 50), series(900, 910, None, 930, 931, instance="b:1")], (20, 10, 10, 11)),
    ],
)
def test_counts_between_moments(rows: list[Series], counts: tuple[int | None, ...]) -> None:
    assert counted(*rows) == counts


@given(st.lists(st.integers(0, 1_000), min_size=4, max_size=4), st.integers(0, 10_000))
def test_what_was_asked_is_what_is_counted(steps: list[int], start: int) -> None:
    values = [start + sum(steps[:place]) for place in range(5)]
    assert counted(series(*values)) == tuple(steps)
    assert total(counted(series(*values))) == sum(steps)


def test_a_process_is_known_by_all_that_is_read_of_it() -> None:
    """The proxy that counts both versions was there before the first request to the new one."""
    ours = (series(None, None, 4, 9, 9, instance="proxy:1", code="500"),)
    other = (series(70, 80, 90, 100, 110, instance="proxy:1", code="200"),)
    elsewhere = (series(70, 80, 90, 100, 110, instance="proxy:1", pod="another", code="200"),)
    assert added(ours, MOMENTS, lambda _: "", known=scraped((*ours, *other), MOMENTS)) == {"": (None, 4, 5, 0)}
    assert added(ours, MOMENTS, lambda _: "", known=scraped((*ours, *elsewhere), MOMENTS)) == {"": (None, None, 5, 0)}


_LIFE = st.fixed_dictionaries(
    {
        "before": st.integers(0, 10**6),  # counted before anybody looked
        "asked": st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5)), min_size=8, max_size=8),  # good, failed
        "read": st.lists(st.booleans(), min_size=9, max_size=9),
        "restarts": st.sets(st.integers(0, 7), max_size=2),  # begins anew within that stretch
    }
)


@given(st.lists(_LIFE, min_size=1, max_size=4))
def test_nothing_is_counted_that_was_not_asked_in_that_stretch(lives: list[dict[str, Any]]) -> None:
    """Whatever is scraped when, restarts, or was counted in a former life; and nothing is lost of what is watched."""
    moments = tuple(15.0 * place for place in range(9))
    rows: list[Series] = []
    watched = [0] * 8
    for number, life in enumerate(lives):
        values: dict[str, list[int | None]] = {"200": [life["before"]], "500": [None]}
        for place, (good, failed) in enumerate(life["asked"]):
            for code, count in (("200", good), ("500", failed)):
                last = None if place in life["restarts"] else values[code][-1]
                values[code].append((last or 0) + count if count or last is not None or code == "200" else None)
            if life["read"][place] and life["read"][place + 1] and place not in life["restarts"]:
                watched[place] += good + failed
        for code, row in values.items():
            samples = tuple(
                (at, float(value))
                for at, value, read in zip(moments, row, life["read"], strict=True)
                if read and value is not None
            )
            rows.append(Series({"instance": f"{number}:1", "code": code}, samples))
    counts = added(rows, moments, lambda _: "").get("", ())
    asked = [sum(sum(life["asked"][place]) for life in lives) for place in range(8)]
    for least, count, most in zip(watched, counts, asked, strict=True):
        assert least <= (count or 0) <= most


def test_increases_that_the_expression_tells_are_rounded() -> None:
    assert increments([series(None, 2.4, 2.6, None, -1)], MOMENTS, lambda _: "") == {"": (2, 3, None, None)}


def test_the_grid_is_the_same_whenever_one_looks() -> None:
    assert grid(100.0, 60.0, 15.0) == (30.0, 45.0, 60.0, 75.0, 90.0)
    assert grid(104.9, 60.0, 15.0) == grid(90.0, 60.0, 15.0)


def test_curves_are_means_of_what_is_known() -> None:
    assert smoothed([4, 0, None, 8], 2) == [8, 4, None, 16]


def test_quantiles_are_those_of_prometheus() -> None:
    """The example of Prometheus's own test of histogram_quantile: 1 up to 0.1, 5 in all."""
    buckets = [(0.1, 1.0), (0.2, 2.0), (1.0, 3.0), (math.inf, 4.0)]
    assert quantile(0.25, buckets) == pytest.approx(0.1)
    assert quantile(0.5, buckets) == pytest.approx(0.2)
    assert quantile(0.99, buckets) == 1.0
    assert quantile(0.5, [(0.1, 0.0), (math.inf, 0.0)]) is None
    assert quantile(0.5, [(0.1, 3.0)]) is None


def test_slow_requests_are_counted_above_a_bound_that_is_near_the_limit() -> None:
    by_bound = bounds({"0.1": (90, 8), "0.25": (97, 9), "+Inf": (100, 10), "odd": (1, 1)}, 1_000.0)
    assert slow_bound(by_bound, 250.0) == 250.0
    assert slow_bound(by_bound, 240.0) == 250.0
    assert slow_bound(by_bound, 170.0) is None
    assert slow_bound(by_bound, 0.0) is None
    assert slow(by_bound, 250.0) == (3, 1)
