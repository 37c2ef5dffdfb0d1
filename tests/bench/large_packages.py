"""Packages of a gigabyte that take no room: real headers over sparse files; and two signatures of hundreds of columns."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

from mlcd_tui.domain.package import Metric, ModelPackage
from mlcd_tui.domain.schema import Endpoint, Extras, Field, Schema, SchemaKind
from mlcd_tui.domain.text import clean

_GIGABYTE = 1024**3
_TENSORS = 256
_MLFLOW = Path(__file__).parents[1] / "fixtures" / "packages" / "mlflow" / "churn-model"


def safetensors(folder: Path) -> Path:
    """A file of 256 tensors with 1 GB of zeros behind its header."""
    each = _GIGABYTE // _TENSORS
    tensors = {
        f"model.layers.{number}.weight": {
            "dtype": "F16",
            "shape": [1024, each // 2048],
            "data_offsets": [number * each, (number + 1) * each],
        }
        for number in range(_TENSORS)
    }
    header = json.dumps({"__metadata__": {"format": "pt"}, **tensors}).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(8 + len(header) + _GIGABYTE)
    return folder


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _piece(field: int, data: bytes, more: int = 0) -> bytes:
    """A length-delimited field; `more` bytes of it follow elsewhere."""
    return _varint(field << 3 | 2) + _varint(len(data) + more) + data


def _value(name: str, kind: int, *dims: int) -> bytes:
    shape = b"".join(_piece(1, _number(1, dim)) for dim in dims)
    return _piece(1, name.encode()) + _piece(2, _piece(1, _number(1, kind) + _piece(2, shape)))


def onnx(folder: Path) -> Path:
    """A model whose graph carries 256 initializers of 4 MB in itself, before its inputs and outputs."""
    each = _GIGABYTE // _TENSORS
    heads = []
    for number in range(_TENSORS):
        dims = _number(1, 1024) + _number(1, each // 4096) + _number(2, 1)
        raw = _varint(9 << 3 | 2) + _varint(each)
        inner = dims + _piece(8, f"layer.{number}.weight".encode()) + raw
        heads.append(_piece(5, inner, each))
    node = _piece(1, b"features") + _piece(2, b"label") + _piece(4, b"Identity")
    before = _piece(1, node) + _piece(2, b"churn")
    after = _piece(11, _value("features", 1, 1, 4)) + _piece(12, _value("label", 7, 1))
    length = len(before) + sum(len(head) + each for head in heads) + len(after)
    with (folder / "model.onnx").open("wb") as file:
        file.write(_number(1, 9) + _piece(2, b"bench") + _piece(8, _number(2, 17)))
        file.write(_varint(7 << 3 | 2) + _varint(length) + before)
        for head in heads:
            file.write(head)
            file.seek(each, 1)
        file.write(after)
    return folder


def mlflow_folder(folder: Path) -> Path:
    """What MLflow's client saved, with weights of 1 GB in place of its own."""
    shutil.copytree(_MLFLOW, folder, dirs_exist_ok=True)
    with (folder / "model.skops").open("ab") as file:
        file.truncate(_GIGABYTE)
    return folder


def wide(columns: int, changed: int) -> ModelPackage:
    """A package of many input columns, some of which depend on `changed`."""
    fields = tuple(
        Field(
            clean(f"column_{number:03d}"),
            "int64" if changed and number % 50 == 7 else "float64",
            required=not (changed and number % 50 == 9),
        )
        for number in range(columns)
        if not (changed and number % 50 == 3)
    )
    inputs = Schema(SchemaKind.COLUMNS, fields, extras=Extras.IGNORE)
    outputs = Schema(SchemaKind.COLUMNS, fields, extras=Extras.IGNORE)
    metrics = tuple(Metric(clean(f"metric_{number}"), number + 0.01 * changed) for number in range(20))
    name, version = clean("wide"), clean(str(changed + 1))
    return ModelPackage(name, version, endpoints=(Endpoint(inputs=inputs, outputs=outputs),), metrics=metrics)
