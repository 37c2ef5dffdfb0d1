"""What the user may not see is unknown, not none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from mlcd_tui.domain.errors import Forbidden
from mlcd_tui.domain.refs import REPLICA_SETS, Resource
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import clean

Refusals: TypeAlias = dict[Resource, Forbidden]
"""By kind, the server's refusal to let the user read an object."""


def unseen(namespace: str, name: str, refused: Mapping[Resource, Forbidden]) -> Forbidden:
    """Why it is not known whether there is a rollout of that name: every kind that it could be, not the first alone."""
    problems = list(refused.values())
    if len(problems) == 1:
        return problems[0]
    kinds = ", ".join(f"{kind.plural}.{kind.group}" if kind.group else kind.plural for kind in refused)
    sentence = f"Whether there is {namespace}/{name} cannot be told: you may not get {kinds} in namespace {namespace}."
    return Forbidden(sentence, advice=problems[0].advice)


def own_up(detail: RolloutDetail, hidden: Iterable[Resource]) -> RolloutDetail:
    """The detail, with the kinds that could not be listed named, and nothing counted that was not seen."""
    kinds = tuple(dict.fromkeys(hidden))
    if not kinds:
        return detail
    rollout, weight = detail.rollout, detail.rollout.weight
    if REPLICA_SETS in kinds and weight is not None and weight.set and weight.actual == 0:
        # A share of pods that were not seen comes out as nothing; one that a traffic router told would not.
        rollout = replace(rollout, weight=replace(weight, actual=None))
    return replace(detail, rollout=rollout, hidden=tuple(clean(kind.plural) for kind in kinds))
