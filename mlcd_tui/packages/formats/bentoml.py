"""BentoML: a Bento (bento.yaml with its routes and libraries), or a model of its model store (model.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Artifact, ArtifactRole, Dataset, Dependency, Metric, ModelPackage, Training
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.schema import Endpoint
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.formats import _requirements, _sniff
from mlcd_tui.packages.formats._json_fields import Budget, json_schema
from mlcd_tui.packages.reading.document import base_name, beside, source_of
from mlcd_tui.packages.reading.fields import Notes, scalar_text
from mlcd_tui.packages.reading.json import load_json
from mlcd_tui.packages.reading.yaml import load_yaml

_DIALECT = "2020-12"
_REQUIREMENTS = ("env/python/requirements.lock.txt", "env/python/requirements.txt", "env/python/requirements.in")
_MOST_TEXT = 1 << 20
_DATASETS = ("dataset", "training_dataset", "train_dataset")
_MEASURES = frozenset(
    (
        "auc",
        "accuracy",
        "acc",
        "f1",
        "precision",
        "recall",
        "rmse",
        "mae",
        "mse",
        "mape",
        "r2",
        "loss",
        "logloss",
        "error",
        "score",
        "ndcg",
        "bleu",
        "rouge",
        "perplexity",
    )
)
_COMMITS = ("commit", "git_commit", "training_commit", "revision")


@dataclass(frozen=True, slots=True)
class _BentoML:
    name: str = "bentoml"
    title: str = "BentoML"
    patterns: tuple[str, ...] = (
        "bento.yaml",
        "model.yaml",
        "schema.json",
        "requirements.lock.txt",
        "requirements.txt",
        "requirements.in",
    )

    def find(self, files: Files) -> tuple[str, ...]:
        bentos = _sniff.called(files, ("bento.yaml",))
        models = (
            path for path in _sniff.called(files, ("model.yaml",)) if _sniff.mentions(files, path, b"bentoml_version")
        )
        described = {_schema_of(path) for path in bentos}
        schemas = (
            path
            for path in _sniff.called(files, ("schema.json",))
            if path not in described and _sniff.mentions(files, path, b'"routes"', b'"is_task"')
        )
        return (*bentos, *models, *schemas)

    def read(self, files: Files, path: str) -> ModelPackage:
        notes = Notes(path)
        data = files.read(path, 4 << 20)
        is_schema = base_name(path) == "schema.json"
        document = load_json(data, path) if is_schema else load_yaml(data, path, limit=4 << 20)
        if not isinstance(document, Mapping) or "name" not in document:
            raise Unreadable(f"{clean(path)} is no {base_name(path)} of BentoML: it has no name.")
        if is_schema:
            package = ModelPackage(endpoints=_endpoints(document, notes))
        else:
            package = (
                _bento(document, files, path, notes)
                if base_name(path) == "bento.yaml"
                else _model(document, notes, within=bool(_sniff.called(files, ("bento.yaml",))))
            )
        source = source_of(files, path, data, format=self.name, rank=50, warnings=notes.warnings)
        return replace(package, sources=(source,))


FORMAT = _BentoML()


def _schema_of(bento: str) -> str:
    return beside(bento, "apis/schema.json")


def _bento(bento: Mapping[str, Any], files: Files, path: str, notes: Notes) -> ModelPackage:
    services = notes.mappings(bento.get("services"), "services")
    schema = notes.mapping(bento.get("schema"), "schema") or _schema_beside(files, path, notes)
    image = notes.mapping(bento.get("image"), "image") or notes.mapping(bento.get("docker"), "docker")
    environment = {
        "python": image.get("python_version"),
        "bentoml": bento.get("bentoml_version"),
        "base image": image.get("base_image"),
        "cuda": image.get("cuda_version"),
    }
    return ModelPackage(
        name=notes.text(bento.get("name"), "name"),
        version=notes.text(bento.get("version"), "version"),
        created=notes.moment(bento.get("creation_time"), "creation_time"),
        authors=_owner(bento, notes),
        artifacts=_models(bento, services, notes),
        training=Training(environment=notes.pairs(environment, "image")),
        endpoints=_endpoints(schema, notes) or _old_endpoints(bento, notes),
        dependencies=_dependencies(files, path, image, notes),
        tags=notes.pairs(bento.get("labels"), "labels"),
        extra=notes.pairs(
            {
                "service": bento.get("service"),
                "entry_service": bento.get("entry_service"),
                **{f"services[{at}].config": one.get("config") for at, one in enumerate(services[:20])},
            },
            "document",
        ),
    )


def _owner(document: Mapping[str, Any], notes: Notes) -> tuple[Clean, ...]:
    owner = notes.text(notes.mapping(document.get("labels"), "labels").get("owner"), "labels.owner")
    return (owner,) if owner else ()


def _schema_beside(files: Files, path: str, notes: Notes) -> Mapping[str, Any]:
    beside_it = _schema_of(path)
    if not _sniff.there(files, beside_it):
        return {}
    try:
        return notes.mapping(load_json(files.read(beside_it, 4 << 20), beside_it), "apis/schema.json")
    except Unreadable as failure:
        notes.warn("apis/schema.json", f"cannot be used: {failure}".rstrip("."))
        return {}


def _models(bento: Mapping[str, Any], services: tuple[Mapping[str, Any], ...], notes: Notes) -> tuple[Artifact, ...]:
    """References to the model store: `models` at the top is often empty, those of the services count."""
    listed = [(entry, f"models[{at}]") for at, entry in enumerate(notes.mappings(bento.get("models"), "models"))]
    for number, service in enumerate(services):
        where = f"services[{number}].models"
        listed += [(entry, f"{where}[{at}]") for at, entry in enumerate(notes.mappings(service.get("models"), where))]
    found: dict[str, Artifact] = {}
    for entry, where in listed:
        tag = notes.text(entry.get("tag", entry.get("model_id")), f"{where}.tag")
        loader = notes.text(entry.get("module"), f"{where}.module")
        if tag:
            found.setdefault(tag, Artifact(path=tag, role=ArtifactRole.WEIGHTS, loader=loader))
    return tuple(found.values())


def _endpoints(schema: Mapping[str, Any], notes: Notes) -> tuple[Endpoint, ...]:
    """One per route; references in a side are local to it."""
    routes = notes.mappings(schema.get("routes"), "schema.routes", most=200)
    budget = Budget()
    return tuple(
        Endpoint(
            name=notes.text(route.get("name"), f"schema.routes[{at}].name") or clean(f"route {at}"),
            route=notes.text(route.get("route"), f"schema.routes[{at}].route"),
            inputs=json_schema(route.get("input"), dialect=_DIALECT, budget=budget),
            outputs=json_schema(route.get("output"), dialect=_DIALECT, budget=budget),
            coerce="json",
            max_batch=_batch(route, f"schema.routes[{at}]", notes),
        )
        for at, route in enumerate(routes)
    )


def _batch(route: Mapping[str, Any], where: str, notes: Notes) -> int | None:
    """Its own batching joins calls of several callers, which no caller sees: only a bound that is written counts."""
    return notes.integer(route.get("max_batch_size"), f"{where}.max_batch_size")


def _old_endpoints(bento: Mapping[str, Any], notes: Notes) -> tuple[Endpoint, ...]:
    """`apis` of BentoML before 1.2 name their kinds of input only: nothing to compare."""
    names = (
        notes.text(api.get("name"), f"apis[{at}].name")
        for at, api in enumerate(notes.mappings(bento.get("apis"), "apis", most=200))
    )
    return tuple(Endpoint(name=name, route=clean(f"/{name}")) for name in names if name)


def _dependencies(files: Files, path: str, image: Mapping[str, Any], notes: Notes) -> tuple[Dependency, ...]:
    for name in _REQUIREMENTS:
        if _sniff.there(files, beside(path, name)):
            try:
                text = files.read(beside(path, name), _MOST_TEXT).decode("utf-8", "replace")
            except Unreadable as failure:
                notes.warn(name, f"cannot be read: {failure}".rstrip("."))
                continue
            if found := _requirements.pip_requirements(text.splitlines()):
                return found
    written = image.get("python_requirements")
    return _requirements.pip_requirements(written.splitlines() if isinstance(written, str) else ())


def _model(model: Mapping[str, Any], notes: Notes, *, within: bool) -> ModelPackage:
    """A model of the store. Its `metadata` is free: numbers with the name of a measure are metrics.

    `within` a Bento it is a part of that, whose name, version and time are those of the package.
    """
    name, version = notes.text(model.get("name"), "name"), notes.text(model.get("version"), "version")
    loader = notes.text(model.get("module"), "module")
    tag = clean(":".join(filter(None, (name, version))))
    context = notes.mapping(model.get("context"), "context")
    free = notes.mapping(model.get("metadata"), "metadata")
    frameworks = notes.pairs(context.get("framework_versions"), "context.framework_versions")
    commit = next((key for key in _COMMITS if isinstance(free.get(key), str)), "")
    given = free.get("metrics")
    numbers = {key: value for key, value in free.items() if _is_metric(key, value)}
    measured = {**numbers, **(given if isinstance(given, Mapping) else {})}
    datasets = tuple(
        Dataset(notes.text(free[key], f"metadata.{key}")) for key in _DATASETS if isinstance(free.get(key), str)
    )
    rest = {key: value for key, value in free.items() if key not in {*numbers, commit, "metrics", *_DATASETS}}
    return ModelPackage(
        name=Clean("") if within else name,
        version=Clean("") if within else version,
        created=None if within else notes.moment(model.get("creation_time"), "creation_time"),
        authors=_owner(model, notes),
        artifacts=(Artifact(path=tag, role=ArtifactRole.WEIGHTS, loader=loader),),
        training=Training(
            revision=notes.text(free.get(commit), f"metadata.{commit}"),
            parameters=notes.pairs(rest, "metadata"),
            environment=(
                *frameworks,
                *notes.pairs(
                    {"python": context.get("python_version"), "bentoml": context.get("bentoml_version")}, "context"
                ),
            ),
            datasets=datasets,
        ),
        metrics=tuple(
            Metric(clean(key), notes.number(value, f"metadata.{key}", quiet=True), raw=scalar_text(value))
            for key, value in list(measured.items())[:500]
        ),
        dependencies=tuple(Dependency(name, version) for name, version in frameworks),
        tags=notes.pairs(model.get("labels"), "labels"),
        extra=notes.pairs({key: model.get(key) or None for key in ("signatures", "options")}, "document"),
    )


def _is_metric(key: str, value: Any) -> bool:
    words = key.lower().replace("-", "_").split("_")
    return isinstance(value, int | float) and not isinstance(value, bool) and not _MEASURES.isdisjoint(words)
