"""What a bill of materials lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.domain.checks import Report


@dataclass(frozen=True, slots=True)
class Package:
    """One component."""

    name: str
    version: str
    licences: tuple[str, ...] = ()
    """Identifiers, names or expressions, as they are written."""


@dataclass(frozen=True, slots=True)
class Bill:
    """A whole bill of materials."""

    packages: Sequence[Package]
    tool: str
    version: str = ""
    about: tuple[str, ...] = ()
    created: datetime | None = None


def report_of(bill: Bill) -> Report:
    """A listing finds nothing; what it holds is judged by the plan."""
    return Findings().report(bill.tool, bill.version, total=len(bill.packages), about=bill.about, created=bill.created)
