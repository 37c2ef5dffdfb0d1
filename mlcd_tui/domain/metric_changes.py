"""Metrics of two packages: better, worse or the same, and only where both were measured on the same data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
    data = _digests(serving), _digests(candidate)
    moved = _moved(alone_before, [key for key in new if key not in old])
    for key, after in new.items():
        before = old.get(key)
        if before is not None:
            yield _judged(before, after, _other_data(before, *data))
        elif key in moved:
            was = alone_before.pop(moved[key])
            note = f"measured on different data: {_where(was)}, now {_where(after)}"
            yield _difference(after, _shown(was), _shown(after), Judgement.CHANGED, note)
        else:
            yield _difference(after, Clean(""), _shown(after), Judgement.ADDED, "not measured of what serves")
    for before in alone_before.values():
        yield _difference(before, _shown(before), Clean(""), Judgement.REMOVED, "not measured of the candidate")


def _keyed(package: ModelPackage) -> dict[_Key, Metric]:
    found: dict[_Key, Metric] = {}
    for one in package.metrics:
        found.setdefault((one.name.casefold(), one.dataset.casefold(), one.split, one.part.casefold()), one)
    return found


def _moved(before: Iterable[_Key], after: Iterable[_Key]) -> dict[_Key, _Key]:
    """Metrics that each side has once by name and slice, but on other data: which one it was before."""
    names: dict[tuple[str, str], tuple[list[_Key], list[_Key]]] = {}
    for side, keys in enumerate((before, after)):
        for key in keys:
            names.setdefault((key[0], key[3]), ([], []))[side].append(key)
    return {new[0]: old[0] for old, new in names.values() if len(old) == 1 and len(new) == 1}


_Data = dict[tuple[str, Split], set[str]]


def _digests(package: ModelPackage) -> _Data:
    """Digests that are recorded of each dataset and split."""
    found: _Data = {}
    for one in package.training.datasets:
        if one.digest:
            found.setdefault((one.name.casefold(), one.split), set()).add(one.digest)
    return found


def _other_data(metric: Metric, serving: _Data, candidate: _Data) -> bool:
    """Whether the dataset that a metric names is recorded on both sides, with digests that differ."""
    if not metric.dataset:
        return False
    name = metric.dataset.casefold()
    mine, other = (
        side.get((name, metric.split), set()) | side.get((name, Split.UNKNOWN), set()) for side in (serving, candidate)
    )
    return bool(mine) and bool(other) and not any(same.digest(one, two) for one in mine for two in other)


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
