"""ONNX: inputs, outputs and metadata from the graph's head; weights are counted by their dims, never read."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Artifact, ArtifactRole, Dependency, ModelPackage, Pairs
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.schema import Dim, Endpoint, Extras, Field, Schema, SchemaKind
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.reading.conventions import known
from mlcd_tui.packages.reading.document import base_name, size_of, source_of
from mlcd_tui.packages.reading.extensions import is_installed
from mlcd_tui.packages.reading.fields import Notes
from mlcd_tui.packages.reading.protobuf import VARINT, Walker, Wire, signed

_MOST_VALUES = 20_000
_MOST_DIMS = 64
_MOST_PROPS = 500
_DEPTH = 16
_EXPORTERS_NAMES = ("main_graph", "torch_jit", "torch-jit-export", "tf2onnx", "graph", "model", "onnx-model")
"""What exporters call every graph: no name of the model."""
_MADE_UP = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|onnx\(.*\)", re.ASCII)
"""What skl2onnx calls a graph: something random, or its class."""
_ELEMENTS = (
    "UNDEFINED", "FLOAT", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64", "STRING",
    "BOOL", "FLOAT16", "DOUBLE", "UINT32", "UINT64", "COMPLEX64", "COMPLEX128", "BFLOAT16", "FLOAT8E4M3FN",
    "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "UINT4", "INT4", "FLOAT4E2M1", "FLOAT8E8M0", "UINT2", "INT2",
)  # fmt: skip
_SPECIAL = {"FLOAT": "float32", "DOUBLE": "float64", "UNDEFINED": "any"}
_SUB_BYTE = ("UINT4", "INT4", "FLOAT4E2M1", "UINT2", "INT2")
# Field numbers of onnx.proto: ModelProto, GraphProto, TensorProto, ValueInfoProto, TypeProto.
_PRODUCER, _PRODUCER_VERSION, _DOMAIN, _MODEL_VERSION, _DOC, _GRAPH, _OPSET, _PROPS = 2, 3, 4, 5, 6, 7, 8, 14
_GRAPH_NAME, _INITIALIZER, _GRAPH_DOC, _INPUT, _OUTPUT, _SPARSE = 2, 5, 10, 11, 12, 15
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_LOCATION = 1, 2, 8, 14
_TYPE_TENSOR, _TYPE_SEQUENCE, _TYPE_MAP, _TYPE_SPARSE, _TYPE_OPTIONAL = 1, 4, 5, 8, 9


@dataclass(slots=True)
class _Model:
    """What the walk gathers."""

    notes: Notes
    texts: dict[int, Clean] = field(default_factory=dict)
    ir: int = 0
    version: int = 0
    graph: Clean = Clean("")
    doc: Clean = Clean("")
    opsets: list[str] = field(default_factory=list)
    props: list[tuple[Clean, Clean]] = field(default_factory=list)
    inputs: list[Field] = field(default_factory=list)
    outputs: list[Field] = field(default_factory=list)
    initializers: set[Clean] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    external: int = 0
    found_graph: bool = False


@dataclass(frozen=True, slots=True)
class Onnx:
    """Reads `*.onnx`."""

    name: str = "onnx"
    title: str = "ONNX"
    patterns: tuple[str, ...] = ("*.onnx",)

    def find(self, files: Files) -> tuple[str, ...]:
        """Files called `*.onnx`."""
        paths = (entry.path for entry in files.entries() if entry.path.lower().endswith(".onnx"))
        return tuple(path for path in paths if not is_installed(path))

    def read(self, files: Files, path: str) -> ModelPackage:
        """What the graph's head says."""
        notes = Notes(base_name(path))
        model = _Model(notes)
        walker = Walker(files, path)
        for wire in walker.top():
            _model_field(walker, wire, model)
        if not model.found_graph:
            raise Unreadable(f"{clean(path)} is no ONNX model: it has no graph.")
        return _package(files, path, model)


def _model_field(walker: Walker, wire: Wire, model: _Model) -> None:
    if wire.number == 1 and wire.kind == VARINT:
        model.ir = signed(wire.value)
    elif wire.number == _MODEL_VERSION and wire.kind == VARINT:
        model.version = signed(wire.value)
    elif wire.number in (_PRODUCER, _PRODUCER_VERSION, _DOMAIN, _DOC):
        model.texts[wire.number] = walker.text(wire)
    elif wire.number == _GRAPH:
        model.found_graph = True
        for inner in walker.inside(wire):
            _graph_field(walker, inner, model)
    elif wire.number == _OPSET:
        domain, version = Clean(""), 0
        for inner in walker.inside(wire):
            if inner.number == 1:
                domain = walker.text(inner, limit=200)
            elif inner.number == 2:
                version = signed(inner.value)
        if len(model.opsets) < _MOST_PROPS:
            model.opsets.append(f"{domain or 'ai.onnx'} {version}")
    elif wire.number == _PROPS and len(model.props) < _MOST_PROPS:
        pair = {inner.number: walker.text(inner) for inner in walker.inside(wire) if inner.number in (1, 2)}
        model.props.append((pair.get(1, Clean("")), pair.get(2, Clean(""))))


