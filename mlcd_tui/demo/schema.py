"""What the CRDs of argo-rollouts 1.10 and Gateway API 1.6 allow: wrong types are refused, unknown fields dropped.

`schemas*.json` hold the field names and types of those CRDs in short: `i` integer, `n` number, `s` string, `b` boolean,
`t` time, `x` integer or string, `*` anything, `[T]` a list of T, `{"*": T}` a map; `!` marks a required field. Pod
templates are anything, for the controllers look at them themselves.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from mlcd_tui.demo import routes
from mlcd_tui.demo.kinds import HTTPROUTES, Kind
from mlcd_tui.demo.statuses import ApiError, violates

Object = dict[str, Any]

_NAMES = {"i": "integer", "n": "number", "s": "string", "b": "boolean", "t": "string", "x": "integer,string"}
_TYPES: dict[str, tuple[type, ...]] = {"i": (int,), "n": (int, float), "s": (str,), "b": (bool,), "t": (str,)}
_TYPES["x"] = (int, str)
_GIVEN = {bool: "boolean", str: "string", int: "integer", float: "number", list: "array", dict: "object"}
_WITH_RULES = {"Rollout", "HTTPRoute", "Gateway"}
"""Kinds whose CRD has rules beyond types; they are not asked where the types are wrong already."""
_UNCHECKED = (
    "<nil>",
    (
        "Invalid value: null: some validation rules were not checked because the object was invalid; "
        "correct the existing errors to complete validation"
    ),
)


@cache
def _schemas() -> Object:
    found: Object = {}
    for name in ("schemas.json", "schemas_gateway.json"):
        found |= msgspec.json.decode(files("mlcd_tui.demo").joinpath(name).read_bytes())
    return {**found, "ClusterAnalysisTemplate": found["AnalysisTemplate"]}


def admit(kind: Kind, item: Object, subresource: str = "") -> tuple[Object, list[str]]:
    """The object as the server keeps it, and the paths of the fields that it dropped; raises 422."""
    schema = _schemas().get(kind.kind) if kind.custom else None
    if schema is None:
        return item, []
    head = ("apiVersion", "kind", "metadata")
    look = _Look(f"{subresource}." if subresource else "")
    body = look.object({name: value for name, value in item.items() if name not in head}, schema, "")
    if look.wrong:
        causes = [*look.wrong, _UNCHECKED] if kind.kind in _WITH_RULES else look.wrong
        raise violates(kind, item["metadata"].get("name", ""), causes)
    if kind is HTTPROUTES and not subresource:
        body = routes.completed(body)
        if wrong := routes.misshapen(body):
            raise violates(kind, item["metadata"].get("name", ""), [*wrong, _UNCHECKED])
        if wrong := routes.forbidden(body):
            raise violates(kind, item["metadata"].get("name", ""), wrong)
    if kind.kind == "Rollout" and body["spec"].get("replicas", 0) < 0:
        # the scale subresource says so
        why = f"Invalid value: {body['spec']['replicas']}: should be a non-negative integer"
        raise violates(kind, item["metadata"].get("name", ""), [(".spec.replicas", why)])
    return {**{name: item[name] for name in head if name in item}, **body}, sorted(look.unknown)


class _Look:
    """One walk over an object."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.wrong: list[tuple[str, str]] = []
        self.unknown: list[str] = []

    def value(self, value: Any, schema: Any, path: str) -> Any:
        if schema == "*":
            return value
        if isinstance(schema, dict):
            return self.object(value, schema, path) if self._fits(value, (dict,), "object", path) else value
        if isinstance(schema, list):
            if not self._fits(value, (list,), "array", path):
                return value
            return [self.value(each, schema[0], f"{path}[{index}]") for index, each in enumerate(value)]
        if self._fits(value, _TYPES[schema], _NAMES[schema], path) and schema == "t":
            self._time(value, path)
        return value

    def object(self, given: Object, schema: Object, path: str) -> Object:
        if "*" in schema:
            return {name: self.value(value, schema["*"], _below(path, name)) for name, value in given.items()}
        kept: Object = {}
        for name in schema:
            if name.endswith("!") and given.get(name[:-1]) is None:
                self.wrong.append((_below(path, name[:-1]), "Required value"))
        for name, value in given.items():
            known = schema.get(name, schema.get(f"{name}!"))
            if known is None:
                self.unknown.append(_below(path, name))
            elif value is not None:
                # a null is as good as nothing
                kept[name] = self.value(value, known, _below(path, name))
        return kept

    def _fits(self, value: Any, types: tuple[type, ...], name: str, path: str) -> bool:
        if isinstance(value, types) and not (isinstance(value, bool) and bool not in types):
            return True
        given = _GIVEN.get(type(value), "null")
        body = path.removeprefix(self.prefix)
        self.wrong.append((path, f'Invalid value: "{given}": {body} in body must be of type {name}: "{given}"'))
        return False

    def _time(self, value: str, path: str) -> None:
        try:
            aware = datetime.fromisoformat(value).tzinfo is not None
        except ValueError:
            aware = False
        if not aware:
            body = path.removeprefix(self.prefix)
            self.wrong.append((path, f'Invalid value: "{value}": {body} in body must be of type date-time: "{value}"'))


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def strict(kind: Kind, unknown: list[str], patched: Object | None = None) -> ApiError:
    """400 for unknown fields, when the client asked for strictness; 422 with the whole object for what a patch made."""
    fields = ", ".join(f'unknown field "{path}"' for path in unknown)
    if patched is not None:
        whole = msgspec.json.encode(msgspec.json.encode(patched).decode()).decode()
        why = f"Invalid value: {whole}: strict decoding error: {fields}"
        cause = {"reason": "FieldValueInvalid", "field": "patch", "message": why}
        return ApiError(422, "Invalid", f' "" is invalid: patch: {why}', {"causes": [cause]})
    why = f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: strict decoding error: {fields}'
    return ApiError(400, "BadRequest", why)
