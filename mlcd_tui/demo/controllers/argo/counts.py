"""How many pods each ReplicaSet of a canary shall have: argo-rollouts' arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mlcd_tui.demo.controllers.argo.parts import (
    abort_delay,
    available,
    canary,
    count,
    current_step,
    max_weight,
    size,
    status_of,
    steps,
    surge_and_unavailable,
    wanted,
)

Object = dict[str, Any]


def current_weight(rollout: Object) -> int:
    """The weight that the steps ask for now."""
    if status_of(rollout).get("abort"):
        return 0
    step, index = current_step(rollout)
    if step is None or index is None:
        return max_weight(rollout)
    for earlier in reversed(steps(rollout)[: index + 1]):
        if "setWeight" in earlier:
            return int(earlier["setWeight"])
    return 0


def desired_weight(rollout: Object, new: Object | None, stable: Object | None) -> int:
    """The weight to scale by; an aborted canary with dynamic stable scale walks its steps backwards."""
    if status_of(rollout).get("abort") and canary(rollout).get("dynamicStableScale") and new and stable:
        expected = wanted(rollout) - available(stable)
        now = max(expected, available(new))
        for step in reversed(steps(rollout)):
            if "setWeight" in step and _by_weight(rollout, step["setWeight"]) < now:
                return int(step["setWeight"])
        return 0
    return current_weight(rollout)


def _canary_scale(rollout: Object) -> Object | None:
    if "trafficRouting" not in canary(rollout):
        return None
    if status_of(rollout).get("abort") and abort_delay(rollout)[0] is not None:
        return None
    step, index = current_step(rollout)
    if step is None or index is None:
        return None
    for earlier in reversed(steps(rollout)[: index + 1]):
        if "setCanaryScale" in earlier:
            scale: Object = earlier["setCanaryScale"]
            return None if scale.get("matchTrafficWeight") else scale
    return None


def _replicas_or_weight(rollout: Object, new: Object | None, stable: Object | None) -> tuple[int | None, int]:
    status = status_of(rollout)
    promoted = status.get("currentPodHash", "") == status.get("stableRS", "")
    if status.get("promoteFull") or not status.get("stableRS") or promoted:
        return None, max_weight(rollout)
    if scale := _canary_scale(rollout):
        if scale.get("replicas") is not None:
            return int(scale["replicas"]), 0
        if scale.get("weight") is not None:
            return None, int(scale["weight"])
    return None, desired_weight(rollout, new, stable)


def _by_weight(rollout: Object, weight: int) -> int:
    return math.ceil(wanted(rollout) * weight / max_weight(rollout))


def _at_least(rollout: Object, pods: int) -> int:
    least = canary(rollout).get("minPodsPerReplicaSet")
    if not pods or least is None or "trafficRouting" not in canary(rollout):
        return pods
    return max(pods, min(int(least), wanted(rollout)))


def routed_counts(
    rollout: Object, new: Object | None, stable: Object | None, weights: Object | None
) -> tuple[int, int]:
    """Pods of canary and stable when a router splits the traffic."""
    replicas, weight = _replicas_or_weight(rollout, new, stable)
    new_count = replicas if replicas is not None else _at_least(rollout, _by_weight(rollout, weight))
    if not canary(rollout).get("dynamicStableScale"):
        return new_count, wanted(rollout)
    stable_count = _by_weight(rollout, max_weight(rollout) - weight)
    if weights:
        stable_count = max(stable_count, _by_weight(rollout, weights["stable"].get("weight", 0)))
        if status_of(rollout).get("abort"):
            new_count = max(new_count, _by_weight(rollout, weights["canary"].get("weight", 0)))
    return _at_least(rollout, new_count), _at_least(rollout, stable_count)


def _approximate(total: int, weight: int, most: int, surge: int) -> tuple[int, int]:
    """The canary and stable counts whose ratio is nearest to the weight."""
    if total == 0:
        return 0, 0
    ceiling, floor = math.ceil(total * weight / most), total * weight // most
    zero_allowed = weight in {most, 0} or (total == 1 and surge == 0)
    options: list[tuple[int, int]] = []
    if ceiling < total or zero_allowed:
        options.append((ceiling, total))
    if not _tied(weight, most, total) and (floor != 0 or zero_allowed):
        options.append((floor, total))
    if surge > 0:
        options.append((ceiling, total + 1))
        if not _tied(weight, most, total + 1) and (floor != 0 or zero_allowed):
            options.append((floor, total + 1))
    if not options:
        return 0, total
    new, pods = min(options, key=lambda option: abs(option[0] * most / option[1] - weight))
    return new, pods - new


def _tied(weight: int, most: int, total: int) -> bool:
    return math.modf(total * (weight / most))[0] == 0.5


def _drainable(replica_set: Object | None, *, ignore_availability: bool) -> int:
    if replica_set is None:
        return 0
    return (
        size(replica_set)
        if size(replica_set) < available(replica_set) or ignore_availability
        else available(replica_set)
    )


def stable_differs(new: Object | None, stable: Object | None) -> bool:
    """Whether there is a stable ReplicaSet beside the new one."""
    return stable is not None and (new is None or new["metadata"]["name"] != stable["metadata"]["name"])


def basic_counts(
    rollout: Object, new: Object | None, stable: Object | None, others: Sequence[Object]
) -> tuple[int, int]:
    """Pods of canary and stable when the ratio of pods is the split; within maxSurge and maxUnavailable."""
    total = wanted(rollout)
    weight = _replicas_or_weight(rollout, new, stable)[1]
    surge, unavailable = surge_and_unavailable(rollout)
    want_new, want_stable = _approximate(total, weight, max_weight(rollout), surge)
    scale_stable = stable_differs(new, stable)
    if not scale_stable:
        want_new, want_stable = total, 0
    new_count, stable_count = size(new), size(stable) if scale_stable else 0
    room = total + surge - sum(map(size, others)) - size(new) - (size(stable) if scale_stable else 0)
    if scale_stable and size(stable) < want_stable and room > 0:
        stable_count = min(size(stable) + room, want_stable)
        room -= stable_count - size(stable)
    if new and size(new) < want_new and room > 0:
        new_count = min(size(new) + room, want_new)
    if sum(map(size, others)) > 0:
        return new_count, stable_count
    least = total - unavailable
    increasing = new is None or want_new >= size(new)
    spare = _drainable(new, ignore_availability=not increasing) + _drainable(stable, ignore_availability=increasing)
    if spare <= least:
        return new_count, stable_count
    if not increasing:
        drained = _drained(new, want_new, spare - least, new_count)
        return _within(new, stable, drained, stable_count, total + surge, least)
    if scale_stable:
        drained = _drained(stable, want_stable, spare - least, stable_count)
        stable_count, new_count = _within(stable, new, drained, new_count, total + surge, least)
    return new_count, stable_count


def _drained(replica_set: Object | None, want: int, spare: int, present: int) -> int:
    return max(want, size(replica_set) - spare) if replica_set and size(replica_set) > want else present


def _within(
    drain: Object | None, adjust: Object | None, drain_count: int, adjust_count: int, most: int, least: int
) -> tuple[int, int]:
    over = max(0, adjust_count + drain_count - most)
    total = min(available(drain), drain_count) if drain else 0
    if adjust:
        adjust_count -= over
        total += min(available(adjust), adjust_count)
        extra = max(0, available(adjust) - adjust_count)
        adjust_count += min(extra, max(0, least - total))
        drain_count -= max(0, adjust_count + drain_count - most)
    return drain_count, adjust_count


def threshold_met(rollout: Object, replica_set: Object | None, desired: int) -> bool:
    """Whether enough of the desired pods are available to go on."""
    threshold = canary(rollout).get("replicaProgressThreshold")
    if not threshold or replica_set is None or threshold.get("value", 0) < 0:
        return replica_set is not None and desired == size(replica_set) == available(replica_set)
    if threshold.get("type") == "Percentage":
        return desired == 0 or available(replica_set) / desired * 100 >= threshold["value"] - 1e-10
    return available(replica_set) >= int(threshold["value"])


def at_desired_counts(
    rollout: Object, new: Object | None, stable: Object | None, others: Sequence[Object], weights: Object | None
) -> bool:
    """Whether canary and stable have the pods that the step asks for."""
    routed = "trafficRouting" in canary(rollout)
    if routed:
        want_new, want_stable = routed_counts(rollout, new, stable, weights)
    else:
        want_new, want_stable = basic_counts(rollout, new, stable, others)
    if not threshold_met(rollout, new, want_new):
        return False
    if not (routed and canary(rollout).get("dynamicStableScale")):
        created = stable is not None and want_stable == size(stable) == count("replicas", [stable])
        if not created:
            return False
    return routed or available(*others) == 0
