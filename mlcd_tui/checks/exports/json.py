"""A run as the document `CheckRun` of docs/json.md."""

from __future__ import annotations

import json

from mlcd_tui.domain.check_document import run_document
from mlcd_tui.domain.checks import CheckRun


class Json:
    """All of the run, as evidence carries it."""

    name = "json"
    title = "JSON"
    media_type = "application/json"

    def render(self, run: CheckRun) -> str:
        """The run as text."""
        return json.dumps(run_document(run), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


EXPORT = Json()
