"""KitOps: a Kitfile, or the manifest and config of a ModelKit in an OCI registry (the same as JSON, with digests)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Artifact, ArtifactRole, Dataset, Metric, ModelPackage, Training, TrainingPart
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.schema import Endpoint, Field, Schema, SchemaKind
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.formats import _oci, _sniff
from mlcd_tui.packages.formats._splits import split_of
from mlcd_tui.packages.reading.dimensions import numpy_dtype, shape_of
from mlcd_tui.packages.reading.document import base_name, beside, source_of
from mlcd_tui.packages.reading.extensions import artifact_of, format_of
from mlcd_tui.packages.reading.fields import Notes, literal
from mlcd_tui.packages.reading.json import load_json, load_json_text
from mlcd_tui.packages.reading.yaml import load_yaml

_NAMES = ("Kitfile", "kitfile", ".kitfile")
_MEDIA_TYPE = re.compile(r"application/vnd\.kitops\.modelkit\.(\w+)\.v1\.tar")
_KITFILE_ANNOTATION = "ml.kitops.modelkit.kitfile"
"""On the manifest, where kit wrote the artifact in the layout of ModelPack."""
_REFERENCE = re.compile(r"[a-z0-9][\w.:-]*(?:/[\w.-]+)+(?::[\w.-]+|@sha256:[0-9a-f]{64})", re.IGNORECASE)
"""A model's path that is another ModelKit instead of a file."""
_LAYERS = {
    "model": "model",
    "parts": "modelpart",
    "code": "code",
    "datasets": "dataset",
    "docs": "docs",
    "prompts": "prompt",
}
_APART = ("schema", "metrics", "training")
_COMMITS = ("commit", "git_commit", "revision", "source_commit")


@dataclass(frozen=True, slots=True)
class _KitOps:
    name: str = "kitops"
    title: str = "KitOps ModelKit"
    patterns: tuple[str, ...] = (*_NAMES, *_oci.PATTERNS)

    def find(self, files: Files) -> tuple[str, ...]:
        kitfiles = _sniff.called(files, _NAMES)
        manifests = [path for path in _sniff.called(files, _oci.MANIFESTS) if _is_manifest(files, path)]
        alone = [
            path
            for path in _sniff.called(files, ("config.json",))
            if not _sniff.there(files, beside(path, "manifest.json")) and _is_config(files, path)
        ]
        return (*kitfiles, *manifests, *alone)

    def read(self, files: Files, path: str) -> ModelPackage:
        notes = Notes(path)
        data, kitfile, layers = _load(files, path, notes)
        package = _package(kitfile, layers, notes)
        source = source_of(files, path, data, format=self.name, rank=50, warnings=notes.warnings)
        return ModelPackage(**package, sources=(source,))


FORMAT = _KitOps()


def _is_manifest(files: Files, path: str) -> bool:
    return _sniff.mentions(files, path, b"application/vnd.kitops.modelkit.config") or _sniff.mentions(
        files, path, _KITFILE_ANNOTATION.encode()
    )


def _is_config(files: Files, path: str) -> bool:
    return _sniff.mentions(files, path, b'"manifestVersion"', b'"path"') and not _sniff.mentions(
        files, path, b'"rootfs"'
    )


