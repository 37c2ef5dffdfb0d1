"""CNCF ModelPack: an OCI artifact whose config describes the model and whose layers are its files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Artifact, ArtifactRole, Dataset, ModelPackage, Training
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.schema import Endpoint, Schema, SchemaKind
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.formats import _oci, _sniff
from mlcd_tui.packages.reading.document import beside, source_of
from mlcd_tui.packages.reading.extensions import artifact_of
from mlcd_tui.packages.reading.fields import Notes
from mlcd_tui.packages.reading.json import load_json_text

_MEDIA_TYPE = re.compile(r"application/vnd\.cncf\.model\.([a-z.]+)\.v1\.\w+")
_ROLES = {
    "weight": ArtifactRole.WEIGHTS,
    "weight.config": ArtifactRole.CONFIG,
    "doc": ArtifactRole.DOC,
    "code": ArtifactRole.CODE,
    "dataset": ArtifactRole.DATASET,
}
_PATHS = ("org.cncf.model.filepath", "org.cnai.model.filepath", "org.opencontainers.image.title")
"""Where a layer's path is written; the second one is of the time before the project had its name."""
_METADATA = "org.cncf.model.file.metadata+json"


@dataclass(frozen=True, slots=True)
class _ModelPack:
    name: str = "modelpack"
    title: str = "CNCF ModelPack"
    patterns: tuple[str, ...] = _oci.PATTERNS

    def find(self, files: Files) -> tuple[str, ...]:
        manifests = [
            path for path in _sniff.called(files, _oci.MANIFESTS) if _sniff.mentions(files, path, b"vnd.cncf.model.")
        ]
        alone = [
            path
            for path in _sniff.called(files, ("config.json",))
            if beside(path, "manifest.json") not in manifests
            and _sniff.mentions(files, path, b'"descriptor"', b'"modelfs"')
        ]
        return (*manifests, *alone)

    def read(self, files: Files, path: str) -> ModelPackage:
        notes = Notes(path)
        found = _oci.documents(files, path, notes)
        about = notes.mapping(found.config.get("descriptor"), "descriptor")
        model = notes.mapping(found.config.get("config"), "config")
        layers = notes.mappings(found.manifest.get("layers"), "layers")
        artifacts = tuple(_artifact(layer, f"layers[{at}]", model, notes) for at, layer in enumerate(layers))
        if not about and not model and not artifacts:
            raise Unreadable(f"{clean(path)} is no ModelPack: it has neither a descriptor nor layers.")
        package = ModelPackage(
            name=notes.text(about.get("name"), "descriptor.name"),
            version=notes.text(about.get("version"), "descriptor.version"),
            title=notes.text(about.get("title"), "descriptor.title"),
            description=notes.text(about.get("description"), "descriptor.description"),
            created=notes.moment(about.get("createdAt"), "descriptor.createdAt"),
            authors=notes.texts(about.get("authors"), "descriptor.authors"),
            licences=notes.texts(about.get("licenses"), "descriptor.licenses"),
            architecture=notes.text(model.get("architecture"), "config.architecture"),
            artifacts=_precise(artifacts, model, notes),
            training=_training(about, artifacts, notes),
            endpoints=_endpoints(model, notes),
            extra=_extra(about, model, notes),
        )
        source = source_of(files, path, found.data, format=self.name, rank=50, warnings=notes.warnings)
        return replace(package, sources=(source,))


FORMAT = _ModelPack()


def _artifact(layer: Mapping[str, Any], where: str, model: Mapping[str, Any], notes: Notes) -> Artifact:
    media_type = notes.text(layer.get("mediaType"), f"{where}.mediaType")
    kind = _MEDIA_TYPE.match(media_type)
    role = _ROLES.get(kind.group(1), ArtifactRole.OTHER) if kind else ArtifactRole.OTHER
    annotations = notes.mapping(layer.get("annotations"), f"{where}.annotations")
    metadata = _metadata(annotations.get(_METADATA), where, notes)
    digest = _oci.digest(layer.get("digest"))
    written = next((annotations[key] for key in _PATHS if annotations.get(key)), None) or metadata.get("name")
    path = notes.text(written, f"{where}.annotations filepath") or clean(digest or where)
    artifact = artifact_of(path, notes.integer(layer.get("size"), f"{where}.size"), role=role)
    if role is ArtifactRole.WEIGHTS and not artifact.format:
        artifact = replace(artifact, format=notes.text(model.get("format"), "config.format"))
    return replace(artifact, digest=digest, media_type=media_type)


def _metadata(written: Any, where: str, notes: Notes) -> Mapping[str, Any]:
    """The file's own metadata: JSON within an annotation."""
    if written is None:
        return {}
    try:
        found = load_json_text(notes.text(written, f"{where}.annotations {_METADATA}", limit=20_000), where)
    except Unreadable as failure:
        notes.warn(f"{where}.annotations", f"hold file metadata that cannot be used: {failure}".rstrip("."))
        return {}
    return notes.mapping(found, f"{where}.annotations {_METADATA}")


def _precise(artifacts: tuple[Artifact, ...], model: Mapping[str, Any], notes: Notes) -> tuple[Artifact, ...]:
    """With the precisions, which are recorded of the whole. `paramSize` is rounded: it is no number of weights."""
    precisions = notes.text(model.get("precision"), "config.precision")
    found = tuple(clean(one.strip()) for one in precisions.split(",") if one.strip())
    return tuple(
        replace(artifact, precisions=found) if artifact.role is ArtifactRole.WEIGHTS else artifact
        for artifact in artifacts
    )


def _training(about: Mapping[str, Any], artifacts: tuple[Artifact, ...], notes: Notes) -> Training:
    addresses = notes.texts(about.get("datasetsURL"), "descriptor.datasetsURL")
    datasets = [Dataset(name=clean(_last(address)), uri=address) for address in addresses]
    datasets += [
        Dataset(name=clean(_last(artifact.path)), digest=clean(artifact.digest), uri=artifact.path)
        for artifact in artifacts
        if artifact.role is ArtifactRole.DATASET
    ]
    return Training(
        code_uri=notes.text(about.get("sourceURL"), "descriptor.sourceURL"),
        revision=notes.text(about.get("revision"), "descriptor.revision"),
        datasets=tuple(datasets),
    )


def _last(address: str) -> str:
    return address.rstrip("/").rpartition("/")[2] or address


def _endpoints(model: Mapping[str, Any], notes: Notes) -> tuple[Endpoint, ...]:
    """Only kinds of media are recorded, which never come to more than that."""
    able = notes.mapping(model.get("capabilities"), "config.capabilities")

    def side(key: str) -> Schema:
        kinds = notes.texts(able.get(key), f"config.capabilities.{key}")
        return Schema(kind=SchemaKind.MODALITY, modalities=frozenset(kinds)) if kinds else Schema()

    endpoint = Endpoint(inputs=side("inputTypes"), outputs=side("outputTypes"))
    return (endpoint,) if endpoint.declared else ()


def _extra(about: Mapping[str, Any], model: Mapping[str, Any], notes: Notes) -> tuple[tuple[Clean, Clean], ...]:
    able = notes.mapping(model.get("capabilities"), "config.capabilities")
    kept = {
        **{key: about.get(key) for key in ("family", "vendor", "docURL")},
        **{key: model.get(key) for key in ("paramSize", "precision", "quantization")},
        **{key: value for key, value in able.items() if key not in ("inputTypes", "outputTypes")},
    }
    return notes.pairs(kept, "config")
