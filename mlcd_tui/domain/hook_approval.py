"""Approvals of Flagger's gates: who writes one and the gate that answers Flagger by it meet in these rules.

An approval is an annotation on the Canary, one for each kind of hook. Its value names the revision (Flagger's own
checksum, which it sends with each question) and the very moment that was approved: it holds for nothing later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

PREFIX: Final = "gate.mlcd.dev/"
PATH: Final = "/mlcd/"
"""Where the gate listens: `http://<gate>/mlcd/<kind of hook>`. By this path a Canary's hook is known to be ours."""

_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
_LONGEST: Final = 100
"""Characters of an approval at most; longer ones are none of ours."""


class Hook(StrEnum):
    """The kinds of webhooks by which Flagger asks before it goes on, as `spec.analysis.webhooks[].type` calls them."""

    CONFIRM_ROLLOUT = "confirm-rollout"
    CONFIRM_TRAFFIC_INCREASE = "confirm-traffic-increase"
    CONFIRM_PROMOTION = "confirm-promotion"
    ROLLBACK = "rollback"

    @property
    def annotation(self) -> str:
        """The annotation that holds the approval."""
        return PREFIX + self.value

    @property
    def signature(self) -> str:
        """The annotation beside it: when it was approved, and with what."""
        return f"{PREFIX}{self.value}-given"


def of_path(path: str) -> Hook | None:
    """The hook that a path of the gate stands for."""
    name = path.removeprefix(PATH)
    return Hook(name) if path.startswith(PATH) and name in set(Hook) else None


def is_ours(url: object, hook: Hook) -> bool:
    """Whether a webhook's address is the gate's path for that very kind of hook."""
    if not isinstance(url, str) or len(url) > 2_000:
        return False
    try:
        return urlsplit(url).path == PATH + hook.value
    except ValueError:
        return False


def checksum(status: object) -> str:
    """What Flagger sends as `checksum`: FNV-1a of Go's picture of the tracked configs and the applied spec's hash.

    From pkg/controller/webhook.go and pkg/canary/spec.go of Flagger 1.36.1; the tests compare it with what the real
    controller sends. Were a later one to reckon otherwise, the gate would keep shut and say so.
    """
    found = status if isinstance(status, Mapping) else {}
    configs, applied = found.get("trackedConfigs"), found.get("lastAppliedSpec")
    picture = "<nil>"
    if isinstance(configs, Mapping):
        inside = " ".join(f"{key}:{value}" for key, value in sorted(configs.items(), key=str))
        picture = f"map[{inside}]"
    told = (
        "(struct { TrackedConfigs *map[string]string; LastAppliedSpec string })"
        f"{{TrackedConfigs:(*map[string]string){picture} LastAppliedSpec:(string){_text(applied)}}}"
    )
    value = 0x811C9DC5
    for byte in told.encode("utf-8", "surrogatepass"):
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return "".join(_LETTERS[ord(digit) % len(_LETTERS)] for digit in str(value))


def approval(hook: Hook, canary: Mapping[str, Any], template: object = None) -> str:
    """The value of the annotation that approves what the Canary now waits for.

    What it holds for, beside the revision:
    confirm-rollout: this wait, and (as a last part) this pod template of the target, since Flagger's checksum is still
    that of the version before while it waits;
    confirm-traffic-increase: this weight, and the last change of the status, so that each step is asked for anew;
    confirm-promotion: this wait for it. A run that starts anew for another version and comes back to the first one
    waits once more, and is asked for anew;
    rollback: this run of the analysis.
    """
    status = canary.get("status")
    found = status if isinstance(status, Mapping) else {}
    begun, entered = _promoted(found)
    moment: list[object] = [hook.value, _text(_dig(canary, "metadata", "uid"))]
    match hook:
        case Hook.CONFIRM_ROLLOUT:
            moment += [_text(found.get("phase")), entered]
        case Hook.CONFIRM_TRAFFIC_INCREASE:
            moment += [begun, str(found.get("canaryWeight") or 0), _text(found.get("lastTransitionTime"))]
        case Hook.CONFIRM_PROMOTION:
            moment += [begun, _text(found.get("phase")), entered]
        case Hook.ROLLBACK:
            moment += [begun]
    value = f"{checksum(found)}.{_digest(moment)}"
    return f"{value}.{_digest(template)}" if isinstance(template, Mapping) else value


def given(hook: Hook, canary: Mapping[str, Any]) -> str:
    """The approval that stands on the Canary; empty: none, or something that is none."""
    value = _text(_dig(canary, "metadata", "annotations", hook.annotation))
    return value if len(value) <= _LONGEST else ""


def _digest(value: object) -> str:
    told = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _promoted(status: Mapping[str, Any]) -> tuple[str, str]:
    """When the run began (its condition became Unknown) and when the present phase was entered."""
    conditions = status.get("conditions")
    for condition in conditions if isinstance(conditions, list) else ():
        if isinstance(condition, Mapping) and condition.get("type") == "Promoted":
            return _text(condition.get("lastTransitionTime")), _text(condition.get("lastUpdateTime"))
    return "", ""


def _dig(value: object, *path: str) -> object:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
