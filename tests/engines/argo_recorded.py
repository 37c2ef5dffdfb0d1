"""Objects recorded from a real controller, and what `kubectl argo rollouts get` said of them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mlcd_tui.domain.refs import DEPLOYMENTS, EVENTS, PODS, REPLICA_SETS, SERVICES, Resource, RolloutRef
from mlcd_tui.engines.argo.kinds import ANALYSIS_RUNS, EXPERIMENTS, ROLLOUTS

FOLDER = Path(__file__).parent.parent / "fixtures" / "argo"
_KINDS = {r.kind: r for r in (ROLLOUTS, ANALYSIS_RUNS, EXPERIMENTS, REPLICA_SETS, PODS, SERVICES, DEPLOYMENTS, EVENTS)}


def names() -> list[str]:
    """The recorded states."""
    return sorted(path.name for path in FOLDER.iterdir() if (path / "objects.json").exists())


def objects(name: str) -> dict[Resource, list[dict[str, Any]]]:
    """The objects of a state, by kind; every kind that is watched is there."""
    found: dict[Resource, list[dict[str, Any]]] = {resource: [] for resource in _KINDS.values()}
    for item in json.loads((FOLDER / name / "objects.json").read_text())["items"]:
        if item["kind"] in _KINDS:
            found[_KINDS[item["kind"]]].append(item)
    return found


def rollout(name: str) -> dict[str, Any]:
    """The Rollout of a state."""
    return objects(name)[ROLLOUTS][0]


def ref(name: str) -> RolloutRef:
    """The reference of the state's rollout."""
    metadata = rollout(name)["metadata"]
    return RolloutRef("argo", metadata["namespace"], metadata["name"])


def now(name: str) -> datetime:
    """When it was recorded."""
    return datetime.fromisoformat((FOLDER / name / "now.txt").read_text().strip())


@dataclass
class Node:
    """A line of the tree."""

    depth: int
    kind: str
    name: str
    status: str
    info: tuple[str, ...] = ()


@dataclass
class Told:
    """What the command line said."""

    head: dict[str, str] = field(default_factory=dict)
    images: dict[str, set[str]] = field(default_factory=dict)
    tree: list[Node] = field(default_factory=list)


_LINE = re.compile(r"^([│├└─ ]*)([⟳#⧉□⊞Σα]) (\S+)\s*(?:(\S+)\s+(\S) (\S+)\s+(\S+)\s*(.*?))?\s*$")
_IMAGE = re.compile(r"^(\S+)(?: \((.*)\))?$")


def told(name: str) -> Told:
    """Parse `get.txt`."""
    answer = Told()
    in_images = False
    for line in (FOLDER / name / "get.txt").read_text().splitlines():
        if match := _LINE.match(line):
            branch, icon, title, kind, _, status, _, info = match.groups()
            depth = len(branch) // 3
            parts = tuple(part for part in (info or "").split(",") if part)
            answer.tree.append(Node(depth, kind or icon, title, status or "", parts))
        elif line.startswith("Images:") or (in_images and line.startswith(" " * 17)):
            in_images = True
            image = _IMAGE.match(line[17:].strip())
            assert image is not None
            answer.images[image.group(1)] = set(image.group(2).split(", ")) if image.group(2) else set()
        elif ":" in line[:17] and not line.startswith("NAME"):
            in_images = False
            answer.head[line[:17].strip().rstrip(":")] = line[17:].strip()
    return answer
