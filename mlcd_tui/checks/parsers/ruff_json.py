"""`ruff check --output-format json`."""

from __future__ import annotations

from mlcd_tui.checks.parsers._ruff import parse_ruff
from mlcd_tui.domain.checks import Report


class RuffJson:
    """Rows and columns count from one; file names are absolute."""

    name = "ruff_json"
    title = "ruff JSON"

    def parse(self, report: bytes, workdir: str = "") -> Report:
        """What a report says."""
        return parse_ruff(report, workdir, self.title)


PARSER = RuffJson()
