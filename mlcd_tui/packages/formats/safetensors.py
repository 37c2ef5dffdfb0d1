"""safetensors: names, types and shapes of weights from the header, which is all that is read of a file of any size."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Artifact, ArtifactRole, ModelPackage, Pairs
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.reading.conventions import known
from mlcd_tui.packages.reading.document import base_name, beside, size_of, source_of
from mlcd_tui.packages.reading.extensions import is_installed
from mlcd_tui.packages.reading.fields import Notes
from mlcd_tui.packages.reading.json import load_json

_MOST_HEADER = 16 << 20
_MOST_SHARDS = 100
_MOST_LINES = 2_000
_MOST_DIMS = 64
_SHARD = re.compile(r"-\d{5}-of-\d{5}\.safetensors$")
_INDEX = ".safetensors.index.json"
_CALLED = re.compile(r"(-\d{5}-of-\d{5})?\.safetensors(\.index\.json)?$")
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "U16": 16, "I16": 16, "U32": 32, "I32": 32, "U64": 64, "I64": 64,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8,
    "F16": 16, "BF16": 16, "F32": 32, "F64": 64, "C64": 64,
}  # fmt: skip
_NAMES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16", "U32": "uint32", "I32": "int32",
    "U64": "uint64", "I64": "int64", "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64",
    "C64": "complex64",
}  # fmt: skip


@dataclass(slots=True)
class _Header:
    """What one file's header says."""

    metadata: Pairs = ()
    counts: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    tensors: int = 0


@dataclass(frozen=True, slots=True)
class Safetensors:
    """Reads `*.safetensors` and the index of sharded ones."""

    name: str = "safetensors"
    title: str = "safetensors"
    patterns: tuple[str, ...] = ("*.safetensors", "*.safetensors.index.json")

    def find(self, files: Files) -> tuple[str, ...]:
        """Every file, but the shards of an index with it."""
        paths = [entry.path for entry in files.entries() if not is_installed(entry.path)]
        indexed = {path.rpartition("/")[0] for path in paths if path.endswith(_INDEX)}
        return tuple(
            path
            for path in paths
            if path.endswith(_INDEX)
            or (
                path.endswith(".safetensors")
                and not (path.rpartition("/")[0] in indexed and _SHARD.search(path) is not None)
            )
        )

    def read(self, files: Files, path: str) -> ModelPackage:
        """The weights that the header or the index describes."""
        notes = Notes(base_name(path))
        return _index(files, path, notes) if path.endswith(_INDEX) else _single(files, path, notes)


def _single(files: Files, path: str, notes: Notes) -> ModelPackage:
    header = _header(files, path, notes)
    return _package(files, path, None, notes, header, (_artifact(files, path, header),), header.lines)


def _package(
    files: Files,
    path: str,
    data: bytes | None,
    notes: Notes,
    header: _Header,
    artifacts: tuple[Artifact, ...],
    raw: list[str] | None,
) -> ModelPackage:
    said = known(header.metadata)
    return ModelPackage(
        licences=said.licences,
        authors=said.authors,
        training=said.training,
        artifacts=artifacts,
        tags=header.metadata,
        extra=((Clean("tensors"), clean(f"{header.tensors:,}")),) if header.tensors else (),
        fallback_name=clean(_CALLED.sub("", base_name(path))),
        sources=(source_of(files, path, data, format=FORMAT.name, rank=45, warnings=notes.warnings, raw=raw),),
    )


def _artifact(files: Files, path: str, header: _Header | None) -> Artifact:
    return Artifact(
        clean(path),
        ArtifactRole.WEIGHTS,
        Clean("safetensors"),
        size_of(files, path),
        parameters=sum(header.counts.values()) if header is not None else None,
        precisions=_precisions(header) if header is not None else (),
    )


def _precisions(header: _Header) -> tuple[Clean, ...]:
    return tuple(clean(_NAMES.get(kind, kind.lower())) for kind, _ in header.counts.most_common())


def _header(files: Files, path: str, notes: Notes) -> _Header:
    size = size_of(files, path)
    start = files.part(path, 0, 8)
    if len(start) < 8:
        raise Unreadable(f"{clean(path)} is no safetensors file: it has only {len(start)} bytes.")
    length = int.from_bytes(start, "little")
    if length > _MOST_HEADER or length < 2:
        raise Unreadable(f"{clean(path)} claims a header of {length:,} bytes; 2 to {_MOST_HEADER:,} are read.")
    if size is not None and length > size - 8:
        raise Unreadable(f"{clean(path)} is truncated: its header has {length:,} bytes, the file {size:,}.")
    data = files.part(path, 8, length)
    if len(data) < length:
        raise Unreadable(f"{clean(path)} is truncated: its header has {length:,} bytes, {len(data):,} are there.")
    if not data.startswith(b"{"):
        raise Unreadable(f"{clean(path)} is no safetensors file: its header does not begin with a brace.")
    document = load_json(data, f"{path}: header", limit=_MOST_HEADER)
    return _tensors(document, path, notes, None if size is None else size - 8 - length)


