"""Documents of packages: everything survives the way there and back, and nothing hostile gets through."""

from __future__ import annotations

import contextlib
import copy
import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.compatibility import compare_endpoints
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import ModelPackage, PackageEntry
from mlcd_tui.domain.package_diff import diff
from mlcd_tui.domain.package_document import (
    diff_document,
    entries_document,
    package_document,
    package_from_document,
)
from mlcd_tui.domain.package_merge import merge
from mlcd_tui.domain.schema import Endpoint, Field, Schema, SchemaKind
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.verdict import Verdict
from tests.domain.packages_made import PACKAGES, columns, predict, source, whole

NAMED = set(
    re.findall(
        r"[A-Za-z]+",
        " ".join(re.findall(r"`([^`]+)`", (Path(__file__).parents[2] / "docs" / "json.md").read_text("utf-8"))),
    )
)
FREE = {"tags", "parameters", "environment", "hardware", "document", "roots", "default"}
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def _back(package: ModelPackage) -> ModelPackage:
    return package_from_document(json.loads(json.dumps(package_document(package), allow_nan=False)))


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(PACKAGES)
def test_there_and_back(package: ModelPackage) -> None:
    assert _back(package) == package


def test_json_schemas_survive_with_the_document_they_point_into() -> None:
    root = {"components": {"schemas": {"In": {"type": "object", "properties": {"a\u202eb": {"enum": ["\x1b[31m"]}}}}}}
    inputs = Schema(SchemaKind.JSON, document={"$ref": "#/components/schemas/In"}, root=root, dialect="openapi-3.0")
    outputs = replace(inputs, document=True)
    package = whole(endpoints=(Endpoint(inputs=inputs, outputs=outputs),))
    assert _back(package).endpoints == package.endpoints
    assert package_document(package)["roots"] == [root]


def test_documents_that_differ_in_true_and_one_stay_apart() -> None:
    roots: list[dict[str, Any]] = [{"d": {"const": 1}}, {"d": {"const": True}}]
    sides = [Schema(SchemaKind.JSON, document={"$ref": "#/d"}, root=root) for root in roots]
    back = _back(whole(endpoints=(Endpoint(inputs=sides[0], outputs=sides[1]),))).endpoints[0]
    assert json.dumps([back.inputs.root, back.outputs.root]) == json.dumps(roots)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_has_not_does_not_become_null(number: float) -> None:
    """`const: .nan` of YAML takes no value at all, and null would be one."""
    schema = {"properties": {"a": {"const": number}, "b": {"enum": [None, number]}}}
    odd = Field(clean("a"), "float64", has_default=True, default=number, choices=(number, None))
    rooted = Schema(SchemaKind.JSON, document={"$ref": "#/d"}, root={"d": schema}, dialect="2020-12")
    sides = Endpoint(
        inputs=Schema(SchemaKind.JSON, document=schema), outputs=rooted, params=Schema(SchemaKind.COLUMNS, (odd,))
    )
    back = _back(whole(endpoints=(sides,))).endpoints[0]
    assert repr(back) == repr(sides)
    null = replace(sides, inputs=Schema(SchemaKind.JSON, document={"properties": {"a": {"const": None}}}))
    assert compare_endpoints([back], [null]).verdict is Verdict.UNKNOWN
    marked = replace(rooted, document={"$nonFinite": "NaN"}, root={"$nonFinite": "NaN"})
    assert _back(whole(endpoints=(Endpoint(inputs=marked),))).endpoints[0].inputs == marked


def test_default_null_is_not_no_default() -> None:
    fields = (Field(clean("a"), "int64", has_default=True), Field(clean("b"), "int64"))
    read = _back(whole(endpoints=(predict(Schema(SchemaKind.COLUMNS, fields)),)))
    assert [(one.has_default, one.default) for one in read.endpoints[0].inputs.fields] == [(True, None), (False, None)]


def test_a_merged_package_keeps_its_origins() -> None:
    package = merge([whole(), whole(name=clean("fraud"), sources=(source(20),))])
    assert package.contradictions
    assert _back(package) == package


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        yield value, key
        yield from _places(item)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


