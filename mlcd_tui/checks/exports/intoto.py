"""A run as an in-toto statement, unsigned: whoever takes it may sign it."""

from __future__ import annotations

import json

from mlcd_tui.checks.evidence.statement import PAYLOAD, statement
from mlcd_tui.domain.checks import CheckRun


class InToto:
    """Raises `Unreadable` for an image without a digest: a statement would speak of nothing."""

    name = "intoto"
    title = "in-toto statement"
    media_type = PAYLOAD

    def render(self, run: CheckRun) -> str:
        """The run as text."""
        return json.dumps(statement(run), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


EXPORT = InToto()
