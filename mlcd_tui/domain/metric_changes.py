"""Metrics of two packages: better, worse or the same, and only where both were measured on the same data."""

from __future__ import annotations

from collections.abc import Iterator

from mlcd_tui.domain import package_sameness as same
from mlcd_tui.domain.package import Direction, Metric, ModelPackage, Split
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.verdict import Difference, Judgement, Section

_Key = tuple[str, str, Split, str]


def metric_changes(serving: ModelPackage, candidate: ModelPackage) -> Iterator[Difference]:
    """One line for each metric that either has.

    Those of the same name, dataset, split and slice are judged, by the direction that is declared and the noise of
    either side. A metric that only appears on other data is told side by side, with no judgement.
    """
    old, new = _keyed(serving), _keyed(candidate)
    alone_before = {key: metric for key, metric in old.items() if key not in new}
    for key, after in new.items():
        before = old.get(key)
        if before is not None:
            yield _judged(before, after, _other_data(before, serving, candidate))
            continue
        counterpart = _counterpart(key, alone_before, new, old)
        if counterpart is None:
            yield _difference(after, Clean(""), _shown(after), Judgement.ADDED, "not measured of what serves")
        else:
            was = alone_before.pop(counterpart)
            note = f"measured on different data: {_where(was)}, now {_where(after)}"
            yield _difference(after, _shown(was), _shown(after), Judgement.CHANGED, note)
    for before in alone_before.values():
        yield _difference(before, _shown(before), Clean(""), Judgement.REMOVED, "not measured of the candidate")


def _keyed(package: ModelPackage) -> dict[_Key, Metric]:
    found: dict[_Key, Metric] = {}
    for one in package.metrics:
        found.setdefault((one.name.casefold(), one.dataset.casefold(), one.split, one.part.casefold()), one)
    return found


def _counterpart(
    key: _Key, before: dict[_Key, Metric], new: dict[_Key, Metric], old: dict[_Key, Metric]
) -> _Key | None:
    """The one metric of that name and slice that the other side only has on other data."""
    mine = [other for other in new if other not in old and (other[0], other[3]) == (key[0], key[3])]
    theirs = [other for other in before if (other[0], other[3]) == (key[0], key[3])]
    return theirs[0] if len(mine) == 1 and len(theirs) == 1 else None


def _other_data(metric: Metric, serving: ModelPackage, candidate: ModelPackage) -> bool:
    """Whether the dataset that a metric names is recorded on both sides, with digests that differ."""
    if not metric.dataset:
        return False
    mine, other = _digests(metric, serving), _digests(metric, candidate)
    return bool(mine) and bool(other) and not any(same.digest(one, two) for one in mine for two in other)


def _digests(metric: Metric, package: ModelPackage) -> set[str]:
    """Of the data that the metric was measured on."""
    splits = {metric.split, Split.UNKNOWN}
    named = [one for one in package.training.datasets if one.name.casefold() == metric.dataset.casefold()]
    return {one.digest for one in named if one.digest and one.split in splits}


def _judged(before: Metric, after: Metric, other_data: bool) -> Difference:  # noqa: FBT001 - a fact, not a mode
    values = _shown(before), _shown(after)
    if before.value is None or after.value is None:
        judgement = Judgement.SAME if same.text(*values) else Judgement.CHANGED
        return _difference(after, *values, judgement, "not numbers" if judgement is Judgement.CHANGED else "")
    delta = after.value - before.value
    noise = max((one for one in (before.noise, after.noise) if one is not None), default=None)
    note = f"{delta:+.4g}" + ("" if noise is None else f", noise ±{noise:.4g}")
    if other_data:
        return _difference(after, *values, Judgement.CHANGED, f"{note}; the data itself changed, so not comparable")
    if before.value == after.value or (noise is not None and abs(delta) <= noise):
        return _difference(after, *values, Judgement.SAME, note if delta else "")
    directions = {before.direction, after.direction} - {Direction.UNKNOWN}
    if len(directions) != 1 or delta != delta:  # noqa: PLR0124 - NaN is no number to judge
        reason = "the two declare opposite directions" if len(directions) > 1 else "direction not declared"
        return _difference(after, *values, Judgement.CHANGED, f"{note}; {reason}")
    better = (delta > 0) == (directions == {Direction.HIGHER})
    return _difference(after, *values, Judgement.BETTER if better else Judgement.WORSE, note)


def _difference(metric: Metric, before: Clean, after: Clean, judgement: Judgement, note: str) -> Difference:
    where = _where(metric)
    label = (
        f"{metric.name} ({where})"
        if metric.dataset or metric.split is not Split.UNKNOWN or metric.part
        else metric.name
    )
    return Difference(Section.METRICS, clean(label), before, after, judgement, clean(note))


def _where(metric: Metric) -> str:
    split = "" if metric.split is Split.UNKNOWN else metric.split.value
    return " ".join(filter(None, (metric.dataset, split, metric.part))) or "data not recorded"


def _shown(metric: Metric) -> Clean:
    return metric.raw if metric.value is None else clean(f"{metric.value:.6g}")
