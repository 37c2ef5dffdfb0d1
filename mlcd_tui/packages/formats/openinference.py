"""Open Inference Protocol v2: what a live endpoint says of its models, the only word on what really serves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Artifact, ArtifactRole, ModelPackage
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.schema import Endpoint, Extras, Field, Schema, SchemaKind
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.formats import _sniff
from mlcd_tui.packages.reading.dimensions import shape_of
from mlcd_tui.packages.reading.document import base_name, beside, source_of
from mlcd_tui.packages.reading.fields import Notes
from mlcd_tui.packages.reading.json import load_json

_MODEL = re.compile(r"(?:^|/)v2/models/[^/]+(?:/versions/[^/]+)?\.json$")
_DTYPES = {
    "BOOL": "bool",
    **{f"UINT{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
    **{f"INT{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": f"float{bits}" for bits in (16, 32, 64)},
    "BF16": "bfloat16",
    "BYTES": "text",
    "STRING": "text",
}
_LIMIT = 1 << 20
_RANK = 80


@dataclass(frozen=True, slots=True)
class _OpenInference:
    name: str = "openinference"
    title: str = "Open Inference Protocol v2"
    patterns: tuple[str, ...] = ("model-metadata.json", "server-metadata.json", "server.json")

    def find(self, files: Files) -> tuple[str, ...]:
        models = [entry.path for entry in files.entries() if _MODEL.search(entry.path)]
        named = [
            path
            for path in _sniff.called(files, ("model-metadata.json",))
            if _sniff.mentions(files, path, b'"inputs"', b'"outputs"') or _sniff.mentions(files, path, b'"platform"')
        ]
        return (*models, *named)

    def read(self, files: Files, path: str) -> ModelPackage:
        notes = Notes(path)
        data = files.read(path, _LIMIT)
        model = load_json(data, path)
        if not isinstance(model, Mapping) or not isinstance(model.get("name"), str):
            raise Unreadable(f"{clean(path)} is no model metadata: it has no name.")
        versions = notes.texts(model.get("versions"), "versions")
        platform = notes.text(model.get("platform"), "platform")
        name = notes.text(model.get("name"), "name")
        package = ModelPackage(
            name=name,
            version=versions[0] if len(versions) == 1 else clean(""),
            artifacts=(Artifact(path=name, role=ArtifactRole.WEIGHTS, loader=platform),) if platform else (),
            endpoints=_endpoints(model, f"/v2/models/{name}/infer", notes),
            extra=notes.pairs(
                {
                    "platform": platform,
                    "versions": ", ".join(versions),
                    "parameters": model.get("parameters"),
                    **_server(files, path, notes),
                },
                "document",
            ),
        )
        live = bool(_MODEL.search(path))
        rank = _RANK if live else 50  # an answer that somebody saved may be old
        source = source_of(files, path, data, format=self.name, rank=rank, warnings=notes.warnings, live=live)
        return replace(package, sources=(source,))


FORMAT = _OpenInference()


def _endpoints(model: Mapping[str, Any], route: str, notes: Notes) -> tuple[Endpoint, ...]:
    endpoint = Endpoint(
        route=clean(route),
        inputs=_side(model.get("inputs"), "inputs", Extras.REJECT, notes),
        outputs=_side(model.get("outputs"), "outputs", Extras.UNKNOWN, notes),
    )
    return (endpoint,) if endpoint.declared else ()


def _side(value: Any, where: str, extras: Extras, notes: Notes) -> Schema:
    """Many servers answer an empty list when they do not know: that is not recorded, never a model without inputs."""
    tensors = notes.mappings(value, where)
    if not tensors:
        if value is not None:
            notes.warn(where, "is empty: the server does not tell them")
        return Schema()
    fields = tuple(_tensor(tensor, f"{where}[{at}]", notes) for at, tensor in enumerate(tensors))
    return Schema(kind=SchemaKind.TENSORS, fields=fields, extras=extras, named=all(one.name for one in fields))


def _tensor(tensor: Mapping[str, Any], where: str, notes: Notes) -> Field:
    raw = notes.text(tensor.get("datatype"), f"{where}.datatype")
    dtype = _DTYPES.get(raw.upper())
    if dtype is None:
        notes.warn(f"{where}.datatype", f"is {raw or 'absent'}, which is no type of the protocol")
    parameters = tensor.get("parameters")
    optional = isinstance(parameters, Mapping) and parameters.get("optional") is True
    return Field(
        name=notes.text(tensor.get("name"), f"{where}.name"),
        dtype=dtype or "any",
        raw=raw,
        shape=shape_of(tensor.get("shape"), f"{where}.shape", notes),
        required=tensor.get("optional") is not True and not optional,
    )


def _server(files: Files, path: str, notes: Notes) -> dict[str, Any]:
    """Name and version of the server software, where it told them."""
    folder = path.partition("v2/models/")[0]
    candidates = (f"{folder}v2/server.json", beside(path, "server-metadata.json"))
    found = next((candidate for candidate in candidates if _sniff.there(files, candidate)), "")
    if not found:
        return {}
    try:
        server = notes.mapping(load_json(files.read(found, _LIMIT), found), base_name(found))
    except Unreadable as failure:
        notes.warn(base_name(found), f"cannot be used: {failure}".rstrip("."))
        return {}
    return {f"server.{key}": server.get(key) for key in ("name", "version", "extensions")}