def _is_made_up(graph: str) -> bool:
    name = graph.lower()
    return name in _EXPORTERS_NAMES or _MADE_UP.fullmatch(name) is not None


def _graph_field(walker: Walker, wire: Wire, model: _Model) -> None:
    if wire.number == _GRAPH_NAME:
        model.graph = walker.text(wire, limit=200)
    elif wire.number == _GRAPH_DOC:
        model.doc = walker.text(wire)
    elif wire.number == _INITIALIZER:
        _initializer(walker, wire, model)
    elif wire.number == _SPARSE:
        for inner in walker.inside(wire):
            if inner.number == 1:  # the values; the dims of the whole are not weights that are stored
                _initializer(walker, inner, model)
    elif wire.number in (_INPUT, _OUTPUT):
        side = model.inputs if wire.number == _INPUT else model.outputs
        if len(side) >= _MOST_VALUES:  # a part of a schema would be compared as if it were the whole
            raise Unreadable(f"{clean(walker.path)} has more than {_MOST_VALUES:,} inputs or outputs.")
        side.append(_value(walker, wire, model.notes))


def _initializer(walker: Walker, wire: Wire, model: _Model) -> None:
    dims: list[int] = []
    kind, name = "UNDEFINED", Clean("")
    for inner in walker.inside(wire):
        if inner.number == _TENSOR_DIMS and len(dims) < _MOST_DIMS:
            dims += walker.numbers(inner, most=_MOST_DIMS - len(dims))
        elif inner.number == _TENSOR_TYPE:
            kind = _element(inner.value)
        elif inner.number == _TENSOR_NAME:
            name = walker.text(inner, limit=500)
        elif inner.number == _TENSOR_LOCATION and inner.value == 1:
            model.external += 1
    model.initializers.add(name)
    count = math.prod(dims) if all(dim >= 0 for dim in dims) else -1
    if 0 <= count < 1 << 62:
        model.counts[kind] += count
    else:
        model.notes.warn(f"initializer {name}", "has an absurd size and is not counted")


def _element(number: int) -> str:
    return _ELEMENTS[number] if number < len(_ELEMENTS) else f"type {number}"


def _value(walker: Walker, wire: Wire, notes: Notes) -> Field:
    name, doc = Clean(""), Clean("")
    typed: Wire | None = None
    for inner in walker.inside(wire):
        if inner.number == 1:
            name = walker.text(inner, limit=500)
        elif inner.number == 2:
            typed = inner
        elif inner.number == 3:
            doc = walker.text(inner)
    dtype, raw, shape, required = "any", "", None, True
    children: tuple[Field, ...] = ()
    if typed is not None:
        dtype, raw, shape, required, children = _type(walker, typed, name, notes, _DEPTH)
    return Field(name, dtype, clean(raw, limit=200), shape, required=required, children=children, doc=doc)


def _type(
    walker: Walker, wire: Wire, name: str, notes: Notes, depth: int
) -> tuple[str, str, tuple[Dim, ...] | None, bool, tuple[Field, ...]]:
    """Type, how it is written, shape, whether it is required, and what it holds."""
    if depth == 0:
        raise Unreadable(f"{clean(walker.path)} cannot be used: the type of {name} is nested deeper than {_DEPTH}.")
    found = next((inner for inner in walker.inside(wire) if inner.number in _KINDS), None)
    if found is None:
        return "any", "", None, True, ()
    if found.number in (_TYPE_TENSOR, _TYPE_SPARSE):
        raw, shape = _tensor(walker, found, name, notes)
        dtype = _dtype(raw)
        return dtype, raw if found.number == _TYPE_TENSOR else f"sparse({raw})", shape, True, ()
    inner_type = 2 if found.number == _TYPE_MAP else 1
    held: list[Field] = []
    key = ""
    for inner in walker.inside(found):
        if inner.number == inner_type and not held:
            kind, raw, shape, _, children = _type(walker, inner, name, notes, depth - 1)
            held.append(Field(Clean(""), kind, clean(raw, limit=200), shape, children=children))
        elif found.number == _TYPE_MAP and inner.number == 1:
            key = _element(inner.value).lower()
    inner_raw = held[0].raw if held else "?"
    if found.number == _TYPE_OPTIONAL:
        if not held:
            return "any", "optional(?)", None, False, ()
        only = held[0]
        return only.dtype, f"optional({inner_raw})", only.shape, False, only.children
    if found.number == _TYPE_MAP:
        return "map", f"map({key}, {inner_raw})", None, True, tuple(held)
    return "array", f"seq({inner_raw})", None, True, tuple(held)


_KINDS = (_TYPE_TENSOR, _TYPE_SEQUENCE, _TYPE_MAP, _TYPE_SPARSE, _TYPE_OPTIONAL)


