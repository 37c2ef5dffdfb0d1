"""Requests as they were recorded in production, and the comparison that sends them to both versions again."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from tests.e2e.command import Said, mlcd
from tests.e2e.gateway.load import PATH

ENOUGH = 800
"""Without a single difference, 736 pairs show that fewer than 0.5 % differ."""


def bodies(count: int) -> list[Any]:
    """The same ones every time."""
    chance = random.Random(7)
    return [{"instances": [[round(chance.uniform(-5, 5), 3) for _ in range(4)]]} for _ in range(count)]


def compare(namespace: str, route: str, folder: Path, *options: str, count: int = ENOUGH) -> Said:
    """Has an operator compare the versions behind a route, through the API server; says it as JSON."""
    recorded = folder / "requests.jsonl"
    lines = (json.dumps({"id": str(at), "path": PATH, "body": body}) for at, body in enumerate(bodies(count)))
    recorded.write_text("\n".join(lines), encoding="utf-8")
    asked = ("--requests", str(recorded), "--rate", "600", "-n", namespace, "--context", "alice", "-o", "json")
    return mlcd("rollouts", "compare", route, *asked, *options, seconds=120)