def _tensors(document: Mapping[str, Any], path: str, notes: Notes, room: int | None) -> _Header:
    header = _Header()
    spans: list[tuple[int, int, str]] = []
    for name, value in document.items():
        if name == "__metadata__":
            header.metadata = notes.pairs(value, "__metadata__")
            continue
        where = f"{clean(path)}: {clean(name, limit=120)}"
        if not isinstance(value, Mapping):
            raise Unreadable(f"{where} describes no tensor.")
        kind, shape = value.get("dtype"), _sizes(value.get("shape"), _MOST_DIMS)
        offsets = _sizes(value.get("data_offsets"), 2)
        if not isinstance(kind, str) or shape is None or offsets is None or len(offsets) != 2:
            raise Unreadable(f"{where} has no usable dtype, shape or data_offsets.")
        count = math.prod(shape)
        if kind in _BITS and offsets[1] - offsets[0] != (count * _BITS[kind] + 7) // 8:
            raise Unreadable(f"{where} has a shape and dtype that do not fit its data_offsets.")
        spans.append((offsets[0], offsets[1], name))
        header.tensors += 1
        if kind in _BITS:
            header.counts[kind] += count
        else:
            notes.warn(clean(name, limit=120), f"has the unknown dtype {clean(kind, limit=40)} and is not counted")
        if len(header.lines) < _MOST_LINES:
            header.lines.append(f"{name} {kind} {shape}")
    _check_layout(spans, path, notes, room)
    return header


def _sizes(value: Any, most: int) -> list[int] | None:
    """A list of sizes below 2⁶², or None."""
    if not isinstance(value, list) or len(value) > most:
        return None
    fine = all(isinstance(item, int) and not isinstance(item, bool) and 0 <= item < 1 << 62 for item in value)
    return value if fine else None


def _check_layout(spans: list[tuple[int, int, str]], path: str, notes: Notes, room: int | None) -> None:
    """Tensors lie one after another without gap or overlap, and within the file."""
    reached = 0
    for begin, end, name in sorted(spans):
        if begin != reached or end < begin:
            raise Unreadable(f"{clean(path)}: {clean(name, limit=120)} does not begin where the tensor before it ends.")
        reached = end
    if room is not None and reached > room:
        raise Unreadable(f"{clean(path)} is truncated: its tensors take {reached:,} bytes, {max(room, 0):,} are there.")
    if room is not None and reached < room:
        notes.warn("header", f"leaves {room - reached:,} bytes at the end undescribed")


def _index(files: Files, path: str, notes: Notes) -> ModelPackage:
    data = files.read(path, _MOST_HEADER)
    document = notes.mapping(load_json(data, path, limit=_MOST_HEADER), "document")
    weights = notes.mapping(document.get("weight_map"), "weight_map")
    if not weights:
        raise Unreadable(f"{clean(path)} is no index of safetensors: weight_map is missing or empty.")
    metadata = notes.mapping(document.get("metadata"), "metadata")
    names = sorted({name for name in weights.values() if isinstance(name, str) and _is_plain(name)})
    if any(not isinstance(name, str) or not _is_plain(name) for name in weights.values()):
        notes.warn("weight_map", "names files outside the folder, which are not followed")
    if len(names) > _MOST_SHARDS:
        notes.warn("weight_map", f"names {len(names):,} files, {_MOST_SHARDS} are looked at")
    total = _Header(metadata=notes.pairs(metadata, "metadata"), tensors=len(weights))
    there = {entry.path for entry in files.entries()}
    artifacts: list[Artifact] = []
    for name in names[:_MOST_SHARDS]:
        shard = beside(path, name)
        header: _Header | None = None
        if shard not in there:
            notes.warn("weight_map", f"names {clean(name, limit=120)}, which is not there")
        else:
            try:
                header = _header(files, shard, notes)
            except Unreadable as failure:
                notes.warn(clean(name, limit=120), f"cannot be read: {failure.sentence.rstrip('.')}")
        artifacts.append(_artifact(files, shard, header))
    return _package(files, path, data, notes, total, tuple(artifacts), None)


def _is_plain(name: str) -> bool:
    return bool(name) and "/" not in name and "\\" not in name and name not in (".", "..")


FORMAT = Safetensors()
