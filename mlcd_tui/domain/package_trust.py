"""Signatures and provenance of one package: joined, and held against the digests that the package has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mlcd_tui.domain.package import ArtifactRole, Claim, ModelPackage, Statement, TrustState
from mlcd_tui.domain.package_origins import Part, Witnesses
from mlcd_tui.domain.text import Clean, clean

_Key = tuple[str, str, str]
_DOUBT = "its subject is none of the digests known here, but the weights are not hashed"


def statements(
    parts: Sequence[Part], package: ModelPackage, heard: Witnesses, opened: str = ""
) -> tuple[Statement, ...]:
    """Statements by kind, author and subject.

    One that failed stays failed whatever others say. One whose subjects are all unknown here fails: it speaks of
    something else. That is only said where the package's digests are complete, weights included; and the document of
    the statement is no witness for its own subject.
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
    if len(parts) == 1 and parts[0].known:
        return _judged_before(found, parts[0], heard)
    known = {id(part): _digests(parts, part, opened) for part in said_by.values()}
    fitting = {key[:2] for key in found if not key[2] or _is_known(key[2], known[id(said_by[key])])}
    return tuple(
        one
        if key[:2] in fitting or not known[id(said_by[key])]
        else _stranger(one, said_by[key], parts, package, heard)
        for key, one in found.items()
    )


def _judged_before(found: dict[_Key, Statement], part: Part, heard: Witnesses) -> tuple[Statement, ...]:
    """Of a package that was merged already: who was a witness for what cannot be told apart any more."""
    for one in found.values():
        where = f"statements[{one.kind}].subject"
        if where in part.known:
            heard.hear(part, where, one.subject)
    return tuple(found.values())


def _digests(parts: Sequence[Part], speaker: Part, opened: str) -> frozenset[str]:
    """Every digest that the package is or has, as others than the speaker know it.

    None where neither the whole nor any weights are identified: a statement may then speak of either.
    """
    found, identified = {opened}, bool(opened)
    for part in parts:
        if part is speaker:
            continue
        package = part.package
        weights = {file.digest for file in package.artifacts if file.role is ArtifactRole.WEIGHTS}
        identified = identified or bool(opened or package.digest or weights - {""})
        found |= {package.digest, *(file.digest for file in package.artifacts)}
        found |= {image.partition("@")[2] for image in package.images}
        found |= {source.digest for source in package.sources} if package.artifacts else set()
    return frozenset(found - {""}) if identified else frozenset()


def _is_known(subject: str, digests: frozenset[str]) -> bool:
    return subject in digests or f"sha256:{subject}" in digests


def _stranger(one: Statement, part: Part, parts: Sequence[Part], package: ModelPackage, heard: Witnesses) -> Statement:
    """A statement of something that is not in the package, as far as that can be told."""
    if one.state is TrustState.FAILED and f"statements[{one.kind}].subject" not in part.known:
        return one
    others = [file for other in parts if other is not part for file in other.package.artifacts]
    if any(file.role is ArtifactRole.WEIGHTS and not file.digest for file in others):
        return _doubtful(one)
    where = f"statements[{one.kind}].subject"
    if where in part.known:
        heard.hear(part, where, one.subject)
    elif package.sources:
        own = package.digest or next((file.digest for file in others if file.digest), "")
        before = heard.claims(where) or ((Claim(0, clean(own)),) if own else ())
        heard.contradict(where, (*before, Claim(part.offset, clean(one.subject))))
    if one.state is TrustState.FAILED:
        return one
    reason = f"speaks of {clean(one.subject)[:19]}…, which is none of the package's digests"
    return replace(one, state=TrustState.FAILED, reason=Clean(reason))


def _doubtful(one: Statement) -> Statement:
    """Not known to speak of this package: its weights are not hashed, so they may be what it means."""
    if one.state is TrustState.FAILED or _DOUBT in one.reason:
        return one
    return replace(one, state=TrustState.UNVERIFIED, reason=clean("; ".join(filter(None, (one.reason, _DOUBT)))))
