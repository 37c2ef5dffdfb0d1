"""A type checker in the image or in a build stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mlcd_tui.checks.kinds._judging import by_findings, run_tool
from mlcd_tui.checks.kinds._tools import FindingToolPart, Tool
from mlcd_tui.domain.check_ports import Bench
from mlcd_tui.domain.checks import CheckResult

TOOLS: Mapping[str, Tool] = {
    # mypy ends with 2 on syntax errors as well as when it could not run; only the former are reported.
    # Where there is no file it ends with 2 as well.
    "mypy": Tool(
        ("mypy", "--no-incremental", "-O", "json"),
        "mypy_jsonl",
        findings=(1, 2),
        asked=("mypy", "--version"),
        version=r"^mypy (\d\S*)",
    ),
    "pyright": Tool(("pyright", "--outputjson"), "pyright_json"),
    "basedpyright": Tool(("basedpyright", "--outputjson"), "pyright_json"),
}


class TypecheckPart(FindingToolPart):
    """A type checker."""

    kind: Literal["typecheck"]
    tool: Literal["mypy", "pyright", "basedpyright"] | None = None
    """A usual type checker, called as it must be called; else `command` and `parser`."""

    @classmethod
    def tools(cls) -> Mapping[str, Tool]:
        """The usual type checkers."""
        return TOOLS


@dataclass(frozen=True, slots=True)
class _Typecheck:
    name: str = "typecheck"
    title: str = "Types"
    model: type[Any] = TypecheckPart

    def files(self, spec: TypecheckPart) -> tuple[str, ...]:
        """What it brings into the container."""
        return tuple(sorted(set(spec.bring.values())))

    def run(self, spec: TypecheckPart, bench: Bench, folder: str, log: Callable[[str], None]) -> CheckResult:
        """Run it."""
        return run_tool(spec, bench, folder, log, by_findings)


CHECK = _Typecheck()
