"""The vocabulary of argo-rollouts: its labels and annotations, defaults, counts and hashes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import msgspec

Object = dict[str, Any]

HASH = "rollouts-pod-template-hash"
REVISION = "rollout.argoproj.io/revision"
DESIRED = "rollout.argoproj.io/desired-replicas"
DEADLINE = "scale-down-deadline"
MANAGED = "argo-rollouts.argoproj.io/managed-by-rollouts"
COMPLETED = frozenset({"Successful", "Failed", "Error", "Inconclusive"})
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def safe_hash(value: Any) -> str:
    """FNV-1a of the canonical JSON, written in the alphabet that makes no words."""
    number = 0x811C9DC5
    for byte in msgspec.json.encode(value, order="deterministic"):
        number = ((number ^ byte) * 0x01000193) & 0xFFFFFFFF
    return "".join(_ALPHABET[ord(digit) % len(_ALPHABET)] for digit in str(number))


def template_hash(template: Any, collisions: int = 0) -> str:
    """The pod-template hash."""
    return safe_hash([template, collisions] if collisions else template)


def steps_hash(rollout: Object) -> str:
    """The hash of the canary steps; empty for blue/green."""
    return safe_hash(canary(rollout).get("steps")) if "canary" in rollout["spec"]["strategy"] else ""


def canary(rollout: Object) -> Object:
    """The canary strategy, empty if there is none."""
    return rollout["spec"]["strategy"].get("canary") or {}


def blue_green(rollout: Object) -> Object:
    """The blue/green strategy, empty if there is none."""
    return rollout["spec"]["strategy"].get("blueGreen") or {}


def is_blue_green(rollout: Object) -> bool:
    """Whether the strategy is blue/green."""
    return "blueGreen" in rollout["spec"]["strategy"]


def steps(rollout: Object) -> list[Object]:
    """The canary steps."""
    return canary(rollout).get("steps") or []


def current_step(rollout: Object) -> tuple[Object | None, int | None]:
    """The step that the rollout is at, None when all are done, and its index, None when there are no steps."""
    if not steps(rollout):
        return None, None
    index = status_of(rollout).get("currentStepIndex") or 0
    return (steps(rollout)[index] if index < len(steps(rollout)) else None), index


def status_of(item: Object) -> Object:
    """The status, empty before the first one."""
    return item.get("status") or {}


def wanted(rollout: Object) -> int:
    """spec.replicas, one if unset."""
    replicas = rollout["spec"].get("replicas")
    return 1 if replicas is None else int(replicas)


def hash_of(replica_set: Object | None) -> str:
    """The pod-template hash that a ReplicaSet carries."""
    return (replica_set["metadata"].get("labels") or {}).get(HASH, "") if replica_set else ""


def revision_of(item: Object | None) -> int:
    """The revision annotation as a number, 0 if there is none."""
    return int((item["metadata"].get("annotations") or {}).get(REVISION, 0)) if item else 0


def size(replica_set: Object | None) -> int:
    """How many pods a ReplicaSet shall have."""
    return int(replica_set["spec"].get("replicas", 1)) if replica_set else 0


def count(field: str, replica_sets: Iterable[Object | None]) -> int:
    """The sum of a number in the statuses of ReplicaSets, such as `availableReplicas`."""
    return sum(status_of(each).get(field, 0) for each in replica_sets if each)


def available(*replica_sets: Object | None) -> int:
    """How many pods of these are available."""
    return count("availableReplicas", replica_sets)


def annotation(item: Object, name: str) -> str | None:
    """One annotation, or None."""
    return (item["metadata"].get("annotations") or {}).get(name)


def max_weight(rollout: Object) -> int:
    """The weight that stands for all traffic."""
    return int((canary(rollout).get("trafficRouting") or {}).get("maxTrafficWeight") or 100)


def fully_promoted(rollout: Object) -> bool:
    """Whether the stable version is the desired one."""
    status = status_of(rollout)
    return bool(status.get("stableRS", "") == status.get("currentPodHash", ""))


def _share(value: Any, total: int, *, up: bool) -> int:
    if isinstance(value, str) and value.endswith("%"):
        part = int(value[:-1]) * total / 100
        return math.ceil(part) if up else math.floor(part)
    return int(value)


def surge_and_unavailable(rollout: Object) -> tuple[int, int]:
    """How many pods may be too many and how many may be missing."""
    total = wanted(rollout)
    if is_blue_green(rollout):
        unavailable = _share(blue_green(rollout).get("maxUnavailable", 0), total, up=False)
        return 0, min(unavailable, total)
    surge = _share(canary(rollout).get("maxSurge", "25%"), total, up=True)
    unavailable = _share(canary(rollout).get("maxUnavailable", "25%"), total, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, min(unavailable, total)


def seconds(value: Any) -> float:
    """A duration as steps and metrics write it: 30, "30", "1m30s"; -1 for what is none."""
    if isinstance(value, int | float):
        return float(value)
    text, total, number = str(value).strip(), 0.0, ""
    if text.isdigit():
        return float(text)
    units = {"h": 3600.0, "m": 60.0, "s": 1.0}
    for char in text.replace("ms", "x"):
        if char.isdigit() or char == ".":
            number += char
        elif number and (char in units or char == "x"):
            total += float(number) * units.get(char, 0.001)
            number = ""
        else:
            return -1.0
    return -1.0 if number or not text else total


def scale_down_delay(rollout: Object) -> float:
    """Seconds that an old version stays after the switch."""
    spec = blue_green(rollout) if is_blue_green(rollout) else canary(rollout)
    if "scaleDownDelaySeconds" in spec:
        return float(spec["scaleDownDelaySeconds"])
    return 30.0 if is_blue_green(rollout) or "trafficRouting" in spec else 0.0


def abort_delay(rollout: Object) -> tuple[float | None, bool]:
    """Seconds that the new version stays after an abort, None for ever, and whether the spec says so."""
    spec = blue_green(rollout) if is_blue_green(rollout) else canary(rollout)
    given = spec.get("abortScaleDownDelaySeconds")
    if given is not None:
        return (None if given == 0 else float(given)), True
    return 30.0, False
