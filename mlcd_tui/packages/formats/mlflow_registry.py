"""MLflow's tracking server: model version, registered model, logged model and run, as its REST API answers.

Which way a metric is better is taken from the tags `mlcd.dev/direction.<metric>` only, see `reading.conventions`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Dataset, Metric, ModelPackage, Pairs, Training
from mlcd_tui.domain.package_ports import DIGEST_ANNOTATION, Files
from mlcd_tui.domain.schema import Schema
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.formats._mlflow_schema import inner_json, side
from mlcd_tui.packages.formats._splits import split_of
from mlcd_tui.packages.reading.conventions import Known, judged, known
from mlcd_tui.packages.reading.document import base_name, source_of
from mlcd_tui.packages.reading.fields import Notes, scalar_text
from mlcd_tui.packages.reading.json import load_json

_LIMIT = 4 << 20
_PEEK = 512
_KIND = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"(run|model|model_version|registered_model)"\s*:\s*\{')
_RANK = 70
_SYSTEM_METRICS = "system/"
"""Measured by MLflow of the machine, not of the model."""
_LOCATIONS = ("uri", "url", "path", "table", "delta_table_name", "sql")


@dataclass(frozen=True, slots=True)
class MlflowRegistry:
    """Reads the four answers that describe a registered version."""

    name: str = "mlflow_registry"
    title: str = "MLflow registry"
    patterns: tuple[str, ...] = (
        "model-version.json",
        "registered-model.json",
        "run.json",
        "logged-model.json",
        "model-versions-get.json",
        "registered-models-get.json",
        "runs-get.json",
    )

    def find(self, files: Files) -> tuple[str, ...]:
        """Answers by their names, where the beginning is one too."""
        found: list[str] = []
        for entry in files.entries():
            if base_name(entry.path) in self.patterns:
                try:
                    if _KIND.match(files.part(entry.path, 0, _PEEK)):
                        found.append(entry.path)
                except Unreadable:
                    found.append(entry.path)  # reading it tells the reason
        return tuple(found)

    def read(self, files: Files, path: str) -> ModelPackage:
        """What one answer says."""
        data = files.read(path, _LIMIT)
        document = load_json(data, path, limit=_LIMIT)
        notes = Notes(base_name(path))
        readers: dict[str, Callable[[Mapping[str, Any], Notes], ModelPackage]] = {
            "model_version": _model_version,
            "registered_model": _registered_model,
            "run": _run,
            "model": _logged_model,
        }
        kind = next((key for key in readers if isinstance(document, Mapping) and key in document), None)
        if kind is None or not isinstance(document[kind], Mapping):
            raise Unreadable(f"{clean(path)} is no answer of an MLflow server: none of {', '.join(readers)} is in it.")
        package = readers[kind](document[kind], notes)
        metrics = package.metrics and judged(package.metrics, self._declared(files, path, package.tags))
        live = path.startswith("rest/")
        source = source_of(files, path, data, format=self.name, rank=_RANK, warnings=notes.warnings, live=live)
        return replace(package, metrics=metrics, sources=(source,))

    def _declared(self, files: Files, path: str, tags: Pairs) -> dict[str, Clean]:
        """Tags that may declare directions: a document's own, then those of the version and of the registered model."""
        found: dict[str, dict[str, Clean]] = {"registered_model": {}, "model_version": {}}
        folder = path.rpartition("/")[0]
        for other in self.find(files):
            if other == path or other.rpartition("/")[0] != folder:
                continue
            try:
                document = load_json(files.read(other, _LIMIT), other, limit=_LIMIT)
            except Unreadable:
                continue  # told where that document itself is read
            for kind, declared in found.items() if isinstance(document, Mapping) else ():
                inner = document.get(kind)
                if isinstance(inner, Mapping):
                    declared.update({str(key): value for key, value in _pairs(inner.get("tags"), "tags", Notes(other))})
        own = {str(key): value for key, value in tags}
        return found["registered_model"] | found["model_version"] | own


