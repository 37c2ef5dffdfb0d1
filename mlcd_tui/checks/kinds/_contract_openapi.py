"""The contract of a server that tells it as OpenAPI 3: FastAPI, Cog, BentoML and others."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from mlcd_tui.checks.kinds._contract import Contract, Operation, Parameter
from mlcd_tui.checks.kinds._schemas import broken, modern, references, resolved
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.schema import Endpoint, Extras, Schema, SchemaKind
from mlcd_tui.domain.text import clean

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_ASKED = ("post", "put", "patch")
_MOST_OPERATIONS = 500
_MOST_TROUBLES = 50
_SECONDS = 20.0
"""For checking all schemas of a document."""
_PLACES = frozenset({"path", "query", "header", "cookie"})


def openapi(document: Any) -> Contract:
    """The operations that take JSON.

    Raises:
        Unreadable: it is no OpenAPI 3 document, or too large.
    """
    version = document.get("openapi") if isinstance(document, Mapping) else None
    if not isinstance(version, str) or not version.startswith(("3.0", "3.1", "3.2")):
        told = clean(version, limit=40) or "absent"
        raise Unreadable(f"It is no OpenAPI 3 document: openapi is {told}.")
    old = version.startswith("3.0")
    root = modern(document, openapi30=old)
    dialect = "openapi-3.0" if old else "2020-12"
    operations = tuple(_operation(path, method, item, told, root) for path, method, item, told in _told(root))
    asked = tuple(one for one in operations if one.body is not None)
    endpoints = tuple(
        _endpoint(path, method, item, told, document, dialect)
        for path, method, item, told in _told(document)
        if method in _ASKED
    )
    declared = tuple(one for one in endpoints if one.declared)
    return Contract("openapi", document, asked, declared, root, tuple(_troubles(root))[:_MOST_TROUBLES])


def _told(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]:
    """Path, method, path item and operation, in order."""
    count = 0
    for path, item in _map(document.get("paths")).items():
        inner = _map(resolved(item, document))
        for method in _METHODS:
            if isinstance(inner.get(method), Mapping):
                count += 1
                if count > _MOST_OPERATIONS:
                    return
                yield str(path), method, inner, inner[method]


def _operation(
    path: str, method: str, item: Mapping[str, Any], told: Mapping[str, Any], root: Mapping[str, Any]
) -> Operation:
    media = _json_media(told.get("requestBody"), root)
    answers: dict[str, Any] = {}
    for status, answer in _map(told.get("responses")).items():
        answers[str(status)] = _json_media(answer, root).get("schema")
    given = [media["example"]] if "example" in media else []
    given += [
        one["value"] for one in _map(media.get("examples")).values() if isinstance(one, Mapping) and "value" in one
    ]
    parameters: dict[tuple[str, str], Parameter] = {}
    for entry in (*_list(item.get("parameters")), *_list(told.get("parameters"))):
        one = _map(resolved(entry, root))
        name, place = one.get("name"), one.get("in")
        if isinstance(name, str) and isinstance(place, str):
            required = one.get("required") is True or place == "path"
            parameters[name, place] = Parameter(name, place, required, one.get("schema", True))
    body = media.get("schema", True) if media else None
    needed = _map(resolved(told.get("requestBody"), root)).get("required") is True
    return Operation(method.upper(), path, body, needed, answers, tuple(parameters.values()), tuple(given[:20]))


def _json_media(holder: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    for kind, value in _map(_map(resolved(holder, root)).get("content")).items():
        plain = str(kind).partition(";")[0].strip().lower()
        if plain == "application/json" or plain.endswith("+json"):
            return _map(value)
    return {}


def _endpoint(
    path: str,
    method: str,
    item: Mapping[str, Any],
    told: Mapping[str, Any],
    document: Mapping[str, Any],
    dialect: str,
) -> Endpoint:
    """As the rules of compatibility take it: schemas as they are written, in their own dialect."""

    def side(schema: Any, extras: Extras = Extras.UNKNOWN) -> Schema:
        if not isinstance(schema, Mapping) or not schema:
            return Schema()
        return Schema(SchemaKind.JSON, extras=extras, document=schema, root=document, dialect=dialect)

    plain = _operation(path, method, item, told, document)
    good = sorted(status for status in plain.answers if status.startswith("2"))
    sent = [one for one in plain.parameters if one.place != "cookie"]
    required = [one.name for one in sent if one.required]
    properties = {one.name: one.schema if isinstance(one.schema, Mapping | bool) else {} for one in sent}
    params = {"type": "object", "properties": properties, **({"required": required} if required else {})}
    name = path.strip("/") or "/"
    return Endpoint(
        name=clean(name if method == "post" else f"{method.upper()} {name}", limit=200),
        route=clean(path, limit=500),
        inputs=side(plain.body),
        outputs=side(plain.answers[good[0]] if good else None),
        params=side(params, Extras.IGNORE) if properties else Schema(),
        coerce="json",
    )


def _troubles(root: Mapping[str, Any]) -> Iterator[str]:
    """What is not valid in the document."""
    info = root.get("info")
    if not isinstance(info, Mapping) or not isinstance(info.get("title"), str) or "version" not in info:
        yield "info has to have a title and a version"
    if not isinstance(root.get("paths"), Mapping) and not root.get("webhooks") and not root.get("components"):
        yield "it has no paths"
    for pointer in sorted(set(references(root))):
        if not pointer.startswith("#/"):
            yield f"{pointer} leads out of the document"
        elif resolved({"$ref": pointer}, root) is None:
            yield f"{pointer} leads nowhere"
    deadline = time.monotonic() + _SECONDS
    for name, schema in _map(_map(root.get("components")).get("schemas")).items():
        if time.monotonic() > deadline:
            yield f"the schemas could not all be checked within {_SECONDS:g} s"
            return
        if wrong := broken(schema):
            yield f"components.schemas.{name} is no JSON Schema: {wrong}"
    names: set[str] = set()
    for path, method, item, told in _told(root):
        yield from _operation_troubles(f"{method.upper()} {path}", path, item, told, root)
        identity = told.get("operationId")
        if isinstance(identity, str):
            if identity in names:
                yield f"operationId {identity} stands more than once"
            names.add(identity)


def _operation_troubles(
    label: str, path: str, item: Mapping[str, Any], told: Mapping[str, Any], root: Mapping[str, Any]
) -> Iterator[str]:
    if not path.startswith("/"):
        yield f"{label}: a path has to begin with /"
    if not _map(told.get("responses")):
        yield f"{label} has no responses"
    declared: set[str] = set()
    for entry in (*_list(item.get("parameters")), *_list(told.get("parameters"))):
        one = _map(resolved(entry, root))
        if not isinstance(one.get("name"), str) or one.get("in") not in _PLACES:
            yield f"{label}: a parameter needs a name and a place"
        elif one["in"] == "path":
            declared.add(one["name"])
    for name in sorted(set(re.findall(r"\{([^{}/]{1,200})\}", path)) ^ declared):
        yield f"{label}: the path parameter {name} stands only in the path or only among the parameters"
    for where, holder in (("body", told.get("requestBody")), *_map(told.get("responses")).items()):
        schema = _json_media(holder, root).get("schema")
        if schema is not None and (wrong := broken(schema)):
            yield f"{label}: the schema of {where} is none: {wrong}"


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value[:1000] if isinstance(value, list) else []
