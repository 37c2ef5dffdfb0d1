"""JSON Schemas of a server that is not to be trusted: local references only, no costly patterns, bounded in time."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from mlcd_tui.domain.errors import Unreadable

_MOST_NODES = 200_000
_DEEPEST = 100
_SECONDS = 5.0
"""For one validation: references that branch can multiply without end."""
_MOST_TEXT = 1_000
"""Characters of a text that is held against a pattern."""
_MAPS = frozenset({"properties", "$defs", "definitions", "schemas", "dependentSchemas", "parameters", "responses"})
"""Keys under which names stand, not keywords."""
_DATA = frozenset({"const", "enum", "default", "example", "examples"})
_NAMES = frozenset({"$schema", "$id", "$anchor", "$dynamicAnchor"})
"""Left out: they would lead to other rules or to other places."""
_ROOTS = ("components", "paths", "definitions", "$defs", "webhooks")
_COSTLY = re.compile(r"\)[*+{?]|\\[1-9]|\(\?")
_QUANTIFIER = re.compile(r"[*+]|\{\d*,")


class TooLongError(Exception):
    """A validation that took more than its time."""


def modern(value: Any, *, openapi30: bool = False) -> Any:
    """A document with its schemas as 2020-12 writes them, without what could take for ever.

    Raises:
        Unreadable: it is too large or too deep.
    """
    return _Modern(openapi30=openapi30).of(value, 0, named=False)


class _Modern:
    def __init__(self, *, openapi30: bool) -> None:
        self._openapi30 = openapi30
        self._nodes = 0

    def of(self, value: Any, depth: int, *, named: bool) -> Any:
        self._nodes += 1
        if self._nodes > _MOST_NODES or depth > _DEEPEST:
            raise Unreadable("The document is larger or nested deeper than what is read.")
        if isinstance(value, list):
            return [self.of(one, depth + 1, named=False) for one in value]
        if not isinstance(value, dict):
            return value
        if named:
            return {str(key): self.of(one, depth + 1, named=False) for key, one in value.items()}
        made = {
            str(key): one if key in _DATA else self.of(one, depth + 1, named=key in _MAPS)
            for key, one in value.items()
            if key not in _NAMES or not isinstance(one, str)
        }
        if isinstance(made.get("pattern"), str) and not cheap(made["pattern"]):
            del made["pattern"]
        if isinstance(made.get("patternProperties"), dict):
            del made["patternProperties"]  # and what they allow beside the properties is not known any more
            made.pop("additionalProperties", None)
            made.pop("unevaluatedProperties", None)
        return self._old(made) if self._openapi30 else made

    @staticmethod
    def _old(made: dict[str, Any]) -> dict[str, Any]:
        for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if made.get(exclusive) is True and bound in made:
                made[exclusive] = made.pop(bound)
            elif isinstance(made.get(exclusive), bool):
                del made[exclusive]
        if made.get("nullable") is True:
            del made["nullable"]
            return {"anyOf": [made, {"type": "null"}]}
        return made


def cheap(pattern: str) -> bool:
    """Whether a pattern surely takes little time on a short text: no repeated groups, few repetitions."""
    return len(pattern) <= 200 and not _COSTLY.search(pattern) and len(_QUANTIFIER.findall(pattern)) <= 2


def resolved(schema: Any, root: Mapping[str, Any]) -> Any:
    """Behind local references; None where they lead nowhere."""
    for _ in range(32):
        pointer = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(pointer, str):
            return schema
        if not pointer.startswith("#/"):
            return None
        schema = root
        for step in pointer[2:].split("/"):
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(schema, list) and name.isdecimal() and len(name) < 9 and int(name) < len(schema):
                schema = schema[int(name)]
            else:
                schema = schema.get(name) if isinstance(schema, dict) else None
    return None


def references(value: Any) -> Iterator[str]:
    """All `$ref` of a document."""
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def objection(value: Any, schema: Any, root: Mapping[str, Any]) -> str | None:
    """Why a value is not as the schema says; empty when it is; None when it could not be told in time or at all."""
    if schema is None or schema is True:
        return ""
    import jsonschema  # late: a fifth of a second
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    registry: Any = Registry()  # an empty one: without it the library would fetch what references name
    whole = {**{key: root[key] for key in _ROOTS if key in root}, "allOf": [schema]}
    checker = _bounded(time.monotonic() + _SECONDS)(whole, registry=registry)
    strange = (jsonschema.exceptions.UnknownType, jsonschema.exceptions.UndefinedTypeCheck)
    try:
        found = next(iter(checker.iter_errors(value)), None)
        best = found and (jsonschema.exceptions.best_match([found]) or found)
    except (TooLongError, RecursionError, Unresolvable, *strange, *_MALFORMED):
        return None
    return f"{best.json_path[:200]}: {best.message[:300]}" if best else ""


def broken(schema: Any) -> str:
    """Why a schema is none; empty when it is one."""
    import jsonschema  # late: a fifth of a second

    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        return f"{error.message[:200]} at {error.json_path[:200]}"
    except RecursionError:
        return "it is nested too deeply"
    return ""


_MALFORMED = (AttributeError, TypeError, ValueError, KeyError, re.error, ArithmeticError)
"""What a schema that is none makes the library fail with."""


def _bounded(deadline: float) -> Any:
    """A validator that follows references until `deadline` only, and does nothing that grows with the square."""
    import jsonschema  # late: a fifth of a second

    known = dict(jsonschema.Draft202012Validator.VALIDATORS)

    def reference(keyword: str) -> Any:
        def follow(validator: Any, pointer: Any, instance: Any, schema: Any) -> Any:
            if time.monotonic() > deadline:
                raise TooLongError
            return known[keyword](validator, pointer, instance, schema)

        return follow

    own = {
        "$ref": reference("$ref"),
        "$dynamicRef": reference("$dynamicRef"),
        "pattern": _pattern,
        "uniqueItems": _unique,
    }
    extend: Any = jsonschema.validators.extend
    return extend(jsonschema.Draft202012Validator, own)


def _pattern(_checker: Any, pattern: Any, instance: Any, _: Any) -> Iterator[Any]:
    import jsonschema  # late: it is loaded by now

    short = isinstance(instance, str) and len(instance) <= _MOST_TEXT
    if short and isinstance(pattern, str) and not re.search(pattern, instance):
        yield jsonschema.ValidationError(f"{instance[:60]!r} does not match {pattern[:60]!r}")


def _unique(_checker: Any, wanted: Any, instance: Any, _: Any) -> Iterator[Any]:
    import jsonschema  # late: it is loaded by now

    if wanted is True and isinstance(instance, list):
        texts = {json.dumps(one, sort_keys=True) for one in instance}
        if len(texts) < len(instance):
            yield jsonschema.ValidationError("has elements that are not unique")
