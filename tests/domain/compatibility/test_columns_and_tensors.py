"""Columns and tensors: each rule in both directions, and what MLflow itself accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.domain.compatibility import compare_endpoints
from mlcd_tui.domain.schema import Endpoint, Extras, Field, Schema, SchemaKind
from mlcd_tui.domain.text import Clean
from mlcd_tui.domain.verdict import Finding, Verdict

CASTS = Path(__file__).parents[2] / "fixtures" / "packages" / "mlflow" / "casts.json"
OK, NO, OPEN = Verdict.COMPATIBLE, Verdict.BREAKING, Verdict.UNKNOWN


def f(name: str = "a", dtype: str = "int64", **more: Any) -> Field:
    return Field(Clean(name), dtype, **more)


def t(name: str = "a", dtype: str = "int64", **more: Any) -> Field:
    return f(name, dtype, shape=(1,), **more)


def compared(
    kind: SchemaKind, old: tuple[Field, ...], new: tuple[Field, ...], side: str, *, coerce: str = "none", **more: Any
) -> tuple[Verdict, tuple[Finding, ...]]:
    same = Schema(kind, (t("same"),) if kind is SchemaKind.TENSORS else (f("same"),))
    sides: list[dict[str, Any]] = [
        {"inputs": same, "outputs": same, side: Schema(kind, fields, **more)} for fields in (old, new)
    ]
    found = compare_endpoints(*([Endpoint(**schemas, coerce=coerce)] for schemas in sides))
    return found.verdict, found.findings


# old fields, new fields, verdict as input, verdict as output
COLUMNS = {
    "required added": ((f(),), (f(), f("b", "string")), NO, OK),
    "optional added": ((f(),), (f(), f("b", required=False)), OK, OK),
    "added with default": ((f(),), (f(), f("b", has_default=True, default=1)), OK, OK),
    "removed": ((f(), f("b")), (f(),), OPEN, NO),
    "renamed": ((f(), f("b", "string")), (f(), f("c", "string")), NO, NO),
    "reordered": ((f(), f("b")), (f("b"), f()), OK, OK),
    "became optional": ((f(),), (f(required=False),), OK, NO),
    "became required": ((f(required=False),), (f(),), NO, OK),
    "became nullable": ((f(nullable=False),), (f(nullable=True),), OK, NO),
    "no longer nullable": ((f(nullable=True),), (f(nullable=False),), NO, OK),
    "nullability said once": ((f(),), (f(nullable=True),), OPEN, OPEN),
    "type": ((f(),), (f(dtype="string"),), NO, NO),
    "choice added": ((f(choices=("a",)),), (f(choices=("a", "b")),), OK, NO),
    "choice removed": ((f(choices=("a", "b")),), (f(choices=("a",)),), NO, OK),
    "true is not one": ((f(choices=(True,)),), (f(choices=(1,)),), NO, NO),
    "range narrowed": ((f(minimum=0.0),), (f(minimum=1.0),), NO, OK),
    "range narrowed by one in millions": ((f(maximum=16777217.0),), (f(maximum=16777216.0),), NO, OK),
    "any as before": ((f(dtype="any"),), (f(dtype="any"),), OPEN, OPEN),
    "array of what is not told": ((f(dtype="array"),), (f(dtype="array"),), OPEN, OPEN),
    "range widened": ((f(maximum=1.0),), (f(),), OK, NO),
    "any": ((f(dtype="any"),), (f(),), OPEN, OPEN),
    "object of unknown content": ((f(dtype="object"),), (f(dtype="object", children=(f(),)),), OPEN, OPEN),
    "nested type": (
        (f(dtype="object", children=(f(),)),), (f(dtype="object", children=(f(dtype="string"),)),), NO, NO,
    ),
    "nested required": (
        (f(dtype="object", children=(f(required=False),)),), (f(dtype="object", children=(f(),)),), NO, OK,
    ),
    "element type": ((f(dtype="array", children=(f(""),)),), (f(dtype="array", children=(f("", "string"),)),), NO, NO),
    "map value": ((f(dtype="map", children=(f(""),)),), (f(dtype="map", children=(f("", "string"),)),), NO, NO),
    "text or string": ((f(dtype="text"),), (f(dtype="string"),), OK, OK),
    "no change": ((f(),), (f(),), OK, OK),
}  # fmt: skip
TENSORS = {
    "type": ((f(shape=(2,)),), (f(dtype="float32", shape=(2,)),), NO, NO),
    "freed": ((f(shape=(2,)),), (f(shape=(None,)),), OK, NO),
    "fixed": ((f(shape=(None, 4)),), (f(shape=(8, 4)),), NO, OK),
    "other size": ((f(shape=(2,)),), (f(shape=(3,)),), NO, NO),
    "rank": ((f(shape=(2,)),), (f(shape=(2, 1)),), NO, NO),
    "shape unknown": ((f(shape=(2,)),), (f(),), OPEN, OPEN),
    "symbol renamed": ((f(shape=("n", "n")),), (f(shape=("m", "m")),), OK, OK),
    "symbols merged": ((f(shape=("n", "m")),), (f(shape=("n", "n")),), NO, OK),
    "free sizes get a symbol": ((f(shape=(None, None)),), (f(shape=("n", "n")),), OPEN, OK),
    "a symbol is told no more": ((f(shape=("n", "n")),), (f(shape=(None, None)),), OK, OPEN),
    "one of a symbol's is free": ((f(shape=("n", "n")),), (f(shape=("n", None)),), OK, OPEN),
    "symbols split": ((f(shape=("n", "n")),), (f(shape=("n", "m")),), OK, NO),
    "equal sizes to a symbol": ((f(shape=(4, 4)),), (f(shape=("n", "n")),), OK, NO),
    "shape untold": ((f(),), (f(),), OPEN, OPEN),
    "required added": ((t(),), (t(), t("b")), NO, OK),
    "optional added": ((t(),), (t(), t("b", required=False)), OK, OK),
    "removed": ((t(), t("b")), (t(),), NO, NO),
    "order": ((t(), t("b")), (t("b"), t()), OK, OK),
    "bytes or string": ((f(dtype="text", shape=(1,)),), (f(dtype="bytes", shape=(1,)),), OK, OK),
    "string to bytes": ((f(dtype="string", shape=(1,)),), (f(dtype="bytes", shape=(1,)),), NO, NO),
    "sequence appears": ((f(),), (f(dtype="array"),), NO, NO),
    "type that is not told": ((f(dtype="any", shape=(1,)),), (f(dtype="any", shape=(1,)),), OPEN, OPEN),
    "one name twice": ((f(), f(dtype="float32")), (f(dtype="float32"), f(dtype="float32")), OPEN, OPEN),
    "sequence of what is not told": ((f(dtype="array"),), (f(dtype="array"),), OPEN, OPEN),
    "unnamed added": ((f(""),), (f(""), f("")), NO, OPEN),
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_columns(name: str, side: str) -> None:
    old, new, *wanted = COLUMNS[name]
    verdict, findings = compared(SchemaKind.COLUMNS, old, new, side)
    assert verdict is wanted[side == "outputs"], findings


@pytest.mark.parametrize("name", TENSORS)
@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_tensors(name: str, side: str) -> None:
    old, new, *wanted = TENSORS[name]
    verdict, findings = compared(SchemaKind.TENSORS, old, new, side)
    assert verdict is wanted[side == "outputs"], findings


@pytest.mark.parametrize(("extras", "verdict"), [(Extras.IGNORE, OK), (Extras.REJECT, NO), (Extras.UNKNOWN, OPEN)])
def test_what_happens_to_a_removed_column_is_for_the_server_to_say(extras: Extras, verdict: Verdict) -> None:
    old = (f(), f("b"))
    assert compared(SchemaKind.COLUMNS, old, old[:1], "inputs", extras=extras)[0] is verdict


@pytest.mark.parametrize(("extras", "verdict"), [(Extras.IGNORE, OPEN), (Extras.REJECT, NO), (Extras.UNKNOWN, OPEN)])
def test_a_column_that_is_gone_by_position_may_be_any_of_them(extras: Extras, verdict: Verdict) -> None:
    """MLflow cuts off what is too many without a word: nobody is refused, and the rest may mean another thing."""
    old = (f(""), f(""))
    found = compared(SchemaKind.COLUMNS, old, old[:1], "inputs", extras=extras, named=False, coerce="mlflow")
    assert found[0] is verdict
    assert ("refused" in found[1][0].sentence) is (extras is not Extras.IGNORE)
    assert compared(SchemaKind.COLUMNS, old, old[:1], "outputs", extras=extras, named=False)[0] is NO


def test_a_shape_that_neither_side_records_is_unknown() -> None:
    _, found = compared(SchemaKind.TENSORS, (f("x", "float32"),), (f("x", "float32"),), "inputs")
    told = {str(one.path): one.sentence for one in found if one.rule == "tensor-shape-unknown"}
    assert told["predict.inputs.x"] == "the shape of input `x` is recorded on neither side"
    assert compared(SchemaKind.TENSORS, (f("x", shape=()),), (f("x", shape=()),), "inputs")[0] is OK


def test_positions_matter_where_there_are_no_names() -> None:
    swapped = (f(), f("b")), (f("b"), f())
    assert compared(SchemaKind.COLUMNS, *swapped, "inputs", named=False)[0] is NO
    assert compared(SchemaKind.TENSORS, *swapped, "outputs", named=False)[0] is NO
    assert compared(SchemaKind.COLUMNS, (f(""),), (f(""), f("")), "outputs")[0] is NO


def test_sentences_name_the_column_and_who_is_hurt() -> None:
    _, found = compared(SchemaKind.COLUMNS, (f("age", required=False),), (f("age"),), "inputs")
    assert found[0].sentence == "input `age` became required: callers that omit it will fail"
    assert (found[0].rule, found[0].path) == ("column-required", "predict.inputs.age")
    _, found = compared(SchemaKind.COLUMNS, (f("age"),), (f("years"),), "inputs")
    assert "`age` is gone, so it may be renamed" in found[0].sentence


@pytest.mark.parametrize(
    ("old", "new", "coerce", "verdict"),
    [("int32", "int64", "json", OK), ("int64", "float64", "json", NO), ("int64", "int32", "json", NO),
     ("uint8", "int16", "json", OK), ("float32", "float64", "json", OK), ("int32", "int64", "none", NO)],
)  # fmt: skip
def test_numbers_in_json_are_read_by_the_schema(old: str, new: str, coerce: str, verdict: Verdict) -> None:
    fields = (f(dtype=old),), (f(dtype=new),)
    assert compared(SchemaKind.COLUMNS, *fields, "inputs", coerce=coerce)[0] is verdict


def test_casts_are_those_of_mlflow_itself() -> None:
    """Recorded from the library: the fixture tells how."""
    recorded = json.loads(CASTS.read_text())["accepted"]
    for old, row in recorded.items():
        for new, accepted in row.items():
            verdict, _ = compared(SchemaKind.COLUMNS, (f(dtype=old),), (f(dtype=new),), "inputs", coerce="mlflow")
            unconverted = {old, new} <= {"string", "bytes"} or (old, new) == ("bytes", "bool")
            wanted = OPEN if unconverted and old != new else OK if accepted else NO
            assert verdict is wanted, (old, new)


def test_parameters_are_cast_as_mlflow_does_it_for_them() -> None:
    """It takes any integer as any number; whether what is too large for the type still means the same is not known."""
    recorded = json.loads(CASTS.read_text())["accepted_parameters"]
    for old, row in recorded.items():
        for new, accepted in row.items():
            verdict, _ = compared(SchemaKind.COLUMNS, (f(dtype=old),), (f(dtype=new),), "params", coerce="mlflow")
            narrows = (new == "float32" and old != "float32") or (old, new) == ("int64", "int32")
            wanted = OPEN if (accepted and narrows) or (old, new) == ("string", "datetime") else OK if accepted else NO
            assert verdict is wanted, (old, new)
    single, listed = f(has_default=True, default=1), f(has_default=True, default=1, shape=(None,))
    for old, new in ((single, listed), (listed, single)):
        verdict, found = compared(SchemaKind.COLUMNS, (old,), (new,), "params", coerce="mlflow")
        assert verdict is NO, found


def test_mlflow_ignores_columns_that_it_does_not_know_and_refuses_such_properties() -> None:
    old, new = (f(dtype="object", children=(f("x"), *more)) for more in ((f("y"),), ()))
    found = compared(SchemaKind.COLUMNS, (old,), (new,), "inputs", coerce="mlflow", extras=Extras.IGNORE)
    assert found[0] is NO
    assert found[1][0].sentence == "input `y` is gone: callers that still send it will be refused"
    old, new = (f(dtype="array", children=(one,)) for one in (old, new))
    found = compared(SchemaKind.COLUMNS, (old,), (new,), "inputs", coerce="mlflow", extras=Extras.IGNORE)
    assert found[0] is NO


def test_a_changed_default_of_a_parameter_is_another_behaviour() -> None:
    one, two = (f("threshold", "float64", required=False, has_default=True, default=d) for d in (0.5, 0.7))
    verdict, found = compared(SchemaKind.COLUMNS, (one,), (two,), "params")
    assert verdict is OPEN
    assert found[0].rule == "column-default"
    assert compared(SchemaKind.COLUMNS, (one,), (one, two), "params")[0] is not NO


def test_tensors_that_widen_are_safe_for_json_callers_only() -> None:
    fields = (f(dtype="float32", shape=(1,)),), (f(dtype="float64", shape=(1,)),)
    assert compared(SchemaKind.TENSORS, *fields, "inputs", coerce="json")[0] is OPEN
    assert compared(SchemaKind.TENSORS, *fields, "outputs", coerce="json")[0] is NO
