"""MLflow model folder: MLmodel with its signature, flavors and metadata, and the files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Artifact, ArtifactRole, Dependency, ModelPackage, Pairs
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.schema import Endpoint
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.formats._mlflow_schema import parameters, side
from mlcd_tui.packages.formats._requirements import conda_environment, pip_requirements
from mlcd_tui.packages.reading.conventions import known
from mlcd_tui.packages.reading.document import base_name, beside, is_virtual, source_of
from mlcd_tui.packages.reading.encoding import decode
from mlcd_tui.packages.reading.extensions import PICKLE, artifact_of, is_installed
from mlcd_tui.packages.reading.fields import Notes
from mlcd_tui.packages.reading.yaml import load_yaml

_LIMIT = 1 << 20
_MOST_ARTIFACTS = 500
_PATH_KEYS = ("model_path", "pickled_model", "data", "model_data", "python_model", "model_file", "checkpoint")
"""Keys of a flavor that name the weights, as a path beside MLmodel."""
_PICKLING = ("pickle", "cloudpickle", "joblib", "dill")
_CONFIG_FILES = ("MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt", "registered_model_meta")
_EXAMPLE_FILES = ("input_example.json", "serving_input_example.json", "serving_input_payload.json")
_OWN_KEYS = ("flavors", "signature", "metadata", "saved_input_example_info", "utc_time_created", "run_id")


@dataclass(frozen=True, slots=True)
class Mlflow:
    """Reads `MLmodel`."""

    name: str = "mlflow"
    title: str = "MLflow model"
    patterns: tuple[str, ...] = ("MLmodel", "requirements.txt", "conda.yaml", "python_env.yaml")

    def find(self, files: Files) -> tuple[str, ...]:
        """Files called `MLmodel`."""
        return tuple(
            entry.path
            for entry in files.entries()
            if base_name(entry.path) == "MLmodel" and not is_installed(entry.path)
        )

    def read(self, files: Files, path: str) -> ModelPackage:
        """The model as MLmodel and the files beside it tell."""
        data = files.read(path, _LIMIT)
        document = load_yaml(data, path, limit=_LIMIT)
        if not isinstance(document, Mapping) or not isinstance(document.get("flavors"), Mapping):
            raise Unreadable(f"{clean(path)} is no MLflow model: flavors is missing.")
        notes = Notes(base_name(path))
        flavors = {
            clean(name, limit=100): notes.mapping(value, f"flavors.{name}")
            for name, value in document["flavors"].items()
        }
        dependencies, python = _dependencies(files, path, notes)
        metadata = notes.pairs(document.get("metadata"), "metadata")
        said = known(metadata)
        training = replace(
            said.training,
            run_id=notes.text(document.get("run_id"), "run_id", limit=200),
            environment=_environment(document, flavors, python, notes),
        )
        return ModelPackage(
            created=notes.moment(document.get("utc_time_created"), "utc_time_created"),
            authors=said.authors,
            licences=said.licences,
            artifacts=_artifacts(files, path, document, flavors, notes),
            training=training,
            endpoints=_endpoints(document, notes),
            dependencies=dependencies,
            tags=metadata,
            extra=_extra(document, flavors, notes),
            sources=(source_of(files, path, data, format=self.name, rank=50, warnings=notes.warnings),),
        )


def _endpoints(document: Mapping[str, Any], notes: Notes) -> tuple[Endpoint, ...]:
    signature = notes.mapping(document.get("signature"), "signature")
    endpoint = Endpoint(
        route=Clean("/invocations"),
        inputs=side(signature.get("inputs"), "signature.inputs", notes),
        outputs=side(signature.get("outputs"), "signature.outputs", notes),
        params=parameters(signature.get("params"), "signature.params", notes),
        coerce="mlflow",
    )
    return (endpoint,) if endpoint.declared or endpoint.params.fields else ()


def _dependencies(files: Files, path: str, notes: Notes) -> tuple[tuple[Dependency, ...], Clean]:
    """Libraries and the Python version; requirements.txt tells more exactly than conda.yaml."""
    there = {entry.path for entry in files.entries()}
    found: tuple[Dependency, ...] = ()
    python = Clean("")

    def text_of(name: str) -> bytes | None:
        place = beside(path, name)
        return files.read(place, _LIMIT) if place in there else None

    try:
        if (data := text_of("conda.yaml")) is not None:
            found, python = conda_environment(load_yaml(data, "conda.yaml"), Notes("conda.yaml"))
        if (data := text_of("python_env.yaml")) is not None:
            environment = notes.mapping(load_yaml(data, "python_env.yaml"), "python_env.yaml")
            python = notes.text(environment.get("python"), "python_env.yaml: python", limit=40) or python
        if (data := text_of("requirements.txt")) is not None:
            pinned = pip_requirements(decode(data, "requirements.txt", limit=_LIMIT).splitlines())
            others = tuple(one for one in found if one.ecosystem != "pypi")
            found = (*pinned, *others) if pinned else found
    except Unreadable as failure:
        notes.warn("dependencies", f"are not all known: {failure.sentence.rstrip('.')}")
    return found, python


def _environment(
    document: Mapping[str, Any], flavors: Mapping[Clean, Mapping[str, Any]], python: Clean, notes: Notes
) -> Pairs:
    """Python and the frameworks' versions when the model was saved."""
    found: dict[Clean, Clean] = {}
    for flavor, values in flavors.items():
        for key, value in values.items():
            if key.endswith("_version") and value is not None:
                label = clean(key.removesuffix("_version"), limit=100)
                found.setdefault(label, notes.text(value, f"flavors.{flavor}.{key}", limit=100))
    found.setdefault(Clean("python"), python)
    found.setdefault(Clean("mlflow"), notes.text(document.get("mlflow_version"), "mlflow_version", limit=100))
    return tuple((label, version) for label, version in found.items() if version)


