"""Thousands of pairs of schemas: `compatible` is never wrong, and what is `breaking` has a value that shows it.

An independent validator is the judge. Pairs are random schemas and small changes of them, the same in each run.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis_jsonschema import from_schema
from jsonschema import Draft7Validator, Draft202012Validator
from jsonschema.protocols import Validator

from mlcd_tui.domain.compatibility.json_contract import explain_json
from mlcd_tui.domain.compatibility.json_evaluate import holds_claims
from mlcd_tui.domain.schema import Schema, SchemaKind
from mlcd_tui.domain.verdict import Side, Verdict
from tests.domain.compatibility.schemas_made import Maker, near

PAIRS = 800


def _schema(document: Any, dialect: str) -> Schema:
    return Schema(SchemaKind.JSON, document=document, dialect=dialect)


def _pair(maker: Maker, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    one = maker.document()
    return one, maker.changed(one) if seed % 4 else maker.document()


@pytest.mark.parametrize("modern", [True, False], ids=["2020-12", "draft-7"])
@pytest.mark.parametrize("part", range(6))
def test_compatible_is_proven_and_breaking_has_a_witness(part: int, modern: bool) -> None:
    judge: type[Validator] = Draft202012Validator if modern else Draft7Validator
    dialect = "2020-12" if modern else "draft-7"
    told: dict[Verdict, int] = dict.fromkeys(Verdict, 0)
    for seed in range(part * PAIRS, (part + 1) * PAIRS):
        maker = Maker(seed, modern=modern)
        old, new = _pair(maker, seed)
        side = Side.INPUT if seed % 2 else Side.OUTPUT
        reports = explain_json(side, "x", _schema(old, dialect), _schema(new, dialect))
        verdicts = {report.finding.verdict for report in reports}
        narrow, wide = (old, new) if side is Side.INPUT else (new, old)
        gives, takes = judge(narrow), judge(wide)
        if verdicts <= {Verdict.COMPATIBLE}:
            told[Verdict.COMPATIBLE] += 1
            for n in range(24):
                value = near(narrow if n % 2 else wide, maker.value(), maker)
                assert takes.is_valid(value) or not gives.is_valid(value), (seed, narrow, wide, value)
        told[Verdict.BREAKING] += Verdict.BREAKING in verdicts
        for report in reports:
            if report.finding.verdict is Verdict.BREAKING and not holds_claims(report.witness):
                assert gives.is_valid(report.witness), (seed, report, narrow)
                assert not takes.is_valid(report.witness), (seed, report, wide)
    assert told[Verdict.COMPATIBLE] > PAIRS * 0.4  # the proof reaches most of what is true
    assert told[Verdict.BREAKING] > PAIRS * 0.25


@settings(max_examples=120, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.integers(0, 5_000))
def test_generated_valid_requests_of_today_pass_the_candidate(data: st.DataObject, seed: int) -> None:
    maker = Maker(seed, modern=False)
    maker.refs = False
    named = {name: _flat(maker) for name in ("a", "b", "c")}
    old = {"type": "object", "properties": named, "required": maker.random.sample("abc", 2)}
    new = {**maker.changed(old), "$defs": {}} if seed % 2 else {"anyOf": [_flat(maker), old]}
    reports = explain_json(Side.INPUT, "x", _schema(old, "draft-7"), _schema(new, "draft-7"))
    strategies = {name: from_schema(schema) for name, schema in named.items()}
    if {report.finding.verdict for report in reports} <= {Verdict.COMPATIBLE}:
        if any(strategies[name].is_empty for name in old["required"]):
            return  # there are no requests at all
        filled = {name: strategy for name, strategy in strategies.items() if not strategy.is_empty}
        needed = {name: filled.pop(name) for name in old["required"]}
        value = data.draw(st.fixed_dictionaries(needed, optional=filled))
        assume(Draft7Validator(old).is_valid(value))  # the generator errs now and then
        assert Draft7Validator(new).is_valid(value), (old, new, value)


def _flat(maker: Maker) -> Any:
    """A schema without objects, which the generator of instances does not make with the library of today."""
    while True:
        schema = maker.schema(2)
        if isinstance(schema, dict) and schema.get("type") and not re.search("object|ropert|requi|if|not", str(schema)):
            with suppress(InvalidArgument):  # lengths that exclude each other
                from_schema(schema).validate()
                return schema


@pytest.mark.parametrize("part", range(2))
def test_openapi_nullable_is_a_type(part: int) -> None:
    for seed in range(part * PAIRS, (part + 1) * PAIRS):
        maker = Maker(seed, modern=False)
        old, new = (_openapi(schema) for schema in _pair(maker, seed))
        reports = explain_json(Side.INPUT, "x", _schema(old, "openapi-3.0"), _schema(new, "openapi-3.0"))
        gives, takes = Draft7Validator(_plain(old)), Draft7Validator(_plain(new))
        proven = {report.finding.verdict for report in reports} <= {Verdict.COMPATIBLE}
        for n in range(12 if proven else 0):
            value = near(old if n % 2 else new, maker.value(), maker)
            assert takes.is_valid(value) or not gives.is_valid(value), (seed, old, new, value)


def _openapi(schema: Any) -> Any:
    """In the words of OpenAPI 3.0: `nullable` and truth values for exclusive bounds."""
    if isinstance(schema, list):
        return [_openapi(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: part if key in {"enum", "const"} else _openapi(part) for key, part in schema.items()}
    if isinstance(made.get("type"), list) and "null" in made["type"] and len(made["type"]) == 2:
        made["type"] = next(kind for kind in made["type"] if kind != "null")
        made["nullable"] = True
    for word in ("Minimum", "Maximum"):
        if (bound := made.get(f"exclusive{word}")) is not None and not isinstance(bound, bool):
            made[word.lower()] = bound
            made[f"exclusive{word}"] = True
    return made


def _plain(schema: Any) -> Any:
    """Back to draft 7, for the judge."""
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: part if key in {"enum", "const"} else _plain(part) for key, part in schema.items()}
    if made.pop("nullable", None) is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    for word in ("Minimum", "Maximum"):
        if made.get(f"exclusive{word}") is True:
            made[f"exclusive{word}"] = made.pop(word.lower())
    return made
