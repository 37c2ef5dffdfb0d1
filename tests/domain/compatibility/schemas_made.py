"""Random schemas, changes of them, and values at whose edges they differ; the same ones for the same seed."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

NAMES = ("a", "b", "c", "d")
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
SCALARS: tuple[Any, ...] = (None, True, False, -1, 0, 1, 1.0, 1.5, 2, 3, 4, 5, 6, "", "a", "ab", "abc", "abcd")


class Maker:
    """Makes schemas of one dialect."""

    def __init__(self, seed: int, *, modern: bool = True) -> None:
        self.random = random.Random(seed)
        self.modern = modern
        self.refs = True

    def schema(self, depth: int = 3) -> Any:
        roll = self.random.random()
        if roll < 0.06:
            return self.random.choice((True, True, {}, False))
        if depth > 0 and roll < 0.2:
            return self.combined(depth)
        if roll < 0.3:
            return {"enum": self.random.sample(SCALARS, self.random.randint(1, 4))}
        if roll < 0.35:
            return {"const": self.random.choice(SCALARS)}
        kinds = self.random.sample(TYPES if depth > 0 else TYPES[:5], 1 if self.random.random() < 0.8 else 2)
        made: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
        if self.random.random() < 0.08:
            del made["type"]
        for kind in kinds:
            made.update(self.of(kind, depth))
        if self.random.random() < 0.06 and depth > 0:
            made.update(self.combined(depth))
        return made

    def maybe(self, made: dict[str, Any], key: str, value: Any, chance: float = 0.35) -> None:
        if self.random.random() < chance:
            made[key] = value

    def of(self, kind: str, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        pick = self.random.randint
        if kind in {"integer", "number"}:
            low = self.random.choice(("minimum", "exclusiveMinimum"))
            high = self.random.choice(("maximum", "exclusiveMaximum"))
            self.maybe(made, low, self.random.choice((-1, 0, 0.5, 1, 2)))
            self.maybe(made, high, self.random.choice((2, 2.5, 3, 4, 5)))
            self.maybe(made, "multipleOf", self.random.choice((1, 2, 3, 0.5)), 0.15)
        elif kind == "string":
            self.maybe(made, "minLength", pick(0, 2))
            self.maybe(made, "maxLength", pick(1, 4))
            self.maybe(made, "pattern", self.random.choice(("^a", "b$", "^[a-c]+$")), 0.1)
        elif kind == "array" and depth > 0:
            self.array(made, depth)
        elif kind == "object" and depth > 0:
            self.object(made, depth)
        return made

    def array(self, made: dict[str, Any], depth: int) -> None:
        pick = self.random.randint
        if self.random.random() < 0.3:
            made["prefixItems" if self.modern else "items"] = [self.schema(depth - 1) for _ in range(pick(1, 2))]
            self.maybe(made, "items" if self.modern else "additionalItems", self.schema(depth - 1))
        else:
            self.maybe(made, "items", self.schema(depth - 1), 0.7)
        self.maybe(made, "minItems", pick(0, 2), 0.3)
        self.maybe(made, "maxItems", pick(1, 3), 0.3)
        self.maybe(made, "uniqueItems", True, 0.15)
        if self.random.random() < 0.15:
            made["contains"] = self.schema(0)
            if self.modern:
                self.maybe(made, "minContains", pick(0, 2))
                self.maybe(made, "maxContains", pick(1, 2))

    def object(self, made: dict[str, Any], depth: int) -> None:
        names = self.random.sample(NAMES, self.random.randint(0, 3))
        self.maybe(made, "properties", {name: self.schema(depth - 1) for name in names}, 0.9)
        self.maybe(made, "required", self.random.sample(NAMES, self.random.randint(1, 2)), 0.35)
        self.maybe(made, "additionalProperties", self.random.choice((False, False, True, self.schema(0))), 0.4)
        self.maybe(made, "patternProperties", {self.random.choice(("^a", "b", "[cd]")): self.schema(0)}, 0.08)
        self.maybe(made, "minProperties", self.random.randint(0, 2), 0.1)
        self.maybe(made, "maxProperties", self.random.randint(1, 3), 0.1)
        self.maybe(made, "propertyNames", self.random.choice(({"maxLength": 1}, {"enum": ["a", "b"]}, False)), 0.06)
        one, two = self.random.sample(NAMES, 2)
        if self.modern:
            self.maybe(made, "dependentRequired", {one: [two]}, 0.08)
            self.maybe(made, "dependentSchemas", {one: self.schema(0)}, 0.06)
            self.maybe(made, "unevaluatedProperties", self.random.choice((False, {"type": "integer"})), 0.08)
        else:
            self.maybe(made, "dependencies", {one: self.random.choice(([two], {"required": [two]}))}, 0.1)

    def combined(self, depth: int) -> dict[str, Any]:
        word = self.random.choice(("allOf", "anyOf", "anyOf", "oneOf", "not", "if", "$ref"))
        word = "anyOf" if word == "$ref" and not self.refs else word
        if word == "not":
            return {"not": self.schema(depth - 1)}
        if word == "$ref":
            return {"$ref": self.random.choice(("#/$defs/one", "#/$defs/two"))}
        if word == "if":
            made: dict[str, Any] = {"if": self.schema(depth - 1)}
            self.maybe(made, "then", self.schema(depth - 1), 0.8)
            self.maybe(made, "else", self.schema(depth - 1), 0.6)
            return made
        return {word: [self.schema(depth - 1) for _ in range(self.random.randint(1, 3))]}

    def document(self) -> dict[str, Any]:
        top = self.schema()
        top = {"allOf": [top]} if isinstance(top, bool) else top
        self.refs = False  # a definition that is itself, but for nothing around it, has no meaning
        two = {"type": "object", **self.of("object", 2)}
        if self.random.random() < 0.5:
            two.setdefault("properties", {})["d"] = {"$ref": "#/$defs/two"}
        return {**top, "$defs": {"one": self.schema(1), "two": two}}

    def changed(self, document: dict[str, Any]) -> dict[str, Any]:
        """The document with one to three small changes."""
        made = copy.deepcopy(document)
        self.refs = False
        if self.random.random() < 0.15:
            parts = [{key: value for key, value in made.items() if key != "$defs"}, self.schema(2)]
            return {self.random.choice(("anyOf", "allOf", "oneOf")): parts, "$defs": made.get("$defs", {})}
        for _ in range(self.random.choice((1, 1, 2, 3))):
            places = list(_schemas(made))
            self.change(self.random.choice(places))
        return made

    def change(self, node: dict[str, Any]) -> None:
        roll = self.random.random()
        keys = [key for key in node if key != "$defs"]
        if roll < 0.3 and keys:
            del node[self.random.choice(keys)]
        elif roll < 0.6 and any(isinstance(node[key], int | float) for key in keys):
            key = self.random.choice([key for key in keys if isinstance(node[key], int | float)])
            if not isinstance(node[key], bool):
                node[key] = max(node[key] + self.random.choice((-1, 1)), 1 if key == "multipleOf" else 0)
        elif roll < 0.7 and isinstance(node.get("enum"), list):
            node["enum"] = [*node["enum"][1:], self.random.choice(SCALARS)]
        else:
            fresh = self.schema(1)
            if isinstance(fresh, dict):
                node.update(fresh)

    def value(self, depth: int = 2) -> Any:
        """Some JSON."""
        roll = self.random.random()
        if depth == 0 or roll < 0.4:
            return self.random.choice(SCALARS)
        if roll < 0.65:
            return [self.value(depth - 1) for _ in range(self.random.randint(0, 3))]
        names = self.random.sample((*NAMES, "e", "abc"), self.random.randint(0, 4))
        return {name: self.value(depth - 1) for name in names}


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for key, child in node.items():
            if key in {"properties", "patternProperties", "dependentSchemas", "$defs"}:
                for inner in child.values():
                    yield from _schemas(inner)
            elif key not in {"enum", "const", "dependentRequired", "dependencies"}:
                yield from _schemas(child)
    elif isinstance(node, list):
        for child in node:
            yield from _schemas(child)


def near(schema: Any, value: Any, maker: Maker) -> Any:
    """A value with parts taken from a schema's own words, to hit it more often."""
    if isinstance(schema, dict):
        for key in ("enum", "const"):
            if key in schema and maker.random.random() < 0.8:
                return maker.random.choice(schema[key]) if key == "enum" and schema[key] else schema.get("const")
        kinds = schema.get("type")
        kind = maker.random.choice(kinds) if isinstance(kinds, list) else kinds
        if kind == "object" or (kind is None and "properties" in schema):
            named = schema.get("properties", {})
            names = [n for n in named if maker.random.random() < 0.7]
            names += [n for n in schema.get("required", ()) if n not in names]
            made = {name: near(named.get(name), maker.value(1), maker) for name in names}
            return {**made, "e": maker.value(0)} if maker.random.random() < 0.2 else made
        if kind == "array":
            inner = schema.get("items")
            inner = maker.random.choice(inner) if isinstance(inner, list) and inner else inner
            length = maker.random.randint(schema.get("minItems", 0), max(schema.get("minItems", 0), 2))
            return [near(inner, maker.value(1), maker) for _ in range(length)]
        if kind in {"integer", "number"}:
            return maker.random.choice((-1, 0, 1, 1.5, 2, 2.5, 3, 4, 5, 6))
        if kind == "string":
            return maker.random.choice(("", "a", "ab", "abc", "abcd"))
        if kind == "boolean":
            return maker.random.choice((True, False))
        for word in ("anyOf", "oneOf", "allOf"):
            if schema.get(word):
                return near(maker.random.choice(schema[word]), value, maker)
    return value
