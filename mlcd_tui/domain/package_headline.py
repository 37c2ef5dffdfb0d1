"""A diff in a few short sentences: what somebody who approves reads after the schema's verdict."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from mlcd_tui.domain.package import ModelPackage, Split
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.verdict import Difference, Judgement, Section

_MOST = 4
_SHOWN = 2  # changes named in one sentence
_COMMIT = 7  # characters that people tell a commit by
_SPLIT = re.compile(rf" \((?:{'|'.join(map(re.escape, Split))})\)$")


def headline(differences: Sequence[Difference], serving: ModelPackage, candidate: ModelPackage) -> tuple[Clean, ...]:
    """At most four sentences: alarms, metrics, data, dependencies, code, in that order."""
    sentences = (
        *_alarms(differences),
        *_metrics(differences),
        *_data(differences, serving, candidate),
        *_dependencies(differences),
        *_code(differences),
    )
    return tuple(clean(sentence, limit=200) for sentence in sentences[:_MOST])


def _of(differences: Sequence[Difference], section: Section) -> list[Difference]:
    """The differences of a section; which split they are of is only told where their names do not tell them apart."""
    found = [one for one in differences if one.section is section]
    if section not in {Section.METRICS, Section.DATA}:
        return found
    names = Counter(_SPLIT.sub("", one.label) for one in found)
    short = [clean(_SPLIT.sub("", one.label)) for one in found]
    return [replace(one, label=name) if names[name] == 1 else one for one, name in zip(found, short, strict=True)]


def _change(one: Difference) -> str:
    if one.judgement is Judgement.ADDED:
        return f"{one.label} is new"
    if one.judgement is Judgement.REMOVED:
        return f"{one.label} is gone"
    return f"{one.label} {clean(one.before, limit=40) or '-'} → {clean(one.after, limit=40) or '-'}"


def _data_change(one: Difference) -> str:
    """Of a dataset the first thing that differs: its version, else its digest, else its rows."""
    before, after = one.before.split(" · "), one.after.split(" · ")
    if one.judgement is Judgement.CHANGED and len(before) == len(after):
        for old, new in zip(before, after, strict=True):
            if old != new:
                return f"{one.label} {old} → {new}"
    return _change(one)


def _listed(changes: Sequence[Difference], told: Callable[[Difference], str] = _change) -> str:
    rest = len(changes) - _SHOWN
    return ", ".join(map(told, changes[:_SHOWN])) + (f" and {rest} more" if rest > 0 else "")


def _alarms(differences: Sequence[Difference]) -> Iterator[str]:
    for one in differences:
        if one.judgement is Judgement.WORSE and one.section is Section.ARTIFACT:
            yield f"Loading it is less safe: {one.after}."
        elif one.judgement is Judgement.WORSE and one.section is Section.PROVENANCE:
            yield f"Provenance was {one.before} and is {one.after}."


def _metrics(differences: Sequence[Difference]) -> Iterator[str]:
    metrics = _of(differences, Section.METRICS)
    if not metrics:
        yield "No metrics to compare."
        return
    by = {judgement: [one for one in metrics if one.judgement is judgement] for judgement in Judgement}
    parts = []
    for judgement, word in ((Judgement.WORSE, "worse"), (Judgement.BETTER, "better")):
        if by[judgement]:
            parts.append(f"{len(by[judgement])} {word}: {_listed(by[judgement])}")
    counts = (
        (Judgement.SAME, "same"),
        (Judgement.CHANGED, "not comparable"),
        (Judgement.REMOVED, "no longer measured"),
        (Judgement.ADDED, "new"),
    )
    parts += [f"{len(by[judgement])} {word}" for judgement, word in counts if by[judgement]]
    yield f"Metrics: {'; '.join(parts)}."


def _data(differences: Sequence[Difference], serving: ModelPackage, candidate: ModelPackage) -> Iterator[str]:
    changes = _of(differences, Section.DATA)
    if changes:
        yield f"Data: {_listed(changes, _data_change)}."
    elif not candidate.training.datasets:
        yield "Data: not recorded."
    elif serving.training.datasets:
        yield "Data: unchanged."


def _dependencies(differences: Sequence[Difference]) -> Iterator[str]:
    changes = _of(differences, Section.DEPENDENCIES)
    majors = [one for one in changes if one.judgement is Judgement.MAJOR]
    if majors:
        others = len(changes) - len(majors)
        more = f"; {others} other change{'' if others == 1 else 's'}" if others else ""
        yield f"Dependencies: new major of {_listed(majors)}{more}."
    elif changes:
        yield f"Dependencies: {_listed(changes)}."


def _code(differences: Sequence[Difference]) -> Iterator[str]:
    changes = [one for one in differences if one.section is Section.PROVENANCE and one.label == "code revision"]
    parameters = _of(differences, Section.PARAMETERS)
    if changes:
        yield f"Code: {changes[0].before[:_COMMIT] or '-'} → {changes[0].after[:_COMMIT] or '-'}."
    if parameters:
        yield f"Parameters: {_listed(parameters)}."
