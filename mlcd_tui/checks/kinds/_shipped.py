"""Whether the build stage that a tool ran in holds what the image ships: a stage is built anew, from what lies here."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace

from mlcd_tui.checks.kinds._source import working_directory
from mlcd_tui.checks.kinds._tools import ToolPart
from mlcd_tui.domain.check_ports import Bench
from mlcd_tui.domain.checks import CheckResult, CheckState
from mlcd_tui.domain.errors import Missing, Unreadable
from mlcd_tui.domain.text import clean

_CODE = frozenset(
    {
        ".py",
        ".pyi",
        ".pyx",
        ".r",
        ".jl",
        ".js",
        ".ts",
        ".java",
        ".scala",
        ".go",
        ".rs",
        ".c",
        ".cc",
        ".cpp",
        ".h",
        ".sh",
    }
)
"""Ends of names of what a linter, a type checker or tests look at; only of these it matters that the stage has them."""
_MADE = frozenset({"__pycache__", ".git", ".mypy_cache", ".ruff_cache", ".pytest_cache", "node_modules"})
"""Folders of what tools make by themselves."""
_UNNAMED = "__init__.py"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the files of an image come to beside those of a stage."""

    same: int = 0
    """Files of the image that the stage has, byte for byte."""
    code: int = 0
    """How many of them are code."""
    other: tuple[str, ...] = ()
    """Files of the image that the stage has with other content."""
    lacking: tuple[str, ...] = ()
    """Code of the image that the stage does not have at all."""


def compare(image: Mapping[str, str], stage: Mapping[str, str]) -> Comparison:
    """Compare digests by path; what lies at another path is known by its content, else by its name.

    What only the stage has (tests, tools) does not matter: it does not ship.
    """
    ours = {path: digest for path, digest in stage.items() if not _is_made(path)}
    contents, names = set(ours.values()), {posixpath.basename(path) for path in ours}
    same = code = 0
    other, lacking = [], []
    for path, digest in sorted(image.items()):
        if _is_made(path):
            continue
        name = posixpath.basename(path)
        if ours.get(path, digest if digest in contents else "") == digest:
            same += 1
            code += _is_code(name)
        elif path in ours or (_is_code(name) and name in names and name != _UNNAMED):
            other.append(path)
        elif _is_code(name):
            lacking.append(path)
    return Comparison(same, code, tuple(other), tuple(lacking))


def with_shipped(result: CheckResult, part: ToolPart, bench: Bench) -> CheckResult:
    """The result, with what is known of the stage that it came from; not met where the image ships other code."""
    target = part.stage()
    if not target:
        return result
    try:
        found = _compared(part, bench, target)
    except (Missing, Unreadable) as problem:
        return replace(result, shipped=clean(f"unknown: {problem.sentence}", limit=500))
    if found.other:
        told = f"{_first(found.other)} differs"
        return _doubted(result, part, told, CheckState.STALE)
    if found.lacking:
        return _doubted(result, part, f"the stage has no {_first(found.lacking)}", CheckState.WARNED)
    if not found.code:
        return replace(result, shipped=clean("unknown: they have no code in common"))
    return replace(result, shipped=clean(f"same: {found.same:,} {'file' if found.same == 1 else 'files'}"))


def _compared(part: ToolPart, bench: Bench, target: str) -> Comparison:
    inside = working_directory(bench, part.workdir or "", target)
    if inside == "/":
        raise Unreadable("the stage's working directory is its root.")
    stage = bench.tree(inside, target)
    if part.ships is not None:
        return compare(bench.tree(part.ships), stage)
    try:
        return compare(bench.tree(inside), stage)
    except Missing:
        own = working_directory(bench)
        if own == "/":
            raise
        return compare(bench.tree(own), stage)


def _doubted(result: CheckResult, part: ToolPart, told: str, state: CheckState) -> CheckResult:
    shipped = clean(f"differs: {told}", limit=500)
    if not result.state.met:
        return replace(result, shipped=shipped)
    reason = f"build stage {part.stage()} is not what the image ships: {told}"
    if part.may_differ is not None:
        state, reason = CheckState.WARNED, f"{reason}; borne: {part.may_differ}"
    return replace(result, state=state, reason=clean(reason, limit=500), shipped=shipped)


def _first(paths: tuple[str, ...]) -> str:
    more = len(paths) - 1
    return f"{paths[0]}{f' (and {more:,} more)' if more else ''}"


def _is_code(name: str) -> bool:
    return posixpath.splitext(name)[1].lower() in _CODE


def _is_made(path: str) -> bool:
    return not _MADE.isdisjoint(path.split("/")) or path.endswith(".pyc")
