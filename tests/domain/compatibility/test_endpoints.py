"""Endpoints are paired, missing contracts are never compatible, and the way back is looked at too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mlcd_tui.domain.compatibility import compare, compare_endpoints
from mlcd_tui.domain.package import ModelPackage
from mlcd_tui.domain.schema import Endpoint, Field, Schema, SchemaKind
from mlcd_tui.domain.text import Clean
from mlcd_tui.domain.verdict import Side, Verdict

OK, NO, OPEN = Verdict.COMPATIBLE, Verdict.BREAKING, Verdict.UNKNOWN
A, B = Field(Clean("a"), "int64"), Field(Clean("b"), "string")


def schema(*fields: Field, kind: SchemaKind = SchemaKind.COLUMNS, **more: Any) -> Schema:
    return Schema(kind, fields, **more)


def ends(*fields: Field, name: str = "predict", **more: Any) -> Endpoint:
    return Endpoint(Clean(name), **{"inputs": schema(*fields), "outputs": schema(A), **more})


def test_the_sole_endpoint_stands_against_the_sole_one_whatever_its_name() -> None:
    found = compare_endpoints([ends(A)], [ends(A, B, name="classify")])
    assert (found.verdict, found.findings[0].rule) == (NO, "column-required-added")


def test_removed_endpoints_break_and_new_ones_do_not() -> None:
    one, two = ends(A), ends(A, name="embed")
    gone = compare_endpoints([one, two], [one])
    assert (gone.verdict, gone.rollback) == (NO, OK)
    assert gone.findings[0].side is Side.ENDPOINT
    assert compare_endpoints([one], [one, two]).verdict is OK


def test_a_renamed_endpoint_is_known_by_its_route() -> None:
    old = [ends(A, route=Clean("/a")), ends(A, name="x", route=Clean("/x"))]
    new = [ends(A, name="other", route=Clean("/a")), ends(A, name="x", route=Clean("/x"))]
    assert compare_endpoints(old, new).verdict is OK


def test_a_sole_endpoint_that_moved_breaks_its_callers() -> None:
    old, new = (ends(A, name=name, route=Clean(f"/{name}")) for name in ("predict", "score"))
    found = compare_endpoints([old], [new])
    assert (found.verdict, found.rollback, found.findings[0].rule) == (NO, NO, "endpoint-route")
    assert found.headline == "endpoint `score` moved from /predict to /score: callers of the old address will fail"
    both = ends(A, name="score", route=Clean("/predict"))
    assert compare_endpoints([old], [new, both]).verdict is OK, "the old address is still there"
    assert compare_endpoints([old], [ends(A)]).verdict is OK, "an address that is not recorded tells nothing"


@pytest.mark.parametrize("empty", [Schema(), schema(kind=SchemaKind.TENSORS), schema(kind=SchemaKind.JSON)])
def test_what_is_not_recorded_is_never_compatible(empty: Schema) -> None:
    found = compare_endpoints([ends(A)], [ends(A, inputs=empty)])
    assert found.verdict is OPEN
    assert "no contract recorded for predict.inputs of the candidate" in found.headline
    assert compare_endpoints([ends(A, inputs=empty)], [ends(A, inputs=empty)]).verdict is OPEN
    assert compare(ModelPackage(), ModelPackage(endpoints=(ends(A),))).verdict is OPEN


def test_descriptions_are_compared_in_terms_that_both_have() -> None:
    shapes = ends(A, inputs=schema(replace(A, shape=(1,)), kind=SchemaKind.TENSORS))
    assert compare_endpoints([ends(A), shapes], [shapes]).verdict is OK
    found = compare_endpoints([ends(A)], [shapes])
    assert (found.verdict, found.findings[0].rule) == (OPEN, "contract-kind")
    assert "columns" in found.headline
    assert "tensors" in found.headline


def test_media_alone_can_break_but_prove_nothing() -> None:
    image, both = (Schema(SchemaKind.MODALITY, modalities=frozenset(kinds)) for kinds in ({"image"}, {"image", "text"}))
    assert compare_endpoints([ends(inputs=both)], [ends(inputs=image)]).verdict is NO
    assert compare_endpoints([ends(inputs=image)], [ends(inputs=both)]).verdict is OPEN
    assert compare_endpoints([ends(outputs=image, inputs=schema(A))], [ends(A, outputs=both)]).verdict is NO


@pytest.mark.parametrize(("old", "new", "verdict"), [(8, 4, NO), (4, 8, OK), (8, 0, NO), (0, 8, OK), (8, None, OPEN)])
def test_batches(old: int, new: int | None, verdict: Verdict) -> None:
    assert compare_endpoints([ends(A, max_batch=old)], [ends(A, max_batch=new)]).verdict is verdict


def test_parameters_that_appear_without_a_default_break() -> None:
    more = ends(A, params=schema(B))
    assert compare_endpoints([ends(A)], [more]).verdict is NO
    optional = ends(A, params=schema(Field(Clean("b"), "string", has_default=True, default="x")))
    assert compare_endpoints([ends(A)], [optional]).verdict is OK
    json = ends(A, params=schema(kind=SchemaKind.JSON, document={"type": "object", "properties": {"b": {}}}))
    assert compare_endpoints([ends(A)], [json]).verdict is OK
    assert compare_endpoints([more], [json]).verdict is OPEN


def test_what_was_checked_and_the_worst_first() -> None:
    found = compare_endpoints([ends(A, coerce="mlflow")], [ends(A, B, coerce="mlflow", params=schema(B))])
    assert found.checked == "predict: 2 inputs, 1 output, 1 parameter (columns, MLflow casts)"
    order = [finding.verdict for finding in found.findings]
    assert order == sorted(order, key=[NO, OPEN, OK].index)
    same = compare_endpoints([ends(A)], [ends(A)])
    assert (same.verdict, same.rollback, same.findings, same.headline) == (OK, OK, (), same.checked)
