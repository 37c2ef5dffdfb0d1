"""OpenAPI: POST operations as endpoints, the dialect by version, and what stands beside a schema."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.packages.formats.openapi import FORMAT
from tests.packages.formats.document_fixtures import fixture, read, warnings_of


def service(operation: dict[str, Any], *, version: str = "3.1.0", **more: Any) -> dict[str, bytes | str]:
    """A document with one POST operation."""
    return {"openapi.json": json.dumps({"openapi": version, "paths": {"/score": {"post": operation}}, **more})}


def takes(schema: Any, media_type: str = "application/json") -> dict[str, Any]:
    """A request body."""
    return {"requestBody": {"content": {media_type: {"schema": schema}}}}


def test_the_posts_of_a_real_service_and_nothing_of_its_health() -> None:
    package = FORMAT.read(fixture("bentoml"), "bento/apis/openapi.yaml")

    (endpoint,) = package.endpoints
    assert (endpoint.name, endpoint.route) == ("predict", "/predict")
    assert endpoint.inputs.dialect == "openapi-3.0"
    assert [one.name for one in endpoint.inputs.fields] == ["rows", "threshold"]
    assert list(endpoint.inputs.root["components"]["schemas"]) == ["Row"], "only what the references lead to"
    assert [one.name for one in endpoint.outputs.fields[0].children[0].children] == ["churn", "score"]


@pytest.mark.parametrize(("version", "dialect"), [("3.0.3", "openapi-3.0"), ("3.1.0", "2020-12"), ("3.2.0", "2020-12")])
def test_the_dialect_is_that_of_the_version(version: str, dialect: str) -> None:
    package = read(FORMAT, service(takes({"type": "object"}), version=version))
    assert package.endpoints[0].inputs.dialect == dialect


def test_query_and_path_parameters_are_parameters() -> None:
    operation = {
        **takes({"type": "object"}),
        "parameters": [
            {"name": "threshold", "in": "query", "schema": {"type": "number"}},
            {"$ref": "#/components/parameters/Tenant"},
        ],
    }
    tenant = {"name": "tenant", "in": "header", "required": True, "schema": {"type": "string"}}
    package = read(FORMAT, service(operation, components={"parameters": {"Tenant": tenant}}))

    params = package.endpoints[0].params
    assert [(one.name, one.required) for one in params.fields] == [("threshold", False), ("tenant", True)]


def test_bodies_behind_references_are_found() -> None:
    body = {"content": {"application/vnd.risk+json; charset=utf-8": {"schema": {"type": "array", "items": {}}}}}
    operation = {"requestBody": {"$ref": "#/components/requestBodies/Rows"}}
    package = read(FORMAT, service(operation, components={"requestBodies": {"Rows": body}}))
    assert package.endpoints[0].inputs.fields[0].dtype == "array"


def test_no_json_is_no_schema() -> None:
    package = read(FORMAT, service(takes({"type": "object"}, "multipart/form-data")))
    assert package.endpoints == ()
    assert "JSON was expected" in warnings_of(package)
    assert ("without JSON", "/score") in package.extra
    empty = read(
        FORMAT, service({**takes({}), "responses": {"200": {"content": {"application/json": {"schema": True}}}}})
    )
    assert empty.endpoints == (), "an empty schema is what frameworks write where they know nothing"


def test_recursion_is_drawn_once_and_kept_whole() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}, "v": {"type": "integer"}}}
    package = read(
        FORMAT, service(takes({"$ref": "#/components/schemas/Node"}), components={"schemas": {"Node": node}})
    )

    inputs = package.endpoints[0].inputs
    assert [(one.name, one.children) for one in inputs.fields] == [("next", ()), ("v", ())]
    assert inputs.root == {"components": {"schemas": {"Node": node}}}


def test_references_that_multiply_are_drawn_up_to_a_bound() -> None:
    schemas = {
        f"L{level}": {
            "type": "object",
            "properties": {f"p{at}": {"$ref": f"#/components/schemas/L{level + 1}"} for at in range(20)},
        }
        for level in range(20)
    }
    package = read(FORMAT, service(takes({"$ref": "#/components/schemas/L0"}), components={"schemas": schemas}))

    drawn, waiting = 0, list(package.endpoints[0].inputs.fields)
    while waiting:
        drawn += 1
        waiting.extend(waiting.pop().children)
    assert drawn <= 2_100


def test_a_live_answer_wins_over_files() -> None:
    live = read(FORMAT, service(takes({"type": "object"})))
    assert live.sources[0].rank == 80
    beside = read(FORMAT, {**service(takes({"type": "object"})), "MLmodel": "{}"})
    assert beside.sources[0].rank == 50


@pytest.mark.parametrize(("text", "why"), [('{"swagger": "2.0"}', "Swagger 2"), ("[]", "no OpenAPI"), ("{}", "absent")])
def test_other_documents_are_refused_in_a_sentence(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read(FORMAT, {"openapi.json": text})


def test_odd_paths_are_warnings() -> None:
    package = read(
        FORMAT, {"openapi.json": json.dumps({"openapi": "3.1.0", "paths": {"/a": {"$ref": "other.json"}, "/b": 3}})}
    )
    assert "paths./a refers to what is not in this document" in warnings_of(package)
    assert "paths./b is a number, a map was expected" in warnings_of(package)
    assert package.endpoints == ()


def test_many_operations_on_one_huge_schema_stay_small() -> None:
    huge = {f"p{at}": {"$ref": f"#/components/schemas/S{at}"} for at in range(3_000)}
    schemas: dict[str, Any] = {f"S{at}": {"type": "object", "properties": {"a": {}, "b": {}}} for at in range(3_000)}
    schemas["Huge"] = {"type": "object", "properties": huge}
    body = {"post": takes({"$ref": "#/components/schemas/Huge"})}
    document = {"openapi": "3.1.0", "paths": {f"/r{at}": body for at in range(400)}, "components": {"schemas": schemas}}
    endpoints = read(FORMAT, {"openapi.json": json.dumps(document)}).endpoints

    assert len(endpoints) == 400
    drawn, waiting = 0, [field for endpoint in endpoints for field in endpoint.inputs.fields]
    while waiting:
        drawn += 1
        waiting.extend(waiting.pop().children)
    assert drawn <= 25_000
    kept = {id(endpoint.inputs.root): endpoint.inputs.root for endpoint in endpoints}
    assert len(kept) < 100, "beyond a bound all share the document"
    assert all(root["components"]["schemas"]["Huge"] == schemas["Huge"] for root in kept.values())
