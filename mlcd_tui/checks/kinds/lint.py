"""A linter or formatter in the image or in a build stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mlcd_tui.checks.kinds._judging import by_findings, run_tool
from mlcd_tui.checks.kinds._tools import FindingToolPart, Tool
from mlcd_tui.domain.check_ports import Bench
from mlcd_tui.domain.checks import CheckResult

_NO_FILES = "No Python files found"
_RUFF = ("ruff", "--version")
_RUFF_VERSION = r"^ruff (\d\S*)"
TOOLS: Mapping[str, Tool] = {
    # Only by -v does it say how many files it has looked at.
    "ruff": Tool(
        ("ruff", "check", "-v", "--no-cache", "--output-format", "json"),
        "ruff_json",
        nothing=_NO_FILES,
        asked=_RUFF,
        version=_RUFF_VERSION,
        files=r"Checked (\d+) files in",
    ),
    "ruff-format": Tool(
        ("ruff", "format", "-v", "--no-cache", "--check", "--output-format", "json"),
        "ruff_format",
        nothing=_NO_FILES,
        asked=_RUFF,
        version=_RUFF_VERSION,
        files=r"Formatted (\d+) files in",
    ),
    "flake8": Tool(
        ("flake8", "--benchmark"),
        "flake8",
        asked=("flake8", "--version"),
        version=r"^(\d\S*) \(",
        files=r"^(\d+) +total files processed",
    ),
    # Its exit code is a sum: 1 fatal, 2 error, 4 warning, 8 refactor, 16 convention; 32 is bad usage.
    "pylint": Tool(
        ("pylint", "--verbose", "--output-format=json2"),
        "pylint_json",
        findings=tuple(range(1, 32)),
        asked=("pylint", "--version"),
        version=r"^pylint (\d\S*)",
        files=r"^Linting (\d+) modules\.",
    ),
}


class LintPart(FindingToolPart):
    """A linter or formatter."""

    kind: Literal["lint"]
    tool: Literal["ruff", "ruff-format", "flake8", "pylint"] | None = None
    """A usual linter, called as it must be called; else `command` and `parser`."""

    @classmethod
    def tools(cls) -> Mapping[str, Tool]:
        """The usual linters."""
        return TOOLS


@dataclass(frozen=True, slots=True)
class _Lint:
    name: str = "lint"
    title: str = "Lint"
    model: type[Any] = LintPart

    def files(self, spec: LintPart) -> tuple[str, ...]:
        """What it brings into the container."""
        return tuple(sorted(set(spec.bring.values())))

    def run(self, spec: LintPart, bench: Bench, folder: str, log: Callable[[str], None]) -> CheckResult:
        """Run it."""
        return run_tool(spec, bench, folder, log, by_findings)


CHECK = _Lint()
