"""What a Python model needs, from requirements.txt, conda.yaml and python_env.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from mlcd_tui.domain.package import Dependency
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.reading.fields import Notes

_MOST = 2_000
_REQUIREMENT = re.compile(
    r"([A-Za-z0-9][\w.-]{0,200})\s*(?:\[[^\]]{0,200}\])?\s*\(?((?:===|[=<>!~]=|[<>])[^;#)]{0,200})?"
)
_CONDA = re.compile(r"(?:[\w./-]{1,100}::)?([A-Za-z0-9_][\w.-]{0,200})\s*([=<>!~ ][^#]{0,200})?")


def pip_requirements(lines: Iterable[str]) -> tuple[Dependency, ...]:
    """Named requirements; options (`-r`, `--index-url`) and comments are no dependencies."""
    found: dict[str, Dependency] = {}
    for line in lines:
        text = line.strip()
        match = _REQUIREMENT.match(text) if text and text[0] not in "#-" else None
        if match is None or len(found) >= _MOST:
            continue
        name, version = match.group(1), (match.group(2) or "").strip()
        found.setdefault(name.lower(), Dependency(clean(name, limit=200), _pin(version)))
    return tuple(found.values())


def conda_environment(document: Any, notes: Notes) -> tuple[tuple[Dependency, ...], Clean]:
    """The dependencies of a conda.yaml, and its Python version."""
    found: list[Dependency] = []
    python = Clean("")
    for index, item in enumerate(
        notes.sequence(notes.mapping(document, "document").get("dependencies"), "dependencies")
    ):
        if isinstance(item, dict):
            found += pip_requirements(notes.texts(item.get("pip"), f"dependencies[{index}].pip"))
            continue
        match = _CONDA.match(notes.text(item, f"dependencies[{index}]", limit=500))
        if match is None:
            continue
        name, version = match.group(1), _pin((match.group(2) or "").strip())
        if name == "python":
            python = version
        elif name != "pip":
            found.append(Dependency(clean(name), version, Clean("conda")))
    return tuple(found), python


def _pin(version: str) -> Clean:
    """`==2.1.0` and conda's `=2.1.0` name one version: the number alone."""
    exact = re.fullmatch(r"={1,3}\s*([\w.+!-]+)", version)
    return clean(exact.group(1) if exact else version, limit=200)
