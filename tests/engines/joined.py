"""What the fleet gives an engine of a row's objects, decoded and looked up as the session does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from mlcd_tui.cluster.store import Delta
from mlcd_tui.domain.ports import Engine, Joining
from mlcd_tui.domain.refs import JSON, Resource, RolloutRef
from mlcd_tui.session.lookups import Lookups


def decoded_for(
    engine: Engine, ref: RolloutRef, objects: Mapping[Resource, Sequence[JSON]]
) -> dict[Resource, list[Any]]:
    """By kind, what belongs to the rollout and what its row looks up."""
    found: dict[Resource, list[Any]] = {}
    lookups = Lookups(engine.watches)
    for watch in engine.watches:
        for raw in objects.get(watch.resource, ()):
            item = msgspec.json.decode(msgspec.json.encode(raw), type=watch.struct)
            if watch.looked_up_by is not None:
                key = (item.metadata.namespace, item.metadata.name)
                lookups.apply(watch.resource, [Delta(key, None, item)])
            elif engine.group(watch.resource, item) == ref:
                found.setdefault(watch.resource, []).append(item)
    if isinstance(engine, Joining):
        found |= {kind: list(items) for kind, items in engine.join(ref, found, lookups.view(ref)).items()}
    return found
