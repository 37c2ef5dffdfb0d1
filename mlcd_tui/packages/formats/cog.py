"""Replicate Cog: cog.yaml, and the labels of a built image with its OpenAPI document and its libraries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Artifact, ArtifactRole, ModelPackage, Pairs, Training, TrainingPart
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.schema import Endpoint, Extras, Schema
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.formats import _oci, _requirements, _sniff
from mlcd_tui.packages.formats._json_fields import References, json_schema
from mlcd_tui.packages.reading.document import base_name, beside, source_of
from mlcd_tui.packages.reading.fields import Notes
from mlcd_tui.packages.reading.json import load_json, load_json_text
from mlcd_tui.packages.reading.yaml import load_yaml

_PREFIXES = ("run.cog.", "org.cogmodel.")
"""Of its labels; the second one is of versions before 0.4 and still written by some."""
_DIALECT = "openapi-3.0"
_ROUTES = (("predict", "/predictions", "Input", "Output"), ("train", "/trainings", "TrainingInput", "TrainingOutput"))
_DEEPEST = 64
_NAMES_ARE_KEYS = ("properties", "patternProperties", "definitions", "$defs", "schemas")
_VALUES = ("default", "example", "examples", "enum", "const")


@dataclass(frozen=True, slots=True)
class _Cog:
    name: str = "cog"
    title: str = "Cog"
    patterns: tuple[str, ...] = ("cog.yaml", *_oci.CONFIGS, _sniff.LIVE_OPENAPI, "requirements.txt")

    def find(self, files: Files) -> tuple[str, ...]:
        configs = (path for path in _sniff.called(files, _oci.CONFIGS) if _is_image(files, path))
        described = (
            path
            for path in _sniff.called(files, (_sniff.LIVE_OPENAPI,))
            if _sniff.mentions(files, path, *_sniff.WRAPPED)
        )
        return (*_sniff.called(files, ("cog.yaml",)), *configs, *described)

    def read(self, files: Files, path: str) -> ModelPackage:
        notes = Notes(path)
        live = base_name(path) == _sniff.LIVE_OPENAPI and _sniff.is_live(files)
        if base_name(path) == _sniff.LIVE_OPENAPI:
            data = files.read(path, _oci.LIMIT)
            package = ModelPackage(endpoints=_endpoints(_document(load_json(data, path), path), notes))
        elif base_name(path) == "cog.yaml":
            data = files.read(path, 1 << 20)
            package = _declared(notes.mapping(load_yaml(data, path), "document"), files, path, notes)
        else:
            found = _oci.documents(files, path, notes)
            data, package = found.data, _image(_oci.labels(found, notes), notes)
        rank = 80 if live else 50
        source = source_of(files, path, data, format=self.name, rank=rank, warnings=notes.warnings, live=live)
        return replace(package, sources=(source,))


FORMAT = _Cog()


def _is_image(files: Files, path: str) -> bool:
    return any(_sniff.mentions(files, path, prefix.encode()) for prefix in _PREFIXES)


def _document(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Unreadable(f"{clean(path)} is no OpenAPI document: a map was expected.")
    return value


def _declared(config: Mapping[str, Any], files: Files, path: str, notes: Notes) -> ModelPackage:
    """What cog.yaml says: how the image is to be built and what is run in it."""
    if not any(key in config for key in ("build", "run", "predict", "train", "image")):
        raise Unreadable(f"{clean(path)} is no cog.yaml: it has neither build, run, predict nor train.")
    build = notes.mapping(config.get("build"), "build")
    package = _of_config(config, notes)
    required = notes.text(build.get("python_requirements"), "build.python_requirements")
    listed = beside(path, required.removeprefix("./"))
    if required and _sniff.there(files, listed):
        try:
            text = files.read(listed, 1 << 20).decode("utf-8", "replace")
        except Unreadable as failure:
            notes.warn("build.python_requirements", f"cannot be read: {failure}".rstrip("."))
        else:
            package = replace(package, dependencies=_requirements.pip_requirements(text.splitlines()))
    return package


def _of_config(config: Mapping[str, Any], notes: Notes) -> ModelPackage:
    build = notes.mapping(config.get("build"), "build")
    runs = notes.text(config.get("run", config.get("predict")), "run")
    trains = notes.text(config.get("train"), "train")
    pins = notes.texts(build.get("python_packages"), "build.python_packages")
    code = dict.fromkeys(part for part in (runs.partition(":")[0], trains.partition(":")[0]) if part)
    return ModelPackage(
        artifacts=tuple(Artifact(path=clean(part), role=ArtifactRole.CODE, loader=clean("cog")) for part in code),
        training_part=TrainingPart(trains, environment=_environment_line(build, notes)) if trains else None,
        training=Training(environment=_environment(build, notes)),
        dependencies=_requirements.pip_requirements(pins),
        extra=notes.pairs(
            {
                "run": runs or None,
                "image": config.get("image"),
                "concurrency": config.get("concurrency"),
                "system_packages": build.get("system_packages"),
            },
            "document",
        ),
    )


def _environment(build: Mapping[str, Any], notes: Notes) -> Pairs:
    names = ("python_version", "cuda", "cudnn", "gpu", "sdk_version")
    found = ((name, notes.text(build.get(name), f"build.{name}")) for name in names)
    return tuple((clean(name.removesuffix("_version")), text) for name, text in found if text)


def _environment_line(build: Mapping[str, Any], notes: Notes) -> Clean:
    return clean(", ".join(f"{name} {text}" for name, text in _environment(build, notes)))


def _image(labels: Mapping[str, Any], notes: Notes) -> ModelPackage:
    """What the labels of a built image say."""

    def label(key: str) -> str:
        names = (f"{prefix}{key}" for prefix in _PREFIXES)
        found = next((labels[name] for name in names if labels.get(name)), "")
        return found if isinstance(found, str) else ""

    version = label("version") or label("cog_version")
    config = _inner(label("config"), "run.cog.config", notes)
    package = _of_config(config, notes)
    document = _inner(label("openapi_schema"), "run.cog.openapi_schema", notes)
    freeze = _requirements.pip_requirements(label("pip_freeze").splitlines())
    weights = _inner(label("r8_weights_manifest"), "run.cog.r8_weights_manifest", notes)
    environment = (*package.training.environment, *(((clean("cog"), clean(version)),) if version else ()))
    base = label("cog-base-image-name")
    return replace(
        package,
        artifacts=(*package.artifacts, *_weights(weights, notes)),
        training=replace(
            package.training,
            environment=(*environment, *(((clean("base image"), clean(base)),) if base else ())),
        ),
        endpoints=_endpoints(document, notes),
        dependencies=freeze or package.dependencies,
    )


def _inner(written: str, where: str, notes: Notes) -> Mapping[str, Any]:
    """JSON within a label; what cannot be used is a warning, for the other labels still can."""
    if not written:
        return {}
    try:
        return notes.mapping(load_json_text(written, f"{notes.where}: {where}"), where)
    except Unreadable as failure:
        notes.warn(where, f"cannot be used: {failure}".rstrip("."))
        return {}


def _weights(manifest: Mapping[str, Any], notes: Notes) -> tuple[Artifact, ...]:
    where = "run.cog.r8_weights_manifest"
    return tuple(
        Artifact(
            path=notes.text(entry.get("path", entry.get("target", entry.get("dest"))), f"{where}[{at}].path"),
            role=ArtifactRole.WEIGHTS,
            size=notes.integer(entry.get("size"), f"{where}[{at}].size"),
            digest=_oci.digest(entry.get("digest")),
        )
        for at, entry in enumerate(notes.mappings(manifest.get("weights", manifest.get("files")), where))
    )


def _endpoints(document: Mapping[str, Any], notes: Notes) -> tuple[Endpoint, ...]:
    components = notes.mapping(document.get("components"), "openapi_schema.components")
    schemas = notes.mapping(components.get("schemas"), "openapi_schema.components.schemas")
    endpoints = []
    for name, route, given, taken in _ROUTES:
        if given in schemas or taken in schemas:
            inputs = _inputs(schemas, given)
            outputs = _side(schemas, taken, Extras.UNKNOWN)
            endpoints.append(Endpoint(clean(name), clean(route), inputs, outputs, coerce="json"))
    if document and not endpoints:
        notes.warn("run.cog.openapi_schema", "has no Input and no Output")
    return tuple(endpoints)


def _inputs(schemas: Mapping[str, Any], name: str) -> Schema:
    """What the server takes: it drops what it does not know, and `nullable` only means that it may be left out."""
    return _side(_without_nullable(schemas, 0, names=True), name, Extras.IGNORE)


def _side(schemas: Mapping[str, Any], name: str, extras: Extras) -> Schema:
    document = {"components": {"schemas": schemas}}
    return json_schema(
        schemas.get(name), dialect=_DIALECT, root=References(document).beside(schemas.get(name)), extras=extras
    )


def _without_nullable(schema: Any, depth: int, *, names: bool = False) -> Any:
    """A schema without its `nullable`; an argument may be called so, hence `names`."""
    if depth > _DEEPEST:
        return schema
    if isinstance(schema, list):
        return [_without_nullable(item, depth + 1) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        key: value
        if not names and key in _VALUES
        else _without_nullable(value, depth + 1, names=not names and key in _NAMES_ARE_KEYS)
        for key, value in schema.items()
        if names or key != "nullable" or not isinstance(value, bool)
    }