@dataclass(slots=True)
class _Layers:
    """The layers of a ModelKit, found by digest or by their turn among those of the same type."""

    layers: tuple[Mapping[str, Any], ...] = ()
    taken: dict[str, int] = field(default_factory=dict)

    def of(self, section: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        """The layer of one entry of the Kitfile; empty: none."""
        kind = _LAYERS[section]
        same = [layer for layer in self.layers if _kind(layer) == kind]
        turn = self.taken.get(kind, 0)
        self.taken[kind] = turn + 1
        if digest := entry.get("digest"):
            return next((layer for layer in self.layers if layer.get("digest") == digest), {"digest": digest})
        return same[turn] if turn < len(same) else {}


def _kind(layer: Mapping[str, Any]) -> str:
    found = _MEDIA_TYPE.match(str(layer.get("mediaType")))
    return found.group(1) if found else ""


def _load(files: Files, path: str, notes: Notes) -> tuple[bytes, Mapping[str, Any], _Layers]:
    """Bytes of the document, the Kitfile and its layers."""
    if base_name(path) in _NAMES:
        data = files.read(path, 1 << 20)
        return data, _kitfile(load_yaml(data, path), path), _Layers()
    if base_name(path) == "config.json":
        data = files.read(path, _oci.LIMIT)
        return data, _kitfile(load_json(data, path), path), _Layers()
    found = _oci.documents(files, path, notes)
    layers = _Layers(notes.mappings(found.manifest.get("layers"), "layers"))
    written = notes.mapping(found.manifest.get("annotations"), "annotations").get(_KITFILE_ANNOTATION)
    if isinstance(written, str):
        where = f"{path}: annotation {_KITFILE_ANNOTATION}"
        kitfile = (
            load_json_text(written, where) if written.lstrip().startswith("{") else load_yaml(written.encode(), where)
        )
        return found.data, _kitfile(kitfile, where), layers
    return found.data, found.config, layers


def _kitfile(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Unreadable(f"{clean(where)} is no Kitfile: a map with manifestVersion was expected.")
    return value


def _package(kitfile: Mapping[str, Any], layers: _Layers, notes: Notes) -> dict[str, Any]:
    about = notes.mapping(kitfile.get("package"), "package")
    model = notes.mapping(kitfile.get("model"), "model")
    parameters = model.get("parameters")
    free: Mapping[str, Any] = parameters if isinstance(parameters, Mapping) else {}
    code = _section(kitfile, "code", ArtifactRole.CODE, layers, notes)
    weights, bases = _model(model, layers, notes)
    sets = notes.mappings(kitfile.get("datasets"), "datasets")

    def either(key: str) -> Clean:
        return notes.text(about.get(key), f"package.{key}") or notes.text(model.get(key), f"model.{key}")

    licences = (
        notes.text(one.get("license"), f"{where}.license") for one, where in ((about, "package"), (model, "model"))
    )
    datasets = [
        _dataset(entry, layers.of("datasets", entry), f"datasets[{at}]", notes) for at, entry in enumerate(sets)
    ]
    return {
        "name": either("name"),
        "version": either("version"),
        "description": either("description"),
        "authors": notes.texts(about.get("authors"), "package.authors"),
        "licences": tuple(dict.fromkeys(filter(None, licences))),
        "artifacts": (
            *weights,
            *code,
            *(artifact for artifact, _ in datasets),
            *_section(kitfile, "docs", ArtifactRole.DOC, layers, notes),
            *_section(kitfile, "prompts", ArtifactRole.OTHER, layers, notes),
        ),
        "training_part": TrainingPart(code[0].path) if code and not weights and not bases else None,
        "training": _training(free, bases, tuple(dataset for _, dataset in datasets), notes),
        "endpoints": _endpoints(free.get("schema"), notes),
        "metrics": _metrics(free.get("metrics"), notes),
        "extra": ()
        if isinstance(parameters, Mapping | None)
        else ((clean("model.parameters"), clean(literal(parameters))),),
    }


def _artifact(
    entry: Mapping[str, Any], layer: Mapping[str, Any], role: ArtifactRole, where: str, notes: Notes
) -> Artifact:
    path = notes.text(entry.get("path"), f"{where}.path") or notes.text(entry.get("name"), f"{where}.name")
    artifact = artifact_of(path.removeprefix("./"), notes.integer(layer.get("size"), f"{where} layer size"), role=role)
    return replace(
        artifact,
        format=notes.text(entry.get("format"), f"{where}.format") or artifact.format,
        digest=_oci.digest(layer.get("digest")),
        media_type=notes.text(layer.get("mediaType"), f"{where} layer mediaType"),
    )


def _model(model: Mapping[str, Any], layers: _Layers, notes: Notes) -> tuple[tuple[Artifact, ...], tuple[Clean, ...]]:
    """The weights, and the ModelKit that they come from where the path is one."""
    found: list[Artifact] = []
    path = notes.text(model.get("path"), "model.path")
    base = (path,) if _REFERENCE.fullmatch(path) else ()
    if path and not base:
        weights = _artifact(model, layers.of("model", model), ArtifactRole.WEIGHTS, "model", notes)
        found.append(replace(weights, loader=notes.text(model.get("framework"), "model.framework")))
    for at, part in enumerate(notes.mappings(model.get("parts"), "model.parts")):
        where = f"model.parts[{at}]"
        role = ArtifactRole.WEIGHTS if format_of(str(part.get("path"))) else ArtifactRole.CONFIG
        artifact = _artifact(part, layers.of("parts", part), role, where, notes)
        found.append(replace(artifact, format=notes.text(part.get("type"), f"{where}.type") or artifact.format))
    return tuple(found), base


def _section(
    kitfile: Mapping[str, Any], section: str, role: ArtifactRole, layers: _Layers, notes: Notes
) -> tuple[Artifact, ...]:
    entries = enumerate(notes.mappings(kitfile.get(section), section))
    return tuple(_artifact(entry, layers.of(section, entry), role, f"{section}[{at}]", notes) for at, entry in entries)


def _dataset(entry: Mapping[str, Any], layer: Mapping[str, Any], where: str, notes: Notes) -> tuple[Artifact, Dataset]:
    artifact = _artifact(entry, layer, ArtifactRole.DATASET, where, notes)
    parameters = entry.get("parameters")
    free: Mapping[str, Any] = parameters if isinstance(parameters, Mapping) else {}
    dataset = Dataset(
        name=notes.text(entry.get("name"), f"{where}.name") or artifact.path,
        split=split_of(notes.text(free.get("split"), f"{where}.parameters.split")),
        version=notes.text(free.get("version"), f"{where}.parameters.version"),
        digest=clean(artifact.digest),
        uri=artifact.path,
        rows=notes.integer(free.get("rows"), f"{where}.parameters.rows"),
        licence=notes.text(entry.get("license"), f"{where}.license"),
    )
    return artifact, dataset


def _training(
    free: Mapping[str, Any], bases: tuple[Clean, ...], datasets: tuple[Dataset, ...], notes: Notes
) -> Training:
    """By the custom of one map per tool below `model.parameters`; what is there is free."""
    training = free.get("training")
    inner: Mapping[str, Any] = training if isinstance(training, Mapping) else {}
    commit = next((key for key in _COMMITS if key in inner), "")
    settings = {key: value for key, value in inner.items() if key != commit}
    rest = {key: value for key, value in free.items() if key not in _APART}
    return Training(
        revision=notes.text(inner.get(commit), f"model.parameters.training.{commit}"),
        parameters=(
            *notes.pairs(settings, "model.parameters.training"),
            *notes.pairs(rest, "model.parameters"),
        ),
        datasets=datasets,
        base_models=bases,
    )


def _endpoints(schema: Any, notes: Notes) -> tuple[Endpoint, ...]:
    """By custom: `model.parameters.schema` with `inputs` and `outputs`."""
    if not isinstance(schema, Mapping):
        return ()
    endpoint = Endpoint(
        inputs=_side(schema.get("inputs"), "model.parameters.schema.inputs", notes),
        outputs=_side(schema.get("outputs"), "model.parameters.schema.outputs", notes),
    )
    return (endpoint,) if endpoint.declared else ()


def _side(value: Any, where: str, notes: Notes) -> Schema:
    entries: Sequence[Mapping[str, Any]] = notes.mappings(value, where)
    if not entries:
        return Schema()
    kind = SchemaKind.TENSORS if all("shape" in entry for entry in entries) else SchemaKind.COLUMNS
    fields = tuple(_field(entry, f"{where}[{at}]", notes) for at, entry in enumerate(entries))
    return Schema(kind=kind, fields=fields, named=all(one.name for one in fields))


def _field(entry: Mapping[str, Any], where: str, notes: Notes) -> Field:
    raw = notes.text(entry.get("dtype", entry.get("type")), f"{where}.dtype")
    dtype = numpy_dtype(raw) if raw else None
    if raw and dtype is None:
        notes.warn(f"{where}.dtype", f"is {raw}, which is no known type")
    return Field(
        name=notes.text(entry.get("name"), f"{where}.name"),
        dtype=dtype or "any",
        raw=raw,
        shape=shape_of(entry.get("shape"), f"{where}.shape", notes),
        required=notes.boolean(entry.get("required"), f"{where}.required") is not False,
    )


def _metrics(value: Any, notes: Notes) -> tuple[Metric, ...]:
    if not isinstance(value, Mapping):
        return ()
    return tuple(
        Metric(clean(name), notes.number(text, "model.parameters.metrics", quiet=True), raw=text)
        for name, text in notes.pairs(value, "model.parameters.metrics")
    )
