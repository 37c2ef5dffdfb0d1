"""What is recorded of an act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from mlcd_tui.domain.gates import Gate
from mlcd_tui.domain.plan import Outcome, Plan, Refusal
from mlcd_tui.domain.refs import RolloutRef


class Stage(StrEnum):
    """Where an act stands; every act has an `intended` and one of the others that points back to it."""

    INTENDED = "intended"
    DONE = "done"
    SENT = "sent"
    CONFLICT = "conflict"
    REFUSED = "refused"
    FAILED = "failed"
    NOTE = "note"
    """Written by the log itself, about the log."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One entry, before it is written. Text is kept as it came; it is made harmless when it is read."""

    at: datetime
    stage: Stage
    verb: str = ""
    ref: RolloutRef | None = None
    sentence: str = ""
    """What will happen, or what became of it."""
    reason: str = ""
    """The operator's own words."""
    user: str = ""
    """Whom the cluster knows the operator as."""
    context: str = ""
    server: str = ""
    """URL of the API server."""
    plan: Mapping[str, Any] = field(default_factory=dict)
    """`plan_facts` of what was decided on: the exact requests and the facts that were seen."""
    result: Mapping[str, Any] = field(default_factory=dict)
    """`outcome_facts` of what came of it."""
    previous: str = ""
    """Id of the entry that this one answers: the `intended` of the same act."""
    os_user: str = ""
    """Empty: the log fills in the user of this process."""
    host: str = ""
    """Empty: the log fills in this machine's name."""


def plan_facts(plan: Plan | Refusal) -> dict[str, Any]:
    """A plan as the log keeps it: complete, so that the act can be judged or repeated from the log alone."""
    if isinstance(plan, Refusal):
        return {"refusal": plan.sentence, "advice": plan.advice}
    return {
        "title": plan.title,
        "sentence": plan.sentence,
        "wayBack": plan.way_back,
        "changes": [{"label": c.label, "before": c.before, "after": c.after} for c in plan.changes],
        "requests": [
            {
                "method": "PATCH",
                "path": request.path,
                "contentType": request.content_type,
                "body": request.body,
            }
            for request in plan.requests
        ],
        "seen": dict(plan.seen),
        "warnings": list(plan.warnings),
    }


def gate_facts(gate: Gate) -> dict[str, Any]:
    """A piece of evidence as the log keeps it."""
    return {"name": gate.name, "state": gate.state.value, "reason": gate.reason, "required": gate.required}


def outcome_facts(outcome: Outcome) -> dict[str, Any]:
    """An outcome as the log keeps it."""
    return {
        "result": outcome.result.value,
        "sentence": outcome.sentence,
        "seconds": round(outcome.seconds, 3),
        "at": outcome.at.isoformat(),
    }
