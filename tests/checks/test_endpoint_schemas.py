"""Schemas of a server that is not to be trusted, and inputs made from them."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcd_tui.checks.kinds._asking import Asker
from mlcd_tui.checks.kinds._contract_mlflow import mlflow
from mlcd_tui.checks.kinds._contract_openapi import openapi
from mlcd_tui.checks.kinds._examples import NoExampleError, example
from mlcd_tui.checks.kinds._schemas import cheap, modern, objection, resolved
from mlcd_tui.domain.errors import BadConfig, Unreadable

_WORDS = st.sampled_from(
    ["type", "properties", "required", "items", "anyOf", "allOf", "$ref", "enum", "minimum", "pattern", "not", "a"]
)
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["object", "array", "integer", "#/components/a", "(", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=15,
)
_SCHEMAS: st.SearchStrategy[Any] = st.deferred(
    lambda: st.one_of(
        st.builds(
            lambda low, size: {"type": "integer", "minimum": low, "maximum": low + size},
            st.integers(-99, 99),
            st.integers(0, 9),
        ),
        st.builds(
            lambda low: {"type": "number", "exclusiveMinimum": low, "exclusiveMaximum": low + 0.25}, st.floats(-99, 99)
        ),
        st.builds(lambda step: {"type": "number", "multipleOf": step, "minimum": 7}, st.sampled_from([0.5, 2, 3, 10])),
        st.builds(lambda least: {"type": "string", "minLength": least}, st.integers(0, 30)),
        st.sampled_from(
            [{"type": "boolean"}, {"type": ["string", "null"]}, {"type": "null"}, {"enum": [3, "a"]}, {"const": 4}]
        ),
        st.sampled_from([{"type": "string", "pattern": p} for p in ("^[A-Z]{3}$", "^a", "[0-9]+", "^v?[0-9]+$")]),
        st.builds(lambda items, n: {"type": "array", "items": items, "minItems": n}, _SCHEMAS, st.integers(0, 3)),
        st.builds(lambda one: {"anyOf": [{"type": "null"}, one]}, _SCHEMAS),
        st.builds(
            lambda parts: {
                "type": "object",
                "properties": parts,
                "required": sorted(parts),
                "additionalProperties": False,
            },
            st.dictionaries(st.sampled_from("abcd"), _SCHEMAS, max_size=3),
        ),
    )
)


@settings(deadline=None, max_examples=150)
@given(_SCHEMAS)
def test_usual_schemas_have_an_example_always_the_same(schema: Any) -> None:
    try:
        value = example(schema, {})
    except NoExampleError:
        assert "v?" in str(schema) or "A-Z" in str(schema), "only a pattern may be too hard"
        return
    assert objection(value, schema, {}) == ""
    assert example(schema, {}) == value


@settings(deadline=None, max_examples=100)
@given(_JSON, _JSON)
def test_whatever_a_server_calls_a_schema_nothing_is_raised(schema: Any, value: Any) -> None:
    root = {"components": {"a": schema}}
    objection(value, schema, root)
    resolved({"$ref": "#/components/a"}, root)
    with contextlib.suppress(NoExampleError):
        example(schema, root)
    with contextlib.suppress(Unreadable):
        openapi({"openapi": "3.0.1", "paths": {"/x": {"post": schema}}, "components": {"schemas": {"a": schema}}})


def test_costly_schemas_are_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlcd_tui.checks.kinds._schemas._SECONDS", 0.3)
    started = time.monotonic()
    for pattern in ("(a+)+$", "(a|a)*b", "a*a*a*a*b", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.)\\1"):
        assert not cheap(pattern)
        document = modern({"properties": {"pattern": {"type": "string", "pattern": pattern}}})
        assert document == {"properties": {"pattern": {"type": "string"}}}
    doubling: dict[str, Any] = {
        f"s{n}": {"anyOf": [{"$ref": f"#/components/s{n + 1}"}, {"$ref": f"#/components/s{n + 1}"}]} for n in range(40)
    }
    doubling["s40"] = {"type": "string"}
    assert objection(1, {"$ref": "#/components/s0"}, {"components": doubling}) is None
    loop = {"a": {"$ref": "#/components/a"}}
    assert objection(1, {"$ref": "#/components/a"}, {"components": loop}) is None
    deep: Any = {}
    for _ in range(500):
        deep = {"not": deep}
    with pytest.raises(Unreadable):
        modern(deep)
    assert time.monotonic() - started < 5


def test_schemas_that_grow_without_end_have_no_example() -> None:
    names = [f"p{n}" for n in range(10)]
    wide = {"type": "object", "required": names, "properties": {name: {"$ref": "#/components/a"} for name in names}}
    started = time.monotonic()
    with pytest.raises(NoExampleError):
        example({"$ref": "#/components/a"}, {"components": {"a": wide}})
    assert time.monotonic() - started < 3
    aliases = b"signature:\n  inputs: [&a {name: x, type: double}, *a]\n"
    with pytest.raises(Unreadable, match="aliases"):
        mlflow(aliases)


def test_a_path_cannot_lead_to_another_machine() -> None:
    asker = Asker("http://127.0.0.1:9", lambda: False)
    assert asker.ask("POST", "@192.0.2.1/steal").trouble == "the path does not begin with /"
    for url in ("http://192.0.2.1", "http://127.0.0.1@192.0.2.1", "https://127.0.0.1", "file:///etc/hostname"):
        with pytest.raises(BadConfig):
            Asker(url, lambda: False)


def test_references_are_never_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetched(*_: Any, **__: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr("urllib.request.urlopen", fetched)
    assert objection(1, {"$ref": "http://127.0.0.1:9/schema.json"}, {}) is None
    assert objection(1, {"$ref": "file:///etc/hostname"}, {}) is None


def test_openapi_3_0_is_read_as_it_is_meant() -> None:
    old = {"type": "integer", "minimum": 0, "exclusiveMinimum": True, "nullable": True}
    schema = modern(old, openapi30=True)
    assert objection(None, schema, {}) == ""
    assert objection(0, schema, {}) != ""
    assert objection(1, schema, {}) == ""
    named = modern({"properties": {"nullable": {"type": "string"}, "$id": {"type": "string"}}}, openapi30=True)
    assert sorted(named["properties"]) == ["$id", "nullable"]
