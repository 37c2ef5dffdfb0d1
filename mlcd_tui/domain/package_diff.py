"""A candidate's package held against the one that serves: schema first, then metrics, data, code and the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mlcd_tui.domain import package_sameness as same
from mlcd_tui.domain.compatibility import compare
from mlcd_tui.domain.metric_changes import metric_changes
from mlcd_tui.domain.package import Artifact, ArtifactRole, Dataset, Dependency, ModelPackage, Pairs, TrustState
from mlcd_tui.domain.package_headline import headline
from mlcd_tui.domain.package_origins import is_empty, shown
from mlcd_tui.domain.package_versions import is_older, major, normal_name
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.verdict import Difference, Judgement, PackageDiff, Section

_MOST_FILES = 50
"""Files listed one by one; of more only their number is told."""
_ASIDE = frozenset({ArtifactRole.CONFIG, ArtifactRole.DOC, ArtifactRole.EXAMPLE})
"""Files whose coming and going tells nothing: what stands in them is compared as what it means."""
_TRUST = (TrustState.FAILED, TrustState.ABSENT, TrustState.UNVERIFIED, TrustState.VERIFIED)
_GENERAL: tuple[tuple[str, str, same.Same], ...] = (
    ("name", "name", same.name),
    ("version", "version", same.version),
    ("digest", "digest", same.digest),
    ("licences", "licence", same.licences),
    ("authors", "authors", same.text),
    ("task", "task", same.text),
    ("architecture", "architecture", same.text),
    ("status", "status", same.text),
    ("aliases", "aliases", same.text),
    ("intended_use", "intended use", same.text),
    ("limits", "limits", same.text),
    ("description", "description", same.text),
    ("training.author", "trained by", same.person),
    ("training.code_uri", "code", same.address),
    ("training.entry_point", "entry point", same.text),
)
_PROVENANCE: tuple[tuple[str, str, same.Same], ...] = (
    ("training.revision", "code revision", same.commit),
    ("training.run_id", "training run", same.text),
    ("training.finished", "trained at", same.moment),
    ("training.builder", "builder", same.text),
    ("training.base_models", "base models", same.text),
)


def diff(serving: ModelPackage, candidate: ModelPackage, *, declared_only: bool = False) -> PackageDiff:
    """What changes when the candidate takes the place of what serves.

    The schema's findings are in `compatibility`; `differences` has everything else, by section. Metrics are all there,
    of the rest only what differs. `declared_only`: callers send nothing that the schema does not declare.
    """
    compatibility = compare(serving, candidate, declared_only=declared_only)
    differences = (
        *metric_changes(serving, candidate),
        *_data(serving, candidate),
        *_pairs(Section.PARAMETERS, "", serving.training.parameters, candidate.training.parameters),
        *_dependencies(serving, candidate),
        *_artifacts(serving, candidate),
        *_provenance(serving, candidate),
        *_scalars(Section.GENERAL, _GENERAL, serving, candidate),
        *_tags(serving, candidate),
    )
    return PackageDiff(serving, candidate, compatibility, differences, headline(differences, serving, candidate))


def _change(section: Section, label: str, before: Any, after: Any, note: str = "") -> Difference:
    """Added, removed or changed, by which side is empty."""
    judgement = Judgement.ADDED if is_empty(before) else Judgement.REMOVED if is_empty(after) else Judgement.CHANGED
    return Difference(section, clean(label), shown(before), shown(after), judgement, clean(note))


def _differ(before: Any, after: Any, rule: same.Same) -> bool:
    if before == after:
        return False
    if is_empty(before) or is_empty(after):
        return is_empty(before) != is_empty(after)
    return not rule(_text(before), _text(after))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ", ".join(value) if isinstance(value, tuple) else str(shown(value))


def _at(package: ModelPackage, path: str) -> Any:
    inside, _, name = path.rpartition(".")
    return getattr(package.training if inside else package, name)


def _scalars(
    section: Section, rules: Sequence[tuple[str, str, same.Same]], serving: ModelPackage, candidate: ModelPackage
) -> Iterator[Difference]:
    for path, label, rule in rules:
        before, after = _at(serving, path), _at(candidate, path)
        if _differ(before, after, rule):
            yield _change(section, label, before, after)


def _pairs(section: Section, prefix: str, before: Pairs, after: Pairs) -> Iterator[Difference]:
    old, new = dict(before), dict(after)
    for label in dict.fromkeys((*new, *old)):
        if label not in old or label not in new:
            yield _one_sided(section, f"{prefix}{label}", old.get(label), new.get(label))
        elif not same.exactly(old[label], new[label]):
            yield Difference(section, clean(f"{prefix}{label}"), old[label], new[label], Judgement.CHANGED)


def _tags(serving: ModelPackage, candidate: ModelPackage) -> Iterator[Difference]:
    """Tags, without those whose change was told as that of the field that is read from them."""
    told = {
        (shown(_at(serving, path)), shown(_at(candidate, path)))
        for path, _, rule in (*_GENERAL, *_PROVENANCE)
        if _differ(_at(serving, path), _at(candidate, path), rule)
    }
    for one in _pairs(Section.GENERAL, "tag ", serving.tags, candidate.tags):
        if (one.before, one.after) not in told:
            yield one


def _one_sided(section: Section, label: str, before: object, after: object, note: str = "") -> Difference:
    judgement = Judgement.ADDED if before is None else Judgement.REMOVED
    return Difference(section, clean(label), clean(before), clean(after), judgement, clean(note))


def _keyed(items: Sequence[Any], key: Callable[[Any], object]) -> dict[object, Any]:
    found: dict[object, Any] = {}
    for item in items:
        found.setdefault(key(item), item)
    return found


_DATASET: Mapping[str, same.Same] = {
    "digest": same.digest,
    "version": same.version,
    "rows": same.exactly,
    "uri": same.address,
    "licence": same.licences,
    "classification": same.text,
}


def _data(serving: ModelPackage, candidate: ModelPackage) -> Iterator[Difference]:
    old = _keyed(serving.training.datasets, lambda one: (one.name.casefold(), one.split))
    new = _keyed(candidate.training.datasets, lambda one: (one.name.casefold(), one.split))
    for key in dict.fromkeys((*new, *old)):
        before: Dataset | None = old.get(key)
        after: Dataset | None = new.get(key)
        some = after or before
        assert some is not None
        label = some.name if some.split.value == "unknown" else f"{some.name} ({some.split.value})"
        if before is None or after is None:
            yield _one_sided(Section.DATA, label, before and _dataset(before), after and _dataset(after))
            continue
        changed = [
            name for name, rule in _DATASET.items() if _differ(getattr(before, name), getattr(after, name), rule)
        ]
        if changed and not (set(changed) == {"uri"} and before.digest and "digest" not in changed):
            note = f"{', '.join(changed)} changed"
            yield Difference(
                Section.DATA, clean(label), _dataset(before), _dataset(after), Judgement.CHANGED, clean(note)
            )


def _dataset(one: Dataset) -> Clean:
    words = (one.version, one.digest[:19], f"{one.rows:,} rows" if one.rows is not None else "")
    return clean(" · ".join(filter(None, words)) or one.uri or "recorded")


def _dependencies(serving: ModelPackage, candidate: ModelPackage) -> Iterator[Difference]:
    def key(one: Dependency) -> tuple[str, str]:
        return (one.ecosystem.casefold(), normal_name(one.name))

    old, new = _keyed(serving.dependencies, key), _keyed(candidate.dependencies, key)
    for place in dict.fromkeys((*new, *old)):
        before: Dependency | None = old.get(place)
        after: Dependency | None = new.get(place)
        if before is None or after is None:
            some = after or before
            assert some is not None
            yield _one_sided(
                Section.DEPENDENCIES,
                some.name,
                before and (before.version or "any version"),
                after and (after.version or "any version"),
            )
        elif not same.text(before.version.removeprefix("=="), after.version.removeprefix("==")):
            yield _version_change(before, after)


def _version_change(before: Dependency, after: Dependency) -> Difference:
    old, new = major(before.version), major(after.version)
    judgement = Judgement.MAJOR if old is not None and new is not None and old != new else Judgement.CHANGED
    note = "older than what serves" if is_older(after.version, before.version) else ""
    shown_before, shown_after = before.version or "any version", after.version or "any version"
    return Difference(Section.DEPENDENCIES, after.name, clean(shown_before), clean(shown_after), judgement, clean(note))


def _artifacts(serving: ModelPackage, candidate: ModelPackage) -> Iterator[Difference]:
    section = Section.ARTIFACT
    old, new = _weights(serving), _weights(candidate)
    for label, of in _ASPECTS.items():
        before, after = of(old), of(new)
        if before != after and old and new:
            yield _change(section, label, before, after)
    before_part, after_part = serving.training_part, candidate.training_part
    if before_part != after_part:
        yield _change(
            section,
            "training part",
            before_part and before_part.entry_point,
            after_part and after_part.entry_point,
            "other environment"
            if before_part and after_part and before_part.environment != after_part.environment
            else "",
        )
    before_danger, after_danger = _danger(serving), _danger(candidate)
    if bool(before_danger) != bool(after_danger) and serving.artifacts and candidate.artifacts:
        judgement = Judgement.WORSE if after_danger else Judgement.BETTER
        harmless = clean("not known to run code when loaded")
        yield Difference(section, clean("safety"), before_danger or harmless, after_danger or harmless, judgement)
    files = list(_files(serving, candidate))
    yield from files[:_MOST_FILES]
    if len(files) > _MOST_FILES:
        rest = f"{len(files) - _MOST_FILES} more"
        yield Difference(section, clean("further files"), Clean(""), clean(rest), Judgement.CHANGED)


def _danger(package: ModelPackage) -> Clean:
    """Why loading its files may run code; empty: not known to."""
    return clean(", ".join(dict.fromkeys(one.unsafe for one in package.artifacts if one.unsafe)), limit=200)


def _weights(package: ModelPackage) -> tuple[Artifact, ...]:
    return tuple(one for one in package.artifacts if one.role is ArtifactRole.WEIGHTS)


def _total(values: Sequence[int | None]) -> str:
    """The sum, empty where any is not known."""
    known = [value for value in values if value is not None]
    return f"{sum(known):,}" if known and len(known) == len(values) else ""


def _joined(values: Iterator[str]) -> str:
    return ", ".join(sorted(set(filter(None, values))))


_ASPECTS: Mapping[str, Callable[[Sequence[Artifact]], str]] = {
    "format": lambda files: _joined(str(one.format) for one in files),
    "loader": lambda files: _joined(str(one.loader) for one in files),
    "size of weights in bytes": lambda files: _total([one.size for one in files]),
    "number of weights": lambda files: _total([one.parameters for one in files]),
    "precision": lambda files: _joined(str(word) for one in files for word in one.precisions),
}


def _files(serving: ModelPackage, candidate: ModelPackage) -> Iterator[Difference]:
    old = _keyed(serving.artifacts, lambda one: one.path.removeprefix("./"))
    new = _keyed(candidate.artifacts, lambda one: one.path.removeprefix("./"))
    for path in dict.fromkeys((*new, *old)):
        before: Artifact | None = old.get(path)
        after: Artifact | None = new.get(path)
        some = after or before
        if before is None or after is None:
            if some is not None and some.role not in _ASIDE:
                yield _one_sided(Section.ARTIFACT, str(path), before and _file(before), after and _file(after))
        elif before.digest and after.digest and not same.digest(before.digest, after.digest):
            yield _change(Section.ARTIFACT, str(path), _file(before), _file(after), "other content")


def _file(one: Artifact) -> Clean:
    size = f"{one.size:,} bytes" if one.size is not None else ""
    return clean(" · ".join(filter(None, (one.digest[:19], one.format, size))) or one.role.value)


def _provenance(serving: ModelPackage, candidate: ModelPackage) -> Iterator[Difference]:
    section = Section.PROVENANCE
    before, after = serving.trust, candidate.trust
    if before is not after:
        better = _TRUST.index(after) > _TRUST.index(before)
        reason = next((one.reason for one in candidate.statements if one.state is after), Clean(""))
        judgement = Judgement.BETTER if better else Judgement.WORSE
        yield Difference(section, clean("trust"), clean(before.value), clean(after.value), judgement, reason)
    old, new = (tuple(sorted({str(one.kind) for one in package.statements})) for package in (serving, candidate))
    if old != new:
        yield _change(section, "statements", old, new)
    yield from _scalars(section, _PROVENANCE, serving, candidate)
    for name in ("environment", "hardware"):
        yield from _pairs(section, f"{name} ", getattr(serving.training, name), getattr(candidate.training, name))
