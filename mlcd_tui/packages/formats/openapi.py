"""OpenAPI: the POST operations of a service, each with the JSON that goes in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import ModelPackage
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.schema import Endpoint, Extras, Schema
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.formats import _sniff
from mlcd_tui.packages.formats._json_fields import Budget, References, json_schema
from mlcd_tui.packages.reading.document import base_name, source_of
from mlcd_tui.packages.reading.fields import Notes
from mlcd_tui.packages.reading.json import load_json
from mlcd_tui.packages.reading.yaml import load_yaml

_JSON_NAMES = ("openapi.json", "swagger.json")
_YAML_NAMES = ("openapi.yaml", "openapi.yml", "swagger.yaml", "swagger.yml")
_LIMIT = 4 << 20
_MOST_PATHS = 500


@dataclass(frozen=True, slots=True)
class _OpenApi:
    name: str = "openapi"
    title: str = "OpenAPI"
    patterns: tuple[str, ...] = (*_JSON_NAMES, *_YAML_NAMES)

    def find(self, files: Files) -> tuple[str, ...]:
        found = _sniff.called(files, self.patterns)
        return tuple(path for path in found if not _sniff.mentions(files, path, *_sniff.WRAPPED))

    def read(self, files: Files, path: str) -> ModelPackage:
        notes = Notes(path)
        data = files.read(path, _LIMIT)
        is_json = base_name(path) in _JSON_NAMES
        document = load_json(data, path, limit=_LIMIT) if is_json else load_yaml(data, path, limit=_LIMIT)
        dialect = _dialect(document, path)
        about = notes.mapping(document.get("info"), "info")
        reader = _Reader(document, dialect, notes)
        endpoints = reader.endpoints()
        version = notes.text(about.get("version"), "info.version")
        package = ModelPackage(
            title=notes.text(about.get("title"), "info.title"),
            endpoints=endpoints,
            extra=notes.pairs(
                {
                    "openapi": document.get("openapi"),
                    "info.version": version,
                    "without JSON": ", ".join(reader.bare) or None,
                },
                "document",
            ),
        )
        live = _sniff.is_live(files)
        source = source_of(
            files, path, data, format=self.name, rank=80 if live else 50, warnings=notes.warnings, live=live
        )
        return replace(package, sources=(source,))


FORMAT = _OpenApi()


def _dialect(document: Any, path: str) -> str:
    """Of its schemas, by the version. Raises `Unreadable` where it is none that is known."""
    version = document.get("openapi") if isinstance(document, Mapping) else None
    text = str(version) if isinstance(version, str | float) else ""
    if text.startswith("3.0"):
        return "openapi-3.0"
    if text.startswith(("3.1", "3.2")):
        return "2020-12"
    if isinstance(document, Mapping) and str(document.get("swagger", "")).startswith("2"):
        raise Unreadable(
            f"{clean(path)} is Swagger 2, of which no schemas are read.", advice="Convert it to OpenAPI 3."
        )
    raise Unreadable(f"{clean(path)} is no OpenAPI document: openapi is {clean(version, limit=40) or 'absent'}.")


@dataclass(slots=True)
class _Reader:
    """Reads the operations of one document."""

    document: Mapping[str, Any]
    dialect: str
    notes: Notes
    references: References = field(init=False)
    budget: Budget = field(default_factory=Budget)
    bare: tuple[Clean, ...] = ()
    """Operations that neither take nor give JSON."""

    def __post_init__(self) -> None:
        self.references = References(self.document)

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Each POST operation that takes or gives JSON, named by its route."""
        found: list[Endpoint] = []
        paths = self.notes.mapping(self.document.get("paths"), "paths")
        if len(paths) > _MOST_PATHS:
            self.notes.warn("paths", f"has {len(paths):,} entries, {_MOST_PATHS} are used")
        for route, item in list(paths.items())[:_MOST_PATHS]:
            where = f"paths.{route}"
            operations = self.resolved(item, where)
            operation = operations.get("post")
            if operation is None:
                continue
            endpoint = self.endpoint(str(route), self.notes.mapping(operation, f"{where}.post"), operations)
            if endpoint.declared:
                found.append(endpoint)
            else:
                self.bare = (*self.bare, endpoint.route)
        return tuple(found)

    def endpoint(self, route: str, operation: Mapping[str, Any], item: Mapping[str, Any]) -> Endpoint:
        where = f"paths.{route}.post"
        return Endpoint(
            name=clean(route.strip("/") or "/", limit=200),
            route=clean(route, limit=500),
            inputs=self.schema(self.body(operation.get("requestBody"), f"{where}.requestBody")),
            outputs=self.schema(self.answer(operation, where)),
            params=self.parameters(operation, item, where),
            coerce="json",
        )

    def schema(self, schema: Any) -> Schema:
        """An empty schema is not recorded: frameworks write it where they know nothing."""
        if not isinstance(schema, Mapping) or not schema:
            return Schema()
        return json_schema(schema, dialect=self.dialect, root=self.references.beside(schema), budget=self.budget)

    def answer(self, operation: Mapping[str, Any], where: str) -> Any:
        """Of the first success: 200 before 201 before any 2xx."""
        responses = self.notes.mapping(operation.get("responses"), f"{where}.responses")
        good = sorted(code for code in responses if str(code).startswith("2"))
        if not good:
            return None
        return self.body(responses[good[0]], f"{where}.responses.{good[0]}")

    def body(self, holder: Any, where: str) -> Any:
        """The schema of the JSON in a request or an answer; other media types are no contract that can be compared."""
        content = self.notes.mapping(self.resolved(holder, where).get("content"), f"{where}.content")
        for media_type, value in content.items():
            kind = str(media_type).partition(";")[0].strip().lower()
            if kind == "application/json" or kind.endswith("+json"):
                return self.notes.mapping(value, f"{where}.content.{media_type}").get("schema")
        if content:
            self.notes.warn(
                f"{where}.content", f"is {', '.join(str(key) for key in list(content)[:5])}, JSON was expected"
            )
        return None

    def parameters(self, operation: Mapping[str, Any], item: Mapping[str, Any], where: str) -> Schema:
        """Query, path and header parameters as one object."""
        properties: dict[str, Any] = {}
        required: list[str] = []
        for holder in (item, operation):
            for at, entry in enumerate(self.notes.sequence(holder.get("parameters"), f"{where}.parameters", most=200)):
                parameter = self.resolved(entry, f"{where}.parameters[{at}]")
                name, place = parameter.get("name"), parameter.get("in")
                if not isinstance(name, str) or place == "cookie":
                    continue
                schema = parameter.get("schema")
                properties[name] = schema if isinstance(schema, Mapping | bool) else {}
                required = [one for one in required if one != name]
                if parameter.get("required") is True or place == "path":
                    required.append(name)
        if not properties:
            return Schema()
        whole = {"type": "object", "properties": properties, **({"required": required} if required else {})}
        return json_schema(
            whole, dialect=self.dialect, root=self.references.beside(whole), extras=Extras.IGNORE, budget=self.budget
        )

    def resolved(self, value: Any, where: str) -> Mapping[str, Any]:
        """A map, behind local references."""
        for _ in range(16):
            pointer = value.get("$ref") if isinstance(value, Mapping) else None
            if not isinstance(pointer, str):
                return self.notes.mapping(value, where)
            if not pointer.startswith("#/"):
                break
            value = self.document
            for step in pointer[2:].split("/"):
                key = step.replace("~1", "/").replace("~0", "~")
                value = value.get(key) if isinstance(value, Mapping) else None
        self.notes.warn(where, "refers to what is not in this document")
        return {}
