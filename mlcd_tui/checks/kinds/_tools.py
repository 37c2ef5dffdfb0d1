"""Checks that run a tool in the image or a build stage and read its report: the plan's part, the usual tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from mlcd_tui.checks.plain_file import read_plain
from mlcd_tui.checks.plan_model import Argv, BesidePlan, CheckPart, Environment, Part, Reason
from mlcd_tui.domain.check_ports import Command, ReportParser
from mlcd_tui.domain.checks import Severity
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean
from mlcd_tui.registry import Registry

PARSERS = Registry[ReportParser]("mlcd_tui.checks.parsers", "PARSER", "mlcd_tui.checks.parsers")
MOST_FILES = 2_000
MOST_BYTES = 64 << 20

Inside = Annotated[str, StringConstraints(pattern=r"^/[^\x00]*$", max_length=500)]
"""A path inside the container."""
Code = Annotated[int, Field(ge=0, le=255)]


@dataclass(frozen=True, slots=True)
class Tool:
    """A usual tool: how it is called, what reads its report, and what its exit codes mean."""

    argv: tuple[str, ...]
    parser: str
    clean: tuple[int, ...] = (0,)
    findings: tuple[int, ...] = (1,)
    report: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    nothing: str = ""
    """What it writes to standard error when there was nothing to look at, which it takes for success."""
    asked: tuple[str, ...] = ()
    """What it is asked for its version with, before; empty: its report tells it."""
    version: str = ""
    """Where its version stands in what it wrote, as a pattern; an empty one: the report tells it."""
    files: str = ""
    """Where it says how many files it has looked at, as a pattern; an empty one: it does not, or the report does."""


class ExitCodesPart(Part):
    """What exit codes mean; every other code says that the tool could not run."""

    clean: tuple[Code, ...] = (0,)
    findings: tuple[Code, ...] = (1,)


class ToolPart(CheckPart):
    """A check that runs a tool."""

    tool: str | None = None
    """A usual tool, called as it must be called; `command` and `parser` go before it."""
    options: tuple[str, ...] = ()
    """Further arguments of the usual tool."""
    paths: tuple[str, ...] = (".",)
    """What the usual tool looks at, relative to the working directory."""
    command: Argv | None = None
    """The whole command, in place of the usual tool's. No shell runs it."""
    parser: str | None = None
    """What reads the report."""
    report: Inside | None = None
    """Path of the report inside the container; left out: standard output is the report."""
    target: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] | None = None
    """Build stage that it runs in; left out: the image itself."""
    built: bool = False
    """Building the stage is the check: its instructions run the tool and leave the report."""
    workdir: Inside | None = None
    """Working directory; left out: the image's."""
    environment: Environment = Field(default_factory=dict)
    bring: dict[Inside, BesidePlan] = Field(default_factory=dict)
    """Files that the image lacks: path inside the container, file or folder beside the plan."""
    exit_codes: ExitCodesPart | None = None
    ships: Inside | None = None
    """Folder of the image that holds the code of the build stage's working directory; left out: the same folder, and
    where the image has none such, its own working directory."""
    may_differ: Reason | None = None
    """Why the build stage may hold other code than the image ships: then it is a warning. Left out: it is stale."""

    @model_validator(mode="after")
    def _runnable(self) -> ToolPart:
        known, parsers = self.tools(), PARSERS.names()
        if self.tool is not None and self.tool not in known:
            raise ValueError(
                f"tool {self.tool} is not known; there is: {', '.join(known)}; or write command and parser"
            )
        if self.tool is None and self.parser is None:
            raise ValueError("say what runs: tool, or command and parser")
        if self.parser is not None and self.parser not in parsers:
            raise ValueError(f"parser {self.parser} is not known; there is: {', '.join(parsers)}")
        if self.built and (self.target is None or self.report is None or self.command is not None):
            raise ValueError("built needs target and report, and no command: the stage's own instructions run the tool")
        if self.tool is None and self.command is None and not self.built:
            raise ValueError("say what runs: tool or command")
        return self

    def stage(self) -> str:
        """Build stage that it needs."""
        return self.target or ""

    @classmethod
    def tools(cls) -> Mapping[str, Tool]:
        """The usual tools of the kind."""
        return {}

    def usual(self) -> Tool:
        """The tool as it is called here."""
        usual = self.tools()[self.tool] if self.tool else Tool((), self.parser or "")
        called = () if self.built else self.command or (*usual.argv, *self.options, *self.paths)
        codes = self.exit_codes
        return Tool(
            argv=called,
            parser=self.parser or usual.parser,
            clean=codes.clean if codes else usual.clean,
            findings=codes.findings if codes else usual.findings,
            report=self.report or ("" if self.command else usual.report),
            environment=tuple(sorted({**dict(usual.environment), **self.environment}.items())),
            nothing=usual.nothing,
            asked=() if self.command or self.built else usual.asked,
            version=usual.version,
            files="" if self.command or self.built else usual.files,
        )

    def as_command(self, folder: str) -> Command:
        """As the bench takes it."""
        usual = self.usual()
        return Command(
            argv=usual.argv,
            limits=self.limits.limits(),
            target=self.stage(),
            workdir=self.workdir or "",
            environment=usual.environment,
            report=usual.report,
            first=usual.asked,
            files=tuple(
                entry for inside, beside in sorted(self.bring.items()) for entry in brought(folder, inside, beside)
            ),
        )


class FindingToolPart(ToolPart):
    """A tool whose findings decide."""

    fail_on: Severity = Severity.WARNING
    """The least severity that fails the check: error, warning or info."""
    allow: Annotated[int, Field(ge=0)] = 0
    """So many findings of that severity are borne; the check is then a warning."""
    min_files: Annotated[int, Field(ge=1)] = 1
    """So many files must have been looked at, where the tool says how many."""
    silence: Reason | None = None
    """Why a `command` is believed that finds nothing and says neither its version nor what it looked at.

    Left out: that is a warning, and an error where it wrote nothing at all.
    """


def brought(folder: str, inside: str, beside: str) -> list[tuple[str, bytes]]:
    """A file, or all files of a folder, for the container.

    Raises:
        BadConfig: it is not there, leads out of the plan's folder, or is too much.
    """
    root, start = Path(folder).resolve(), Path(folder) / beside
    found = sorted(path for path in start.rglob("*") if path.is_file()) if start.is_dir() else [start]
    if len(found) > MOST_FILES:
        raise BadConfig(f"{clean(beside)} has more than {MOST_FILES:,} files.")
    size, entries = 0, []
    for path in found:
        if not path.resolve().is_relative_to(root):
            raise BadConfig(f"{clean(beside)} leads out of the plan's folder.")
        try:
            content = read_plain(path, MOST_BYTES)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise BadConfig(
                f"{clean(beside)}, which the plan brings into the container, cannot be read: {why}."
            ) from error
        size += len(content)
        if size > MOST_BYTES:
            raise BadConfig(f"{clean(beside)} is larger than {MOST_BYTES >> 20} MiB.")
        entries.append(
            (f"{inside.rstrip('/')}/{path.relative_to(start).as_posix()}" if start.is_dir() else inside, content)
        )
    return entries