def _model_version(version: Mapping[str, Any], notes: Notes) -> ModelPackage:
    pairs = _pairs(version.get("tags"), "model_version.tags", notes)
    tags = dict(pairs)
    said = known(_user(pairs))
    metrics = _metrics(version.get("model_metrics"), "model_version.model_metrics", notes)
    digest = tags.get(Clean(DIGEST_ANNOTATION), Clean(""))
    return ModelPackage(
        name=notes.text(version.get("name"), "model_version.name", limit=500),
        version=notes.text(version.get("version"), "model_version.version", limit=100),
        description=notes.text(version.get("description"), "model_version.description"),
        created=notes.moment(version.get("creation_timestamp"), "model_version.creation_timestamp"),
        authors=said.authors,
        licences=said.licences,
        training=replace(
            _training(pairs, said),
            run_id=notes.text(version.get("run_id"), "model_version.run_id", limit=200),
            run_uri=notes.text(version.get("run_link"), "model_version.run_link"),
            parameters=_pairs(version.get("model_params"), "model_version.model_params", notes),
        ),
        metrics=metrics,
        aliases=notes.texts(version.get("aliases"), "model_version.aliases"),
        status=notes.text(version.get("status"), "model_version.status", limit=100),
        tags=_user(pairs),
        images=(digest,) if digest else (),
        extra=_extra(
            notes,
            ("source", version.get("source")),
            ("status message", version.get("status_message")),
            ("registered by", version.get("user_id")),
            ("model id", version.get("model_id")),
        )
        + _internal(pairs),
    )


def _registered_model(model: Mapping[str, Any], notes: Notes) -> ModelPackage:
    """The name above all versions; what it says of itself is no claim on one version, so it stays a tag or extra."""
    pairs = _pairs(model.get("tags"), "registered_model.tags", notes)
    said = known(_user(pairs))
    aliases = [
        (
            clean(f"alias {notes.text(alias.get('alias'), 'registered_model.aliases.alias', limit=200)}"),
            clean(f"version {notes.text(alias.get('version'), 'registered_model.aliases.version', limit=100)}"),
        )
        for alias in notes.mappings(model.get("aliases"), "registered_model.aliases")
    ]
    return ModelPackage(
        name=notes.text(model.get("name"), "registered_model.name", limit=500),
        licences=said.licences,
        tags=_user(pairs),
        extra=_extra(notes, ("registered model", model.get("description"))) + tuple(aliases) + _internal(pairs),
    )


def _logged_model(model: Mapping[str, Any], notes: Notes) -> ModelPackage:
    info = notes.mapping(model.get("info"), "model.info")
    data = notes.mapping(model.get("data"), "model.data")
    pairs = _pairs(info.get("tags"), "model.info.tags", notes)
    said = known(_user(pairs))
    metrics = _metrics(data.get("metrics"), "model.data.metrics", notes)
    return ModelPackage(
        licences=said.licences,
        training=replace(
            _training(pairs, said),
            run_id=notes.text(info.get("source_run_id"), "model.info.source_run_id", limit=200),
            parameters=_pairs(data.get("params"), "model.data.params", notes),
        ),
        metrics=metrics,
        tags=_user(pairs),
        extra=_extra(
            notes,
            ("model id", info.get("model_id")),
            ("model status", info.get("status")),
            ("model type", info.get("model_type")),
            ("artifacts", info.get("artifact_uri")),
        )
        + _internal(pairs),
    )


def _run(run: Mapping[str, Any], notes: Notes) -> ModelPackage:
    info = notes.mapping(run.get("info"), "run.info")
    data = notes.mapping(run.get("data"), "run.data")
    inputs = notes.mapping(run.get("inputs"), "run.inputs")
    pairs = _pairs(data.get("tags"), "run.data.tags", notes)
    said = known(_user(pairs))
    training = _training(pairs, said)
    datasets = tuple(
        _dataset(item, f"run.inputs.dataset_inputs[{index}]", notes)
        for index, item in enumerate(notes.mappings(inputs.get("dataset_inputs"), "run.inputs.dataset_inputs"))
    )
    metrics = _metrics(data.get("metrics"), "run.data.metrics", notes)
    return ModelPackage(
        licences=said.licences,
        training=replace(
            training,
            run_id=notes.text(info.get("run_id"), "run.info.run_id", limit=200),
            author=training.author or notes.text(info.get("user_id"), "run.info.user_id", limit=200),
            started=notes.moment(info.get("start_time"), "run.info.start_time"),
            finished=notes.moment(info.get("end_time"), "run.info.end_time"),
            parameters=_pairs(data.get("params"), "run.data.params", notes),
            datasets=datasets or training.datasets,
        ),
        metrics=metrics,
        tags=_user(pairs),
        extra=_extra(
            notes,
            ("run name", info.get("run_name")),
            ("run status", info.get("status")),
            ("experiment", info.get("experiment_id")),
            ("artifacts", info.get("artifact_uri")),
        )
        + _internal(pairs),
    )


