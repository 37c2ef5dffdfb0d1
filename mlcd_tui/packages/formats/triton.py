"""Triton: inputs and outputs of a model from its config.pbtxt, with the batch dimension made explicit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Artifact, ArtifactRole, ModelPackage, Pairs
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.schema import Dim, Endpoint, Extras, Field, Schema, SchemaKind
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.reading.conventions import known
from mlcd_tui.packages.reading.dimensions import shape_of
from mlcd_tui.packages.reading.document import base_name, source_of
from mlcd_tui.packages.reading.extensions import artifact_of, is_installed
from mlcd_tui.packages.reading.fields import Notes
from mlcd_tui.packages.reading.textproto import TOKENS, load_textproto

_LIMIT = 1 << 20
_MOST_ARTIFACTS = 200
_DTYPES = {
    "BOOL": "bool",
    "FP16": "float16",
    "FP32": "float32",
    "FP64": "float64",
    "BF16": "bfloat16",
    "STRING": "text",
    **{f"{sign}INT{bits}": f"{sign.lower()}int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)},
}


@dataclass(frozen=True, slots=True)
class Triton:
    """Reads `config.pbtxt`."""

    name: str = "triton"
    title: str = "Triton"
    patterns: tuple[str, ...] = ("config.pbtxt",)

    def find(self, files: Files) -> tuple[str, ...]:
        """Files called `config.pbtxt`."""
        paths = (entry.path for entry in files.entries() if base_name(entry.path) == "config.pbtxt")
        return tuple(path for path in paths if not is_installed(path))

    def read(self, files: Files, path: str) -> ModelPackage:
        """What the configuration says; Triton may complete a partial one itself, which only the live server tells."""
        data = files.read(path, _LIMIT)
        config = load_textproto(data, path)
        if not config:
            raise Unreadable(f"{clean(path)} is empty.")
        notes = Notes(base_name(path))
        folder = path.rpartition("/")[0]
        name = notes.text(_last(config, "name"), "name", limit=200) or clean(base_name(folder), limit=200)
        loader = notes.text(_last(config, "backend") or _last(config, "platform"), "backend", limit=200)
        batch = notes.integer(_last(config, "max_batch_size"), "max_batch_size", most=1 << 31)
        artifacts, versions = _versions(files, folder, loader)
        tags = _parameters(config, notes)
        said = known(tags)
        return ModelPackage(
            name=name,
            version=versions[0] if len(versions) == 1 else Clean(""),
            licences=said.licences,
            authors=said.authors,
            training=replace(said.training, base_models=_steps(config, notes)),
            artifacts=artifacts,
            endpoints=_endpoints(config, name, batch, notes),
            tags=tags,
            extra=_extra(config, loader, versions, notes),
            sources=(source_of(files, path, data, format=self.name, rank=50, warnings=notes.warnings),),
        )


def _last(message: Mapping[str, list[Any]], name: str) -> Any:
    """The value of a field that is there once: protobuf lets the last one win."""
    values = message.get(name)
    return values[-1] if values else None


def _messages(message: Mapping[str, list[Any]], name: str, notes: Notes) -> tuple[Mapping[str, list[Any]], ...]:
    return notes.mappings(message.get(name), name, most=TOKENS)


def _endpoints(config: Mapping[str, list[Any]], name: Clean, batch: int | None, notes: Notes) -> tuple[Endpoint, ...]:
    sides = [
        tuple(
            _tensor(item, f"{side}[{index}]", batch, notes) for index, item in enumerate(_messages(config, side, notes))
        )
        for side in ("input", "output")
    ]
    if not any(sides):
        return ()
    inputs, outputs = (Schema(SchemaKind.TENSORS, fields) if fields else Schema() for fields in sides)
    if inputs.fields:
        inputs = replace(inputs, extras=Extras.REJECT)
    route = clean(f"/v2/models/{name}/infer") if name else Clean("")
    return (Endpoint(route=route, inputs=inputs, outputs=outputs, max_batch=batch),)


def _tensor(item: Mapping[str, list[Any]], where: str, batch: int | None, notes: Notes) -> Field:
    name = notes.text(_last(item, "name"), f"{where}.name", limit=200)
    raw = notes.text(_last(item, "data_type"), f"{where}.data_type", limit=60)
    dtype = _DTYPES.get(raw.removeprefix("TYPE_"))
    if dtype is None:
        notes.warn(f"{where}.data_type", f"is “{raw}”, which is no type of Triton's" if raw else "is missing")
    dims = shape_of(item.get("dims"), f"{where}.dims", notes)
    # With batching, the configuration leaves the first dimension out of `dims`; callers send it.
    shape: tuple[Dim, ...] | None = dims if dims is None or not batch else (None, *dims)
    optional = notes.boolean(_last(item, "optional"), f"{where}.optional")
    doc = notes.text(_last(item, "label_filename"), f"{where}.label_filename", limit=200)
    return Field(
        name, dtype or "any", raw, shape, required=not optional, doc=clean(f"labels in {doc}") if doc else Clean("")
    )


def _steps(config: Mapping[str, list[Any]], notes: Notes) -> tuple[Clean, ...]:
    """The models that an ensemble is made of."""
    found: list[Clean] = []
    for index, ensemble in enumerate(_messages(config, "ensemble_scheduling", notes)):
        for place, step in enumerate(_messages(ensemble, "step", notes)):
            where = f"ensemble_scheduling[{index}].step[{place}]"
            name = notes.text(_last(step, "model_name"), f"{where}.model_name", limit=200)
            version = notes.integer(_last(step, "model_version"), f"{where}.model_version", least=-1)
            found.append(clean(f"{name} {version}") if version is not None and version >= 0 else name)
    return tuple(dict.fromkeys(filter(None, found)))


def _parameters(config: Mapping[str, list[Any]], notes: Notes) -> Pairs:
    found: list[tuple[Clean, Clean]] = []
    for index, entry in enumerate(_messages(config, "parameters", notes)):
        where = f"parameters[{index}]"
        value = notes.mapping(_last(entry, "value"), f"{where}.value")
        key = notes.text(_last(entry, "key"), f"{where}.key", limit=200)
        found.append((key, notes.text(_last(value, "string_value"), f"{where}.value")))
    return tuple(found)


def _versions(files: Files, folder: str, loader: Clean) -> tuple[tuple[Artifact, ...], list[Clean]]:
    """The files in the numbered folders beside the configuration, and those numbers."""
    prefix = f"{folder}/" if folder else ""
    artifacts: list[Artifact] = []
    versions: dict[Clean, None] = {}
    for entry in files.entries():
        version, slash, rest = entry.path.removeprefix(prefix).partition("/")
        if not entry.path.startswith(prefix) or not slash or not rest or not version.isdecimal():
            continue
        versions[clean(version, limit=40)] = None
        if len(artifacts) < _MOST_ARTIFACTS:
            made = artifact_of(entry.path, entry.size, loader=loader)
            first = rest.partition("/")[0]
            is_weights = first.startswith("model.") and made.role is not ArtifactRole.CODE
            artifacts.append(replace(made, role=ArtifactRole.WEIGHTS) if is_weights else made)
    return tuple(artifacts), list(versions)


def _extra(config: Mapping[str, list[Any]], loader: Clean, versions: list[Clean], notes: Notes) -> Pairs:
    groups = [
        f"{notes.text(_last(group, 'kind'), 'instance_group.kind', limit=60) or 'KIND_AUTO'}"
        f" × {notes.integer(_last(group, 'count'), 'instance_group.count') or 1}"
        for group in _messages(config, "instance_group", notes)
    ]
    rows = (("backend", loader), ("versions", ", ".join(versions[:50])), ("instance groups", ", ".join(groups[:50])))
    return tuple((clean(label), clean(value)) for label, value in rows if value)


FORMAT = Triton()
