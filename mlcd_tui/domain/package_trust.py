"""Signatures and provenance of one package: joined, and held against the digests that the package has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mlcd_tui.domain.package import ArtifactRole, Claim, ModelPackage, Statement, TrustState
from mlcd_tui.domain.package_origins import Part, Witnesses
from mlcd_tui.domain.text import Clean, clean

_Key = tuple[str, str, str]


def statements(parts: Sequence[Part], package: ModelPackage, heard: Witnesses) -> tuple[Statement, ...]:
    """Statements by kind, author and subject.

    One that failed stays failed whatever others say. One whose subjects are all unknown here fails: it speaks of
    something else. That is only said where the package's digests are complete, weights included.
    """
    found: dict[_Key, Statement] = {}
    said_by: dict[_Key, Part] = {}
    for part in parts:
        for one in part.package.statements:
            key = (str(one.kind).casefold(), str(one.by).casefold(), one.subject)
            before = found.setdefault(key, one)
            said_by.setdefault(key, part)
            if one.state is TrustState.FAILED and before.state is not TrustState.FAILED:
                found[key] = one
            if part.package.sources:
                heard.hear(part, f"statements[{one.kind}].state", one.state.value, lambda _one, _other: True)
    digests = _digests(package)
    if not digests:
        return tuple(found.values())
    fitting = {key[:2] for key in found if not key[2] or _is_known(key[2], digests)}
    return tuple(
        one if key[:2] in fitting else _stranger(one, said_by[key], package, heard) for key, one in found.items()
    )


def _digests(package: ModelPackage) -> frozenset[str]:
    """Every digest that the package is or has."""
    return frozenset(
        filter(
            None,
            (
                package.digest,
                *(one.digest for one in package.artifacts),
                *(source.digest for source in package.sources if package.digest or package.artifacts),
                *(image.partition("@")[2] for image in package.images),
            ),
        )
    )


def _is_known(subject: str, digests: frozenset[str]) -> bool:
    return subject in digests or f"sha256:{subject}" in digests


def _stranger(one: Statement, part: Part, package: ModelPackage, heard: Witnesses) -> Statement:
    """A statement of something that is not in the package, as far as that can be told."""
    unhashed = [file for file in package.artifacts if file.role is ArtifactRole.WEIGHTS and not file.digest]
    if unhashed or not (package.digest or any(file.digest for file in package.artifacts)):
        if one.state is not TrustState.VERIFIED:
            return one
        reason = "valid, but of nothing whose digest is known here: the digests of the weights are not recorded"
        return replace(one, state=TrustState.UNVERIFIED, reason=clean(reason))
    own = package.digest or next(file.digest for file in package.artifacts if file.digest)
    where = f"statements[{one.kind}].subject"
    if where in part.known:
        heard.hear(part, where, one.subject)
    elif package.sources:
        before = heard.claims(where) or (Claim(0, clean(own)),)
        heard.contradict(where, (*before, Claim(part.offset, clean(one.subject))))
    if one.state is TrustState.FAILED:
        return one
    reason = f"speaks of {clean(one.subject)[:19]}…, which is none of the package's digests"
    return replace(one, state=TrustState.FAILED, reason=Clean(reason))
