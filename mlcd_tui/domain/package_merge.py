"""Joins what several documents say of one package, field by field, and keeps who said what.

The source of the higher rank wins, the one given first where ranks are equal. A scalar is the first that is not empty.
Lists are joined by a key of their items, and each item again field by field. Nothing that lost is dropped: it stands
in `origins`, marked as a contradiction where the two cannot both be true (the rules are in `package_sameness`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from mlcd_tui.domain import package_sameness as same
from mlcd_tui.domain.package import (
    Artifact,
    Claim,
    Dataset,
    Dependency,
    Metric,
    ModelPackage,
    Pairs,
    Split,
    Training,
    TrainingPart,
)
from mlcd_tui.domain.package_contracts import endpoints
from mlcd_tui.domain.package_origins import Part, Witnesses, is_empty, ranked
from mlcd_tui.domain.package_trust import statements
from mlcd_tui.domain.text import Clean, clean

T = TypeVar("T")

_WITNESSED = 1000
"""Files of which origins are kept even where a single document names them: shards come by the ten thousand."""
_SCALARS: Mapping[str, same.Same] = {
    "name": same.name,
    "version": same.version,
    "digest": same.digest,
    "title": same.anything,
    "description": same.anything,
    "created": same.anything,  # each document says when it was made itself
    "licences": same.licences,  # as a whole: a licence that one source does not name is a contradiction
    "task": same.text,
    "architecture": same.text,
    "status": same.anything,
}
_TRAINING: Mapping[str, same.Same] = {
    "run_id": same.text,
    "run_uri": same.anything,
    "author": same.person,
    "started": same.moment,
    "finished": same.moment,
    "code_uri": same.address,
    "revision": same.commit,
    "entry_point": same.text,
    "builder": same.text,
}
_PART: Mapping[str, same.Same] = {"entry_point": same.text, "environment": same.anything}
_ARTIFACT: Mapping[str, same.Same] = {
    "format": same.anything,
    "size": same.exactly,
    "digest": same.digest,
    "media_type": same.anything,
    "loader": same.anything,
    "unsafe": same.anything,
    "parameters": same.exactly,
    "precisions": same.anything,
}
_DATASET: Mapping[str, same.Same] = {
    "version": same.version,
    "digest": same.digest,
    "uri": same.anything,
    "rows": same.exactly,
    "schema": same.anything,
    "licence": same.licences,
    "classification": same.text,
}
_METRIC: Mapping[str, same.Same] = {"value": same.number, "direction": same.text, "verified": same.anything}


def merge(parts: Sequence[ModelPackage], *, opened: str = "") -> ModelPackage:
    """One package of several partial ones, by the rank of their sources. Raises `ValueError` for none at all.

    Args:
        parts: what each document says.
        opened: `sha256:…` of the image or artifact that they all were found in. It is computed, not claimed, so it is
            the package's digest whatever they say.
    """
    if not parts:
        raise ValueError("nothing to merge")
    ordered, sources = ranked(parts)
    heard = Witnesses()
    package = replace(
        _fields(ModelPackage(), [(part, part.package) for part in ordered], "", _SCALARS, heard),
        sources=sources,
        authors=_union(ordered, "authors", heard),
        training_part=_training_part(ordered, heard),
        training=_training(ordered, heard),
        metrics=_metrics(ordered, heard),
        artifacts=_artifacts(ordered, heard),
        dependencies=_dependencies(ordered, heard),
        endpoints=endpoints(ordered, heard),
        intended_use=_union(ordered, "intended_use", heard),
        limits=_union(ordered, "limits", heard),
        aliases=_union(ordered, "aliases", heard),
        images=_union(ordered, "images", heard),
        tags=_pairs([(part, part.package.tags) for part in ordered], "tags", heard),
        extra=tuple(dict.fromkeys(pair for part in ordered for pair in part.package.extra)),
    )
    if not package.name:
        package = replace(package, name=_fallback_name(ordered, heard))
    _digests_of_parts(package, heard, opened)
    package = replace(package, digest=opened or package.digest)
    package = replace(package, statements=statements(ordered, package, heard, opened))
    return replace(package, origins=heard.origins())


def _fields(
    into: T, items: Sequence[tuple[Part, T]], where: str, rules: Mapping[str, same.Same], heard: Witnesses
) -> T:
    """`into`, with each field that it lacks from the first item that has it."""
    values: dict[str, Any] = {}
    for name, rule in rules.items():
        for part, item in items:
            value = getattr(item, name)
            if is_empty(value):
                continue
            values.setdefault(name, value)
            heard.hear(part, f"{where}{name}", value, rule)
    return replace(into, **values) if values else into  # type: ignore[type-var]


def _union(parts: Sequence[Part], name: str, heard: Witnesses, where: str = "") -> tuple[Clean, ...]:
    """All distinct texts of a list; sources add to each other here and never contradict."""
    found: dict[str, Clean] = {}
    for part in parts:
        values = getattr(part.package.training if where else part.package, name)
        for value in values:
            found.setdefault(" ".join(value.casefold().split()), value)
        if values:
            heard.hear(part, f"{where}{name}", values, same.anything)
    return tuple(found.values())


def _pairs(items: Iterable[tuple[Part, Pairs]], where: str, heard: Witnesses, rule: same.Same = same.exactly) -> Pairs:
    """By label."""
    found: dict[Clean, Clean] = {}
    for part, pairs in items:
        for label, value in pairs:
            kept = found.setdefault(label, value)
            if value or kept:
                heard.hear(part, f"{where}[{label}]", value, rule)
            if not kept:
                found[label] = value
    return tuple(found.items())


def _training_part(parts: Sequence[Part], heard: Witnesses) -> TrainingPart | None:
    having = [(part, part.package.training_part) for part in parts if part.package.training_part is not None]
    first = next((one for _, one in having if one is not None), None)
    if first is None:
        return None
    return _fields(first, [(part, one) for part, one in having if one is not None], "training_part.", _PART, heard)


def _training(parts: Sequence[Part], heard: Witnesses) -> Training:
    having = [(part, part.package.training) for part in parts if part.package.training.recorded]
    if not having:
        return Training()
    joined = _fields(Training(), having, "training.", _TRAINING, heard)
    only = [part for part, _ in having]
    return replace(
        joined,
        parameters=_pairs([(part, one.parameters) for part, one in having], "training.parameters", heard),
        environment=_pairs(
            [(part, one.environment) for part, one in having], "training.environment", heard, same.release
        ),
        hardware=_pairs([(part, one.hardware) for part, one in having], "training.hardware", heard),
        datasets=_datasets(having, heard),
        base_models=_union(only, "base_models", heard, "training."),
    )


def _grouped(items: Iterable[tuple[Part, T]], key: Callable[[T], object]) -> list[list[tuple[Part, T]]]:
    groups: dict[object, list[tuple[Part, T]]] = {}
    for part, item in items:
        groups.setdefault(key(item), []).append((part, item))
    return list(groups.values())


def _label(*words: str) -> str:
    return "/".join(word for word in words if word and word != "unknown")


def _datasets(having: Sequence[tuple[Part, Training]], heard: Witnesses) -> tuple[Dataset, ...]:
    """By name and split; a bare name is the data of that name which another document knows more of."""
    every = [(part, dataset) for part, training in having for dataset in training.datasets]
    known = {one.name.casefold() for _, one in every if one != Dataset(one.name)}
    every = [(part, one) for part, one in every if one != Dataset(one.name) or one.name.casefold() not in known]
    return tuple(
        _fields(group[0][1], group, f"datasets[{_label(group[0][1].name, group[0][1].split.value)}].", _DATASET, heard)
        for group in _grouped(every, lambda one: (one.name.casefold(), one.split))
    )


def _metrics(parts: Sequence[Part], heard: Witnesses) -> tuple[Metric, ...]:
    """By name, dataset, split and slice. Text and noise belong to the value: they are taken from where it is from."""
    every = [(part, metric) for part in parts for metric in part.package.metrics]
    found = []
    for group in _placed(
        _grouped(every, lambda one: (one.name.casefold(), one.dataset.casefold(), one.split, one.part))
    ):
        valued = next((one for _, one in group if one.value is not None), group[0][1])
        place = next((one for _, one in group if _has_place(one)), valued)
        valued = replace(valued, dataset=place.dataset, split=place.split, part=place.part)
        where = f"metrics[{_label(valued.name, valued.dataset, valued.split.value, valued.part)}]."
        joined = _fields(valued, group, where, _METRIC, heard)
        noise = next((one.noise for _, one in group if one.noise is not None and one.value == valued.value), None)
        found.append(replace(joined, noise=noise))
    return tuple(found)


def _placed(groups: list[list[tuple[Part, Metric]]]) -> list[list[tuple[Part, Metric]]]:
    """A metric without a place (a run's) is the one of the same value that another document knows the data of.

    Where that is not clear, as with several sets of data, both stay.
    """
    kept: list[list[tuple[Part, Metric]]] = []
    by_name: dict[str, list[list[tuple[Part, Metric]]]] = {}
    for group in groups:
        by_name.setdefault(group[0][1].name.casefold(), []).append(group)
    for group in groups:
        bare = group[0][1]
        others = [] if _has_place(bare) else [one for one in by_name[bare.name.casefold()] if _has_place(one[0][1])]
        twins = [other for other in others if _same_value(bare, other[0][1])]
        if len(twins) == 1:
            twins[0].extend(group)
            twins[0].sort(key=lambda pair: pair[0].offset)  # by precedence again
        else:
            kept.append(group)
    return kept


def _has_place(one: Metric) -> bool:
    return bool(one.dataset or one.part) or one.split is not Split.UNKNOWN


def _same_value(one: Metric, other: Metric) -> bool:
    if one.value is None or other.value is None:
        return one.value is other.value and same.text(one.raw, other.raw)
    return one.value == other.value


def _dependencies(parts: Sequence[Part], heard: Witnesses) -> tuple[Dependency, ...]:
    """By ecosystem and name, which is spelled in any case and with any of `-_.`."""
    every = [(part, one) for part in parts for one in part.package.dependencies]
    return tuple(
        _fields(group[0][1], group, f"dependencies[{group[0][1].name}].", {"version": same.pin}, heard)
        for group in _grouped(
            every, lambda one: (one.ecosystem.casefold(), re.sub(r"[-_.]+", "-", one.name).casefold())
        )
    )


def _artifacts(parts: Sequence[Part], heard: Witnesses) -> tuple[Artifact, ...]:
    """By path, else by digest; two files of one document are never the same one, even with the same content."""
    groups: list[list[tuple[Part, Artifact]]] = []
    by_path: dict[str, int] = {}
    by_digest: dict[str, int] = {}
    for part in parts:
        taken: set[int] = set()
        for one in part.package.artifacts:
            path = one.path.removeprefix("./")
            place = by_path.get(path)
            if place is None and one.digest:
                place = by_digest.get(one.digest)
            if place is None or place in taken:
                place = len(groups)
                groups.append([])
            groups[place].append((part, one))
            taken.add(place)
            by_path.setdefault(path, place)
            if one.digest:
                by_digest.setdefault(one.digest, place)
    return tuple(
        group[0][1] if place >= _WITNESSED and len(group) == 1 else _artifact(group, heard)
        for place, group in enumerate(groups)
    )


def _artifact(group: Sequence[tuple[Part, Artifact]], heard: Witnesses) -> Artifact:
    first = group[0][1]
    role = next((one.role for _, one in group if one.role.value != "other"), first.role)
    return replace(_fields(first, group, f"artifacts[{first.path}].", _ARTIFACT, heard), role=role)


def _fallback_name(parts: Sequence[Part], heard: Witnesses) -> Clean:
    """What the documents of the highest rank that are called anything are called, if that is one name."""
    called = [(part, part.package.fallback_name) for part in parts if part.package.fallback_name]
    ranks = [max((source.rank for source in part.package.sources), default=0) for part, _ in called]
    best = [pair for pair, rank in zip(called, ranks, strict=True) if rank == ranks[0]]
    if len({name for _, name in best}) != 1:
        return Clean("")
    for part, name in best:
        heard.hear(part, "name", name, same.name)
    return best[0][1]


def _digests_of_parts(package: ModelPackage, heard: Witnesses, opened: str) -> None:
    """Documents that name the digests of different parts of the package as its own do not contradict each other.

    One that names neither a part nor what was opened does: it was written of something else.
    """
    parts = {one.digest for one in package.artifacts} | {image.rpartition("@")[2] for image in package.images}
    spoken = {claim.value for claim in heard.claims("digest")} - {package.digest, opened}
    if spoken <= parts:
        heard.reconcile("digest")
    claims = heard.claims("digest")
    if opened and any(not same.digest(opened, claim.value) and claim.value not in parts for claim in claims):
        heard.contradict("digest", (Claim(claims[0].source, clean(f"{opened}, as opened")), *claims))
