"""Documents of checks: docs/json.md names all that stands in them, and what is damaged is told by its field."""

from __future__ import annotations

import contextlib
import copy
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.check_document import evidence_document, run_document, run_from_document, runs_document
from mlcd_tui.domain.checks import CheckRun, CheckState, Evidence, SignatureState
from mlcd_tui.domain.errors import Unreadable
from tests.checks.runs_made import RUNS, result, run

DOCS = (Path(__file__).parents[2] / "docs" / "json.md").read_text("utf-8")
NAMED = set(re.findall(r"[A-Za-z]+", " ".join(re.findall(r"`([^`]+)`", DOCS))))


def _keys(value: Any) -> Iterator[str]:
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(item)
    if isinstance(value, dict):
        yield from value


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(RUNS)
def test_there_and_back_and_nothing_unnamed(made: CheckRun) -> None:
    document = json.loads(json.dumps(run_document(made), allow_nan=False))
    assert run_from_document(document) == made
    listed = [runs_document([made]), evidence_document([Evidence(made)])]
    assert set(_keys([document, *listed])) <= NAMED


def test_lists_say_what_runs_come_to() -> None:
    (item,) = runs_document([run()])["items"]
    assert (item["kind"], item["met"], item["of"]) == ("CheckRun", 1, 2)
    (item,) = evidence_document([Evidence(run(), SignatureState.BROKEN)])["items"]
    assert (item["signature"], item["run"]["kind"]) == ("broken", "CheckRun")


def test_every_state_is_documented() -> None:
    assert {f"`{state}`" for state in CheckState} <= set(re.findall(r"`[^`]+`", DOCS))
    assert {f"`{state}`" for state in SignatureState} <= set(re.findall(r"`[^`]+`", DOCS))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("kind",), "ModelPackage", "of kind"),
        (("started",), "yesterday", "started is not a moment"),
        (("results", 0, "state"), "fine", r"results\[0\].state is not one of waiting"),
        (("results", 0, "seconds"), float("inf"), r"results\[0\].seconds is not a finite number"),
        (("results", 0, "required"), 1, "true or false"),
        (("results", 0, "report", "findings", 0, "line"), 2**70, "a whole number"),
        (("results", 0, "report", "findings", 0, "context"), [[1]], "a list of 2"),
        (("image",), None, "image is not an object"),
        (("results",), {}, "results is not a list"),
    ],
)
def test_what_is_wrong_is_told_by_its_field(path: tuple[Any, ...], value: Any, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        run_from_document(_changed(path, value))


def _changed(path: tuple[Any, ...], value: Any) -> Any:
    document = copy.deepcopy(run_document(run()))
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return document


def test_two_results_of_one_name_are_no_run() -> None:
    twice = replace(run(), results=(result("lint"), result("lint", CheckState.FAILED)))
    with pytest.raises(Unreadable, match="two results of one name"):
        run_from_document(run_document(twice))


def test_what_is_unknown_is_passed_over_and_what_is_needed_is_told() -> None:
    document = run_document(run())
    assert run_from_document({**document, "novelty": 1}) == run()
    del document["image"]
    with pytest.raises(Unreadable, match="lacks the field image"):
        run_from_document(document)


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["apiVersion", "kind", "id", "image", "results"]), inner)
        ),
    )
)
def test_nothing_else_is_ever_raised(value: Any) -> None:
    with contextlib.suppress(Unreadable):
        run_from_document(value)
