"""The file of rules of a comparison: what a check plan writes under `compare` of a snapshot, or such a plan itself."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.snapshot import Rules
from mlcd_tui.domain.text import Clean, clean

_MOST_BYTES = 1 << 20


def read_rules(name: str) -> tuple[Rules, Clean]:
    """The rules and the digest of their file; without a name the defaults, and no digest.

    Raises:
        BadConfig: the file cannot be used; the sentence names it, and the line where there is one.
    """
    if not name:
        return Rules(), Clean("")
    from mlcd_tui.checks.plan_yaml import read_yaml  # late: only where a file is named

    path = Path(name).expanduser()
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise BadConfig(f"{clean(path, limit=300)} cannot be read: {clean(error.strerror or error)}.") from error
    document = read_yaml(content, str(path))
    part, place = _compare_part(document.data, path)
    rules = _rules(part, lambda steps: document.line((*place, *steps)), path)
    return rules, clean(f"sha256:{hashlib.sha256(content).hexdigest()}")


def _compare_part(data: Any, path: Path) -> tuple[Any, tuple[str | int, ...]]:
    """The part about comparing, and where it stands."""
    if isinstance(data, dict) and isinstance(data.get("checks"), list):
        found = [
            (at, check)
            for at, check in enumerate(data["checks"])
            if isinstance(check, dict) and check.get("kind") == "snapshot"
        ]
        if len(found) != 1:
            there = f"{len(found)} snapshot checks" if found else "no snapshot check"
            raise BadConfig(
                f"{clean(path, limit=300)} has {there}: which rules hold cannot be told.",
                advice="Write the rules into a file of their own.",
            )
        at, check = found[0]
        return check.get("compare") or {}, ("checks", at, "compare")
    if isinstance(data, dict) and "compare" in data:
        return data["compare"] or {}, ("compare",)
    return data or {}, ()


def _rules(part: Any, line: Any, path: Path) -> Rules:
    from pydantic import ValidationError

    from mlcd_tui.checks.kinds._snapshot_plan import ComparePart

    try:
        return ComparePart.model_validate(part).rules()
    except ValidationError as error:
        first = error.errors()[0]
        steps = tuple(step for step in first["loc"] if isinstance(step, str | int))
        where = ".".join(str(step) for step in steps)
        told = clean(first["msg"].removeprefix("Value error, "), limit=300)
        raise BadConfig(
            f"{clean(path, limit=300)}, line {line(steps)}: {clean(f'{where}: ' if where else '')}{told}."
        ) from error
