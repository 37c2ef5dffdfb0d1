"""JSON Schema: each rule in both directions, what stays open, and work that is bounded."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mlcd_tui.domain.compatibility import compare_endpoints
from mlcd_tui.domain.schema import Endpoint, Schema, SchemaKind
from mlcd_tui.domain.verdict import Compatibility, Verdict

OK, NO, OPEN = Verdict.COMPATIBLE, Verdict.BREAKING, Verdict.UNKNOWN
INT, NUM, TEXT, NULL = ({"type": name} for name in ("integer", "number", "string", "null"))


def obj(*required: str, **named: Any) -> dict[str, Any]:
    return {"type": "object", "properties": named, "required": list(required)}


def compared(
    old: Any, new: Any, side: str = "inputs", dialect: str = "2020-12", *, only: bool = False
) -> Compatibility:
    plain = Schema(SchemaKind.JSON, document={"type": "object"}, dialect=dialect)
    schemas: list[dict[str, Any]] = [
        {"inputs": plain, "outputs": plain, side: Schema(SchemaKind.JSON, document=document, dialect=dialect)}
        for document in (old, new)
    ]
    both = [[Endpoint(**sides)] for sides in schemas]
    return compare_endpoints(*both, declared_only=only)


SHUT = {"additionalProperties": False}
# old, new, verdict as input, verdict as output
CASES: dict[str, tuple[Any, Any, Verdict, Verdict]] = {
    "became required": (obj(a=INT), obj("a", a=INT), NO, OK),
    "became required beside a pattern": (
        obj("e", e={"type": "string", "pattern": "^x+$"}, a=INT), obj("e", "a", e={"type": "string", "pattern": "^x+$"}, a=INT), NO, OK,
    ),
    "declared where it was open": (obj(), obj(a=INT), OPEN, OK),
    "added to a closed one": ({**obj(), **SHUT}, {**obj(a=INT), **SHUT}, OK, NO),
    "no longer declared": (obj(a=INT), obj(), OK, OPEN),
    "gone though it was required": (obj("a", a=INT), obj(), OK, NO),
    "closed": (obj(a=INT), {**obj(a=INT), **SHUT}, NO, OK),
    "map of another type": ({"type": "object", "additionalProperties": INT}, {"type": "object", "additionalProperties": NUM}, OK, NO),
    "integer to number": (obj(a=INT), obj(a=NUM), OK, NO),
    "null added": (obj(a=INT), obj(a={"type": ["integer", "null"]}), OK, NO),
    "type changed": (obj(a=INT), obj(a=TEXT), NO, NO),
    "enum value removed": ({"enum": ["a", "b"]}, {"enum": ["a"]}, NO, OK),
    "const to enum": ({"const": 1}, {"enum": [1.0, 2]}, OK, NO),
    "enum that the type covers": ({"enum": [1, 2]}, INT, OK, NO),
    "boolean as enum": ({"type": "boolean"}, {"enum": [False, True]}, OK, OK),
    "true is not one": ({"const": 1}, {"const": True}, NO, NO),
    "minimum": (INT, {"type": "integer", "minimum": 0}, NO, OK),
    "exclusive bound of integers": ({"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 1}, OK, OK),
    "exclusive bound of numbers": ({"type": "number", "exclusiveMinimum": 0}, {"type": "number", "minimum": 1}, NO, OK),
    "multiples": ({"type": "integer", "multipleOf": 6}, {"type": "integer", "multipleOf": 3}, OK, NO),
    "length": ({"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 4}, NO, OK),
    "pattern that no text of two lines has": (TEXT, {"type": "string", "pattern": "^.*$"}, OPEN, OK),
    "pattern that every text has": (TEXT, {"type": "string", "pattern": ".*"}, OK, OK),
    "pattern changed": ({"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^.a"}, OPEN, OPEN),
    "pattern dropped": ({"type": "string", "pattern": "^a+$"}, TEXT, OK, OPEN),
    "format changed": ({"type": "string", "format": "date"}, {"type": "string", "format": "uuid"}, OPEN, OPEN),
    "format dropped": ({"type": "string", "format": "date"}, TEXT, OK, OPEN),
    "encoding changed": ({"type": "string", "contentEncoding": "base64"}, TEXT, OK, OPEN),
    "element type": ({"type": "array", "items": INT}, {"type": "array", "items": TEXT}, NO, NO),
    "tuple grew": ({"prefixItems": [INT], "items": False, "type": "array"}, {"prefixItems": [INT, INT], "items": False, "type": "array"}, OK, NO),
    "fewer elements": ({"type": "array", "maxItems": 5}, {"type": "array", "maxItems": 4}, NO, OK),
    "repeats": ({"type": "array"}, {"type": "array", "uniqueItems": True}, NO, OK),
    "contains": ({"type": "array"}, {"type": "array", "contains": INT}, NO, OK),
    "contains more than enough": ({"type": "array", "items": INT, "minItems": 1}, {"type": "array", "contains": NUM}, OK, NO),
    "alternative removed": ({"anyOf": [INT, TEXT]}, INT, NO, OK),
    "alternatives in another order": ({"anyOf": [INT, TEXT]}, {"anyOf": [TEXT, INT]}, OK, OK),
    "alternatives as types": ({"type": ["integer", "string"]}, {"anyOf": [INT, TEXT]}, OK, OK),
    "one of disjoint": (INT, {"oneOf": [INT, TEXT]}, OK, NO),
    "one of overlapping": (INT, {"oneOf": [INT, NUM]}, NO, NO),
    "all of": ({"allOf": [INT, {"minimum": 3}]}, {"type": "integer", "minimum": 1}, OK, NO),
    "not": (INT, {"not": TEXT}, OK, NO),
    "not what it was": (TEXT, {"not": TEXT}, NO, NO),
    "if then": (obj("k", k={"const": "a"}), {"if": obj("k", k={"const": "a"}), "then": {"required": ["z"]}}, NO, NO),
    "if that never holds": (INT, {"if": TEXT, "then": False}, OK, NO),
    "dependent": (obj(a=INT, b=INT), {**obj(a=INT, b=INT), "dependentRequired": {"a": ["b"]}}, NO, OK),
    "dependent schema": (obj(a=INT), {**obj(a=INT), "dependentSchemas": {"a": {"required": ["b"]}}}, NO, OK),
    "names": ({**obj(ab=INT), **SHUT}, {"type": "object", "propertyNames": {"maxLength": 2}}, OK, NO),
    "pattern properties": ({"type": "object", "patternProperties": {"^x": INT}}, {"type": "object", "patternProperties": {"^x": NUM}}, OK, OPEN),
    "unevaluated": ({"allOf": [obj(a=INT)], "unevaluatedProperties": False}, {**obj(a=INT), **SHUT}, OK, OK),
    "evaluated by a condition": ({"type": "object", "if": obj("a", a=True), "unevaluatedProperties": False}, {"type": "object", "maxProperties": 0}, OPEN, OPEN),
    "new and required": (obj(), obj("a", a=INT), NO, OK),
    "nothing was accepted": (False, {"type": "string"}, OK, NO),
    "nothing can be sent": ({"type": "integer", "minimum": 3, "maximum": 2}, TEXT, OK, NO),
    "anything": (True, {}, OK, OK),
    "remote": ({"$ref": "https://example.org/a"}, {"$ref": "https://example.org/a"}, OPEN, OPEN),
    "description only": ({**INT, "description": "x"}, {**INT, "description": "y"}, OK, OK),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_rules(name: str, side: str) -> None:
    old, new, *wanted = CASES[name]
    found = compared(old, new, side)
    assert found.verdict is wanted[side == "outputs"], found.findings
    mirrored = compared(new, old, "outputs" if side == "inputs" else "inputs")
    assert mirrored.verdict is found.verdict, "the directions are mirrors of each other"


def test_only_declared_properties_are_sent_by_wish() -> None:
    assert compared(obj(), obj(a=INT), only=True).verdict is OK
    assert compared(obj(), {**obj(), **SHUT}, only=True).verdict is OK
    assert compared(obj(a=INT), obj(a=TEXT), only=True).verdict is NO
    inner = compared(obj(x=obj()), obj(x=obj(a=INT)))
    assert (inner.verdict, inner.findings[0].path) == (OPEN, "predict.inputs/x/a")


def test_paths_and_sentences_tell_where_and_who() -> None:
    old = obj(age=INT, items={"type": "array", "items": obj("score", score=NUM)})
    new = obj("age", age=INT, items={"type": "array", "items": obj("score", score=TEXT)})
    found = {str(finding.path): finding for finding in compared(old, new).findings}
    assert found["predict.inputs/age"].sentence == "input `age` became required: callers that omit it will fail"
    assert found["predict.inputs/items/items/score"].rule == "json-type"
    assert "no longer accepts number" in found["predict.inputs/items/items/score"].sentence
    out = compared(old, new, "outputs").findings[0]
    assert out.path == "predict.outputs/items/items/score"


def test_defaults_and_harmless_changes_are_told() -> None:
    found = compared(obj(t={**NUM, "default": 1}), obj(t={**NUM, "default": 2}))
    assert (found.verdict, found.findings[0].rule) == (OPEN, "json-default")
    found = compared(obj("a", a=INT), obj(a=NUM))
    assert "json-optional" in {finding.rule for finding in found.findings}
    assert (found.verdict, found.rollback) == (OK, NO)


NODE = {"$ref": "#/$defs/node"}


def tree(leaf: Any) -> dict[str, Any]:
    return {**NODE, "$defs": {"node": obj("v", v=leaf, kids={"type": "array", "items": NODE})}}


def test_recursion_is_proven_by_induction() -> None:
    assert compared(tree(INT), tree(NUM)).verdict is OK
    assert compared(tree(INT), tree(TEXT)).verdict is NO
    assert compared({"$ref": "#"}, {"$ref": "#", "title": "x"}).verdict is OPEN


def test_openapi_has_its_own_words() -> None:
    nullable = {"type": "string", "nullable": True}
    assert compared(obj(a=TEXT), obj(a=nullable), dialect="openapi-3.0").verdict is OK
    assert compared(obj(a=nullable), obj(a=TEXT), dialect="openapi-3.0").verdict is NO
    listed = {"type": "string", "enum": ["a"]}
    vague, wider = {**listed, "nullable": True}, {"type": "string", "enum": ["a", "b"], "nullable": True}
    assert compared(vague, listed, dialect="openapi-3.0").verdict is OPEN
    assert compared(vague, wider, dialect="openapi-3.0").verdict is OK
    assert compared({"enum": ["a", None]}, vague, dialect="openapi-3.0").verdict is OPEN
    strict = {"type": "integer", "minimum": 0, "exclusiveMinimum": True}
    assert compared(strict, {"type": "integer", "minimum": 1}, dialect="openapi-3.0").rollback is OK
    root = {"components": {"schemas": {"In": obj("a", a=INT)}}}
    old, new = (
        Endpoint(
            inputs=Schema(
                SchemaKind.JSON, document={"$ref": "#/components/schemas/In"}, root=doc, dialect="openapi-3.0"
            ),
            outputs=Schema(SchemaKind.JSON, document={}),
        )
        for doc in (root, {"components": {"schemas": {"In": obj("a", a=TEXT)}}})
    )
    assert compare_endpoints([old], [new]).verdict is NO
    assert compare_endpoints([old], [old]).verdict is OK


@pytest.mark.parametrize(
    "schema",
    [{"allOf": [TEXT]}, {"$ref": "#/components/X"}],
    ids=["without type", "beside a reference"],
)
def test_nullable_where_readers_of_openapi_disagree_is_unknown(schema: dict[str, Any]) -> None:
    plain, null = ({**obj(a=one), "components": {"X": TEXT}} for one in (schema, {**schema, "nullable": True}))
    assert compared(null, plain, dialect="openapi-3.0").verdict is OPEN
    assert compared(plain, null, dialect="openapi-3.0").verdict is OK
    assert compared(plain, null, "outputs", dialect="openapi-3.0").verdict is OPEN
    other = {**obj(a={"nullable": True, "allOf": [schema]}), "components": {"X": TEXT}}
    assert compared(null, other, dialect="openapi-3.0").verdict is OK, "the same in other words"


def test_references_by_anchor_and_address() -> None:
    anchor = {"$ref": "#n", "$defs": {"x": {"$anchor": "n", **INT}}}
    by_id = {"$id": "https://example.org/r", "$ref": "n.json", "$defs": {"x": {"$id": "n.json", **INT}}}
    assert compared(anchor, INT).verdict is OK
    assert compared(by_id, INT).verdict is OK
    old = {"$ref": "#n", "definitions": {"x": {"$id": "#n", **INT}}}
    assert compared(old, INT, dialect="draft-7").verdict is OK


def deep(levels: int, leaf: Any) -> Any:
    for _ in range(levels):
        leaf = obj(a=leaf)
    return leaf


def doubled(levels: int, word: str) -> Any:
    made: Any = INT
    for _ in range(levels):
        made = {word: [made, made]}
    return made


ABSURD = {
    "deep": (deep(5_000, INT), deep(5_000, TEXT)),
    "shared parts": (doubled(60, "allOf"), TEXT),
    "branches of branches": (
        {"allOf": [{"anyOf": [obj(**{f"p{n}": {"const": m}}) for m in range(4)]} for n in range(20)]},
        {"anyOf": [obj(**{f"p{n}": {"const": m + 1}}) for n in range(20) for m in range(4)]},
    ),
    "itself in itself": ({"anyOf": [{"$ref": "#"}, INT]}, {"anyOf": [{"$ref": "#"}, TEXT]}),
    "pattern that explodes": ({"type": "string", "pattern": "(a+)+$"}, {"type": "string", "pattern": "(a+)+b$"}),
    "numbers beyond": ({"type": "integer", "minimum": 10**400}, {"type": "integer", "minimum": 1e308}),
    "no schema at all": ({"type": 3, "properties": [1], "required": "x"}, {"items": 7, "allOf": 3, "$ref": 5}),
}


@pytest.mark.parametrize("name", ABSURD)
def test_absurd_schemas_end_soon_and_as_unknown(name: str) -> None:
    started = time.perf_counter()
    assert compared(*ABSURD[name]).verdict is OPEN
    assert time.perf_counter() - started < 5  # a second on a quiet machine


def test_thousands_of_findings_are_cut() -> None:
    old, new = ({"type": "object", "properties": {f"p{n}": leaf for n in range(3_000)}} for leaf in (INT, TEXT))
    found = compared(old, new)
    assert found.verdict is NO
    assert len(found.findings) <= 200
    assert compared({"enum": list(range(20_000))}, {"enum": list(range(1, 20_000))}).verdict is not OK
