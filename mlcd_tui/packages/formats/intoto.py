"""in-toto statements, above all SLSA provenance: who built the artifact from which code, data and parameters.

What they say is a claim until their signature is verified, which is not done here: they are always UNVERIFIED.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlcd_tui.domain.package import (
    Artifact,
    ArtifactRole,
    Dataset,
    ModelPackage,
    Split,
    Statement,
    Training,
    TrustState,
)
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.formats import _statements
from mlcd_tui.packages.formats._splits import split_of
from mlcd_tui.packages.reading.document import source_of
from mlcd_tui.packages.reading.extensions import artifact_of, role_of
from mlcd_tui.packages.reading.fields import Notes

_V1 = "https://slsa.dev/provenance/v1"
_V02 = "https://slsa.dev/provenance/v0.2"
_REPOSITORY = re.compile(
    r"(?:git\+)?(?P<uri>[a-z][a-z+]*://[^/@]*(?:@[^/@]*)?/[^@#]*)(?:[@#](?P<ref>.*))?", re.IGNORECASE
)
_COMMITS = ("gitCommit", "sha1", "sha256")
_KINDS = {
    _V1: "slsa provenance v1",
    _V02: "slsa provenance v0.2",
    "https://slsa.dev/verification_summary": "slsa verification summary",
    "https://sigstore.dev/cosign/sign/v1": "cosign image signature",
    "https://spdx.dev/Document": "list of parts (SPDX)",
    "https://cyclonedx.org/bom": "list of parts (CycloneDX)",
    "https://in-toto.io/attestation/test-result": "test result",
}
"""What the better known types of statements are, for the eye."""
_Extra = tuple[tuple[Clean, Clean], ...]
_BASES = ("base", "base_model", "base-model", "pretrained", "parent")


@dataclass(frozen=True, slots=True)
class _InToto:
    name: str = "intoto"
    title: str = "in-toto / SLSA provenance"
    patterns: tuple[str, ...] = (
        "*.intoto.jsonl",
        "*.intoto.json",
        "statement.json",
        "provenance.json",
        "*.sigstore.json",
        "*.sigstore",
        "*.att",
    )

    def find(self, files: Files) -> tuple[str, ...]:
        """By name; others' files of those names that hold no statement are left alone."""
        return tuple(path for path in _statements.candidates(files, _is_named) if _is_ours(files, path))

    def read(self, files: Files, path: str) -> ModelPackage:
        notes = Notes(path)
        data = files.read(path, _statements.LIMIT)
        package = ModelPackage()
        for claimed in _statements.load(data, path, notes):
            if not claimed.lists_files:
                package = _with(package, claimed, notes)
        source = source_of(files, path, data, format=self.name, rank=_statements.RANK, warnings=notes.warnings)
        return replace(package, sources=(source,))


FORMAT = _InToto()


def _is_named(name: str) -> bool:
    return name.endswith((".intoto.jsonl", ".intoto.json", ".sigstore.json", ".sigstore", ".att")) or name in (
        "statement.json",
        "provenance.json",
    )


def _is_ours(files: Files, path: str) -> bool:
    lists = _statements.lists_in(files, path)
    if lists is None:  # damaged: said when it is read, where the name leaves no doubt
        return ".intoto.json" in path
    return not all(lists)


def _with(package: ModelPackage, claimed: _statements.Claimed, notes: Notes) -> ModelPackage:
    """The package with what one statement adds."""
    predicate = notes.mapping(claimed.statement.get("predicate"), "predicate")
    subjects = _statements.subjects(claimed, notes)
    training = Training()
    extra: _Extra = ()
    if claimed.predicate_type.startswith(_V1):
        training, extra = _v1(predicate, notes)
    elif claimed.predicate_type.startswith(_V02):
        training, extra = _v02(predicate, notes)
    if package.training.recorded and training.recorded:
        notes.warn("document", "holds more than one provenance, the first one is used")
        training, extra = package.training, ()
    known = {(artifact.path, artifact.digest) for artifact in package.artifacts}
    statement = Statement(
        kind=_kind(claimed.predicate_type),
        state=TrustState.UNVERIFIED,
        by=training.builder or claimed.signer,
        subject=next((digest for _, digest in subjects if digest), ""),
        reason=claimed.reason,
    )
    return replace(
        package,
        created=package.created or training.finished,
        artifacts=(
            *package.artifacts,
            *(_artifact(name, digest) for name, digest in subjects if _is_file(name) and (name, digest) not in known),
        ),
        training=training if training.recorded else package.training,
        statements=(*package.statements, statement),
        extra=(*package.extra, *extra),
        fallback_name=package.fallback_name or _statements.called(subjects),
    )


def _kind(predicate_type: str) -> Clean:
    known = next((title for start, title in _KINDS.items() if predicate_type.startswith(start)), "")
    return clean(known or predicate_type or "in-toto statement", limit=200)


def _is_file(name: str) -> bool:
    """Whether a subject is a file: images are named by a package URL, or not at all."""
    return bool(name) and not name.startswith("pkg:")


def _artifact(name: Clean, digest: Clean) -> Artifact:
    return replace(artifact_of(name, None), digest=digest)


