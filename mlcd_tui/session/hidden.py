"""What the user may not see is unknown, not none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mlcd_tui.domain.refs import REPLICA_SETS, Resource
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import clean


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
