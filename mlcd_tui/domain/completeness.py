"""What a well-made package has and this one lacks; each sentence says what to add."""

from __future__ import annotations

from collections.abc import Iterator

from mlcd_tui.domain.package import Direction, Lack, ModelPackage, TrustState
from mlcd_tui.domain.package_sameness import is_pinned
from mlcd_tui.domain.schema import Schema, SchemaKind
from mlcd_tui.domain.text import clean


def lacks(package: ModelPackage) -> tuple[Lack, ...]:
    """Everything missing, the required first. Empty: nothing that this knows of is missing."""
    return (*_required(package), *_advised(package))


def _lack(field: str, sentence: str, *, required: bool) -> Lack:
    return Lack(field, clean(sentence), required)


def _required(package: ModelPackage) -> Iterator[Lack]:
    if not package.artifacts and package.training_part is None:
        yield _lack(
            "artifacts", "No artifact: add the model's files, or the entry point that trains it.", required=True
        )
    training = package.training
    if not training.recorded:
        yield _lack(
            "training",
            "Nothing of the training is recorded: add the run, its time, author, code and data.",
            required=True,
        )
    elif not training.datasets:
        yield _lack(
            "training.datasets",
            "The training data is not recorded: log the datasets with name, digest and split.",
            required=True,
        )
    for side, word in (("inputs", "input"), ("outputs", "output")):
        schemas: list[Schema] = [getattr(endpoint, side) for endpoint in package.endpoints]
        kinds = {schema.kind for schema in schemas} - {SchemaKind.NONE}
        if not kinds:
            sentence = f"No {word} schema: log the model with a signature, so that changes of it can be judged."
            yield _lack(f"endpoints.{side}", sentence, required=True)
        elif kinds == {SchemaKind.MODALITY}:
            sentence = f"The {word} schema only names kinds of media: add the fields with their types."
            yield _lack(f"endpoints.{side}", sentence, required=True)


def _advised(package: ModelPackage) -> Iterator[Lack]:
    training = package.training
    advice = (
        (package.digest, "digest", "It cannot be pinned: push it as an image, or record the artifact's sha256."),
        (training.revision, "training.revision", "The code's revision is not recorded: train from a commit."),
        (training.author or package.authors, "authors", "No author: say whom to ask."),
        (package.metrics, "metrics", "No metrics: log how good the model is, and on which data."),
        (package.licences, "licences", "No licence: add an SPDX identifier such as Apache-2.0."),
        (package.intended_use, "intendedUse", "The intended use is not described: add a model card."),
        (package.limits, "limits", "No limits are described: add to the model card where not to use it."),
    )
    for value, field, sentence in advice:
        if not value:
            yield _lack(field, sentence, required=False)
    undirected = [metric.name for metric in package.metrics if metric.direction is Direction.UNKNOWN]
    if undirected:
        more = f" and {len(undirected) - 3} more" if len(undirected) > 3 else ""
        yield _lack(
            "metrics.direction",
            f"Whether higher or lower is better is not declared of {', '.join(undirected[:3])}{more}: declare it.",
            required=False,
        )
    if package.trust is TrustState.ABSENT:
        yield _lack(
            "statements", "No provenance: let the build attest what it made (SLSA), or sign it.", required=False
        )
    unsafe = [file for file in package.artifacts if file.unsafe]
    if unsafe:
        more = f" and {len(unsafe) - 1} more" if len(unsafe) > 1 else ""
        sentence = f"{unsafe[0].path}{more}: {unsafe[0].unsafe}. Save it as safetensors, ONNX or skops."
        yield _lack("artifacts.unsafe", sentence, required=False)
    yield from _dependencies(package)


def _dependencies(package: ModelPackage) -> Iterator[Lack]:
    if not package.dependencies:
        if package.artifacts or package.training_part is not None:
            yield _lack(
                "dependencies", "No dependencies are recorded: add a requirements file with versions.", required=False
            )
        return
    loose = [one.name for one in package.dependencies if not is_pinned(one.version)]
    if loose:
        more = f" and {len(loose) - 3} more" if len(loose) > 3 else ""
        yield _lack(
            "dependencies.version",
            f"Not pinned to a version: {', '.join(loose[:3])}{more}. Pin with ==.",
            required=False,
        )