def _artifacts(
    files: Files, path: str, document: Mapping[str, Any], flavors: Mapping[Clean, Mapping[str, Any]], notes: Notes
) -> tuple[Artifact, ...]:
    """The files of the model's folder; what flavors name and is not there is kept too, without a size."""
    folder = path.rpartition("/")[0]
    prefix = f"{folder}/" if folder else ""
    python = flavors.get(Clean("python_function"), {})
    loader = notes.text(python.get("loader_module"), "flavors.python_function.loader_module", limit=200)
    weights = _weights(flavors)
    code = notes.text(python.get("code"), "flavors.python_function.code", limit=500)
    example = notes.mapping(document.get("saved_input_example_info"), "saved_input_example_info")
    examples = {*_EXAMPLE_FILES, *(str(example.get(key)) for key in ("artifact_path", "serving_input_path"))}
    found: list[Artifact] = []
    missing = dict(weights)
    for entry in files.entries():
        if not entry.path.startswith(prefix) or is_virtual(entry.path):
            continue
        place = entry.path[len(prefix) :]
        named = next((one for one in weights if place == one or place.startswith(f"{one}/")), None)
        if named is not None:
            missing.pop(named, None)
            made = artifact_of(entry.path, entry.size, role=ArtifactRole.WEIGHTS, loader=loader)
            found.append(made if made.unsafe or not weights[named] else replace(made, unsafe=weights[named]))
        else:
            role = _role(place, examples, code)
            made = artifact_of(entry.path, entry.size, role=role)
            is_code = role is ArtifactRole.CODE and code
            found.append(replace(made, unsafe=Clean("code that runs when the model is loaded")) if is_code else made)
    for place, unsafe in missing.items():
        made = artifact_of(prefix + place, None, role=ArtifactRole.WEIGHTS, loader=loader)
        found.append(made if made.unsafe or not unsafe else replace(made, unsafe=unsafe))
    if len(found) > _MOST_ARTIFACTS:
        notes.warn("folder", f"holds {len(found):,} files, {_MOST_ARTIFACTS} are listed")
        found.sort(key=lambda one: one.role is not ArtifactRole.WEIGHTS)
    return tuple(found[:_MOST_ARTIFACTS])


def _weights(flavors: Mapping[Clean, Mapping[str, Any]]) -> dict[str, Clean]:
    """Paths that flavors name, and why loading them may run code."""
    found: dict[str, Clean] = {}
    for values in flavors.values():
        how = str(values.get("serialization_format") or values.get("pickle_module") or "").lower()
        unsafe = PICKLE if any(word in how for word in _PICKLING) else Clean("")
        for key in _PATH_KEYS:
            place = values.get(key)
            if isinstance(place, str) and place and not place.startswith("/") and ".." not in place.split("/"):
                place = place.rstrip("/")
                found[place] = unsafe or found.get(place, Clean(""))
    return found


def _role(place: str, examples: set[str], code: str) -> ArtifactRole | None:
    if place in _CONFIG_FILES:
        return ArtifactRole.CONFIG
    if place in examples:
        return ArtifactRole.EXAMPLE
    return ArtifactRole.CODE if code and (place == code or place.startswith(f"{code}/")) else None


def _extra(document: Mapping[str, Any], flavors: Mapping[Clean, Mapping[str, Any]], notes: Notes) -> Pairs:
    rest = {key: value for key, value in document.items() if key not in _OWN_KEYS}
    names = ", ".join(flavors)
    return ((Clean("flavors"), clean(names)), *notes.pairs(rest, "document"))


FORMAT = Mlflow()