def _v1(predicate: Mapping[str, Any], notes: Notes) -> tuple[Training, _Extra]:
    definition = notes.mapping(predicate.get("buildDefinition"), "predicate.buildDefinition")
    run = notes.mapping(predicate.get("runDetails"), "predicate.runDetails")
    builder = notes.mapping(run.get("builder"), "predicate.runDetails.builder")
    metadata = notes.mapping(run.get("metadata"), "predicate.runDetails.metadata")
    where = "predicate.buildDefinition"
    materials = _Materials(notes)
    dependencies = notes.mappings(definition.get("resolvedDependencies"), f"{where}.resolvedDependencies")
    for at, entry in enumerate(dependencies):
        materials.add(entry, f"{where}.resolvedDependencies[{at}]")
    times = "predicate.runDetails.metadata"
    run_id = notes.text(metadata.get("invocationId"), f"{times}.invocationId")
    training = Training(
        run_id=run_id,
        run_uri=_link(run_id),
        started=notes.moment(metadata.get("startedOn"), f"{times}.startedOn"),
        finished=notes.moment(metadata.get("finishedOn"), f"{times}.finishedOn"),
        code_uri=materials.code_uri,
        revision=materials.revision,
        builder=notes.text(builder.get("id"), "predicate.runDetails.builder.id"),
        parameters=notes.pairs(definition.get("externalParameters"), f"{where}.externalParameters"),
        environment=_scalars(definition.get("internalParameters"), f"{where}.internalParameters", notes),
        datasets=tuple(materials.datasets),
        base_models=tuple(materials.bases),
    )
    return training, _extra(definition.get("buildType"), materials, notes)


def _v02(predicate: Mapping[str, Any], notes: Notes) -> tuple[Training, _Extra]:
    invocation = notes.mapping(predicate.get("invocation"), "predicate.invocation")
    config = notes.mapping(invocation.get("configSource"), "predicate.invocation.configSource")
    builder = notes.mapping(predicate.get("builder"), "predicate.builder")
    metadata = notes.mapping(predicate.get("metadata"), "predicate.metadata")
    materials = _Materials(notes)
    if config.get("uri"):
        materials.add(config, "predicate.invocation.configSource")
    for at, entry in enumerate(notes.mappings(predicate.get("materials"), "predicate.materials")):
        materials.add(entry, f"predicate.materials[{at}]")
    invoked = metadata.get("buildInvocationId", metadata.get("buildInvocationID"))
    run_id = notes.text(invoked, "predicate.metadata.buildInvocationId")
    training = Training(
        run_id=run_id,
        run_uri=_link(run_id),
        started=notes.moment(metadata.get("buildStartedOn"), "predicate.metadata.buildStartedOn"),
        finished=notes.moment(metadata.get("buildFinishedOn"), "predicate.metadata.buildFinishedOn"),
        code_uri=materials.code_uri,
        revision=materials.revision,
        entry_point=notes.text(config.get("entryPoint"), "predicate.invocation.configSource.entryPoint"),
        builder=notes.text(builder.get("id"), "predicate.builder.id"),
        parameters=notes.pairs(invocation.get("parameters"), "predicate.invocation.parameters"),
        environment=_scalars(invocation.get("environment"), "predicate.invocation.environment", notes),
        datasets=tuple(materials.datasets),
        base_models=tuple(materials.bases),
    )
    return training, _extra(predicate.get("buildType"), materials, notes)


def _scalars(value: Any, where: str, notes: Notes) -> _Extra:
    """Builders keep whole build graphs there: only plain values are facts for the eye."""
    found = notes.mapping(value, where)
    return notes.pairs({key: item for key, item in found.items() if not isinstance(item, list | Mapping)}, where)


def _link(text: Clean) -> Clean:
    return text if text.startswith(("http://", "https://")) else Clean("")


def _extra(build_type: Any, materials: _Materials, notes: Notes) -> _Extra:
    kind = notes.text(build_type, "buildType")
    return (*(((clean("build type"), kind),) if kind else ()), *materials.others)


class _Materials:
    """Sorts what went into a build: code, data, models that it began from, and the rest."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self.code_uri = Clean("")
        self.revision = Clean("")
        self.datasets: list[Dataset] = []
        self.bases: list[Clean] = []
        self.others: list[tuple[Clean, Clean]] = []

    def add(self, entry: Mapping[str, Any], where: str) -> None:
        """One material. It is data where its name, role or the end of its address says so; else it is only listed."""
        uri = self._notes.text(entry.get("uri"), f"{where}.uri")
        name = self._notes.text(entry.get("name"), f"{where}.name")
        annotations = self._notes.mapping(entry.get("annotations"), f"{where}.annotations")
        role = self._notes.text(annotations.get("role"), f"{where}.annotations.role").lower()
        digest = _statements.digest_of(entry.get("digest"), f"{where}.digest", self._notes)
        prefix, _, rest = name.partition(":")
        split = split_of(role)
        if role in _BASES or prefix in ("model", "base-model", "base_model"):
            self.bases.append(clean("@".join(filter(None, (rest or uri or name, digest)))))
        elif prefix == "dataset" or split is not Split.UNKNOWN or _is_data(uri):
            self.datasets.append(Dataset(name=_called(rest or name, uri), split=split, digest=digest, uri=uri))
        elif not self._is_code(uri, entry, where):
            self.others.append((clean(name or "material"), clean(" ".join(filter(None, (uri, digest))))))

    def _is_code(self, uri: Clean, entry: Mapping[str, Any], where: str) -> bool:
        """Whether it is a repository; the first one is what was built."""
        digests = self._notes.mapping(entry.get("digest"), f"{where}.digest")
        if self.code_uri or not (
            uri.startswith("git+") or "gitCommit" in digests or ".git" in uri or "sha1" in digests
        ):
            return False
        found = _REPOSITORY.match(uri)
        self.code_uri = clean(found["uri"]) if found else uri
        commit = next((digests[key] for key in _COMMITS if key in digests), None)
        self.revision = self._notes.text(commit, f"{where}.digest")
        return True


def _is_data(uri: str) -> bool:
    return role_of(uri) is ArtifactRole.DATASET


def _called(name: str, uri: str) -> Clean:
    return clean(name or uri.rstrip("/").rpartition("/")[2] or uri)
