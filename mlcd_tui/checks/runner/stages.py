"""Which stages of a Dockerfile a target needs.

The classic builder builds all stages above the target, so that a check whose stage fails would fail the checks of all
stages below. It is given a Dockerfile of the needed stages only, which is what BuildKit does by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_FROM = re.compile(r"\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_ARG = re.compile(r"\s*ARG\s+(\w+)(?:=[\"']?([^\s\"']*))?", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_TAKEN = re.compile(r"(?:--from=|[,=\s]from=)([^\s,]+)")


@dataclass(slots=True)
class _Stage:
    name: str
    base: str
    needs: set[str]
    lines: list[str] = field(default_factory=list)


def needed(dockerfile: str, target: str, arguments: Mapping[str, str] | None = None) -> str:
    """The Dockerfile with the stages that `target` needs, in their order; all of it where that cannot be told."""
    head, stages = _known(dockerfile, arguments or {})
    names = [stage.name for stage in stages]
    by_number = any(need.isdecimal() or "$" in need for stage in stages for need in stage.needs)
    if target.lower() not in names or by_number or len(set(names)) < len(names):
        return dockerfile
    wanted = {target.lower()}
    for stage in reversed(stages):
        if stage.name in wanted:
            wanted |= stage.needs
    return "".join([*head, *(line for stage in stages if stage.name in wanted for line in stage.lines)])


def base_of(dockerfile: str, target: str, arguments: Mapping[str, str] | None = None) -> str:
    """The image that a stage, or the stage that it stands on, is built from; empty: none, or it cannot be told.

    Args:
        dockerfile: its text.
        target: the stage; empty: the last one.
        arguments: of the build.
    """
    _, stages = _known(dockerfile, arguments or {})
    at = next(
        (n for n, stage in enumerate(stages) if stage.name == target.lower()), None if target else len(stages) - 1
    )
    while at is not None and at >= 0:
        base = stages[at].base
        above = [n for n, stage in enumerate(stages[:at]) if stage.name == base.lower()]
        if not above:
            return "" if "$" in base or base.lower() == "scratch" else base
        at = above[-1]
    return ""


def _known(dockerfile: str, arguments: Mapping[str, str]) -> tuple[list[str], list[_Stage]]:
    """The Dockerfile's stages with their variables filled in; `$` stands for what is not known."""
    head, stages = _split(dockerfile)
    declared = {found[1]: found[2] for line in head if (found := _ARG.match(line))}
    known = {name: arguments.get(name, default) or "$" for name, default in declared.items()}

    def filled(text: str) -> str:
        return _VARIABLE.sub(lambda found: known.get(found[1], "$"), text)

    for stage in stages:
        stage.base, stage.needs = filled(stage.base), {filled(need).lower() for need in stage.needs}
    return head, stages


def _split(dockerfile: str) -> tuple[list[str], list[_Stage]]:
    head: list[str] = []
    stages: list[_Stage] = []
    going_on = False
    for line in dockerfile.splitlines(keepends=True):
        found = None if going_on else _FROM.match(line)
        if found:
            stages.append(_Stage((found[2] or f"\0{len(stages)}").lower(), found[1], {found[1]}))
        if stages:
            stages[-1].lines.append(line)
            stages[-1].needs |= set(_TAKEN.findall(line))
        else:
            head.append(line)
        text = line.strip()
        # A comment or an empty line between does not end an instruction that goes on.
        if text and not text.startswith("#"):
            going_on = text.endswith("\\")
    return head, stages
