"""The input example that a package records, held against its own input schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import ArtifactRole, ModelPackage
from mlcd_tui.domain.schema import Extras, Field, Schema, SchemaKind
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.library import Library
from mlcd_tui.packages.reading.json import load_json

_LARGEST = 4 << 20
_MOST_PROBLEMS = 10
_MOST_ROWS = 1000
_INTEGERS = frozenset({"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"})
_NUMBERS = frozenset({"float8", "float16", "bfloat16", "float32", "float64"})
_TEXTS = frozenset({"string", "text"})


@dataclass(frozen=True, slots=True)
class ExampleCheck:
    """What became of holding the example against the schema."""

    path: Clean
    problems: tuple[Clean, ...] = ()
    """Where it does not fit; empty: it does, as far as was looked."""

    @property
    def ok(self) -> bool:
        """Whether it fits."""
        return not self.problems


def check_example(library: Library, address: str, package: ModelPackage) -> ExampleCheck | None:
    """Read the recorded example and check it. Blocking.

    None: there is no example, or no schema of columns or JSON to hold it against. Raises `Problem`.
    """
    names = [file.path for file in package.artifacts if file.role is ArtifactRole.EXAMPLE and _is_json(file.path)]
    schema = next((one.inputs for one in package.endpoints if one.inputs.kind in _CHECKS), None)
    if not names or schema is None:
        return None
    bases = {name.rpartition("/")[2] for name in names}
    reach = replace(library.reach, wanted=lambda path: path.rpartition("/")[2] in bases)
    with library.source_of(address).open(address, reach) as files:
        there = {entry.path for entry in files.entries()}
        path = next((path for name in names for path in sorted(there) if path == name or path.endswith(f"/{name}")), "")
        if not path:
            return None
        data = files.read(path, _LARGEST)
    try:
        example = load_json(data, path)
    except Unreadable as problem:
        return ExampleCheck(clean(path), (clean(problem),))
    found = _CHECKS[schema.kind](example, schema)
    problems = [clean(problem) for _, problem in zip(range(_MOST_PROBLEMS), found, strict=False)]
    return ExampleCheck(clean(path), tuple(problems))


def _is_json(path: str) -> bool:
    return path.endswith(".json")


def _columns(example: Any, schema: Schema) -> Iterator[str]:
    rows = _rows(example, schema)
    if rows is None:
        yield "it is no table: neither columns with data, nor records"
        return
    known = {field.name for field in schema.fields}
    for number, row in enumerate(rows[:_MOST_ROWS]):
        for field in schema.fields:
            if field.name not in row:
                if field.required and not field.has_default:
                    yield f"row {number}: {field.name} is missing"
                continue
            why = _misfit(row[field.name], field)
            if why:
                yield f"row {number}: {field.name} {why}"
        if schema.extras is Extras.REJECT:
            yield from (f"row {number}: {name} is not in the schema" for name in row if name not in known)


def _rows(example: Any, schema: Schema) -> list[dict[Any, Any]] | None:
    """Records, from any of the ways in which tables are written as JSON."""
    if isinstance(example, Mapping):
        for key in ("dataframe_split", "dataframe_records", "inputs", "instances"):
            if key in example:
                return _rows(example[key], schema)
        columns, data = example.get("columns"), example.get("data")
        if isinstance(data, list):
            names = columns if isinstance(columns, list) else [field.name for field in schema.fields]
            return [dict(zip(map(str, names), row, strict=False)) for row in data if isinstance(row, list)]
        if example and all(isinstance(column, list) for column in example.values()):
            length = min(len(column) for column in example.values())
            return [{name: column[place] for name, column in example.items()} for place in range(length)]
        return [dict(example)]
    if isinstance(example, list) and all(isinstance(row, Mapping) for row in example):
        return [dict(row) for row in example]
    return None


def _misfit(value: Any, field: Field) -> str:
    """Why a value is not of the field's type; empty: it is, or the type does not tell."""
    if value is None:
        return "is null" if field.nullable is False else ""
    wanted = ""
    if field.dtype in _INTEGERS:
        whole = isinstance(value, int) and not isinstance(value, bool)
        wanted = "" if whole or (isinstance(value, float) and value.is_integer()) else "a whole number"
    elif field.dtype in _NUMBERS:
        wanted = "" if isinstance(value, int | float) and not isinstance(value, bool) else "a number"
    elif field.dtype in _TEXTS:
        wanted = "" if isinstance(value, str) else "text"
    elif field.dtype == "bool":
        wanted = "" if isinstance(value, bool) else "true or false"
    if wanted:
        return f"is {clean(value, limit=40)}, not {wanted}"
    if field.choices is not None and value not in field.choices:
        return f"is {clean(value, limit=40)}, which is not one of its values"
    return ""


def _json(example: Any, schema: Schema) -> Iterator[str]:
    """By jsonschema; what refers to other places is not followed, and patterns, which may never end, are not tried."""
    import jsonschema
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    if not isinstance(schema.document, bool | Mapping):
        return
    wrapped = schema.document if not schema.root else {**schema.root, "allOf": [schema.document]}
    try:
        validator = _validator(jsonschema, schema.dialect)(wrapped, registry=Registry())
        for error in validator.iter_errors(example):
            where = "/".join(str(part) for part in error.absolute_path)
            yield f"{where or 'the example'}: {clean(error.message, limit=200)}"
    except Unresolvable as problem:
        yield f"the schema refers to {clean(problem.ref, limit=100)}, which is not in it"
    except (RecursionError, ValueError, TypeError, AttributeError, KeyError, jsonschema.SchemaError) as problem:
        yield f"the schema cannot be used: {clean(problem, limit=200) or 'it is damaged'}"


def _validator(jsonschema: Any, dialect: str) -> Any:
    base = jsonschema.Draft202012Validator if dialect == "2020-12" else jsonschema.Draft7Validator

    def nothing(*_: Any) -> Sequence[Any]:
        return ()

    def typed(validator: Any, types: Any, instance: Any, schema: Any) -> Any:
        if instance is None and schema.get("nullable") is True:
            return ()
        return base.VALIDATORS["type"](validator, types, instance, schema) or ()

    return jsonschema.validators.extend(base, {"pattern": nothing, "patternProperties": nothing, "type": typed})


_CHECKS = {SchemaKind.COLUMNS: _columns, SchemaKind.JSON: _json}
