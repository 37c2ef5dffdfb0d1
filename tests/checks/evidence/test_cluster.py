"""Evidence in ConfigMaps: found by digest, whole or trimmed, and nobody else's ConfigMap is believed or replaced."""

from __future__ import annotations

import contextlib
import copy
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcd_tui.checks.evidence.cluster import (
    LABEL,
    MOST_BYTES,
    MOST_RUNS,
    cluster_document,
    config_map_name,
    read_config_map,
)
from mlcd_tui.checks.evidence.reading import seal_with
from mlcd_tui.domain.checks import CheckRun, CheckState, Report, SignatureState
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import Clean
from tests.checks.evidence.keys_made import made_key
from tests.checks.runs_made import MANIFEST, NOW, OTHER, finding, pushed, result, run

UNSIGNED = seal_with(None)


def _published(made: CheckRun, before: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"digest": MANIFEST, "namespace": "payments", "by": "maria", "at": NOW, "before": before}
    return cluster_document(made, UNSIGNED, **{**told, **more})


def _later(number: int, **more: Any) -> CheckRun:
    return run(id=f"run-{number}", finished=NOW + timedelta(minutes=number), **more)


def test_there_and_back() -> None:
    body = _published(run())
    assert body["metadata"]["name"] == config_map_name(MANIFEST) == f"mlcd-checks-{'b2' * 20}"
    assert body["metadata"]["labels"] == {LABEL: "churn"}
    (evidence,) = read_config_map(body, MANIFEST, ()).evidence
    assert (evidence.run, evidence.signature) == (run(), SignatureState.UNSIGNED)
    assert evidence.found_in == f"ConfigMap {config_map_name(MANIFEST)} in payments"


def test_a_signature_survives(tmp_path: Path) -> None:
    key = made_key(tmp_path)
    body = cluster_document(run(), seal_with(key), digest=MANIFEST, namespace="payments", by="maria", at=NOW)
    (evidence,) = read_config_map(body, MANIFEST, (key.public("maria"),)).evidence
    assert evidence.signature is SignatureState.VERIFIED


def test_what_was_there_stays_newest_first_and_replaced_whole() -> None:
    body = _published(_later(1))
    body["metadata"]["resourceVersion"] = "41"
    body = _published(_later(2), body)
    assert body["metadata"]["resourceVersion"] == "41"
    assert [each.run.id for each in read_config_map(body, MANIFEST, ()).evidence] == ["run-2", "run-1"]


def test_the_oldest_make_room() -> None:
    body = None
    for number in range(MOST_RUNS + 3):
        body = _published(_later(number), body)
    assert body is not None
    found = [each.run.id for each in read_config_map(body, MANIFEST, ()).evidence]
    assert len(found) == MOST_RUNS
    assert (found[0], found[-1]) == (f"run-{MOST_RUNS + 2}", "run-3")


def test_findings_are_trimmed_until_it_fits() -> None:
    many = tuple(finding(message=Clean("x" * 1_900), line=line) for line in range(1, 501))
    body = _published(_later(2, results=(result(state=CheckState.FAILED, report=Report(many)),)), _published(_later(1)))
    assert sum(len(text.encode()) for text in body["data"].values()) <= MOST_BYTES
    newest, _older = read_config_map(body, MANIFEST, ()).evidence
    report = newest.run.results[0].report
    assert newest.run.results[0].state is CheckState.FAILED
    assert len(report.findings) + report.truncated == 500


@pytest.mark.parametrize(
    "more", [{"digest": OTHER}, {"digest": ""}, {"digest": "churn:1.4.2"}, {"namespace": "a/b"}, {"namespace": ""}]
)
def test_evidence_goes_only_where_it_belongs(more: dict[str, Any]) -> None:
    with pytest.raises(BadConfig):
        _published(run(), **more)


def test_somebody_else_s_config_map_is_neither_replaced_nor_believed() -> None:
    body = _published(run())
    stranger = {**body, "metadata": {**body["metadata"], "labels": {}}}
    with pytest.raises(BadConfig, match="somebody else"):
        _published(run(), stranger)
    assert read_config_map(stranger, MANIFEST, ()).evidence == ()


def test_evidence_of_another_image_is_passed_over_and_told() -> None:
    body = _published(run())
    body["data"] |= _published(pushed(_later(5), OTHER), digest=OTHER)["data"]
    body["data"]["run-20270101T000000-x.json"] = "{"
    found = read_config_map(body, MANIFEST, ())
    assert [each.run.id for each in found.evidence] == [run().id]
    assert ["another image" in found.troubles[1], "no JSON" in found.troubles[0]] == [True, True]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        [(), ("metadata",), ("metadata", "labels"), ("metadata", "annotations"), ("metadata", "name"), ("data",)]
    ),
    st.none()
    | st.integers()
    | st.text(max_size=5)
    | st.lists(st.none(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)
def test_no_config_map_raises(path: tuple[str, ...], value: Any) -> None:
    body: Any = copy.deepcopy(_published(run()))
    place = body
    for key in path[:-1]:
        place = place[key]
    if path:
        place[path[-1]] = value
    read_config_map(body, MANIFEST, ())
    with contextlib.suppress(BadConfig):
        _published(_later(3), body)


def test_values_that_are_no_text_are_passed_over() -> None:
    body = _published(run())
    body["data"]["run-20270101T000000-x.json"] = 7
    body["data"]["notes"] = json.dumps({})
    assert read_config_map(body, MANIFEST, ()).troubles == ()