FULL = package_document(merge([whole(tags=((clean("a"), clean("b")),)), whole(sources=(source(20),))]))
HOSTILE: list[Any] = [
    None,
    True,
    -1,
    10**400,
    1e999,
    "x" * 30_000,
    "\x1b[31mred\u202e",
    [],
    [[]],
    {},
    {"a": 1},
    "unknown",
]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_field_may_hold_anything_and_only_unreadable_is_raised(data: st.DataObject) -> None:
    document = copy.deepcopy(FULL)
    for holder, key in data.draw(st.lists(st.sampled_from(list(_places(document))), min_size=1, max_size=3)):
        if isinstance(holder, dict) or key < len(holder):
            holder[key] = data.draw(st.sampled_from(HOSTILE))
    with contextlib.suppress(Unreadable):
        package = package_from_document(document)
        shown = package_document(replace(package, endpoints=()))
        assert all(clean(text, limit=20_000) == text for text in _strings(shown))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"training": {"started": "yesterday"}}, "training.started"),
        ({"artifacts": [{"role": "weights"}]}, "artifacts[0].path"),
        ({"metrics": [{"name": "f1", "value": "high"}]}, "metrics[0].value"),
        ({"endpoints": [{"inputs": {"kind": "rows"}}]}, "endpoints[0].inputs.kind"),
        (
            {"endpoints": [{"inputs": {"fields": [{"name": "a", "dtype": "int3"}]}}]},
            "endpoints[0].inputs.fields[0].dtype",
        ),
        ({"endpoints": [{"source": 7}]}, "endpoints[0].source"),
        ({"origins": [{"field": "name", "claims": [{"source": 9, "value": "x"}]}]}, "origins[0].claims"),
        ({"tags": ["a"]}, "tags"),
        ({"kind": "Pod"}, "kind"),
        ({"roots": 7}, "roots"),
    ],
)
def test_the_field_that_is_wrong_is_named(change: dict[str, Any], word: str) -> None:
    with pytest.raises(Unreadable, match=re.escape(word)):
        package_from_document({"apiVersion": "mlcd.dev/v1", "kind": "ModelPackage", **change})


def test_bombs_are_refused_at_once() -> None:
    deep: Any = {}
    for _ in range(500):
        deep = {"a": deep}
    head = {"apiVersion": "mlcd.dev/v1", "kind": "ModelPackage"}
    with pytest.raises(Unreadable, match="deeply"):
        package_from_document({**head, "roots": [deep]})
    with pytest.raises(Unreadable, match="values"):
        package_from_document({**head, "limits": [""] * 500_000})
    with pytest.raises(Unreadable, match="object"):
        package_from_document([])


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            if key not in FREE:
                yield from _keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from _keys(item)


def test_the_page_names_every_field() -> None:
    json_side = Schema(SchemaKind.JSON, document={}, root={"a": 1}, dialect="draft-7", modalities=frozenset({"text"}))
    field = Field(
        clean("a"),
        "int64",
        clean("long"),
        (1,),
        False,
        True,
        True,
        1,
        (1,),
        0.0,
        1.0,
        columns("x").fields,
        clean("doc"),
    )
    full = Schema(SchemaKind.COLUMNS, (field,), named=False)
    package = merge([whole(endpoints=(Endpoint(inputs=full, outputs=json_side),))])
    listing = entries_document([PackageEntry("mlflow:churn/7", clean("churn"), tags={"a": clean("b")})])
    documents = [package_document(package), diff_document(diff(whole(metrics=()), package)), listing]
    unnamed = {key for document in documents for key in _keys(document)} - NAMED
    assert not unnamed, sorted(unnamed)
    for document, kind in zip(documents, ("ModelPackage", "PackageDiff", "PackageList"), strict=True):
        assert (document["apiVersion"], document["kind"]) == ("mlcd.dev/v1", kind)
        assert json.loads(json.dumps(document, allow_nan=False)) == document
