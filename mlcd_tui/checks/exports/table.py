"""A run as rows: one for each check, for terminals and for whatever draws tables."""

from __future__ import annotations

import unicodedata

from mlcd_tui.domain.checks import CheckResult, CheckRun, short
from mlcd_tui.domain.text import Clean, clean

COLUMNS = ("CHECK", "KIND", "STATE", "FOUND", "RAN ON", "SECONDS")


def rows(run: CheckRun) -> tuple[tuple[Clean, ...], ...]:
    """The cells of each check, in the order of the plan."""
    return tuple(_row(run, result) for result in run.results)


def _row(run: CheckRun, result: CheckResult) -> tuple[Clean, ...]:
    digest = result.ran_on or run.image.manifest_digest or run.image.config_digest
    told = result.reason or result.sentence
    state = str(result.state) if result.required else f"{result.state} (advisory)"
    cells = (result.name, result.kind, state, told, short(digest), f"{result.seconds:.1f}")
    return tuple(clean(cell, limit=200) for cell in cells)


def _width(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.category(char) in {"Mn", "Me"} for char in text)


class Table:
    """Columns in line, no trailing blanks."""

    name = "table"
    title = "Table"
    media_type = "text/plain"

    def render(self, run: CheckRun) -> str:
        """The run as text."""
        lines = (COLUMNS, *rows(run))
        widths = [max(_width(line[place]) for line in lines) for place in range(len(COLUMNS))]
        return "".join(
            "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
            + "\n"
            for line in lines
        )


EXPORT = Table()
