"""OpenSSF model signing: a sigstore bundle that lists every file of a model with its digest.

Verifying it hashes all weights, which is not done here: it is always UNVERIFIED. The list is shown all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Artifact, ModelPackage, Statement, TrustState
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.formats import _statements
from mlcd_tui.packages.reading.document import base_name, source_of
from mlcd_tui.packages.reading.extensions import artifact_of
from mlcd_tui.packages.reading.fields import Notes

_OWN_NAME = "model.sig"


@dataclass(frozen=True, slots=True)
class _ModelSigning:
    name: str = "model_signing"
    title: str = "OpenSSF model signature"
    patterns: tuple[str, ...] = (_OWN_NAME, "*.sig", "*.sigstore.json", "*.sigstore")

    def find(self, files: Files) -> tuple[str, ...]:
        """`*.sig` may be any signature: only what lists files is taken, and a damaged one of our own name."""
        return tuple(path for path in _statements.candidates(files, _is_named) if _is_ours(files, path))

    def read(self, files: Files, path: str) -> ModelPackage:
        notes = Notes(path)
        data = files.read(path, _statements.LIMIT)
        claims = [one for one in _statements.load(data, path, notes) if one.lists_files]
        if not claims:
            raise Unreadable(f"{clean(path)} is no model signature: its predicateType is another one.")
        package = _package(claims[0], notes)
        source = source_of(files, path, data, format=self.name, rank=_statements.RANK, warnings=notes.warnings)
        return replace(package, sources=(source,))


FORMAT = _ModelSigning()


def _is_named(name: str) -> bool:
    return name.endswith((".sig", ".sigstore.json", ".sigstore"))


def _is_ours(files: Files, path: str) -> bool:
    lists = _statements.lists_in(files, path)
    return base_name(path) == _OWN_NAME if lists is None else any(lists)


def _package(claimed: _statements.Claimed, notes: Notes) -> ModelPackage:
    predicate = notes.mapping(claimed.statement.get("predicate"), "predicate")
    subjects = _statements.subjects(claimed, notes)
    resources = notes.mappings(predicate.get("resources"), "predicate.resources")
    artifacts = [_resource(entry, f"predicate.resources[{at}]", notes) for at, entry in enumerate(resources)]
    if not resources:  # versions before 1.0 name the files as subjects
        artifacts = [_artifact(name, digest) for name, digest in subjects]
    name, digest = subjects[0] if subjects else (clean(""), clean(""))
    return ModelPackage(
        artifacts=tuple(artifacts),
        statements=(
            Statement(
                kind=clean("openssf model signature"),
                state=TrustState.UNVERIFIED,
                by=claimed.signer,
                subject=digest,
                reason=claimed.reason,
            ),
        ),
        fallback_name=name if resources else clean(""),
        extra=notes.pairs(
            {"signed folder": name or None, "serialization": predicate.get("serialization")}, "predicate.serialization"
        ),
    )


def _resource(entry: Mapping[str, Any], where: str, notes: Notes) -> Artifact:
    algorithm = notes.text(entry.get("algorithm"), f"{where}.algorithm").lower()
    digest = notes.text(entry.get("digest"), f"{where}.digest", limit=200).lower()
    return _artifact(
        notes.text(entry.get("name"), f"{where}.name"), f"{algorithm}:{digest}" if algorithm and digest else ""
    )


def _artifact(name: str, digest: str) -> Artifact:
    return replace(artifact_of(name, None), digest=clean(digest, limit=200))
