"""A cluster in which everything that is a string attacks: recorded objects of real controllers, poisoned."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path

from tests.pty.canned_server import Canned, Object
from tests.pty.hostile import HOSTILE, LONE_SURROGATE, Poisoner

_FIXTURES = Path(__file__).parents[1] / "fixtures"
_PLAUSIBLE = {
    "canary": "argo/canary-paused-step",
    "analysis": "argo/analysis-running",
    "experiment": "argo/experiment-running",
    "bluegreen": "argo/bluegreen-preview-waiting",
    "traffic": "argo/traffic-weight",
    "broken": "argo/analysis-failed",
    "plain": "deployment/healthy",
}
"""Namespace → recording; of these only what makes the engine follow is spared."""
NAME = "model-api"
NO_RIGHTS = "bluegreen"
"""In this namespace nothing is allowed."""
EVERYTHING = "".join(HOSTILE)


def recorded(folder: str, namespace: str) -> list[Object]:
    """The objects of a recording, moved to another namespace, with uids of their own."""
    text = (_FIXTURES / folder / "objects.json").read_text(encoding="utf-8")
    objects: list[Object] = json.loads(text)["items"]
    old = objects[0]["metadata"]["namespace"]
    moved: list[Object] = json.loads(json.dumps(objects).replace(f'"{old}"', f'"{namespace}"'))
    return moved


def events(objects: list[Object]) -> list[Object]:
    """An event about each object."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return [
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"event-{number}",
                "namespace": about["metadata"]["namespace"],
                "uid": f"event-{about['metadata']['uid']}",
                "creationTimestamp": now,
            },
            "type": "Warning",
            "reason": "Attacked",
            "message": "something happened",
            "count": 3,
            "lastTimestamp": now,
            "involvedObject": {"kind": about["kind"], "name": about["metadata"]["name"]},
        }
        for number, about in enumerate(objects)
    ]


def hostile_world() -> Canned:
    """Everything, poisoned."""
    plausible = Poisoner(kept=frozenset({NAME}))
    objects: list[Object] = []
    for namespace, folder in _PLAUSIBLE.items():
        found = recorded(folder, namespace)
        objects += [plausible.poison(each) for each in (*found, *events(found))]
    objects += _thorough("argo/canary-paused-step", "thorough") + _named()
    name = Poisoner()
    spaces = [*_PLAUSIBLE, *(name.string(f"space-{n}") for n in range(3))]
    objects += [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": n, "uid": f"ns-{n}"}} for n in spaces]
    denied = (False, f"{EVERYTHING} no such right")

    def allowed(attributes: Object) -> tuple[bool, str]:
        return denied if attributes.get("namespace") == NO_RIGHTS else (True, "")

    log = "".join(f"2026-01-01T10:00:{n:02d}.000000000Z {name.string(f'line {n}')}\n" for n in range(40))
    raw = log.encode() + b"2026-01-01T10:01:00Z \x9b31m\xff\xfe " + b"L" * 1_000_000 + b"\n"
    return Canned(objects, raw, allowed=allowed, version=name.string("v1.37.2"), user=name.string("alice"))


def _thorough(folder: str, namespace: str) -> list[Object]:
    """Nothing spared but what makes the object findable."""
    poisoner = Poisoner(thorough=True)
    objects = []
    for raw in recorded(folder, namespace):
        poisoned = poisoner.poison(raw)
        poisoned["metadata"]["namespace"] = namespace
        if raw["kind"] == "Rollout":
            poisoned["metadata"] |= {"name": NAME, "uid": raw["metadata"]["uid"] + namespace}
        objects.append(poisoned)
    return objects


def _named() -> list[Object]:
    """A rollout whose very name and namespace attack; no API server would take it, but a proxy may say anything."""
    poisoner = Poisoner()
    rollout = copy.deepcopy(recorded("argo/canary-paused-step", "x")[0])
    rollout["metadata"] |= {
        "name": poisoner.string("nasty-name"),
        "namespace": poisoner.string("nasty-space"),
        "uid": "nasty",
    }
    return [rollout]


def surrogate() -> list[Object]:
    """A rollout that says half a character: JSON can carry that, text cannot."""
    rollout = copy.deepcopy(recorded("argo/canary-paused-step", "surrogate")[0])
    rollout["metadata"] |= {"uid": "surrogate", "annotations": {"note": LONE_SURROGATE}}
    rollout["status"]["message"] = f"half {LONE_SURROGATE} a character"
    return [rollout]
