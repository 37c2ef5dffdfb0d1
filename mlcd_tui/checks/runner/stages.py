"""Which stages of a Dockerfile a target needs.

The classic builder builds all stages above the target, so that a check whose stage fails would fail the checks of all
stages below. It is given a Dockerfile of the needed stages only, which is what BuildKit does by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_FROM = re.compile(r"\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_TAKEN = re.compile(r"(?:--from=|[,=\s]from=)([^\s,]+)")


@dataclass(slots=True)
class _Stage:
    name: str
    needs: set[str]
    lines: list[str] = field(default_factory=list)


def needed(dockerfile: str, target: str) -> str:
    """The Dockerfile with the stages that `target` needs, in their order; all of it where that cannot be told."""
    head, stages = _split(dockerfile)
    names = [stage.name for stage in stages]
    by_number = any(need.isdecimal() or "$" in need for stage in stages for need in stage.needs)
    if target.lower() not in names or by_number or len(set(names)) < len(names):
        return dockerfile
    wanted = {target.lower()}
    for stage in reversed(stages):
        if stage.name in wanted:
            wanted |= stage.needs
    return "".join([*head, *(line for stage in stages if stage.name in wanted for line in stage.lines)])


def _split(dockerfile: str) -> tuple[list[str], list[_Stage]]:
    head: list[str] = []
    stages: list[_Stage] = []
    going_on = False
    for line in dockerfile.splitlines(keepends=True):
        found = None if going_on else _FROM.match(line)
        if found:
            stages.append(_Stage((found[2] or f"\0{len(stages)}").lower(), {found[1].lower()}))
        if stages:
            stages[-1].lines.append(line)
            stages[-1].needs |= {name.lower() for name in _TAKEN.findall(line)}
        else:
            head.append(line)
        text = line.strip()
        # A comment or an empty line between does not end an instruction that goes on.
        if text and not text.startswith("#"):
            going_on = text.endswith("\\")
    return head, stages
