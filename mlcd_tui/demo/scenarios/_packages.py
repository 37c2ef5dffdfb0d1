"""Model packages of the demo's images, as a pipeline publishes them: better, breaking, without a schema, or none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mlcd_tui.demo.controllers.pod import image_id
from mlcd_tui.demo.kinds import CONFIGMAPS
from mlcd_tui.demo.scenarios._build import REGISTRY, Story
from mlcd_tui.domain.package import (
    Artifact,
    ArtifactRole,
    Dataset,
    Dependency,
    Direction,
    Metric,
    ModelPackage,
    PackageSource,
    Split,
    Training,
)
from mlcd_tui.domain.package_document import package_document
from mlcd_tui.domain.published import config_map, image_digest
from mlcd_tui.domain.schema import Endpoint, Extras, Field, Schema, SchemaKind
from mlcd_tui.domain.text import clean

PUBLISHER = "ci-models@acme.example"
_AHEAD = 4.0
"""Minutes between a publish and the release that it is for."""


def publish(story: Story, namespace: str, app: str, tag: str, minute: float, package: ModelPackage) -> None:
    """Puts a package beside its image, some minutes before the image is released."""
    story.at(minute - _AHEAD, lambda: put(story, namespace, app, tag, package))


def put(story: Story, namespace: str, app: str, tag: str, package: ModelPackage) -> None:
    """Puts a package beside its image now."""
    image = image_id(f"{REGISTRY}/{app}:{tag}")
    at = datetime.fromtimestamp(story.store.clock.now(), UTC)
    digest = image_digest(image)
    made = replace(_dated(package, at), images=(clean(image),), digest=digest)
    text = json.dumps(package_document(made), separators=(",", ":"))
    body = config_map(made, text, digest=digest, namespace=namespace, by=PUBLISHER, at=at)
    if story.store.find(CONFIGMAPS, namespace, body["metadata"]["name"]) is None:
        story.store.create(CONFIGMAPS, body)


def _dated(package: ModelPackage, at: datetime) -> ModelPackage:
    """A package that was trained shortly before it was published."""
    training = replace(package.training, started=at - timedelta(minutes=52), finished=at - timedelta(minutes=9))
    sources = tuple(replace(source, read_at=at) for source in package.sources)
    return replace(package, created=at - timedelta(minutes=7), training=training, sources=sources)


def columns(*fields: str) -> Schema:
    """Columns from `name:type`, optional ones with `?` at the end."""
    return Schema(SchemaKind.COLUMNS, tuple(_column(text) for text in fields), extras=Extras.IGNORE)


def _column(text: str) -> Field:
    name, _, raw = text.rstrip("?").partition(":")
    dtype = {"double": "float64", "long": "int64", "integer": "int32", "boolean": "bool"}.get(raw, raw)
    return Field(clean(name), dtype, clean(raw), required=not text.endswith("?"))


def tensors(*fields: Field) -> Schema:
    """Named tensors."""
    return Schema(SchemaKind.TENSORS, fields, extras=Extras.REJECT)


def tensor(name: str, dtype: str, *shape: int | None) -> Field:
    """One tensor."""
    return Field(clean(name), dtype, clean(dtype.upper()), shape)


def scores(noise: float | None = None, split: Split = Split.TEST, **values: float) -> tuple[Metric, ...]:
    """Metrics by name; those of error, loss and time are better when lower."""
    lower = ("loss", "latency", "ece", "error")
    return tuple(
        Metric(
            clean(name),
            value,
            clean(f"{value:g}"),
            Direction.LOWER if any(part in name for part in lower) else Direction.HIGHER,
            split=split,
            noise=noise,
        )
        for name, value in values.items()
    )


def dataset(name: str, version: str, rows: int, split: Split = Split.TRAIN) -> Dataset:
    """Data with a version; its digest follows from both."""
    digest = hashlib.sha256(f"{name}@{version}".encode()).hexdigest()
    uri = f"s3://acme-features/{name}/{version}"
    return Dataset(clean(name), split, clean(version), clean(f"sha256:{digest}"), clean(uri), rows)


def package(
    name: str,
    version: str,
    *,
    schemas: tuple[Schema, Schema] | None,
    metrics: Iterable[Metric],
    data: Iterable[Dataset],
    parameters: dict[str, str],
    libraries: dict[str, str],
    weights: tuple[str, int],
    author: str,
    use: str,
) -> ModelPackage:
    """A package as its training run leaves it."""
    path, size = weights
    commit = hashlib.sha1(f"{name} {version}".encode(), usedforsecurity=False).hexdigest()
    run = hashlib.md5(f"{name} {version}".encode(), usedforsecurity=False).hexdigest()
    pairs = tuple((clean(key), clean(value)) for key, value in parameters.items())
    training = Training(
        run_id=clean(run),
        author=clean(author),
        code_uri=clean(f"https://git.acme.example/ml/{name}"),
        revision=clean(commit),
        entry_point=clean("train.py"),
        parameters=pairs,
        environment=((clean("python"), clean("3.12.7")),),
        hardware=((clean("gpu"), clean("1 × L4")),),
        datasets=tuple(data),
    )
    lines = (f"model: {name}", f"version: {version}", f"run_id: {run}", f"commit: {commit}")
    return ModelPackage(
        name=clean(name),
        version=clean(version),
        authors=(clean(author),),
        licences=(clean("Proprietary"),),
        intended_use=(clean(use),),
        artifacts=(
            Artifact(clean(path), ArtifactRole.WEIGHTS, clean(path.rpartition(".")[2]), size, _digest(name, version)),
        ),
        training=training,
        endpoints=(Endpoint(inputs=schemas[0], outputs=schemas[1]),) if schemas else (),
        metrics=tuple(metrics),
        dependencies=tuple(Dependency(clean(key), clean(value)) for key, value in libraries.items()),
        sources=(
            PackageSource("mlflow", clean(f"models:/{name}/{version}"), text=tuple(clean(line) for line in lines)),
        ),
    )


def _digest(name: str, version: str) -> str:
    return "sha256:" + hashlib.sha256(f"weights of {name} {version}".encode()).hexdigest()
