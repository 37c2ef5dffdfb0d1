"""The result that every kind of check begins with."""

from __future__ import annotations

from mlcd_tui.checks.plan_model import CheckPart
from mlcd_tui.domain.checks import CheckResult, CheckState
from mlcd_tui.domain.text import clean


def ended(part: CheckPart, state: CheckState, sentence: str) -> CheckResult:
    """What a check came to, as its part of the plan names it; what more is known of it, the kind adds."""
    return CheckResult(
        name=clean(part.name),
        kind=part.kind,
        state=state,
        sentence=clean(sentence, limit=500),
        required=part.required,
    )