def _training(pairs: Pairs, said: Known) -> Training:
    """What MLflow's own tags tell, before the conventions of users."""
    tags = dict(pairs)

    def tag(*names: str) -> Clean:
        return next((tags[clean(name)] for name in names if tags.get(clean(name))), Clean(""))

    environment = (
        ("docker image", tag("mlflow.docker.image.name", "mlflow.docker.image.uri")),
        ("docker image id", tag("mlflow.docker.image.id")),
        ("project environment", tag("mlflow.project.env")),
    )
    base = tag("mlflow.parentModel", "base_model")
    return replace(
        said.training,
        author=tag("mlflow.user") or said.training.author,
        revision=tag("mlflow.source.git.commit", "mlflow.gitCommit") or said.training.revision,
        code_uri=tag("mlflow.source.git.repoURL", "mlflow.gitRepoURL") or said.training.code_uri,
        entry_point=tag("mlflow.project.entryPoint", "mlflow.source.name"),
        builder=tag("mlflow.source.type"),
        environment=tuple((Clean(label), value) for label, value in environment if value),
        base_models=(base,) if base else (),
    )


def _dataset(item: Mapping[str, Any], where: str, notes: Notes) -> Dataset:
    dataset = notes.mapping(item.get("dataset"), f"{where}.dataset")
    context = dict(_pairs(item.get("tags"), f"{where}.tags", notes)).get(Clean("mlflow.data.context"), Clean(""))
    source = inner_json(dataset.get("source"), f"{where}.dataset.source", notes)
    profile = inner_json(dataset.get("profile"), f"{where}.dataset.profile", notes)
    location = Clean("")
    if isinstance(source, Mapping):
        location = next((scalar_text(source[key]) for key in _LOCATIONS if source.get(key)), Clean(""))
    rows = profile.get("num_rows") if isinstance(profile, Mapping) else None
    if isinstance(rows, Mapping):  # several named arrays: their lengths differ or agree, none is the number of rows
        rows = None
    return Dataset(
        notes.text(dataset.get("name"), f"{where}.dataset.name", limit=500),
        split_of(context),
        digest=notes.text(dataset.get("digest"), f"{where}.dataset.digest", limit=200),
        uri=location,
        rows=notes.integer(rows, f"{where}.dataset.profile.num_rows"),
        schema=_dataset_schema(dataset.get("schema"), f"{where}.dataset.schema", notes),
    )


def _dataset_schema(value: Any, where: str, notes: Notes) -> Schema:
    document = inner_json(value, where, notes)
    if not isinstance(document, Mapping):
        return Schema()
    for key in ("mlflow_colspec", "mlflow_tensorspec"):
        inner = document.get(key)
        if isinstance(inner, Mapping):  # features and targets of arrays
            inner = inner.get("features")
        if inner is not None:
            return side(inner, f"{where}.{key}", notes)
    return Schema()


def _metrics(value: Any, where: str, notes: Notes) -> tuple[Metric, ...]:
    """The last value of each metric by step and time."""
    latest: dict[tuple[Clean, Clean], tuple[tuple[float, float], Metric]] = {}
    for index, item in enumerate(notes.mappings(value, where)):
        place = f"{where}[{index}]"
        name = notes.text(item.get("key"), f"{place}.key", limit=500)
        if not name or name.startswith(_SYSTEM_METRICS):
            continue
        raw = item.get("value")
        number = notes.number(raw, f"{place}.value", quiet=True)
        dataset = notes.text(item.get("dataset_name"), f"{place}.dataset_name", limit=500)
        metric = Metric(name, number, Clean("") if number is not None else scalar_text(raw), dataset=dataset)
        step = notes.number(item.get("step"), f"{place}.step", quiet=True) or 0.0
        time = notes.number(item.get("timestamp"), f"{place}.timestamp", quiet=True) or 0.0
        key = (name, dataset)
        if key not in latest or latest[key][0] <= (step, time):
            latest[key] = ((step, time), metric)
    return tuple(metric for _, metric in latest.values())


def _pairs(value: Any, where: str, notes: Notes) -> Pairs:
    """MLflow's `[{key, value}]`."""
    return tuple(
        (notes.text(item.get("key"), f"{where}.key", limit=200), notes.text(item.get("value"), f"{where}.value"))
        for item in notes.mappings(value, where)
        if item.get("key") is not None
    )


def _user(pairs: Pairs) -> Pairs:
    return tuple((key, value) for key, value in pairs if not key.startswith("mlflow."))


def _internal(pairs: Pairs) -> Pairs:
    return tuple((key, value) for key, value in pairs if key.startswith("mlflow."))


def _extra(notes: Notes, *rows: tuple[str, Any]) -> Pairs:
    found = ((Clean(label), notes.text(value, label)) for label, value in rows)
    return tuple((label, value) for label, value in found if value)


FORMAT = MlflowRegistry()
