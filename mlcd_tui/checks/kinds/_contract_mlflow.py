"""The contract of an MLflow scoring server: the signature in the image's MLmodel, served at /invocations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlcd_tui.checks.kinds._contract import Bad, Contract, Operation
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.schema import Endpoint, Extras, Field, Schema, SchemaKind
from mlcd_tui.domain.text import clean

_COLUMNS: Mapping[str, tuple[str, Any]] = {
    "boolean": ("bool", True),
    "integer": ("int32", 1),
    "long": ("int64", 1),
    "float": ("float32", 1.0),
    "double": ("float64", 1.0),
    "string": ("string", "a"),
    "binary": ("bytes", "YQ=="),
    "datetime": ("datetime", "2026-01-02T03:04:05"),
    "array": ("array", None),
    "object": ("object", None),
    "map": ("map", None),
    "any": ("any", 1),
}
_NUMPY = {"str": "string", "object": "string", "bytes": "bytes", "float": "float64", "int": "int64", "boolean": "bool"}
_SAMPLES = {"bool": True, "string": "a", "bytes": "YQ==", "datetime": "2026-01-02T03:04:05"}
_ITEMS: Mapping[str, Any] = {
    "boolean": {"type": "boolean"},
    "string": {"type": "string", "maxLength": 50},
    **{kind: {"type": "integer", "minimum": 0, "maximum": 100} for kind in ("integer", "long")},
    **{kind: {"type": "number", "minimum": -1000, "maximum": 1000} for kind in ("float", "double")},
}
"""Values that certainly fit a column."""
_MOST = 20_000
_DEEPEST = 16
_PATH = "/invocations"


def mlflow(mlmodel: bytes) -> Contract:
    """The signature of an MLmodel file.

    Raises:
        Unreadable: it is none, or it has no signature.
    """
    signature = _signature(mlmodel)
    inputs, outputs, params = (_items(signature.get(side)) for side in ("inputs", "outputs", "params"))
    if not inputs:
        raise Unreadable("The MLmodel has no signature of inputs.", advice="Log the model with a signature.")
    columns = not any("tensor-spec" in one for one in inputs)
    if columns:
        example: dict[str, Any] | None = _columns_request(inputs)
        sure = _sure(inputs)
        bad = _columns_bad(inputs)
    else:
        example, sure = _tensors_request(inputs), None
        bad = [Bad("wrong-rank", {"inputs": "mlcd"})]
    operation = Operation(
        "POST",
        _PATH,
        {"type": "object", "minProperties": 1},
        answers={"200": {"type": "object", "required": ["predictions"]}},
        examples=() if example is None else (example,),
        sure=sure,
        bad=(*bad, Bad("no-format", {"mlcd": 1}), Bad("two-formats", {"instances": [1], "inputs": [1]})),
    )
    endpoint = Endpoint(
        route=clean(_PATH), inputs=_side(inputs), outputs=_side(outputs), params=_side(params), coerce="mlflow"
    )
    document = {"signature": {"inputs": inputs, "outputs": outputs, "params": params}}
    return Contract("mlflow", document, (operation,), (endpoint,))


def _signature(mlmodel: bytes) -> Mapping[str, Any]:
    import yaml  # late: only for this protocol

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(mlmodel.decode(), Loader=loader)):
            raise Unreadable("The MLmodel has aliases, which MLflow never writes and which can unfold without end.")
        found = yaml.load(mlmodel.decode(), Loader=loader)  # noqa: S506 - a safe one
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise Unreadable(f"The MLmodel is no YAML: {clean(error, limit=200)}.") from error
    signature = found.get("signature") if isinstance(found, Mapping) else None
    if not isinstance(signature, Mapping):
        raise Unreadable("The MLmodel has no signature.", advice="Log the model with a signature.")
    return signature


def _items(value: Any) -> list[dict[str, Any]]:
    """A side of the signature: JSON within a text."""
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise Unreadable("The signature of the MLmodel is no JSON.") from error
    if not isinstance(value, list):
        return []
    if len(value) > _MOST or not all(isinstance(one, dict) for one in value):
        raise Unreadable("The signature of the MLmodel is no list of columns or tensors.")
    return value


def _side(items: list[dict[str, Any]]) -> Schema:
    if not items:
        return Schema()
    tensors = any("tensor-spec" in one for one in items)
    fields = tuple(_field(one, _DEEPEST) for one in items)
    kind = SchemaKind.TENSORS if tensors else SchemaKind.COLUMNS
    return Schema(kind, fields, named=all(one.name for one in fields), extras=Extras.IGNORE)


def _field(item: Mapping[str, Any], depth: int) -> Field:
    spec = item.get("tensor-spec")
    if isinstance(spec, Mapping):
        shape = spec.get("shape")
        sizes = tuple(None if one == -1 else one for one in shape) if isinstance(shape, list) else None
        if sizes is not None and not all(one is None or (type(one) is int and one >= 0) for one in sizes):
            sizes = None
        raw = str(spec.get("dtype"))
        return Field(
            clean(item.get("name"), limit=500), _NUMPY.get(raw, raw if raw in _KNOWN else "any"), clean(raw), sizes
        )
    raw = str(item.get("type")).lower()
    dtype = _COLUMNS[raw][0] if raw in _COLUMNS else _NUMPY.get(raw, raw if raw in _KNOWN else "any")
    has_default = "default" in item
    return Field(
        clean(item.get("name"), limit=500),
        dtype,
        clean(item.get("type"), limit=60),
        required=item.get("required") is not False and not has_default,
        has_default=has_default,
        default=item.get("default"),
        children=_children(item, dtype, depth),
    )


def _children(item: Mapping[str, Any], dtype: str, depth: int) -> tuple[Field, ...]:
    if not depth:
        return ()
    if dtype == "object" and isinstance(item.get("properties"), Mapping):
        inner = item["properties"].items()
        return tuple(_field({**one, "name": name}, depth - 1) for name, one in inner if isinstance(one, Mapping))
    held = item.get({"array": "items", "map": "values"}.get(dtype, ""))
    return (_field(held, depth - 1),) if isinstance(held, Mapping) else ()


_KNOWN = frozenset(
    {"bool", "string", "float16", "float32", "float64"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)


def _sample(item: Mapping[str, Any], depth: int = _DEEPEST) -> Any:
    kind = str(item.get("type")).lower()
    if kind == "array":
        held = item.get("items")
        return [_sample(held, depth - 1)] if isinstance(held, Mapping) and depth else []
    if kind == "map":
        held = item.get("values")
        return {"a": _sample(held, depth - 1)} if isinstance(held, Mapping) and depth else {}
    if kind == "object":
        inner = item.get("properties")
        named = inner.items() if isinstance(inner, Mapping) and depth else ()
        return {name: _sample(one, depth - 1) for name, one in named if isinstance(one, Mapping)}
    return _COLUMNS.get(kind, ("any", 1))[1]


def _columns_request(inputs: list[dict[str, Any]]) -> dict[str, Any]:
    row = [_sample(one) for one in inputs]
    if all(isinstance(one.get("name"), str) for one in inputs):
        return {"dataframe_split": {"columns": [one["name"] for one in inputs], "data": [row]}}
    return {"dataframe_split": {"data": [row]}}


def _sure(inputs: list[dict[str, Any]]) -> Any:
    """One row of usual values; None: a column is of a kind that is not made up."""
    kinds = [_ITEMS.get(str(one.get("type"))) for one in inputs]
    if None in kinds:
        return None
    row = {"type": "array", "prefixItems": kinds, "minItems": len(kinds), "maxItems": len(kinds)}
    data = {"type": "array", "prefixItems": [row], "minItems": 1, "maxItems": 1}
    named = all(isinstance(one.get("name"), str) for one in inputs)
    columns = {"columns": {"const": [one["name"] for one in inputs]}} if named else {}
    split = {"type": "object", "required": [*columns, "data"], "properties": {**columns, "data": data}}
    whole = {"dataframe_split": {**split, "additionalProperties": False}}
    return {"type": "object", "required": ["dataframe_split"], "properties": whole, "additionalProperties": False}


def _columns_bad(inputs: list[dict[str, Any]]) -> list[Bad]:
    split = _columns_request(inputs)["dataframe_split"]
    found = [Bad("not-rectangular", {"dataframe_split": {**split, "data": [[*split["data"][0], 1, 2]]}})]
    needed = [at for at, one in enumerate(inputs) if one.get("required") is not False]
    if needed and "columns" in split:
        at, row = needed[0], split["data"][0]
        others = [number for number in range(len(row)) if number != at]
        less = {
            "columns": [split["columns"][number] for number in others],
            "data": [[row[number] for number in others]],
        }
        found.append(Bad("missing-required", {"dataframe_split": less}))
    numeric = [at for at in needed if inputs[at].get("type") in {"integer", "long", "float", "double"}]
    if numeric:
        row = ["mlcd" if at == numeric[0] else value for at, value in enumerate(split["data"][0])]
        found.append(Bad("wrong-type", {"dataframe_split": {**split, "data": [row]}}))
    return found


def _tensors_request(inputs: list[dict[str, Any]]) -> dict[str, Any] | None:
    made: dict[str, Any] = {}
    for one in inputs:
        tensor = _field(one, 1)
        value: Any = _SAMPLES.get(tensor.dtype, 1.0 if tensor.dtype.startswith("float") else 1)
        size = 1
        for dim in reversed(tensor.shape or (1,)):
            size *= dim if isinstance(dim, int) else 1
            if size > 10_000_000:
                return None
            value = [value] * (dim if isinstance(dim, int) else 1)
        if not tensor.name:
            return {"inputs": value}
        made[tensor.name] = value
    return {"inputs": made}
