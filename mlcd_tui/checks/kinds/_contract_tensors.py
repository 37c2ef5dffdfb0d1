"""The contract of a server that tells its model as named tensors: the Open Inference Protocol v2."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mlcd_tui.checks.kinds._contract import Bad, Contract, Operation
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.schema import Dim, Endpoint, Extras, Field, Schema, SchemaKind
from mlcd_tui.domain.text import clean

DTYPES = {
    "BOOL": ("bool", True),
    **{f"UINT{bits}": (f"uint{bits}", 1) for bits in (8, 16, 32, 64)},
    **{f"INT{bits}": (f"int{bits}", 1) for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": (f"float{bits}", 1.0) for bits in (16, 32, 64)},
    "BF16": ("bfloat16", 1.0),
    "BYTES": ("text", "a"),
}
"""The protocol's types: ours, and a value of each."""
_ITEMS: Mapping[str, Any] = {
    "bool": {"type": "boolean"},
    "text": {"type": "string", "maxLength": 50},
    **{
        f"{sign}int{bits}": {"type": "integer", "minimum": 0, "maximum": 100}
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
    **{
        kind: {"type": "number", "minimum": -1000, "maximum": 1000}
        for kind in ("float16", "float32", "float64", "bfloat16")
    },
}
"""Values that every server of the type takes."""
_MOST_GENERATED = 1_000
"""Elements of one tensor up to which other values are made up."""
_MOST_TENSORS = 1_000
_MOST_VALUES = 10_000_000
"""Elements of an example; a model that takes more by default is sent none."""


def openinference(document: Any, model: str) -> Contract:
    """What `GET /v2/models/<model>` tells.

    Raises:
        Unreadable: it is no metadata of a model.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("name"), str):
        raise Unreadable("It is no metadata of a model: it has no name.")
    inputs, outputs = _tensors(document.get("inputs")), _tensors(document.get("outputs"))
    troubles = [f"{side} are not told" for side, found in (("inputs", inputs), ("outputs", outputs)) if not found]
    for tensor in (*inputs, *outputs):
        if tensor.get("datatype") not in DTYPES:
            troubles.append(f"{tensor.get('name')}: {tensor.get('datatype')} is no type of the protocol")
        if _shape(tensor) is None:
            troubles.append(f"{tensor.get('name')}: the shape is no list of sizes")
    path = f"/v2/models/{model}/infer"
    example = _request(inputs) if inputs and not troubles else None
    operation = Operation(
        "POST",
        path,
        _body(inputs),
        answers={"200": _answer(outputs)},
        examples=() if example is None else (example,),
        sure=None if example is None else _sure(example),
        bad=() if example is None else tuple(_bad(example)),
    )
    endpoint = Endpoint(
        route=clean(path, limit=500), inputs=_side(inputs, Extras.REJECT), outputs=_side(outputs, Extras.UNKNOWN)
    )
    endpoints = (endpoint,) if endpoint.declared else ()
    kept = {key: document[key] for key in ("name", "platform", "inputs", "outputs") if key in document}
    return Contract("openinference", kept, (operation,), endpoints, {}, tuple(troubles[:50]))


def _tensors(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value[:_MOST_TENSORS] if isinstance(one, Mapping)] if isinstance(value, list) else []


def _optional(tensor: Mapping[str, Any]) -> bool:
    parameters = tensor.get("parameters")
    return tensor.get("optional") is True or (isinstance(parameters, Mapping) and parameters.get("optional") is True)


def _shape(tensor: Mapping[str, Any]) -> tuple[Dim, ...] | None:
    value = tensor.get("shape")
    if not isinstance(value, list) or len(value) > 64:
        return None
    sizes: list[Dim] = []
    for one in value:
        if one is None or one == -1:
            sizes.append(None)
        elif isinstance(one, int) and not isinstance(one, bool) and one >= 0:
            sizes.append(one)
        else:
            return None
    return tuple(sizes)


def _side(tensors: list[Mapping[str, Any]], extras: Extras) -> Schema:
    if not tensors:
        return Schema()
    fields = tuple(
        Field(
            name=clean(one.get("name"), limit=200),
            dtype=DTYPES.get(str(one.get("datatype")), ("any", None))[0],
            raw=clean(one.get("datatype"), limit=60),
            shape=_shape(one),
            required=not _optional(one),
        )
        for one in tensors
    )
    return Schema(SchemaKind.TENSORS, fields, extras=extras, named=all(one.name for one in fields))


def _request(inputs: list[Mapping[str, Any]]) -> dict[str, Any] | None:
    """One element in each free dimension, the type's usual value everywhere."""
    sent: list[dict[str, Any]] = []
    for one in inputs:
        if _optional(one):
            continue
        shape = [size if isinstance(size, int) else 1 for size in _shape(one) or ()]
        if math.prod(shape) > _MOST_VALUES:
            return None
        value = DTYPES[str(one["datatype"])][1]
        data = [value] * math.prod(shape)
        sent.append({"name": one.get("name"), "shape": shape, "datatype": one["datatype"], "data": data})
    return {"inputs": sent} if sent else None


def _sure(example: dict[str, Any]) -> Any:
    """The example with other values; None: too many of them."""
    tensors: list[dict[str, Any]] = []
    for one in example["inputs"]:
        count = len(one["data"])
        if count > _MOST_GENERATED:
            return None
        fixed = {key: {"const": one[key]} for key in ("name", "shape", "datatype")}
        data = {"type": "array", "items": _ITEMS[DTYPES[one["datatype"]][0]], "minItems": count, "maxItems": count}
        tensors.append({"type": "object", "required": [*fixed, "data"], "properties": {**fixed, "data": data}})
    inputs = {"type": "array", "prefixItems": tensors, "minItems": len(tensors), "maxItems": len(tensors)}
    return {"type": "object", "required": ["inputs"], "properties": {"inputs": inputs}}


def _bad(example: dict[str, Any]) -> list[Bad]:
    """What only the protocol can say is wrong."""
    first, rest = example["inputs"][0], example["inputs"][1:]

    def with_first(**changes: Any) -> dict[str, Any]:
        return {"inputs": [{**first, **changes}, *rest]}

    return [
        Bad("wrong-shape", with_first(shape=[*first["shape"][:-1], (first["shape"] or [1])[-1] + 1])),
        Bad("wrong-rank", with_first(shape=[1, *first["shape"], 7], data=first["data"] * 7)),
        Bad("unknown-datatype", with_first(datatype="FP99")),
        Bad("unknown-input", {"inputs": [{**first, "name": "mlcd-no-such-input"}, *rest]}),
    ]


def _body(inputs: list[Mapping[str, Any]]) -> dict[str, Any]:
    least = sum(not _optional(one) for one in inputs)
    tensor = {
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
        "properties": {
            "name": {"type": "string"},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
            "datatype": {"enum": sorted(DTYPES)},
            "data": {"type": "array"},
        },
    }
    return {
        "type": "object",
        "required": ["inputs"],
        "properties": {"inputs": {"type": "array", "minItems": least, "items": tensor}},
    }


def _answer(outputs: list[Mapping[str, Any]]) -> dict[str, Any]:
    """All outputs that were told have to be there, with their types."""
    each = [
        {
            "contains": {
                "type": "object",
                "required": ["name", "shape", "datatype", "data"],
                "properties": {
                    "name": {"const": one.get("name")},
                    "datatype": {"const": one.get("datatype")},
                    "data": {"type": "array"},
                },
            }
        }
        for one in outputs
    ]
    return {
        "type": "object",
        "required": ["outputs"],
        "properties": {"outputs": {"type": "array", **({"allOf": each} if each else {})}},
    }