def _tensor(walker: Walker, wire: Wire, name: str, notes: Notes) -> tuple[str, tuple[Dim, ...] | None]:
    raw, shape = "UNDEFINED", None
    for inner in walker.inside(wire):
        if inner.number == 1:
            raw = _element(inner.value)
        elif inner.number == 2:
            try:
                shape = tuple(_dims(walker, inner, name))
            except ValueError as error:
                notes.warn(name, f"has the dimension {error}, which is no size")
    return raw, shape


def _dims(walker: Walker, wire: Wire, name: str) -> Iterator[Dim]:
    count = 0
    for dim in walker.inside(wire):
        if dim.number != 1:
            continue
        count += 1
        if count > _MOST_DIMS:
            raise Unreadable(
                f"{clean(walker.path)} cannot be used: {clean(name)} has more than {_MOST_DIMS} dimensions."
            )
        value: Dim = None
        for inner in walker.inside(dim):
            if inner.number == 1 and inner.kind == VARINT:
                size = signed(inner.value)
                if size < -1:
                    raise ValueError(size)
                value = size if size >= 0 else None
            elif inner.number == 2:
                value = walker.text(inner, limit=100) or None
        yield value


def _dtype(raw: str) -> str:
    if raw in _SPECIAL:
        return _SPECIAL[raw]
    if raw.startswith("FLOAT8"):
        return "float8"
    if raw in _SUB_BYTE or raw not in _ELEMENTS:
        return "any"
    return raw.lower()


def _package(files: Files, path: str, model: _Model) -> ModelPackage:
    notes = model.notes
    if model.external:
        notes.warn("graph", f"keeps {model.external} weights in files beside it, which are not followed")
    # Before IR version 4 the weights had to be listed among the inputs too.
    inputs = tuple(item for item in model.inputs if item.name not in model.initializers)
    precisions = tuple(clean(_label(kind)) for kind, count in model.counts.most_common() if count)
    producer = " ".join(filter(None, (model.texts.get(_PRODUCER), model.texts.get(_PRODUCER_VERSION))))
    opsets = ", ".join(model.opsets)
    raw = _raw(model, inputs, producer, opsets)
    said = known(model.props)
    return ModelPackage(
        name=Clean("") if _is_made_up(model.graph) else model.graph,
        version=clean(model.version) if model.version else Clean(""),
        description=model.texts.get(_DOC) or model.doc,
        artifacts=(
            Artifact(
                clean(path),
                ArtifactRole.WEIGHTS,
                Clean("onnx"),
                size_of(files, path),
                parameters=sum(model.counts.values()) or None,
                precisions=precisions,
            ),
        ),
        licences=said.licences,
        authors=said.authors,
        training=replace(said.training, environment=((Clean("producer"), clean(producer)),) if producer else ()),
        endpoints=(
            Endpoint(
                inputs=_schema(inputs, Extras.REJECT),
                outputs=_schema(tuple(model.outputs), Extras.UNKNOWN),
            ),
        ),
        dependencies=tuple(
            Dependency(clean(opset.rpartition(" ")[0]), clean(opset.rpartition(" ")[2]), Clean("onnx opset"))
            for opset in model.opsets
        ),
        tags=tuple(model.props),
        extra=_extra(model, opsets),
        sources=(source_of(files, path, None, format=FORMAT.name, rank=45, warnings=notes.warnings, raw=raw),),
    )


def _extra(model: _Model, opsets: str) -> Pairs:
    rows = (
        ("IR version", model.ir or ""),
        ("opset", opsets),
        ("graph", model.graph),
        ("domain", model.texts.get(_DOMAIN, "")),
        ("external weights", model.external or ""),
    )
    return tuple((clean(label), clean(value)) for label, value in rows if value)


def _label(kind: str) -> str:
    dtype = _dtype(kind)
    return dtype if dtype not in ("any", "float8") else kind.lower()


def _schema(fields: tuple[Field, ...], extras: Extras) -> Schema:
    return Schema(SchemaKind.TENSORS, fields, extras=extras) if fields else Schema()


def _raw(model: _Model, inputs: tuple[Field, ...], producer: str, opsets: str) -> list[str]:
    lines = [f"ir_version: {model.ir}", f"producer: {producer}", f"opset: {opsets}", f"graph: {model.graph}"]
    for side, fields in (("input", inputs), ("output", tuple(model.outputs))):
        lines += [f"{side}: {item.name} {item.raw} {_shape(item.shape)}" for item in fields]
    lines += [f"weights: {_label(kind)} × {count:,}" for kind, count in model.counts.most_common()]
    return lines + [f"metadata: {key}: {value}" for key, value in model.props]


def _shape(shape: tuple[Dim, ...] | None) -> str:
    return "" if shape is None else f"[{', '.join('?' if dim is None else str(dim) for dim in shape)}]"


FORMAT = Onnx()
